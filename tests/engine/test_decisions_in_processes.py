"""Business rule tasks: what a table decides becomes variables, what it cannot decide an incident on the task."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.decisions import read_decisions
from engine.deployments import Source, check
from engine.errors import DeploymentRefused
from engine.testing import ProcessTest
from tests.engine.models import Node, end, extensions, one, start, task
from tests.engine.test_decisions import DMN_13, decision, dmn

Columns = list[tuple[str, str]]


def ruled(result: str = "", table: str = "table") -> bytes:
    """A process with one business rule task."""
    parts = [Node("spiffworkflow:calledDecisionId", {}, [table])]
    parts += [_property("resultVariable", result)] if result else []
    return one(start(), task("rule", extensions(*parts), tag="businessRuleTask"), end(), "start > rule > end")


def _property(name: str, value: str) -> Node:
    return Node("spiffworkflow:properties", {}, [Node("spiffworkflow:property", {"name": name, "value": value})])


def grades(policy: str, *rules: tuple[list[str], list[str]], default: str = "") -> bytes:
    inner = f"<defaultOutputEntry><text>{default}</text></defaultOutputEntry>" if default else ""
    outputs = [("level", "string", inner), ("weight", "number", "")]
    return dmn(decision([("amount", "number")], outputs, list(rules), policy=f' hitPolicy="{policy}"'))


LOW = (["< 10"], ['"low"', "1"])
HIGH = (["> 5"], ['"high"', "amount * 2"])


def test_the_outputs_of_one_hit_become_variables() -> None:
    with ProcessTest([ruled(), grades("UNIQUE", LOW, HIGH)]) as t:
        case = t.start("p", data={"amount": 20})
        assert (case.status, case.data) == ("completed", {"amount": 20, "level": "high", "weight": 40})


def test_a_result_variable_holds_the_whole_result() -> None:
    with ProcessTest([ruled("grade"), grades("UNIQUE", LOW, HIGH)]) as t:
        assert t.start("p", data={"amount": 1}).data["grade"] == {"level": "low", "weight": 1}
    with ProcessTest([ruled("grade"), grades("COLLECT", LOW, HIGH)]) as t:
        assert t.start("p", data={"amount": 7}).data["grade"] == [
            {"level": "low", "weight": 1},
            {"level": "high", "weight": 14},
        ]


def test_a_collection_without_a_result_variable_stands_under_the_tables_id() -> None:
    with ProcessTest([ruled(), grades("COLLECT", LOW, HIGH)]) as t:
        assert t.start("p", data={"amount": 20}).data["table"] == [{"level": "high", "weight": 40}]


def test_first_takes_the_first_of_several() -> None:
    with ProcessTest([ruled(), grades("FIRST", LOW, HIGH)]) as t:
        assert t.start("p", data={"amount": 7}).data["level"] == "low"


def test_two_hits_of_a_unique_table_are_an_incident_that_names_the_rules() -> None:
    with ProcessTest([ruled(), grades("UNIQUE", LOW, HIGH)]) as t:
        case = t.start("p", data={"amount": 7})
        [incident] = case.incidents
        assert (incident.element_id, incident.code) == ("rule", "decision_failed")
        assert "同时命中第 1、2 条" in incident.message
        assert case.data == {"amount": 7}
        t.restart()
        t.retry(case, data={"amount": 3})
        assert (case.status, case.data["level"], case.incidents) == ("completed", "low", [])


def test_no_hit_is_an_incident_and_a_default_is_none() -> None:
    for policy in ("UNIQUE", "FIRST"):
        with ProcessTest([ruled(), grades(policy, LOW)]) as t:
            case = t.start("p", data={"amount": 50})
            [incident] = case.incidents
            assert (incident.element_id, incident.code) == ("rule", "decision_failed")
            assert "没有一条规则命中" in incident.message
        with ProcessTest([ruled(), grades(policy, LOW, default='"none"')]) as t:
            assert t.start("p", data={"amount": 50}).data == {"amount": 50, "level": "none", "weight": None}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "变量「amount」没有值"),
        ({"amount": "many"}, "应为数字，得到的是「many」"),
        ({"amount": True}, "应为数字，得到的是布尔值"),
        ({"amount": [1]}, "应为数字，得到的是列表"),
    ],
)
def test_an_input_that_is_missing_or_of_another_type_is_an_incident(data: dict[str, Any], says: str) -> None:
    with ProcessTest([ruled(), grades("FIRST", LOW, HIGH)]) as t:
        case = t.start("p", data=data)
        [incident] = case.incidents
        assert incident.element_id == "rule"
        assert says in incident.message
        t.retry(case, data={"amount": "3"})
        assert case.data["level"] == "low"


@pytest.mark.parametrize(("how", "result"), [("SUM", 5), ("MIN", 2), ("MAX", 3), ("COUNT", 2)])
def test_an_aggregate_is_one_variable(how: str, result: int) -> None:
    rules = [(["> 1"], ["2"]), (["> 2"], ["3"]), (["> 9"], ["5"])]
    made = decision([("v", "number")], [("n", "", "")], rules, policy=f' hitPolicy="COLLECT" aggregation="{how}"')
    with ProcessTest([ruled(), dmn(made)]) as t:
        assert t.start("p", data={"v": 5}).data == {"v": 5, "n": result}


def test_warnings_do_not_prevent_a_deployment_and_errors_come_with_their_place() -> None:
    found = check([Source("p.bpmn", ruled()), Source("t.dmn", grades("UNIQUE", LOW))], lambda operator: True).problems
    assert [(p.file, p.severity, p.message) for p in found] == [("t.dmn", "warning", "「列1 ≥ 10」没有规则。")]
    with pytest.raises(DeploymentRefused) as refused, ProcessTest([ruled(), grades("UNIQUE", (["＞5"], ['"a"', "1"]))]):
        pass
    [problem] = [p for p in refused.value.problems if p.code == "dmn_bad_cell"]
    assert problem.element_id == "table_in_1_0"
    assert "把「＞」改成英文的「>」" in problem.message


# Decisions that need others


def needing(id: str, *needed: str, text: str) -> str:
    needs = "".join(
        f'<informationRequirement id="{id}_{n}"><requiredDecision href="#{need}" /></informationRequirement>'
        for n, need in enumerate(needed)
    )
    return (
        f'<decision id="{id}" name="{id}">{needs}<literalExpression><text>{text}</text></literalExpression></decision>'
    )


def test_a_chain_of_a_thousand_decisions_is_worked_out_and_a_circle_of_them_refused() -> None:
    chain = [needing("d0", text="1"), *(needing(f"d{n}", f"d{n - 1}", text=f"d{n - 1} + 1") for n in range(1, 1_000))]
    for decisions_ in (chain, chain[::-1]):
        begun = time.process_time()
        decisions, problems = read_decisions(dmn(*decisions_), "t.dmn")
        assert problems == []
        last = next(decision for decision in decisions if decision.id == "d999")
        assert last.evaluate({}).outputs == {"d999": 1000}
        assert repr(last)
        assert time.process_time() - begun < 5
    with ProcessTest([ruled(table="d999"), dmn(*chain)]) as t:
        assert t.start("p").data == {"d999": 1000}
    decisions, problems = read_decisions(dmn(needing("d0", "d999", text="1"), *chain[1:]), "t.dmn")
    assert decisions == []
    assert [p.code for p in problems] == ["dmn_required_cycle"]


def test_a_shared_decision_is_worked_out_once() -> None:
    """A ladder of diamonds: worked out again for each path it would take for ever."""
    count = 60
    rungs = [needing("d0", text="now().year")]
    for n in range(1, count):
        rungs.append(needing(f"l{n}", f"d{n - 1}", text=f"d{n - 1}"))
        rungs.append(needing(f"r{n}", f"d{n - 1}", text=f"d{n - 1}"))
        rungs.append(needing(f"d{n}", f"l{n}", f"r{n}", text=f"l{n} + r{n}"))
    decisions, problems = read_decisions(dmn(*rungs), "t.dmn")
    assert problems == []
    asked: list[int] = []

    def now() -> datetime:
        asked.append(1)
        return datetime(2026, 1, 1, tzinfo=UTC)

    last = next(decision for decision in decisions if decision.id == f"d{count - 1}")
    assert last.evaluate({}, {"now": now}).outputs == {f"d{count - 1}": 2026 * 2 ** (count - 1)}
    assert len(asked) == 1


def test_required_input_data_and_knowledge_sources_say_nothing_to_the_engine() -> None:
    needs = (
        '<informationRequirement><requiredInput href="#amount" /></informationRequirement>'
        '<authorityRequirement><requiredAuthority href="#law" /></authorityRequirement>'
    )
    model = dmn(
        '<inputData id="amount" name="amount"><variable name="amount" typeRef="number"/></inputData>',
        '<knowledgeSource id="law" name="条例" />',
        f'<decision id="d" name="d">{needs}<literalExpression><text>amount + 1</text></literalExpression></decision>',
    )
    decisions, problems = read_decisions(model, "t.dmn")
    assert problems == []
    assert decisions[0].evaluate({"amount": 1}).outputs == {"d": 2}


@pytest.mark.parametrize("href", ["other.dmn#rate", "https://example.org/dmn#rate", "rate", ""])
def test_a_decision_of_another_file_is_refused_by_its_name(href: str) -> None:
    needs = f'<informationRequirement id="i"><requiredDecision href="{href}" /></informationRequirement>'
    model = dmn(f'<decision id="d" name="费率">{needs}<literalExpression><text>1</text></literalExpression></decision>')
    decisions, problems = read_decisions(model, "t.dmn")
    assert decisions == []
    [problem] = problems
    assert (problem.code, problem.message) == ("dmn_required_elsewhere", f"所需的决策「{href}」不在这个文件里。")


def test_an_import_is_refused_by_its_name() -> None:
    imported = f'<import id="i" name="other" namespace="urn:x" importType="{DMN_13}" locationURI="other.dmn" />'
    _, problems = read_decisions(dmn(imported, needing("d", text="1")), "t.dmn")
    assert [(p.code, p.element_id, p.message) for p in problems] == [
        ("dmn_import", "i", "不支持引入其他文件的模型「other」。")
    ]
