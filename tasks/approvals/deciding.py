"""What comes of an application for approval: the number and term of its reply, or a filing in its place."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.announcements import Announcement, AnnouncementKind
from records.approvals import Reply
from records.calendar import local_date
from records.certificates import expiry
from records.documents import create_draft
from records.filings import Filing
from records.papers import next_number
from tasks.approvals.schema import ApprovalForm
from tasks.approvals.submission import approval_of
from tasks.filings.schema import ProjectForm

GRANTED, REFUSED = "granted", "refused"
_DECISIONS = {GRANTED: "技改核", REFUSED: "技改不核"}
_PLANNED = ("planned_start", "planned_completion")
_OF_APPROVALS = ("approval_category", "approval_item", "approval_level", "agency")
"""What the project leaves behind when it is filed: that it needs approval, and by whom."""


@dataclass(frozen=True)
class Decided:
    """The 文号 of the paper, and the last day on which construction may begin; None where it is refused. When it is
    to begin and end, the application says."""

    number: str
    valid_until: date | None
    planned_start: date
    planned_completion: date


@dataclass(frozen=True)
class HandedOver:
    """The draft of a filing that took over."""

    filing_id: str
    filing_number: str


@service_task("approval/decide", version=1, title="登记核准决定", category="项目核准", effect="transaction")
def decide(
    approval_id: Annotated[str, Param(title="核准编号")],
    outcome: Annotated[str, Param(title="决定", description="granted 予以核准、refused 不予核准")],
    call: Call,
) -> Decided:
    """Allocate the number of the decision's paper. What is granted the project holds from now on, for two years
    (国家发展改革委令2017年第2号 第三十八条)."""
    approval = approval_of(call.session, approval_id)
    if outcome not in _DECISIONS:
        raise EngineError(f"没有决定「{outcome}」，现有：{'、'.join(_DECISIONS)}。")
    if approval.agency is None:
        raise EngineError(f"项目核准 {approval.number} 没有核准机关。")
    session, agency, today = call.session, approval.agency, local_date(call.now)
    number = next_number(session, agency, _DECISIONS[outcome], today)
    if outcome == GRANTED:
        reply = Reply(
            number=number,
            project_id=approval.id,
            enterprise_id=approval.enterprise_id,
            agency_id=agency.id,
            issue_date=today,
            valid_until=expiry(today),
        )
        session.add(reply)
        session.flush()
        approval.certificate_number = number
    planned_start, planned_completion = (date.fromisoformat(approval.form[name]) for name in _PLANNED)
    return Decided(number, expiry(today) if outcome == GRANTED else None, planned_start, planned_completion)


@service_task("approval/publish", version=1, title="公开核准信息", category="项目核准", effect="transaction")
def publish(
    approval_id: Annotated[str, Param(title="核准编号")],
    number: Annotated[str, Param(title="文号")],
    call: Call,
) -> None:
    """One line in 核准公开: project, enterprise, agency and the reply's number; nothing personal."""
    approval = approval_of(call.session, approval_id)
    call.session.add(
        Announcement(
            kind=AnnouncementKind.APPROVED.value,
            title=approval.project_name,
            body=f"核准文号：{number}。",
            agency_name=approval.agency.name if approval.agency else None,
            enterprise_name=approval.enterprise.name,
            certificate_number=number,
            project_name=approval.project_name,
            published_at=call.now,
        )
    )


@service_task("approval/to-filing", version=1, title="转为备案草稿", category="项目核准", effect="transaction")
def hand_over(approval_id: Annotated[str, Param(title="核准编号")], call: Call) -> HandedOver:
    """Begin a filing with what the application says of the project: nothing that was typed is lost."""
    approval = approval_of(call.session, approval_id)
    beside = set(ApprovalForm().fields) - set(ProjectForm().fields)
    form = {name: value for name, value in approval.full_form.items() if name not in {*beside, *_OF_APPROVALS}}
    filing = create_draft(
        call.session, Filing(enterprise_id=approval.enterprise_id), form, actor=approval.updated_by, now=call.now
    )
    return HandedOver(filing.id, filing.number)
