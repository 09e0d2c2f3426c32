"""Every escape attempt in every place of a diagram or decision table that holds an expression.

Each is refused at deployment with a problem, or is an incident on its element: in words, soon, and in little memory.
"""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.deployments import CompiledDeployment, FileSet, Source, check
from engine.testing import ProcessTest
from tests.engine.escapes import BOMBS, SCRIPT_BOMBS, SLOW_STEPS, WALKS
from tests.engine.harness import START, Running
from tests.engine.models import (
    Node,
    boundary,
    call,
    catch,
    end,
    escalation,
    extensions,
    loop,
    message,
    one,
    receive,
    script,
    scripts,
    send,
    service,
    signal,
    start,
    task,
    throw,
    timer,
    times,
    until,
    user,
    when,
    xor,
)
from tests.engine.test_decisions import decision, dmn

SECONDS = 2.5
"""Of processor time for one attempt in one place, both reading and running."""

KILOBYTES = 400_000
"""That the process may grow by, at its peak."""

PYTHON = re.compile(r"[A-Z][A-Za-z]*(Error|Exception)\b|Traceback|object at 0x|<class |<function |NoneType|\bbuiltin")

CODES = {"expression_failed", "budget_exceeded", "value_refused", "decision_failed"}

DATA = {"x": {"a": [1]}, "a": {}, "b": 1, "c": 1}

RULE = task("rule", extensions(Node("spiffworkflow:calledDecisionId", {}, ["table"])), tag="businessRuleTask")


def through(node: Node, *further: Node | str) -> bytes:
    """A process of one element between start and end."""
    return one(start(), node, end(), f"start > {node.attributes['id']} > end", *further)


def ruled(**parts: Any) -> list[tuple[str, bytes]]:
    """A business rule task and its table, of which one part is the attempt."""
    inner = (
        f"<defaultOutputEntry><text>{_escaped(parts['default'])}</text></defaultOutputEntry>"
        if "default" in parts
        else ""
    )
    table = decision(
        [(parts.get("input", "b"), "")],
        [("n", "", inner)],
        [([parts.get("cell", "-" if "default" not in parts else "null")], [parts.get("output", "1")])],
        policy=' hitPolicy="FIRST"',
    )
    return [("p.bpmn", through(RULE)), ("t.dmn", dmn(table))]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


DIAGRAMS: dict[str, Callable[[str], bytes]] = {
    "script": lambda text: through(script("e", f"r = {text}")),
    "condition": lambda text: one(start(), xor("e"), end("f"), end("g"), "start > e", f"e > f if {text}", "e > g else"),
    "condition of a task": lambda text: one(
        start(), task("e"), end("f"), end("g"), "start > e", f"e > f if {text}", "e > g else"
    ),
    "date": lambda text: through(catch("e", timer(date=text))),
    "duration": lambda text: through(catch("e", timer(text))),
    "cycle": lambda text: one(
        start(),
        user("u"),
        boundary("e", "u", timer(cycle=text), interrupting=False),
        end(),
        "start > u > end",
        "e > end",
    ),
    "cardinality": lambda text: through(task("e", times(text))),
    "completion condition": lambda text: through(task("e", times("2", until(text)))),
    "loop condition": lambda text: through(task("e", loop(text))),
    "conditional event": lambda text: through(catch("e", when(text))),
    "message payload": lambda text: through(throw("e", message("m", payload=text))),
    "send task's payload": lambda text: through(send("e", "m", text)),
    "signal payload": lambda text: through(throw("e", signal("s", payload=text))),
    "escalation payload": lambda text: through(throw("e", escalation("E", payload=text))),
    "correlation of a catch": lambda text: through(catch("e", message("m", k=text))),
    "correlation of a throw": lambda text: through(throw("e", message("m", payload="x", k=text))),
    "service parameter": lambda text: through(service("e", "work", "r", p=text)),
    "script before": lambda text: through(user("e", scripts(before=f"r = {text}"))),
    "script after": lambda text: through(task("e", scripts(after=f"r = {text}"))),
}

