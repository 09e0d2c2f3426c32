"""What an analyst does without a programmer: one step more in a diagram, another value in a table's cell."""

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from tests.web.portal import Portal
from web.cli import main
from web.procedures import DEPLOYED, FOLDER


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    """An analyst's copy of the product's processes."""
    return Path(shutil.copytree(FOLDER, tmp_path / "processes"))


# A step more


LANE = """
      <bpmn:lane id="reviewer" name="审核人">
        <bpmn:flowNodeRef>double_check</bpmn:flowNodeRef>
      </bpmn:lane>
    </bpmn:laneSet>"""
TASK = """
    <bpmn:userTask id="double_check" name="复核">
      <bpmn:incoming>review_to_outcome_gateway</bpmn:incoming>
      <bpmn:outgoing>double_check_to_outcome_gateway</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="double_check_to_outcome_gateway"
      sourceRef="double_check" targetRef="outcome_gateway" />
    <bpmn:exclusiveGateway id="outcome_gateway" """
SHAPES = """
      <bpmndi:BPMNShape id="reviewer_di" bpmnElement="reviewer" isHorizontal="true">
        <dc:Bounds x="180" y="890" width="2030" height="150" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="double_check_di" bpmnElement="double_check">
        <dc:Bounds x="820" y="925" width="120" height="80" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="double_check_to_outcome_gateway_di" bpmnElement="double_check_to_outcome_gateway">
        <di:waypoint x="880" y="925" />
        <di:waypoint x="880" y="465" />
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>"""
STEP = """
      - expect: {status: REVIEWED, waiting: [double_check], papers: []}
      - do: double_check
        by: 王审核(gx11)
        data: {decision: confirm}"""


