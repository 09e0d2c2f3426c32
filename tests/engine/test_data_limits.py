"""How much data a variable and a case may hold: more is refused by name, and nothing of it is written."""

from __future__ import annotations

import pytest

from engine.errors import CommandRefused
from engine.testing import ProcessTest
from engine.variables import LARGEST_CASE, LARGEST_VARIABLE
from tests.engine.models import call, diagram, end, one, process, script, service, start, times, user

MUCH = "x" * (8 * LARGEST_VARIABLE + 8)
HALF = "x" * (4 * LARGEST_VARIABLE)


def test_a_script_that_makes_too_large_a_variable_is_an_incident_and_writes_nothing() -> None:
    text = "small = 1\nlarge = 'x' * (8 * 250000 + 8)"
    with ProcessTest([one(start(), script("s", text), end(), "start > s > end")]) as t:
        case = t.start("p", data={"small": 0})
        [incident] = case.incidents
        assert (incident.element_id, incident.code) == ("s", "value_refused")
        assert incident.message.startswith("large：数据量超过一个变量的上限 250,000 个单位")
        assert case.data == {"small": 0}


@pytest.mark.parametrize("value", [MUCH, [0] * (LARGEST_VARIABLE + 1), {"a": {"b": [MUCH]}}], ids=type)
def test_too_large_a_value_from_outside_is_refused_with_its_name(value: object) -> None:
    with ProcessTest([one(start(), user("u"), end(), "start > u > end")]) as t:
        with pytest.raises(CommandRefused, match=r"large：数据量超过一个变量的上限 250,000 个单位") as refused:
            t.start("p", data={"small": 1, "large": value})
        assert refused.value.status == 422
        assert t.cases() == []
        case = t.start("p")
        with pytest.raises(CommandRefused, match="large："):
            t.complete("u", data={"small": 1, "large": value})
        assert (case.data, case.waiting) == ({}, ["u"])


def test_a_script_whose_data_passes_the_budget_names_the_variable() -> None:
    lists = {f"v{n}": [0] * 200_000 for n in range(6)}
    with ProcessTest(
        [one(start(), script("s", "\n".join(f"{v}.append(1)" for v in lists)), end(), "start > s > end")]
    ) as t:
        case = t.start("p", data=lists)
        assert [(i.code, i.message) for i in case.incidents] == [("budget_exceeded", "变量「v4」的数据量超出限制。")]
        assert case.data == lists


def test_a_service_that_gives_too_much_is_an_incident_and_can_be_retried() -> None:
    answers = iter([MUCH, "little"])
    model = one(start(), service("s", "work", "answer"), end(), "start > s > end")
    with ProcessTest([model], services={"work": lambda: next(answers)}) as t:
        case = t.start("p")
        assert [(i.element_id, i.code) for i in case.incidents] == [("s", "value_refused")]
        assert "answer：" in case.incidents[0].message
        t.retry(case)
        assert (case.status, case.data) == ("completed", {"answer": "little"})


def test_a_case_holds_so_much_in_all_and_a_smaller_value_makes_room() -> None:
    most = LARGEST_CASE // (LARGEST_VARIABLE // 2)
    with ProcessTest([one(start(), user("u"), script("s", "more = 'y' * 1200000"), end(), "start > u > s > end")]) as t:
        case = t.start("p")
        with pytest.raises(CommandRefused, match="案件的数据总量超过上限 2,000,000 个单位"):
            t.complete("u", data={f"v{n}": HALF for n in range(most + 1)})
        assert case.data == {}
        t.complete("u", data={f"v{n}": HALF for n in range(most - 1)} | {"v": HALF[:-1000]})
        assert [(i.element_id, i.code) for i in case.incidents] == [("s", "value_refused")]
        assert "more：案件的数据总量" in case.incidents[0].message
        t.restart()
        t.retry(case)
        assert case.incidents
        t.retry(case, data={"v0": "", "v1": ""})
        assert case.status == "completed"


def test_called_processes_count_while_they_run_and_no_longer() -> None:
    inner = process("inner", start("b"), user("w"), end("f"), "b > w > f")
    outer = process("p", start(), call("c", "inner", times("20")), end(), "start > c > end")
    with ProcessTest([diagram(outer, inner)]) as t:
        case = t.start("p", data={"v": HALF})
        assert {i.code for i in case.incidents} == {"value_refused"}
        assert "v：案件的数据总量超过上限" in case.incidents[0].message
    inner = process("inner", start("b"), script("w", "n = 1"), end("f"), "b > w > f")
    outer = process("p", start(), call("c", "inner", times("40", sequential=True)), end(), "start > c > end")
    with ProcessTest([diagram(outer, inner)]) as t:
        assert t.start("p", data={"v": HALF}).status == "completed"
