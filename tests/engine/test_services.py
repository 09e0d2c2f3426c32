"""Service tasks in the transaction and as jobs, and how either fails (design §3.3, §3.4, §11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.errors import BpmnError, BusinessRefusal, CommandRefused, DeploymentRefused, FieldError
from engine.services import Call, service_task
from engine.tables import Instance, Job
from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    catch,
    error,
    one,
    service,
    start,
    task,
    timer,
    user,
)

MODEL = one(start(), service("s", "work", "result", a="x + 1", b="'text'"), task("on"), "start > s > on")


def external(function: Callable[..., Any], **policy: Any) -> Callable[..., Any]:
    """`function` as a job."""
    return service_task("work", title="工作", effect="external", **policy)(function)


def test_a_service_gets_its_parameters_by_keyword_and_gives_its_result_to_the_variable() -> None:
    def work(a: int, b: str) -> dict[str, Any]:
        return {"a": a, "b": b}

    with ProcessTest([MODEL], services={"work": work}) as t:
        assert t.start("p", {"x": 1}).data == {"x": 1, "result": {"a": 2, "b": "text"}}


def test_a_service_that_asks_for_the_call_learns_where_it_is_called_from() -> None:
    seen: list[Call] = []
    with ProcessTest([MODEL], services={"work": lambda call, **_: seen.append(call)}) as t:
        case = t.start("p", {"x": 1}, business_key="F1")
    assert (seen[0].instance_id, seen[0].business_key, seen[0].element_id) == (case.id, "F1", "s")
    assert seen[0].idempotency_key.startswith(case.id)


def test_a_diagram_that_names_an_unknown_service_is_refused() -> None:
    with pytest.raises(DeploymentRefused) as refused, ProcessTest([MODEL]):
        pass
    assert [(p.element_id, p.code) for p in refused.value.problems] == [("s", "service_unknown")]


def test_a_service_that_fails_is_an_incident_its_siblings_go_on_and_a_retry_mends_it() -> None:
    broken = [True]

    def work(**_: Any) -> int:
        if broken[0]:
            raise ZeroDivisionError("no such number")
        return 7

    model = one(start(), both("f"), service("s", "work", "n"), user("u"), "start > f > s", "f > u")
    with ProcessTest([model], services={"work": work}) as t:
        case = t.start("p")
        assert [(i.element_id, i.code) for i in case.incidents] == [("s", "service_failed")]
        assert "no such number" in case.incidents[0].message
        assert case.waiting == ["u"]
        t.restart()
        t.complete("u")
        assert case.status == "failed"
        broken.clear()
        broken.append(False)
        t.retry(case)
        assert case.status == "completed"
        assert case.data == {"n": 7}


def test_a_result_that_cannot_be_stored_is_an_incident_at_the_service_with_its_path() -> None:
    with ProcessTest([MODEL], services={"work": lambda **_: {"rows": [1, {"when": object()}]}}) as t:
        case = t.start("p", {"x": 1})
        assert [i.element_id for i in case.incidents] == ["s"]
        assert "rows[1].when" in case.incidents[0].message
        assert case.data == {"x": 1}


def test_a_refusal_leaves_no_case_and_reaches_whoever_gave_the_command() -> None:
    def work(**_: Any) -> None:
        raise BusinessRefusal([FieldError("name", "V01", "请填写名称")])

    with ProcessTest([MODEL], services={"work": work}) as t:
        with pytest.raises(BusinessRefusal) as refused:
            t.start("p", {"x": 1})
        assert refused.value.errors[0].code == "V01"
        assert t.cases() == []


def test_a_refusal_in_a_step_leaves_the_task_where_it_was() -> None:
    def work(**_: Any) -> None:
        raise CommandRefused("no", "不行")

    with ProcessTest([one(start(), user("u"), service("s"), "start > u > s")], services={"work": work}) as t:
        case = t.start("p")
        with pytest.raises(CommandRefused, match="不行"):
            t.complete("u", {"x": 1})
        t.restart()
        assert case.waiting == ["u"]
        assert case.data == {}
        assert case.trace == ["start"]


def test_a_refusal_after_a_timer_has_nobody_to_tell_and_is_an_incident() -> None:
    def work(**_: Any) -> None:
        raise BusinessRefusal([FieldError("name", "V01", "请填写名称")])

    with ProcessTest(
        [one(start(), catch("w", timer("PT1H")), service("s"), "start > w > s")], services={"work": work}
    ) as t:
        case = t.start("p")
        t.advance(hours=1)
        assert [(i.element_id, i.message) for i in case.incidents] == [("s", "请填写名称")]
        assert case.trace == ["start", "w"]


@pytest.mark.parametrize("as_job", [False, True])
def test_a_bpmn_error_goes_to_the_border_in_the_transaction_and_out_of_a_job(as_job: bool) -> None:
    def work() -> None:
        raise BpmnError("E", "坏了")

    model = one(start(), service("s"), boundary("b", "s", error("E", variable="why")), task("x"), "start > s", "b > x")
    with ProcessTest([model], services={"work": external(work) if as_job else work}) as t:
        case = t.start("p")
        assert case.trace == ["start", "b", "x"]
        assert case.data["why"]["message"] == "坏了"
        assert case.status == "completed"


@pytest.mark.parametrize("as_job", [False, True])
def test_a_bpmn_error_nobody_catches_is_an_incident_that_a_retry_mends(as_job: bool) -> None:
    errors = [BpmnError("E")]

    def work() -> int:
        if errors:
            raise errors.pop()
        return 1

    with ProcessTest(
        [one(start(), service("s", "work", "n"), "start > s")], services={"work": external(work) if as_job else work}
    ) as t:
        case = t.start("p")
        assert [(i.element_id, i.code) for i in case.incidents] == [("s", "uncaught_error")]
        t.restart()
        t.retry(case)
        assert case.status == "completed"
        assert case.data == {"n": 1}


def test_a_job_fails_waits_longer_each_time_and_succeeds() -> None:
    tries: list[object] = []

    def work() -> int:
        tries.append(None)
        if len(tries) < 3:
            raise OSError("not now")
        return len(tries)

    with ProcessTest([one(start(), service("s", "work", "n"), "start > s")], services={"work": external(work)}) as t:
        case = t.start("p")
        assert (len(tries), case.waiting, case.incidents) == (1, ["s"], [])
        t.restart()
        t.advance(seconds=6)
        assert len(tries) == 2
        t.advance(seconds=6)
        assert len(tries) == 2
        t.advance(seconds=30)
        assert case.data == {"n": 3}
        assert case.status == "completed"


def test_a_job_has_just_the_attempts_it_declares_then_it_is_an_incident_and_a_retry_begins_anew() -> None:
    tries: list[object] = []

    def work() -> None:
        tries.append(None)
        if len(tries) < 4:
            raise OSError("never")

    with ProcessTest([one(start(), service("s"), "start > s")], services={"work": external(work, attempts=3)}) as t:
        case = t.start("p")
        t.advance(days=1)
        assert len(tries) == 3
        assert [(i.element_id, i.code) for i in case.incidents] == [("s", "service_failed")]
        assert (case.status, case.waiting) == ("failed", [])
        t.restart()
        t.retry(case)
        assert len(tries) == 4
        assert case.status == "completed"
        assert case.incidents == []


def test_retries_drawn_in_the_diagram_come_before_those_of_the_service() -> None:
    tries: list[object] = []

    def work() -> None:
        tries.append(None)
        raise OSError("never")

    drawn = service("s")
    operator = drawn.body[0].body[0]  # type: ignore[union-attr]  # Nodes
    operator.body.append(Node("spiffworkflow:retry", {"retries": "1"}))  # type: ignore[union-attr]
    with ProcessTest([one(start(), drawn, "start > s")], services={"work": external(work)}) as t:
        case = t.start("p")
        t.advance(days=1)
        assert len(tries) == 2
        assert len(case.incidents) == 1


def test_a_job_s_refusal_is_final() -> None:
    tries: list[object] = []

    def work() -> None:
        tries.append(None)
        raise CommandRefused("no", "不行")

    with ProcessTest([one(start(), service("s"), "start > s")], services={"work": external(work)}) as t:
        case = t.start("p")
        t.advance(days=1)
        assert len(tries) == 1
        assert [i.message for i in case.incidents] == ["不行"]


def test_a_timer_on_a_job_s_border_cancels_it() -> None:
    def work() -> None:
        raise OSError("not now")

    model = one(start(), service("s"), boundary("b", "s", timer("PT8S")), task("x"), "start > s", "b > x")
    with ProcessTest([model], services={"work": external(work)}) as t:
        case = t.start("p")
        t.advance(days=1)
        assert case.trace == ["start", "b", "x"]
        assert t.read(lambda session: session.scalar(select(func.count(Job.id)))) == 0


def test_a_task_may_set_off_a_job_of_its_own() -> None:
    sent: list[str] = []

    def work(call: Call) -> None:
        call.enqueue("deliver", to="someone")

    def deliver(to: str) -> None:
        sent.append(to)

    services = {"work": work, "deliver": service_task("deliver", title="送", effect="external")(deliver)}
    with ProcessTest([one(start(), service("s"), "start > s")], services=services) as t:
        case = t.start("p")
        assert sent == ["someone"]
        assert case.status == "completed"


def test_what_a_failed_service_wrote_is_undone_and_the_rest_of_the_command_stands() -> None:
    def work(call: Call) -> None:
        row = call.session.get_one(Instance, call.instance_id)
        row.business_key = "spoilt"
        call.session.flush()
        raise OSError("too late")

    with ProcessTest([one(start(), service("s"), "start > s")], services={"work": work}) as t:
        case = t.start("p", business_key="kept")
        assert case.business_key == "kept"
        assert case.trace == ["start"]
        assert [i.element_id for i in case.incidents] == ["s"]
