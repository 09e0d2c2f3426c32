"""Start, end, catch and boundary events: what the matrices do not look at (BPMN 2.0 §10.5, §13.5)."""

from __future__ import annotations

import pytest

from engine.testing import ProcessTest
from tests.engine.models import (
    both,
    boundary,
    call,
    catch,
    diagram,
    end,
    error,
    escalation,
    event_sub,
    message,
    one,
    process,
    receive,
    script,
    service,
    signal,
    start,
    sub,
    task,
    terminate,
    throw,
    timer,
    user,
    when,
)


def test_a_terminate_end_takes_everything_else_of_its_scope_with_it_and_no_more() -> None:
    inner = sub("s", start("i"), both("f"), user("a"), user("stop"), end("t", terminate()), "i > f > a", "f > stop > t")
    with ProcessTest([one(start(), inner, user("on"), "start > s > on")]) as t:
        case = t.start("p")
        assert case.waiting == ["a", "stop"]
        t.restart()
        t.complete("stop")
        assert case.waiting == ["on"]
        assert case.trace == ["start", "i", "f", "stop", "t", "s"]


def test_a_sibling_that_was_ready_does_not_run_after_a_terminate_end() -> None:
    with ProcessTest([one(start(), end("t", terminate()), task("a"), task("b"), "start > t", "start > a > b")]) as t:
        case = t.start("p")
        assert case.trace == ["start", "t"]
        assert case.status == "completed"


def test_an_end_event_may_throw_a_signal_that_another_branch_catches() -> None:
    model = one(
        start(), both("f"), catch("c", signal("S")), end("e", signal("S", payload="{'x': 1}")), "start > f > c", "f > e"
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "f", "e", "c"]
        assert case.data == {"x": 1}
        assert case.status == "completed"


def test_a_signal_is_not_remembered_for_who_comes_later() -> None:
    with ProcessTest([one(start(), throw("s", signal("S")), catch("c", signal("S")), "start > s > c")]) as t:
        case = t.start("p")
        assert case.waiting == ["c"]
        t.restart()
        t.signal("S")
        assert case.status == "completed"


@pytest.mark.parametrize("kind", [timer("PT30M"), timer(date="2099-01-01"), timer(cycle="R3/PT30M"), timer("= pause")])
def test_a_timer_catch_event_waits_and_survives_a_restart(kind: object) -> None:
    with ProcessTest([one(start(), catch("w", kind), task("a"), "start > w > a")]) as t:  # type: ignore[arg-type]  # a Node
        case = t.start("p", {"pause": "PT30M"})
        t.advance(minutes=29)
        assert case.waiting == ["w"]
        t.restart()
        t.advance(days=40_000)
        assert case.trace == ["start", "w", "a"]


