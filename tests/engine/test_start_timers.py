"""Processes that a timer starts: once, at a date, by a cycle; missed moments, new versions, what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.clock import MovableClock
from engine.deployments import Source, check
from engine.errors import DeploymentRefused
from engine.tables import Instance, Job
from engine.testing import ProcessTest
from tests.engine.models import Node, one, start, task, timer, user

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def model(when: Node, name: str = "u") -> bytes:
    return one(start("s", when), user(name), f"s > {name}")


def deployed(when: Node, database_url: str | None = None) -> ProcessTest:
    return ProcessTest([model(when)], database_url=database_url, clock=MovableClock(NOON))


def starts(t: ProcessTest) -> list[datetime]:
    """When cases began, in whole minutes after noon."""
    query = select(Instance.started_at).order_by(Instance.started_at)
    return [moment.replace(microsecond=0) for moment in t.read(lambda session: session.scalars(query).all())]


def after(*minutes: int) -> list[datetime]:
    return [NOON + timedelta(minutes=number) for number in minutes]


def test_a_duration_begins_one_case_that_long_after_deployment(database_url: str) -> None:
    with deployed(timer("PT1H"), database_url) as t:
        t.advance(minutes=59)
        assert t.cases() == []
        t.restart()
        t.advance(days=3)
        assert starts(t) == after(60)
        [case] = t.cases()
        assert (case.trace, case.waiting, case.data) == (["s"], ["u"], {})


def test_a_date_begins_one_case_at_that_moment() -> None:
    with deployed(timer(date="2026-03-02T12:30:00Z")) as t:
        t.advance(hours=2)
        assert starts(t) == after(30)


def test_a_date_that_has_passed_is_due_at_once_but_never_again_with_the_next_version() -> None:
    with deployed(timer(date="2026-03-02T11:30:00Z")) as t:
        t.advance(seconds=1)
        assert len(t.cases()) == 1
        t.deploy([model(timer(date="2026-03-02T11:30:00Z"), "v")])
        t.advance(hours=1)
        assert len(t.cases()) == 1
        t.deploy([model(timer(date="2026-03-02T11:31:00Z"), "w")])
        t.advance(hours=1)
        assert [case.waiting for case in t.cases()] == [["u"], ["w"]]


def test_a_cycle_begins_a_case_each_time(database_url: str) -> None:
    with deployed(timer(cycle="R3/PT10M"), database_url) as t:
        t.advance(minutes=15)
        t.restart()
        t.advance(days=1)
        assert starts(t) == after(10, 20, 30)
        assert t.read(lambda session: session.scalars(select(Job)).all()) == []


def test_an_endless_cycle_goes_on() -> None:
    with deployed(timer(cycle="R/PT1H")) as t:
        t.advance(hours=30)
        assert starts(t) == after(*range(60, 1801, 60))


def test_a_cycle_with_a_beginning_keeps_to_it() -> None:
    with deployed(timer(cycle="R2/2026-03-02T12:05:00Z/PT1H")) as t:
        t.advance(days=1)
        assert starts(t) == after(5, 65)


@pytest.mark.parametrize(
    ("cycle", "began"), [("R/PT10M", [35, 40, 50]), ("R5/PT10M", [35, 40, 50]), ("R3/PT10M", [35])]
)
def test_of_moments_missed_while_nobody_was_there_one_case_is_begun_and_the_cycle_goes_on(
    cycle: str, began: list[int]
) -> None:
    with deployed(timer(cycle=cycle)) as t:
        t.clock.advance(timedelta(minutes=35))
        t.advance(minutes=15)
        assert starts(t) == after(*began)


def test_months_missed_are_missed_too() -> None:
    with deployed(timer(cycle="R/P1M")) as t:
        t.clock.advance(timedelta(days=100))
        t.advance(days=1)
        assert len(t.cases()) == 1
        t.advance(days=31)
        assert [moment.date().isoformat() for moment in starts(t)] == ["2026-06-10", "2026-07-02"]


def test_an_expression_without_variables_may_say_when() -> None:
    with deployed(timer("timedelta(hours=2)")) as t:
        t.advance(hours=3)
        assert starts(t) == after(120)


def test_an_expression_with_variables_is_refused_since_there_are_none() -> None:
    files = check([Source("p.bpmn", model(timer("wait")))], lambda operator: True)
    assert [(p.element_id, p.code) for p in files.problems] == [("s", "start_timer_unreadable")]
    assert "wait" in files.problems[0].message


def test_a_time_that_cannot_be_worked_out_is_refused_with_its_place_and_nothing_is_deployed() -> None:
    with ProcessTest() as t:
        with pytest.raises(DeploymentRefused) as refused:
            t.deploy([model(timer("'soon'"))])
        [found] = refused.value.problems
        assert (found.element_id, found.code, found.line) == ("s", "start_timer_unreadable", 4)
        assert t.read(lambda session: session.scalars(select(Job)).all()) == []


def test_a_new_version_takes_the_timer_over(database_url: str) -> None:
    with deployed(timer(cycle="R/PT10M"), database_url) as t:
        t.advance(minutes=15)
        t.deploy([model(timer(cycle="R/PT1H"), "v")])
        t.advance(hours=2)
        assert [case.waiting for case in t.cases()] == [["u"], ["v"], ["v"]]


def test_a_new_version_without_a_timer_start_ends_the_old_one_s() -> None:
    with deployed(timer(cycle="R/PT10M")) as t:
        t.deploy([one(start("s"), user("v"), "s > v")])
        t.advance(hours=1)
        assert t.cases() == []


def test_the_same_files_again_set_up_no_second_timer() -> None:
    with deployed(timer("PT1H")) as t:
        t.deploy([model(timer("PT1H"))])
        t.advance(hours=2)
        t.deploy([model(timer("PT1H"))])
        t.advance(hours=2)
        assert len(t.cases()) == 1


def test_two_timer_starts_and_a_plain_one_do_not_disturb_each_other() -> None:
    content = one(
        start(), start("a", timer("PT1H")), start("b", timer("PT2H")), task("t"), "start > t", "a > t", "b > t"
    )
    with ProcessTest([content]) as t:
        assert t.start("p").trace == ["start", "t"]
        t.advance(hours=3)
        assert [case.trace[0] for case in t.cases()] == ["start", "a", "b"]


def test_two_workers_begin_one_case(database_url: str) -> None:
    with deployed(timer(cycle="R/PT10M"), database_url) as t:
        t.clock.advance(timedelta(minutes=10))
        [job_id] = t.read(lambda session: jobs.due(session, t.clock.now()))
        for done in (True, False):
            with Session(t.session.get_bind()) as session:
                assert jobs.carry_out(t.engine, session, job_id) is done
        assert len(t.cases()) == 1


def test_what_fails_in_a_case_that_a_timer_began_is_that_case_s_incident_and_the_cycle_goes_on() -> None:
    content = one(start("s", timer(cycle="R/PT1H")), task("t", tag="scriptTask"), "s > t").replace(
        b'<scriptTask id="t">', b'<scriptTask id="t"><script>x = 1 / 0</script>'
    )
    with ProcessTest([content]) as t:
        t.advance(hours=2)
        assert [[i.element_id for i in case.incidents] for case in t.cases()] == [["t"], ["t"]]
