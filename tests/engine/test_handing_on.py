"""Tasks that pass from one person to another: transferred, done by a substitute, handed over when somebody leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from engine import history, inbox, verbs
from engine.errors import CommandRefused
from engine.tables import Instance, Task
from engine.testing import Case, ProcessTest
from tests.engine.models import Node, one, start, user, xor
from tests.engine.staff import Staff
from tests.engine.tampering import faults


def lanes(**elements: str) -> Node:
    return Node(
        "laneSet",
        {"id": "l"},
        [
            Node("lane", {"id": role, "name": role}, [Node("flowNodeRef", {}, [element])])
            for role, element in elements.items()
        ],
    )


AGAIN = one(
    lanes(handler="a", reviewer="b"),
    start(),
    xor("in"),
    user("a"),
    user("b"),
    xor("out"),
    "start > in > a > b > out",
    "out > in if again",
    "out > end else",
    Node("endEvent", {"id": "end"}),
)
"""A handler's step and a reviewer's, who may send it back."""


@pytest.fixture
def staff() -> Staff:
    people = {"zhang": {"handler"}, "li": {"handler"}, "wang": {"reviewer"}, "zhao": {"reviewer"}, "qian": set()}
    return Staff(people)


@pytest.fixture
def t(staff: Staff) -> Iterator[ProcessTest]:
    with ProcessTest([AGAIN], policy=staff) as test:
        yield test


@pytest.fixture
def on_each(database_url: str, staff: Staff) -> Iterator[ProcessTest]:
    """The same on SQLite and on PostgreSQL."""
    with ProcessTest([AGAIN], database_url=database_url, policy=staff) as test:
        yield test


def task_of(t: ProcessTest, case: Case) -> Task:
    waiting = select(Task).where(Task.instance_id == case.id, Task.state == "open")
    return t.read(lambda session: session.scalars(waiting).one())


def act(t: ProcessTest, actor: str, verb: str, case: Case, *arguments: str) -> None:
    """Use a verb on a case's open task."""
    task_id = task_of(t, case).id
    with t.engine.command(t.session, actor=actor) as command:
        getattr(command, verb)(task_id, *arguments)


def hand_over(t: ProcessTest, *arguments: str) -> int:
    with t.engine.command(t.session, actor="admin") as command:
        return len(command.hand_over(*arguments))


def last_line(t: ProcessTest, case: Case) -> history.HistoryLine:
    return t.read(lambda session: history.lines(t.engine, session, session.get_one(Instance, case.id)))[-1]


def todo(t: ProcessTest, name: str) -> list[str]:
    """The elements of the tasks in somebody's 待办."""

    def look(session: Any) -> list[str]:
        standing = t.engine.policy.standing_of(session, name, t.clock.now())
        page = inbox.page(session, "todo", standing)
        assert inbox.count(session, "todo", standing) == len(page.items)
        return [task.element_id for task in page.items]

    return t.read(look)


def may(t: ProcessTest, name: str, case: Case) -> list[str]:
    task = task_of(t, case)
    standing = t.engine.policy.standing_of(t.session, name, t.clock.now())
    return verbs.allowed(task, t.session.get_one(Instance, task.instance_id), standing)


# 转办


def test_a_task_is_handed_to_a_colleague_who_sees_from_whom_and_why(on_each: ProcessTest) -> None:
    t = on_each
    case = t.start("p")
    act(t, "zhang", "claim", case)
    act(t, "zhang", "transfer", case, "li", "出差三天")
    handed = task_of(t, case)
    assert (handed.assignee, handed.handed_by, handed.handed_reason) == ("li", "zhang", "出差三天")
    line = last_line(t, case)
    assert (line.action, line.actor) == ("transferred", "zhang")
    assert (line.data, line.before) == ({"assignee": "li", "reason": "出差三天"}, {"assignee": "zhang"})
    assert (todo(t, "li"), todo(t, "zhang")) == (["a"], [])
    act(t, "li", "release", case)
    assert task_of(t, case).handed_by is None
    assert faults(t) == []


def test_whoever_may_do_an_unclaimed_task_may_hand_it_on_at_once(t: ProcessTest) -> None:
    case = t.start("p")
    assert "transfer" in may(t, "zhang", case)
    act(t, "zhang", "transfer", case, "li")
    assert may(t, "zhang", case) == []
    assert may(t, "li", case) == ["complete", "release", "transfer"]


