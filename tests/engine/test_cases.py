"""A case as a whole: its trace, variables, incidents, budget, cancelling and retrying (design §3, §7)."""

from __future__ import annotations

import time

import pytest

from engine import workflow
from engine.errors import CommandRefused
from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    call,
    catch,
    diagram,
    end,
    extensions,
    manual,
    message,
    one,
    process,
    script,
    service,
    start,
    sub,
    task,
    timer,
    user,
    xor,
)


def test_the_trace_names_what_completed_in_order_and_the_sub_process_after_what_is_in_it() -> None:
    inner = sub("s", start("i"), task("a"), end("e"), "i > a > e")
    with ProcessTest([one(start(), inner, xor("g"), manual("m"), end(), "start > s > g > m > end")]) as t:
        case = t.start("p")
        assert case.trace == ["start", "i", "a", "e", "s", "g"]
        assert case.waiting == ["m"]
        t.restart()
        t.complete("m")
        assert case.trace[-2:] == ["m", "end"]


def test_variables_stay_as_they_were_at_the_end() -> None:
    with ProcessTest([one(start(), sub("s", start("i"), script("x", "inside = v + 1"), "i > x"), "start > s")]) as t:
        case = t.start("p", {"v": 1})
        t.restart()
        assert case.data == {"v": 1, "inside": 2}


def test_a_branch_that_never_touches_a_variable_does_not_undo_what_another_wrote() -> None:
    model = one(start(), both("f"), user("a"), user("b"), both("j"), end(), "start > f > a > j > end", "f > b > j")
    with ProcessTest([model]) as t:
        case = t.start("p", {"v": "old"})
        t.complete("a", {"v": "new"})
        t.restart()
        t.complete("b", {"w": 1})
        assert case.data == {"v": "new", "w": 1}


def test_a_script_that_fails_leaves_no_half_of_its_work_and_its_siblings_go_on() -> None:
    model = one(
        start(), both("f"), script("s", "a = 1\nrows.append(2)\nb = a / zero"), user("u"), "start > f > s", "f > u"
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"zero": 0, "rows": [1]})
        assert [i.element_id for i in case.incidents] == ["s"]
        assert case.data == {"zero": 0, "rows": [1]}
        assert (case.status, case.waiting) == ("running", ["u"])
        t.restart()
        t.complete("u")
        assert case.status == "failed"
        t.retry(case, data={"zero": 2})
        assert case.status == "completed"
        assert case.data == {"zero": 2, "rows": [1, 2], "a": 1, "b": 0.5}


def test_a_value_too_large_to_keep_is_an_incident_where_it_is_made_and_nothing_is_kept() -> None:
    with ProcessTest([one(start(), script("s", "x = 10 ** 2000\ny = {'n': [x * x * x]}"), "start > s")]) as t:
        case = t.start("p")
        assert [i.element_id for i in case.incidents] == ["s"]
        assert case.data == {}


def test_values_come_back_after_a_restart_as_they_were() -> None:
    text = "d = date(2026, 3, 1)\nm = Decimal('1.20')\nt = timedelta(days=1)\no = {'$date': 1, 'l': [None, True, 1.5]}"
    with ProcessTest(
        [
            one(
                start(),
                script("s", text),
                user("u"),
                script("v", "same = [d, m, t, o] == [d, m, t, o]"),
                "start > s > u > v",
            )
        ]
    ) as t:
        case = t.start("p")
        before = case.data
        t.restart()
        assert case.data == before
        assert [type(value) for value in case.data.values()] == [type(value) for value in before.values()]


def test_a_case_that_runs_in_circles_stops_at_its_budget_with_an_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "STEP_BUDGET", 1_000)
    model = one(
        start(),
        xor("in"),
        script("s", "n = n + 1"),
        xor("out"),
        end(),
        "start > in > s > out",
        "out > in if n < limit",
        "out > end else",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"n": 0, "limit": 100_000})
        assert [i.code for i in case.incidents] == ["budget_exceeded"]
        assert case.incidents[0].element_id in ("in", "s", "out")
        assert case.status == "failed"
        t.restart()
        t.retry(case, data={"limit": 0})
        assert case.status == "completed"


def test_a_cancelled_case_has_nothing_open_and_takes_no_command() -> None:
    model = one(
        start(),
        both("f"),
        user("u"),
        catch("m", message("M")),
        sub("s", start("i"), catch("w", timer("PT1H")), "i > w"),
        "start > f > u",
        "f > m",
        "f > s",
    )
    with ProcessTest([model]) as t:
        case = t.start("p", {"x": 1})
        t.restart()
        t.cancel(case, "not wanted")
        assert (case.status, case.waiting, case.incidents) == ("cancelled", [], [])
        assert case.data == {"x": 1}
        for give in (lambda: t.complete("u"), lambda: t.message("M"), lambda: t.cancel(case), lambda: t.retry(case)):
            with pytest.raises(CommandRefused):
                give()
        t.advance(hours=2)
        assert case.trace == ["start", "f", "i"]


def test_a_case_with_an_incident_can_be_cancelled() -> None:
    with ProcessTest([one(start(), service("s"), "start > s")], services={"work": lambda: 1 / 0}) as t:
        case = t.start("p")
        t.cancel(case)
        assert (case.status, case.incidents) == ("cancelled", [])


