"""Boxes: the tasks of one person, open and done, found by index and paged by key (design §5).

A count and its list come from one condition, so they agree.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from engine.assignment import Standing
from engine.errors import CommandRefused
from engine.tables import Task

BOXES = ("todo", "done")


@dataclass(frozen=True)
class Page:
    """Some rows of a list; `next` is the cursor of those after them, None at the end."""

    items: Sequence[Task]
    next: str | None


def condition(box: str, standing: Standing) -> ColumnElement[bool]:
    """Which tasks are in a person's box. 待办: what is theirs, what nobody has in their groups, and as much of those
    they substitute. 已办: what they did, for whomever."""
    if box == "todo":
        taken = Task.assignee.in_(standing.names)
        free = and_(Task.candidate_group.in_(standing.groups), Task.assignee.is_(None))
        return and_(Task.state == "open", or_(taken, free))
    if box == "done":
        return and_(Task.state == "done", Task.completed_by.in_((standing.person.name, *sorted(standing.formerly))))
    remedy = f"可用的有 {'、'.join(BOXES)}。"
    raise CommandRefused("box_unknown", f"没有名为 {box} 的任务箱。", status=422, remedy=remedy)


def count(session: Session, box: str, standing: Standing) -> int:
    """How many tasks are in a box."""
    return session.scalar(select(func.count()).select_from(Task).where(condition(box, standing))) or 0


def page(session: Session, box: str, standing: Standing, *, limit: int = 20, cursor: str | None = None) -> Page:
    """One page of a box: 待办 the longest waiting first, 已办 the latest first."""
    at = Task.created_at if box == "todo" else Task.ended_at
    query: Select[Task] = select(Task).where(condition(box, standing))
    query = query.order_by(at, Task.id) if box == "todo" else query.order_by(at.desc(), Task.id.desc())
    if cursor is not None:
        moment, task_id = _open(cursor)
        after = or_(at > moment, and_(at == moment, Task.id > task_id))
        before = or_(at < moment, and_(at == moment, Task.id < task_id))
        query = query.where(after if box == "todo" else before)
    found = list(session.scalars(query.limit(limit + 1)))
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    stands_at = last.created_at if box == "todo" else last.ended_at
    return Page(found[:limit], _close(stands_at, last.id))


def _close(moment: datetime | None, task_id: str) -> str:
    text = json.dumps([moment.isoformat() if moment else None, task_id])
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def _open(cursor: str) -> tuple[datetime, str]:
    try:
        parts: list[Any] = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        return datetime.fromisoformat(parts[0]), str(parts[1])
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise CommandRefused("bad_cursor", "分页位置无效。", status=422, remedy="请从第一页重新查看。") from error
