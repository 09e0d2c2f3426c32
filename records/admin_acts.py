"""Administrative acts: what was done to the system itself, by whom, from what to what. Append-only and hash-chained.

An act is written in the transaction that carries it out. The chain is one, so acts wait for each other; they are rare.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.append_only import keep
from engine.phrases import Phrase
from engine.record import digest, instant
from engine.tables import NO_HASH, Base, UtcDateTime
from engine.transactions import read_as_of_now


class Act(StrEnum):
    """What was done: a noun and a verb, as the record keeps them."""

    STAFF_CREATED = "staff.created"
    STAFF_CHANGED = "staff.changed"
    STAFF_CLOSED = "staff.closed"
    STAFF_OPENED = "staff.opened"
    ACCOUNT_UNLOCKED = "account.unlocked"
    ACCOUNTS_MERGED = "account.merged"
    PASSWORD_RENEWED = "account.password"  # noqa: S105 - the name of an act
    TOKEN_ISSUED = "account.token"  # noqa: S105 - the name of an act
    IDENTITY_UNBOUND = "account.unbound"
    SUBSTITUTE_APPOINTED = "substitute.appointed"
    SUBSTITUTE_RECALLED = "substitute.recalled"
    GRANT_ASKED = "grant.asked"
    GRANT_CONFIRMED = "grant.confirmed"
    GRANT_REFUSED = "grant.refused"
    AGENCY_CREATED = "agency.created"
    AGENCY_CHANGED = "agency.changed"
    CALENDAR_CHANGED = "calendar.changed"
    CALENDAR_PUBLISHED = "calendar.published"
    EDITION_IMPORTED = "edition.imported"
    EDITION_CHANGED = "edition.changed"
    BULLETIN_SAVED = "bulletin.saved"
    BULLETIN_PUBLISHED = "bulletin.published"
    BULLETIN_WITHDRAWN = "bulletin.withdrawn"
    ARTICLE_SAVED = "article.saved"
    SMS_TEXT_CHANGED = "sms_text.changed"
    SMS_SENT_AGAIN = "sms.sent_again"
    SMS_SKIPPED = "sms.skipped"
    JOB_RETRIED = "job.retried"
    JOB_SKIPPED = "job.skipped"
    CASE_STARTED = "case.started"
    CASE_SUSPENDED = "case.suspended"
    CASE_RESUMED = "case.resumed"
    CASE_CANCELLED = "case.cancelled"
    CASE_RETRIED = "case.retried"
    CASE_MODIFIED = "case.modified"
    CASE_MIGRATED = "case.migrated"
    MESSAGE_GIVEN = "message.given"
    DEPLOYED = "definition.deployed"


class AdminAct(Base):
    """One act. `subject` names what it was done to; `actor` is None for whoever has the machine's command line."""

    __tablename__ = "admin_act"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, doc="1, 2, … without a gap")
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str | None] = mapped_column(String(64), doc="username")
    act: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    hash: Mapped[bytes] = mapped_column(LargeBinary)


keep(AdminAct.__table__)  # type: ignore[arg-type]  # a mapped class's table is one


def note(
    session: Session,
    act: Act,
    subject: str,
    *,
    actor: str | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AdminAct:
    """Write an act at the end of the record. `before` and `after` are JSON: what was there, and what is there now.

    Personal data is given as it may be shown; a password never.
    """
    _one_at_a_time(session)
    last = session.scalar(select(AdminAct).order_by(AdminAct.id.desc()).limit(1))
    number, previous = (last.id + 1, last.hash) if last is not None else (1, NO_HASH)
    written = AdminAct(
        id=number,
        at=now,
        actor=actor,
        act=act.value,
        subject=subject[: AdminAct.subject.type.length],
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
    )
    written.hash = _digest(previous, written)
    session.add(written)
    session.flush()
    return written


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What two states of something do not have in common, as `note` takes it."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def verify(session: Session) -> Iterator[str]:
    """What in the record is not as it was written: a sentence for each line that is missing or was changed."""
    read_as_of_now(session)
    expected, previous = 1, NO_HASH
    for line in session.scalars(select(AdminAct).order_by(AdminAct.id).execution_options(yield_per=500)):
        if line.id != expected:
            yield Phrase("管理行为第 {first} 至 {last} 条缺失", first=expected, last=line.id - 1)
        elif _digest(previous, line) != line.hash:
            yield Phrase("管理行为第 {number} 条被改动", number=line.id)
        expected, previous = line.id + 1, line.hash


def _digest(previous: bytes, line: AdminAct) -> bytes:
    names = ("id", "actor", "act", "subject", "before", "after")
    return digest(previous, {name: getattr(line, name) for name in names} | {"at": instant(line.at)})


def _one_at_a_time(session: Session) -> None:
    """SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(AdminAct.__tablename__))))