def test_an_interrupted_scope_takes_its_incidents_with_it() -> None:
    inner = sub("s", start("i"), service("w"), "i > w")
    model = one(start(), inner, boundary("b", "s", timer("PT1H")), task("x"), "start > s", "b > x")
    with ProcessTest([model], services={"work": lambda: 1 / 0}) as t:
        case = t.start("p")
        assert [i.element_id for i in case.incidents] == ["w"]
        t.restart()
        t.advance(hours=1)
        assert (case.status, case.incidents) == ("completed", [])
        assert case.trace == ["start", "i", "b", "x"]


def test_a_retry_that_fails_otherwise_says_so_and_leaves_one_open_incident() -> None:
    with ProcessTest([one(start(), script("s", "y = 1 / x"), "start > s")]) as t:
        case = t.start("p")
        first = case.incidents[0].message
        t.retry(case, data={"x": 0})
        [incident] = case.incidents
        assert incident.message != first
        t.retry(case, data={"x": 2})
        assert (case.status, case.incidents) == ("completed", [])


DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="test">
  <decision id="size" name="size"><decisionTable id="t" hitPolicy="FIRST">
    <input id="i"><inputExpression id="e" typeRef="number"><text>amount</text></inputExpression></input>
    <output id="o" name="big" typeRef="boolean"/>
    <rule id="r1"><inputEntry id="e1"><text>&gt; 100</text></inputEntry>
      <outputEntry id="o1"><text>true</text></outputEntry></rule>
    <rule id="r2"><inputEntry id="e2"><text>&gt; 0</text></inputEntry>
      <outputEntry id="o2"><text>false</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>"""


def test_a_business_rule_task_writes_the_outputs_of_its_table_or_is_an_incident_without_a_hit() -> None:
    decided = extensions(Node("spiffworkflow:calledDecisionId", {}, ["size"]))
    with ProcessTest([one(start(), task("d", decided, tag="businessRuleTask"), "start > d"), DMN]) as t:
        assert t.start("p", {"amount": 500}).data["big"] is True
        case = t.start("p", {"amount": -1})
        assert [i.element_id for i in case.incidents] == ["d"]
        t.retry(case, data={"amount": 1})
        assert case.data == {"amount": 1, "big": False}


def test_a_retry_without_incidents_changes_nothing() -> None:
    with ProcessTest([one(start(), user("u"), "start > u")]) as t:
        case = t.start("p")
        t.retry(case)
        assert (case.status, case.waiting) == ("running", ["u"])


def test_a_running_case_keeps_its_version() -> None:
    with ProcessTest([one(start(), user("u"), task("old"), "start > u > old")]) as t:
        case = t.start("p")
        t.deploy([one(start(), user("u"), task("new"), "start > u > new")])
        t.restart()
        late = t.start("p")
        t.complete("u", case=case)
        t.complete("u", case=late)
        assert (case.trace[-1], late.trace[-1]) == ("old", "new")
        assert (case.version, late.version) == (1, 2)
        assert t.start("p", version=1).version == 1
        with pytest.raises(CommandRefused):
            t.start("p", version=3)


def test_data_that_cannot_be_stored_is_refused_with_its_path_before_anything_happens() -> None:
    with ProcessTest([one(start(), user("u"), "start > u")]) as t:
        with pytest.raises(CommandRefused, match=r"x\.y"):
            t.start("p", {"x": {"y": {1, 2}}})
        case = t.start("p")
        with pytest.raises(CommandRefused, match=r"x\[1\]"):
            t.complete("u", {"x": [1, float("nan")]})
        assert case.waiting == ["u"]


def test_cases_are_listed_oldest_first_and_tasks_are_completed_longest_waiting_first() -> None:
    with ProcessTest([one(start(), user("u"), "start > u")]) as t:
        cases = [t.start("p") for _ in range(5)]
        assert t.cases() == cases
        t.complete("u")
        assert [case.status for case in cases] == ["completed"] + ["running"] * 4


def test_a_case_longer_than_any_stack_completes() -> None:
    names = [f"t{n}" for n in range(3_000)]
    with ProcessTest([one(start(), *map(task, names), "start > " + " > ".join(names))]) as t:
        assert len(t.start("p").trace) == 3_001


def test_a_command_that_takes_too_long_is_an_incident_and_goes_on_when_it_is_retried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = one(start(), script("a", "n = 1"), service("slow"), script("b", "n = 2"), "start > a > slow > b")
    with ProcessTest([model], services={"work": lambda: time.sleep(0.06)}) as t:
        monkeypatch.setattr(workflow, "TIME_BUDGET", 0.05)
        case = t.start("p")
        assert [(i.element_id, i.code) for i in case.incidents] == [("b", "budget_exceeded")]
        assert case.data == {"n": 1}
        t.retry(case)
        assert case.status == "completed"


def test_what_failed_is_corrected_where_it_reads() -> None:
    called = process("q", start("i"), script("s", "answer = 1 / n"), "i > s")
    with ProcessTest([diagram(process("p", start(), call("c", "q"), "start > c"), called)]) as t:
        case = t.start("p", {"n": 0})
        assert [i.element_id for i in case.incidents] == ["s"]
        t.retry(case, {"n": 2})
        assert case.status == "completed"
        assert case.data["answer"] == 0.5


def test_sub_processes_may_stand_inside_each_other_as_deep_as_a_file_goes() -> None:
    inner = user("u")
    for depth in range(190):
        inner = sub(f"s{depth}", inner)
    with ProcessTest([one(inner)]) as t:
        done, gone = t.start("p"), t.start("p")
        t.restart()
        t.complete("u", case=done)
        t.cancel(gone)
        assert (done.status, len(done.trace), gone.status) == ("completed", 191, "cancelled")
