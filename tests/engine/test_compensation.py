"""Compensation and transactions: undoing what has completed (BPMN 2.0 §10.7, §13.5.5)."""

from __future__ import annotations

import pytest

from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    catch,
    each,
    end,
    error,
    event_sub,
    one,
    script,
    start,
    sub,
    task,
    throw,
    timer,
    undo,
    undone_by,
    user,
)
from tests.engine.refused import codes


def undoing(activity: str = "") -> Node:
    return Node("compensateEventDefinition", {"activityRef": activity} if activity else {})


def cancelling() -> Node:
    return Node("cancelEventDefinition")


def transaction(id: str, *content: Node | str) -> Node:
    made = sub(id, *content)
    made.tag = "transaction"
    return made


BOOKED = [
    task("flight"),
    *undone_by("flight", undo("cancel_flight")),
    task("hotel"),
    *undone_by("hotel", undo("cancel_hotel")),
]


def test_what_has_completed_is_undone_in_reverse_order() -> None:
    model = one(start(), *BOOKED, throw("back", undoing()), end(), "start > flight > hotel > back > end")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "flight", "hotel", "cancel_hotel", "cancel_flight", "back", "end"]
        assert case.status == "completed"


def test_an_end_event_may_compensate() -> None:
    model = one(start(), *BOOKED, end("back", undoing()), "start > flight > hotel > back")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "flight", "hotel", "cancel_hotel", "cancel_flight", "back"]
        assert case.status == "completed"


def test_only_the_activity_that_is_named_is_undone() -> None:
    model = one(start(), *BOOKED, throw("back", undoing("flight")), end(), "start > flight > hotel > back > end")
    with ProcessTest([model]) as t:
        assert t.start("p").trace == ["start", "flight", "hotel", "cancel_flight", "back", "end"]


def test_what_has_not_completed_is_not_undone() -> None:
    model = one(start(), *BOOKED, throw("back", undoing()), end(), "start > flight > back > hotel > end")
    with ProcessTest([model]) as t:
        assert t.start("p").trace == ["start", "flight", "cancel_flight", "back", "hotel", "end"]


def test_nothing_is_undone_twice() -> None:
    model = one(
        start(), *BOOKED, throw("back", undoing()), throw("again", undoing()), "start > flight > hotel > back > again"
    )
    with ProcessTest([model]) as t:
        trace = t.start("p").trace
        assert trace.count("cancel_flight") == trace.count("cancel_hotel") == 1


