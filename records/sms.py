"""Outgoing SMS 短信: rows written in the command that causes them, sent by a job (domain §7)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base, UtcDateTime
from records.encryption import EncryptedText


class SmsState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class OutgoingSms(Base):
    """One message. `key` makes it once only: the same key is the same message, however often it is queued."""

    __tablename__ = "outgoing_sms"
    id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(String(8), doc="S01, …")
    mobile: Mapped[str] = mapped_column(EncryptedText)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default=SmsState.QUEUED.value, index=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)


def queue(session: Session, *, template: str, mobile: str, text: str, key: str, now: datetime) -> OutgoingSms:
    """The message of this key, written now unless it was written before."""
    message = session.scalar(select(OutgoingSms).where(OutgoingSms.key == key))
    if message is None:
        message = OutgoingSms(template=template, mobile=mobile, text=text, key=key, created_at=now)
        session.add(message)
        session.flush()
    return message


def outbox(session: Session, limit: int = 50) -> Sequence[OutgoingSms]:
    """The latest messages, newest first."""
    return session.scalars(select(OutgoingSms).order_by(OutgoingSms.id.desc()).limit(limit)).all()
