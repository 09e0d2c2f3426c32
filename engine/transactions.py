"""The one place that commits.

A transaction of ours begins by letting go of whatever its session had read, so that nothing stale is written back, and
on SQLite by taking the write lock at once: a command never fails half way because another one came first.

Transactions begin when we say so, and as we say: the drivers are left to run statement by statement, and what to begin
with is an option of the connection. Outside of one PostgreSQL is only read, which is what READ COMMITTED shows anyway:
a transaction that only read would end with a ROLLBACK, at which psycopg forgets the statements that it has prepared.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

_AFTER = "jigai_after_commit"
_BEGIN = "jigai_begin"
_READING = {"sqlite": "BEGIN", "postgresql": ""}

Begin = Mapping[str, Mapping[str, str]]
"""By dialect: the options of a connection that is to begin a transaction so."""

WRITING: Begin = {"sqlite": {_BEGIN: "BEGIN IMMEDIATE"}, "postgresql": {_BEGIN: "BEGIN"}}
AS_OF_NOW: Begin = {"sqlite": {}, "postgresql": {_BEGIN: "BEGIN ISOLATION LEVEL REPEATABLE READ"}}
"""Reading everything as of one moment, as SQLite does anyway."""
PIECEMEAL: Begin = {"sqlite": {_BEGIN: ""}, "postgresql": {}}
"""Each statement by itself, so that nothing is held for as long as somebody else's work may take."""


def prepare(database: Engine) -> Engine:
    """Set up a database engine: transactions as above, and on SQLite WAL and foreign keys."""
    dialect = database.dialect.name

    @event.listens_for(database, "connect")
    def on_connect(connection: Any, record: Any) -> None:
        if dialect != "sqlite":
            connection.autocommit = True
            return
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(database, "begin")
    def on_begin(connection: Connection) -> None:
        if begin := connection.get_execution_options().get(_BEGIN, _READING[dialect]):
            # Through SQLAlchemy, though that costs a tenth of a millisecond: it mends the pool where a server was lost.
            connection.exec_driver_sql(begin)

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
    session.connection(execution_options=AS_OF_NOW[session.get_bind().dialect.name])


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` when the transaction around has committed, and never if it does not."""
    session.info[_AFTER].append(action)
