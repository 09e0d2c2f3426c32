"""Tokens moved, added and cancelled by hand: what stands where afterwards, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from engine.errors import CommandRefused
from engine.history import _waits
from engine.modification import AddToken, CancelToken, Instruction, MoveToken, carry_out
from engine.tables import History, Instance, Job, Subscription
from engine.testing import Case, ProcessTest
from tests.engine.harness import Running
from tests.engine.models import (
    Node,
    both,
    boundary,
    call,
    catch,
    diagram,
    each,
    end,
    error,
    event_sub,
    first,
    link,
    loop,
    message,
    one,
    process,
    receive,
    script,
    scripts,
    service,
    signal,
    some,
    start,
    sub,
    task,
    terminate,
    throw,
    timer,
    undo,
    undone_by,
    user,
    xor,
)
from tests.engine.test_suspension import external

Content = list[Node | str]


def refused(t: ProcessTest, case: Case, *instructions: Instruction, **more: Any) -> CommandRefused:
    """The refusal of a modification, which has changed nothing."""

    def row(session: Any) -> tuple[int, bytes]:
        instance = session.get_one(Instance, case.id)
        return instance.revision, instance.state

    before = t.read(row)
    with pytest.raises(CommandRefused) as refusal:
        t.modify(case, *instructions, **more)
    assert refusal.value.message
    assert t.read(row) == before
    return refusal.value


# The truth table: what a token is placed before, and where that element is.


@dataclass(frozen=True)
class Target:
    """An element `x` that leads to the user task `after`: what waits once a token was placed before `x`."""

    content: Content
    waiting: list[str] | str
    """Or the code of the refusal."""
    flow: str | None = None
    called: tuple[Node, ...] = ()


TARGETS = {
    "user task": Target([user("x"), "x > after"], ["x"]),
    "plain task": Target([task("x"), "x > after"], ["after"]),
    "script task": Target([script("x", "n = 1"), "x > after"], ["after"]),
    "service task": Target([service("x"), "x > after"], ["after"]),
    "receive task": Target([receive("x", "x"), "x > after"], ["x"]),
    "message event": Target([catch("x", message("x")), "x > after"], ["x"]),
    "throw event": Target([throw("x", signal("nobody")), "x > after"], ["after"]),
    "end event": Target([end("x"), "w > x", "w > after"], []),
    "link": Target([throw("x", link("l")), catch("landing", link("l")), "landing > after"], ["after"]),
    "landing of a link": Target([throw("leap", link("l")), catch("x", link("l")), "w > leap", "x > after"], ["after"]),
    "exclusive gateway": Target([xor("x"), "x > after"], ["after"]),
    "event-based gateway": Target(
        [first("x"), catch("m_1", message("m_1")), catch("m_2", message("m_2")), "x > m_1 > after", "x > m_2 > after"],
        ["m_1", "m_2"],
    ),
    "parallel split": Target([both("x"), user("x1"), user("x2"), "x > x1", "x > x2 > after"], ["x1", "x2"]),
    "parallel join": Target([both("x"), task("x1"), "w > x1 > x > after", "w > x"], "flow_needed"),
    "inclusive join": Target([some("x"), task("x1"), "w > x1 > x > after", "w > x"], "flow_needed"),
    "parallel join by a flow": Target([both("x"), task("x1"), "w > x1 > x > after", "w > x"], [], flow="x1__x"),
    "inclusive join that nothing can reach": Target(
        [some("x"), task("x1"), "w > x1 > x > after", "w > x"], ["after"], flow="x1__x"
    ),
    "sub-process": Target([sub("x", start("xi"), user("xu"), "xi > xu"), "x > after"], ["xu"]),
    "multi-instance task": Target([user("x", each("items", "item")), "x > after"], ["x", "x"]),
    "sequential task": Target([user("x", each("items", "item", sequential=True)), "x > after"], ["x"]),
    "standard loop": Target([user("x", loop("False", "2")), "x > after"], ["x"]),
    "call activity": Target(
        [call("x", "called"), "x > after"], ["cu"], called=(process("called", start("cs"), user("cu"), "cs > cu"),)
    ),
    "boundary event": Target(
        [user("host"), boundary("x", "host", message("m_b")), "w > host > after"], "target_boundary"
    ),
    "event sub-process": Target(
        [event_sub("x", start("es", message("m_e")), user("eu"), "es > eu"), "w > after"], "target_event_subprocess"
    ),
    "start of an event sub-process": Target(
        [event_sub("e", start("x", message("m_e")), user("eu"), "x > eu"), "w > after"], "target_event_subprocess"
    ),
    "inside of an event sub-process": Target(
        [event_sub("e", start("es", message("m_e")), user("x"), "es > x"), "w > after"], "event_subprocess_closed"
    ),
    "element that is not there": Target(["w > after"], "element_unknown"),
}  # fmt: skip


def scope_of(target: Target) -> Content:
    """The nodes and flows around the target. `w` leads to `x`, unless the target says otherwise."""
    flows = [part for part in target.content if isinstance(part, str)]
    leads = any(part.startswith("w >") for part in flows)
    return [user("w"), user("after"), *target.content, *([] if leads else ["w > x"])]


def in_root(content: Content) -> Content:
    return [start(), *content, "start > w"]


def in_closed(content: Content) -> Content:
    inner = sub("s", start("i"), *content, "i > w")
    return [start(), user("ahead"), inner, user("out"), "start > ahead > s > out"]


def in_open(content: Content) -> Content:
    return [start(), sub("s", start("i"), *content, "i > w"), user("out"), "start > s > out"]


def in_instances(content: Content) -> Content:
    inner = sub("s", start("i"), *content, each("items", "each"), "i > w")
    return [start(), inner, user("out"), "start > s > out"]


def in_branch(content: Content) -> Content:
    return [start(), both("f"), user("beside"), *content, "start > f > w", "f > beside"]


BEFORE_THE_INSTANCE = ("element_unknown", "flow_needed", "target_boundary", "target_event_subprocess")
"""What is refused before it matters which instance is meant."""

PLACES: dict[str, tuple[Callable[[Content], Content], list[str]]] = {
    "the process": (in_root, ["w"]),
    "a closed sub-process": (in_closed, ["ahead"]),
    "an open sub-process": (in_open, ["w"]),
    "one of several instances": (in_instances, ["w", "w"]),
    "a parallel branch": (in_branch, ["w", "beside"]),
}


def waiting(running: Running) -> list[str]:
    return [token.task_spec.name for token in running.case.tokens.values() if _waits(token)]


def play_on(running: Running) -> None:
    """Let everything that can happen happen, until the case has ended."""
    while places := waiting(running):
        if places[0] in running.open_tasks:
            running.complete(places[0])
        else:
            running.message(places[0])
    assert running.completed
    assert running.incidents == {}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", TARGETS)
def test_a_token_placed_by_hand_enters_its_element_wherever_that_is(kind: str, place: str) -> None:
    target = TARGETS[kind]
    build, waits = PLACES[place]
    model = diagram(process("p", *build(scope_of(target))), *target.called)
    running = Running(model, {"items": [1, 2]}, restarted=True)
    assert waiting(running) == waits
    scope = None
    if place == "one of several instances" and target.waiting not in BEFORE_THE_INSTANCE:
        with pytest.raises(CommandRefused) as ambiguous:
            carry_out(running.case, [AddToken("x", flow=target.flow)])
        assert ambiguous.value.code == "token_ambiguous"
        scope = ambiguous.value.details["tokens"][0]["token"]
    if isinstance(target.waiting, str):
        with pytest.raises(CommandRefused) as refusal:
            carry_out(running.case, [AddToken("x", scope, target.flow)])
        assert refusal.value.code == target.waiting
        return
    carry_out(running.case, [AddToken("x", scope, target.flow)])
    running.step()
    # A sub-process that was opened for an end is over with it, and goes on.
    further = ["out"] if kind == "end event" and place == "a closed sub-process" else target.waiting
    assert sorted(waiting(running)) == sorted(waits + further)
    assert running.incidents == {}
    if kind != "parallel join by a flow":  # its surplus token waits for ever, as the standard says
        play_on(running)


# Moving


def test_moving_takes_the_token_from_where_it_stands_and_nothing_is_done_there() -> None:
    model = one(
        start(), user("a"), user("b"), end(), boundary("t", "a", timer("PT1H")), user("late"),
        "start > a > b > end", "t > late",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("a", "b"), data={"x": 1}, reason="a was done on paper")
        assert (case.waiting, case.data, case.trace) == (["b"], {"x": 1}, ["start"])
        t.advance(hours=2)
        assert case.waiting == ["b"]
        assert t.read(lambda session: session.scalars(select(Job.id)).all()) == []
        t.complete("b")
        assert case.status == "completed"


def test_who_moved_what_why_from_where_to_where_stands_in_the_history() -> None:
    with ProcessTest([one(start(), user("a"), user("b"), "start > a > b")]) as t:
        case = t.start("p")
        t._command(lambda c: c.modify(case.id, [MoveToken("a", "b")], data={"x": 1}, reason="because"), "gx01")
        query = select(History).where(History.instance_id == case.id, History.action == "modified")
        [line] = t.read(lambda session: session.scalars(query).all())
        assert line.actor == "gx01"
        assert line.details == {
            "instructions": [{"do": "move", "token": 1 + 1, "from": "a", "to": "b"}],
            "reason": "because",
            "data": {"x": 1},
        }


def test_what_a_placed_token_enters_is_armed_and_its_pre_script_has_run() -> None:
    model = one(
        start(), user("a"), user("b", scripts(before="ready = 1")), boundary("t", "b", timer("PT1H")), user("late"),
        "start > a > b", "t > late",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("a", "b"))
        assert case.data == {"ready": 1}
        t.advance(hours=1)
        assert case.waiting == ["late"]


def test_moving_the_last_token_out_of_sub_processes_takes_them_along_and_they_do_not_go_on() -> None:
    inner = sub("s", start("i"), sub("s2", start("i2"), user("a"), "i2 > a"), user("after_s2"), "i > s2 > after_s2")
    model = one(start(), inner, user("out"), user("far"), "start > s > out > far")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("a", "far"))
        assert case.waiting == ["far"]
        t.complete("far")
        assert (case.status, case.trace) == ("completed", ["start", "i", "i2", "far"])


def test_moving_one_of_two_tokens_out_leaves_the_sub_process_with_the_other() -> None:
    inner = sub("s", start("i"), both("f"), user("a"), user("b"), "i > f > a", "f > b")
    with ProcessTest([one(start(), inner, user("out"), user("far"), "start > s > out > far")]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("a", "far"))
        assert sorted(case.waiting) == ["b", "far"]
        t.complete("b")
        assert sorted(case.waiting) == ["far", "out"]


def test_moving_within_a_sub_process_keeps_it_open_with_what_is_armed_on_it() -> None:
    inner = sub("s", start("i"), user("a"), user("b"), "i > a > b")
    model = one(start(), inner, boundary("t", "s", timer("PT1H")), user("late"), "start > s", "t > late")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.advance(minutes=30)
        t.modify(case, MoveToken("a", "b"))
        assert case.waiting == ["b"]
        t.advance(minutes=30)
        assert case.waiting == ["late"]


def test_a_token_can_be_moved_out_of_a_called_process_and_within_it() -> None:
    called = process("c", start("cs"), user("a"), user("b"), "cs > a > b")
    model = diagram(process("p", start(), call("k", "c"), user("out"), user("far"), "start > k > out > far"), called)
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("a", "b"))
        assert case.waiting == ["b"]
        t.modify(case, MoveToken("b", "far"))
        assert case.waiting == ["far"]
        assert refused(t, case, MoveToken("far", "a")).code == "element_unknown"


def test_a_process_called_twice_at_once_must_be_named() -> None:
    called = process("c", start("cs"), user("a"), user("b"), "cs > a > b")
    content: Content = [start(), both("f"), call("k1", "c"), call("k2", "c"), "start > f > k1", "f > k2"]
    with ProcessTest([diagram(process("p", *content), called)]) as t:
        case = t.start("p")
        ambiguous = refused(t, case, AddToken("b"))
        assert (ambiguous.code, [x["element_id"] for x in ambiguous.details["tokens"]]) == (
            "token_ambiguous", ["k1", "k2"],
        )  # fmt: skip
        t.modify(case, AddToken("b", scope=ambiguous.details["tokens"][1]["token"]))
        assert sorted(case.waiting) == ["a", "a", "b"]


def test_one_instance_of_several_is_named_by_its_token_and_cannot_be_emptied_by_a_move() -> None:
    inner = sub("s", start("i"), user("a"), user("b"), each("items", "item"), "i > a > b")
    with ProcessTest([one(start(), inner, user("out"), "start > s > out")]) as t:
        case = t.start("p", {"items": [1, 2]})
        tokens = refused(t, case, MoveToken("a", "b")).details["tokens"]
        assert refused(t, case, MoveToken(tokens[0]["token"], "out")).code == "inside_loop"
        assert refused(t, case, MoveToken(tokens[0]["token"], "b")).code == "token_ambiguous"
        t.modify(case, CancelToken(tokens[0]["token"]))
        assert case.waiting == ["a"]
        t.modify(case, MoveToken("a", "b"))
        assert case.waiting == ["b"]
        t.complete("b")
        assert case.waiting == ["out"]


def test_a_whole_loop_moves_as_one_and_its_instances_do_not_move_alone() -> None:
    with ProcessTest([one(start(), user("a", each("items", "item")), user("b"), "start > a > b")]) as t:
        case = t.start("p", {"items": [1, 2]})
        instances = t.read(lambda session: session.get_one(Instance, case.id))
        with t.engine.command(t.session) as command:
            tokens = command.restore(instances).tokens
            inner = [token.id for token in tokens.values() if "instance_of" in token.internal_data]
        assert refused(t, case, MoveToken(inner[0], "b")).code == "token_dependent"
        t.modify(case, MoveToken("a", "b"))
        assert case.waiting == ["b"]


def test_events_that_race_after_a_gateway_move_together() -> None:
    model = one(
        start(), first("g"), catch("m1", message("M1")), catch("m2", message("M2")), user("a"), user("b"),
        "start > g > m1 > a", "g > m2 > b",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("m1", "b"))
        assert case.waiting == ["b"]
        assert t.read(lambda session: session.scalars(select(Subscription.token)).all()) == []


def test_a_join_counts_a_token_by_the_flow_that_is_named() -> None:
    model = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    with ProcessTest([model]) as t:
        case = t.start("p")
        needed = refused(t, case, MoveToken("a", "j"))
        assert (needed.code, needed.details["flows"]) == ("flow_needed", ["a__j", "b__j"])
        assert refused(t, case, MoveToken("a", "j", flow="f__a")).code == "flow_unknown"
        t.modify(case, MoveToken("a", "j", flow="a__j"))
        assert case.waiting == ["b"]
        t.complete("b")
        assert case.waiting == ["c"]


def test_a_token_that_waits_in_a_join_can_be_moved_on() -> None:
    model = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.complete("a")
        t.modify(case, CancelToken("b"), MoveToken("j", "c"))
        assert (case.waiting, case.status) == (["c"], "running")


# Cancelling


def test_the_last_token_of_a_scope_ends_it_and_it_goes_on() -> None:
    inner = sub("s", start("i"), user("a"), "i > a")
    with ProcessTest([one(start(), inner, user("out"), "start > s > out")]) as t:
        case = t.start("p")
        t.modify(case, CancelToken("a"))
        assert case.waiting == ["out"]
        t.modify(case, CancelToken("out"))
        assert (case.status, case.waiting) == ("completed", [])


def test_a_cancelled_branch_that_a_join_needs_leaves_an_incident_there() -> None:
    model = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.complete("a")
        t.modify(case, CancelToken("b"))
        assert [(i.element_id, i.code) for i in case.incidents] == [("j", "stuck")]
        t.modify(case, AddToken("j", flow="b__j"))
        assert (case.waiting, case.incidents) == (["c"], [])


def test_what_has_failed_can_be_moved_past() -> None:
    with ProcessTest([one(start(), script("s", "x = 1 / 0"), user("a"), "start > s > a")]) as t:
        case = t.start("p")
        assert case.status == "failed"
        t.modify(case, MoveToken("s", "a"))
        assert (case.status, case.waiting, case.incidents) == ("running", ["a"], [])


def test_a_running_job_that_is_moved_past_is_not_done() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        raise ValueError("not yet")

    with ProcessTest([one(start(), service("s"), user("a"), "start > s > a")], registry=external(work)) as t:
        case = t.start("p")
        t.modify(case, MoveToken("s", "a"))
        t.advance(days=1)
        assert (case.waiting, calls) == (["a"], [1])


def test_a_terminate_end_and_an_error_end_work_for_a_placed_token() -> None:
    inner = sub("s", start("i"), user("a"), end("bad", error("E")), "i > a > bad")
    model = one(
        start(), both("f"), inner, boundary("e", "s", error("E")), user("caught"), user("b"), end("stop", terminate()),
        "start > f > s", "f > b > stop", "e > caught",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("a", "bad"))
        assert sorted(case.waiting) == ["b", "caught"]
        t.modify(case, AddToken("stop"))
        assert case.status == "completed"


# Refusals


def test_instructions_happen_together_or_not_at_all() -> None:
    with ProcessTest([one(start(), user("a"), user("b"), "start > a > b")]) as t:
        case = t.start("p")
        assert refused(t, case, MoveToken("a", "b"), CancelToken("a"), data={"x": 1}).code == "token_unknown"
        assert refused(t, case).code == "nothing_to_do"
        assert refused(t, case, CancelToken(99)).code == "token_unknown"
        assert refused(t, case, AddToken("b", scope=99)).code == "scope_unknown"
        assert case.waiting == ["a"]


def test_what_one_instruction_opens_the_next_can_change() -> None:
    with ProcessTest([one(start(), user("w"), sub("s", user("a"), user("b")), "start > w > s")]) as t:
        case = t.start("p")
        t.modify(case, MoveToken("w", "s"), CancelToken("a"))
        assert case.waiting == ["b"]


def test_an_element_that_is_not_inside_the_named_scope_is_refused() -> None:
    content: Content = [start(), sub("s", start("i"), user("a"), "i > a"), user("b"), "start > s > b"]
    with ProcessTest([one(*content)]) as t:
        case = t.start("p")
        with t.engine.command(t.session) as command:
            [host] = command.restore(command.session.get_one(Instance, case.id)).subprocesses
        assert refused(t, case, AddToken("b", scope=host)).code == "element_elsewhere"


def test_a_closed_loop_cannot_be_entered_in_its_middle() -> None:
    inner = sub("s", start("i"), user("a"), each("items", "item"), "i > a")
    with ProcessTest([one(start(), user("w"), inner, "start > w > s")]) as t:
        case = t.start("p", {"items": [1]})
        assert refused(t, case, MoveToken("w", "a")).code == "loop_closed"
        t.modify(case, MoveToken("w", "s"))
        assert case.waiting == ["a"]


def test_a_sub_process_that_cannot_be_opened_is_refused_with_the_reason() -> None:
    inner = sub("s", scripts(before="x = 1 / 0"), start("i"), user("a"), "i > a")
    with ProcessTest([one(start(), user("w"), inner, "start > w > s")]) as t:
        case = t.start("p")
        assert refused(t, case, MoveToken("w", "a")).code == "scope_fails"


def test_ended_and_suspended_cases_are_not_modified() -> None:
    with ProcessTest([one(start(), user("a"), user("b"), "start > a > b")]) as t:
        case = t.start("p")
        t.suspend(case)
        assert refused(t, case, MoveToken("a", "b")).code == "instance_suspended"
        t.cancel(case)
        assert refused(t, case, MoveToken("a", "b")).code == "instance_ended"


def test_armed_events_do_not_move_by_themselves() -> None:
    model = one(start(), user("a"), boundary("t", "a", timer("PT1H")), user("b"), "start > a > b", "t > b")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert refused(t, case, CancelToken("t")).code == "token_unknown"
        [armed] = t.read(lambda session: session.scalars(select(Job.token)).all())
        assert armed is not None
        assert refused(t, case, CancelToken(armed)).code == "token_dependent"


def test_a_sub_process_that_is_opened_takes_in_its_data() -> None:
    data = [
        Node("ioSpecification", {}, [Node("dataInput", {"id": "taken"})]),
        Node("dataInputAssociation", {}, [Node("sourceRef", {}, ["x"]), Node("targetRef", {}, ["taken"])]),
    ]
    inner = sub("s", *data, start("i"), user("a"), script("b", "y = taken + 1"), "i > a > b")
    with ProcessTest([one(start(), user("w"), inner, "start > w > s")]) as t:
        case = t.start("p", {"x": 1})
        t.modify(case, MoveToken("w", "a"))
        t.complete("a")
        assert case.data == {"x": 1, "y": 2}


def test_what_undoes_can_be_taken_away_and_the_rest_is_still_undone() -> None:
    activities = [part for id in ("a", "b") for part in (task(id), *undone_by(id, undo(f"not_{id}", tag="userTask")))]
    back = throw("back", Node("compensateEventDefinition"))
    with ProcessTest([one(start(), *activities, back, end(), "start > a > b > back > end")]) as t:
        case = t.start("p")
        assert refused(t, case, MoveToken("not_b", "not_a")).code == "target_compensation"
        t.modify(case, CancelToken("not_b"))
        assert case.waiting == ["not_a"]
        t.complete("not_a")
        assert case.status == "completed"
        assert case.trace[-3:] == ["not_a", "back", "end"]
