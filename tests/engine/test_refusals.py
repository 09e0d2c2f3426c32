"""Diagrams that cannot be run as drawn are refused by name and place, and nothing but that ever comes of any file."""

from __future__ import annotations

import copy
import random
import time
from pathlib import Path

import pytest
from lxml import etree

from engine import allowed
from engine.deployments import Source, check
from engine.errors import DeploymentRefused
from engine.testing import ProcessTest
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
    extensions,
    first,
    link,
    loop,
    message,
    one,
    process,
    properties,
    receive,
    script,
    send,
    service,
    signal,
    some,
    start,
    sub,
    task,
    throw,
    timer,
    times,
    until,
    user,
    when,
    xor,
)
from tests.engine.refused import codes, problems

B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


UNSUPPORTED = {
    "conversation": Node("subConversation", {"id": "x"}),
    "globalTask": Node("callChoreography", {"id": "x"}),
    "compensation catch": Node("intermediateCatchEvent", {"id": "x"}, [Node("compensateEventDefinition")]),
    "cancel throw": Node("intermediateThrowEvent", {"id": "x"}, [Node("cancelEventDefinition")]),
    "timer throw": Node("intermediateThrowEvent", {"id": "x"}, [timer("PT1H")]),
    "error catch": Node("intermediateCatchEvent", {"id": "x"}, [error("E")]),
    "terminate throw": Node("intermediateThrowEvent", {"id": "x"}, [Node("terminateEventDefinition")]),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_an_element_that_is_not_on_the_list_is_refused_by_its_name(kind: str) -> None:
    refused = problems(one(start(), copy.deepcopy(UNSUPPORTED[kind])))
    assert ("x", "unsupported_element") in [(p.element_id, p.code) for p in refused]
    assert all(p.file == "test.bpmn" and p.line for p in refused)


def test_an_ad_hoc_sub_process_is_refused_with_its_reason() -> None:
    assert ("x", "ad_hoc") in codes(one(start(), Node("adHocSubProcess", {"id": "x"})))


def test_a_condition_that_cannot_be_read_is_not_called_missing_as_well() -> None:
    model = one(start(), xor("g"), task("a"), task("b"), "start > g", "g > a if x &&", "g > b else")
    assert codes(model) == [("g__a", "bad_expression")]


ATTRIBUTES = {
    "startQuantity": task("x", startQuantity="0"),
    "completionQuantity": task("x", completionQuantity="many"),
    "waitForCompletion": throw("x", Node("compensateEventDefinition", {"waitForCompletion": "false"})),
    "eventGatewayType": Node("eventBasedGateway", {"id": "x", "eventGatewayType": "Parallel"}),
    "scriptFormat": script("x", "a = 1", scriptFormat="groovy"),
    "parallelMultiple": Node("startEvent", {"id": "x", "parallelMultiple": "true"}),
    "behavior": task(
        "x", Node("multiInstanceLoopCharacteristics", {"behavior": "Some"}, [Node("loopCardinality", {}, ["2"])])
    ),
    "loopMaximum": task("x", Node("standardLoopCharacteristics", {"loopMaximum": "-1"})),
    "isInterrupting": Node("startEvent", {"id": "x", "isInterrupting": "no"}),
    "unheardOf": task("x", unheardOf="1"),
}


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_an_attribute_that_would_be_ignored_is_refused(attribute: str) -> None:
    refused = [
        p for p in problems(one(start(), copy.deepcopy(ATTRIBUTES[attribute]))) if p.code == "unsupported_attribute"
    ]
    assert refused
    assert any(attribute in p.message for p in refused)


@pytest.mark.parametrize("number", ["²", "٣", "-1", "1.5", " 2", "9" * 5_000, "0001" + "9" * 9])
def test_a_number_that_is_not_written_in_digits_or_is_beyond_all_bounds_is_refused(number: str) -> None:
    retry = Node("spiffworkflow:retry", {"retries": number})
    places = {
        "loopMaximum": task("x", Node("standardLoopCharacteristics", {"loopMaximum": number})),
        "startQuantity": task("x", startQuantity=number),
        "completionQuantity": task("x", completionQuantity=number),
        "retries": task(
            "x", extensions(Node("spiffworkflow:serviceTaskOperator", {"id": "work"}, [retry])), tag="serviceTask"
        ),
        "calledElementVersion": task(
            "x",
            properties(calledElementBinding="version", calledElementVersion=number),
            tag="callActivity",
            calledElement="p",
        ),
    }
    for attribute, activity in places.items():
        assert attribute in "".join(p.message for p in problems(one(start(), activity, "start > x")))


TWICE = {
    "script": script("x", "a = 1", Node("script", {}, ["a = 2"])),
    "loopCardinality": user("x", times("2", Node("loopCardinality", {}, ["3"]))),
    "multiInstanceLoopCharacteristics": user("x", times("2"), times("3")),
    "extensionElements": task("x", properties(a="1"), properties(b="2")),
    "postScript": task("x", extensions(*(Node("spiffworkflow:postScript", {}, [f"a = {n}"]) for n in "12"))),
    "parameter n": service("x", "work", "", Node("documentation"), n="1"),
    "property a": task("x", properties(a="1")),
}


@pytest.mark.parametrize("what", TWICE)
def test_of_two_where_one_would_be_ignored_neither_is_guessed(what: str) -> None:
    activity = copy.deepcopy(TWICE[what])
    for holder in activity.walk():
        if holder.tag in ("spiffworkflow:parameters", "spiffworkflow:properties") and " " in what:
            holder.body *= 2
    refused = [p for p in problems(one(start(), activity, "start > x")) if p.code == "element_twice"]
    assert [(p.element_id, p.message.startswith(what), p.line is not None) for p in refused] == [("x", True, True)]


@pytest.mark.parametrize(
    "activity",
    [
        script("x", "a = 1@"),
        catch("x", when("a@")),
        catch("x", timer("PT1H@")),
        task("x", extensions(Node("spiffworkflow:preScript", {}, ["a = 1@"]))),
    ],
)
def test_a_text_with_an_element_in_it_is_refused_and_not_read_by_half(activity: Node) -> None:
    content = one(start(), activity, "start > x").replace(b"@", b'<cut xmlns="elsewhere"/>; b')
    assert codes(content) == [("x", "text_cut")]


def test_a_correlation_property_that_reads_nothing_is_refused() -> None:
    reads_nothing = Node("correlationProperty", {"id": "x", "name": "order"})
    assert codes(diagram(reads_nothing, process("p", task("a")))) == [("x", "reference_missing")]


def test_an_id_of_blanks_is_none() -> None:
    assert [code for _, code in codes(one(task(" "), id=""))] == ["missing_id", "missing_id"]


def test_a_file_without_a_process_to_execute_is_refused_by_its_name() -> None:
    documented = one(task("a"), isExecutable="false")
    assert [(p.file, p.line, p.code) for p in problems(documented)] == [("test.bpmn", 1, "no_process")]


def test_a_condition_in_another_language_is_refused() -> None:
    model = one(start(), xor("g"), task("a"), task("b"), "start > g", "g > a if x > 1", "g > b else")
    other = model.replace(b'"tFormalExpression"', b'"tFormalExpression" language="javascript"')
    assert [p.code for p in problems(other)] == ["unsupported_attribute"]


WRONG = {
    "start_with_incoming": one(start("x"), task("a"), "x > a > x"),
    "end_with_outgoing": one(start(), end("x"), task("a"), "start > x > a"),
    "flow_end_missing": one(start(), Node("sequenceFlow", {"id": "x", "sourceRef": "start", "targetRef": "nowhere"})),
    "unreachable": one(start(), task("a"), task("x"), "start > a"),
    "several_starts": one(start("a"), start("x"), task("t"), "a > t", "x > t"),
    "flow_without_condition": one(start(), xor("x"), task("a"), task("b"), "start > x", "x > a", "x > b else"),
    "condition_ignored": one(start(), both("x"), task("a"), task("b"), "start > x", "x > a if y", "x > b"),
    "default_unknown": one(start(), xor("x", default="nothing"), task("a"), "start > x > a"),
    "event_gateway_outgoing": one(start(), first("x"), catch("m", message("M")), "start > x > m"),
    "event_gateway_target": one(start(), first("x"), catch("m", message("M")), task("a"), "start > x > m", "x > a"),
    "boundary_without_host": one(start(), task("a"), boundary("x", "nowhere", timer("PT1H")), "start > a"),
    "boundary_with_incoming": one(start(), task("a"), boundary("x", "a", timer("PT1H")), "start > a > x"),
    "error_not_interrupting": one(start(), task("a"), boundary("x", "a", error("E"), interrupting=False), "start > a"),
    "event_subprocess_start": one(start(), event_sub("x", start("s"), task("a"), "s > a")),
    "event_subprocess_with_flow": one(
        start(), event_sub("x", start("s", message("M")), task("a"), "s > a"), "start > x"
    ),
    "subprocess_start_kind": one(start(), sub("s", start("x", timer("PT1H")), task("a"), "x > a"), "start > s"),
    "start_kind": one(start("x", when("n > 1")), task("a"), "x > a"),
    "loop_count": one(start(), user("x", times("-1")), "start > x"),
    "start_timer_unreadable": one(start("x", timer("wait")), task("a"), "x > a"),
    "process_empty": one(start(), sub("x"), "start > x"),
    "link_target": one(start(), throw("x", link("L")), "start > x"),
    "link_name_missing": one(start(), throw("x", Node("linkEventDefinition")), "start > x"),
    "timer_missing": one(start(), catch("x", Node("timerEventDefinition")), "start > x"),
    "bad_time": one(start(), catch("x", timer("-PT5S")), "start > x"),
    "bad_expression": one(start(), catch("x", when("a +")), "start > x"),
    "expression_empty": one(start(), catch("x", when(" ")), "start > x"),
    "condition_missing": one(start(), catch("x", Node("conditionalEventDefinition")), "start > x"),
    "bad_script": one(start(), script("x", "import os"), "start > x"),
    "script_missing": one(start(), task("x", tag="scriptTask"), "start > x"),
    "operator_missing": one(start(), task("x", tag="serviceTask"), "start > x"),
    "service_unknown": one(start(), service("x", "nobody/knows"), "start > x"),
    "decision_missing": one(start(), task("x", tag="businessRuleTask"), "start > x"),
    "called_element_missing": one(start(), task("x", tag="callActivity"), "start > x"),
    "called_process_unknown": one(start(), call("x", "nowhere"), "start > x"),
    "event_definition_missing": one(start(), Node("intermediateCatchEvent", {"id": "x"}), "start > x"),
    "several_event_definitions": one(Node("startEvent", {"id": "x"}, [signal("S"), message("M")]), task("a"), "x > a"),
    "part_of_several": one(
        start(), Node("intermediateThrowEvent", {"id": "x"}, [link("L"), message("M")]), "start > x"
    ),
    "reference_missing": one(start(), task("x", tag="receiveTask"), "start > x"),
    "reference_unknown": one(
        start(), catch("x", Node("messageEventDefinition", {"messageRef": "nothing"})), "start > x"
    ),
    "loop_without_count": one(start(), task("x", Node("standardLoopCharacteristics")), "start > x"),
    "duplicate_id": one(start(), task("x"), task("x"), "start > x"),
    "name_too_long": one(start(), task("x", name="n" * 201), "start > x"),
}


@pytest.mark.parametrize("code", WRONG)
def test_what_makes_no_sense_is_refused_where_it_stands(code: str) -> None:
    refused = problems(WRONG[code])
    assert ("x", code) in [(p.element_id, p.code) for p in refused]
    for problem in refused:
        assert problem.file == "test.bpmn"
        assert problem.line is not None
        assert problem.line > 1
        assert problem.message
        assert problem.remedy


def test_a_receive_task_in_a_race_has_no_events_on_its_border() -> None:
    racing = [first("x"), receive("r", "R"), catch("c", timer("PT1H")), boundary("b", "r", timer("PT5M"))]
    assert codes(one(start(), *racing, "start > x", "x > r", "x > c")) == [("x", "event_gateway_target")]


def test_a_send_task_that_sends_nothing_and_an_event_without_message_are_refused() -> None:
    assert codes(one(start(), task("x", tag="sendTask"), "start > x")) == [("x", "reference_missing")]
    assert codes(one(start(), catch("x", Node("messageEventDefinition")), "start > x")) == [("x", "reference_missing")]


def test_a_process_in_which_every_node_has_a_flow_into_it_never_begins_and_is_refused() -> None:
    assert {code for _, code in codes(one(task("a"), task("b"), "a > b > a"))} == {"unreachable"}
    inner = sub("s", task("a"), task("b"), "a > b > a")
    assert {code for _, code in codes(one(start(), inner, "start > s"))} == {"unreachable"}


def test_a_ring_that_nothing_leads_to_is_refused() -> None:
    assert set(codes(one(start(), task("t"), task("a"), task("b"), "start > t", "a > b > a"))) == {
        ("a", "unreachable"),
        ("b", "unreachable"),
    }


def test_a_flow_across_the_border_of_a_sub_process_is_refused() -> None:
    assert ("f", "flow_end_missing") in codes(
        one(
            start(),
            sub("s", start("i"), task("a"), "i > a"),
            Node("sequenceFlow", {"id": "f", "sourceRef": "start", "targetRef": "a"}),
            "start > s",
        )
    )


def test_everything_that_is_wrong_is_said_at_once() -> None:
    model = one(start(), script("a", "import os"), task("b"), catch("c", when("")), "start > a > c")
    assert {"bad_script", "unreachable", "expression_empty"} <= {code for _, code in codes(model)}


NOT_DIAGRAMS = {
    "nothing": b"",
    "text": b"hello",
    "half": one(start())[:-20],
    "doctype": b'<!DOCTYPE x [<!ENTITY e "v">]><definitions>&e;</definitions>',
    "html": b"<html/>",
    "other namespace": b'<definitions xmlns="urn:x"/>',
    "zeros": b"\x00" * 100,
    "deep": b"<a>" * 5_000 + b"</a>" * 5_000,
    "no process": diagram(),
    "latin": b"\xff\xfe\x00",
    "only a picture": diagram(Node("process", {"id": "p", "isExecutable": "false"})),
}


@pytest.mark.parametrize("kind", NOT_DIAGRAMS)
def test_a_file_that_is_no_diagram_is_refused_with_file_and_code(kind: str) -> None:
    with pytest.raises(DeploymentRefused) as refused, ProcessTest([NOT_DIAGRAMS[kind]]):
        pass
    assert all(p.file and p.code and p.message for p in refused.value.problems)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1"])
def test_a_diagram_may_be_in_another_encoding(encoding: str) -> None:
    text = one(start(), user("u", name="é"), "start > u").decode().replace("UTF-8", encoding)
    assert problems(text.encode(encoding)) == []


def test_two_files_of_one_name_and_files_of_no_kind_are_refused() -> None:
    twice = check([Source("a.bpmn", one(start()))] * 2, lambda operator: True)
    assert "duplicate_file" in [p.code for p in twice.problems]
    assert check([Source("a.txt", b"")], lambda operator: True).problems[0].code == "unknown_file"


def test_a_refused_deployment_leaves_nothing(sqlite_url: str) -> None:
    with ProcessTest([one(start(), user("u"), "start > u")], database_url=sqlite_url) as t:
        with pytest.raises(DeploymentRefused):
            t.deploy([one(start(), task("lost"))])
        assert t.start("p").version == 1


# Any file at all

RICH = diagram(
    process(
        "p",
        start(), both("fork"), both("join"), xor("g"), some("i"), some("j"), first("e"), user("u"),
        script("s", "x = 1", each("items", "item", until("x > 1"))), service("w", "work", "y", a="x"),
        boundary("bt", "u", timer("PT1H"), interrupting=False), boundary("be", "w", error("E")),
        sub("sp", start("si"), send("sn", "N"), end("se", error("F")), "si > sn > se"),
        boundary("bf", "sp", error("F")),
        event_sub("es", start("ei", signal("S"), interrupting=False), task("et"), "ei > et"),
        catch("cm", message("M", key="x")), catch("ct", timer("PT1H")), receive("r", "M2"), call("c", "q"),
        throw("l1", link("L")), catch("l2", link("L")), catch("cc", when("x > 1")), task("t", loop("x < 3")),
        user("m", times("2", sequential=True)), end(),
        "start > fork > u > join", "fork > g", "g > s if x == 1", "g > w else", "s > i", "w > i", "i > sp if x > 0",
        "i > c else", "sp > j", "c > j", "j > e", "e > cm > l1", "e > ct > r > join", "l2 > cc > t > m > join",
        "join > end", "bt > bt_task", "be > be_task", "bf > bf_task", task("bt_task"), task("be_task"), task("bf_task"),
    ),
    process("q", start("qs"), Node("ioSpecification", {}, [Node("dataInput", {"id": "x"})])),
)  # fmt: skip


def mutated(rng: random.Random) -> bytes:
    root = etree.fromstring(RICH)
    for _ in range(rng.randint(1, 3)):
        elements = [element for element in root.iter() if element is not root]
        element, other = rng.choice(elements), rng.choice(elements)
        parent = element.getparent()
        match rng.randrange(7):
            case 0:
                parent.remove(element)
            case 1:
                parent.append(copy.deepcopy(element))
            case 2 if other not in element.iter():
                other.append(copy.deepcopy(element))
            case 3 if element.attrib:
                del element.attrib[rng.choice(sorted(element.attrib))]
            case 4 if element.attrib and other.attrib:
                value = rng.choice([*other.attrib.values(), "", "x" * 300, "-1", "true", "${", "名"])
                element.set(rng.choice(sorted(element.attrib)), value)
            case 5:
                element.text = rng.choice(["", "1", "x +", "PT", "[1", "名", other.text or ""])
            case 6:
                element.tag = other.tag
    return bytes(etree.tostring(root))


def test_the_rich_diagram_itself_is_without_fault() -> None:
    assert [str(p) for p in problems(RICH)] == []


@pytest.mark.parametrize("block", range(3))
def test_whatever_is_done_to_a_file_it_is_deployed_or_refused_with_problems(block: int) -> None:
    for seed in range(block * 150, block * 150 + 150):
        content = mutated(random.Random(seed))
        refused = problems(content)
        assert all(p.line and p.code and p.message for p in refused), (seed, refused)
        if not refused and b'<process id="p"' in content:
            Running(content, {"x": 1, "items": [1, 2]})


@pytest.mark.slow
def test_whatever_is_done_to_a_file_thousands_of_times() -> None:
    for seed in range(10_000, 13_000):
        problems(mutated(random.Random(seed)))


# Size


def in_seconds(limit: float, began: float) -> None:
    """Of the processor: what else the machine does meanwhile is not the model's fault."""
    assert time.process_time() - began < limit


def test_sub_processes_nest_a_hundred_deep() -> None:
    content: list[Node | str] = [start("deepest"), user("u"), "deepest > u"]
    for level in range(100):
        content = [start(f"i{level}"), sub(f"s{level}", *content), f"i{level} > s{level}"]
    case = Running(one(*content), restarted=True)
    case.complete("u")
    assert case.completed
    assert case.trace.count("s99") == 1


def test_a_path_of_five_thousand_nodes_is_read_compiled_and_run() -> None:
    names = [f"t{n}" for n in range(5_000)]
    began = time.process_time()
    case = Running(one(start(), *map(task, names), "start > " + " > ".join(names)))
    assert case.completed
    in_seconds(10, began)


def test_two_thousand_branches_meet_in_one_join_within_three_seconds() -> None:
    names = [f"t{n}" for n in range(2_000)]
    model = one(
        start(),
        both("f"),
        both("j"),
        end(),
        *map(task, names),
        "start > f",
        "j > end",
        *(f"f > {n} > j" for n in names),
    )
    began = time.process_time()
    case = Running(model)
    in_seconds(10, began)
    assert case.run_seconds < 3
    assert case.completed


# The list itself


def test_every_supported_element_stands_in_the_reference() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/bpmn.md").read_text("utf-8")
    listed = set().union(*allowed.CHILDREN.values()) | allowed.CHILDREN.keys() | allowed.EXTENSIONS.keys()
    assert [element for element in sorted(listed) if f"`{element}`" not in text] == []


def lane(id: str, node: str) -> Node:
    return Node("lane", {"id": id}, [Node("flowNodeRef", {}, [node])])


def undoable(*content: Node | str) -> Node:
    made = sub("t", *content)
    made.tag = "transaction"
    return made


CANCEL = Node("cancelEventDefinition")


TO_A_FIELD = Node("assignment", {}, [Node("from", {}, ["1"]), Node("to", {}, ["order.total"])])


MISTAKES = {
    "two_loops": one(start(), task("x", times("2"), loop(maximum="2")), "start > x"),
    "assignment_target": one(
        start(),
        task("x", Node("dataOutputAssociation", {}, [Node("targetRef", {}, ["y"]), TO_A_FIELD])),
        "start > x",
    ),
    "cancel_in_loop": one(
        start(),
        undoable(start("i"), end("x", CANCEL), times("2"), "i > x"),
        boundary("b", "t", CANCEL),
        task("on"),
        "start > t",
        "b > on",
    ),
    "two_lanes": one(Node("laneSet", {}, [lane("y", "a"), lane("x", "a")]), start(), user("a"), "start > a"),
    "reference_unknown": one(Node("laneSet", {}, [lane("x", "b")]), start(), user("a"), "start > a"),
}


@pytest.mark.parametrize("time", ["P9999Y", "P999999999Y", "P3000000D", "R/P9000Y"])
def test_a_time_beyond_the_calendar_is_refused(time: str) -> None:
    kind = "timeCycle" if time.startswith("R") else "timeDuration"
    late = Node("timerEventDefinition", {}, [Node(kind, {}, [time])])
    assert codes(one(start(), user("a"), boundary("x", "a", late, interrupting=False), "start > a")) == [
        ("x", "bad_time")
    ]


@pytest.mark.parametrize("code", MISTAKES)
def test_further_mistakes_are_refused(code: str) -> None:
    assert ("x", code) in codes(MISTAKES[code])


def test_parameters_that_a_service_does_not_take_or_lacks_are_refused() -> None:
    model = one(start(), service("x", price="1"), "start > x")
    with pytest.raises(DeploymentRefused) as refused, ProcessTest([model], services={"work": lambda amount: None}):
        pass
    assert {problem.code for problem in refused.value.problems} == {"parameter_unknown", "parameter_missing"}
    with ProcessTest([model], services={"work": lambda **given: given}) as t:
        assert t.start("p").status == "completed"
