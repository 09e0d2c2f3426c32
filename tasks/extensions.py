"""Extending what a project holds 备案延期, 核准延期: who may ask (DMN-6b), what stands against it, granting it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from sqlalchemy.orm import Session

from engine.errors import BpmnError, BusinessRefusal, EngineError
from engine.phrases import Phrase
from engine.services import Call, Decide, Param, service_task
from records.agencies import Agency
from records.approvals import Reply
from records.calendar import Calendar, local_date
from records.certificates import STATUS_WORDS, CertificateStatus, Clearance, held, years_later
from records.documents import IN_PROGRESS, DocumentStatus, open_documents, record_submission
from records.extensions import LONGEST_REASON, Extension
from records.progress import Progress
from tasks.filings.findings import Finding, error
from tasks.wording import ruled

_RULES = "extension_eligibility"

CODES = ("E01", "E02", "E03", "E04", "E05", "E06", "E07")
"""What an extension is examined for: the table's rows, then who decides and why."""


@dataclass(frozen=True)
class Examined:
    """What stands against an extension, and the last day that it would give; None where it cannot be had."""

    errors: list[Finding] = field(default_factory=list)
    valid_until: date | None = None


@dataclass(frozen=True)
class AskedExtension:
    """What the procedure goes on with; `valid_until` is the last day as things stand, `filing_id` the document in which
    the project stands, of the kind `project_kind`."""

    kind: str
    noun: str
    project_kind: str
    agency: str
    enterprise: str
    project_name: str
    filing_id: str
    certificate_number: str
    valid_until: date


@dataclass(frozen=True)
class GrantedExtension:
    """The new last day."""

    valid_until: date


def eligible(
    session: Session, certificate: Clearance, *, now: datetime, decide: Decide, asked: Extension | None = None
) -> Mapping[str, Any]:
    """What the table 延期资格 says: `result`, and where it refuses `code` and `message`, else `years`.

    `asked` is the extension in question. One that was asked for in time is not too late for having been returned.
    """
    asked_on = local_date(now)
    if asked is not None and asked.status in IN_PROGRESS:
        asked_on = min((local_date(version.submitted_at) for version in asked.versions), default=asked_on)
    progress = session.get(Progress, certificate.number, populate_existing=True)
    over = certificate.valid_until is not None and certificate.valid_until < asked_on
    others = [found for found in open_documents(session, certificate.number) if asked is None or found.id != asked.id]
    answer: Mapping[str, Any] = decide(
        _RULES,
        noun=certificate.NOUN,
        status=STATUS_WORDS[CertificateStatus.INVALID if over else certificate.status],
        extended=certificate.extended,
        started=progress is not None and progress.start_date is not None,
        extension_open=any(isinstance(other, Extension) for other in others),
        working_days_left=Calendar(session).between(asked_on, certificate.dated_until),
    )
    return answer


def deciding_agencies(session: Session, certificate: Clearance) -> list[Agency]:
    """Who may decide on an extension: of a certificate its agency, then those above it that file (domain §2.12-19); of
    a reply whoever gave it."""
    if isinstance(certificate, Reply):
        return [session.get_one(Agency, certificate.agency_id)]
    found: list[Agency] = []
    agency = session.get(Agency, certificate.agency_id)
    while agency is not None:
        if agency.may_file:
            found.append(agency)
        agency = session.get(Agency, agency.parent_id) if agency.parent_id else None
    return found


def imagined(session: Session, extension: Extension, form: Mapping[str, Any]) -> Extension:
    """The extension as it would be with another form: for asking the rules, in no session and never saved."""
    other = type(extension)(
        id=extension.id,
        status=extension.status or DocumentStatus.DRAFT,
        agency_id=extension.agency_id,
        certificate_number=extension.certificate_number,
    )
    other.fill(session, form)
    return other


def examine(session: Session, extension: Extension, *, now: datetime, decide: Decide) -> Examined:
    """Everything that stands against submitting an extension now. Changes nothing."""
    certificate = session.get_one(Clearance, extension.certificate_number)
    answer = eligible(session, certificate, now=now, decide=decide, asked=extension)
    errors = []
    if not answer["years"]:
        errors.append(error("certificate", answer["code"], ruled(answer["message"], noun=certificate.NOUN)))
    if _deciding_agency(session, certificate, extension) is None:
        message = "「延期审批机关」应为备案机关或其上级机关"
        if isinstance(certificate, Reply):
            message = "「延期审批机关」应为作出批复的核准机关"
        errors.append(error("agency", "E06", message))
    reason = str(extension.form.get("reason") or "").strip()
    if not reason:
        errors.append(error("reason", "E07", "请填写「延期原因」"))
    elif len(reason) > LONGEST_REASON:
        message = Phrase("「延期原因」不能超过 {longest} 个字", longest=LONGEST_REASON)
        errors.append(error("reason", "E07", message, Phrase("现有 {length} 个字", length=len(reason))))
    longer = years_later(certificate.dated_until, answer["years"]) if answer["years"] else None
    return Examined(errors, longer)


@service_task("extension/validate", version=1, title="校验并存档", category="备案延期", effect="transaction")
def validate(extension_id: Annotated[str, Param(title="延期编号")], call: Call) -> AskedExtension:
    """Check an extension by every rule and keep it as it is submitted. Of two at once about one certificate the
    second is refused. Raises BusinessRefusal with every rule that is broken, which takes the whole command back."""
    extension = _extension_of(call.session, extension_id)
    certificate = held(call.session, extension.certificate_number or "")
    examined = examine(call.session, extension, now=call.now, decide=call.decide)
    if examined.errors:
        raise BusinessRefusal(examined.errors, code="extension_invalid", message="延期申请不符合要求，未能提交。")
    record_submission(call.session, extension, [], actor=call.actor or extension.updated_by, now=call.now)
    return AskedExtension(
        kind=extension.kind,
        noun=certificate.NOUN,
        project_kind=certificate.kind,
        agency=extension.agency_id or "",
        enterprise=extension.enterprise_id,
        project_name=extension.project_name or "",
        filing_id=certificate.project_id,
        certificate_number=certificate.number,
        valid_until=certificate.dated_until,
    )


@service_task(
    "extension/grant",
    version=1,
    title="延长有效期",
    category="备案延期",
    effect="transaction",
    errors={"NOT_EXTENDABLE": "备案证或批复已失效或已长期有效，不能再延期"},
)
def grant(extension_id: Annotated[str, Param(title="延期编号")], call: Call) -> GrantedExtension:
    """Add the year to the last day, once. Raises BpmnError NOT_EXTENDABLE where meanwhile it is no longer possible."""
    extension = _extension_of(call.session, extension_id)
    certificate = held(call.session, extension.certificate_number or "")
    answer = eligible(call.session, certificate, now=call.now, decide=call.decide, asked=extension)
    if not answer["years"]:
        raise BpmnError("NOT_EXTENDABLE", answer["message"])
    certificate.valid_until = years_later(certificate.dated_until, answer["years"])
    certificate.extended = True
    call.session.flush()
    return GrantedExtension(certificate.valid_until)


def _extension_of(session: Session, extension_id: str) -> Extension:
    extension = session.get(Extension, extension_id)
    if extension is None:
        raise EngineError(f"没有延期 {extension_id}。")
    if extension.certificate_number is None:
        raise EngineError(f"{extension.TITLE} {extension_id} 没有写明备案证号或文号。")
    return extension


def _deciding_agency(session: Session, certificate: Clearance, extension: Extension) -> Agency | None:
    wanted = extension.form.get("agency")
    return next((agency for agency in deciding_agencies(session, certificate) if agency.id == wanted), None)
