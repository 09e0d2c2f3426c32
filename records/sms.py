"""Outgoing SMS 短信: rows written in the command that causes them, sent by a job (domain §7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, Text, case, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, UtcDateTime
from records.calendar import SHANGHAI
from records.documents import Document
from records.encryption import EncryptedText, fingerprint


class SmsState(StrEnum):
    """QUEUED: its job has it. SENT: the gateway has it; then DELIVERED or UNDELIVERED, as the gateway tells later.
    FAILED: the gateway refuses it for good. LIMITED: the number had its messages of the template for the day.
    SKIPPED: an operator does without it."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    LIMITED = "limited"
    SKIPPED = "skipped"


class OutgoingSms(Base):
    """One message. `key` makes it once only: the same key is the same message, however often it is queued."""

    __tablename__ = "outgoing_sms"
    __table_args__ = (
        Index("ix_outgoing_sms_number", "number_print", "template", "sent_at"),
        Index("ix_outgoing_sms_reference", "gateway", "reference"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(String(8), doc="S01, …")
    mobile: Mapped[str] = mapped_column(EncryptedText)
    number_print: Mapped[str | None] = mapped_column(String(64), doc="the mobile's fingerprint, to count by")
    text: Mapped[str] = mapped_column(Text)
    places: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, doc="what fills the template, as it is sent")
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=SmsState.QUEUED.value, index=True)
    note: Mapped[str | None] = mapped_column(String(200), doc="why it is in a state that nobody wants")
    key: Mapped[str] = mapped_column(String(128), unique=True)
    resent: Mapped[int] = mapped_column(default=0, doc="how often an operator had it sent again")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="when its gateway took it last")
    attempts: Mapped[int] = mapped_column(default=0)
    gateway: Mapped[str | None] = mapped_column(String(16), doc="which one has it")
    reference: Mapped[str | None] = mapped_column(String(128), doc="the gateway's own name for it")
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="when the gateway told how it ended")
    document: Mapped[Document | None] = relationship()

    @property
    def sending_key(self) -> str:
        """What tells this sending from every other: one that is sent again is another."""
        return f"{self.key}#{self.resent}" if self.resent else self.key


def queue(
    session: Session,
    *,
    template: str,
    mobile: str,
    text: str,
    key: str,
    now: datetime,
    places: Mapping[str, str] | None = None,
    document_id: str | None = None,
) -> OutgoingSms:
    """The message of this key, written now unless it was written before."""
    message = session.scalar(select(OutgoingSms).where(OutgoingSms.key == key))
    if message is None:
        message = OutgoingSms(
            template=template,
            mobile=mobile,
            number_print=fingerprint(mobile),
            text=text,
            places=dict(places or {}),
            document_id=document_id,
            key=key,
            created_at=now,
        )
        session.add(message)
        session.flush()
    return message


def sent_today(session: Session, message: OutgoingSms, now: datetime) -> int:
    """How many messages of its template a message's number was sent on the day of `now`, in China. One that was sent
    again counts each time, even if some of the times were on days before: no limit is passed by sending again."""
    midnight = datetime.combine(now.astimezone(SHANGHAI), time(0), SHANGHAI)
    times = OutgoingSms.resent + case((OutgoingSms.state == SmsState.QUEUED.value, 0), else_=1)
    count = select(func.sum(times)).where(
        OutgoingSms.number_print == message.number_print,
        OutgoingSms.template == message.template,
        OutgoingSms.sent_at >= midnight,
    )
    return session.scalar(count) or 0


def awaits_sending(session: Session) -> bool:
    """Whether a message is on its way to its gateway, or waits to be."""
    return bool(session.scalar(select(select(OutgoingSms.id).where(OutgoingSms.state == SmsState.QUEUED).exists())))


def by_reference(session: Session, gateway: str, reference: str) -> OutgoingSms | None:
    """The message that a gateway calls so."""
    query = select(OutgoingSms).where(OutgoingSms.gateway == gateway, OutgoingSms.reference == reference)
    return session.scalar(query.with_for_update())


def outbox(session: Session, limit: int = 50) -> Sequence[OutgoingSms]:
    """The latest messages, newest first."""
    return session.scalars(select(OutgoingSms).order_by(OutgoingSms.id.desc()).limit(limit)).all()