def test_a_timer_may_be_computed_as_a_length_of_time_or_a_moment() -> None:
    model = one(
        start(),
        catch("w", timer("timedelta(hours=2)")),
        catch("v", timer(date="now() + timedelta(hours=1)")),
        "start > w > v",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.advance(hours=1, minutes=59)
        assert case.waiting == ["w"]
        t.advance(minutes=1)
        assert case.waiting == ["v"]
        t.advance(minutes=61)
        assert case.status == "completed"


@pytest.mark.parametrize("text", ["'soon'", "timedelta(hours=-1)", "5", "missing"])
def test_a_timer_without_a_readable_time_is_an_incident_on_it_that_a_retry_mends(text: str) -> None:
    with ProcessTest(
        [one(start(), script("s", "pause = 'PT1H'"), catch("w", timer(f"x if mended else {text}")), "start > s > w")]
    ) as t:
        case = t.start("p", {"mended": False, "x": "PT1H"})
        assert [i.element_id for i in case.incidents] == ["w"]
        t.restart()
        t.retry(case, data={"mended": True})
        assert case.waiting == ["w"]
        assert case.incidents == []
        t.advance(hours=1)
        assert case.status == "completed"


def test_a_non_interrupting_cycle_fires_as_often_as_it_says() -> None:
    model = one(
        start(),
        user("u"),
        boundary("b", "u", timer(cycle="R3/PT1H"), interrupting=False),
        task("remind"),
        "start > u",
        "b > remind",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        for hour in range(5):
            t.restart()
            t.advance(hours=1)
            assert case.trace.count("remind") == min(hour + 1, 3)
        t.complete("u")
        assert case.status == "completed"


def test_a_repeating_timer_of_an_event_sub_process_begins_a_run_each_time_and_stops_with_its_scope() -> None:
    handler = event_sub(
        "h", start("tick", timer(cycle="R/PT1H"), interrupting=False), script("count", "n = n + 1"), "tick > count"
    )
    with ProcessTest([one(start(), user("u"), "start > u", handler)]) as t:
        case = t.start("p", {"n": 0})
        t.advance(hours=4)
        assert case.data["n"] == 4
        t.restart()
        t.complete("u")
        assert case.status == "completed"
        t.advance(hours=4)
        assert case.data["n"] == 4


def test_armed_boundary_events_and_event_sub_processes_are_not_what_a_case_waits_at() -> None:
    handler = event_sub("h", start("hs", message("N")), task("x"), "hs > x")
    with ProcessTest(
        [one(start(), user("u"), boundary("b", "u", timer("PT1H")), task("y"), "start > u", "b > y", handler)]
    ) as t:
        assert t.start("p").waiting == ["u"]


def test_a_boundary_event_without_a_way_on_ends_there() -> None:
    with ProcessTest(
        [one(start(), user("u"), boundary("b", "u", timer("PT1H")), task("never"), "start > u > never")]
    ) as t:
        case = t.start("p")
        t.advance(hours=1)
        assert case.status == "completed"
        assert case.trace == ["start", "b"]


def test_what_comes_with_a_boundary_message_is_the_case_s() -> None:
    model = one(start(), receive("r", "R"), boundary("b", "r", message("M")), task("x"), "start > r", "b > x")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["r"]
        t.restart()
        t.message("M", payload={"why": "late"})
        assert case.trace == ["start", "b", "x"]
        assert case.data == {"why": "late"}


def test_an_interrupting_signal_out_of_a_sub_process_stops_it_before_anything_more_runs_in_it() -> None:
    inner = sub("s", start("i"), throw("t", signal("S")), task("after"), "i > t > after")
    with ProcessTest([one(start(), inner, boundary("b", "s", signal("S")), task("x"), "start > s", "b > x")]) as t:
        case = t.start("p")
        assert case.trace == ["start", "i", "t", "b", "x"]


def test_a_condition_that_becomes_true_inside_a_sub_process_stops_it_before_anything_more_runs_in_it() -> None:
    inner = sub("s", start("i"), script("t", "n = 1"), task("after"), "i > t > after")
    with ProcessTest([one(start(), inner, boundary("b", "s", when("n > 0")), task("x"), "start > s", "b > x")]) as t:
        case = t.start("p")
        assert case.trace == ["start", "i", "t", "b", "x"]


def test_a_condition_waits_for_its_variable_to_be_there_and_then_to_hold() -> None:
    model = one(start(), both("f"), catch("c", when("n > 1")), user("a"), user("b"), "start > f > c", "f > a > b")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.complete("a", {"n": 1})
        assert case.waiting == ["c", "b"]
        t.restart()
        t.complete("b", {"n": 2})
        assert case.trace == ["start", "f", "a", "b", "c"]


def test_a_condition_that_cannot_be_worked_out_is_an_incident_on_its_event() -> None:
    with ProcessTest([one(start(), catch("c", when("n > 1")), "start > c")]) as t:
        case = t.start("p", {"n": "many"})
        assert [i.element_id for i in case.incidents] == ["c"]
        t.retry(case, data={"n": 2})
        assert case.status == "completed"


def test_a_non_interrupting_condition_fires_again_only_after_it_was_false() -> None:
    model = one(
        start(), both("f"), user("u"), boundary("b", "u", when("n > 1"), interrupting=False),
        script("hit", "hits = hits + 1"), user("a"), user("c"), user("d"), "start > f > u", "b > hit", "f > a > c > d",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"n": 5, "hits": 0})
        assert case.data["hits"] == 1
        t.restart()
        t.complete("a", {"n": 6})
        assert case.data["hits"] == 1
        t.complete("c", {"n": 0})
        t.complete("d", {"n": 7})
        assert case.data["hits"] == 2


def test_an_error_is_caught_by_the_event_that_names_it_and_its_scope_s_other_work_is_cancelled() -> None:
    inner = sub("s", start("i"), both("f"), user("a"), user("fail"), end("e", error("E1")), "i > f > a", "f > fail > e")
    model = one(
        start(), inner, boundary("any", "s", error()), boundary("e1", "s", error("E1")),
        boundary("e2", "s", error("E2")), user("x"), user("y"), user("z"), "start > s", "any > x", "e1 > y", "e2 > z",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.restart()
        t.complete("fail")
        assert case.waiting == ["y"]
        assert case.trace == ["start", "i", "f", "fail", "e", "e1"]


def test_an_error_goes_up_through_sub_processes_and_calls_to_the_nearest_catcher() -> None:
    called = process("q", start("qs"), end("qe", error("E")), "qs > qe")
    inner = sub("s", start("i"), call("c", "q"), boundary("other", "c", error("F")), task("no"), "i > c", "other > no")
    model = diagram(
        process("p", start(), inner, boundary("b", "s", error("E")), task("x"), "start > s", "b > x"), called
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "i", "qs", "qe", "b", "x"]
        assert case.status == "completed"


def test_an_error_out_of_one_sub_process_leaves_another_that_catches_the_same_code_alone() -> None:
    def part(name: str, last: str) -> list[object]:
        inner = sub(name, start(f"{name}i"), user(f"{name}u"), last_event, f"{name}i > {name}u > {name}e")
        return [inner, boundary(f"{name}b", name, error("E")), task(f"{name}x"), f"f > {name}", f"{name}b > {name}x"]

    last_event = end("ae", error("E"))
    first_part = part("a", "E")
    last_event = end("be")
    with ProcessTest([one(start(), both("f"), "start > f", *first_part, *part("b", ""))]) as t:  # type: ignore[arg-type]  # Nodes
        case = t.start("p")
        t.complete("au")
        assert case.waiting == ["bu"]


def test_an_error_nobody_catches_is_an_incident_on_the_event_that_threw_it() -> None:
    inner = sub("s", start("i"), end("e", error("E")), "i > e")
    with ProcessTest([one(start(), both("f"), inner, user("u"), "start > f > s", "f > u")]) as t:
        case = t.start("p")
        assert [(i.element_id, i.code) for i in case.incidents] == [("e", "uncaught_error")]
        assert "E" in case.incidents[0].message
        assert case.status == "running"
        assert case.waiting == ["u"]
        t.restart()
        t.complete("u")
        assert case.status == "failed"


def test_an_error_event_sub_process_comes_before_the_border_and_does_not_catch_itself() -> None:
    handler = event_sub("h", start("hs", error("E")), task("x"), end("again", error("E")), "hs > x > again")
    inner = sub("s", start("i"), end("e", error("E")), "i > e", handler)
    with ProcessTest([one(start(), inner, boundary("b", "s", error("E")), task("y"), "start > s", "b > y")]) as t:
        case = t.start("p")
        assert case.trace == ["start", "i", "e", "hs", "x", "again", "b", "y"]


def test_once_an_event_sub_process_has_interrupted_its_scope_the_others_hear_nothing() -> None:
    one_handler = event_sub("h", start("hs", message("M")), user("x"), "hs > x")
    other = event_sub("k", start("ks", message("N"), interrupting=False), user("y"), "ks > y")
    with ProcessTest([one(start(), user("u"), "start > u", one_handler, other)]) as t:
        case = t.start("p")
        t.message("M")
        t.restart()
        assert case.waiting == ["x"]
        t.complete("x")
        assert case.status == "completed"
        assert case.trace == ["start", "hs", "x", "h"]


def test_an_escalation_nobody_catches_is_no_fault() -> None:
    with ProcessTest([one(start(), throw("t", escalation("X")), end("e", escalation("Y")), "start > t > e")]) as t:
        case = t.start("p")
        assert case.status == "completed"
        assert case.incidents == []


def test_an_escalation_s_payload_reaches_the_variable_of_its_catcher() -> None:
    inner = sub("s", start("i"), throw("t", escalation("X", payload="amount * 2")), user("u"), "i > t > u")
    catcher = boundary("b", "s", escalation("X", variable="much"), interrupting=False)
    with ProcessTest([one(start(), inner, catcher, task("x"), "start > s", "b > x")]) as t:
        case = t.start("p", {"amount": 21})
        assert case.data["much"] == 42
        assert case.waiting == ["u"]


def test_a_bpmn_error_of_a_service_carries_its_code_and_message_to_the_catcher() -> None:
    from engine.errors import BpmnError

    def work() -> None:
        raise BpmnError("FULL", "已满")

    model = one(
        start(), service("s"), boundary("b", "s", error("FULL", variable="why")), task("x"), "start > s", "b > x"
    )
    with ProcessTest([model], services={"work": work}) as t:
        case = t.start("p")
        assert case.trace == ["start", "b", "x"]
        assert case.data["why"] == {"code": "FULL", "message": "已满"}


def test_a_non_interrupting_event_sub_process_keeps_its_scope_open_and_runs_as_often_as_it_is_called() -> None:
    handler = event_sub("h", start("hs", message("M"), interrupting=False), user("w"), "hs > w")
    with ProcessTest([one(start(), user("u"), "start > u", handler)]) as t:
        case = t.start("p")
        t.message("M")
        t.restart()
        t.complete("u")
        assert (case.status, case.waiting) == ("running", ["w"])
        t.message("M")
        assert case.waiting == ["w", "w"]
        t.restart()
        t.complete("w")
        t.complete("w")
        assert case.status == "completed"
        assert case.trace == ["start", "hs", "u", "hs", "w", "h", "w", "h"]


def test_an_event_sub_process_inside_an_event_sub_process_hears_while_that_one_runs() -> None:
    inner = event_sub("k", start("ks", message("N")), task("x"), "ks > x")
    handler = event_sub("h", start("hs", message("M")), user("w"), "hs > w", inner)
    with ProcessTest([one(start(), user("u"), "start > u", handler)]) as t:
        case = t.start("p")
        t.message("M")
        t.restart()
        t.message("N")
        assert case.trace == ["start", "hs", "ks", "x", "k", "h"]
        assert case.status == "completed"


def test_a_condition_may_begin_an_event_sub_process_before_anything_more_runs() -> None:
    handler = event_sub("h", start("hs", when("n > 2")), task("w"), "hs > w")
    model = one(start(), user("u"), script("s", "n = 5"), task("never"), "start > u > s > never", handler)
    with ProcessTest([model]) as t:
        case = t.start("p", {"n": 0})
        t.restart()
        t.complete("u")
        assert case.trace == ["start", "u", "s", "hs", "w", "h"]


def test_a_signal_thrown_by_one_case_starts_the_processes_that_wait_for_it() -> None:
    thrower = process("p", start(), end("e", signal("S", payload="{'k': 1}")), "start > e")
    with ProcessTest([diagram(thrower, process("q", start("s", signal("S")), user("u"), "s > u"))]) as t:
        t.start("p")
        [case] = t.cases("q")
        assert (case.waiting, case.data) == (["u"], {"k": 1})
