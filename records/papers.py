"""Papers 文书: what an authority hands out beside the certificate, such as the letter of a change (domain §6).

A paper is made once and never again; its snapshot says what it must say.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base, UtcDateTime, new_id
from records.agencies import Agency
from records.certificates import Seal
from records.documents import DocumentSerial
from records.serials import next_serial


class PaperKind(StrEnum):
    """Which paper it is."""

    CHANGE_LETTER = "change_letter"
    CORRIGENDUM = "corrigendum"
    ACCEPTANCE_NOTICE = "acceptance_notice"
    CORRECTION_NOTICE = "correction_notice"
    NOT_ACCEPTED_NOTICE = "not_accepted_notice"
    PROLONGATION_NOTICE = "prolongation_notice"
    APPROVAL_REPLY = "approval_reply"
    REFUSAL_DECISION = "refusal_decision"
    CHANGE_CONSENT = "change_consent"
    EXTENSION_CONSENT = "extension_consent"


NAMES: Mapping[str, str] = MappingProxyType(
    {
        PaperKind.CHANGE_LETTER: "变更函",
        PaperKind.CORRIGENDUM: "更正说明",
        PaperKind.ACCEPTANCE_NOTICE: "受理通知书",
        PaperKind.CORRECTION_NOTICE: "补正告知书",
        PaperKind.NOT_ACCEPTED_NOTICE: "不予受理通知书",
        PaperKind.PROLONGATION_NOTICE: "延长审批期限告知书",
        PaperKind.APPROVAL_REPLY: "核准批复",
        PaperKind.REFUSAL_DECISION: "不予核准决定书",
        PaperKind.CHANGE_CONSENT: "同意变更的复函",
        PaperKind.EXTENSION_CONSENT: "同意延期开工的决定",
    }
)
"""What the kinds are called."""

GRANTING = frozenset(
    (
        PaperKind.APPROVAL_REPLY,
        PaperKind.CHANGE_CONSENT,
        PaperKind.CHANGE_LETTER,
        PaperKind.CORRIGENDUM,
        PaperKind.EXTENSION_CONSENT,
    )
)
"""Those that give what was asked for. A document gets one at most; what else is handed out about it only tells."""


class Paper(Base):
    """One paper. `pdf` and what comes of it are there once a job has made it."""

    __tablename__ = "paper"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(40), unique=True, doc="文号")
    issue_date: Mapped[date]
    seal: Mapped[str] = mapped_column(String(16))
    verify_token: Mapped[str] = mapped_column(
        String(32), unique=True, default=lambda: secrets.token_urlsafe(18), doc="what the QR code leads to"
    )
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON, doc="what it prints, and the submission it answers")
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def deliverable(self) -> bool:
        """Whether its PDF may be had: it is made, and nothing about its seal is under way."""
        return self.sha256 is not None and self.seal != Seal.LICENCE_PENDING


def papers_of(session: Session, document_id: str, kind: PaperKind | None = None) -> Sequence[Paper]:
    """The papers of a document, or those of one kind, in the order in which they were issued."""
    query = select(Paper).where(Paper.document_id == document_id)
    if kind is not None:
        query = query.where(Paper.kind == kind.value)
    return session.scalars(query.order_by(Paper.issue_date, Paper.number)).all()


def next_number(session: Session, agency: Agency, series: str, today: date) -> str:
    """The next 文号 of an agency's series, counted by year, such as 深工信技改核〔2021〕1号.

    Holds the counter until the transaction ends."""
    serial = next_serial(session, DocumentSerial, f"{series}{today.year}{agency.id}")
    return f"{agency.letters or agency.name}{series}〔{today.year}〕{serial}号"
