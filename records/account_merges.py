"""Merging the accounts of one enterprise 账号合并: who asked for it, and what became of it (R67–R69)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, Task, UtcDateTime, new_id
from records.documents import Document, DocumentVersion
from records.encryption import EncryptedText
from records.enterprises import Enterprise
from records.identities import Identity
from records.notices import Notice
from records.tokens import ApiToken
from records.users import User

PROCESS = "account_merge"


class MergeState(StrEnum):
    """How a request stands."""

    OPEN = "OPEN"
    MERGED = "MERGED"
    REFUSED = "REFUSED"


class AccountMerge(Base):
    """A request, and its case's business key. Who asks is not logged in: `enterprise_name` and `mobile` are what they
    wrote, `enterprise_id` is who an administrator found them to be."""

    __tablename__ = "account_merge"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    enterprise_name: Mapped[str] = mapped_column(String(100))
    mobile: Mapped[str] = mapped_column(EncryptedText, doc="of the contact")
    enterprise_id: Mapped[str | None] = mapped_column(ForeignKey("enterprise.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=MergeState.OPEN.value)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    instance_id: Mapped[str | None] = mapped_column(String(16))
    kept_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"), doc="the account that stays")
    reason: Mapped[str] = mapped_column(String(500), default="", doc="why it was refused")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(64), doc="username")
    enterprise: Mapped[Enterprise | None] = relationship()
    kept: Mapped[User | None] = relationship()


def open_merges(session: Session) -> Sequence[AccountMerge]:
    """The requests that wait, the oldest first."""
    query = select(AccountMerge).where(AccountMerge.state == MergeState.OPEN)
    return session.scalars(query.order_by(AccountMerge.requested_at, AccountMerge.id)).all()


@dataclass(frozen=True)
class Belongings:
    """What hangs on an account: how many documents it last saved and has not submitted, documents it submitted, tasks
    it did, notices it read, tokens and provincial accounts."""

    drafts: int
    submitted: int
    tasks: int
    notices: int
    tokens: int
    identities: int


def belongings_of(session: Session, account: User) -> Belongings:
    """What goes with an account when it is merged, or stays with the enterprise."""
    name = account.username

    def number(column: Any, *conditions: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count(column.distinct())).where(*conditions)) or 0

    return Belongings(
        drafts=number(Document.id, Document.updated_by == name, Document.submission == 0),
        submitted=number(DocumentVersion.document_id, DocumentVersion.submitted_by == name),
        tasks=number(Task.id, Task.completed_by == name),
        notices=number(Notice.id, Notice.read_by == name),
        tokens=number(ApiToken.id, ApiToken.user_id == account.id),
        identities=number(Identity.subject, Identity.user_id == account.id),
    )
