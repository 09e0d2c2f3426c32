"""A suspended case stands still, and nothing that reaches it meanwhile is lost (issue "Life of a case")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.commands import Command
from engine.errors import BpmnError, CommandRefused
from engine.services import Registry, service_task
from engine.tables import History, Job, Subscription
from engine.testing import Case, ProcessTest
from tests.engine.models import (
    both,
    boundary,
    catch,
    end,
    error,
    message,
    one,
    script,
    service,
    signal,
    start,
    throw,
    timer,
    user,
    when,
)
from tests.engine.test_durability import at_once, completing, open_task

ONE_TASK = one(start(), user("a"), user("b"), end(), "start > a > b > end")
MESSAGE = one(start(), catch("m", message("M", variable="got")), user("after"), "start > m > after")


def refusal(give: Callable[[], Any]) -> str:
    with pytest.raises(CommandRefused) as refused:
        give()
    assert refused.value.status == 409
    assert refused.value.message
    return refused.value.code


def on_task(give: Callable[..., Any], task_id: str, command: Command) -> Any:
    return give(command, task_id)


def suspending(case: Case) -> Callable[[Command], Any]:
    return lambda command: command.suspend(case.id).status


def firing(job_id: str) -> Callable[[Command], Any]:
    """What a worker does with a timer that is due."""

    def fire(command: Command) -> None:
        job = jobs._named(job_id, command)
        if job is not None:
            command.fire_timer(job)

    return fire


def lines(t: ProcessTest, case: Case, action: str) -> list[Any]:
    query = select(History.details).where(History.instance_id == case.id, History.action == action)
    return list(t.read(lambda session: session.scalars(query.order_by(History.seq)).all()))


def external(function: Callable[..., Any], attempts: int = 5) -> Registry:
    """A registry whose service `work` is carried out as a job."""
    registry = Registry()
    registry.add_callable("work", service_task("work", title="", effect="external", attempts=attempts)(function))
    return registry


def test_a_suspended_case_takes_no_work_on_its_tasks(database_url: str) -> None:
    with ProcessTest([ONE_TASK], database_url=database_url) as t:
        case = t.start("p")
        task_id = open_task(t, "a")
        t.suspend(case, "awaiting a ruling")
        t.restart()
        assert (case.status, case.waiting) == ("suspended", ["a"])
        for give in (Command.claim, Command.release, Command.complete):
            assert refusal(partial(t._command, partial(on_task, give, task_id), "gx10")) == "instance_suspended"
        assert refusal(lambda: t.retry(case)) == "instance_suspended"
        t.resume(case, "the ruling is here")
        assert case.status == "running"
        t.complete("a")
        t.complete("b")
        assert case.status == "completed"
        assert lines(t, case, "suspended") == [{"reason": "awaiting a ruling"}]
        assert lines(t, case, "resumed") == [{"reason": "the ruling is here"}]


def test_suspending_twice_and_resuming_what_runs_are_refused() -> None:
    with ProcessTest([ONE_TASK]) as t:
        case = t.start("p")
        assert refusal(lambda: t.resume(case)) == "instance_not_suspended"
        t.suspend(case)
        assert refusal(lambda: t.suspend(case)) == "instance_suspended"
        t.resume(case)
        t.complete("a")
        t.complete("b")
        assert refusal(lambda: t.suspend(case)) == "instance_ended"
        assert refusal(lambda: t.resume(case)) == "instance_ended"


def test_a_timer_that_falls_due_meanwhile_fires_after_resuming_and_not_before(database_url: str) -> None:
    model = one(start(), catch("w", timer("PT1H")), user("a"), "start > w > a")
    with ProcessTest([model], database_url=database_url) as t:
        case = t.start("p")
        t.suspend(case)
        t.advance(hours=2)
        assert case.waiting == ["w"]
        t.restart()
        t.resume(case)
        assert case.waiting == ["a"]


def test_a_timer_that_is_not_due_yet_keeps_its_time() -> None:
    with ProcessTest([one(start(), catch("w", timer("PT3H")), user("a"), "start > w > a")]) as t:
        case = t.start("p")
        t.suspend(case)
        t.advance(hours=2)
        t.resume(case)
        assert case.waiting == ["w"]
        t.advance(hours=1)
        assert case.waiting == ["a"]


def test_what_came_meanwhile_happens_in_the_order_of_its_time() -> None:
    model = one(
        start(), user("a"), end(),
        boundary("t1", "a", timer("PT1H"), interrupting=False), script("s1", "order.append('1h')"),
        boundary("m", "a", message("M"), interrupting=False), script("s2", "order.append('message')"),
        boundary("t2", "a", timer("PT3H"), interrupting=False), script("s3", "order.append('3h')"),
        boundary("s", "a", signal("S"), interrupting=False), script("s4", "order.append('signal')"),
        "start > a > end", "t1 > s1", "m > s2", "t2 > s3", "s > s4",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"order": []})
        t.suspend(case)
        t.advance(hours=2)
        t.message("M")
        t.advance(hours=2)
        t.signal("S")
        t.signal("S")
        assert case.data == {"order": []}
        t.restart()
        t.resume(case)
        assert case.data == {"order": ["1h", "message", "3h", "signal", "signal"]}


def test_a_message_to_a_suspended_case_is_taken_once_it_goes_on(database_url: str) -> None:
    with ProcessTest([MESSAGE], database_url=database_url) as t:
        case = t.start("p")
        t.suspend(case)
        t.message("M", payload={"n": 1})
        assert (case.status, case.waiting, case.data) == ("suspended", ["m"], {})
        t.restart()
        t.resume(case)
        assert (case.waiting, case.data) == (["after"], {"got": {"n": 1}})


def test_a_second_message_does_not_go_to_a_suspended_case_that_has_been_promised_one(database_url: str) -> None:
    with ProcessTest([MESSAGE], database_url=database_url) as t:
        first, second = t.start("p"), t.start("p")
        t.suspend(first)
        t.message("M", payload={"n": 1})
        t.message("M", payload={"n": 2})
        assert (second.waiting, second.data) == (["after"], {"got": {"n": 2}})
        with pytest.raises(CommandRefused) as refused:
            t.message("M", payload={"n": 3})
        assert refused.value.code == "message_unheard"
        t.resume(first)
        assert first.data == {"got": {"n": 1}}


def test_a_message_kept_meanwhile_is_not_given_to_a_case_that_has_been_promised_another() -> None:
    with ProcessTest([MESSAGE]) as t:
        case = t.start("p")
        t.suspend(case)
        t.message("M", payload={"n": 1})
        t.message("M", payload={"n": 2}, ttl=timedelta(hours=1))
        t.resume(case)
        assert case.data == {"got": {"n": 1}}
        assert t.start("p").data == {"got": {"n": 2}}


def test_a_promised_message_that_comes_too_late_goes_to_another_who_waits_for_it() -> None:
    model = one(
        start(), user("a"), boundary("t", "a", timer("PT1H")), boundary("m", "a", message("M")),
        user("late"), user("told"), "start > a", "t > late", "m > told",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        first = t.start("p")
        t.suspend(first)
        t.advance(hours=2)
        t.message("M")
        second = t.start("p")
        t.resume(first)
        assert (first.waiting, second.waiting) == (["late"], ["told"])
        assert lines(t, first, "unheard") == []


def test_a_promised_message_that_nobody_takes_any_more_leaves_a_line() -> None:
    with ProcessTest([MESSAGE]) as t:
        case = t.start("p")
        t.suspend(case)
        t.message("M")
        t.cancel(case)
        assert case.status == "cancelled"
        assert lines(t, case, "unheard") == [{"message": "M"}]
        assert t.read(lambda session: session.scalars(select(Job)).all()) == []


def test_a_signal_reaches_the_running_cases_at_once_and_a_suspended_one_later(database_url: str) -> None:
    model = one(start(), catch("s", signal("S", variable="got")), user("a"), "start > s > a")
    with ProcessTest([model], database_url=database_url) as t:
        still, going = t.start("p"), t.start("p")
        t.suspend(still)
        t.signal("S", payload={"n": 1})
        assert (still.waiting, going.waiting) == (["s"], ["a"])
        t.signal("S", payload={"n": 2})
        t.resume(still)
        assert (still.waiting, still.data) == (["a"], {"got": {"n": 1}})
        assert lines(t, still, "unheard") == [{"signal": "S"}]


def test_a_message_thrown_by_another_case_waits_for_a_suspended_one() -> None:
    thrower = one(start(), throw("t", message("M")), end(), "start > t > end", id="thrower")
    with ProcessTest([MESSAGE, thrower]) as t:
        case = t.start("p")
        t.suspend(case)
        assert t.start("thrower").status == "completed"
        assert case.waiting == ["m"]
        t.resume(case)
        assert case.waiting == ["after"]


def test_a_service_that_is_due_waits_and_is_done_once_after_resuming(database_url: str) -> None:
    calls: list[int] = []
    model = one(start(), user("a"), service("s"), user("b"), "start > a > s > b")
    with ProcessTest([model], registry=external(lambda: calls.append(1)), database_url=database_url) as t:
        case = t.start("p")
        t._command(lambda command: command.complete(open_task(t, "a")))
        t._command(lambda command: command.suspend(case.id))
        t.advance(days=1)
        assert (calls, case.waiting) == ([], ["s"])
        t.resume(case)
        assert (calls, case.waiting) == ([1], ["b"])


@pytest.mark.parametrize("raises", [None, BpmnError("E"), ValueError("broken")])
def test_what_an_attempt_under_way_brings_is_kept_and_taken_after_resuming(
    raises: Exception | None, database_url: str
) -> None:
    def work() -> int:
        with Session(t.session.get_bind()) as session, t.engine.command(session) as command:
            command.suspend(case.id)
        if raises is not None:
            raise raises
        return 7

    model = one(
        start(), user("a"), service("s", "work", "x"), user("b"), boundary("e", "s", error("E")), user("caught"),
        "start > a > s > b", "e > caught",
    )  # fmt: skip
    with ProcessTest([model], registry=external(work, attempts=1), database_url=database_url) as t:
        case = t.start("p")
        t.complete("a")
        assert (case.status, case.waiting, case.data) == ("suspended", ["s"], {})
        t.restart()
        t.advance(hours=3)
        t.resume(case)
        if raises is None:
            assert (case.waiting, case.data) == (["b"], {"x": 7})
        elif isinstance(raises, BpmnError):
            assert case.waiting == ["caught"]
        else:
            assert (case.status, [i.element_id for i in case.incidents]) == ("failed", ["s"])
        assert t.read(lambda session: session.scalars(select(Job).where(Job.state != "failed")).all()) == []


def test_a_case_with_an_incident_is_failed_again_after_resuming() -> None:
    with ProcessTest([one(start(), script("s", "x = 1 / zero"), "start > s")]) as t:
        case = t.start("p", {"zero": 0})
        t.suspend(case)
        assert (case.status, len(case.incidents)) == ("suspended", 1)
        t.restart()
        t.resume(case)
        assert (case.status, len(case.incidents)) == ("failed", 1)
        t.retry(case, {"zero": 1})
        assert case.status == "completed"


def test_a_suspended_case_can_be_cancelled_and_leaves_nothing_behind() -> None:
    model = one(start(), both("f"), user("u"), catch("m", message("M")), catch("w", timer("PT1H")), service("s"),
                "start > f > u", "f > m", "f > w", "f > s")  # fmt: skip
    with ProcessTest([model], registry=external(lambda: 1 / 0)) as t:
        case = t.start("p")
        t.suspend(case)
        t.advance(hours=2)
        t.cancel(case)
        assert (case.status, case.waiting) == ("cancelled", [])
        assert t.read(lambda session: session.scalars(select(Job.id)).all()) == []
        assert t.read(lambda session: session.scalars(select(Subscription.token)).all()) == []
        assert case.incidents == []


def test_a_condition_that_time_made_true_fires_on_resuming() -> None:
    model = one(start(), catch("c", when("now() > until")), user("a"), "start > c > a")
    with ProcessTest([model]) as t:
        case = t.start("p", {"until": t.clock.now() + timedelta(hours=1)})
        t.suspend(case)
        t.advance(hours=2)
        assert case.waiting == ["c"]
        t.resume(case)
        assert case.waiting == ["a"]


def test_of_suspending_and_completing_at_one_moment_the_first_counts(postgresql_url: str) -> None:
    with ProcessTest([ONE_TASK], database_url=postgresql_url) as t:
        for _ in range(8):
            case = t.start("p")
            task_id = open_task(t, "a")
            results = at_once(t, completing(task_id), suspending(case))
            assert case.status == "suspended"
            refused = [result for result in results if isinstance(result, CommandRefused)]
            assert [r.code for r in refused] in ([], ["instance_suspended"])
            assert case.waiting == (["a"] if refused else ["b"])
            t.cancel(case)


def test_a_timer_and_suspending_at_one_moment_have_one_winner(postgresql_url: str) -> None:
    model = one(start(), catch("w", timer("PT1H")), user("a"), "start > w > a")
    with ProcessTest([model], database_url=postgresql_url) as t:
        for _ in range(5):
            case = t.start("p")
            t.clock.advance(timedelta(hours=2))
            [job_id] = t.read(lambda session: session.scalars(select(Job.id)).all())
            at_once(t, firing(job_id), suspending(case))
            assert case.status == "suspended"
            t.resume(case)
            assert case.waiting == ["a"]
            t.cancel(case)


def test_two_messages_to_a_suspended_case_at_one_moment_have_one_promise(postgresql_url: str) -> None:
    with ProcessTest([MESSAGE], database_url=postgresql_url) as t:
        for _ in range(5):
            case = t.start("p")
            t.suspend(case)
            results = at_once(t, *[lambda command: [i.id for i in command.message("M")]] * 2)
            assert sorted(map(str, results)) == sorted([str([case.id]), "没有案件在等待消息「M」。"])
            t.resume(case)
            assert case.waiting == ["after"]
            t.cancel(case)
