"""Boxes: the tasks of one person, open and done, found by index and paged by key (design §5).

A box falls into shares, each of which an index finds in order, so that a page and a count cost the same however many
tasks there are: of each share only as much is read as can be shown. A count and its list come from the same shares.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from engine.assignment import Standing
from engine.errors import CommandRefused
from engine.tables import IS_DONE, IS_OPEN, Task

BOXES = ("todo", "done")

COUNTED = 1_000
"""As far as a box is counted: whoever has more to do can do without the figure."""

_ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    # What is due first, and of that what came first; what has no limit comes last.
    "todo": (Task.due_at.asc().nulls_last(), Task.created_at.asc(), Task.id.asc()),
    "done": (Task.ended_at.desc(), Task.id.desc()),
}


@dataclass(frozen=True)
class Page:
    """Some rows of a list; `next` is the cursor of those after them, None at the end."""

    items: Sequence[Task]
    next: str | None


def open_tasks(session: Session, instance_id: str) -> list[Task]:
    """A case's open tasks, in the order in which they came to be."""
    # What an earlier statement changed of a task is not on it yet where the session has it already.
    of_case = select(Task).where(Task.instance_id == instance_id, Task.state == "open")
    return list(session.scalars(of_case.order_by(Task.token).execution_options(populate_existing=True)))


def order(box: str) -> tuple[ColumnElement[Any], ...]:
    """待办: the most urgent first. 已办: the latest first."""
    return _ORDERS[box]


def count(session: Session, box: str, standing: Standing) -> int | None:
    """How many tasks are in a box; None where there are more than `COUNTED`."""
    return counts(session, box, standing, [()])[0]


def counts(
    session: Session, box: str, standing: Standing, narrowings: Sequence[Sequence[ColumnElement[bool]]]
) -> list[int | None]:
    """The same for several parts of a box, each told by conditions on its tasks, with one statement."""
    counted = []
    for narrowing in narrowings:
        parts = [
            select(literal(1)).select_from(Task).where(share, *narrowing).limit(COUNTED + 1).subquery()
            for share in _shares(box, standing)
        ]
        sums = [select(func.count()).select_from(part).scalar_subquery() for part in parts]
        counted.append(sum(sums[1:], start=sums[0]))
    found = session.execute(select(*counted)).one()
    return [number if number <= COUNTED else None for number in found]


def tasks(box: str, standing: Standing, *narrowing: ColumnElement[bool], limit: int, offset: int = 0) -> Select[str]:
    """The ids of some tasks of a box, or of a part of it told by conditions on its tasks; not in order, but those that
    `limit` and `offset` name in its order."""
    columns = (Task.id, Task.due_at, Task.created_at, Task.ended_at)
    parts = [
        select(*columns).where(share, *narrowing).order_by(*order(box)).limit(offset + limit).subquery()
        for share in _shares(box, standing)
    ]
    every = union_all(*(select(part) for part in parts)).subquery()
    of_every = (
        (every.c.due_at.asc().nulls_last(), every.c.created_at.asc(), every.c.id.asc())
        if box == "todo"
        else (every.c.ended_at.desc(), every.c.id.desc())
    )
    return select(every.c.id).order_by(*of_every).limit(limit).offset(offset)


def page(session: Session, box: str, standing: Standing, *, limit: int = 20, cursor: str | None = None) -> Page:
    """One page of a box, in its order."""
    after = () if cursor is None else (_after(box, cursor),)
    found = tasks(box, standing, *after, limit=limit + 1).subquery()
    query = select(Task).join(found, found.c.id == Task.id).order_by(*order(box))
    rows = list(session.scalars(query))
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    place = [last.due_at, last.created_at] if box == "todo" else [last.ended_at]
    return Page(rows[:limit], _close(place, last.id))


def _shares(box: str, standing: Standing) -> list[ColumnElement[bool]]:
    """The shares of a person's box; no task is in two of them.

    待办: what is theirs, what nobody has in their groups, and as much of those they substitute. 已办: what they did,
    for whomever.
    """
    if box == "todo":
        held = [and_(IS_OPEN, Task.assignee == name) for name in sorted(standing.names)]
        free = [
            and_(IS_OPEN, Task.assignee.is_(None), Task.candidate_group == group) for group in sorted(standing.groups)
        ]
        return held + free
    if box == "done":
        names = (standing.person.name, *sorted(standing.formerly))
        return [and_(IS_DONE, Task.completed_by == name) for name in names]
    remedy = f"可用的有 {'、'.join(BOXES)}。"
    raise CommandRefused("box_unknown", f"没有名为 {box} 的任务箱。", status=422, remedy=remedy)


def _after(box: str, cursor: str) -> ColumnElement[bool]:
    """What comes after a cursor's task."""
    moments, task_id = _open(cursor)
    if len(moments) != (2 if box == "todo" else 1):
        raise _bad_cursor()
    if box == "done":
        return _beyond(Task.ended_at, moments[0], Task.id < task_id, later=False)
    due, created = moments
    next_of_same_due = _beyond(Task.created_at, created, Task.id > task_id, later=True)
    if due is None:
        return and_(Task.due_at.is_(None), next_of_same_due)
    return or_(Task.due_at > due, and_(Task.due_at == due, next_of_same_due), Task.due_at.is_(None))


def _beyond(column: Any, moment: Any, then: ColumnElement[bool], *, later: bool) -> ColumnElement[bool]:
    return or_(column > moment if later else column < moment, and_(column == moment, then))


def _close(moments: Sequence[datetime | None], task_id: str) -> str:
    text = json.dumps([*(moment.isoformat() if moment else None for moment in moments), task_id])
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def _open(cursor: str) -> tuple[list[datetime | None], str]:
    try:
        *moments, task_id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        return [datetime.fromisoformat(moment) if moment else None for moment in moments], str(task_id)
    except (ValueError, TypeError) as error:
        raise _bad_cursor() from error


def _bad_cursor() -> CommandRefused:
    return CommandRefused("bad_cursor", "分页位置无效。", status=422, remedy="请从第一页重新查看。")
