"""Joins, loops, sub-processes and calls go along to another version, or are told by element why they cannot."""

from __future__ import annotations

import pytest

from engine.testing import ProcessTest
from tests.engine.crossing import blocked, codes, preview
from tests.engine.models import (
    Node,
    both,
    call,
    catch,
    diagram,
    each,
    loop,
    manual,
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
    throw,
    timer,
    times,
    undo,
    undone_by,
    user,
    when,
)
from tests.engine.test_suspension import external

# Joins, loops, scopes, calls


def test_a_join_keeps_what_has_arrived_by_the_flows_of_the_new_version() -> None:
    old = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    new = one(start(), both("f"), user("a2"), user("b"), both("j2"), user("c"),
              "start > f > a2 > j2 > c", "f > b > j2")  # fmt: skip
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("j", "element_gone")]
        assert codes(blocked(t, case, 2, {"j": "j2"})) == [("j", "flow_gone")]
        t.migrate(case, 2, {"j": "j2", "a": "a2"})
        t.complete("b")
        assert case.waiting == ["c"]


def test_a_flow_can_be_mapped_by_its_own_id() -> None:
    old = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    new = one(start(), both("f"), task("x"), user("b"), both("j"), user("c"), "start > f > x > j > c", "f > b > j")
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("j", "flow_gone")]
        t.migrate(case, 2, {"a__j": "x__j"})
        t.complete("b")
        assert case.waiting == ["c"]


def test_a_join_that_waits_for_less_in_the_new_version_goes_on() -> None:
    flows = ["start > f > a > j > d", "f > b > j"]
    old = one(start(), both("f"), user("a"), user("b"), user("c"), both("j"), user("d"), *flows, "f > c > j")
    new = one(start(), both("f"), user("a"), user("b"), user("c"), both("j"), user("d"), *flows, "f > c > d")
    for suspended in (False, True):
        with ProcessTest([old]) as t:
            case = t.start("p")
            t.complete("a")
            t.complete("b")
            t.deploy([new])
            if suspended:
                t.suspend(case)
            t.migrate(case, 2)
            if suspended:
                assert case.waiting == ["c"]
                t.resume(case)
            assert sorted(case.waiting) == ["c", "d"]


def test_two_waiting_joins_cannot_become_one() -> None:
    old = one(
        start(), both("f"), user("a"), user("b"), user("c"), user("d"), both("j1"), both("j2"), user("x"),
        "start > f > a > j1 > x", "f > b > j1", "f > c > j2 > x", "f > d > j2",
    )  # fmt: skip
    new = one(
        start(), both("f"), user("a"), user("b"), user("c"), user("d"), both("j"), user("x"),
        "start > f > a > j > x", "f > b > j", "f > c > j", "f > d > j",
    )  # fmt: skip
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a")
        t.complete("c")
        t.deploy([new])
        assert codes(blocked(t, case, 2, {"j1": "j", "j2": "j"})) == [("j2", "joins_merged")]


def test_tokens_inside_sub_processes_go_along_and_a_changed_scope_blocks() -> None:
    inner = sub("s", start("i"), user("a"), user("b"), "i > a > b")
    flat: list[Node | str] = [start(), user("a"), user("b"), user("out"), "start > a > b > out"]
    deeper = sub("s", start("i"), sub("s2", start("i2"), user("a"), "i2 > a"), user("b"), "i > s2 > b")
    with ProcessTest([one(start(), inner, user("out"), "start > s > out")]) as t:
        case = t.start("p")
        t.deploy([one(*flat)])
        t.deploy([one(start(), deeper, user("out"), "start > s > out")])
        renamed = sub("r", start("i"), user("a"), user("new"), user("b"), "i > a > new > b")
        t.deploy([one(start(), renamed, user("out"), "start > r > out")])
        assert codes(blocked(t, case, 2)) == [("s", "element_gone")]
        assert codes(blocked(t, case, 3)) == [("a", "scope_changed")]
        assert codes(blocked(t, case, 4)) == [("s", "element_gone")]
        t.migrate(case, 4, {"s": "r"})
        t.complete("a")
        t.complete("new")
        t.complete("b")
        assert case.waiting == ["out"]


def test_a_called_process_keeps_its_version_unless_it_is_given_one() -> None:
    def model(step: str, after: str) -> bytes:
        called = process("c", start("cs"), user("a"), user(step), f"cs > a > {step}")
        return diagram(process("p", start(), call("k", "c"), user(after), f"start > k > {after}"), called)

    for given in ({}, {"c": 2}):
        with ProcessTest([model("old", "old_after")]) as t:
            case = t.start("p", {"x": 1})
            t.deploy([model("new", "new_after")])
            t.migrate(case, 2, called=given)
            t.restart()
            t.complete("a", {"y": 2})
            assert case.waiting == (["new"] if given else ["old"])
            t.complete(case.waiting[0])
            assert case.waiting == ["new_after"]
            assert case.data == {"x": 1, "y": 2}


