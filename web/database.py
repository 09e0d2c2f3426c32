"""Flask-SQLAlchemy on the one declarative base, and Alembic's migrations."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate, upgrade
from flask_sqlalchemy import SQLAlchemy

import records.models
from engine.tables import Base
from engine.transactions import prepare

MIGRATIONS = Path(__file__).parent / "migrations"

db = SQLAlchemy(model_class=Base)
migrate = Migrate(directory=str(MIGRATIONS), render_as_batch=True)


def open_database(app: Flask, url: str) -> None:
    """Connect an application to its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    # What a statement was to store may be somebody's name: it has no place in an error's text.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True}
    db.init_app(app)
    migrate.init_app(app, db)
    with app.app_context():
        prepare(db.engine)


def close_database(app: Flask) -> None:
    """Let go of every connection that nobody uses."""
    with app.app_context():
        db.engine.dispose()


def bring_up_to_date(app: Flask) -> None:
    """Make or migrate the tables, to the newest version."""
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))


def is_up_to_date(app: Flask) -> bool:
    """Whether the tables are those of this version."""
    with app.app_context(), db.engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        newest = ScriptDirectory.from_config(config).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == newest


__all__ = ["bring_up_to_date", "close_database", "db", "is_up_to_date", "migrate", "open_database", "records"]
