"""Electronic seals 电子签章: whose signature a paper bears, and its registration with 电子证照系统 (R164)."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base, UtcDateTime


class ElectronicSeal(Base):
    """What the signature on one paper says, kept beside the PDF so that nobody must read it there."""

    __tablename__ = "electronic_seal"
    paper_number: Mapped[str] = mapped_column(String(40), primary_key=True, doc="a certificate's, or another paper's")
    agency_id: Mapped[str] = mapped_column(ForeignKey("agency.id"), doc="whose key it was")
    subject: Mapped[str] = mapped_column(String(200), doc="whose seal the certificate says it is")
    issuer: Mapped[str] = mapped_column(String(200), doc="who vouches for that")
    serial: Mapped[str] = mapped_column(String(40), doc="of the certificate, hexadecimal")
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    licence_id: Mapped[str | None] = mapped_column(String(64), doc="what 电子证照系统 calls the paper")
    licensed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def seal_of(session: Session, paper_number: str) -> ElectronicSeal | None:
    """The electronic seal on a paper, where it has one."""
    return session.get(ElectronicSeal, paper_number)
