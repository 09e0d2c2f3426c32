"""What somebody who may alter tables can do to the record, for tests that must find it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, column, delete, insert, select, table, text
from sqlalchemy.orm import Session

from engine import anchors
from engine.audit import Fault, verification
from engine.tables import Base
from engine.testing import Case, ProcessTest
from tests.engine.models import one, start, user

DIAGRAM = one(start(), user("a"), user("b"), user("c"), "start > a > b > c")

# Without SQLAlchemy's types, so that anything can be written into a row, and a row saved as it is.
LINES, CASES, TASKS, ANCHORS, HEADS = WATCHED = [
    table(name, *map(column, Base.metadata.tables[name].c.keys()))
    for name in ("engine_history", "engine_instance", "engine_task", "engine_anchor", "engine_anchored_head")
]

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def begin(t: ProcessTest) -> tuple[Case, Case]:
    """Two cases that have come some way, and two anchors: every line written so far stands under one."""
    first = t.start("p", data={"amount": 1})
    t.complete("a", data={"amount": 2, "note": "甲"}, case=first, actor="zhang")
    anchor(t)
    second = t.start("p")
    t.complete("b", data={"note": "乙"}, case=first, actor="li", opinion="同意")
    anchor(t)
    return first, second


def anchor(t: ProcessTest) -> bytes:
    with t.engine.command(t.session) as command:
        return anchors.anchor(command.session, command.now).hash


def faults(t: ProcessTest, case: Case | None = None) -> list[Fault]:
    with verification(database(t)) as look:
        return list(look.everything() if case is None else look.case(case.id))


def database(t: ProcessTest) -> Engine:
    bind = t.session.get_bind()
    assert isinstance(bind, Engine)
    return bind


@contextmanager
def behind_its_back(t: ProcessTest) -> Iterator[Session]:
    """A transaction that no trigger hinders."""
    with t.engine.command(t.session) as command:
        session = command.session
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            for name in session.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).all():
                session.execute(text(f"DROP TRIGGER {name}"))
        yield session


def saved(session: Session) -> Rows:
    """Every row that these tests meddle with."""
    return {kind.name: [dict(row) for row in session.execute(select(kind)).mappings()] for kind in WATCHED}


def put_back(session: Session, rows: Rows) -> None:
    """What `saved` found, and nothing else."""
    for kind in WATCHED:
        session.execute(delete(kind))
        if rows[kind.name]:
            session.execute(insert(kind), rows[kind.name])


def at_line(case: Case, seq: int) -> Any:
    return (LINES.c.instance_id == case.id) & (LINES.c.seq == seq)
