"""Cases that wait for events go on waiting in another version, for what it says."""

from __future__ import annotations

import pytest

from engine.errors import CommandRefused
from engine.testing import ProcessTest
from tests.engine.crossing import again, blocked, codes, preview
from tests.engine.models import (
    Node,
    both,
    boundary,
    catch,
    error,
    event_sub,
    first,
    message,
    one,
    signal,
    start,
    sub,
    task,
    timer,
    user,
    when,
)

# Timers, messages, conditions


def test_a_timer_drawn_as_before_keeps_its_time_and_one_drawn_differently_begins_anew() -> None:
    def model(duration: str, other: str) -> bytes:
        return one(
            start(), user("a"), boundary("t", "a", timer(duration)), catch("w", timer(other)), both("f"),
            user("late"), user("woken"), "start > f > a", "f > w > woken", "t > late",
        )  # fmt: skip

    with ProcessTest([model("PT3H", "PT3H")]) as t:
        case = t.start("p")
        t.advance(hours=1)
        t.deploy([model("PT3H", "PT5H")])
        assert codes(preview(t, case).changes) == [("w", "timer")]
        t.migrate(case, 2)
        t.restart()
        t.advance(hours=2)
        assert sorted(case.waiting) == ["late", "w"]
        t.advance(hours=2, minutes=59)
        assert "woken" not in case.waiting
        t.advance(minutes=2)
        assert "woken" in case.waiting


def test_a_timer_that_cannot_be_worked_out_blocks() -> None:
    with ProcessTest([one(start(), catch("w", timer("PT3H")), "start > w")]) as t:
        case = t.start("p")
        t.deploy([one(start(), catch("w", timer("${deadline}")), "start > w")])
        assert codes(blocked(t, case)) == [("w", "event_fails")]


def test_a_message_is_waited_for_by_its_new_name_and_key() -> None:
    old = one(start(), catch("m", message("M", order="order")), user("a"), "start > m > a")
    new = one(start(), catch("m", message("N", customer="customer")), user("a"), "start > m > a")
    with ProcessTest([old]) as t:
        case = t.start("p", {"order": "A7", "customer": "C1"})
        other = t.start("p", {"order": "A8", "customer": "C2"})
        t.deploy([new])
        t.migrate(case, 2)
        t.migrate(other, 2)
        t.restart()
        with pytest.raises(CommandRefused):
            t.message("M", {"order": "A7"})
        t.message("N", {"customer": "C2"})
        assert (case.waiting, other.waiting) == (["m"], ["a"])


def test_a_message_drawn_as_before_keeps_the_key_it_was_waited_for_with() -> None:
    old = one(start(), both("f"), catch("m", message("M", k="k")), user("a"), "start > f > m", "f > a")
    with ProcessTest([old]) as t:
        case = t.start("p", {"k": 1})
        t.complete("a", {"k": 2})
        t.deploy([again(old)])
        t.migrate(case, 2)
        t.message("M", {"k": 1})
        assert case.status == "completed"


def test_who_waited_longest_still_does() -> None:
    model = one(start(), catch("m", message("M")), "start > m")
    with ProcessTest([model]) as t:
        first_case, second = t.start("p"), t.start("p")
        t.deploy([again(model)])
        t.migrate(first_case, 2)
        t.message("M")
        assert (first_case.status, second.status) == ("completed", "running")


def test_a_condition_that_holds_in_the_new_version_fires_at_once() -> None:
    def model(condition: str) -> bytes:
        return one(start(), catch("c", when(condition)), user("a"), "start > c > a")

    with ProcessTest([model("x > 5")]) as t:
        case = t.start("p", {"x": 3})
        t.deploy([model("x > 2")])
        assert codes(preview(t, case).changes) == [("c", "event")]
        assert case.waiting == ["c"]
        t.migrate(case, 2)
        assert case.waiting == ["a"]


def test_a_promised_message_reaches_a_case_that_was_migrated_meanwhile() -> None:
    def model(id: str) -> bytes:
        return one(start(), catch(id, message("M", variable="got")), user("a"), f"start > {id} > a")

    with ProcessTest([model("m")]) as t:
        case = t.start("p")
        t.suspend(case)
        t.message("M", payload={"n": 1})
        t.deploy([model("m2")])
        t.migrate(case, 2, {"m": "m2"})
        with pytest.raises(CommandRefused):
            t.message("M")
        t.resume(case)
        assert (case.waiting, case.data) == (["a"], {"got": {"n": 1}})