def replaced(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def add_double_check(processes: Path) -> None:
    """复核 between the review and what follows from it, in a lane of its own, as an editor saves it."""
    diagram = processes / "filing.bpmn"
    text = replaced(
        diagram.read_text(encoding="utf-8"),
        ("\n    </bpmn:laneSet>", LANE),
        ("<bpmn:incoming>review_to_outcome_gateway<", "<bpmn:incoming>double_check_to_outcome_gateway<"),
        ('sourceRef="review" targetRef="outcome_gateway"', 'sourceRef="review" targetRef="double_check"'),
        ('\n    <bpmn:exclusiveGateway id="outcome_gateway" ', TASK),
        ("\n    </bpmndi:BPMNPlane>", SHAPES),
    )
    diagram.write_text(text, encoding="utf-8")


def add_step_to_scenarios(processes: Path) -> None:
    """The first scenario with one step more; of the others those that never come to it."""
    scenarios = processes / "scenarios" / "filing.yaml"
    text = scenarios.read_text(encoding="utf-8")
    others = text.index("  - name: 没有电子签章的备案机关")
    refusals = text.index("  # 七、")
    first = re.sub(r"(?<=data: \{decision: issue\})", STEP, text[:others])
    scenarios.write_text(first + text[refusals:], encoding="utf-8")


def test_a_step_drawn_into_the_diagram_is_checked_tested_deployed_and_worked_through_without_python(
    portal: Portal, processes: Path
) -> None:
    settings = portal.app.extensions["jigai"].settings
    environment = os.environ | {
        "JIGAI_VAR": str(settings.var),
        "DATABASE_URL": settings.database_url,
        "JIGAI_DATA_KEY": settings.data_key.hex(),
        "JIGAI_SECRET_KEY": settings.secret_key.hex(),
    }

    def jigai_apart(*arguments: str) -> str:
        """In a process of its own, with settings from the environment."""
        done = subprocess.run(
            [sys.executable, "-c", "from web.cli import main; main()", *arguments],
            capture_output=True,
            text=True,
            cwd=FOLDER.parent,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    before = portal.draft(project_code="2106-440704-04-02-601118")
    portal.submit(before["id"])
    add_double_check(processes)
    add_step_to_scenarios(processes)
    assert jigai("check", str(processes)).exit_code == 0
    assert "0 个未通过" in jigai_apart("test", str(processes / "scenarios" / "filing.yaml"))
    together = sorted(path.stem for path in processes.glob("*.bpmn"))  # they are one deployment
    assert jigai_apart("deploy", str(processes)).splitlines() == [f"{process} v2" for process in together]
    token = jigai_apart("token", "create", "gx11").strip()

    filing = portal.draft()
    portal.submit(filing["id"])
    for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
        answer = portal.decide(user, filing["id"], decision)
    assert [task["name"] for task in answer.get_json()["tasks"]] == ["复核"]
    assert (portal.filing(filing["id"])["status"], portal.filing(filing["id"])["certificate"]) == (
        "REVIEWED",
        None,
    )

    bearer = {"Authorization": f"Bearer {token}"}
    inbox = portal.client.get("/api/v1/tasks?box=todo", headers=bearer).get_json()["items"]
    (task,) = [task for task in inbox if task["business_key"] == filing["id"]]
    assert (task["element_id"], task["role"]) == ("double_check", "reviewer")
    url = f"/api/v1/tasks/{task['id']}/complete"
    done = portal.client.post(url, headers=bearer, json={"data": {"decision": "confirm"}})
    assert done.status_code == 200, done.text
    portal.settle()
    assert portal.filing(filing["id"])["status"] == "ISSUED"

    # A case that began before goes on by the diagram it began with.
    assert portal.issue(before["id"])


# A cell changed


def cell(text: str, entry: str, value: str) -> str:
    """A table with another expression in one of its cells, as dmn-js writes it."""
    changed, count = re.subn(
        rf'(<(?:in|out)putEntry id="{entry}">\s*<text>)[^<]*(</text>)', rf"\g<1>{value}\g<2>", text
    )
    assert count == 1, entry
    return changed


def deploy(portal: Portal, table: str, cells: dict[str, str]) -> None:
    """Deploy the product's processes with some cells of one table changed, as an administrator does."""
    files = []
    for path in sorted(path for path in FOLDER.rglob("*") if path.suffix in DEPLOYED):
        content = path.read_text(encoding="utf-8")
        if path.name == table:
            for entry, value in cells.items():
                content = cell(content, entry, value)
        files.append((BytesIO(content.encode()), path.name))
    answer = portal.call("admin", "POST", "/deployments", data={"files": files})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("table", "cells", "changes", "before", "after"),
    [
        pytest.param(
            "minimum_capital_ratio.dmn",
            {"minimum_capital_ratio_other_then_min_ratio": "0.25"},
            {"money": {"capital": "150"}},
            [],
            [
                (
                    "V09",
                    "「项目资本金」不得低于总投资的25%（电力等其他项目最低资本金比例），应不少于180万元",
                )
            ],
            id="minimum capital ratio",
        ),
        pytest.param(
            "admission.dmn",
            {
                "admission_eliminated_when_catalogue": '"淘汰类","鼓励类"',
                "admission_eliminated_then_message": '"本年度暂停办理"',
            },
            {},
            [],
            [("V16", "本年度暂停办理")],
            id="a row of admission",
        ),
        pytest.param(
            "planned_dates.dmn",
            {
                "planned_dates_start_passed_when_planned_start": "&lt; earliest",
                "planned_dates_start_passed_then_message": '"请预留三个工作日"',
            },
            {"planned_start": "2026-03-03"},
            [],
            [("V11", "请预留三个工作日")],
            id="planned dates",
        ),
        pytest.param(
            "routing.dmn",
            {"routing_city_then_route": '"备案"', "routing_filing_then_route": '"核准"'},
            {},
            [],
            [("V17", "该项目属于核准目录，请办理项目核准")],
            id="routing",
        ),
        pytest.param(
            "routing.dmn",
            {"routing_city_then_route": '"备案"'},
            {"approval_category": "能源", "approval_level": "地级以上市"},
            [("V17", "该项目属于核准目录，请办理项目核准")],
            [],
            id="routing that admits",
        ),
        pytest.param(
            "industry_group.dmn",
            {"industry_group_cement_when_class_code": '"3012"'},
            {"class_code": "3011", "adds_capacity": True},
            [("V16", "产能严重过剩行业不得新增产能"), ("V16", "珠三角核心区禁止新建、扩建")],
            [],
            id="industry groups that admission reads",
        ),
    ],
)
def test_a_changed_cell_changes_what_check_and_submit_answer(
    portal: Portal,
    table: str,
    cells: dict[str, str],
    changes: dict[str, Any],
    before: list[tuple[str, str]],
    after: list[tuple[str, str]],
) -> None:
    filing = portal.draft(**changes)
    assert checked(portal, filing["id"]) == before
    deploy(portal, table, cells)
    assert checked(portal, filing["id"]) == after
    answer = portal.submit(filing["id"])
    if after:
        assert answer.status_code == 422
        assert [(e["code"], e["message"]) for e in answer.get_json()["errors"]] == after
        assert portal.filing(filing["id"])["instance_id"] is None
    else:
        assert portal.filing(filing["id"])["status"] == "SUBMITTED"


def checked(portal: Portal, filing_id: str) -> list[tuple[str, str]]:
    answer = portal.call("ent01", "POST", f"/filings/{filing_id}/check").get_json()
    return [(error["code"], error["message"]) for error in answer["errors"]]


def test_a_changed_cell_changes_what_signing_does_but_not_to_cases_that_run_already(portal: Portal) -> None:
    """At signing the table is asked by the diagram: with the row out of force nothing goes back."""
    old = portal.draft(project_code="2106-440704-04-02-601118", planned_start="2026-03-03")
    portal.submit(old["id"])
    deploy(portal, "planned_dates.dmn", {"planned_dates_start_before_issue_then_result": '"提示"'})
    new = portal.draft(planned_start="2026-03-03")
    portal.submit(new["id"])
    portal.clock.set(portal.clock.now().replace(day=6))
    for filing in (old, new):
        for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
            portal.decide(user, filing["id"], decision)
    assert portal.filing(old["id"])["status"] == "RETURNED"
    assert portal.filing(old["id"])["opinion"] == "「计划开工时间」早于备案证签发时间，请修改"
    assert portal.filing(new["id"])["status"] == "ISSUED"


def test_only_an_administrator_deploys(portal: Portal) -> None:
    answer = portal.call("gx10", "POST", "/deployments", data={"files": [(BytesIO(b"<x/>"), "x.bpmn")]})
    assert answer.status_code == 403


# What is wrong is told


def jigai(*arguments: str) -> Result:
    try:
        return CliRunner().invoke(main, arguments)
    finally:
        structlog.reset_defaults()  # the command's log went to a stream that is closed by now


def test_check_is_clean_for_the_product_s_processes(processes: Path) -> None:
    assert jigai("check", str(processes)).exit_code == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "element", "said"),
    [
        (
            "filing",
            'targetRef="mark_returned"',
            'targetRef="mark_retuned"',
            "outcome_gateway_to_mark_returned",
            "mark_retuned",
        ),
        ("filing", 'id="notice/post"', 'id="notice/pots"', "post_notice", "notice/pots"),
        ("returned", 'value="correct.json"', 'value="corect.json"', "resubmit", "corect.json"),
        ("filing", 'outcome == "issued"', 'outcome = "issued"', "outcome_gateway_to_check_planned_start", "issued"),
        ("returned", "bpmn:userTask", "bpmn:choreographyTask", "resubmit", "choreographyTask"),
    ],
)
def test_check_of_a_bad_copy_names_file_element_and_remedy_and_ends_with_1(
    processes: Path, file: str, old: str, new: str, element: str, said: str
) -> None:
    diagram = processes / f"{file}.bpmn"
    text = diagram.read_text(encoding="utf-8")
    assert old in text
    diagram.write_text(text.replace(old, new), encoding="utf-8")
    result = jigai("check", str(processes))
    assert result.exit_code == 1
    lines = [line for line in result.output.splitlines() if element in line]
    assert any(re.match(rf"{file}\.bpmn:\d+ {element} .*\[\w+\]$", line) and said in line for line in lines), (
        result.output
    )
    assert any(line.count("。") >= 2 for line in lines), "what is wrong, and what to do"


def test_a_diagram_that_is_not_xml_is_told_by_check_and_by_deploying(portal: Portal, processes: Path) -> None:
    (processes / "filing.bpmn").write_text("<bpmn:definitions>", encoding="utf-8")
    result = jigai("check", str(processes))
    assert result.exit_code == 1
    assert "filing.bpmn" in result.output
    answer = portal.call(
        "admin", "POST", "/deployments", data={"files": [(BytesIO(b"<bpmn:definitions>"), "filing.bpmn")]}
    )
    assert answer.status_code == 422
    (error, *_) = answer.get_json()["errors"]
    assert error["file"] == "filing.bpmn"
    assert error["message"]


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "no/such/folder"), ("test", "no/such/folder"), ("test",), ("chekc", ".")],
)
def test_what_was_typed_wrongly_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert jigai(*arguments).exit_code == 2
