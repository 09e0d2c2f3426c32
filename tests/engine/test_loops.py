"""Multi-instance and standard loops (BPMN 2.0 §13.3.6, §13.3.7)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.errors import DeploymentRefused
from engine.tables import Task
from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    boundary,
    call,
    diagram,
    each,
    end,
    error,
    escalation,
    extensions,
    loop,
    message,
    one,
    process,
    properties,
    script,
    scripts,
    signal,
    start,
    sub,
    task,
    timer,
    times,
    until,
    user,
    when,
    xor,
)
from tests.engine.refused import codes


@pytest.mark.parametrize("sequential", [False, True])
def test_instances_run_for_each_item_and_their_outputs_are_collected_in_its_order(sequential: bool) -> None:
    model = one(
        start(),
        script("s", "twice = n * 2", each("ns", "n", sequential=sequential, out="twices", out_item="twice")),
        task("on"),
        "start > s > on",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"ns": [3, 1, 2]})
        assert case.data == {"ns": [3, 1, 2], "twices": [6, 2, 4]}
        assert case.trace == ["start", "s", "s", "s", "on"]


def test_parallel_instances_wait_for_people_in_any_order() -> None:
    with ProcessTest(
        [one(start(), user("u", each("names", "name", out="said", out_item="word")), task("on"), "start > u > on")]
    ) as t:
        case = t.start("p", {"names": ["a", "b", "c"]})
        assert case.waiting == ["u", "u", "u"]
        for word in "xyz":
            t.restart()
            t.complete("u", {"word": word})
        assert case.data == {"names": ["a", "b", "c"], "said": ["x", "y", "z"]}
        assert case.trace == ["start", "u", "u", "u", "on"]


def test_sequential_instances_wait_one_after_the_other_over_an_object_s_fields() -> None:
    with ProcessTest(
        [one(start(), user("u", each("prices", "price", sequential=True, out="paid", out_item="sum")), "start > u")]
    ) as t:
        case = t.start("p", {"prices": {"tea": 3, "rice": 5}})
        for amount in (1, 2):
            assert case.waiting == ["u"]
            t.restart()
            t.complete("u", {"sum": amount})
        assert case.data["paid"] == {"tea": 1, "rice": 2}
        assert case.status == "completed"


@pytest.mark.parametrize(
    "condition", ["numberOfCompletedInstances >= 2", "nrOfCompletedInstances / nrOfInstances >= 0.5", "word == 'stop'"]
)
def test_a_completion_condition_ends_the_rest(condition: str) -> None:
    model = one(
        start(),
        user("u", each("names", "name", until(condition), out="said", out_item="word")),
        task("on"),
        "start > u > on",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"names": ["a", "b", "c", "d"]})
        t.complete("u", {"word": "go"})
        t.restart()
        t.complete("u", {"word": "stop"})
        assert case.waiting == []
        assert case.data["said"] == ["go", "stop", None, None]
        assert case.trace == ["start", "u", "u", "on"]


def test_a_completion_condition_that_cannot_be_worked_out_is_an_incident_and_the_others_may_go_on() -> None:
    with ProcessTest(
        [one(start(), user("u", times("2", until("limit <= loopCounter"))), task("on"), "start > u > on")]
    ) as t:
        case = t.start("p")
        t.complete("u")
        assert [i.element_id for i in case.incidents] == ["u"]
        assert case.waiting == ["u"]
        t.restart()
        t.retry(case, data={"limit": 0})
        assert case.status == "completed"
        assert case.trace == ["start", "u", "on"]


@pytest.mark.parametrize(("kind", "count"), [(user, 0), (script, 0)])
def test_no_items_are_no_instances_and_no_work(kind: object, count: int) -> None:
    activity = (
        user("a", each("items", "item", out="o"))
        if kind is user
        else script("a", "x = 1", each("items", "item", out="o"))
    )
    with ProcessTest([one(start(), activity, task("on"), "start > a > on")]) as t:
        case = t.start("p", {"items": []})
        assert case.status == "completed"
        assert case.trace == ["start", "on"]
        assert case.data == {"items": [], "o": []}


@pytest.mark.parametrize("count", ["-1", "'2'", "1.5", "True", "10001"])
def test_a_senseless_number_of_instances_is_an_incident_that_a_correction_mends(count: str) -> None:
    with ProcessTest([one(start(), user("u", times(f"2 if good else {count}")), "start > u")]) as t:
        case = t.start("p", {"good": False})
        assert [i.element_id for i in case.incidents] == ["u"]
        t.restart()
        t.retry(case, data={"good": True})
        assert case.waiting == ["u", "u"]
        t.complete("u")
        t.complete("u")
        assert case.status == "completed"


def test_items_that_are_nothing_count_as_items() -> None:
    with ProcessTest(
        [one(start(), script("s", "seen = [item]", each("items", "item", sequential=True)), "start > s")]
    ) as t:
        case = t.start("p", {"items": [None, 1]})
        assert case.trace == ["start", "s", "s"]
        assert case.data["seen"] == [1]


def test_what_an_instance_writes_beside_its_own_names_is_the_case_s() -> None:
    with ProcessTest([one(start(), script("s", "total = total + n", each("ns", "n")), "start > s")]) as t:
        assert t.start("p", {"ns": [1, 2, 3], "total": 0}).data == {"ns": [1, 2, 3], "total": 6}


def test_a_sub_process_runs_once_for_each_item_with_the_item_inside() -> None:
    inner = sub(
        "s",
        start("i"),
        user("u"),
        script("c", "answer = item + given"),
        "i > u > c",
        each("items", "item", out="o", out_item="answer"),
    )
    with ProcessTest([one(start(), inner, task("on"), "start > s > on")]) as t:
        case = t.start("p", {"items": [1, 2]})
        assert case.waiting == ["u", "u"]
        t.restart()
        t.complete("u", {"given": 10})
        t.complete("u", {"given": 20})
        assert case.data["o"] == [11, 22]
        assert case.trace == ["start", "i", "i", "u", "c", "s", "u", "c", "s", "on"]


def test_a_called_process_runs_once_for_each_item() -> None:
    model = diagram(
        process("p", start(), call("c", "q", each("items", "item", out="o", out_item="answer")), "start > c"),
        process("q", user("u"), script("d", "answer = item * given"), "u > d"),
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"items": [1, 2]})
        t.restart()
        t.complete("u", {"given": 10})
        t.complete("u", {"given": 100})
        assert case.data == {"items": [1, 2], "o": [10, 200], "given": 100}


def test_an_error_in_one_instance_ends_them_all_at_the_border() -> None:
    inner = sub("s", start("i"), user("u"), end("e", error("E")), "i > u > e", times("3"))
    with ProcessTest([one(start(), inner, boundary("b", "s", error("E")), task("x"), "start > s", "b > x")]) as t:
        case = t.start("p")
        t.restart()
        t.complete("u")
        assert case.trace == ["start", "i", "i", "i", "u", "e", "b", "x"]
        assert case.status == "completed"


def test_one_timer_stands_on_the_border_of_all_instances() -> None:
    with ProcessTest(
        [one(start(), user("u", times("3")), boundary("b", "u", timer("PT1H")), task("x"), "start > u", "b > x")]
    ) as t:
        case = t.start("p")
        t.complete("u")
        t.restart()
        t.advance(hours=1)
        assert case.trace == ["start", "u", "b", "x"]
        assert case.status == "completed"


@pytest.mark.parametrize(("before", "rounds"), [(False, 3), (True, 3)])
def test_a_standard_loop_goes_on_while_its_condition_holds(before: bool, rounds: int) -> None:
    with ProcessTest([one(start(), script("s", "n = n + 1", loop("n < 3", before=before)), "start > s")]) as t:
        case = t.start("p", {"n": 0})
        assert case.data["n"] == rounds
        assert case.trace == ["start", *["s"] * rounds]


@pytest.mark.parametrize(("before", "rounds"), [(False, 1), (True, 0)])
def test_a_standard_loop_tests_first_only_if_it_says_so(before: bool, rounds: int) -> None:
    with ProcessTest([one(start(), user("u", loop("n < 3", before=before)), "start > u")]) as t:
        case = t.start("p", {"n": 7})
        assert case.waiting == ["u"] * rounds


def test_a_standard_loop_ends_at_its_maximum_across_restarts() -> None:
    with ProcessTest([one(start(), user("u", loop(maximum="2")), task("on"), "start > u > on")]) as t:
        case = t.start("p")
        for _ in range(2):
            t.restart()
            t.complete("u")
        assert case.trace == ["start", "u", "u", "on"]


def test_a_loop_drawn_with_gateways_goes_round_without_growing() -> None:
    model = one(
        start(), xor("in"), user("u"), xor("out"), end(), "start > in > u > out", "out > in if again", "out > end else"
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        for _ in range(5):
            t.restart()
            t.complete("u", {"again": True})
        t.complete("u", {"again": False})
        assert case.trace.count("u") == 6
        assert case.status == "completed"


def test_scripts_before_and_after_belong_to_the_whole_or_to_the_instances_as_the_diagram_says() -> None:
    around = scripts("before = before + 1", "after = after + 1")
    for on_instances, count in ((False, 1), (True, 3)):
        multi = times("3")
        multi.attributes["spiffworkflow:scriptsOnInstances"] = str(on_instances).lower()
        with ProcessTest([one(start(), task("a", around, multi), "start > a")]) as t:
            assert t.start("p", {"before": 0, "after": 0}).data == {"before": count, "after": count}


def test_scripts_before_and_after_run_once_when_the_work_between_is_retried() -> None:
    caller = process("p", start(), call("c", "q", scripts("n = n + 1", "m = m + 1")), "start > c")
    called = process("q", task("inside"), Node("ioSpecification", {}, [Node("dataInput", {"id": "wanted"})]))
    with ProcessTest([diagram(caller, called)]) as t:
        case = t.start("p", {"n": 0, "m": 0})
        assert [i.element_id for i in case.incidents] == ["c"]
        t.restart()
        t.retry(case, data={"wanted": 1})
        assert case.status == "completed"
        assert case.data == {"n": 1, "m": 1, "wanted": 1}


def test_an_interrupting_message_ends_every_instance() -> None:
    with ProcessTest(
        [one(start(), user("u", times("3", sequential=True)), boundary("b", "u", message("M")), "start > u")]
    ) as t:
        case = t.start("p")
        t.message("M")
        assert case.status == "completed"
        assert case.trace == ["start", "b"]


def test_extensions_without_scripts_change_nothing() -> None:
    with ProcessTest([one(start(), task("a", extensions()), "start > a")]) as t:
        assert t.start("p").trace == ["start", "a"]


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


def test_an_event_that_a_behavior_throws_must_be_there() -> None:
    with pytest.raises(DeploymentRefused) as refused, ProcessTest([throwing("One", oneBehaviorEventRef="nothing")]):
        pass
    assert [(p.code, "oneBehaviorEventRef" in p.message) for p in refused.value.problems] == [
        ("reference_unknown", True)
    ]


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


def test_a_sequential_multi_instance_reads_its_collection_once() -> None:
    body = script("s", "seen.append(x)\nxs.insert(0, 9)", each("xs", "x", sequential=True))
    with ProcessTest([one(start(), body, "start > s")]) as t:
        assert t.start("p", {"xs": [1, 2, 3], "seen": []}).data["seen"] == [1, 2, 3]


def named(expression: str) -> Node:
    """A user task's own name."""
    return properties(nameExpression=expression)


