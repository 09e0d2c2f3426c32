"""Sealing what was issued: the electronic seal of the agency on its paper, and what is done where that cannot be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import BpmnError, EngineError
from engine.services import Call, Param, service_task
from records.agencies import Agency
from records.certificates import Certificate, Seal
from records.electronic_seals import ElectronicSeal, seal_of
from records.papers import PaperKind
from tasks.adapters import adapters
from tasks.keyring import AgencyKey, KeyringError
from tasks.papers.rendering import Issued, discard, fingerprint, issued, keep, kept, sheet_of
from tasks.papers.seal import seal

SEAL_UNAVAILABLE = "SEAL_UNAVAILABLE"
FILING_SEAL = "备案专用章"
"""What the seal on a certificate, and on what is used together with one, is for. Other papers bear an agency's own."""

_BESIDE_CERTIFICATES = (PaperKind.CHANGE_LETTER, PaperKind.CORRIGENDUM)


@dataclass(frozen=True)
class AppliedSeal:
    """The seal that the paper bears."""

    sha256: str
    subject: str
    issuer: str
    sealed_at: datetime


@service_task(
    "paper/seal",
    version=1,
    title="加盖电子签章",
    category="电子签章",
    effect="external",
    errors={SEAL_UNAVAILABLE: "备案机关没有可用的签章密钥"},
    attempts=3,
    timeout=30,
)
def apply(
    paper_id: Annotated[str, Param(title="文书", description="备案证号，或者其他文书的标识")],
    call: Call,
    licence: Annotated[bool, Param(title="是否还要登记电子证照", description="登记以前不提供下载")] = False,
) -> AppliedSeal:
    """Print a paper with its agency's electronic seal and keep it; a second call finds the first.

    Throws SEAL_UNAVAILABLE where the agency has no key, or one whose certificate does not hold today.
    """
    session, found = call.session, issued(call.session, paper_id)
    pdf, applied = kept(found), seal_of(session, found.number)
    if pdf is not None and applied is not None:
        return AppliedSeal(fingerprint(pdf), applied.subject, applied.issuer, applied.sealed_at)
    agency = session.scalar(select(Agency).where(Agency.name == found.snapshot["agency_name"]))
    if agency is None:
        raise BpmnError(SEAL_UNAVAILABLE, f"没有名为“{found.snapshot['agency_name']}”的机关。")
    agency_id, key = agency.id, _key_of(session, agency, call.now)
    sheet = sheet_of(found, Seal.SEALED)
    sealed = seal(sheet.pdf, sheet.seal_place, key, _purpose(found), call.now)

    def write(session: Session) -> None:
        mark(found := issued(session, paper_id), Seal.LICENCE_PENDING if licence else Seal.SEALED)
        keep(session, paper_id, sealed.pdf, call.now)
        session.add(
            ElectronicSeal(
                paper_number=found.number,
                agency_id=agency_id,
                subject=sealed.subject,
                issuer=sealed.issuer,
                serial=sealed.serial,
                sealed_at=sealed.sealed_at,
            )
        )

    call.keep(write)
    return AppliedSeal(fingerprint(sealed.pdf), sealed.subject, sealed.issuer, sealed.sealed_at)


@service_task("paper/stamp-by-hand", version=1, title="转线下盖章", category="电子签章", effect="transaction")
def stamp_by_hand(
    paper_id: Annotated[str, Param(title="文书", description="备案证号，或者其他文书的标识")], call: Call
) -> None:
    """Leave a paper to be stamped by hand, as those of an agency without electronic seal are; it is to be made anew."""
    session, found = call.session, issued(call.session, paper_id)
    if (applied := seal_of(session, found.number)) is not None:
        session.delete(applied)
    mark(found, Seal.OFFLINE_PENDING)
    discard(session, found)


def mark(found: Issued, seal: Seal) -> None:
    """Note how far the seal is, also where the snapshot says what is printed."""
    found.seal = seal.value
    if isinstance(found, Certificate):
        found.snapshot = {**found.snapshot, "seal": seal.value}


def _key_of(session: Session, agency: Agency, now: datetime) -> AgencyKey:
    try:
        key = adapters().keys(session).key_of(agency.id, agency.name)
    except KeyringError as error:
        raise EngineError(str(error)) from error
    if key is None:
        raise BpmnError(SEAL_UNAVAILABLE, f"{agency.name}没有签章密钥。")
    if not key.holds(now):
        raise BpmnError(SEAL_UNAVAILABLE, f"{agency.name}的签章证书不在有效期内（至 {key.valid_until:%Y-%m-%d}）。")
    return key


def _purpose(found: Issued) -> str:
    return FILING_SEAL if isinstance(found, Certificate) or found.kind in _BESIDE_CERTIFICATES else ""
