"""Grants 授权申请: what somebody is to be, until the security administrator confirms it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, UtcDateTime
from records.agencies import Agency
from records.users import User


class GrantState(StrEnum):
    """How far a grant is. REPLACED: another was asked for the same person before it was decided."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    REPLACED = "REPLACED"


_PENDING = text(f"state = '{GrantState.PENDING.value}'")


class Grant(Base):
    """All of what somebody is to be: agency and roles, with an open account. One at a time waits for each person."""

    __tablename__ = "grant_request"
    __table_args__ = (
        Index("uq_grant_request_pending", "user_id", unique=True, sqlite_where=_PENDING, postgresql_where=_PENDING),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    agency_id: Mapped[str | None] = mapped_column(ForeignKey("agency.id"))
    roles: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16), default=GrantState.PENDING.value)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by: Mapped[str] = mapped_column(String(64), doc="username")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(64), doc="username")
    reason: Mapped[str] = mapped_column(String(200), default="")
    user: Mapped[User] = relationship()
    agency: Mapped[Agency | None] = relationship()


def pending_of(session: Session, user: User) -> Grant | None:
    """What waits for somebody."""
    waiting = (Grant.user_id == user.id, Grant.state == GrantState.PENDING)
    return session.scalar(select(Grant).where(*waiting).with_for_update())


def pending(session: Session) -> Sequence[Grant]:
    """Everything that waits, the oldest first."""
    return session.scalars(select(Grant).where(Grant.state == GrantState.PENDING).order_by(Grant.id)).all()
