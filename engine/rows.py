"""The rows that a command writes, held back until all are known and then sent together.

On PostgreSQL they are one statement: the new rows of a table are one JSON value, and so is what changes of a row. What
a statement costs there is mostly its way there and back. SQLite has neither that way nor such a statement: it gets one
for each table. Both are written past SQLAlchemy's unit of work, which takes three times as long for the same row.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Table, bindparam, delete, insert, update
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from engine.tables import Base, History, Incident, Instance, Job, Subscription, Task

Columns = dict[str, Any]
Kept = Instance | Task
Shown = TypeVar("Shown", Instance, Task)
Awaited = type[Job] | type[Subscription]
"""What tokens wait for."""

_TABLES: dict[type[Base], Table] = {
    kind: Base.metadata.tables[kind.__tablename__] for kind in (Instance, Task, Job, Subscription, Incident, History)
}
_NEW = {kind: insert(table) for kind, table in _TABLES.items()}
_CHANGED = {kind: update(_TABLES[kind]).where(_TABLES[kind].c.id == bindparam("row")) for kind in (Instance, Task)}


class Rows:
    """What one command writes of its cases."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._new: dict[type[Base], list[Columns]] = {}
        self._changed: dict[Kept, Columns] = {}
        self._gone: list[tuple[Awaited, str, list[int]]] = []

    def add(self, kind: type[Base], rows: Iterable[Columns]) -> None:
        """Rows to be written, those of a kind all with the same columns."""
        self._new.setdefault(kind, []).extend(rows)

    def add_case(self, **columns: Any) -> Instance:
        """A case to be written, as an object of the session."""
        self.add(Instance, [columns])
        return self.shown(Instance, columns)

    def shown(self, kind: type[Shown], columns: Columns) -> Shown:
        """A row that is written here as an object of the session, which need not read what it was not given."""
        row = kind(**{column.key: None for column in _TABLES[kind].columns} | columns)
        make_transient_to_detached(row)
        self._session.add(row)
        return row

    def change(self, row: Kept, **columns: Any) -> None:
        """Columns to be written of a row that the transaction holds. They show on it at once."""
        held_back = next((new for new in self._new.get(type(row), ()) if new["id"] == row.id), None)
        if held_back is None:
            held_back = self._changed.setdefault(row, {})
        held_back.update(columns)
        for name, value in columns.items():
            set_committed_value(row, name, value)

    def remove(self, kind: Awaited, instance_id: str, tokens: Iterable[int]) -> None:
        """Rows to be deleted, which some tokens of a case no longer wait for."""
        self._gone.append((kind, instance_id, sorted(tokens)))

    def send_case(self) -> None:
        """Write a case that is new, so that what a service writes can refer to it; the rest may wait."""
        if Instance in self._new:
            self.send()

    def send(self) -> None:
        """Write what was held back."""
        new = {kind: rows for kind in _TABLES if (rows := self._new.get(kind))}
        changed, gone = self._changed, self._gone
        self._new, self._changed, self._gone = {}, {}, []
        if not new and not changed and not gone:
            return
        connection = self._session.connection()
        if connection.dialect.name == "postgresql":
            parts = [_Part("delete", kind) for kind, _, _ in gone]
            parts += [_Part("insert", kind, tuple(rows[0])) for kind, rows in new.items()]
            parts += [_Part("update", type(row), tuple(columns)) for row, columns in changed.items()]
            given: list[Any] = [value for _, instance_id, tokens in gone for value in (instance_id, tokens)]
            documents = [_as_json(rows) for rows in new.values()]
            given += documents
            for row, columns in changed.items():
                documents.append(_as_json(columns))
                given += [documents[-1], row.id]
            if not any(NUL in document for document in documents):
                connection.exec_driver_sql(_together(tuple(parts)), tuple(given))
                return
        for awaited, instance_id, tokens in gone:
            table = _TABLES[awaited]
            connection.execute(delete(table).where(table.c.instance_id == instance_id, table.c.token.in_(tokens)))
        for kind, rows in new.items():
            connection.execute(_NEW[kind], rows)
        for row, columns in changed.items():
            connection.execute(_CHANGED[type(row)], {"row": row.id, **columns})


NUL = r"\u0000"
"""What PostgreSQL stores as JSON, but does not read in it."""


class _Part(NamedTuple):
    """What the text of a part of a statement depends on."""

    verb: str
    kind: type[Base]
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        table, columns = self.kind.__tablename__, ", ".join(self.columns)
        if self.verb == "delete":
            return f"DELETE FROM {table} WHERE instance_id = %s AND token = ANY(%s)"  # noqa: S608  # our own names
        if self.verb == "insert":
            rows = f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"  # noqa: S608  # our own names
            return f"INSERT INTO {table} ({columns}) {rows}"
        changes = ", ".join(f"{column} = new.{column}" for column in self.columns)
        changed = f"{changes} FROM json_populate_record(NULL::{table}, %s) new"
        return f"UPDATE {table} SET {changed} WHERE {table}.id = %s"  # noqa: S608  # our own names


@lru_cache(maxsize=1000)
def _together(parts: tuple[_Part, ...]) -> str:
    *others, last = map(str, parts)
    if not others:
        return last
    return f"WITH {', '.join(f'part{number} AS ({part})' for number, part in enumerate(others))} {last}"


def _as_text(value: datetime | bytes) -> str:
    return value.isoformat() if isinstance(value, datetime) else rf"\x{value.hex()}"


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_as_text).encode
