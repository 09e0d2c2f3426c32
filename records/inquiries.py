"""Inquiries 征询: whom an authority asks before it decides, and what came back (domain §2.11-3)."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base


class Answer(StrEnum):
    """What came back."""

    AGREED = "agree"
    OBJECTED = "disagree"
    DEEMED = "deemed"
    """Nothing within the time: 视为同意."""
    TOLD = "told"
    """A result that is neither, such as that of a hearing."""


class Inquiry(Base):
    """One inquiry. `kind` is what the diagram calls it, such as 征求部门意见; `party` is who is asked, empty where
    it is everybody. `due_on` is None where no time is set."""

    __tablename__ = "inquiry"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    party: Mapped[str] = mapped_column(String(100), default="")
    asked_on: Mapped[date]
    due_on: Mapped[date | None]
    answered_on: Mapped[date | None]
    answer: Mapped[str | None] = mapped_column(String(16))
    opinion: Mapped[str | None] = mapped_column(String(500))


def inquiries_of(session: Session, document_id: str) -> Sequence[Inquiry]:
    """The inquiries about a document, in the order of asking."""
    return session.scalars(select(Inquiry).where(Inquiry.document_id == document_id).order_by(Inquiry.id)).all()