def test_a_called_process_alone_can_be_given_another_version() -> None:
    caller = one(start(), call("k", "c"), user("after"), "start > k > after")
    old = one(start("cs"), user("a"), user("old"), "cs > a > old", id="c")
    new = one(start("cs"), user("a2"), user("new"), "cs > a2 > new", id="c")
    with ProcessTest([old]) as t:
        t.deploy([caller])
        case = t.start("p")
        t.deploy([new])
        t.migrate(case, 1, {"a": "a2"}, called={"c": 2})
        t.complete("a2")
        assert case.waiting == ["new"]


def booked(handler: str = "free", activity: str = "book") -> bytes:
    return one(
        start(), task(activity), *undone_by(activity, undo(handler)), user("a"),
        throw("back", Node("compensateEventDefinition")),
        f"start > {activity} > a > back",
    )  # fmt: skip


def test_what_may_still_have_to_be_undone_goes_along() -> None:
    with ProcessTest([booked()]) as t:
        case = t.start("p")
        t.deploy([booked("refund", "reserve")])
        assert codes(preview(t, case).blocks) == [("book", "undo_changed")]
        t.migrate(case, version=2, mapping={"book": "reserve"})
        t.restart()
        t.complete("a")
        assert case.trace == ["start", "book", "a", "refund", "back"]


# What blocks

BLOCKS: dict[str, tuple[Node, Node, str]] = {
    "user task to service task": (user("x"), service("x"), "type_changed"),
    "user task to manual task": (user("x"), manual("x"), ""),
    "user task to call activity": (user("x"), call("x", "other"), "type_changed"),
    "sub-process to call activity": (sub("x", start("i"), user("u"), "i > u"), call("x", "other"), "type_changed"),
    "call activity to sub-process": (call("x", "other"), sub("x", start("i"), user("u"), "i > u"), "type_changed"),
    "message to timer": (catch("x", message("M")), catch("x", timer("PT1H")), "event_changed"),
    "signal to condition": (catch("x", signal("S")), catch("x", when("y > 1")), "event_changed"),
    "message event to receive task": (catch("x", message("M")), receive("x", "M"), "type_changed"),
    "instances to none": (user("x", times("2")), user("x"), "loop_changed"),
    "none to instances": (user("x"), user("x", times("2")), "loop_changed"),
    "parallel to sequential": (user("x", times("2")), user("x", times("2", sequential=True)), "loop_changed"),
    "loop to instances": (user("x", loop("True", "5")), user("x", times("2")), "loop_changed"),
    "answers no longer collected": (
        user("x", each("items", "item", out="answers", out_item="y")), user("x", each("items", "item")), "loop_changed",
    ),
    "answers collected from now on": (
        user("x", each("items", "item")), user("x", each("items", "item", out="answers", out_item="y")), "loop_changed",
    ),
    "another number of instances": (user("x", times("2")), user("x", times("3")), ""),
    "another service while its job runs": (service("x", "work"), service("x", "other"), "service_changed"),
}  # fmt: skip


@pytest.mark.parametrize("what", BLOCKS)
def test_a_case_that_stands_on_what_became_something_else_is_blocked_by_name(what: str) -> None:
    old, new, code = BLOCKS[what]
    other = process("other", start("os"), user("ou"), "os > ou")

    def failing() -> None:
        raise ValueError("not yet")

    services = external(failing)
    services.add_callable("other", lambda: None)
    old.attributes["name"] = "Examine"
    with ProcessTest([diagram(process("p", start(), old, "start > x"), other)], registry=services) as t:
        case = t.start("p", {"items": [1, 2]})
        t.deploy([diagram(process("p", start(), new, "start > x"), other)])
        if not code:
            t.migrate(case, 2)
            assert case.version == 2
            return
        blocks = blocked(t, case)
        assert codes(blocks) == [("x", code)]
        assert blocks[0].element_name == "Examine"


def test_everything_that_blocks_is_named_at_once() -> None:
    flows = ["start > f > a", "f > m", "f > c"]
    old = one(start(), both("f"), user("a"), catch("m", message("M")), user("c"), *flows)
    new = one(start(), both("f"), service("a"), catch("m", timer("PT1H")), user("d"), "start > f > a", "f > m", "f > d")
    with ProcessTest([old], services={"work": lambda: None}) as t:
        case = t.start("p")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("a", "type_changed"), ("m", "event_changed"), ("c", "element_gone")]


def test_what_the_case_has_left_or_not_reached_does_not_block() -> None:
    with ProcessTest([one(start(), user("a"), user("b"), user("c"), "start > a > b > c")]) as t:
        case = t.start("p")
        t.complete("a")
        t.deploy([one(start(), user("b"), script("z", "x = 1"), "start > b > z")])
        t.migrate(case, 2)
        t.complete("b")
        assert (case.status, case.trace) == ("completed", ["start", "a", "b", "z"])


def test_an_incident_is_retried_on_the_new_version() -> None:
    with ProcessTest([one(start(), script("s", "x = 1 / 0"), user("a"), "start > s > a")]) as t:
        case = t.start("p")
        t.deploy([one(start(), script("t", "x = 1"), user("a"), "start > t > a")])
        t.migrate(case, 2, {"s": "t"})
        assert (case.status, [i.element_id for i in case.incidents]) == ("failed", ["t"])
        t.restart()
        t.retry(case)
        assert (case.waiting, case.data, case.incidents) == (["a"], {"x": 1}, [])
