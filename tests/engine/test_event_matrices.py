"""Boundary events and event sub-processes, cell by cell: kind × interrupting × where × thrown from where × restarted.

Every cell is driven to its end: nothing may stay behind, run twice, or be missed.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from tests.engine.harness import Running
from tests.engine.models import (
    Node,
    both,
    boundary,
    call,
    diagram,
    end,
    error,
    escalation,
    event_sub,
    message,
    process,
    signal,
    start,
    sub,
    throw,
    timer,
    times,
    user,
    when,
    xor,
)

EVENTS = {
    "message": lambda: message("M"),
    "signal": lambda: signal("S"),
    "timer": lambda: timer("PT1H"),
    "conditional": lambda: when("alarm == True"),
    "error": lambda: error("E"),
    "escalation": lambda: escalation("X"),
}
THROWS = {
    "message": lambda: throw("thrower", message("M")),
    "signal": lambda: throw("thrower", signal("S")),
    "error": lambda: end("thrower", error("E")),
    "escalation": lambda: throw("thrower", escalation("X")),
}
CELLS = [
    (kind, interrupting, thrown)
    for kind, interrupting, thrown in product(EVENTS, (True, False), ("inside", "outside", "never"))
    if not (kind == "error" and not interrupting)  # refused at deployment
    and not (kind in ("error", "escalation") and thrown == "outside")  # nobody outside can throw them
    and not (kind == "timer" and thrown == "inside")  # nobody throws the time
]


def scope_content(kind: str, *more: Node | str) -> list[Node | str]:
    """Somebody works; beside that somebody lets something be thrown, or not."""
    content: list[Node | str] = [start("begin"), both("fork"), user("work"), end("worked"), user("go"), xor("decide")]
    content += [end("calm"), "begin > fork > work > worked", "fork > go > decide", "decide > calm else", *more]
    after = user("after")
    if kind in THROWS:
        content += [THROWS[kind](), "decide > thrower if fire"]
        if kind != "error":
            content += [after, end("late"), "thrower > after > late"]
    else:
        content += [after, end("late"), "decide > after if fire", "after > late"]
    return content


def trigger(case: Running, kind: str, thrown: str) -> None:
    """Let it happen. Inside: by what the branch beside the work does."""
    if thrown == "inside":
        case.complete("go", {"fire": True, "alarm": True})
    elif kind == "message":
        case.message("M")
    elif kind == "signal":
        case.signal("S")
    elif kind == "timer":
        case.advance(hours=1)
    elif kind == "conditional":
        # A hand outside the scope changes the variable.
        case.complete("beside", {"alarm": True})


def finish(case: Running) -> None:
    for _ in range(30):
        if not case.open_tasks:
            break
        case.complete(case.open_tasks[0], {"fire": False})
    assert case.completed
    assert case.incidents == {}
    assert not case.case.tokens
    assert not case.case.subprocesses


def nested(content: list[Node | str], depth: int) -> bytes:
    """The content as a scope `depth` sub-processes deep, with a hand beside it at the top."""
    for level in range(depth):
        content = [
            start(f"in{level}"),
            sub(f"sub{level}", *content),
            end(f"out{level}"),
            f"in{level} > sub{level} > out{level}",
        ]
    top: list[Node | str] = [
        start("top"),
        both("split"),
        sub("scope", *content),
        user("beside"),
        both("join"),
        end("last"),
    ]
    top += ["top > split > scope > join > last", "split > beside > join"]
    return diagram(process("p", *top))


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(("kind", "interrupting", "thrown"), CELLS)
def test_an_event_sub_process(kind: str, interrupting: bool, thrown: str, depth: int, restarted: bool) -> None:
    handler = event_sub(
        "handler",
        start("heard", EVENTS[kind](), interrupting),
        user("handle"),
        end("handled"),
        "heard > handle > handled",
    )
    case = Running(nested(scope_content(kind, handler), depth), {"fire": False, "alarm": False}, restarted=restarted)
    assert Counter(case.open_tasks) == Counter(["beside", "work", "go"])
    if thrown == "never":
        finish(case)
        assert "handler" not in case.trace
        assert Counter(case.trace)["worked"] == 1
        return

    trigger(case, kind, thrown)
    beside = [] if kind == "conditional" and thrown == "outside" else ["beside"]
    if interrupting:
        assert case.open_tasks == [*beside, "handle"]
    else:
        going = ["after"] if thrown == "inside" else ["go"]
        assert Counter(case.open_tasks) == Counter([*beside, "work", "handle", *going])
        if kind in ("message", "signal"):
            trigger(case, kind, "outside")
            assert case.open_tasks.count("handle") == 2
        if kind == "timer":
            case.advance(hours=5)
            assert case.open_tasks.count("handle") == 1
    finish(case)
    assert case.trace.count("handler") == case.trace.count("heard") >= 1
    assert case.trace.count("worked") == (0 if interrupting else 1)
    assert case.trace.count("thrower") == (thrown == "inside" and kind in THROWS)
    assert case.trace[-1] == "last"


def host(kind: str, shape: str) -> tuple[list[Node | str], list[Node]]:
    if shape == "user":
        return [user("host")], []
    if shape == "instances":
        return [user("host", times("3"))], []
    if shape == "sub":
        return [sub("host", *scope_content(kind))], []
    return [call("host", "called")], [process("called", *scope_content(kind))]


BORDERS = [
    (*cell, shape)
    for cell, shape in product(CELLS, ("user", "instances", "sub", "call"))
    if not (shape in ("user", "instances") and cell[2] == "inside")  # nothing in there could throw
    and not (shape == "call" and cell[0] == "conditional" and cell[2] == "inside")  # its variables are its own
]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("kind", "interrupting", "thrown", "shape"), BORDERS)
def test_a_boundary_event(kind: str, interrupting: bool, thrown: str, shape: str, restarted: bool) -> None:
    content, called = host(kind, shape)
    top: list[Node | str] = [
        start("top"),
        both("split"),
        *content,
        boundary("heard", "host", EVENTS[kind](), interrupting),
    ]
    top += [user("handle"), user("beside"), user("next"), end("ended"), end("last"), end("aside")]
    top += ["top > split > host > next > last", "heard > handle > ended", "split > beside > aside"]
    case = Running(diagram(process("p", *top), *called), {"fire": False, "alarm": False}, restarted=restarted)
    inside = {"user": ["host"], "instances": ["host"] * 3}.get(shape, ["work", "go"])
    assert Counter(case.open_tasks) == Counter([*inside, "beside"])
    if thrown == "never":
        finish(case)
        assert "heard" not in case.trace
        assert "next" in case.trace
        return

    trigger(case, kind, thrown)
    beside = [] if kind == "conditional" and thrown == "outside" else ["beside"]
    if interrupting:
        assert Counter(case.open_tasks) == Counter([*beside, "handle"])
        assert len(case.case.tokens) == len(beside) + 1
    else:
        going = ["work", "after"] if thrown == "inside" else inside
        assert Counter(case.open_tasks) == Counter([*beside, "handle", *going])
        if kind in ("message", "signal"):
            trigger(case, kind, "outside")
            assert case.open_tasks.count("handle") == 2
        if kind == "timer":
            case.advance(hours=5)
            assert case.open_tasks.count("handle") == 1
    finish(case)
    assert ("next" in case.trace) is not interrupting
    assert case.trace.count("heard") >= 1
    assert case.trace.count("thrower") == (thrown == "inside" and kind in THROWS)
