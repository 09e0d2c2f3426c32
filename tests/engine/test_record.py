"""What the lines of the record say, that each follows on the one before, and that they can only be added to."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine import anchors, history
from engine.history import HistoryLine
from engine.tables import History, Instance, Task
from engine.testing import Case, ProcessTest
from tests.engine import tampering
from tests.engine.models import one, script, scripts, service, start, user
from tests.engine.staff import Staff
from tests.engine.tampering import DIAGRAM, faults


@pytest.fixture
def t(database_url: str) -> Iterator[ProcessTest]:
    with ProcessTest([DIAGRAM], database_url=database_url) as test:
        yield test


def lines(t: ProcessTest, case: Case) -> list[HistoryLine]:
    return t.read(lambda session: history.lines(t.engine, session, session.get_one(Instance, case.id)))


def task_of(t: ProcessTest, case: Case) -> str:
    waiting = select(Task.id).where(Task.instance_id == case.id, Task.state == "open")
    return t.read(lambda session: session.scalars(waiting).one())


STAFF = Staff({"zhang": set(), "li": set()}, {"li": ["zhang"]})


def act_for_zhang(t: ProcessTest, task_id: str, data: dict[str, Any] | None = None) -> None:
    """Complete a task that zhang has, as the substitute."""
    with t.engine.command(t.session, actor="zhang") as command:
        command.claim(task_id)
    with t.engine.command(t.session, actor="li") as command:
        command.complete(task_id, data=data)


# What a line says


def test_a_completed_task_leaves_what_was_given_and_what_that_replaced(t: ProcessTest) -> None:
    case = t.start("p", data={"amount": Decimal("1.20"), "kept": 1})
    t.complete("a", data={"amount": Decimal("1.30"), "note": "甲"}, case=case, actor="zhang")
    line = lines(t, case)[-1]
    assert (line.action, line.element_id, line.actor) == ("completed", "a", "zhang")
    assert line.data == {"amount": {"$decimal": "1.30"}, "note": "甲"}
    assert line.before == {"amount": {"$decimal": "1.20"}}


def test_what_a_completion_replaced_is_kept_while_its_element_is_an_incident() -> None:
    diagram = one(start(), user("a", scripts(after="x = 1 / n")), user("b"), "start > a > b")
    with ProcessTest([diagram]) as t:
        case = t.start("p", data={"n": 5})
        t.complete("a", data={"n": 0}, case=case, actor="zhang")
        assert [incident.element_id for incident in case.incidents] == ["a"]
        t.restart()
        t.retry(case, data={"n": 2})
        retried, completed = lines(t, case)[-2:]
        assert (retried.action, retried.data, retried.before) == ("retried", {"data": {"n": 2}}, {"data": {"n": 0}})
        assert (completed.action, completed.data, completed.before) == ("completed", {"n": 0}, {"n": 5})


def test_claiming_and_releasing_leave_who_had_the_task(t: ProcessTest) -> None:
    case = t.start("p")
    task = task_of(t, case)
    state, revision = case.instance.state, case.instance.revision
    for actor, verb in (("zhang", "claim"), ("zhang", "release")):
        with t.engine.command(t.session, actor=actor) as command:
            getattr(command, verb)(task)
    claimed, released = lines(t, case)[-2:]
    assert (claimed.action, claimed.actor, claimed.data, claimed.before) == (
        "claimed",
        "zhang",
        {"assignee": "zhang"},
        {},
    )
    assert (released.action, released.data, released.before) == ("released", {"assignee": None}, {"assignee": "zhang"})
    assert case.instance.state == state
    assert case.instance.revision == revision + 2


def test_a_substitutes_line_names_both_and_what_followed_by_itself_nobody() -> None:
    diagram = one(start(), user("a"), script("s", "x = 1"), user("b"), "start > a > s > b")
    with ProcessTest([diagram], policy=STAFF) as t:
        case = t.start("p")
        act_for_zhang(t, task_of(t, case))
        by_person, by_itself = lines(t, case)[-2:]
        assert (by_person.element_id, by_person.actor, by_person.on_behalf_of) == ("a", "li", "zhang")
        assert (by_itself.element_id, by_itself.actor, by_itself.on_behalf_of) == ("s", None, None)


# The chain


def test_the_chain_can_be_verified_with_nothing_but_json_and_sha_256(t: ProcessTest) -> None:
    """As docs/reference/record.md tells it, without any code of ours."""
    case = t.start("p", data={"amount": 1})
    t.engine.policy = STAFF
    act_for_zhang(t, task_of(t, case), {"名称": "改造", "amount": 1.5e-7, "on": {"b": None, "a": [2**70]}})
    t.cancel(case, "不办了")
    previous = "0" * 64
    rows = t.read(lambda s: s.execute(select(History.__table__).order_by(History.seq)).mappings().all())
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        told = {name: value for name, value in row.items() if value is not None and name != "hash"}
        told |= {"at": row["at"].strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"), "previous": previous}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert row["hash"].hex() == previous
    assert case.instance.history_length == len(rows)
    assert case.instance.history_head.hex() == previous


def test_every_way_a_case_moves_keeps_the_chain(database_url: str) -> None:
    def fails(call: Any) -> None:
        raise ValueError("no")

    diagram = one(start(), user("a"), service("s", "broken"), user("b"), "start > a > s > b")
    with ProcessTest([diagram], services={"broken": fails}, database_url=database_url) as t:
        case = t.start("p")
        t.complete("a")
        t.retry(case)
        t.cancel(case)
        assert faults(t) == []
        assert case.instance.history_length == len(lines(t, case))


# Only added to


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE engine_history SET actor = 'wang'",
        "DELETE FROM engine_history WHERE seq = 2",
        "UPDATE engine_anchor SET count = 0",
        "DELETE FROM engine_anchor",
        "UPDATE engine_anchored_head SET seq = 1",
        "DELETE FROM engine_anchored_head",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_line(t: ProcessTest, change: str) -> None:
    tampering.begin(t)
    with pytest.raises(DBAPIError, match="is append-only"), t.engine.command(t.session):
        t.session.execute(text(change))
    assert faults(t) == []


def test_postgresql_refuses_to_empty_the_record(postgresql_url: str) -> None:
    with ProcessTest([DIAGRAM], database_url=postgresql_url) as t:
        t.start("p")
        with pytest.raises(DBAPIError, match="is append-only"), t.engine.command(t.session):
            t.session.execute(text("TRUNCATE engine_history"))


def test_sqlite_refuses_to_put_a_line_in_the_place_of_another(sqlite_url: str) -> None:
    with ProcessTest([DIAGRAM], database_url=sqlite_url) as t:
        t.start("p")
        with pytest.raises(DBAPIError, match="is append-only"), t.engine.command(t.session):
            t.session.execute(text("REPLACE INTO engine_history SELECT * FROM engine_history WHERE seq = 1"))


# Many at once


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[ProcessTest]:
    with ProcessTest([DIAGRAM], database_url=postgresql_url) as test:
        yield test


def test_cases_do_not_wait_for_each_other(postgresql: ProcessTest, postgresql_url: str) -> None:
    t = postgresql
    held, free = t.start("p"), t.start("p")
    held_task, free_task = task_of(t, held), task_of(t, free)
    with ProcessTest(database_url=postgresql_url) as other, t.engine.command(t.session, actor="zhang") as command:
        command.complete(held_task)
        t.session.flush()
        with other.engine.command(other.session, actor="li") as beside:
            beside.session.execute(text("SET LOCAL lock_timeout = '1ms'"))
            beside.claim(free_task)
            beside.complete(free_task)
    assert faults(t) == []


def test_an_anchor_waits_for_no_case_and_no_case_for_an_anchor(postgresql: ProcessTest, postgresql_url: str) -> None:
    t = postgresql
    first, second = t.start("p"), t.start("p")
    first_task, second_task = task_of(t, first), task_of(t, second)
    with ProcessTest(database_url=postgresql_url) as other:
        with t.engine.command(t.session, actor="zhang") as command:
            command.complete(first_task)
            with other.engine.command(other.session) as beside:
                beside.session.execute(text("SET LOCAL lock_timeout = '1ms'"))
                anchors.anchor(beside.session, beside.now)
                command.session.execute(text("SET LOCAL lock_timeout = '1ms'"))
                command.complete(second_task)
        assert faults(t) == []
        assert tampering.anchor(t)
    assert faults(t) == []


def test_the_chain_of_a_case_that_many_move_at_once_stays_one(postgresql: ProcessTest, postgresql_url: str) -> None:
    t = postgresql
    case = t.start("p")
    task = task_of(t, case)

    def claim_and_release() -> None:
        with ProcessTest(database_url=postgresql_url) as mine:
            for _ in range(10):
                with mine.engine.command(mine.session) as command:
                    command.claim(task)
                    command.release(task)

    with ThreadPoolExecutor(4) as people:
        for done in [people.submit(claim_and_release) for _ in range(4)]:
            done.result()
    assert [line.action for line in lines(t, case)[2:]] == ["claimed", "released"] * 40
    assert faults(t) == []
