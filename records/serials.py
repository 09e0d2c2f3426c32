"""Serial numbers that are counted in the caller's transaction.

One statement inserts the counter's row or counts it up, and holds that row until the transaction ends. So two
transactions never get one number, one that rolls back leaves no gap, and numbers follow the order of commits.
"""

from typing import Any

from sqlalchemy import ColumnElement, case, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.tables import Base


def next_serial(session: Session, counter: type[Base], key: Any) -> int:
    """The next number of a counter's row: 1, 2, …

    `counter` is a mapped class with one primary key column and a column `last`.
    """
    last = inspect(counter).columns["last"]
    return _count(session, counter, key, first=1, then=last + 1)


def go_on_after(session: Session, counter: type[Base], key: Any, number: int) -> int:
    """Let a counter's next number be greater than `number`, which somebody else gave out. The last one given out."""
    last = inspect(counter).columns["last"]
    return _count(session, counter, key, first=number, then=case((last < number, number), else_=last))


def _count(session: Session, counter: type[Base], key: Any, *, first: int, then: ColumnElement[int]) -> int:
    """Insert a counter's row, or change it where there is one; what it says then."""
    (key_column,) = inspect(counter).primary_key
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(counter) if on_postgresql else sqlite.insert(counter)
    statement = insert.values({key_column.name: key, "last": first}).on_conflict_do_update(
        index_elements=[key_column], set_={"last": then}
    )
    return int(session.execute(statement.returning(inspect(counter).columns["last"])).scalar_one())
