"""Every way in which a case can wait, each with how it gets there and how it goes on to its end.

Fixtures of running cases are made of these (`tests.engine.keep_fixtures`), and migrations are tried on each.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.clock import MovableClock
from engine.services import Registry, service_task
from engine.tables import Instance
from engine.testing import Case, ProcessTest
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
    escalation,
    event_sub,
    first,
    loop,
    manual,
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
    throw,
    timer,
    undo,
    undone_by,
    until,
    user,
    when,
    xor,
)

START = datetime(2026, 3, 2, 1, tzinfo=UTC)

Step = list[Any]
"""What is done to a case, as JSON: the test kit's verb, then its arguments."""


@dataclass(frozen=True)
class Wait:
    """A diagram of process `p`, what brings a case to the wait, and what brings it from there to its end."""

    file: bytes
    after: Sequence[Step]
    before: Sequence[Step] = ()
    data: dict[str, Any] = field(default_factory=dict)


def take(test: ProcessTest, case: Case, steps: Sequence[Step]) -> None:
    for verb, *arguments in steps:
        if verb == "complete":
            test.complete(arguments[0], arguments[1] if len(arguments) > 1 else None, case)
        elif verb == "message":
            test.message(arguments[0], *arguments[1:])
        elif verb == "signal":
            test.signal(*arguments)
        elif verb == "advance":
            test.advance(**arguments[0])
        else:
            test.retry(case, *arguments)


def opened(file: bytes, **more: Any) -> ProcessTest:
    """The test kit with a clock that begins at `START` and a service `work` that succeeds at its second attempt."""
    return ProcessTest([file], registry=registry(), clock=MovableClock(START), **more)


def registry() -> Registry:
    """`work` is a job and gives 7, at its second attempt."""
    calls: list[int] = []

    @service_task("work", title="", effect="external", attempts=3)
    def work() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("not yet")
        return 7

    made = Registry()
    made.add_callable("work", work)
    return made


def document_of(instance: Instance) -> dict[str, Any]:
    """A case's saved state as the JSON that it is."""
    document: dict[str, Any] = json.loads(zlib.decompress(instance.state))
    return document


def packed(document: dict[str, Any]) -> bytes:
    """The bytes of such a state as the database keeps them."""
    return zlib.compress(json.dumps(document).encode())


def _straight(node: Node, *more: Node | str) -> bytes:
    id = node.attributes["id"]
    return one(start(), node, user("after"), end(), *more, f"start > {id} > after > end")


_FINISH: Step = ["complete", "after"]
_INNER = (start("i"), user("a"), user("b"), "i > a > b")
_EVERY_VALUE = (
    "amount = Decimal('1234.50')\nday = date(2026, 3, 2)\nmoment = datetime(2026, 3, 2, 9, 30)\n"
    "hour = time(9, 30)\nspan = timedelta(days=1, seconds=2)\n"
    "tree = {'$date': 'no tag', 'list': [None, True, 1, 1.5, '文', {'deep': [amount, day]}]}"
)
_SAME = (
    "same = [amount == Decimal('1234.50'), day == date(2026, 3, 2), moment == datetime(2026, 3, 2, 9, 30), "
    "hour == time(9, 30), span == timedelta(days=1, seconds=2), tree['list'][5]['deep'] == [amount, day]]"
)

