"""Call activities and what crosses their border (BPMN 2.0 §13.3.3, design §3.2)."""

from __future__ import annotations

import pytest

from engine.errors import DeploymentRefused
from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    call,
    diagram,
    end,
    error,
    extensions,
    message,
    one,
    process,
    receive,
    script,
    start,
    task,
    timer,
    user,
)
from tests.engine.refused import codes


def specification(inputs: str, outputs: str) -> Node:
    wanted = [Node("dataInput", {"id": name}) for name in inputs.split()]
    given = [Node("dataOutput", {"id": name}) for name in outputs.split()]
    return Node("ioSpecification", {}, [*wanted, *given, Node("inputSet"), Node("outputSet")])


CALLER = process("p", start(), call("c", "q"), user("after"), "start > c > after")


def test_a_called_process_without_a_specification_sees_everything_and_gives_back_what_it_set() -> None:
    with ProcessTest([diagram(CALLER, process("q", user("u"), script("s", "y = x + given"), "u > s"))]) as t:
        case = t.start("p", {"x": 1})
        assert case.waiting == ["u"]
        t.restart()
        t.complete("u", {"given": 2})
        assert case.data == {"x": 1, "y": 3, "given": 2}
        assert case.trace == ["start", "u", "s", "c"]


def test_a_called_process_does_not_undo_what_a_parallel_branch_wrote_meanwhile() -> None:
    model = diagram(
        process(
            "p",
            start(),
            both("f"),
            call("c", "q"),
            user("beside"),
            both("j"),
            end(),
            "start > f > c > j > end",
            "f > beside > j",
        ),
        process("q", user("u")),
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"v": "old"})
        t.complete("beside", {"v": "new"})
        t.restart()
        t.complete("u", {"w": 1})
        assert case.data == {"v": "new", "w": 1}
        assert case.status == "completed"


def test_with_a_specification_just_its_inputs_go_in_and_just_its_outputs_come_back() -> None:
    inside = script("s", "a = a + 1\nb = a * 10\nc = 5")
    with ProcessTest([diagram(CALLER, process("q", inside, user("u"), "s > u", specification("a", "b")))]) as t:
        case = t.start("p", {"a": 1, "z": 9})
        t.restart()
        t.complete("u", {"secret": True})
        assert case.data == {"a": 1, "z": 9, "b": 20}


def test_a_missing_input_is_an_incident_on_the_call_that_a_correction_mends() -> None:
    with ProcessTest([diagram(CALLER, process("q", task("x"), specification("a", "")))]) as t:
        case = t.start("p")
        assert [i.element_id for i in case.incidents] == ["c"]
        assert "a" in case.incidents[0].message
        t.restart()
        t.retry(case, data={"a": 1})
        assert case.waiting == ["after"]


def test_a_missing_output_is_an_incident_on_the_call_and_nothing_is_run_again() -> None:
    with ProcessTest([diagram(CALLER, process("q", script("s", "x = 1"), specification("", "x y")))]) as t:
        case = t.start("p")
        assert [i.element_id for i in case.incidents] == ["c"]
        assert "y" in case.incidents[0].message
        t.restart()
        t.retry(case, data={"y": 2})
        assert case.waiting == ["after"]
        assert case.data == {"x": 1, "y": 2}
        assert case.trace == ["start", "s", "c"]


def test_the_process_of_the_same_deployment_is_called_also_when_there_is_a_newer_one() -> None:
    with ProcessTest([diagram(CALLER, process("q", user("old")))]) as t:
        t.deploy([one(user("new"), id="q")])
        assert t.start("p").waiting == ["old"]


def test_a_process_deployed_elsewhere_is_called_in_its_newest_version_and_keeps_it() -> None:
    with ProcessTest([one(user("old"), id="q")]) as t:
        t.deploy([diagram(CALLER)])
        early = t.start("p")
        t.deploy([one(user("new"), id="q")])
        late = t.start("p")
        t.restart()
        assert (early.waiting, late.waiting) == (["old"], ["new"])
        t.complete("old")
        t.complete("new")
        assert early.waiting == late.waiting == ["after"]


