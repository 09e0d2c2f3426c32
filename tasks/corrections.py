"""Correcting a certificate 更正: what may be set right without a change (the table `correction_scope`), and doing it
once a second person has signed."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Annotated, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import BpmnError, BusinessRefusal, CommandRefused, EngineError
from engine.phrases import Phrase
from engine.services import Call, Decide, Param, service_task
from records import documents
from records.calendar import local_date
from records.certificates import Certificate, CertificateStatus, Seal, held
from records.corrections import CORRECTION, LONGEST_REASON, Correction
from records.documents import Document
from records.filings import Filing
from records.papers import Paper, PaperKind, papers_of
from records.projects import at
from records.roles import OfficialRole
from records.users import user_by_username
from tasks.documents import document_of
from tasks.filings.examination import LONGEST_CONTENT, LONGEST_NAME
from tasks.filings.findings import Finding, error
from tasks.filings.vocabulary import LABELS as OF_THE_FORM
from tasks.papers.change_letter import ChangedField
from tasks.papers.issuing import hand_out

CERTIFICATE_INVALID = "CERTIFICATE_INVALID"
ALLOWED = "可更正"
"""What the table says of a text that may be set right."""

ENTERPRISE_NAME = "enterprise_name"
LABELS: Mapping[str, str] = MappingProxyType({ENTERPRISE_NAME: "企业名称", **OF_THE_FORM})
"""What the fields are called."""
PRINTED = (
    *(ENTERPRISE_NAME, "project_name", "project_code", "location", "nature", "class_code", "scale_content"),
    *("money.total", "money.capital", "money.fixed_assets", "money.civil", "money.equipment", "money.import_usd"),
    *("money.own_funds", "money.domestic_loan", "money.stock_bond", "money.other_funds"),
    *("planned_start", "planned_completion"),
)
"""What a certificate prints of the project, in its order."""

_LONGEST: Mapping[str, int] = MappingProxyType({"location": 200, "scale_content": LONGEST_CONTENT})


@dataclass(frozen=True)
class SubmittedCorrection:
    """What the procedure goes on with; `drafter` is the role in which it was drawn up."""

    filing_id: str
    certificate_number: str
    agency: str
    drafter: str
    enterprise: str
    project_name: str


@dataclass(frozen=True)
class CorrectedCertificate:
    """The corrigendum, and what the public is told; `e_seal` chooses how the enterprise gets it."""

    corrigendum_id: str
    title: str
    note: str
    e_seal: bool


@service_task("correction/validate", version=1, title="校验并存档", category="备案更正", effect="transaction")
def validate(correction_id: Annotated[str, Param(title="更正编号")], call: Call) -> SubmittedCorrection:
    """Check a correction and keep it as it is submitted, with what it would set right as it is on file now.

    Holds the certificate until the command commits. Raises CommandRefused where it cannot be corrected by this agency,
    and BusinessRefusal with everything that is wrong with the form; both take the whole command back.
    """
    session, correction = call.session, correction_of(call.session, correction_id)
    certificate = held(session, correction.certificate_number or "")
    if certificate.status == CertificateStatus.INVALID:
        raise CommandRefused("certificate_invalid", "备案证已失效，不能更正。")
    if correction.agency_id != certificate.agency_id:
        raise CommandRefused("not_supervised", "该备案证由其他机关监管，不能更正。")
    filing = session.get_one(Filing, certificate.project_id)
    if found := list(examine(session, correction, filing, call.decide)):
        raise BusinessRefusal(found, code="correction_invalid", message="更正内容不符合要求，未能提交。")
    correction.settle({field: old for field, old, _ in _differing(correction, filing)})
    correction.project_name = filing.project_name
    documents.record_submission(session, correction, [], actor=call.actor or correction.updated_by, now=call.now)
    return SubmittedCorrection(
        filing_id=filing.id,
        certificate_number=certificate.number,
        agency=certificate.agency_id,
        drafter=_drafter(session, correction.versions[-1].submitted_by),
        enterprise=correction.enterprise_id,
        project_name=filing.project_name or "",
    )


@service_task(
    "correction/apply",
    version=1,
    title="更正备案信息",
    category="备案更正",
    effect="transaction",
    errors={CERTIFICATE_INVALID: "备案证已失效"},
)
def apply(correction_id: Annotated[str, Param(title="更正编号")], call: Call) -> CorrectedCertificate:
    """Put what is set right into the file and number the corrigendum; the certificate's own paper stays as it is.

    A correction that was made already stays as it was made. Raises CommandRefused where whoever signs drew it up, and
    throws CERTIFICATE_INVALID where the certificate has ended meanwhile.
    """
    session, correction = call.session, correction_of(call.session, correction_id)
    held(session, correction.certificate_number or "")
    certificate = session.get_one(Certificate, correction.certificate_number)
    corrigendum = next(iter(papers_of(session, correction.id, PaperKind.CORRIGENDUM)), None)
    if corrigendum is None:
        if certificate.status == CertificateStatus.INVALID:
            raise BpmnError(CERTIFICATE_INVALID, f"备案证 {certificate.number} 已失效，不能更正。")
        if call.actor == correction.versions[-1].submitted_by:
            raise CommandRefused(
                "own_correction", "更正须由起草人以外的人签发。", status=403, remedy="请由本机关另一名签发人办理。"
            )
        corrigendum = _correct(session, correction, certificate, call)
    return CorrectedCertificate(
        corrigendum_id=corrigendum.id,
        title=f"关于更正“{corrigendum.snapshot['project_name']}”备案证的公告",
        note=public_note(corrigendum),
        e_seal=corrigendum.seal != Seal.OFFLINE_PENDING,
    )


def _drafter(session: Session, username: str) -> str:
    """The first of their roles in which somebody may draw up a correction."""
    user = user_by_username(session, username)
    roles = user.role_names if user is not None else frozenset()
    drafting = (OfficialRole.HANDLER, OfficialRole.REVIEWER, OfficialRole.SIGNER)
    return next((role for role in drafting if role in roles), OfficialRole.HANDLER).value


def examine(session: Session, correction: Correction, filing: Filing, decide: Decide) -> Iterator[Finding]:
    """Everything that stands against submitting a correction now. Changes nothing."""
    other = documents.under_way(session, correction.certificate_number or "", but=correction.id)
    if other is not None:
        message = Phrase("该备案证有办理中的{procedure}，办结后才能更正", procedure=other.TITLE)
        yield error("texts", "G01", message, other.number)
    differing = _differing(correction, filing)
    if not differing:
        yield error("texts", "G02", "未发现更正内容", "更正后的内容与备案信息相同")
    for field, _, new in differing:
        answer = scope(decide, field)
        if answer["result"] != ALLOWED:
            message = Phrase("「{field}」{why}", field=LABELS.get(field, field), why=answer["message"])
            yield error(field, "G03", message)
        elif not new:
            yield error(field, "G04", Phrase("请填写「{field}」", field=LABELS[field]))
        elif len(new) > longest(field):
            message = Phrase("「{field}」不能超过{longest}个字", field=LABELS[field], longest=longest(field))
            yield error(field, "G04", message)
    reason = correction.form["reason"].strip()
    if not reason:
        yield error("reason", "G05", "请填写「更正原因」")
    elif len(reason) > LONGEST_REASON:
        yield error("reason", "G05", Phrase("「更正原因」不能超过{longest}个字", longest=LONGEST_REASON))


def scope(decide: Decide, field: str) -> Mapping[str, Any]:
    """What the table 更正范围 says of a field: `result`, and where it is not to be set right, `message`."""
    answer: Mapping[str, Any] = decide("correction_scope", field=field)
    return answer


def longest(field: str) -> int:
    """How many characters a text may have."""
    return _LONGEST.get(field, LONGEST_NAME)


def on_file(filing: Filing, field: str) -> str:
    """A text as it is on file now."""
    value = filing.enterprise.name if field == ENTERPRISE_NAME else at(filing.form, field)
    return "" if value is None else str(value)


def public_note(corrigendum: Paper) -> str:
    """What everybody may read of a correction: what stood there, and what it is to be."""
    lines = [f"「{row['label']}」原为“{row['old']}”，更正为“{row['new']}”。" for row in corrigendum.snapshot["changed"]]
    opening = f"备案证（备案证号：{corrigendum.snapshot['certificate_number']}）有文字错误，现予更正："
    return "\n".join((opening, *lines, f"更正说明编号：{corrigendum.number}。"))


def correction_of(session: Session, correction_id: str) -> Correction:
    """The correction of an id. Raises EngineError where there is none."""
    found: Document = document_of(session, CORRECTION, correction_id)
    if not isinstance(found, Correction):
        raise EngineError(f"没有备案更正 {correction_id}。")
    return found


def _differing(correction: Correction, filing: Filing) -> list[tuple[str, str, str]]:
    """The fields that would be written otherwise, each with what is on file and what is to be."""
    written = ((field, on_file(filing, field), new.strip()) for field, new in correction.form["texts"].items())
    return [(field, old, new) for field, old, new in written if new != old.strip()]


def _correct(session: Session, correction: Correction, certificate: Certificate, call: Call) -> Paper:
    filing = session.get_one(Filing, certificate.project_id)
    documents.lock(session, filing)
    count = select(func.count()).select_from(Paper).join(Document, Document.id == Paper.document_id)
    earlier = session.scalar(
        count.where(Document.certificate_number == certificate.number, Paper.kind == PaperKind.CORRIGENDUM.value)
    )
    corrigendum = hand_out(
        session,
        correction,
        PaperKind.CORRIGENDUM,
        f"{local_date(call.now).year}-{certificate.number}-更{(earlier or 0) + 1}",
        {
            "certificate_number": certificate.number,
            "changed": [asdict(ChangedField(LABELS[row.field], row.old, row.new)) for row in correction.corrected],
            "reason": correction.form["reason"],
        },
        call.now,
    )
    new = {row.field: row.new for row in correction.corrected}
    if ENTERPRISE_NAME in new:
        filing.enterprise.name = new.pop(ENTERPRISE_NAME)
    filing.fill(session, {**filing.full_form, **new})
    session.flush()
    return corrigendum
