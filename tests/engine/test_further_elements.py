"""Rarer elements: complex gateways, quantities, global tasks, several or shared definitions, instantiation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.deployments import Source, check
from engine.errors import CommandRefused, DeploymentRefused
from engine.testing import ProcessTest
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
    extensions,
    first,
    loop,
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
    user,
)


def codes(content: bytes) -> list[tuple[str | None, str]]:
    found = check([Source("test.bpmn", content)], lambda operator: True).problems
    return [(problem.element_id, problem.code) for problem in found if problem.severity == "error"]


# Complex gateways


def discriminator(condition: str = "activationCount >= 2") -> Node:
    return Node("complexGateway", {"id": "j"}, [Node("activationCondition", {}, [condition])])


def two_of_three(*flows: str, condition: str = "activationCount >= 2") -> bytes:
    branches = ["f > a > j", "f > b > j", "f > c > j"]
    return one(
        start(), both("f"), user("a"), user("b"), user("c"), discriminator(condition), user("on"), end(), "start > f",
        *branches, *(flows or ("j > on > end",)),
    )  # fmt: skip


def test_a_complex_gateway_goes_on_when_its_condition_holds_and_swallows_the_rest() -> None:
    with ProcessTest([two_of_three()]) as t:
        case = t.start("p")
        t.complete("a")
        assert sorted(case.waiting) == ["b", "c"]
        t.restart()
        t.complete("c")
        assert sorted(case.waiting) == ["b", "on"]
        t.complete("b")
        t.restart()
        assert case.waiting == ["on"]
        t.complete("on")
        assert case.status == "completed"
        assert case.trace.count("j") == case.trace.count("on") == 1


def test_a_complex_gateway_does_not_wait_for_what_can_come_no_more() -> None:
    inner = sub("s", start("i"), user("slow"), "i > slow")
    model = one(
        start(), both("f"), task("a"), inner, boundary("late", "s", timer("PT1H")),
        discriminator("activationCount >= 1"), task("on"), end("gave_up"),
        "start > f > a > j > on", "f > s > j", "late > gave_up",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace[-2:] == ["j", "on"]
        assert case.waiting == ["slow"]
        t.advance(hours=1)
        assert case.status == "completed"


def test_a_complex_gateway_tells_its_flows_whether_it_begins_anew() -> None:
    flows = ("j > on if waitingForStart", "j > end if not waitingForStart")
    with ProcessTest([two_of_three(*flows)]) as t:
        case = t.start("p")
        for element in ("a", "b"):
            t.complete(element)
        assert "end" not in case.trace
        t.complete("c")
        assert case.trace[-1] == "end"
        t.complete("on")
        assert case.status == "completed"


def test_a_complex_gateway_serves_round_after_round() -> None:
    model = one(
        start(), both("f"), task("a"), task("b"), task("c"), discriminator(), script("count", "n = n + 1"),
        Node("exclusiveGateway", {"id": "x"}), end(), "start > x > f", "f > a > j", "f > b > j", "f > c > j",
        "j > count > again", Node("exclusiveGateway", {"id": "again"}), "again > x if n < 5", "again > end else",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"n": 0})
        assert case.status == "completed"
        assert case.data == {"n": 5}


def test_a_complex_gateway_whose_condition_never_holds_is_an_incident() -> None:
    with ProcessTest([two_of_three(condition="activationCount > 3")]) as t:
        case = t.start("p")
        for element in ("a", "b", "c"):
            t.complete(element)
        assert [(i.element_id, i.code) for i in case.incidents] == [("j", "stuck")]


def test_a_condition_that_cannot_be_evaluated_is_an_incident_at_the_gateway() -> None:
    with ProcessTest([two_of_three(condition="activationCount >= need")]) as t:
        case = t.start("p")
        t.complete("a")
        assert [i.element_id for i in case.incidents] == ["j"]
        t.complete("b")
        t.retry(case, {"need": 2})
        assert sorted(case.waiting) == ["c", "on"]


def test_a_complex_gateway_that_joins_needs_a_condition() -> None:
    bare = Node("complexGateway", {"id": "j"})
    model = one(
        start(), both("f"), task("a"), task("b"), bare, task("on"), "start > f", "f > a > j", "f > b > j", "j > on"
    )
    assert codes(model) == [("j", "activation_missing")]


# Quantities


def test_an_activity_waits_for_as_many_tokens_as_it_asks_for() -> None:
    model = one(
        start(),
        both("f"),
        user("a"),
        user("b"),
        task("pair", startQuantity="2"),
        "start > f",
        "f > a > pair",
        "f > b > pair",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.complete("a")
        assert case.waiting == ["b"]
        t.restart()
        t.complete("b")
        assert case.trace.count("pair") == 1
        assert case.status == "completed"


def test_an_activity_gives_as_many_tokens_as_it_says() -> None:
    model = one(start(), task("a", completionQuantity="3"), user("b"), "start > a > b")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["b", "b", "b"]


def test_too_few_tokens_are_an_incident() -> None:
    model = one(start(), task("pair", startQuantity="2"), "start > pair")
    with ProcessTest([model]) as t:
        assert [(i.element_id, i.code) for i in t.start("p").incidents] == [("pair", "stuck")]


@pytest.mark.parametrize("value", ["0", "-1", "two", "1001"])
def test_a_quantity_is_a_number_within_bounds(value: str) -> None:
    assert codes(one(start(), task("a", startQuantity=value), "start > a")) == [("a", "unsupported_attribute")]


# Global tasks and versions of called processes


def test_a_global_task_is_called_like_a_process() -> None:
    shared = Node("globalUserTask", {"id": "sign", "name": "签字"})
    with ProcessTest([diagram(process("p", start(), call("c", "sign"), task("on"), "start > c > on"), shared)]) as t:
        case = t.start("p")
        assert case.waiting == ["sign"]
        t.restart()
        t.complete("sign", {"ok": True})
        assert case.trace == ["start", "sign", "c", "on"]
        assert case.data == {"ok": True}


def test_a_global_script_task_runs_its_script() -> None:
    shared = Node("globalScriptTask", {"id": "double"}, [Node("script", {}, ["n = n * 2"])])
    with ProcessTest([diagram(process("p", start(), call("c", "double"), "start > c"), shared)]) as t:
        assert t.start("p", {"n": 4}).data == {"n": 8}


def answering(answer: int) -> bytes:
    return one(start("i"), script("s", f"answer = {answer}"), "i > s", id="q")


def calling(**binding: str) -> Node:
    named = [Node("spiffworkflow:property", {"name": name, "value": value}) for name, value in binding.items()]
    return process(
        "p",
        start(),
        user("u"),
        call("c", "q", extensions(Node("spiffworkflow:properties", {}, [*named]))),
        "start > u > c",
    )


BINDINGS = {
    "nearest": ({}, 1),
    "deployment": ({"calledElementBinding": "deployment"}, 1),
    "latest": ({"calledElementBinding": "latest"}, 2),
    "version": ({"calledElementBinding": "version", "calledElementVersion": "1"}, 0),
}


@pytest.mark.parametrize("kind", BINDINGS)
def test_a_call_activity_calls_the_version_that_its_binding_says(kind: str) -> None:
    binding, answer = BINDINGS[kind]
    with ProcessTest([answering(0)]) as t:
        called = process("q", start("i"), script("s", "answer = 1"), "i > s")
        t.deploy([diagram(calling(**binding), called)])
        case = t.start("p")
        t.deploy([answering(2)])
        t.restart()
        t.complete("u")
        assert case.data["answer"] == answer


@pytest.mark.parametrize(
    ("binding", "code"),
    [
        ({"calledElementBinding": "deployment"}, "called_process_unknown"),
        ({"calledElementBinding": "version", "calledElementVersion": "7"}, "called_process_unknown"),
        ({"calledElementBinding": "version"}, "unsupported_attribute"),
        ({"calledElementBinding": "newest"}, "unsupported_attribute"),
    ],
)
def test_a_version_that_is_not_there_is_refused(binding: dict[str, str], code: str) -> None:
    with ProcessTest([answering(0)]) as t:
        with pytest.raises(DeploymentRefused) as refused:
            t.deploy([diagram(calling(**binding))])
        assert code in [problem.code for problem in refused.value.problems]


def test_a_called_process_that_only_a_message_starts_is_refused_or_an_incident() -> None:
    called = process("q", start("i", message("M")), task("a"), "i > a")
    calls = process("p", start(), call("c", "q"), "start > c")
    assert codes(diagram(calls, called)) == [("c", "called_without_start")]
    with ProcessTest([diagram(called)]) as t:
        t.deploy([diagram(calls)])
        assert [i.element_id for i in t.start("p").incidents] == ["c"]


def test_a_reference_may_have_a_prefix_of_the_file() -> None:
    content = diagram(
        process("p", start(), call("c", "me:q"), receive("r", "M"), "start > c > r"),
        process("q", start("i"), task("a"), "i > a"),
    )
    content = content.replace(b"targetNamespace", b'xmlns:me="test" targetNamespace').replace(
        b'messageRef="', b'messageRef="me:'
    )
    with ProcessTest([content]) as t:
        case = t.start("p")
        assert case.waiting == ["r"]
        t.message("M")
        assert case.status == "completed"


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


# What a multi-instance throws


def throwing(behavior: str, **references: str) -> bytes:
    shared = Node("signalEventDefinition", {"id": "each_done", "signalRef": "signal_S"})
    many = times("3")
    many.attributes |= {"behavior": behavior, **references}
    event = boundary("b", "u", signal("S"), interrupting=False)
    return diagram(process("p", start(), user("u", many), event, task("on"), "start > u", "b > on"), shared)


@pytest.mark.parametrize(("behavior", "thrown"), [("None", 3), ("One", 1), ("All", 0)])
def test_a_multi_instance_throws_as_its_behavior_says(behavior: str, thrown: int) -> None:
    reference = {"None": {"noneBehaviorEventRef": "each_done"}, "One": {"oneBehaviorEventRef": "each_done"}, "All": {}}
    with ProcessTest([throwing(behavior, **reference[behavior])]) as t:
        case = t.start("p")
        for _ in range(3):
            t.complete("u")
            t.restart()
        assert case.trace.count("on") == thrown
        assert case.status == "completed"


def test_a_complex_behavior_throws_where_its_condition_holds() -> None:
    many = times("3")
    condition = Node("condition", {}, ["numberOfCompletedInstances == 2"])
    event = Node("event", {"id": "half"}, [escalation("HALF")])
    many.attributes["behavior"] = "Complex"
    many.body.append(Node("complexBehaviorDefinition", {"id": "cb"}, [condition, event]))
    model = one(start(), user("u", many), boundary("b", "u", escalation("HALF")), task("on"), "start > u", "b > on")
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.complete("u")
        assert case.waiting == ["u", "u"]
        t.complete("u")
        assert case.trace == ["start", "u", "u", "b", "on"]
        assert case.status == "completed"


def test_a_behavior_without_its_event_is_refused() -> None:
    assert ("u", "behavior_without_event") in codes(throwing("None"))


def test_loops_and_errors_still_fit_together() -> None:
    inner = sub("s", start("i"), end("bad", error("E")), each("xs", "x"), "i > bad")
    model = one(start(), inner, boundary("b", "s", error("E")), task("on", loop(maximum="2")), "start > s", "b > on")
    with ProcessTest([model]) as t:
        assert t.start("p", {"xs": [1, 2]}).trace[-3:] == ["b", "on", "on"]


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


def test_a_sequential_multi_instance_reads_its_collection_once() -> None:
    body = script("s", "seen.append(x)\nxs.insert(0, 9)", each("xs", "x", sequential=True))
    with ProcessTest([one(start(), body, "start > s")]) as t:
        assert t.start("p", {"xs": [1, 2, 3], "seen": []}).data["seen"] == [1, 2, 3]


def test_what_failed_is_corrected_where_it_reads() -> None:
    called = process("q", start("i"), script("s", "answer = 1 / n"), "i > s")
    with ProcessTest([diagram(process("p", start(), call("c", "q"), "start > c"), called)]) as t:
        case = t.start("p", {"n": 0})
        assert [i.element_id for i in case.incidents] == ["s"]
        t.retry(case, {"n": 2})
        assert case.status == "completed"
        assert case.data["answer"] == 0.5


def test_signals_that_set_each_other_off_end_as_an_incident() -> None:
    with ProcessTest([one(start("s", signal("S")), end("e", signal("S")), "s > e")]) as t:
        t.signal("S")
        t.advance(days=1)
        assert 100 <= len(t.cases()) <= 103
        assert [i.code for case in t.cases() for i in case.incidents] == ["thrown_in_circles"]


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
