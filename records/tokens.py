"""Personal access tokens: the bearer tokens with which programs speak for a user."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, relationship

from engine.errors import CommandRefused
from engine.tables import Base, UtcDateTime, new_id
from records.users import User

LONGEST_NAME = 50
LIFETIMES = (30, 90, 365)
"""For how many days a token may be issued."""

_PREFIX = "jigai_"  # tells a leaked token from other secrets


class TokenScope(StrEnum):
    """What a token is good for."""

    READ = "read"
    WRITE = "write"


class ApiToken(Base):
    """A bearer token. Only its SHA-256 is kept: the text is shown once, when it is issued."""

    __tablename__ = "api_token"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), unique=True, doc="how it is called when it is listed and revoked")
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), doc="what its owner calls it")
    scope: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="None: of a time when tokens did not expire")
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="when it was last used, to some minutes")
    user: Mapped[User] = relationship()


def issue_token(
    session: Session,
    user: User,
    now: datetime,
    *,
    name: str = "",
    scope: TokenScope = TokenScope.WRITE,
    days: int = max(LIFETIMES),
) -> tuple[ApiToken, str]:
    """A new token for the user, and its text, of which the answer is the only copy.

    Raises CommandRefused 403 while the user owes a password: the token would be good for nothing, and end with it.
    """
    if user.must_change_password:
        message = "密码由他人设置，修改后才能新建访问令牌。"
        raise CommandRefused("password_to_change", message, status=403, remedy="请先修改密码。")
    text = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        digest=_digest(text),
        id=new_id(),
        user=user,
        name=name,
        scope=scope.value,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    return token, text


def token_of(session: Session, text: str, now: datetime) -> ApiToken | None:
    """The token with this text, with its user, while both may be used."""
    query = select(ApiToken).join(ApiToken.user).options(contains_eager(ApiToken.user))
    token = session.scalar(query.where(ApiToken.digest == _digest(text), User.active))
    return token if token is not None and (token.expires_at is None or now < token.expires_at) else None


def tokens_of(session: Session, user: User) -> Sequence[ApiToken]:
    """The user's tokens, also those that are no longer good, the newest first."""
    return session.scalars(
        select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.created_at.desc(), ApiToken.id)
    ).all()


def revoke_token(session: Session, user: User, token_id: str) -> None:
    """End one of the user's tokens. Raises CommandRefused 404 for any other."""
    found = delete(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user.id).returning(ApiToken.id)
    if session.scalar(found) is None:
        raise CommandRefused("token_unknown", "没有这个访问令牌，或者它已被撤销。", status=404)


def end_tokens(session: Session, user: User) -> None:
    """End all tokens of a user: whoever holds one speaks for them no more."""
    session.execute(delete(ApiToken).where(ApiToken.user_id == user.id))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
