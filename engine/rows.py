"""Writing the engine's rows: constant statements of plain tables, which SQLAlchemy compiles once.

Its unit of work takes two to three times as long for the same row, and a command is little else than rows. They are
read as objects all the same: what is written here shows on them at once, and the unit of work finds nothing to do.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.tables import Base, History, Incident, Instance, Job, Subscription, Task

_TABLES: dict[type[Base], Table] = {
    kind: Base.metadata.tables[kind.__tablename__] for kind in (History, Incident, Instance, Job, Subscription, Task)
}
_NEW = {kind: insert(table) for kind, table in _TABLES.items()}
_CHANGED = {
    kind: update(table).where(table.c.id == bindparam("row")) for kind, table in _TABLES.items() if "id" in table.c
}


def add(session: Session, kind: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, all with the same columns, in one statement."""
    if len(rows) == 1:
        session.execute(_NEW[kind], rows[0])  # a batch of one would cost PostgreSQL's driver two statements more
    elif rows:
        session.execute(_NEW[kind], rows)


def change(session: Session, row: Instance | Job | Task, **columns: Any) -> None:
    """Write some columns of a row that is held by the transaction."""
    session.execute(_CHANGED[type(row)], {"row": row.id, **columns})
    for name, value in columns.items():
        set_committed_value(row, name, value)
