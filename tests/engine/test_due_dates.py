"""When a task is to be done by: the diagram says, and the task's row follows the variables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.tables import Task
from engine.testing import ProcessTest
from tests.engine.models import Node, both, each, end, one, properties, script, start, sub, user

FRIDAY, MONDAY = datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 3, 9, 16, tzinfo=UTC)


def due(expression: str) -> Node:
    return properties(dueDate=expression)


def dates(t: ProcessTest) -> dict[str, datetime | None]:
    """The due dates of the open tasks."""
    query = Task.__table__.select().where(Task.state == "open")
    return t.read(lambda session: {row.element_id: row.due_at for row in session.execute(query)})


@pytest.mark.parametrize("value", [FRIDAY, None])
def test_a_task_is_due_when_its_diagram_says(value: datetime | None) -> None:
    with ProcessTest([one(start(), user("a", due("deadline")), user("b"), end(), "start > a > b > end")]) as t:
        t.start("p", {"deadline": value})
        assert dates(t) == {"a": value}
        t.complete("a")
        assert dates(t) == {"b": None}


def test_a_due_date_follows_its_variables_also_after_a_restart_and_also_into_nothing() -> None:
    model = one(
        start(),
        both("f"),
        user("a", due("deadline.at")),
        user("move"),
        script("s", "deadline = {'at': later}"),
        user("stop"),
        script("n", "deadline = {'at': None}"),
        end(),
        "start > f > a > end",
        "f > move > s > stop > n",
    )
    with ProcessTest([model]) as t:
        t.start("p", {"deadline": {"at": FRIDAY}})
        t.restart()
        t.complete("move", {"later": MONDAY})
        assert dates(t)["a"] == MONDAY
        t.restart()
        t.complete("stop")
        assert dates(t) == {"a": None}
        t.complete("a")
        assert dates(t) == {}


def test_each_instance_has_a_due_date_of_its_own() -> None:
    model = one(start(), sub("s", user("a", due("item"), each("items", "item")), "a"), "start > s")
    with ProcessTest([model]) as t:
        t.start("p", {"items": [FRIDAY, MONDAY]})
        query = Task.__table__.select().where(Task.state == "open")
        found = t.read(lambda session: sorted(row.due_at for row in session.execute(query)))
        assert found == [FRIDAY, MONDAY]


@pytest.mark.parametrize("wrong", ["2026-03-06", 3])
def test_what_is_no_moment_is_an_incident_that_a_correction_mends(wrong: Any) -> None:
    with ProcessTest([one(start(), user("a", due("deadline")), "start > a")]) as t:
        case = t.start("p", {"deadline": wrong})
        assert "办理期限应是一个时刻" in case.incidents[0].message
        t.retry(case, data={"deadline": FRIDAY})
        assert (case.incidents, dates(t)) == ([], {"a": FRIDAY})


def test_a_migration_brings_a_due_date_along() -> None:
    plain = one(start(), user("a"), end(), "start > a > end")
    dated = one(start(), user("a", due("deadline")), end(), "start > a > end")
    with ProcessTest([plain]) as t:
        case = t.start("p", {"deadline": FRIDAY})
        t.deploy([dated])
        t.migrate(case, version=2)
        assert dates(t) == {"a": FRIDAY}
        t.complete("a")
        assert case.status == "completed"
