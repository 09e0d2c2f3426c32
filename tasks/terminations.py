"""Ending a certificate early: 注销 by its enterprise, 撤销 by its authority (domain §2.8, §2.9), without approval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from engine.errors import BpmnError, BusinessRefusal, CommandRefused
from engine.phrases import Phrase
from engine.services import Call, Param, service_task
from records.certificates import CertificateStatus, InvalidReason, held
from records.documents import record_submission
from records.terminations import LONGEST_GROUND, LONGEST_REASON, REVOCATION
from tasks.documents import document_of
from tasks.filings.findings import Finding, error


@dataclass(frozen=True)
class Termination:
    """What the procedure goes on with: which certificate ends, and whom it concerns."""

    certificate_number: str
    filing_id: str
    agency: str
    enterprise: str
    project_name: str


@service_task("termination/validate", version=1, title="校验并存档", category="备案证", effect="transaction")
def validate(
    document_kind: Annotated[str, Param(title="事项类型", description="cancellation、revocation")],
    document_id: Annotated[str, Param(title="文书编号")],
    call: Call,
) -> Termination:
    """Check what is asked for and keep it as it is submitted.

    Holds the certificate until the command commits: of an enterprise and an authority that end it in one moment the
    second is refused. Raises CommandRefused where it is invalid already and BusinessRefusal for what the form lacks;
    both take the whole command back.
    """
    document = document_of(call.session, document_kind, document_id)
    certificate = held(call.session, document.certificate_number or "")
    if certificate.status == CertificateStatus.INVALID:
        message = Phrase("备案证已失效，不能{act}。", act=document.TITLE.removeprefix("备案"))
        raise CommandRefused("certificate_invalid", message)
    if document.kind == REVOCATION and document.agency_id != certificate.agency_id:
        raise CommandRefused("not_supervised", "该备案证由其他机关监管，不能撤销。")
    document.agency_id = certificate.agency_id  # which a change may have moved since the draft
    if found := examine(document.TITLE, document.form):
        raise BusinessRefusal(found, code=f"{document_kind}_invalid", message="填写的内容不符合要求，未能提交。")
    record_submission(call.session, document, [], actor=call.actor or document.updated_by, now=call.now)
    return Termination(
        certificate_number=certificate.number,
        filing_id=certificate.project_id,
        agency=certificate.agency_id,
        enterprise=document.enterprise_id,
        project_name=document.project_name or "",
    )


def examine(title: str, form: Mapping[str, Any]) -> list[Finding]:
    """What a form lacks; `title` is the procedure's."""
    found = []
    reason, ground = (str(form.get(name) or "").strip() for name in ("reason", "ground"))
    if not reason:
        found.append(error("reason", "T01", Phrase("请填写{act}原因", act=title.removeprefix("备案"))))
    elif len(reason) > LONGEST_REASON:
        found.append(error("reason", "T02", Phrase("原因不能超过{longest}个字", longest=LONGEST_REASON)))
    if len(ground) > LONGEST_GROUND:
        found.append(error("ground", "T03", Phrase("法律依据不能超过{longest}个字", longest=LONGEST_GROUND)))
    return found


@service_task(
    "certificate/invalidate",
    version=1,
    title="登记备案证失效",
    category="证书",
    effect="transaction",
    errors={"ALREADY_INVALID": "备案证已经失效"},
)
def invalidate(
    certificate_number: Annotated[str, Param(title="备案证号")],
    reason: Annotated[str, Param(title="失效原因", description="CANCELLED 企业注销、REVOKED 工信撤销、EXPIRED 到期")],
    call: Call,
) -> None:
    """Make a certificate invalid, for ever. What it was before, and until when it held, stays readable."""
    certificate = held(call.session, certificate_number)
    if certificate.status == CertificateStatus.INVALID:
        raise BpmnError("ALREADY_INVALID", f"备案证 {certificate_number} 已经失效。")
    certificate.status = CertificateStatus.INVALID.value
    certificate.invalid_reason = InvalidReason(reason).value
    call.session.flush()