def test_calls_nest_and_ids_may_repeat_in_them() -> None:
    model = diagram(process("p", start("a"), call("b", "q"), "a > b"), process("r", user("u"), end("e"), "u > e"))
    middle = diagram(process("q", start("a"), call("b", "r"), "a > b"))
    with ProcessTest([model, middle]) as t:
        case = t.start("p")
        t.restart()
        t.complete("u")
        assert case.trace == ["a", "a", "u", "e", "b", "b"]


def test_a_timer_on_a_call_cancels_everything_in_it() -> None:
    caller = process("p", start(), call("c", "q"), boundary("b", "c", timer("PT1H")), task("x"), "start > c", "b > x")
    with ProcessTest([diagram(caller, process("q", user("u"), user("v"), task("w"), "u > w"))]) as t:
        case = t.start("p")
        assert case.waiting == ["u", "v"]
        t.restart()
        t.advance(hours=1)
        assert case.trace == ["start", "b", "x"]
        assert case.status == "completed"


def test_an_error_of_a_called_process_without_catcher_is_an_incident_on_its_thrower() -> None:
    with ProcessTest([diagram(CALLER, process("q", start("qs"), end("qe", error("E")), "qs > qe"))]) as t:
        case = t.start("p")
        assert [i.element_id for i in case.incidents] == ["qe"]


def test_a_message_reaches_a_called_process_by_the_root_s_business_key() -> None:
    waits = process("q", user("u"), boundary("b", "u", message("stop", case="business_key")), task("x"), "b > x")
    with ProcessTest([diagram(CALLER, waits)]) as t:
        other, case = t.start("p", business_key="A"), t.start("p", business_key="B")
        t.restart()
        t.message("stop", correlation={"business_key": "B"})
        assert (other.waiting, case.waiting) == (["u"], ["after"])


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
    late = boundary("b", "me:r", timer("PT1H"))
    content = diagram(
        process("p", start(), call("c", "me:q"), receive("r", "M"), late, "start > c > r"),
        process("q", start("i"), task("a"), "i > a"),
    )
    content = content.replace(b"targetNamespace", b'xmlns:me="test" targetNamespace').replace(
        b'messageRef="', b'messageRef="me:'
    )
    with ProcessTest([content]) as t:
        case, other = t.start("p"), t.start("p")
        assert case.waiting == ["r"]
        t.message("M")
        assert case.status == "completed"
        t.advance(hours=1)
        assert other.trace[-1] == "b"


def test_a_call_for_which_the_case_has_no_room_is_an_incident_that_a_correction_mends() -> None:
    with ProcessTest([diagram(CALLER, process("q", user("u")))]) as t:
        case = t.start("p", {f"v{number}": "x" * 1_900_000 for number in range(5)})
        assert [(i.element_id, i.code) for i in case.incidents] == [("c", "value_refused")]
        t.restart()
        t.retry(case, data={f"v{number}": "x" for number in range(5)})
        assert (case.waiting, case.incidents) == (["u"], [])


@pytest.mark.parametrize("begin", [[start(), "start > c"], []], ids=["start", "no start"])
def test_a_process_that_calls_itself_without_end_is_an_incident_and_can_be_cancelled(begin: list[Node | str]) -> None:
    with ProcessTest([one(call("c", "p"), *begin)]) as t:
        case = t.start("p")
        assert [(i.element_id, i.code) for i in case.incidents] == [("c", "budget_exceeded")]
        t.restart()
        t.retry(case)
        assert [(i.element_id, i.code) for i in case.incidents] == [("c", "budget_exceeded")]
        t.cancel(case)
        assert (case.status, case.waiting, case.incidents) == ("cancelled", [], [])
