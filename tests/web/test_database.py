"""Migrations and the tables that the code declares are the same thing, on both databases."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from engine.tables import Base
from tests.web.portal import Portal
from web.database import bring_up_to_date, db


def test_the_migrations_make_exactly_the_tables_that_the_code_declares(database_url: str, tmp_path: Path) -> None:
    portal = Portal(database_url, tmp_path)
    bring_up_to_date(portal.app)
    with portal.app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
    portal.close()
