"""Granting a change: what is on file becomes what was asked for, and the letter that says so gets its number."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import BpmnError
from engine.services import Call, Param, service_task
from records import documents
from records.agencies import Agency
from records.calendar import local_date
from records.certificates import CertificateStatus, Clearance, Seal, held
from records.changes import Change
from records.papers import Paper, PaperKind, next_number, papers_of
from records.projects import Project
from tasks.changes.items import Row, merged, rows, worded
from tasks.changes.submission import change_of
from tasks.papers.change_letter import ChangedField
from tasks.papers.issuing import hand_out

CERTIFICATE_INVALID = "CERTIFICATE_INVALID"


@dataclass(frozen=True)
class GrantedChange:
    """What the procedure goes on with: the letter, who has the project now, and who else must know; `e_seal` chooses
    how the enterprise gets the letter."""

    letter_number: str
    letter_id: str
    e_seal: bool
    summary: str
    agency: str
    agency_changed: bool
    dates_changed: bool
    planned_start: date
    planned_completion: date


@service_task(
    "change/apply",
    version=1,
    title="变更备案信息",
    category="变更",
    effect="transaction",
    errors={CERTIFICATE_INVALID: "备案证已失效"},
)
def apply(change_id: Annotated[str, Param(title="变更编号")], call: Call) -> GrantedChange:
    """Put what the change asks for into the project and number the letter; the certificate's or reply's own paper
    stays as it is.

    The project's versions keep what was submitted. A change that was granted already stays as it was granted.
    Throws CERTIFICATE_INVALID where the certificate has ended meanwhile.
    """
    session, change = call.session, change_of(call.session, change_id)
    certificate = held(session, change.certificate_number or "")
    project = session.get_one(Project, certificate.project_id)
    letter = next(iter(papers_of(session, change.id, change.LETTER)), None)
    if letter is None:
        if certificate.status == CertificateStatus.INVALID:
            raise BpmnError(CERTIFICATE_INVALID, f"{certificate.NOUN} {certificate.number} 已失效，不能变更。")
        letter = _grant(session, change, certificate, project, call.now)
    differing = {row.field: row for row in _differing(change)}
    return GrantedChange(
        letter_number=letter.number,
        letter_id=letter.id,
        e_seal=letter.seal != Seal.OFFLINE_PENDING,
        summary=f"变更事项：{'、'.join(row.label for row in differing.values())}。{change.PAPER}：{letter.number}。",
        agency=project.agency_id or "",
        agency_changed="agency" in differing,
        dates_changed=not differing.keys().isdisjoint(("planned_start", "planned_completion")),
        planned_start=date.fromisoformat(project.form["planned_start"]),
        planned_completion=date.fromisoformat(project.form["planned_completion"]),
    )


def _grant(session: Session, change: Change, certificate: Clearance, project: Project, now: datetime) -> Paper:
    documents.lock(session, project)
    certificate.changes += 1
    letter = hand_out(
        session,
        change,
        change.LETTER,
        _number(session, change, certificate, local_date(now)),
        {
            "project_name": project.project_name,
            "project_code": project.project_code,
            "certificate_number": certificate.number,
            "changed": [asdict(_in_words(session, row)) for row in _differing(change)],
            "reason": change.proposed.reason,
        },
        now,
    )
    project.fill(session, merged(project.full_form, change.proposed.items, change.proposed.values))
    certificate.agency_id = project.agency_id or certificate.agency_id
    session.flush()
    return letter


def _number(session: Session, change: Change, certificate: Clearance, today: date) -> str:
    """Of a certificate's letter after the certificate; a consent has a 文号 of its own."""
    if change.LETTER == PaperKind.CHANGE_LETTER:
        return f"{today.year}-{certificate.number}-变{certificate.changes}"
    return next_number(session, session.get_one(Agency, certificate.agency_id), "技改核变", today)


def _differing(change: Change) -> list[Row]:
    """What is really different, against the file as it was when the change was submitted."""
    proposed = change.proposed
    return [row for row in rows(proposed.before or {}, proposed.items, proposed.values) if row.differs]


def _in_words(session: Session, row: Row) -> ChangedField:
    old, new = (worded(session, row.field, value) for value in (row.old, row.new))
    return ChangedField(row.label, old, new)
