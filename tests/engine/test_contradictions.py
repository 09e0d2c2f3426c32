"""What a diagram says by half, twice, in the wrong place, or of what is not there is refused, not ignored."""

from __future__ import annotations

import copy

import pytest

from engine.deployments import Source, check
from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    catch,
    end,
    error,
    escalation,
    event_sub,
    extensions,
    first,
    link,
    message,
    one,
    properties,
    receive,
    script,
    signal,
    start,
    sub,
    task,
    throw,
    timer,
    times,
    user,
    xor,
)
from tests.engine.refused import codes


def out_item(*body: Node | str) -> Node:
    return Node("multiInstanceLoopCharacteristics", {}, [*body])


def data_to(end: str, reference: str) -> Node:
    """A task that takes in `d`, with one end of its association elsewhere."""
    ends = {"sourceRef": "d", "targetRef": "i"} | {end: reference}
    inputs = Node("ioSpecification", {}, [Node("dataInput", {"id": "i"})])
    association = Node("dataInputAssociation", {}, [Node(tag, {}, [to]) for tag, to in ends.items()])
    return task("x", inputs, association)


CARDINALITY, COLLECTION = Node("loopCardinality", {}, ["2"]), Node("loopDataInputRef", {}, ["xs"])
LINK_BACK = Node("intermediateCatchEvent", {"id": "c"}, [link("L")])

SAID_HALF_OR_TWICE: dict[str, tuple[str, list[Node | str]]] = {
    "a flow out of a link": ("link_with_flow", [throw("x", link("L")), LINK_BACK, end(), "start > x > end", "c > end"]),
    "a flow into a link": ("link_with_flow", [throw("t", link("L")), catch("x", link("L")), "start > t", "start > x"]),
    "a link that says another end": (
        "link_contradiction",
        [
            throw("x", Node("linkEventDefinition", {"name": "L"}, [Node("target", {}, ["other"])])),
            LINK_BACK,
            catch("d", Node("linkEventDefinition", {"name": "M", "id": "other"})),
            throw("t", link("M")),
            "start > x",
            "start > t",
        ],
    ),
    "a number and a collection": ("loop_two_counts", [task("x", out_item(CARDINALITY, COLLECTION)), "start > x"]),
    "results without a place": (
        "loop_output_half",
        [task("x", out_item(CARDINALITY, Node("outputDataItem", {"id": "o"}))), "start > x"],
    ),
    "a place without results": (
        "loop_output_half",
        [task("x", out_item(CARDINALITY, Node("loopDataOutputRef", {}, ["o"]))), "start > x"],
    ),
    "data that goes to no input": ("reference_unknown", [data_to("targetRef", "nowhere"), "start > x"]),
    "data of no object": (
        "reference_unknown",
        [Node("dataObjectReference", {"id": "d", "dataObjectRef": "nowhere"}), data_to("sourceRef", "d"), "start > x"],
    ),
    "an error without a name or code": ("reference_missing", [end("x", error()), "start > x"]),
    "an escalation without a name or code": ("reference_missing", [end("x", escalation()), "start > x"]),
    "two that catch one error": (
        "caught_twice",
        [user("u"), boundary("b", "u", error("E")), boundary("x", "u", error("E")), "start > u", "b > u", "x > u"],
    ),
    "two event sub-processes for one escalation": (
        "caught_twice",
        [
            *(event_sub(id, start(f"{id}s", escalation()), task(f"{id}t"), f"{id}s > {id}t") for id in ("s", "x")),
            user("u"),
            "start > u",
        ],
    ),
    "a mark of compensation on another event sub-process": (
        "handler_unused",
        [
            sub("x", start("s", signal("S")), triggeredByEvent="true", isForCompensation="true"),
            user("u"),
            "start > u",
        ],
    ),
}


@pytest.mark.parametrize("what", SAID_HALF_OR_TWICE)
def test_what_is_said_by_half_or_twice_is_refused(what: str) -> None:
    code, content = SAID_HALF_OR_TWICE[what]
    assert codes(one(start(), *copy.deepcopy(content))) == [("x", code)]


def test_an_error_that_is_thrown_has_a_code() -> None:
    thrown = Node("errorEventDefinition", {"errorRef": "E"}, [], [Node("error", {"id": "E", "name": "E"})])
    assert codes(one(start(), end("x", thrown), "start > x")) == [("x", "code_missing")]


def test_what_leads_from_something_refused_is_not_reported_as_well() -> None:
    model = one(start(), Node("adHocSubProcess", {"id": "x"}), task("t"), end(), "start > x > t > end")
    assert codes(model) == [("x", "ad_hoc")]


def test_a_name_of_another_namespace_is_not_ours() -> None:
    model = one(start(), catch("x", message("M")), "start > x").replace(
        b'messageRef="', b'xmlns:o="http://o" messageRef="o:'
    )
    assert ("x", "reference_unknown") in codes(model)


def test_what_only_documents_is_accepted() -> None:
    waits = Node(
        "messageEventDefinition",
        {"messageRef": "m"},
        [Node("operationRef", {}, ["o"])],
        [Node("message", {"id": "m", "name": "M"})],
    )
    undoing = sub("e", start("s", Node("compensateEventDefinition")), triggeredByEvent="1", isForCompensation="true")
    model = one(start(), catch("c", waits), sub("x", start("i"), user("u"), undoing, "i > u"), "start > c > x")
    assert codes(model) == []


