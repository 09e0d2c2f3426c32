"""Whether the record of every case is whole: its lines are numbered without a gap, up to what the case has written."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.tables import History, Instance


@dataclass(frozen=True)
class Gap:
    """A case whose record is not whole: `written` lines were written, `found` are there."""

    instance_id: str
    written: int
    found: int


def verify(session: Session) -> Iterator[Gap]:
    """The cases that lack lines. Numbers begin with 1, so a whole record has as many lines as its last number."""
    kept = (
        select(History.instance_id, func.count().label("found"), func.max(History.seq).label("last"))
        .group_by(History.instance_id)
        .subquery()
    )
    rows = select(Instance.id, Instance.history_length, kept.c.found, kept.c.last).outerjoin(
        kept, kept.c.instance_id == Instance.id
    )
    for instance_id, written, found, last in session.execute(rows.execution_options(yield_per=500)):
        if (found or 0) != written or (last or 0) != written:
            yield Gap(instance_id, written, found or 0)
