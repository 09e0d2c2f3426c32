"""A value that rests on something outside is replaced wherever a case has it, and what follows it follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from engine.clock import MovableClock
from engine.tables import History, Instance, Job, Task
from engine.testing import Case, ProcessTest
from tests.engine.models import boundary, call, diagram, process, properties, start, task, timer, user

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
INNER = process(
    "q",
    user("work", properties(dueDate="deadline.over_at")),
    boundary("late", "work", timer(date="deadline.over_at"), interrupting=False),
    task("told"),
    "late > told",
)
OUTER = process("p", start(), call("c", "q"), task("after"), "start > c > after")


def limit(day: int) -> dict[str, Any]:
    return {"over_at": MONDAY + timedelta(days=day)}


def moments(t: ProcessTest, case: Case) -> set[datetime | None]:
    """Of the case's timers, and until when its task is to be done."""
    timers = select(Job.due_at).where(Job.instance_id == case.id)
    tasks = select(Task.due_at).where(Task.instance_id == case.id)
    return t.read(lambda session: {*session.scalars(timers), *session.scalars(tasks)})


def revise(t: ProcessTest, case: Case, old: dict[str, Any], new: dict[str, Any]) -> int:
    with t.engine.command(t.session, actor="admin") as command:
        return command.revise(case.id, old, new, "日历调整")


def lines(t: ProcessTest, case: Case) -> list[History]:
    query = select(History).where(History.instance_id == case.id, History.action == "revised")
    return t.read(lambda session: list(session.scalars(query)))


def test_the_value_changes_in_the_case_and_in_what_it_called_and_what_follows_it_moves(database_url: str) -> None:
    with ProcessTest([diagram(OUTER, INNER)], database_url=database_url, clock=MovableClock(MONDAY)) as t:
        case = t.start("p", {"deadline": limit(3), "other": limit(5)})
        assert moments(t, case) == {MONDAY + timedelta(days=3)}
        assert revise(t, case, limit(3), limit(4)) == 2
        assert moments(t, case) == {MONDAY + timedelta(days=4)}
        assert (case.data["deadline"], case.data["other"]) == (limit(4), limit(5))
        [line] = lines(t, case)
        assert (line.actor, line.details["reason"] if line.details else None) == ("admin", "日历调整")
        t.advance(days=4)
        assert [found.action for found in lines(t, case)] == ["revised"]
        assert "told" in t.read(
            lambda session: [
                found.element_id for found in session.scalars(select(History).where(History.instance_id == case.id))
            ]
        )


def test_a_case_without_the_value_is_left_as_it_is() -> None:
    with ProcessTest([diagram(OUTER, INNER)], clock=MovableClock(MONDAY)) as t:
        case = t.start("p", {"deadline": limit(3)})
        before = t.read(lambda session: session.get_one(Instance, case.id).revision)
        assert revise(t, case, limit(9), limit(4)) == 0
        assert t.read(lambda session: session.get_one(Instance, case.id).revision) == before
        assert lines(t, case) == []


def test_a_suspended_case_is_revised_and_stays_suspended() -> None:
    with ProcessTest([diagram(OUTER, INNER)], clock=MovableClock(MONDAY)) as t:
        case = t.start("p", {"deadline": limit(3)})
        with t.engine.command(t.session, actor="admin") as command:
            command.suspend(case.id)
        assert revise(t, case, limit(3), limit(4)) == 2
        assert t.read(lambda session: session.get_one(Instance, case.id).suspended)
        assert moments(t, case) == {MONDAY + timedelta(days=4)}