TABLES: dict[str, Callable[[str], list[tuple[str, bytes]]]] = {
    "input": lambda text: ruled(input=text),
    "cell": lambda text: ruled(cell=text),
    "end of a range": lambda text: ruled(cell=f"[1..{text}]"),
    "comparison": lambda text: ruled(cell=f"> {text}"),
    "negated cell": lambda text: ruled(cell=f"not({text})"),
    "output": lambda text: ruled(output=text),
    "default output": lambda text: ruled(default=text),
}

PLACES: dict[str, Callable[[str], list[tuple[str, bytes]]]] = {
    **{name: lambda text, made=made: [("p.bpmn", made(text))] for name, made in DIAGRAMS.items()},  # type: ignore[misc]
    **TABLES,
}

SOUND = {
    "condition": "b > 1",
    "condition of a task": "b > 1",
    "date": "now()",
    "duration": "'PT1H'",
    "cycle": "'R3/PT1H'",
    "cardinality": "b",
    "completion condition": "b == 1",
    "loop condition": "b > 1",
    "conditional event": "b == 1",
    "comparison": "0",
    "negated cell": "b + 1",
}
"""What would be right in the places where not every value is."""


def read(files: list[tuple[str, bytes]]) -> FileSet:
    return check([Source(name, content) for name, content in files], lambda operator: True)


def assert_harmless(place: str, files: list[tuple[str, bytes]]) -> None:
    begun = time.process_time()
    deployed = read(files)
    errors = [problem for problem in deployed.problems if problem.severity == "error"]
    if errors:
        for problem in errors:
            assert problem.file in ("p.bpmn", "t.dmn")
            assert problem.line
            assert problem.element_id
            assert not PYTHON.search(_without_text(problem)), problem
    else:
        case = run(CompiledDeployment(1, deployed, {"p": 1}))
        incidents = [
            token.internal_data["incident"] for token in case.case.tokens.values() if "incident" in token.internal_data
        ]
        assert incidents or place == "conditional event", place  # false while a variable has no value
        assert {incident["code"] for incident in incidents} <= CODES
        for incident in incidents:
            assert not PYTHON.search(incident["message"]), incident
        assert not case.completed
        assert "r" not in case.data
    assert time.process_time() - begun < SECONDS


def _without_text(problem: Any) -> str:
    """The sentence without what it quotes of the file."""
    return re.sub(r"「.*?」", "", problem.message, flags=re.DOTALL)


def run(deployment: CompiledDeployment) -> Running:
    return Running(deployment, DATA, functions={"now": lambda: START, "today": START.date})


def fits_xml(text: str) -> bool:
    return not re.search(r"[\0\ud800]", text)


def short(text: str) -> str:
    return ascii(text if len(text) < 40 else f"{text[:30]}…{len(text)}")


@pytest.mark.parametrize("place", PLACES)
def test_each_place_holds_what_is_sound(place: str) -> None:
    deployed = read(PLACES[place](SOUND.get(place, "b")))
    assert [str(p) for p in deployed.problems if p.severity == "error"] == []
    case = run(CompiledDeployment(1, deployed, {"p": 1}))
    assert case.incidents == {}


@pytest.mark.parametrize("text", [text for text in WALKS if fits_xml(text)], ids=short)
def test_no_walk_leads_out_of_any_place(text: str) -> None:
    for place, made in PLACES.items():
        if not (text == "now" and place in TABLES):  # where it is FEEL for the time
            assert_harmless(place, made(text))


