"""Users: who may log in, what they may do, their passwords and their tokens for the REST interface."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.clock import Clock
from engine.tables import Base, UtcDateTime
from records.encryption import EncryptedText
from records.roles import AdminRole

_PREFIX = "jigai_"  # tells a leaked token from other secrets

_hasher = PasswordHasher()


class UserKind(StrEnum):
    """Which of the two entrances a user comes through, or neither."""

    ENTERPRISE = "ENTERPRISE"
    AUTHORITY = "AUTHORITY"
    ADMIN = "ADMIN"


_IS_ADMINISTRATOR = text(f"role IN ({', '.join(repr(role.value) for role in AdminRole)})")


class UserRole(Base):
    """One role of a user: `enterprise`, or one of `records/roles.py`. Nobody is two of the three administrators."""

    __tablename__ = "user_role"
    __table_args__ = (
        Index(
            "uq_user_role_administrator",
            "user_id",
            unique=True,
            sqlite_where=_IS_ADMINISTRATOR,
            postgresql_where=_IS_ADMINISTRATOR,
        ),
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)


class User(Base):
    """A person with an account; `name` is what the header greets, `username` what is typed at log-in."""

    __tablename__ = "user"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    kind: Mapped[str] = mapped_column(String(16))
    enterprise_id: Mapped[str | None] = mapped_column(ForeignKey("enterprise.id"), index=True)
    agency_id: Mapped[str | None] = mapped_column(ForeignKey("agency.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(String(200), doc="None: cannot log in by password")
    mobile: Mapped[str | None] = mapped_column(EncryptedText)
    active: Mapped[bool] = mapped_column(default=True)
    roles: Mapped[list[UserRole]] = relationship(cascade="all, delete-orphan", order_by=UserRole.role)

    @property
    def role_names(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.roles)

    @property
    def admin_role(self) -> AdminRole | None:
        """Which of the three administrators the user is, if one."""
        return next((role for role in AdminRole if role in self.role_names), None)


class ApiToken(Base):
    """A bearer token. Only its SHA-256 is kept: the text is shown once, when it is issued."""

    __tablename__ = "api_token"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship()


def user_by_username(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(User.username == username))


def colleagues_of(session: Session, official: User) -> Sequence[User]:
    """The other officials of somebody's agency whose accounts are open, by their names."""
    others = select(User).where(User.kind == UserKind.AUTHORITY, User.active, User.id != official.id)
    return session.scalars(others.where(User.agency_id == official.agency_id).order_by(User.name, User.id)).all()


def hash_password(password: str) -> str:
    """The password as Argon2id stores it: slow on purpose."""
    return _hasher.hash(password)


def set_password(user: User, password: str) -> None:
    user.password_hash = hash_password(password)


def first_password() -> str:
    """A password to tell somebody."""
    return secrets.token_urlsafe(9)


def check_password(user: User | None, password: str) -> bool:
    """Whether the password opens the account. No account, one without password and a closed one never open.

    Takes as long for an unknown user as for a wrong password, so that names cannot be guessed by the clock.
    """
    stored = user.password_hash if user is not None and user.active else None
    try:
        _hasher.verify(stored or _unknown_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    if user is None or stored is None:
        return False
    if _hasher.check_needs_rehash(stored):
        set_password(user, password)
    return True


@cache
def _unknown_hash() -> str:
    """A hash no password opens, made on first use because making it is slow."""
    return _hasher.hash(secrets.token_urlsafe(24))


def issue_token(session: Session, user: User, now: datetime | None = None) -> str:
    """A new token for the user. The answer is its only copy."""
    text = _PREFIX + secrets.token_urlsafe(32)
    session.add(ApiToken(digest=_digest(text), user_id=user.id, created_at=now or Clock().now()))
    session.flush()
    return text


def user_for_token(session: Session, text: str) -> User | None:
    """The active user a token belongs to, or None."""
    token = session.get(ApiToken, _digest(text))
    return token.user if token is not None and token.user.active else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