WAITS: dict[str, Wait] = {
    "user-task": Wait(
        _straight(user("a", scripts("before = 1", "behind = 2"))), [["complete", "a", {"x": 1}], _FINISH]
    ),
    "manual-task": Wait(_straight(manual("a")), [["complete", "a"], _FINISH]),
    "timer": Wait(
        _straight(catch("w", timer("PT3H"))), [["advance", {"hours": 2}], _FINISH], [["advance", {"hours": 1}]]
    ),
    "message": Wait(
        _straight(catch("m", message("M", variable="got", order="order"))),
        [["message", "M", {"order": "A7"}, {"n": 1}], _FINISH],
        data={"order": "A7"},
    ),
    "receive-task": Wait(_straight(receive("m", "M", variable="got")), [["message", "M", {}, {"n": 1}], _FINISH]),
    "signal": Wait(_straight(catch("s", signal("S", variable="got"))), [["signal", "S", {"n": 1}], _FINISH]),
    "conditional": Wait(
        one(start(), both("f"), catch("c", when("x > 1")), user("a"), user("after"), "start > f > c > after", "f > a"),
        [["complete", "a", {"x": 2}], _FINISH],
        data={"x": 1},
    ),
    "service-job": Wait(_straight(service("s", "work", "result")), [["advance", {"minutes": 1}], _FINISH]),
    "parallel-join": Wait(
        one(
            start(), both("f"), xor("again"), user("a"), user("b"), both("j"), user("c"), user("done"),
            "start > f > again > a > j > c", "f > b > j", "f > done > again",
        ),
        [["complete", "b"], ["complete", "c"]],
        [["complete", "a"], ["complete", "done"], ["complete", "a"]],
    ),
    "inclusive-join": Wait(
        one(
            start(), some("f"), user("a"), user("b"), user("c"), some("j"), user("after"), end(),
            "start > f", "f > a if True", "f > b if True", "f > c if False", "a > j", "b > j", "c > j > after > end",
        ),
        [["complete", "b"], _FINISH],
        [["complete", "a"]],
    ),
    "parallel-instances": Wait(
        _straight(user("a", each("items", "item", until("nrOfCompletedInstances == 3"), out="answers", out_item="x"))),
        [["complete", "a", {"x": 2}], ["complete", "a", {"x": 3}], _FINISH],
        [["complete", "a", {"x": 1}]],
        {"items": ["p", "q", "r", "s"]},
    ),
    "sequential-instances": Wait(
        _straight(user("a", each("items", "item", sequential=True, out="answers", out_item="x"))),
        [["complete", "a", {"x": 2}], ["complete", "a", {"x": 3}], _FINISH],
        [["complete", "a", {"x": 1}]],
        {"items": {"p": 1, "q": 2, "r": 3}},
    ),
    "standard-loop": Wait(
        _straight(user("a", loop("n < 3", "5"))),
        [["complete", "a", {"n": 2}], ["complete", "a", {"n": 3}], _FINISH],
        [["complete", "a", {"n": 1}]],
        {"n": 0},
    ),
    "instances-of-a-sub-process": Wait(
        _straight(sub("s", *_INNER, each("items", "item"))),
        [["complete", "a"], ["complete", "b"], ["complete", "b"], _FINISH],
        [["complete", "a"]],
        {"items": [1, 2]},
    ),
    "sub-process": Wait(
        _straight(sub("s", start("o"), sub("s2", *_INNER), user("c"), "o > s2 > c")),
        [["complete", "b"], ["complete", "c"], _FINISH],
        [["complete", "a"]],
    ),
    "event-sub-process-listening": Wait(
        _straight(
            user("a"),
            event_sub("e1", start("e1s", message("M"), interrupting=False), user("e1u"), "e1s > e1u"),
            event_sub("e2", start("e2s", timer("PT2H")), user("e2u"), "e2s > e2u"),
            event_sub("e3", start("e3s", when("x > 1"), interrupting=False), user("e3u"), "e3s > e3u"),
            event_sub("e4", start("e4s", error("E")), "e4s > e4u", user("e4u")),
        ),
        [["message", "M"], ["complete", "a", {"x": 2}], ["complete", "e3u"], ["advance", {"hours": 2}],
         ["complete", "e2u"]],
        data={"x": 1},
    ),
    "event-sub-process-running": Wait(
        _straight(user("a"), event_sub("e", start("es", message("M", variable="got")), user("eu"), "es > eu")),
        [["complete", "eu"]],
        [["message", "M", {}, {"n": 1}]],
    ),
    "call-activity": Wait(
        diagram(
            process("p", start(), call("k", "c"), user("after"), end(), "start > k > after > end"),
            process("c", *_INNER),
        ),
        [["complete", "b", {"y": 2}], _FINISH],
        [["complete", "a", {"x": 1}]],
        {"given": 1},
    ),
    "boundary-events": Wait(
        _straight(
            user("a"),
            boundary("t", "a", timer("PT4H")), boundary("n", "a", timer(cycle="R3/PT1H"), interrupting=False),
            boundary("m", "a", message("M"), interrupting=False), boundary("g", "a", signal("S"), interrupting=False),
            boundary("c", "a", when("x > 1"), interrupting=False),
            user("late"), script("tick", "ticks = ticks + 1"), user("told"), user("rung"), user("true"),
            "t > late", "n > tick", "m > told", "g > rung", "c > true",
        ),
        [["message", "M"], ["signal", "S"], ["advance", {"minutes": 90}], ["complete", "told", {"x": 2}],
         ["complete", "rung"], ["complete", "true"], ["advance", {"hours": 2}], ["complete", "late"]],
        [["advance", {"minutes": 90}]],
        {"x": 1, "ticks": 0},
    ),
    "boundary-of-a-sub-process": Wait(
        _straight(
            sub("s", *_INNER, end("bad", error("E")), "b > bad"), boundary("e", "s", error("E")),
            boundary("x", "s", escalation("X"), interrupting=False), user("caught"), "e > caught", "x > caught",
        ),
        [["complete", "b"], ["complete", "caught"]],
        [["complete", "a"]],
    ),
    "event-based-gateway": Wait(
        one(
            start(), first("g"), catch("m", message("M")), catch("t", timer("PT1H")), receive("r", "R"), user("after"),
            "start > g > m > after", "g > t > after", "g > r > after",
        ),
        [["advance", {"minutes": 30}], _FINISH],
        [["advance", {"minutes": 30}]],
    ),
    "incident": Wait(_straight(script("s", "y = 1 / zero")), [["retry", {"zero": 2}], _FINISH], data={"zero": 0}),
    "incident-on-entering": Wait(
        _straight(user("a", scripts("y = 1 / zero"))),
        [["retry", {"zero": 2}], ["complete", "a"], _FINISH],
        data={"zero": 0},
    ),
    "incident-on-leaving": Wait(
        one(start(), xor("g"), user("a"), user("b"), "start > g", "g > a if x == 1", "g > b if x == 2"),
        [["retry", {"x": 2}], ["complete", "b"]],
        data={"x": 0},
    ),
    "every-kind-of-value": Wait(
        one(start(), script("s", _EVERY_VALUE), user("a"), script("same", _SAME), user("after"),
            "start > s > a > same > after"),
        [["complete", "a"], _FINISH],
    ),
    "timer-of-a-variable": Wait(
        one(start(), both("f"), user("a"), catch("t", timer("= pause")), "start > f > a", "f > t"),
        [["complete", "a", {"pause": "PT3H"}], ["advance", {"hours": 2}]],
        [["advance", {"hours": 1}]],
        {"pause": "P9D"},
    ),
    "several-events": Wait(
        _straight(Node("intermediateCatchEvent", {"id": "c", "parallelMultiple": "true"}, [message("M"), signal("S")])),
        [["message", "M"], _FINISH],
        [["signal", "S", {"n": 1}]],
    ),
    "complex-join": Wait(
        one(
            start(), both("f"), user("a"), user("b"), user("c"), user("after"), "start > f", "f > a > j", "f > b > j",
            "f > c > j", "j > after",
            Node("complexGateway", {"id": "j"}, [Node("activationCondition", {}, ["activationCount > 1"])]),
        ),
        [["complete", "b"], _FINISH, ["complete", "c"]],
        [["complete", "a"]],
    ),
    "tokens-in-a-bundle": Wait(
        one(
            start(), both("f"), user("a"), user("b"), user("after", startQuantity="2"), "start > f", "f > a > after",
            "f > b > after",
        ),
        [["complete", "b"], _FINISH],
        [["complete", "a"]],
    ),
    "data-inputs": Wait(
        _straight(
            user(
                "a",
                Node("ioSpecification", {}, [Node("dataInput", {"id": "taken"}), Node("dataOutput", {"id": "given"})]),
                Node("dataInputAssociation", {}, [Node("sourceRef", {}, ["x"]), Node("targetRef", {}, ["taken"])]),
                Node("dataOutputAssociation", {}, [Node("sourceRef", {}, ["given"]), Node("targetRef", {}, ["y"])]),
            )
        ),
        [["complete", "a", {"given": 7}], _FINISH],
        data={"x": 1},
    ),
    "what-can-be-undone": Wait(
        one(
            start(), sub("s", *_INNER, *undone_by("a", undo("not_a"))), user("c"), *undone_by("c", undo("not_c")),
            user("after"), throw("back", Node("compensateEventDefinition")), "start > s > c > after > back",
        ),
        [_FINISH],
        [["complete", "a"], ["complete", "b"], ["complete", "c"]],
    ),
    "undoing": Wait(
        one(
            start(), task("a"), *undone_by("a", undo("not_a", tag="userTask")), task("b"),
            *undone_by("b", undo("not_b", tag="userTask")), throw("back", Node("compensateEventDefinition")),
            user("after"), "start > a > b > back > after",
        ),
        [["complete", "not_a"], _FINISH],
        [["complete", "not_b"]],
    ),
}  # fmt: skip
