"""Users: who may log in, and what they may do."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, UtcDateTime
from records.agencies import Agency
from records.encryption import EncryptedText
from records.roles import AdminRole


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
    must_change_password: Mapped[bool] = mapped_column(default=False, doc="somebody else chose the password")
    failed_logins: Mapped[int] = mapped_column(default=0, doc="wrong passwords since the last right one")
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mobile: Mapped[str | None] = mapped_column(EncryptedText)
    active: Mapped[bool] = mapped_column(default=True)
    merged_into: Mapped[str | None] = mapped_column(
        ForeignKey("user.id"), index=True, doc="the account of the same enterprise that took this one's place"
    )
    agency: Mapped[Agency | None] = relationship()
    roles: Mapped[list[UserRole]] = relationship(cascade="all, delete-orphan", order_by=UserRole.role)

    @property
    def role_names(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.roles)

    @property
    def admin_role(self) -> AdminRole | None:
        """Which of the three administrators the user is, if one."""
        return next((role for role in AdminRole if role in self.role_names), None)


def user_by_username(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(User.username == username))


def colleagues_of(session: Session, official: User) -> Sequence[User]:
    """The other officials of somebody's agency whose accounts are open, by their names."""
    others = select(User).where(User.kind == UserKind.AUTHORITY, User.active, User.id != official.id)
    return session.scalars(others.where(User.agency_id == official.agency_id).order_by(User.name, User.id)).all()


def accounts_of(session: Session, enterprise_id: str) -> Sequence[User]:
    """The accounts of an enterprise that were not merged into another, also those that wait for it; oldest first."""
    query = select(User).where(User.enterprise_id == enterprise_id, User.merged_into.is_(None))
    return session.scalars(query.order_by(User.id)).all()
