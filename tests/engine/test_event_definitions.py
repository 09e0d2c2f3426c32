"""Events with several or shared definitions, what begins a process, and timers that follow their variables."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.errors import CommandRefused
from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    catch,
    diagram,
    escalation,
    event_sub,
    first,
    message,
    one,
    process,
    receive,
    signal,
    start,
    sub,
    task,
    throw,
    timer,
    times,
    user,
)
from tests.engine.refused import codes

# Events with several or shared definitions


def several(event: Node, *definitions: Node, **attributes: str) -> Node:
    event.body += definitions
    event.attributes |= attributes
    return event


def test_an_event_with_several_definitions_catches_whichever_comes_first() -> None:
    event = several(catch("c", message("M")), signal("S"), timer("PT1H"))
    with ProcessTest([one(start(), event, task("on"), "start > c > on")]) as t:
        by_message, by_signal, by_time = (t.start("p") for _ in range(3))
        assert by_message.waiting == ["c"]
        t.restart()
        t.message("M", payload={"came": "message"})
        assert by_message.status == "completed"
        assert by_message.data == {"came": "message"}
        t.signal("S", payload={"came": "signal"})
        assert (by_signal.status, by_time.status) == ("completed", "completed")
        assert by_signal.trace == ["start", "c", "on"]
        late = t.start("p")
        t.advance(hours=1)
        assert late.status == "completed"
        with pytest.raises(CommandRefused):
            t.message("M")


def test_an_event_that_needs_all_of_its_definitions_waits_for_the_last() -> None:
    event = several(catch("c", message("M")), signal("S"), parallelMultiple="true")
    with ProcessTest([one(start(), event, "start > c")]) as t:
        case = t.start("p")
        t.signal("S")
        assert case.waiting == ["c"]
        t.restart()
        t.message("M", payload={"n": 1})
        assert case.status == "completed"
        assert case.data == {"n": 1}


def test_an_event_with_several_definitions_can_be_a_way_out_of_a_race() -> None:
    event = several(catch("c", message("M")), signal("S"))
    model = one(
        start(),
        first("g"),
        event,
        catch("w", timer("PT1H")),
        task("a"),
        task("b"),
        "start > g",
        "g > c > a",
        "g > w > b",
    )
    with ProcessTest([model]) as t:
        case, late = t.start("p"), t.start("p")
        t.message("M")
        assert case.trace == ["start", "g", "c", "a"]
        t.advance(hours=1)
        assert late.trace == ["start", "g", "w", "b"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_border_event_with_several_definitions_hears_each(interrupting: bool) -> None:
    event = several(boundary("b", "u", message("M"), interrupting), signal("S"), escalation("E"))
    model = one(start(), user("u"), event, task("on"), "start > u", "b > on")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.signal("S")
        assert case.trace == ["start", "b", "on"]
        assert case.waiting == ([] if interrupting else ["u"])
        if not interrupting:
            t.restart()
            t.message("M")
            t.signal("S")
            assert case.trace == ["start", *["b", "on"] * 3]


def test_a_border_event_catches_the_error_or_escalation_among_its_definitions() -> None:
    inner = sub("s", start("i"), throw("e", escalation("E", payload="{'n': 1}")), user("u"), "i > e > u")
    event = several(boundary("b", "s", signal("S")), escalation("E"))
    with ProcessTest([one(start(), inner, event, task("on"), "start > s", "b > on")]) as t:
        assert t.start("p").trace == ["start", "i", "e", "b", "on"]


def test_an_event_sub_process_may_begin_by_one_of_several() -> None:
    inner = event_sub(
        "es", several(start("es_s", message("M"), interrupting=False), signal("S")), task("a"), "es_s > a"
    )
    with ProcessTest([one(start(), user("u"), inner, "start > u")]) as t:
        case = t.start("p")
        t.signal("S")
        t.restart()
        t.message("M")
        t.complete("u")
        assert case.trace == ["start", "es_s", "a", "es", "es_s", "a", "es", "u"]
        assert case.status == "completed"


def test_an_event_with_several_definitions_throws_all_of_them() -> None:
    event = several(throw("t", signal("A")), signal("B"))
    model = one(
        start(),
        both("f"),
        catch("a", signal("A")),
        catch("b", signal("B")),
        event,
        "start > f",
        "f > a",
        "f > b",
        "f > t",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace[-3:] == ["t", "a", "b"]


def test_a_definition_may_stand_at_the_top_of_the_file_and_be_shared() -> None:
    shared = Node("timerEventDefinition", {"id": "hour"}, [Node("timeDuration", {}, ["PT1H"])])
    twice = [
        Node("intermediateCatchEvent", {"id": id}, [Node("eventDefinitionRef", {}, ["hour"])]) for id in ("a", "b")
    ]
    with ProcessTest([diagram(process("p", start(), *twice, "start > a > b"), shared)]) as t:
        case = t.start("p")
        assert case.waiting == ["a"]
        t.advance(hours=1)
        assert case.waiting == ["b"]
        t.advance(hours=1)
        assert case.status == "completed"


def test_a_shared_definition_must_be_there_and_of_a_kind_that_fits() -> None:
    shared = Node("timerEventDefinition", {"id": "hour"}, [Node("timeDuration", {}, ["PT1H"])])
    thrown = Node("intermediateThrowEvent", {"id": "t"}, [Node("eventDefinitionRef", {}, ["hour"])])
    assert codes(diagram(process("p", start(), thrown, "start > t"), shared)) == [("t", "unsupported_element")]
    missing = Node("intermediateCatchEvent", {"id": "c"}, [Node("eventDefinitionRef", {}, ["nothing"])])
    assert ("c", "reference_unknown") in codes(one(start(), missing, "start > c"))


# What begins a process


def test_a_receive_task_may_begin_a_process() -> None:
    begins = receive("r", "M")
    begins.attributes["instantiate"] = "true"
    with ProcessTest([one(begins, task("a"), "r > a")]) as t:
        with pytest.raises(CommandRefused):
            t.start("p")
        t.message("M", payload={"n": 1})
        t.restart()
        t.message("M", payload={"n": 2})
        assert [(case.trace, case.data) for case in t.cases("p")] == [(["r", "a"], {"n": 1}), (["r", "a"], {"n": 2})]


def test_an_event_based_gateway_may_begin_a_process() -> None:
    gateway = first("g")
    gateway.attributes["instantiate"] = "true"
    model = one(gateway, catch("m", message("M")), receive("r", "N"), task("a"), task("b"), "g > m > a", "g > r > b")
    with ProcessTest([model]) as t:
        t.message("N")
        t.message("M")
        assert [case.trace for case in t.cases("p")] == [["g", "r", "b"], ["g", "m", "a"]]
        assert {case.status for case in t.cases("p")} == {"completed"}


@pytest.mark.parametrize(
    "content",
    [
        [start(), receive("r", "M"), "start > r"],
        [receive("r", "M", times("2")), task("a"), "r > a"],
        [start(), sub("s", receive("r", "M"), task("a"), "r > a"), "start > s"],
    ],
)
def test_what_begins_a_process_stands_at_its_beginning(content: list[Node | str]) -> None:
    for part in content:
        for node in part.walk() if isinstance(part, Node) else ():
            if node.tag == "receiveTask":
                node.attributes["instantiate"] = "true"
    assert ("r", "instantiate_place") in codes(one(*content))


# Timers that follow their variables


@pytest.mark.parametrize("host", ["catch", "boundary", "event sub-process"])
def test_a_timer_follows_the_variables_in_it(host: str) -> None:
    wait = timer(date="due")
    content: dict[str, list[Node | str]] = {
        "catch": [catch("w", wait), "start > f > w > late"],
        "boundary": [user("u"), boundary("w", "u", wait), "start > f > u", "w > late"],
        "event sub-process": [
            user("u"),
            event_sub("es", start("w", wait), task("late2"), "w > late2"),
            "start > f > u",
        ],
    }
    late = [] if host == "event sub-process" else [task("late")]
    model = one(start(), both("f"), user("change"), *late, *content[host], "f > change")
    with ProcessTest([model]) as t:
        now = t.clock.now()
        case = t.start("p", {"due": now + timedelta(days=10)})
        t.advance(days=1)
        t.complete("change", {"due": now + timedelta(days=3)})
        t.restart()
        t.advance(days=1, hours=23)
        assert "w" not in case.trace
        t.advance(hours=1, minutes=1)
        assert "w" in case.trace


def test_a_timer_that_becomes_shorter_than_what_has_passed_fires_at_once() -> None:
    model = one(start(), both("f"), user("change"), catch("w", timer("= pause")), "start > f > change", "f > w")
    with ProcessTest([model]) as t:
        case = t.start("p", {"pause": "P10D"})
        t.advance(days=5)
        t.complete("change", {"pause": "P3D"})
        assert case.status == "completed"


def test_a_timer_whose_new_time_cannot_be_read_is_an_incident_that_a_correction_mends() -> None:
    model = one(start(), both("f"), user("change"), catch("w", timer("= pause")), "start > f > change", "f > w")
    with ProcessTest([model]) as t:
        case = t.start("p", {"pause": "P10D"})
        t.complete("change", {"pause": "soon"})
        assert [i.element_id for i in case.incidents] == ["w"]
        t.retry(case, {"pause": "P1D"})
        assert case.incidents == []
        t.advance(days=1)
        assert case.status == "completed"
