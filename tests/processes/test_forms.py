"""What an official must say: the forms of 受理, 审核 and 签发, which browser and server both check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.forms import read_form
from tasks.approvals.vocabulary import KINDS, LAND_USES, METHODS, ORGANISATIONS, SCOPES
from tests.processes.drawing import Drawing

PROCESSES = Path(__file__).parents[2] / "processes"
FORMS = PROCESSES / "forms"
SCHEMAS = sorted(path for path in FORMS.glob("*.json") if not path.name.endswith(".ui.json"))

DRAFTED = ("filing", "approval")  # what an enterprise fills in before there is a case

NEEDS_OPINION = [
    ("accept", "return"),
    ("accept", "refuse"),
    ("review_content", "return"),
    ("review_content", "back"),
    ("sign", "return"),
    ("sign", "back"),
    ("sign_correction", "refuse"),
    ("examine_application", "correct"),
    ("examine_application", "refuse"),
    ("examine_application", "file"),
    ("examine_corrected", "refuse"),
    ("review_application", "reject"),
    ("review_application", "prolong"),
    ("review_application", "back"),
    ("review_prolonged", "reject"),
    ("approve_prolongation", "disagree"),
    ("sign_application", "back"),
    ("record_reply", "disagree"),
]
NEEDS_NONE = [
    ("accept", "accept"),
    ("review_content", "approve"),
    ("sign", "issue"),
    ("sign_correction", "issue"),
    ("examine_application", "accept"),
    ("review_application", "approve"),
    ("approve_prolongation", "agree"),
    ("sign_application", "issue"),
    ("record_reply", "agree"),
]


def refusals(form: str, data: dict[str, Any]) -> list[str]:
    """The fields about which the form complains."""
    path = FORMS / f"{form}.json"
    schema, problems = read_form(path.read_bytes(), path.name)
    assert problems == []
    return [complaint.field for complaint in schema.check(data)]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_form_is_a_json_schema_with_a_title(path: Path) -> None:
    schema, problems = read_form(path.read_bytes(), path.name)
    assert problems == []
    assert schema.document["title"]


def test_a_contract_offers_what_the_rules_of_tenders_know() -> None:
    form = json.loads((FORMS / "approval.json").read_text(encoding="utf-8"))["properties"]
    contract = form["tender"]["properties"]["rows"]["items"]["properties"]
    offered = {name: tuple(contract[name]["enum"]) for name in ("kind", "scope", "org", "method")}
    assert offered == {"kind": tuple(KINDS), "scope": SCOPES, "org": ORGANISATIONS, "method": METHODS}
    assert tuple(form["land_use"]["enum"]) == LAND_USES


@pytest.mark.parametrize("path", sorted(PROCESSES.glob("*.bpmn")), ids=lambda path: path.stem)
def test_every_form_that_a_task_names_exists(path: Path) -> None:
    root = Drawing(path).root
    named = {
        str(element.get("value")) for element in root.iter("{*}property") if str(element.get("name")).startswith("form")
    }
    assert named or not list(root.iter("{*}userTask"))
    assert named <= {form.name for form in FORMS.iterdir()}


@pytest.mark.parametrize("path", [path for path in SCHEMAS if path.stem not in DRAFTED], ids=lambda path: path.stem)
def test_whoever_completes_a_task_sets_only_the_variables_that_its_form_names(path: Path) -> None:
    complaints = refusals(path.stem, {"decision": "accept", "opinion": "同意", "agency": "A01"})
    assert any(field in ("", "agency") for field in complaints)


@pytest.mark.parametrize(("form", "decision"), NEEDS_OPINION)
@pytest.mark.parametrize("opinion", [{}, {"opinion": ""}, {"opinion": " \n"}, {"opinion": "长" * 501}])
def test_a_return_or_a_refusal_needs_an_opinion_of_1_to_500_characters(
    form: str, decision: str, opinion: dict[str, str]
) -> None:
    assert refusals(form, {"decision": decision, **opinion}) == ["opinion"]
    assert refusals(form, {"decision": decision, "opinion": "请改选备案机关"}) == []


@pytest.mark.parametrize(("form", "decision"), NEEDS_NONE)
def test_going_on_needs_no_opinion(form: str, decision: str) -> None:
    assert refusals(form, {"decision": decision}) == []
    assert refusals(form, {"decision": decision, "opinion": ""}) == []


@pytest.mark.parametrize("form", ["accept", "review_content", "sign", "sign_correction"])
def test_a_decision_is_one_of_those_offered(form: str) -> None:
    assert refusals(form, {"opinion": "同意"}) == ["decision"]
    assert refusals(form, {"decision": "approved"}) == ["decision"]


def test_the_correction_has_no_field_of_its_own() -> None:
    assert refusals("correct", {}) == []
    assert json.loads((FORMS / "correct.ui.json").read_text("utf-8")) == {"ui:page": "filing-form"}
