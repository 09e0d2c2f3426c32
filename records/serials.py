"""Serial numbers that are counted in the caller's transaction.

One statement inserts the counter's row or counts it up, and holds that row until the transaction ends. So two
transactions never get one number, one that rolls back leaves no gap, and numbers follow the order of commits.
"""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.tables import Base


def next_serial(session: Session, counter: type[Base], key: Any) -> int:
    """The next number of a counter's row: 1, 2, …

    `counter` is a mapped class with one primary key column and a column `last`.
    """
    columns = inspect(counter).columns
    (key_column,) = inspect(counter).primary_key
    last = columns["last"]
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(counter) if on_postgresql else sqlite.insert(counter)
    statement = insert.values({key_column.name: key, "last": 1}).on_conflict_do_update(
        index_elements=[key_column], set_={"last": last + 1}
    )
    return int(session.execute(statement.returning(last)).scalar_one())