@pytest.mark.slow
@pytest.mark.parametrize("text", [text for text in BOMBS if fits_xml(text)], ids=short)
def test_no_bomb_goes_off_in_any_place(text: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for place, made in PLACES.items():
        assert_harmless(place, made(text))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KILOBYTES


@pytest.mark.slow
@pytest.mark.parametrize("text", SLOW_STEPS, ids=short)
@pytest.mark.parametrize("place", ["script", "condition", "cell", "service parameter"])
def test_slow_steps_are_stopped_by_the_clock(place: str, text: str) -> None:
    assert_harmless(place, PLACES[place](text))


@pytest.mark.slow
@pytest.mark.parametrize("text", SCRIPT_BOMBS, ids=short)
def test_no_script_bomb_goes_off_in_any_place(text: str) -> None:
    for made in (
        lambda t: script("e", t),
        lambda t: task("e", scripts(before=t)),
        lambda t: task("e", scripts(after=t)),
    ):
        assert_harmless("script", [("p.bpmn", through(made(text)))])


# Data is never read as an expression

TEMPTING = [
    "${9**9**9}",
    "=1/0",
    "x.__class__",
    "{{7*7}}",
    "f'{x}'",
    "__import__('os').system('id')",
    "> 5",
    "[1..5]",
    "not(1)",
    "-",
    "null",
    "true",
    "today()",
    "'; DROP TABLE engine_instance; --",
    "%s%n",
    "$decimal",
]


def test_what_a_person_enters_is_never_worked_out() -> None:
    """Through scripts, conditions, calls, payloads, correlation, loops, tables and forms, a text stays that text."""
    given: list[Any] = []

    def work(p: Any) -> Any:
        given.append(p)
        return p

    table = decision(
        [("value", "")], [("same", "", "")], [(["other"], ["value"]), (["-"], ["null"])], policy=' hitPolicy="FIRST"'
    )
    parts = "ask > copied > sent > got > worked > each > rule > ok"
    ruled_ = task(
        "rule",
        extensions(Node("spiffworkflow:calledDecisionId", {}, ["table"])),
        tag="businessRuleTask",
    )
    model = one(
        start(),
        user("ask"),
        script("copied", "copy = value\nother = value\nobject = {value: [value]}"),
        throw("sent", message("m", payload="{'back': copy}", k="value")),
        user("got"),
        service("worked", "work", "answer", p="copy"),
        task("each", times("len(value) // len(value)", until("value == other"))),
        ruled_,
        xor("ok"),
        end("good"),
        end("bad"),
        f"start > {parts}",
        "ok > good if same == value and answer == value",
        "ok > bad else",
    )
    with ProcessTest([model, dmn(table)], services={"work": work}) as t:
        for text in TEMPTING:
            case = t.start("p")
            t.complete("ask", data={"value": text, text: {"$decimal": text, text: [text]}}, case=case)
            t.complete("got", case=case)
            assert (case.status, case.trace[-1]) == ("completed", "good"), (text, case.incidents)
            assert case.data["object"] == {text: [text]}
            assert case.data[text] == {"$decimal": text, text: [text]}
        assert given == TEMPTING


@pytest.mark.parametrize("text", TEMPTING)
def test_a_time_read_from_data_is_a_time_or_an_incident(text: str) -> None:
    for event in (timer("value"), timer(date="value")):
        with ProcessTest([through(catch("e", event))]) as t:
            case = t.start("p", data={"value": text})
            assert [(i.element_id, i.code) for i in case.incidents] == [("e", "expression_failed")]
            assert not PYTHON.search(case.incidents[0].message.replace(text, ""))


def test_correlation_compares_texts_and_works_out_none() -> None:
    model = one(start(), receive("r", "m"), catch("e", message("n", k="value")), end(), "start > r > e > end")
    with ProcessTest([model]) as t:
        case = t.start("p", data={"value": "=1 + 1"})
        t.message("m", payload={"value": "=1 + 1"})
        with pytest.raises(Exception, match="没有案件在等待"):
            t.message("n", correlation={"value": 2})
        t.message("n", correlation={"value": "=1 + 1"})
        assert case.status == "completed"


def test_a_called_process_is_named_by_the_diagram_and_not_by_data() -> None:
    found = read([("p.bpmn", through(call("e", "${x.__class__}")))]).problems
    assert {p.code for p in found if p.severity == "error"} == {"called_process_unknown"}
