"""Checking and submitting an application for approval: the rules of every project, and those of approval."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy.orm import Session

from engine.errors import BusinessRefusal, EngineError
from engine.phrases import Phrase
from engine.services import Call, Decide, Param, service_task
from records.approvals import APPROVAL, Approval
from records.attachments import attachments_of
from records.documents import DocumentStatus
from records.projects import at
from tasks.approvals import materials, tender
from tasks.approvals.vocabulary import LABELS, LAND_USES, REQUIRED
from tasks.documents import document_of
from tasks.filings.examination import RULES, Examination, Rule
from tasks.filings.findings import Finding, error
from tasks.filings.routing import APPROVED, FILED, route
from tasks.filings.submission import check as check_project
from tasks.filings.submission import keep_submitted, with_computed
from tasks.filings.vocabulary import CHOICES

_NOT_ASKED = frozenset(("V17", "V18", "V19", "V21"))
"""What only a filing is examined for: that it needs no approval, the commitment, and who files."""

_SHARED = tuple(rule for rule in RULES if rule.code not in _NOT_ASKED)
_OWN = (
    Rule("N01", "核准必填项"),
    Rule("N02", "核准权限范围"),
    Rule("N03", "核准机关权限"),
    Rule("N05", "招标事项"),
    Rule("N06", "招标范围、方式和组织形式"),
    Rule("N07", "不采用招标方式的理由"),
    Rule("N08", "申请材料齐全"),
)
APPROVAL_RULES: tuple[Rule, ...] = (*_SHARED, *_OWN)
"""What is looked at, in the order of looking."""


@dataclass(frozen=True)
class AskedApproval:
    """What the procedure goes on with; `corrected`: the materials were supplied after the authority asked for them."""

    agency: str
    enterprise: str
    project_name: str
    tender_required: bool
    corrected: bool


@dataclass(frozen=True)
class Checked:
    """What was found, the materials that the answers ask for, and whether tender approval is needed (None: the form
    does not say enough yet)."""

    examination: Examination
    materials: list[materials.Material]
    tender: tender.TenderApproval | None


def check(session: Session, approval: Approval, *, now: datetime, decide: Decide) -> Checked:
    """Everything that stands against submitting the application now. Asks the platform for the project code.
    Raises PlatformUnavailable. Changes nothing."""
    found = check_project(session, approval, now=now, decide=decide, codes={rule.code for rule in _SHARED})
    form = with_computed(approval.full_form, found.computed)
    foreign = materials.is_foreign(approval.enterprise.economic_type)
    asked = tender.ask(form, decide)
    needed = materials.needed(form, foreign=foreign, decide=decide)
    attached = {attachment.id for attachment in attachments_of(session, approval.id)}
    own = [
        *_missing(form),
        *_route(form, found, decide),
        *_agency(approval),
        *tender.examine(form, asked),
        *materials.examine(form, needed, attached),
    ]
    objected = {finding.code for finding in own}
    computed: dict[str, Any] = {**found.computed, "foreign": foreign}
    if asked is not None:
        given = form.get("tender") or {}
        computed["tender"] = {**given, "required": asked.required, "basis": asked.basis or [asked.reason]}
    examination = replace(
        found,
        # The agency is asked for below, under the name that it has here.
        errors=[*(finding for finding in found.errors if finding.field != "agency"), *own],
        passed=[*found.passed, *(rule for rule in _OWN if rule.code not in objected)],
        computed=computed,
    )
    return Checked(examination, needed, asked)


@service_task("approval/validate", version=1, title="校验并存档", category="项目核准", effect="transaction")
def validate(approval_id: Annotated[str, Param(title="核准编号")], call: Call) -> AskedApproval:
    """Check an application by every rule and keep it as it is submitted. Raises BusinessRefusal with everything that
    is wrong, which takes the whole command back."""
    approval = approval_of(call.session, approval_id)
    checked = check(call.session, approval, now=call.now, decide=call.decide)
    examination = checked.examination
    if examination.errors:
        raise BusinessRefusal(examination.errors, code="approval_invalid", message="申请内容不符合要求，未能提交。")
    corrected = approval.status == DocumentStatus.RETURNED
    keep_submitted(call, approval, examination)
    return AskedApproval(
        agency=approval.form["agency"],
        enterprise=approval.enterprise_id,
        project_name=approval.form["project_name"],
        tender_required=approval.form["tender"]["required"],
        corrected=corrected,
    )


def approval_of(session: Session, approval_id: str) -> Approval:
    """The application of an id. Raises EngineError where there is none."""
    found = document_of(session, APPROVAL, approval_id)
    if not isinstance(found, Approval):
        raise EngineError(f"没有项目核准 {approval_id}。")
    return found


def _missing(form: dict[str, Any]) -> list[Finding]:
    missing = [path for path in REQUIRED if at(form, path) in (None, "")]
    found = [error(path, "N01", _please(path)) for path in missing]
    if form.get("land_use") and form["land_use"] not in LAND_USES:
        detail = Phrase("应为{choices}之一", choices="、".join(LAND_USES))
        found.append(error("land_use", "N01", _please("land_use"), detail))
    return found


def _route(form: dict[str, Any], found: Examination, decide: Decide) -> list[Finding]:
    """What the routing table says: only what it sends to approval is approved here (DMN-4)."""
    category = form.get("approval_category")
    if {"V04", "V05", "V06", "V15"} & {finding.code for finding in found.errors}:
        return []  # what the table would read is wrong, and has been said
    if category not in CHOICES["approval_category"] or not form.get("class_code") or not form.get("project_code"):
        return []
    answer = route(decide, category=category, item=form.get("approval_item"), level=form.get("approval_level"))
    if answer is None:
        return [error("approval_level", "N01", _please("approval_level"))]
    if answer["route"] == APPROVED:
        return []
    if answer["route"] == FILED:
        return [error("approval_category", "N02", "该项目不属于核准范围，请办理项目备案", answer["note"])]
    return [error("approval_category", "N02", Phrase("该项目不能在本系统核准：{note}", note=answer["note"]))]


def _agency(approval: Approval) -> list[Finding]:
    """Projects of the province's and of cities' competence are approved by cities and zones (R22, R36, R37)."""
    agency = approval.agency
    if not approval.form.get("agency"):
        return []
    if agency is None or not agency.may_approve:
        detail = agency.name if agency else "没有这个机关"
        return [error("agency", "N03", "核准机关无核准权限，请选择地级以上市工信主管部门或受委托的管委会", detail)]
    return []


def _please(path: str) -> str:
    return Phrase("请填写「{field}」", field=LABELS[path])