# Events on borders and in scopes


def test_events_that_the_new_version_adds_are_armed_and_those_it_lacks_disarmed() -> None:
    def model(*more: Node | str) -> bytes:
        inner = sub("s", start("i"), user("b"), "i > b")
        return one(start(), both("f"), user("a"), inner, user("x"), "start > f > a", "f > s", *more)

    old_listener = event_sub("e0", start("e0s", signal("OLD")), task("z0"), "e0s > z0")
    old = model(boundary("gone", "a", message("OLD")), old_listener, "gone > x")
    new = model(
        boundary("t", "a", timer("PT1H"), interrupting=False), boundary("m", "s", message("NEW")),
        boundary("er", "a", error("E")), event_sub("e1", start("e1s", signal("NEW"), interrupting=False), user("told"),
        "e1s > told"), "t > x", "m > x", "er > x",
    )  # fmt: skip
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.deploy([new])
        changes = codes(preview(t, case).changes)
        assert sorted(changes) == [
            ("e0s", "disarmed"), ("e1s", "armed"), ("gone", "disarmed"), ("m", "armed"), ("t", "armed"),
        ]  # fmt: skip
        t.migrate(case, 2)
        t.restart()
        with pytest.raises(CommandRefused):
            t.message("OLD")
        t.signal("OLD")
        assert sorted(case.waiting) == ["a", "b"]
        t.signal("NEW")
        t.message("NEW")
        t.advance(hours=1)
        assert sorted(case.waiting) == ["a", "told", "x", "x"]


def test_a_non_interrupting_timer_that_is_spent_is_not_armed_again() -> None:
    model = one(
        start(), user("a"), boundary("t", "a", timer("PT1H"), interrupting=False), user("x"), "start > a", "t > x",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.advance(hours=1)
        assert sorted(case.waiting) == ["a", "x"]
        t.deploy([again(model)])
        t.migrate(case, 2)
        t.advance(hours=5)
        assert sorted(case.waiting) == ["a", "x"]


def test_an_event_that_becomes_another_kind_on_a_border_is_armed_as_that() -> None:
    def model(event: Node) -> bytes:
        return one(start(), user("a"), boundary("e", "a", event), user("x"), "start > a", "e > x")

    with ProcessTest([model(message("M"))]) as t:
        case = t.start("p")
        t.deploy([model(timer("PT1H"))])
        assert codes(preview(t, case).changes) == [("e", "disarmed"), ("e", "armed")]
        t.migrate(case, 2)
        t.advance(hours=1)
        assert case.waiting == ["x"]


def test_an_interrupted_scope_hears_nothing_new() -> None:
    def model(*more: Node) -> bytes:
        return one(start(), user("a"), event_sub("e", start("es", message("M")), user("eu"), "es > eu"), *more,
                   "start > a")  # fmt: skip

    with ProcessTest([model()]) as t:
        case = t.start("p")
        t.message("M")
        t.deploy([model(event_sub("n", start("ns", signal("S")), user("nu"), "ns > nu"))])
        t.migrate(case, 2)
        t.signal("S")
        assert case.waiting == ["eu"]


def test_racing_events_are_added_and_taken_away() -> None:
    def model(*ids: str) -> bytes:
        flows = [f"g > {id} > after" for id in ids]
        return one(start(), first("g"), user("after"), *[catch(id, message(id)) for id in ids], "start > g", *flows)

    with ProcessTest([model("m1", "m2")]) as t:
        case = t.start("p")
        t.deploy([model("m2", "m3")])
        assert codes(preview(t, case).changes) == [("m1", "disarmed"), ("m3", "armed")]
        t.migrate(case, 2)
        t.restart()
        with pytest.raises(CommandRefused):
            t.message("m1")
        t.message("m3")
        assert case.waiting == ["after"]
        with pytest.raises(CommandRefused):
            t.message("m2")


def test_an_event_with_several_definitions_goes_along_while_they_are_of_the_same_kinds() -> None:
    def model(*events: Node) -> bytes:
        event = catch("c", events[0])
        event.body += events[1:]
        return one(start(), event, "start > c")

    with ProcessTest([model(message("M"), signal("S"))]) as t:
        case = t.start("p")
        t.deploy([model(message("N"), signal("S"))])
        t.deploy([model(message("N"))])
        assert ("c", "event_changed") in codes(preview(t, case, 3).blocks)
        t.migrate(case, version=2)
        t.message("N")
        assert case.status == "completed"
