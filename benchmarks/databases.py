"""The databases that are measured: SQLite files and a PostgreSQL server of this run's own, as durable as they come."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import Engine, create_engine

from benchmarks.report import POSTGRESQL, SQLITE
from engine.transactions import prepare
from tests.servers import PostgreSQLDatabases, RunFolder, SQLiteDatabases

# The tests' server forgets its work when the power goes; what is measured must not.
DURABLE = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")


@dataclass(frozen=True)
class Database:
    """One kind of database. `new_url` makes an empty one, which is dropped at the end of the run."""

    name: str
    new_url: Callable[[], str]

    def open(self) -> Engine:
        """A fresh one, set up as the product sets it up."""
        return prepare(create_engine(self.new_url()))


@contextmanager
def databases() -> Iterator[list[Database]]:
    """SQLite and PostgreSQL, in the order of the table's columns."""
    folder = RunFolder.make()
    try:
        with ExitStack() as stack:
            sqlite = stack.enter_context(SQLiteDatabases(folder).for_one_test())
            postgresql = stack.enter_context(PostgreSQLDatabases(folder).for_one_test())
            _make_durable(folder.postgresql().get_uri())
            yield [Database(SQLITE, sqlite), Database(POSTGRESQL, postgresql)]
    finally:
        folder.remove()


def _make_durable(server: str) -> None:
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        for setting in DURABLE:
            connection.execute(f"ALTER SYSTEM SET {setting} = on")
        connection.execute("SELECT pg_reload_conf()")
