"""Granting a change: what is on file becomes what was asked for, and the letter that says so gets its number."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import BpmnError
from engine.services import Call, Param, service_task
from records import documents
from records.calendar import local_date
from records.certificates import Certificate, CertificateStatus, Seal, held
from records.changes import Change
from records.filings import Filing
from records.papers import Paper, PaperKind, papers_of
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
    """Put what the change asks for into the filing and number the letter; the certificate's own paper stays as it is.

    The filing's versions keep what was submitted. A change that was granted already stays as it was granted.
    Throws CERTIFICATE_INVALID where the certificate has ended meanwhile.
    """
    session, change = call.session, change_of(call.session, change_id)
    certificate = held(session, change.certificate_number or "")
    filing = session.get_one(Filing, certificate.filing_id)
    letter = next(iter(papers_of(session, change.id, PaperKind.CHANGE_LETTER)), None)
    if letter is None:
        if certificate.status == CertificateStatus.INVALID:
            raise BpmnError(CERTIFICATE_INVALID, f"备案证 {certificate.number} 已失效，不能变更。")
        letter = _grant(session, change, certificate, filing, call.now)
    differing = {row.field: row for row in _differing(change)}
    return GrantedChange(
        letter_number=letter.number,
        letter_id=letter.id,
        e_seal=letter.seal != Seal.OFFLINE_PENDING,
        summary=f"变更事项：{'、'.join(row.label for row in differing.values())}。变更函：{letter.number}。",
        agency=filing.agency_id or "",
        agency_changed="agency" in differing,
        dates_changed=not differing.keys().isdisjoint(("planned_start", "planned_completion")),
        planned_start=date.fromisoformat(filing.form["planned_start"]),
        planned_completion=date.fromisoformat(filing.form["planned_completion"]),
    )


def _grant(session: Session, change: Change, certificate: Certificate, filing: Filing, now: datetime) -> Paper:
    documents.lock(session, filing)
    certificate.changes += 1
    number = f"{local_date(now).year}-{certificate.number}-变{certificate.changes}"
    letter = hand_out(
        session,
        change,
        PaperKind.CHANGE_LETTER,
        number,
        {
            "project_name": filing.project_name,
            "project_code": filing.project_code,
            "certificate_number": certificate.number,
            "changed": [asdict(_in_words(session, row)) for row in _differing(change)],
            "reason": change.proposed.reason,
        },
        now,
    )
    filing.fill(session, merged(filing.full_form, change.proposed.items, change.proposed.values))
    certificate.agency_id = filing.agency_id or certificate.agency_id
    session.flush()
    return letter


def _differing(change: Change) -> list[Row]:
    """What is really different, against the file as it was when the change was submitted."""
    proposed = change.proposed
    return [row for row in rows(proposed.before or {}, proposed.items, proposed.values) if row.differs]


def _in_words(session: Session, row: Row) -> ChangedField:
    old, new = (worded(session, row.field, value) for value in (row.old, row.new))
    return ChangedField(row.label, old, new)
