"""Alembic's environment: the tables of engine and records, on the database of the current Flask application."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import TypeDecorator

import records.models  # noqa: F401 - registers the records' tables on the base
from engine.tables import Base


def plain_type(kind: str, item: Any, autogenerating: Any) -> str | Literal[False]:
    """Our own column types as what they are in the database: a migration must run long after the code has changed."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run() -> None:
    """Migrate on one connection, in one transaction."""
    database = current_app.extensions["migrate"].db.engine
    with database.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=plain_type,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
