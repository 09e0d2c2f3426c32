"""Boxes: the tasks of one person, open and done, found by index and paged by key (design §5).

A box falls into shares, each of which an index finds in order, so that a page and a count cost the same however many
tasks there are: of each share only as much is read as can be shown. A count and its list come from the same shares.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from engine.assignment import Standing
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import IS_DONE, IS_OPEN, Task

BOXES = ("todo", "done")

COUNTED = 1_000
"""As far as a box is counted: whoever has more to do can do without the figure."""

Narrowing = tuple[ColumnElement[bool], ...]
"""Conditions that a part of a box is told by. Those that are always the same objects find a statement that is made."""

Names = tuple[str, ...]
"""Of parameters."""

_STATEMENTS = 100

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
    session: Session, box: str, standing: Standing, narrowings: Iterable[Narrowing], **given: Any
) -> list[int | None]:
    """The same for several parts of a box, with one statement. `given`: what the narrowings' parameters are."""
    whose = parameters(box, standing)
    found = session.execute(_counting(tuple(whose), tuple(narrowings)), {**whose, **given}).one()
    return [number if number <= COUNTED else None for number in found]


def page(session: Session, box: str, standing: Standing, *, limit: int = 20, cursor: str | None = None) -> Page:
    """One page of a box, in its order."""
    whose = parameters(box, standing)
    after, place = _after(box, cursor)
    rows = session.scalars(_paging(box, tuple(whose), after), {**whose, **place, **portion(limit + 1)}).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    moments = [last.due_at, last.created_at] if box == "todo" else [last.ended_at]
    return Page(rows[:limit], _close(moments, last.id))


def parameters(box: str, standing: Standing) -> dict[str, str]:
    """Whose tasks a person's box has, as parameters of statements, which depend on nothing but the parameters' names.

    待办: what is theirs, what nobody has in their groups, and as much of those they substitute. 已办: what they did,
    for whomever.
    """
    if box == "todo":
        return _numbered("held", standing.names) | _numbered("free", standing.groups)
    if box == "done":
        return _numbered("done", (standing.person.name, *standing.formerly))
    message = Phrase("没有名为 {box} 的任务箱。", box=box)
    remedy = Phrase("可用的有 {boxes}。", boxes="、".join(BOXES))
    raise CommandRefused("box_unknown", message, status=422, remedy=remedy)


def portion(limit: int, offset: int = 0) -> dict[str, int]:
    """Which tasks of a box in its order, as parameters of statements."""
    return {"limit": limit, "offset": offset, "reach": offset + limit}


def _number(name: str) -> BindParameter[int]:
    """A part of `portion`, written into the statement. For a limit that it does not know PostgreSQL plans anew each
    time, which takes longer than to find the tasks.
    """
    return bindparam(name, type_=Integer, literal_execute=True)


@lru_cache(maxsize=_STATEMENTS)
def tasks(box: str, whose: Names, narrowing: Narrowing = ()) -> Select[str]:
    """The ids of some tasks of a box, or of a part of it; not in order, but those that `portion` names in its order.

    As every statement here it is made once for so many names and groups: to make it takes longer than to carry it out.
    """
    columns = (Task.id, Task.due_at, Task.created_at, Task.ended_at)
    parts = [
        select(*columns).where(share, *narrowing).order_by(*order(box)).limit(_number("reach")).subquery()
        for share in _shares(whose)
    ]
    every = union_all(*(select(part) for part in parts)).subquery()
    of_every = (
        (every.c.due_at.asc().nulls_last(), every.c.created_at.asc(), every.c.id.asc())
        if box == "todo"
        else (every.c.ended_at.desc(), every.c.id.desc())
    )
    return select(every.c.id).order_by(*of_every).limit(_number("limit")).offset(_number("offset"))


@lru_cache(maxsize=_STATEMENTS)
def _paging(box: str, whose: Names, after: Narrowing) -> Select[Task]:
    found = tasks(box, whose, after).subquery()
    return select(Task).join(found, found.c.id == Task.id).order_by(*order(box))


@lru_cache(maxsize=_STATEMENTS)
def _counting(whose: Names, narrowings: tuple[Narrowing, ...]) -> Select[*tuple[int, ...]]:
    counted = []
    for narrowing in narrowings:
        parts = [
            select(literal(1)).select_from(Task).where(share, *narrowing).limit(COUNTED + 1).subquery()
            for share in _shares(whose)
        ]
        sums = [select(func.count()).select_from(part).scalar_subquery() for part in parts]
        counted.append(sum(sums[1:], start=sums[0]))
    return select(*counted)


def _numbered(share: str, names: Iterable[str]) -> dict[str, str]:
    return {f"{share}_{number}": name for number, name in enumerate(sorted(names))}


def _shares(whose: Names) -> list[ColumnElement[bool]]:
    """The shares of a box; no task is in two of them."""
    return [_SHARES[name.partition("_")[0]](bindparam(name)) for name in whose]


_SHARES: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "held": lambda name: and_(IS_OPEN, Task.assignee == name),
    "free": lambda group: and_(IS_OPEN, Task.assignee.is_(None), Task.candidate_group == group),
    "done": lambda name: and_(IS_DONE, Task.completed_by == name),
}


# What comes after a cursor's task.


def _beyond(column: Any, moment: str, then: ColumnElement[bool], *, later: bool) -> ColumnElement[bool]:
    place: Any = bindparam(moment)
    return or_(column > place if later else column < place, and_(column == place, then))


_NEXT_OF_SAME_DUE = _beyond(Task.created_at, "created", Task.id > bindparam("id"), later=True)
_AFTER_LATEST: Narrowing = (_beyond(Task.ended_at, "ended", Task.id < bindparam("id"), later=False),)
_AFTER_UNLIMITED: Narrowing = (Task.due_at.is_(None), _NEXT_OF_SAME_DUE)
_AFTER_LIMITED: Narrowing = (or_(_beyond(Task.due_at, "due", _NEXT_OF_SAME_DUE, later=True), Task.due_at.is_(None)),)


def _after(box: str, cursor: str | None) -> tuple[Narrowing, dict[str, Any]]:
    """Its condition, and the condition's parameters. After none comes everything."""
    if cursor is None:
        return (), {}
    moments, task_id = _open(cursor)
    if len(moments) != (2 if box == "todo" else 1):
        raise bad_cursor()
    if box == "done":
        return _AFTER_LATEST, {"ended": moments[0], "id": task_id}
    due, created = moments
    if due is None:
        return _AFTER_UNLIMITED, {"created": created, "id": task_id}
    return _AFTER_LIMITED, {"due": due, "created": created, "id": task_id}


def _close(moments: Sequence[datetime | None], task_id: str) -> str:
    text = json.dumps([*(moment.isoformat() if moment else None for moment in moments), task_id])
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def _open(cursor: str) -> tuple[list[datetime | None], str]:
    try:
        *moments, task_id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        return [datetime.fromisoformat(moment) if moment else None for moment in moments], str(task_id)
    except (ValueError, TypeError) as error:
        raise bad_cursor() from error


def bad_cursor() -> CommandRefused:
    """What a cursor that is none is answered with."""
    return CommandRefused("bad_cursor", "分页位置无效。", status=422, remedy="请从第一页重新查看。")
