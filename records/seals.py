"""Offline seals 线下盖章: what an agency without an electronic seal prints, stamps by hand and hands over (R165).

One entry of the register is one paper: a certificate, or a letter beside one. Whoever collects it shows an identity
document; both are kept encrypted, and masked wherever they are shown.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, new_id
from records.documents import Document
from records.encryption import EncryptedJson
from records.masking import mask_person

LONGEST_REMARK = 200
LONGEST_NAME = 50


class SealState(StrEnum):
    """How far a paper is. CEASED: its certificate became invalid before it was collected."""

    PENDING = "PENDING"
    STAMPED = "STAMPED"
    COLLECTED = "COLLECTED"
    CEASED = "CEASED"


class OfflineSeal(Base):
    """One paper in the register of offline seals."""

    __tablename__ = "offline_seal"
    __table_args__ = (Index(None, "agency_id", "state"),)
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), unique=True, doc="that the paper answers")
    certificate_number: Mapped[str] = mapped_column(ForeignKey("certificate.number"), index=True)
    paper_number: Mapped[str] = mapped_column(String(40), unique=True, doc="the certificate's own, or a letter's")
    agency_id: Mapped[str] = mapped_column(ForeignKey("agency.id"), doc="whose seal it is")
    issue_date: Mapped[date] = mapped_column(doc="of the paper")
    state: Mapped[str] = mapped_column(String(16), default=SealState.PENDING.value)
    stamped_on: Mapped[date | None]
    stamped_by: Mapped[str | None] = mapped_column(String(64), doc="username of who registered it")
    collected_on: Mapped[date | None]
    collector: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson, doc="keys name, id_type, id_no")
    handed_over_by: Mapped[str | None] = mapped_column(String(64), doc="username of who registered it")
    ceased_on: Mapped[date | None]
    remark: Mapped[str] = mapped_column(String(LONGEST_REMARK), default="")

    document: Mapped[Document] = relationship()

    @property
    def masked_collector(self) -> dict[str, Any]:
        """Who collected the paper, as everybody may see it; empty while nobody has."""
        return mask_person(self.collector)


def entry_of(session: Session, document_id: str) -> OfflineSeal | None:
    """The entry of the paper that answers a document."""
    return session.scalar(select(OfflineSeal).where(OfflineSeal.document_id == document_id))


def uncollected(session: Session, certificate_number: str) -> Sequence[OfflineSeal]:
    """The papers of a certificate that still wait for the seal or for whoever collects them, the oldest first."""
    waiting = OfflineSeal.state.in_((SealState.PENDING, SealState.STAMPED))
    query = select(OfflineSeal).where(OfflineSeal.certificate_number == certificate_number, waiting)
    return session.scalars(query.order_by(OfflineSeal.issue_date, OfflineSeal.id)).all()
