"""Gateways, implicit splits and ends, conditional flows, links (BPMN 2.0 §13.2, §13.4)."""

from __future__ import annotations

import pytest

from engine.testing import ProcessTest
from tests.engine.models import (
    both,
    boundary,
    catch,
    end,
    first,
    link,
    message,
    one,
    script,
    some,
    start,
    task,
    throw,
    timer,
    user,
    xor,
)


@pytest.mark.parametrize(("x", "way"), [(1, "low"), (5, "high"), (3, "middle")])
def test_an_exclusive_gateway_takes_the_first_flow_that_holds_else_the_default(x: int, way: str) -> None:
    model = one(
        start(), xor("g"), task("low"), task("high"), task("middle"), task("never"), "start > g",
        "g > middle else", "g > low if x < 3", "g > high if x > 3", "g > never if x == 1",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        assert t.start("p", {"x": x}).trace == ["start", "g", way]


def test_without_a_true_condition_or_default_the_gateway_is_an_incident_that_a_correction_mends() -> None:
    model = one(start(), xor("g"), task("a"), task("b"), "start > g", "g > a if x == 1", "g > b if x == 2")
    with ProcessTest([model]) as t:
        case = t.start("p", {"x": 3})
        assert [(i.element_id, i.code) for i in case.incidents] == [("g", "no_flow")]
        assert case.status == "failed"
        t.restart()
        t.retry(case)
        assert [i.element_id for i in case.incidents] == ["g"]
        t.retry(case, data={"x": 2})
        assert case.status == "completed"
        assert case.trace == ["start", "g", "b"]
        assert case.incidents == []


def test_a_parallel_gateway_waits_for_every_flow_across_restarts() -> None:
    model = one(
        start(), both("f"), user("a"), user("b"), user("c"), both("j"), task("on"), "start > f > a > j > on",
        "f > b > j", "f > c > j",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["a", "b", "c"]
        for element in "cab":
            t.restart()
            t.complete(element, case=case)
        assert case.trace == ["start", "f", "c", "a", "b", "j", "on"]
        assert case.status == "completed"


def test_a_surplus_token_waits_at_the_join_and_is_an_incident_when_nothing_else_can_come() -> None:
    model = one(
        start(), both("f"), task("a"), task("b"), task("m"), task("c"), both("j"), user("on"),
        "start > f", "f > a > m", "f > b > m", "m > j", "f > c > j", "j > on",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["on"]
        assert case.incidents == []
        t.restart()
        t.complete("on")
        assert [(i.element_id, i.code) for i in case.incidents] == [("j", "stuck")]
        assert case.status == "failed"


def test_a_join_after_an_exclusive_choice_is_stuck_and_says_where() -> None:
    model = one(
        start(), xor("g"), task("a"), task("b"), both("j"), end(), "start > g", "g > a if x", "g > b else",
        "a > j", "b > j", "j > end",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"x": True})
        assert case.trace == ["start", "g", "a"]
        assert [(i.element_id, i.code) for i in case.incidents] == [("j", "stuck")]


@pytest.mark.parametrize("chosen", ["a", "ab", "abc", ""])
def test_an_inclusive_gateway_takes_and_awaits_just_the_flows_that_hold(chosen: str) -> None:
    model = one(
        start(), some("f"), user("a"), user("b"), user("c"), user("d"), some("j"), task("on"), "start > f",
        "f > a if 'a' in chosen", "f > b if 'b' in chosen", "f > c if 'c' in chosen", "f > d else",
        "a > j", "b > j", "c > j", "d > j", "j > on",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"chosen": chosen})
        ways = list(chosen or "d")
        assert case.waiting == ways
        for element in reversed(ways):
            assert "on" not in case.trace
            t.restart()
            t.complete(element)
        assert case.trace == ["start", "f", *reversed(ways), "j", "on"]
        assert case.status == "completed"


def test_an_inclusive_join_does_not_wait_for_tokens_behind_itself_in_a_loop() -> None:
    model = one(
        start(), xor("in"), some("f"), user("a"), user("b"), some("j"), xor("again"), end(),
        "start > in > f", "f > a if True", "f > b if rounds == 1", "a > j", "b > j", "j > again",
        "again > in if rounds > 0", "again > end else",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"rounds": 1})
        t.complete("b")
        assert case.waiting == ["a"]
        t.restart()
        t.complete("a", {"rounds": 2})
        assert case.waiting == ["a"]
        t.complete("a", {"rounds": 0})
        assert case.status == "completed"


