"""Alembic's environment: the tables of engine and records, on the database of the current Flask application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection, TypeDecorator

import records.models  # noqa: F401 - registers the records' tables on the base
from engine.tables import Base
from engine.transactions import WRITING


def plain_type(kind: str, item: Any, autogenerating: Any) -> str | Literal[False]:
    """Our own column types as what they are in the database: a migration must run long after the code has changed."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


@contextmanager
def _tables_can_be_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by making it anew and dropping the old one, which foreign keys would take for deletions.

    They are off meanwhile, which only works outside a transaction, and what they demand is checked before the commit.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def _require_whole(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        missing = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if missing:
            raise RuntimeError(f"the migration would leave rows that refer to nothing: {missing[:5]}")
    connection.commit()


def run() -> None:
    """Migrate on one connection, in one transaction."""
    database = current_app.extensions["migrate"].db.engine
    with database.connect().execution_options(**WRITING[database.dialect.name]) as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=plain_type,
        )
        with _tables_can_be_made_anew(connection), context.begin_transaction():
            context.run_migrations()
            _require_whole(connection)


run()
