"""The one place that commits.

A transaction of ours begins by letting go of whatever its session had read, so that nothing stale is written back, and
on SQLite by taking the write lock at once: a command never fails half way because another one came first.

Outside of one PostgreSQL is only read, statement by statement, which is what READ COMMITTED shows anyway: a transaction
that only read would end with a ROLLBACK, at which psycopg forgets the statements that it has prepared.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

_AFTER = "jigai_after_commit"
WRITING: dict[str, dict[str, Any]] = {"sqlite": {"writes": True}, "postgresql": {"isolation_level": "READ COMMITTED"}}
"""How a connection is told, by its dialect, that it is going to write in a transaction."""


def prepare(database: Engine) -> Engine:
    """Set up a database engine: reading without transactions, and on SQLite, where each statement needs one, WAL,
    foreign keys, and transactions that begin when we say so."""
    if database.dialect.name != "sqlite":
        database.update_execution_options(isolation_level="AUTOCOMMIT")
        return database

    @event.listens_for(database, "connect")
    def on_connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(database, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return database


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """Everything inside happens, or nothing of it; what `after_commit` was given runs once it has happened."""
    session.rollback()
    session.info[_AFTER] = []
    session.connection(execution_options=WRITING[session.get_bind().dialect.name])
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    for action in session.info.pop(_AFTER, ()):
        action()


def read_as_of_now(session: Session) -> None:
    """Let a session read as of this moment, however long that takes, and rows in portions, until it lets go of them;
    what it had read before is let go of at once."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` when the transaction around has committed, and never if it does not."""
    session.info[_AFTER].append(action)
