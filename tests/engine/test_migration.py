"""Running cases go on in another version of their diagram, or are told by element why they cannot."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import migration
from engine.errors import CommandRefused
from engine.migration import Finding
from engine.migration_commands import Target, migrate_many
from engine.tables import History, Instance, Job, Subscription, Task
from engine.testing import Case, ProcessTest
from tests.engine.harness import Running, compiled
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
    loop,
    manual,
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
    undo,
    undone_by,
    user,
    when,
)
from tests.engine.test_durability import at_once, completing, open_task
from tests.engine.test_random_structured import Model
from tests.engine.test_suspension import external
from tests.engine.waits import WAITS, document_of, opened, packed, take


def again(file: bytes) -> bytes:
    """The same diagram as another version."""
    return file + b"\n<!-- again -->"


def outcome(case: Case) -> dict[str, Any]:
    incidents = [(incident.element_id, incident.code) for incident in case.incidents]
    return {"status": case.status, "trace": case.trace, "data": case.data, "incidents": incidents}


def preview(t: ProcessTest, case: Case, version: int = 2, **mapping: str) -> migration.Plan:
    return t._command(lambda command: command.preview_migration(case.id, Target(version, mapping)))


def blocked(t: ProcessTest, case: Case, version: int = 2, mapping: Mapping[str, str] | None = None) -> list[Finding]:
    """What blocks a migration; preview and refusal say the same, and nothing has changed."""
    rows = t.read(lambda session: contents(session))
    blocks = preview(t, case, version, **(mapping or {})).blocks
    assert t.read(lambda session: contents(session)) == rows
    with pytest.raises(CommandRefused) as refused:
        t.migrate(case, version, mapping)
    assert (refused.value.code, refused.value.status) == ("migration_blocked", 409)
    assert refused.value.details["blocks"] == [vars(block) for block in blocks]
    assert t.read(lambda session: contents(session)) == rows
    assert case.version == 1
    assert all(block.message and block.remedy for block in blocks)
    return blocks


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.element_id, finding.code) for finding in findings]


def contents(session: Session) -> list[Any]:
    """Every row that a command on a case may touch."""
    tables = (Instance, Task, Job, Subscription, History)
    return [
        [
            tuple(getattr(row, column.key) for column in table.__table__.columns)
            for row in session.scalars(select(table))
        ]
        for table in tables
    ]


# Every kind of waiting, to a version that is the same


@pytest.mark.parametrize("how", ["running", "suspended"])
@pytest.mark.parametrize("name", WAITS)
def test_migrating_to_the_same_diagram_changes_nothing_of_how_a_case_goes_on(name: str, how: str) -> None:
    wait = WAITS[name]
    with opened(wait.file) as t:
        case = t.start("p", wait.data)
        take(t, case, wait.before)
        take(t, case, wait.after)
        expected = outcome(case)
    with opened(wait.file) as t:
        case = t.start("p", wait.data)
        take(t, case, wait.before)
        t.deploy([again(wait.file)])
        assert preview(t, case).blocks == []
        assert preview(t, case).changes == []
        stood = (case.status, case.waiting, case.data)
        if how == "suspended":
            t.suspend(case)
        t.migrate(case, version=2)
        if how == "suspended":
            assert case.status == "suspended"
            t.resume(case)
        t.restart()
        assert (case.status, case.waiting, case.data) == stood
        assert case.version == 2
        take(t, case, wait.after)
        assert outcome(case) == expected


@pytest.mark.parametrize("block", range(4))
def test_random_structured_processes_migrated_at_every_wait_end_as_they_would_have(block: int) -> None:
    for seed in range(block * 40, block * 40 + 40):
        model = Model(seed)
        content, interpret = model.file()
        values: dict[str, Any] = {"v": seed % 50}
        case = Running(content, values, restarted=True)
        versions = [case.deployment, compiled(again(content))]
        rng = random.Random(seed)
        interpret(values)
        while model.open:
            case.deployment = versions[1 - versions.index(case.deployment)]
            called = case.deployment.specs
            assert migration.carry_over(case.case, case.deployment.specs["p"], {}, called) == migration.Plan()
            case.step()
            assert all(t.task_spec.process.process.deployment is case.deployment for t in case.case.tokens.values())
            place, name = rng.choice(sorted(task for task, _ in model.open)).split()
            index = next(i for i, (task, _) in enumerate(model.open) if task == f"{place} {name}")
            model.open.pop(index)[1]({"answer": seed})
            case.complete(place, {name: seed})
        assert case.completed, seed
        assert case.data == values, seed


# Going on in the new version


ONE = one(start(), user("a"), user("b"), end(), "start > a > b > end")


def test_after_migrating_the_case_goes_on_on_the_new_diagram(database_url: str) -> None:
    new = one(start(), user("a"), user("check"), user("b"), end(), "start > a > check > b > end")
    with ProcessTest([ONE], database_url=database_url) as t:
        case = t.start("p", {"x": 1})
        t.deploy([new])
        t.migrate(case, version=2)
        t.restart()
        assert (case.version, case.waiting, case.data) == (2, ["a"], {"x": 1})
        t.complete("a")
        assert case.waiting == ["check"]
        t.complete("check")
        t.complete("b")
        assert case.status == "completed"


def test_a_mapping_says_what_an_element_is_called_now() -> None:
    new = one(start(), user("first", name="Examine"), user("b"), end(), "start > first > b > end")
    with ProcessTest([ONE]) as t:
        case = t.start("p")
        task_id = open_task(t, "a")
        t._command(lambda command: command.claim(task_id), "gx10")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("a", "element_gone")]
        assert codes(preview(t, case, a="first").changes) == [("a", "mapped"), ("a", "name")]
        t.migrate(case, 2, {"a": "first"})
        row = t.read(lambda session: session.get_one(Task, task_id))
        assert (row.element_id, row.name, row.assignee, row.state) == ("first", "Examine", "gx10", "open")
        assert row.definition_id == t.read(lambda s: s.get_one(Instance, case.id).definition_id)
        t.restart()
        t.complete("first", actor="gx10")
        assert case.waiting == ["b"]


def test_who_migrated_what_and_why_stands_in_the_history() -> None:
    with ProcessTest([ONE]) as t:
        case = t.start("p")
        t.deploy([one(start(), user("x"), end(), "start > x > end")])
        t._command(lambda c: c.migrate(case.id, Target(2, {"a": "x"}), "the law has changed"), "gx01")
        query = select(History).where(History.instance_id == case.id, History.action == "migrated")
        [line] = t.read(lambda session: session.scalars(query).all())
        assert line.actor == "gx01"
        assert line.details == {"from": 1, "to": 2, "mapping": {"a": "x"}, "reason": "the law has changed"}


def test_rework_still_returns_to_whoever_did_the_element_before() -> None:
    old = one(start(), user("a"), user("b"), "start > a > b")
    new = one(start(), user("x"), user("b"), user("x2"), "start > x > b > x2")
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a", actor="gx10")
        t.deploy([new])
        t.migrate(case, 2, {"a": "x"})
        assert document_of(case.instance)["p"] == {"x": "gx10"}


def test_a_lane_and_a_form_that_change_are_named_and_the_task_moves_to_its_new_group() -> None:
    def model(lane: str, form: str) -> bytes:
        lanes = Node(
            "laneSet", {"id": "l"}, [Node("lane", {"id": lane, "name": lane}, [Node("flowNodeRef", {}, ["a"])])]
        )
        property_ = Node("spiffworkflow:property", {"name": "formJsonSchemaFilename", "value": form})
        properties = Node("extensionElements", {}, [Node("spiffworkflow:properties", {}, [property_])])
        return one(lanes, start(), user("a", properties), "start > a")

    form = b'{"type": "object", "properties": {}}'
    with ProcessTest([model("handler", "file-2.json"), form]) as t:
        case = t.start("p")
        t.deploy([b'{"type": "object"}', model("reviewer", "file-1.json")])
        assert codes(preview(t, case).changes) == [("a", "lane"), ("a", "form")]
        t.migrate(case, 2)
        row = t.read(lambda session: session.scalars(select(Task)).one())
        assert (row.role, row.candidate_group, row.state) == ("reviewer", "reviewer", "open")


# Timers, messages, conditions


def test_a_timer_drawn_as_before_keeps_its_time_and_one_drawn_differently_begins_anew() -> None:
    def model(duration: str, other: str) -> bytes:
        return one(
            start(), user("a"), boundary("t", "a", timer(duration)), catch("w", timer(other)), both("f"),
            user("late"), user("woken"), "start > f > a", "f > w > woken", "t > late",
        )  # fmt: skip

    with ProcessTest([model("PT3H", "PT3H")]) as t:
        case = t.start("p")
        t.advance(hours=1)
        t.deploy([model("PT3H", "PT5H")])
        assert codes(preview(t, case).changes) == [("w", "timer")]
        t.migrate(case, 2)
        t.restart()
        t.advance(hours=2)
        assert sorted(case.waiting) == ["late", "w"]
        t.advance(hours=2, minutes=59)
        assert "woken" not in case.waiting
        t.advance(minutes=2)
        assert "woken" in case.waiting


def test_a_timer_that_cannot_be_worked_out_blocks() -> None:
    with ProcessTest([one(start(), catch("w", timer("PT3H")), "start > w")]) as t:
        case = t.start("p")
        t.deploy([one(start(), catch("w", timer("${deadline}")), "start > w")])
        assert codes(blocked(t, case)) == [("w", "event_fails")]


def test_a_message_is_waited_for_by_its_new_name_and_key() -> None:
    old = one(start(), catch("m", message("M", order="order")), user("a"), "start > m > a")
    new = one(start(), catch("m", message("N", customer="customer")), user("a"), "start > m > a")
    with ProcessTest([old]) as t:
        case = t.start("p", {"order": "A7", "customer": "C1"})
        other = t.start("p", {"order": "A8", "customer": "C2"})
        t.deploy([new])
        t.migrate(case, 2)
        t.migrate(other, 2)
        t.restart()
        with pytest.raises(CommandRefused):
            t.message("M", {"order": "A7"})
        t.message("N", {"customer": "C2"})
        assert (case.waiting, other.waiting) == (["m"], ["a"])


def test_a_message_drawn_as_before_keeps_the_key_it_was_waited_for_with() -> None:
    old = one(start(), both("f"), catch("m", message("M", k="k")), user("a"), "start > f > m", "f > a")
    with ProcessTest([old]) as t:
        case = t.start("p", {"k": 1})
        t.complete("a", {"k": 2})
        t.deploy([again(old)])
        t.migrate(case, 2)
        t.message("M", {"k": 1})
        assert case.status == "completed"


def test_who_waited_longest_still_does() -> None:
    model = one(start(), catch("m", message("M")), "start > m")
    with ProcessTest([model]) as t:
        first_case, second = t.start("p"), t.start("p")
        t.deploy([again(model)])
        t.migrate(first_case, 2)
        t.message("M")
        assert (first_case.status, second.status) == ("completed", "running")


def test_a_condition_that_holds_in_the_new_version_fires_at_once() -> None:
    def model(condition: str) -> bytes:
        return one(start(), catch("c", when(condition)), user("a"), "start > c > a")

    with ProcessTest([model("x > 5")]) as t:
        case = t.start("p", {"x": 3})
        t.deploy([model("x > 2")])
        assert codes(preview(t, case).changes) == [("c", "event")]
        assert case.waiting == ["c"]
        t.migrate(case, 2)
        assert case.waiting == ["a"]


def test_a_promised_message_reaches_a_case_that_was_migrated_meanwhile() -> None:
    def model(id: str) -> bytes:
        return one(start(), catch(id, message("M", variable="got")), user("a"), f"start > {id} > a")

    with ProcessTest([model("m")]) as t:
        case = t.start("p")
        t.suspend(case)
        t.message("M", payload={"n": 1})
        t.deploy([model("m2")])
        t.migrate(case, 2, {"m": "m2"})
        with pytest.raises(CommandRefused):
            t.message("M")
        t.resume(case)
        assert (case.waiting, case.data) == (["a"], {"got": {"n": 1}})


# Events on borders and in scopes


def test_events_that_the_new_version_adds_are_armed_and_those_it_lacks_disarmed() -> None:
    def model(*more: Node | str) -> bytes:
        inner = sub("s", start("i"), user("b"), "i > b")
        return one(start(), both("f"), user("a"), inner, user("x"), "start > f > a", "f > s", *more)

    old_listener = event_sub("e0", start("e0s", signal("OLD")), task("z0"), "e0s > z0")
    old = model(boundary("gone", "a", message("OLD")), old_listener, "gone > x")
    new = model(
        boundary("t", "a", timer("PT1H"), interrupting=False), boundary("m", "s", message("NEW")),
        boundary("er", "a", error("E")), event_sub("e1", start("e1s", signal("NEW"), interrupting=False), user("told"),
        "e1s > told"), "t > x", "m > x", "er > x",
    )  # fmt: skip
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.deploy([new])
        changes = codes(preview(t, case).changes)
        assert sorted(changes) == [
            ("e0s", "disarmed"), ("e1s", "armed"), ("gone", "disarmed"), ("m", "armed"), ("t", "armed"),
        ]  # fmt: skip
        t.migrate(case, 2)
        t.restart()
        with pytest.raises(CommandRefused):
            t.message("OLD")
        t.signal("OLD")
        assert sorted(case.waiting) == ["a", "b"]
        t.signal("NEW")
        t.message("NEW")
        t.advance(hours=1)
        assert sorted(case.waiting) == ["a", "told", "x", "x"]


def test_a_non_interrupting_timer_that_is_spent_is_not_armed_again() -> None:
    model = one(
        start(), user("a"), boundary("t", "a", timer("PT1H"), interrupting=False), user("x"), "start > a", "t > x",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.advance(hours=1)
        assert sorted(case.waiting) == ["a", "x"]
        t.deploy([again(model)])
        t.migrate(case, 2)
        t.advance(hours=5)
        assert sorted(case.waiting) == ["a", "x"]


def test_an_event_that_becomes_another_kind_on_a_border_is_armed_as_that() -> None:
    def model(event: Node) -> bytes:
        return one(start(), user("a"), boundary("e", "a", event), user("x"), "start > a", "e > x")

    with ProcessTest([model(message("M"))]) as t:
        case = t.start("p")
        t.deploy([model(timer("PT1H"))])
        assert codes(preview(t, case).changes) == [("e", "disarmed"), ("e", "armed")]
        t.migrate(case, 2)
        t.advance(hours=1)
        assert case.waiting == ["x"]


def test_an_interrupted_scope_hears_nothing_new() -> None:
    def model(*more: Node) -> bytes:
        return one(start(), user("a"), event_sub("e", start("es", message("M")), user("eu"), "es > eu"), *more,
                   "start > a")  # fmt: skip

    with ProcessTest([model()]) as t:
        case = t.start("p")
        t.message("M")
        t.deploy([model(event_sub("n", start("ns", signal("S")), user("nu"), "ns > nu"))])
        t.migrate(case, 2)
        t.signal("S")
        assert case.waiting == ["eu"]


def test_racing_events_are_added_and_taken_away() -> None:
    def model(*ids: str) -> bytes:
        flows = [f"g > {id} > after" for id in ids]
        return one(start(), first("g"), user("after"), *[catch(id, message(id)) for id in ids], "start > g", *flows)

    with ProcessTest([model("m1", "m2")]) as t:
        case = t.start("p")
        t.deploy([model("m2", "m3")])
        assert codes(preview(t, case).changes) == [("m1", "disarmed"), ("m3", "armed")]
        t.migrate(case, 2)
        t.restart()
        with pytest.raises(CommandRefused):
            t.message("m1")
        t.message("m3")
        assert case.waiting == ["after"]
        with pytest.raises(CommandRefused):
            t.message("m2")


# Joins, loops, scopes, calls


def test_a_join_keeps_what_has_arrived_by_the_flows_of_the_new_version() -> None:
    old = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    new = one(start(), both("f"), user("a2"), user("b"), both("j2"), user("c"),
              "start > f > a2 > j2 > c", "f > b > j2")  # fmt: skip
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("j", "element_gone")]
        assert codes(blocked(t, case, 2, {"j": "j2"})) == [("j", "flow_gone")]
        t.migrate(case, 2, {"j": "j2", "a": "a2"})
        t.complete("b")
        assert case.waiting == ["c"]


def test_a_flow_can_be_mapped_by_its_own_id() -> None:
    old = one(start(), both("f"), user("a"), user("b"), both("j"), user("c"), "start > f > a > j > c", "f > b > j")
    new = one(start(), both("f"), task("x"), user("b"), both("j"), user("c"), "start > f > x > j > c", "f > b > j")
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("j", "flow_gone")]
        t.migrate(case, 2, {"a__j": "x__j"})
        t.complete("b")
        assert case.waiting == ["c"]


def test_a_join_that_waits_for_less_in_the_new_version_goes_on() -> None:
    flows = ["start > f > a > j > d", "f > b > j"]
    old = one(start(), both("f"), user("a"), user("b"), user("c"), both("j"), user("d"), *flows, "f > c > j")
    new = one(start(), both("f"), user("a"), user("b"), user("c"), both("j"), user("d"), *flows, "f > c > d")
    for suspended in (False, True):
        with ProcessTest([old]) as t:
            case = t.start("p")
            t.complete("a")
            t.complete("b")
            t.deploy([new])
            if suspended:
                t.suspend(case)
            t.migrate(case, 2)
            if suspended:
                assert case.waiting == ["c"]
                t.resume(case)
            assert sorted(case.waiting) == ["c", "d"]


def test_two_waiting_joins_cannot_become_one() -> None:
    old = one(
        start(), both("f"), user("a"), user("b"), user("c"), user("d"), both("j1"), both("j2"), user("x"),
        "start > f > a > j1 > x", "f > b > j1", "f > c > j2 > x", "f > d > j2",
    )  # fmt: skip
    new = one(
        start(), both("f"), user("a"), user("b"), user("c"), user("d"), both("j"), user("x"),
        "start > f > a > j > x", "f > b > j", "f > c > j", "f > d > j",
    )  # fmt: skip
    with ProcessTest([old]) as t:
        case = t.start("p")
        t.complete("a")
        t.complete("c")
        t.deploy([new])
        assert codes(blocked(t, case, 2, {"j1": "j", "j2": "j"})) == [("j2", "joins_merged")]


def test_tokens_inside_sub_processes_go_along_and_a_changed_scope_blocks() -> None:
    inner = sub("s", start("i"), user("a"), user("b"), "i > a > b")
    flat: list[Node | str] = [start(), user("a"), user("b"), user("out"), "start > a > b > out"]
    deeper = sub("s", start("i"), sub("s2", start("i2"), user("a"), "i2 > a"), user("b"), "i > s2 > b")
    with ProcessTest([one(start(), inner, user("out"), "start > s > out")]) as t:
        case = t.start("p")
        t.deploy([one(*flat)])
        t.deploy([one(start(), deeper, user("out"), "start > s > out")])
        renamed = sub("r", start("i"), user("a"), user("new"), user("b"), "i > a > new > b")
        t.deploy([one(start(), renamed, user("out"), "start > r > out")])
        assert codes(blocked(t, case, 2)) == [("s", "element_gone")]
        assert codes(blocked(t, case, 3)) == [("a", "scope_changed")]
        assert codes(blocked(t, case, 4)) == [("s", "element_gone")]
        t.migrate(case, 4, {"s": "r"})
        t.complete("a")
        t.complete("new")
        t.complete("b")
        assert case.waiting == ["out"]


def test_a_called_process_keeps_its_version_unless_it_is_given_one() -> None:
    def model(step: str, after: str) -> bytes:
        called = process("c", start("cs"), user("a"), user(step), f"cs > a > {step}")
        return diagram(process("p", start(), call("k", "c"), user(after), f"start > k > {after}"), called)

    for given in ({}, {"c": 2}):
        with ProcessTest([model("old", "old_after")]) as t:
            case = t.start("p", {"x": 1})
            t.deploy([model("new", "new_after")])
            t.migrate(case, 2, called=given)
            t.restart()
            t.complete("a", {"y": 2})
            assert case.waiting == (["new"] if given else ["old"])
            t.complete(case.waiting[0])
            assert case.waiting == ["new_after"]
            assert case.data == {"x": 1, "y": 2}


def test_a_called_process_alone_can_be_given_another_version() -> None:
    caller = one(start(), call("k", "c"), user("after"), "start > k > after")
    old = one(start("cs"), user("a"), user("old"), "cs > a > old", id="c")
    new = one(start("cs"), user("a2"), user("new"), "cs > a2 > new", id="c")
    with ProcessTest([old]) as t:
        t.deploy([caller])
        case = t.start("p")
        t.deploy([new])
        t.migrate(case, 1, {"a": "a2"}, called={"c": 2})
        t.complete("a2")
        assert case.waiting == ["new"]


# What blocks


BLOCKS: dict[str, tuple[Node, Node, str]] = {
    "user task to service task": (user("x"), service("x"), "type_changed"),
    "user task to manual task": (user("x"), manual("x"), ""),
    "user task to call activity": (user("x"), call("x", "other"), "type_changed"),
    "sub-process to call activity": (sub("x", start("i"), user("u"), "i > u"), call("x", "other"), "type_changed"),
    "call activity to sub-process": (call("x", "other"), sub("x", start("i"), user("u"), "i > u"), "type_changed"),
    "message to timer": (catch("x", message("M")), catch("x", timer("PT1H")), "event_changed"),
    "signal to condition": (catch("x", signal("S")), catch("x", when("y > 1")), "event_changed"),
    "message event to receive task": (catch("x", message("M")), receive("x", "M"), "type_changed"),
    "instances to none": (user("x", times("2")), user("x"), "loop_changed"),
    "none to instances": (user("x"), user("x", times("2")), "loop_changed"),
    "parallel to sequential": (user("x", times("2")), user("x", times("2", sequential=True)), "loop_changed"),
    "loop to instances": (user("x", loop("True", "5")), user("x", times("2")), "loop_changed"),
    "answers no longer collected": (
        user("x", each("items", "item", out="answers", out_item="y")), user("x", each("items", "item")), "loop_changed",
    ),
    "answers collected from now on": (
        user("x", each("items", "item")), user("x", each("items", "item", out="answers", out_item="y")), "loop_changed",
    ),
    "another number of instances": (user("x", times("2")), user("x", times("3")), ""),
    "another service while its job runs": (service("x", "work"), service("x", "other"), "service_changed"),
}  # fmt: skip


@pytest.mark.parametrize("what", BLOCKS)
def test_a_case_that_stands_on_what_became_something_else_is_blocked_by_name(what: str) -> None:
    old, new, code = BLOCKS[what]
    other = process("other", start("os"), user("ou"), "os > ou")

    def failing() -> None:
        raise ValueError("not yet")

    services = external(failing)
    services.add_callable("other", lambda: None)
    old.attributes["name"] = "Examine"
    with ProcessTest([diagram(process("p", start(), old, "start > x"), other)], registry=services) as t:
        case = t.start("p", {"items": [1, 2]})
        t.deploy([diagram(process("p", start(), new, "start > x"), other)])
        if not code:
            t.migrate(case, 2)
            assert case.version == 2
            return
        blocks = blocked(t, case)
        assert codes(blocks) == [("x", code)]
        assert blocks[0].element_name == "Examine"


def test_everything_that_blocks_is_named_at_once() -> None:
    flows = ["start > f > a", "f > m", "f > c"]
    old = one(start(), both("f"), user("a"), catch("m", message("M")), user("c"), *flows)
    new = one(start(), both("f"), service("a"), catch("m", timer("PT1H")), user("d"), "start > f > a", "f > m", "f > d")
    with ProcessTest([old], services={"work": lambda: None}) as t:
        case = t.start("p")
        t.deploy([new])
        assert codes(blocked(t, case)) == [("a", "type_changed"), ("m", "event_changed"), ("c", "element_gone")]


def test_what_the_case_has_left_or_not_reached_does_not_block() -> None:
    with ProcessTest([one(start(), user("a"), user("b"), user("c"), "start > a > b > c")]) as t:
        case = t.start("p")
        t.complete("a")
        t.deploy([one(start(), user("b"), script("z", "x = 1"), "start > b > z")])
        t.migrate(case, 2)
        t.complete("b")
        assert (case.status, case.trace) == ("completed", ["start", "a", "b", "z"])


def test_an_incident_is_retried_on_the_new_version() -> None:
    with ProcessTest([one(start(), script("s", "x = 1 / 0"), user("a"), "start > s > a")]) as t:
        case = t.start("p")
        t.deploy([one(start(), script("t", "x = 1"), user("a"), "start > t > a")])
        t.migrate(case, 2, {"s": "t"})
        assert (case.status, [i.element_id for i in case.incidents]) == ("failed", ["t"])
        t.restart()
        t.retry(case)
        assert (case.waiting, case.data, case.incidents) == (["a"], {"x": 1}, [])


def test_versions_and_mappings_that_do_not_exist_are_refused() -> None:
    with ProcessTest([ONE]) as t:
        case = t.start("p")
        t.deploy([again(ONE)])
        for version, mapping, code in (
            (1, {}, "version_same"),
            (9, {}, "definition_unknown"),
            (2, {"typo": "b"}, "mapping_source"),
            (2, {"a": "typo"}, "mapping_target"),
        ):
            with pytest.raises(CommandRefused) as refused:
                t.migrate(case, version, mapping)
            assert refused.value.code == code
        t.cancel(case)
        with pytest.raises(CommandRefused) as refused:
            t.migrate(case, 2)
        assert refused.value.code == "instance_ended"


# Many


def test_of_many_cases_each_goes_over_or_is_told_why_not(database_url: str) -> None:
    new = one(start(), user("a"), user("c"), end(), "start > a > c > end")
    with ProcessTest([ONE], database_url=database_url) as t:
        cases = [t.start("p") for _ in range(5)]
        t.complete("a", case=cases[1])
        t.cancel(cases[2])
        t.suspend(cases[3])
        t.deploy([new])
        newer = t.start("p")
        seen, _ = migrate_many(t.engine, t.session, "p", 1, Target(2), preview=True)
        assert {o.instance_id: o.outcome for o in seen} == {
            cases[0].id: "would_migrate",
            cases[1].id: "blocked",
            cases[3].id: "would_migrate",
            cases[4].id: "would_migrate",
        }
        assert {case.version for case in cases} == {1}
        done: list[str] = []
        cursor: str | None = None
        while True:
            outcomes, cursor = migrate_many(t.engine, t.session, "p", 1, Target(2), limit=2, cursor=cursor)
            done += [outcome.outcome for outcome in outcomes]
            if cursor is None:
                break
        assert sorted(done) == ["blocked", "migrated", "migrated", "migrated"]
        assert [case.version for case in cases] == [2, 1, 1, 2, 2]
        assert (cases[3].status, newer.version) == ("suspended", 2)
        assert [o.outcome for o in migrate_many(t.engine, t.session, "p", 1, Target(2))[0]] == ["blocked"]


def test_one_case_that_cannot_be_read_does_not_stop_the_others() -> None:
    with ProcessTest([ONE]) as t:
        cases = [t.start("p") for _ in range(3)]
        t.deploy([again(ONE)])
        with t.engine.command(t.session) as command:
            broken = command.session.get_one(Instance, cases[1].id)
            broken.state = packed(document_of(broken) | {"v": 99})
        outcomes, _ = migrate_many(t.engine, t.session, "p", 1, Target(2))
        assert sorted((o.outcome, bool(o.message)) for o in outcomes) == [
            ("migrated", False), ("migrated", False), ("refused", True),
        ]  # fmt: skip


def test_of_migrating_and_completing_at_one_moment_none_is_lost(postgresql_url: str) -> None:
    new = one(start(), user("a"), user("b"), user("c"), "start > a > b > c")
    with ProcessTest([ONE], database_url=postgresql_url) as t:
        t.deploy([new])
        for _ in range(6):
            case = t.start("p", version=1)
            task_id = open_task(t, "a")

            def over(command: Any, id: str = case.id) -> Any:
                return command.migrate(id, Target(2)).status

            results = at_once(t, completing(task_id), over)
            assert not [result for result in results if isinstance(result, CommandRefused)]
            assert (case.version, case.waiting) == (2, ["b"])
            t.cancel(case)


def booked(handler: str = "free", activity: str = "book") -> bytes:
    return one(
        start(), task(activity), *undone_by(activity, undo(handler)), user("a"),
        throw("back", Node("compensateEventDefinition")),
        f"start > {activity} > a > back",
    )  # fmt: skip


def test_what_may_still_have_to_be_undone_goes_along() -> None:
    with ProcessTest([booked()]) as t:
        case = t.start("p")
        t.deploy([booked("refund", "reserve")])
        assert codes(preview(t, case).blocks) == [("book", "undo_changed")]
        t.migrate(case, version=2, mapping={"book": "reserve"})
        t.restart()
        t.complete("a")
        assert case.trace == ["start", "book", "a", "refund", "back"]


def test_an_event_with_several_definitions_goes_along_while_they_are_of_the_same_kinds() -> None:
    def model(*events: Node) -> bytes:
        event = catch("c", events[0])
        event.body += events[1:]
        return one(start(), event, "start > c")

    with ProcessTest([model(message("M"), signal("S"))]) as t:
        case = t.start("p")
        t.deploy([model(message("N"), signal("S"))])
        t.deploy([model(message("N"))])
        assert ("c", "event_changed") in codes(preview(t, case, 3).blocks)
        t.migrate(case, version=2)
        t.message("N")
        assert case.status == "completed"
