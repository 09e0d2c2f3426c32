"""Identities: the accounts of 省统一身份认证平台 that are bound to accounts here (R59, R68)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, UtcDateTime
from records.users import User


class Identity(Base):
    """`subject` is what the platform `issuer` calls somebody; its name for a person never changes."""

    __tablename__ = "identity"
    issuer: Mapped[str] = mapped_column(String(200), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    bound_at: Mapped[datetime] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship()


def identities_of(session: Session, user: User) -> Sequence[Identity]:
    """What is bound to an account, the oldest first."""
    return session.scalars(select(Identity).where(Identity.user_id == user.id).order_by(Identity.bound_at)).all()


def key_of(identity: Identity) -> str:
    """Names one binding in a form: what the platform calls somebody is not for pages."""
    return hashlib.sha256(f"{identity.issuer}\n{identity.subject}".encode()).hexdigest()[:16]


def ending_of(identity: Identity) -> str:
    """As much of what the platform calls somebody as tells several apart, for pages and records."""
    return f"…{identity.subject[-4:]}"