def test_each_instance_of_a_task_can_have_a_name_of_its_own() -> None:
    model = one(start(), user("ask", named('f"征求意见（{department}）"'), each("asked", "department")), "start > ask")
    with ProcessTest([model]) as t:
        case = t.start("p", {"asked": ["发改局", "生态环境局"]})
        names = t.read(lambda session: session.scalars(select(Task.name).where(Task.instance_id == case.id)).all())
        assert sorted(names) == ["征求意见（发改局）", "征求意见（生态环境局）"]


def test_a_name_that_cannot_be_made_is_an_incident_that_a_correction_mends() -> None:
    with ProcessTest([one(start(), user("ask", named("who.name")), "start > ask")]) as t:
        case = t.start("p", {"who": None})
        assert case.incidents
        t.retry(case, data={"who": {"name": "甲"}})
        assert case.waiting == ["ask"]


@pytest.mark.parametrize("again", [[], [loop("True")]])
def test_who_did_elsewhere_what_an_interrupted_task_asks_for_has_done_it(again: list[Node]) -> None:
    model = one(
        start(),
        user("remind", properties(doneBy="by"), *again),
        boundary("told_elsewhere", "remind", when("by is not None")),
        user("tell"),
        end(),
        "start > remind > end",
        "start > tell > end",
        "told_elsewhere > end",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"by": None})
        t.complete("tell", {"by": "甲"})
        reminder = select(Task).where(Task.instance_id == case.id, Task.element_id == "remind")
        task = t.read(lambda session: session.scalars(reminder).one())
        assert (task.state, task.completed_by) == ("done", "甲")


def test_a_task_that_is_interrupted_by_nobody_s_doing_is_cancelled() -> None:
    model = one(
        start(), user("remind", properties(doneBy="by")), boundary("late", "remind", timer("P1D")), end(),
        "start > remind > end", "late > end",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"by": None})
        t.advance(days=2)
        task = t.read(lambda session: session.scalars(select(Task).where(Task.instance_id == case.id)).one())
        assert (task.state, task.completed_by) == ("cancelled", None)