def test_a_handler_that_waits_holds_up_the_throw_and_survives_a_restart() -> None:
    model = one(
        start(),
        task("a"),
        *undone_by("a", undo("undo_a", tag="userTask")),
        task("b"),
        *undone_by("b", undo("undo_b", tag="userTask")),
        throw("back", undoing()),
        end(),
        "start > a > b > back > end",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["undo_b"]
        t.restart()
        t.complete("undo_b")
        assert case.waiting == ["undo_a"]
        t.restart()
        t.complete("undo_a")
        assert case.trace[-4:] == ["undo_b", "undo_a", "back", "end"]


def test_what_can_be_undone_is_remembered_over_a_restart() -> None:
    model = one(
        start(),
        *BOOKED,
        user("decide"),
        throw("back", undoing()),
        end(),
        "start > flight > hotel > decide > back > end",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.restart()
        t.complete("decide")
        assert case.trace[4:] == ["cancel_hotel", "cancel_flight", "back", "end"]


def test_a_completed_sub_process_is_undone_from_the_inside() -> None:
    inner = sub("trip", start("i"), *BOOKED, end("j"), "i > flight > hotel > j")
    model = one(
        start(), inner, user("decide"), throw("back", undoing("trip")), end(), "start > trip > decide > back > end"
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.restart()
        t.complete("decide")
        assert case.trace[-4:] == ["cancel_hotel", "cancel_flight", "back", "end"]
        assert case.status == "completed"


def test_a_sub_process_with_an_event_on_its_border_is_undone_by_that_alone() -> None:
    inner = sub("trip", start("i"), *BOOKED, "i > flight > hotel")
    model = one(start(), inner, *undone_by("trip", undo("refund")), throw("back", undoing()), "start > trip > back")
    with ProcessTest([model]) as t:
        assert t.start("p").trace == ["start", "i", "flight", "hotel", "trip", "refund", "back"]


def test_a_compensation_event_sub_process_says_how_its_scope_is_undone() -> None:
    own_way = event_sub(
        "own", start("o", undoing()), script("note", "asked = True"), throw("rest", undoing()), "o > note > rest"
    )
    inner = sub("trip", start("i"), *BOOKED, own_way, "i > flight > hotel")
    model = one(
        start(), inner, user("decide"), throw("back", undoing("trip")), end(), "start > trip > decide > back > end"
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.restart()
        t.complete("decide")
        assert case.trace[6:] == ["o", "note", "cancel_hotel", "cancel_flight", "rest", "own", "back", "end"]
        assert case.data == {"asked": True}


def test_each_instance_is_undone_with_its_own_item() -> None:
    model = one(
        start(),
        script("book", "seen = (seen or []) + [room]", each("rooms", "room", sequential=True)),
        *undone_by("book", undo("free", script="freed = (freed or []) + [room]")),
        throw("back", undoing()),
        "start > book > back",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"rooms": ["r1", "r2", "r3"], "seen": None, "freed": None})
        assert case.data["freed"] == ["r3", "r2", "r1"]
        assert case.status == "completed"


def test_parallel_branches_go_on_while_one_undoes() -> None:
    model = one(
        start(),
        both("f"),
        task("a"),
        *undone_by("a", undo("undo_a", tag="userTask")),
        throw("back", undoing()),
        user("other"),
        "start > f > a > back",
        "f > other",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert sorted(case.waiting) == ["other", "undo_a"]
        t.complete("other")
        t.complete("undo_a")
        assert case.status == "completed"


def test_a_handler_that_fails_is_an_incident_and_is_retried() -> None:
    model = one(
        start(),
        task("a"),
        *undone_by("a", undo("undo_a", script="done = 1 / n")),
        throw("back", undoing()),
        end(),
        "start > a > back > end",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"n": 0})
        assert [i.element_id for i in case.incidents] == ["undo_a"]
        t.restart()
        t.retry(case, {"n": 1})
        assert case.status == "completed"
        assert case.trace[-3:] == ["undo_a", "back", "end"]


def test_undoing_ends_with_the_scope_that_asked_for_it() -> None:
    inner = sub(
        "s",
        start("i"),
        task("a"),
        *undone_by("a", undo("undo_a", tag="userTask")),
        throw("back", undoing()),
        "i > a > back",
    )
    model = one(start(), inner, boundary("late", "s", timer("PT1H")), task("on"), "start > s", "late > on")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["undo_a"]
        t.advance(hours=1)
        assert case.status == "completed"
        assert case.trace[-2:] == ["late", "on"]


def test_a_cancelled_transaction_is_undone_and_left_by_its_cancel_event() -> None:
    inner = transaction(
        "trip",
        start("i"),
        *BOOKED,
        both("f"),
        user("wait"),
        user("pay"),
        end("off", cancelling()),
        "i > flight > hotel > f > wait",
        "f > pay > off",
    )
    model = one(
        start(),
        inner,
        boundary("failed", "trip", cancelling()),
        task("sorry"),
        end(),
        "start > trip > end",
        "failed > sorry",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.restart()
        t.complete("pay")
        assert case.status == "completed"
        assert case.trace == [
            "start", "i", "flight", "hotel", "f", "pay", "cancel_hotel", "cancel_flight", "off", "failed", "sorry",
        ]  # fmt: skip


def test_a_transaction_that_succeeds_goes_on_and_can_still_be_undone() -> None:
    inner = transaction("trip", start("i"), *BOOKED, "i > flight > hotel")
    model = one(start(), inner, throw("back", undoing()), end(), "start > trip > back > end")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace == ["start", "i", "flight", "hotel", "trip", "cancel_hotel", "cancel_flight", "back", "end"]


def test_an_error_out_of_a_transaction_undoes_nothing() -> None:
    inner = transaction("trip", start("i"), *BOOKED, end("bad", error("E")), "i > flight > hotel > bad")
    model = one(start(), inner, boundary("caught", "trip", error("E")), task("on"), "start > trip", "caught > on")
    with ProcessTest([model]) as t:
        assert t.start("p").trace == ["start", "i", "flight", "hotel", "bad", "caught", "on"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([start(), task("a"), boundary("c", "a", undoing()), "start > a"], "compensation_without_handler"),
        ([start(), task("a"), undo("u"), "start > a"], "handler_unused"),
        ([start(), *BOOKED, "start > flight > hotel", "hotel > cancel_flight"], "handler_with_flow"),
        ([start(), task("a"), throw("c", undoing("a")), "start > a > c"], "compensation_target"),
        ([start(), end("c", cancelling()), "start > c"], "cancel_place"),
        ([start(), task("a"), boundary("c", "a", cancelling()), task("b"), "start > a", "c > b"], "cancel_place"),
        ([start(), transaction("t", start("i"), end("c", cancelling()), "i > c"), "start > t"], "cancel_uncaught"),
    ],
)
def test_compensation_that_makes_no_sense_is_refused(content: list[Node | str], code: str) -> None:
    assert code in [found for _, found in codes(one(*content))]


def test_a_compensation_start_waits_for_nothing_by_itself() -> None:
    own_way = event_sub("own", start("o", undoing()), task("x"), "o > x")
    inner = sub("s", start("i"), own_way, catch("w", timer("PT1H")), "i > w")
    with ProcessTest([one(start(), inner, "start > s")]) as t:
        case = t.start("p")
        assert case.waiting == ["w"]
        t.advance(hours=1)
        assert case.trace == ["start", "i", "w", "s"]
        assert case.status == "completed"
