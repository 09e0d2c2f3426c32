"""Running cases go on in another version of their diagram, one or many."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select

from engine import migration
from engine.errors import CommandRefused
from engine.migration_commands import Target, migrate_many
from engine.tables import History, Instance, Task
from engine.testing import ProcessTest
from tests.engine.crossing import again, blocked, codes, outcome, preview
from tests.engine.harness import Running, compiled
from tests.engine.models import (
    Node,
    end,
    one,
    start,
    user,
)
from tests.engine.test_durability import at_once, completing, open_task
from tests.engine.test_random_structured import Model
from tests.engine.waits import WAITS, document_of, opened, packed, take

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


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in (1, 2, 3))])
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