def test_a_list_of_flows_that_names_others_than_lead_there_is_warned_of() -> None:
    listing = Node("userTask", {"id": "a"}, [Node("incoming", {}, ["f1"]), Node("outgoing", {}, ["gone"])])
    found = check(
        [Source("test.bpmn", one(start(), listing, end(), "start > a > end"))], lambda operator: True
    ).problems
    assert [(problem.code, problem.severity, problem.element_id) for problem in found] == [
        ("flow_listed_only", "warning", "a")
    ] * 2
    assert "gone" in found[1].message


def test_a_default_flow_has_no_condition() -> None:
    ends = {"sourceRef": "x", "targetRef": "b"}
    default = Node("sequenceFlow", {"id": "f", **ends}, [Node("conditionExpression", {}, ["y"])])
    model = one(start(), xor("x", default="f"), task("a"), task("b"), "start > x", "x > a if y", default)
    assert codes(model) == [("x", "default_with_condition")]


def test_after_an_event_based_gateway_nothing_loops() -> None:
    looping = receive("r", "M", times("2"))
    model = one(start(), first("x"), looping, catch("c", signal("S")), "start > x > r", "x > c")
    assert codes(model) == [("x", "event_gateway_target")]


MISPLACED = {
    "serviceTaskOperator": task("x", extensions(Node("spiffworkflow:serviceTaskOperator", {"id": "work"}))),
    "calledDecisionId": user("x", extensions(Node("spiffworkflow:calledDecisionId", {}, ["d"]))),
    "preScript": Node("exclusiveGateway", {"id": "x"}, [extensions(Node("spiffworkflow:preScript", {}, ["a = 1"]))]),
    "payloadExpression": user("x", extensions(Node("spiffworkflow:payloadExpression", {}, ["1"]))),
}


@pytest.mark.parametrize("extension", MISPLACED)
def test_an_extension_that_would_do_nothing_where_it_stands_is_refused(extension: str) -> None:
    model = one(start(), copy.deepcopy(MISPLACED[extension]), "start > x")
    assert codes(model) == [("x", "extension_misplaced")]


def test_a_property_that_is_none_is_warned_of() -> None:
    misspelt = user("x", properties(dueDat="now()"))
    found = check([Source("test.bpmn", one(start(), misspelt, "start > x"))], lambda operator: True).problems
    assert [(p.element_id, p.code, p.severity) for p in found] == [("x", "property_unknown", "warning")]


@pytest.mark.parametrize("split", [task("f"), Node("inclusiveGateway", {"id": "f"}), both("f")], ids=lambda n: n.tag)
def test_two_branches_that_write_one_variable_are_warned_of(split: Node) -> None:
    catches = Node("intermediateCatchEvent", {"id": "b"}, [signal("S", variable="y")])
    flows = ("f > a if x", "f > b if not x") if "inclusive" in split.tag else ("f > a", "f > b")
    model = one(start(), copy.deepcopy(split), script("a", "y = 1"), catches, "start > f", *flows)
    found = check([Source("test.bpmn", model)], lambda operator: True).problems
    assert [(p.code, p.element_id) for p in found] == [("concurrent_write", "b")]


def event_with_data(*definitions: Node, associations: int = 1) -> Node:
    output = Node("dataOutput", {"id": "o"})
    out = Node("dataOutputAssociation", {}, [Node("sourceRef", {}, ["o"]), Node("targetRef", {}, ["d"])])
    return Node("intermediateCatchEvent", {"id": "x"}, [output, *[copy.deepcopy(out)] * associations, *definitions])


@pytest.mark.parametrize(
    "event",
    [
        event_with_data(timer("PT1H")),
        event_with_data(signal("S"), associations=2),
        event_with_data(signal("S"), signal("T")),
    ],
    ids=["a timer", "two associations", "two definitions"],
)
def test_data_that_no_event_carries_is_refused(event: Node) -> None:
    model = one(start(), Node("dataObject", {"id": "d"}), event, "start > x")
    assert codes(model) == [("x", "association_of_event")]


def test_two_data_inputs_of_one_activity_have_two_ids() -> None:
    twice = Node("ioSpecification", {}, [Node("dataInput", {"id": "i", "name": name}) for name in ("a", "b")])
    assert [code for _, code in codes(one(start(), task("x", twice), "start > x"))] == ["duplicate_id"]


def test_an_attribute_of_what_has_no_id_is_reported_with_the_element_that_has() -> None:
    loops = Node("multiInstanceLoopCharacteristics", {}, [Node("loopCardinality", {"language": "groovy"}, ["2"])])
    assert codes(one(start(), task("x", loops), "start > x")) == [("x", "unsupported_attribute")]


@pytest.mark.parametrize("name", ["a-b", "a.b", "true", "_3f-e9", "class"])
def test_a_data_object_may_have_any_id(name: str) -> None:
    inputs = Node("ioSpecification", {}, [Node("dataInput", {"id": "i"})])
    brings = Node("dataInputAssociation", {}, [Node("sourceRef", {}, [name]), Node("targetRef", {}, ["i"])])
    model = one(start(), Node("dataObject", {"id": name}), script("x", "y = i", inputs, brings), "start > x")
    with ProcessTest([model]) as t:
        assert t.start("p", {name: 7, "a": 10, "b": 3}).data["y"] == 7
        assert t.start("p", {"a": 10, "b": 3}).data["y"] is None