@pytest.mark.parametrize(
    ("actor", "receiver", "code"),
    [
        ("zhang", "zhang", "receiver_has_it"),
        ("zhang", "wang", "receiver_unfit"),
        ("zhang", "nobody", "receiver_unfit"),
        ("li", "zhang", "task_taken"),
        ("wang", "li", "task_forbidden"),
    ],
)
def test_a_task_goes_only_from_who_has_it_to_a_colleague_of_its_group(
    t: ProcessTest, actor: str, receiver: str, code: str
) -> None:
    case = t.start("p")
    act(t, "zhang", "claim", case)
    with pytest.raises(CommandRefused) as refused:
        act(t, actor, "transfer", case, receiver)
    assert refused.value.code == code
    assert task_of(t, case).assignee == "zhang"


# 代理


def test_a_substitute_does_what_the_principal_could_and_the_record_names_both(t: ProcessTest, staff: Staff) -> None:
    staff.principals["wang"] = ["zhang"]
    case = t.start("p")
    assert todo(t, "wang") == ["a"]
    act(t, "wang", "claim", case)
    assert (task_of(t, case).assignee, todo(t, "wang")) == ("zhang", ["a"])
    act(t, "wang", "complete", case)
    line = last_line(t, case)
    assert (line.action, line.actor, line.on_behalf_of) == ("completed", "wang", "zhang")
    [done] = t.read(lambda session: session.scalars(select(Task).where(Task.state == "done")).all())
    assert (done.completed_by, done.assignee) == ("wang", "zhang")
    assert faults(t) == []


def test_what_one_may_do_oneself_is_done_in_ones_own_name(t: ProcessTest, staff: Staff) -> None:
    staff.principals["li"] = ["zhang"]
    case = t.start("p")
    act(t, "li", "claim", case)
    line = last_line(t, case)
    assert (line.actor, line.on_behalf_of, task_of(t, case).assignee) == ("li", None, "li")


def test_rework_returns_to_the_principal_and_the_substitute_may_do_it(t: ProcessTest, staff: Staff) -> None:
    staff.principals["wang"] = ["zhang"]
    case = t.start("p", {"again": True})
    t.complete("a", case=case, actor="wang")
    t.complete("b", case=case, actor="zhao")
    assert task_of(t, case).assignee == "zhang"
    assert (todo(t, "wang"), todo(t, "li")) == (["a"], [])
    staff.principals.clear()
    assert (todo(t, "wang"), todo(t, "zhang")) == ([], ["a"])
    with pytest.raises(CommandRefused, match="没有办理这件任务的权限"):
        t.complete("a", case=case, actor="wang")


def test_a_substitute_of_a_substitute_gains_nothing(t: ProcessTest, staff: Staff) -> None:
    staff.principals |= {"wang": ["zhang"], "qian": ["wang"]}
    t.start("p")
    assert (todo(t, "wang"), todo(t, "qian")) == (["a"], [])


# 离岗移交


def test_what_a_leaver_has_goes_to_a_colleague_even_in_a_suspended_case(on_each: ProcessTest) -> None:
    t = on_each
    cases = [t.start("p") for _ in range(3)]
    for case in cases[:2]:
        act(t, "zhang", "claim", case)
    t.suspend(cases[1])
    assert hand_over(t, "zhang", "li", "离岗移交") == 2
    for case in cases[:2]:
        task = task_of(t, case)
        assert (task.assignee, task.handed_by) == ("li", "zhang")
        line = last_line(t, case)
        assert (line.action, line.actor, line.before) == ("handed_over", "admin", {"assignee": "zhang"})
        assert line.data == {"assignee": "li", "reason": "离岗移交"}
    assert cases[1].status == "suspended"
    hand_over(t, "li")
    assert [task_of(t, case).assignee for case in cases] == [None] * 3
    assert faults(t) == []


def test_nothing_is_handed_over_where_the_receiver_cannot_take_all_of_it(t: ProcessTest, staff: Staff) -> None:
    staff.groups["zhang"] = {"handler", "reviewer"}
    cases = [t.start("p"), t.start("p")]
    t.complete("a", case=cases[0], actor="li")
    for case in cases:
        act(t, "zhang", "claim", case)
    with pytest.raises(CommandRefused, match="li不能办理「b」"):
        hand_over(t, "zhang", "li")
    assert [task_of(t, case).assignee for case in cases] == ["zhang", "zhang"]
