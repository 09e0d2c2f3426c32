"""Log-ins: where a user is logged in, so that it can be listed and ended."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, relationship

from engine.errors import CommandRefused
from engine.tables import Base, UtcDateTime
from records.users import User

FORGOTTEN_AFTER = timedelta(days=30)
"""A log-in that was not used for so long is over, and removed when its user logs in again."""
_LONGEST_AGENT = 200


class LoginMethod(StrEnum):
    """How somebody showed who they are."""

    PASSWORD = "PASSWORD"  # noqa: S105 - the name of a method
    IDENTITY = "IDENTITY"
    """省统一身份认证."""


class LoginSession(Base):
    """A browser that is logged in. Its signed cookie carries the id; the row's end is the session's end."""

    __tablename__ = "login_session"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    method: Mapped[str] = mapped_column(String(16))
    agent: Mapped[str] = mapped_column(String(_LONGEST_AGENT), doc="User-Agent")
    address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, doc="to some minutes")
    user: Mapped[User] = relationship()


def begin_session(
    session: Session, user: User, method: LoginMethod, *, agent: str, address: str, now: datetime
) -> LoginSession:
    """Note a log-in."""
    session.execute(
        delete(LoginSession).where(LoginSession.user_id == user.id, LoginSession.seen_at < now - FORGOTTEN_AFTER)
    )
    begun = LoginSession(
        id=secrets.token_urlsafe(24),
        user=user,
        method=method.value,
        agent=agent[:_LONGEST_AGENT],
        address=address,
        created_at=now,
        seen_at=now,
    )
    session.add(begun)
    session.flush()
    return begun


_WITH_USER = contains_eager(LoginSession.user)
_BY_ID = (
    select(LoginSession)
    .join(LoginSession.user)
    .options(_WITH_USER.joinedload(User.roles), _WITH_USER.joinedload(User.agency))
    .where(LoginSession.id == bindparam("id"), LoginSession.seen_at >= bindparam("since"), User.active)
)


def session_of(session: Session, id: str, now: datetime) -> LoginSession | None:
    """The log-in with this id, with its user, their agency and their roles, while the account is open and the log-in is
    not forgotten."""
    return session.scalars(_BY_ID, {"id": id, "since": now - FORGOTTEN_AFTER}).unique().one_or_none()


def sessions_of(session: Session, user: User) -> Sequence[LoginSession]:
    """Where a user is logged in, the last used first."""
    query = select(LoginSession).where(LoginSession.user_id == user.id)
    return session.scalars(query.order_by(LoginSession.seen_at.desc(), LoginSession.id)).all()


def end_session(session: Session, user: User, id: str) -> None:
    """Log a user out somewhere. Raises CommandRefused 404 where they are not logged in there."""
    found = delete(LoginSession).where(LoginSession.id == id, LoginSession.user_id == user.id)
    if session.scalar(found.returning(LoginSession.id)) is None:
        raise CommandRefused("session_unknown", "没有这次登录，或者它已经退出。", status=404)


def end_sessions(session: Session, user: User, *, but: str | None = None) -> None:
    """Log a user out everywhere, `but` where that session is."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user.id, LoginSession.id != (but or "")))
