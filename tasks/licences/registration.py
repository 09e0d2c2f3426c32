"""Registering a sealed paper with 电子证照系统, in a job: nobody waits for it."""

from dataclasses import dataclass
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import BpmnError, EngineError
from engine.services import Call, Param, service_task
from records.certificates import Certificate, Seal
from records.documents import Document
from records.electronic_seals import ElectronicSeal, seal_of
from records.papers import NAMES
from tasks.adapters import adapters
from tasks.licences.system import Licence, LicenceRefused
from tasks.papers.certificate import TITLE
from tasks.papers.rendering import Issued, fingerprint, issued, kept
from tasks.papers.sealing import mark

LICENCE_REFUSED = "LICENCE_REFUSED"


@dataclass(frozen=True)
class RegisteredLicence:
    """What 电子证照系统 calls the paper."""

    licence_id: str


@service_task(
    "licence/register",
    version=1,
    title="登记电子证照",
    category="电子签章",
    effect="external",
    errors={LICENCE_REFUSED: "电子证照系统不予登记"},
    attempts=3,
    timeout=60,
)
def register(
    paper_id: Annotated[str, Param(title="文书", description="备案证号，或者其他文书的标识")], call: Call
) -> RegisteredLicence:
    """Register a sealed paper, which its enterprise can have from then on; a second call finds the first.

    Throws LICENCE_REFUSED where the system will not have it; while it does not answer the job tries again.
    """
    found = issued(call.session, paper_id)
    applied, pdf = seal_of(call.session, found.number), kept(found)
    if applied is None or pdf is None:
        raise EngineError(f"文书 {found.number} 没有加盖电子签章，不能登记电子证照。")
    if applied.licence_id is not None:
        return RegisteredLicence(applied.licence_id)
    try:
        system = adapters().licences(call.session)
        licence_id = system.register(_licence(call.session, found, pdf), call.idempotency_key)
    except LicenceRefused as refused:
        raise BpmnError(LICENCE_REFUSED, f"电子证照系统不予登记：{refused}") from refused

    def write(session: Session) -> None:
        licensed = session.get_one(ElectronicSeal, found.number)
        licensed.licence_id, licensed.licensed_at = licence_id, call.now
        mark(issued(session, paper_id), Seal.SEALED)

    call.keep(write)
    return RegisteredLicence(licence_id)


def _licence(session: Session, found: Issued, pdf: bytes) -> Licence:
    if isinstance(found, Certificate):
        document_id, title = found.project_id, TITLE
    else:
        document_id, title = found.document_id, NAMES[found.kind]
    document = session.get_one(Document, document_id)
    return Licence(
        number=found.number,
        title=title,
        holder=found.snapshot["enterprise_name"],
        holder_uscc=document.enterprise.uscc,
        project_name=found.snapshot["project_name"],
        project_code=found.snapshot["project_code"],
        issuer=found.snapshot["agency_name"],
        issue_date=found.issue_date,
        sha256=fingerprint(pdf),
        pdf=pdf,
    )