def test_an_inclusive_join_still_waits_for_an_activity_from_whose_border_a_token_has_come() -> None:
    reminded = boundary("b", "slow", timer("PT1H"), interrupting=False)
    model = one(
        start(), both("f"), user("slow"), reminded, task("a"), some("j"), task("on"), "start > f > slow > j > on",
        "f > a > j", "b > j",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.advance(hours=1)
        assert case.trace == ["start", "f", "a", "b"]
        t.restart()
        t.complete("slow")
        assert case.trace == ["start", "f", "a", "b", "slow", "j", "on"]


def test_an_inclusive_join_waits_for_a_token_that_can_still_come_over_a_link() -> None:
    model = one(
        start(), both("f"), user("slow"), throw("leap", link("L")), catch("land", link("L")), task("a"),
        some("j"), task("on"), "start > f", "f > slow > leap", "land > j", "f > a > j > on",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "f", "a"]
        t.restart()
        t.complete("slow")
        assert case.trace == ["start", "f", "a", "slow", "leap", "land", "j", "on"]
        assert case.status == "completed"


def test_a_process_begins_at_every_node_without_an_incoming_flow_and_ends_where_flows_do() -> None:
    with ProcessTest([one(user("a"), task("b"), task("c"), "b > c")]) as t:
        case = t.start("p")
        assert case.waiting == ["a"]
        assert case.trace == ["b", "c"]
        t.restart()
        t.complete("a")
        assert case.status == "completed"


def test_several_flows_out_of_a_task_split_and_several_into_one_run_it_for_each_token() -> None:
    with ProcessTest(
        [one(start(), task("a"), task("b"), task("c"), task("d"), "start > a", "a > b > d", "a > c > d")]
    ) as t:
        case = t.start("p")
        assert sorted(case.trace) == ["a", "b", "c", "d", "d", "start"]
        assert case.status == "completed"


@pytest.mark.parametrize(
    ("x", "ways"), [(0, ["plain", "default"]), (1, ["one", "plain"]), (2, ["one", "two", "plain"])]
)
def test_conditional_flows_out_of_a_task_see_what_it_was_given(x: int, ways: list[str]) -> None:
    model = one(
        start(), user("ask"), task("one"), task("two"), task("plain"), task("default"), "start > ask",
        "ask > one if x >= 1", "ask > two if x == 2", "ask > plain", "ask > default else",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.restart()
        t.complete("ask", {"x": x})
        assert case.trace == ["start", "ask", *ways]


def test_a_condition_on_the_only_flow_of_a_task_or_start_event_counts() -> None:
    with ProcessTest([one(start(), task("a"), "start > a if x > 1")]) as t:
        case = t.start("p", {"x": 1})
        assert [(i.element_id, i.code) for i in case.incidents] == [("start", "no_flow")]
        t.retry(case, data={"x": 2})
        assert case.trace == ["start", "a"]


def test_a_link_goes_on_at_the_catch_of_its_name() -> None:
    model = one(start(), throw("a", link("L")), catch("b", link("L")), user("u"), "start > a", "b > u")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "a", "b"]
        assert case.waiting == ["u"]


EVENT_BASED = one(
    start(), first("g"), catch("m", message("M")), catch("soon", timer("PT1H")), catch("late", timer("PT2H")),
    task("a"), task("b"), task("c"), "start > g", "g > m > a", "g > soon > b", "g > late > c",
)  # fmt: skip


def test_after_an_event_based_gateway_the_earlier_of_two_timers_wins() -> None:
    with ProcessTest([EVENT_BASED]) as t:
        case = t.start("p")
        assert case.waiting == ["m", "soon", "late"]
        t.restart()
        t.advance(hours=5)
        assert case.trace == ["start", "g", "soon", "b"]
        assert case.status == "completed"


def test_after_an_event_based_gateway_a_message_disarms_the_timers() -> None:
    with ProcessTest([EVENT_BASED]) as t:
        case = t.start("p")
        t.restart()
        t.message("M", payload={"x": 1})
        t.advance(hours=5)
        assert case.trace == ["start", "g", "m", "a"]
        assert case.data == {"x": 1}


def test_conditions_are_tried_in_the_order_in_which_the_gateway_lists_its_flows() -> None:
    model = one(
        start(), xor("g"), script("a", "way = 'a'"), script("b", "way = 'b'"), "start > g", "g > a if x", "g > b if x"
    )
    listed = model.replace(
        b'<exclusiveGateway id="g">',
        b'<exclusiveGateway id="g"><outgoing>g__b</outgoing><outgoing>g__a</outgoing>',
    )
    with ProcessTest([listed]) as t:
        assert t.start("p", {"x": True}).data["way"] == "b"
