"""Substitutions 代理: who acts for whom on which days. What that lets them do, `records.assignment` answers."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Base, UtcDateTime
from records.admin_acts import Act, note
from records.calendar import local_date
from records.masking import name_for
from records.users import User, UserKind

LONGEST = timedelta(days=92)
"""From the beginning of the first day to the end of the last: about three months."""


class SubstitutionState(StrEnum):
    """How a substitution stands on a day."""

    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    OVER = "OVER"
    RECALLED = "RECALLED"


class Substitution(Base):
    """`substitute` acts for `principal` from `first_day` to `last_day`, both included, unless it is ended early."""

    __tablename__ = "substitution"
    id: Mapped[int] = mapped_column(primary_key=True)
    principal_id: Mapped[str] = mapped_column(ForeignKey("user.id"), index=True)
    substitute_id: Mapped[str] = mapped_column(ForeignKey("user.id"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(64), doc="username")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="None: it ends by its date")
    ended_by: Mapped[str | None] = mapped_column(String(64), doc="username")
    principal: Mapped[User] = relationship(foreign_keys=principal_id)
    substitute: Mapped[User] = relationship(foreign_keys=substitute_id)

    def state(self, today: date) -> SubstitutionState:
        if self.ended_at is not None:
            return SubstitutionState.RECALLED
        if self.last_day < today:
            return SubstitutionState.OVER
        return SubstitutionState.RUNNING if self.first_day <= today else SubstitutionState.PLANNED


PRINCIPALS = (
    select(Substitution.principal_id.label("id"))
    .join(User, User.id == Substitution.substitute_id)
    .where(
        User.username == bindparam("actor"),
        Substitution.ended_at.is_(None),
        Substitution.first_day <= bindparam("today"),
        Substitution.last_day >= bindparam("today"),
    )
)
"""The ids of those for whom the user `actor` acts on the day `today`."""


def appoint(
    session: Session, principal: User, substitute: User, first_day: date, last_day: date, *, actor: str, now: datetime
) -> Substitution:
    """Name a substitute for an official; where somebody else does, it is an act of theirs that is recorded.

    Raises CommandRefused 422 where the two or the days do not fit, 409 where the official has a substitute on one of
    the days already.
    """
    if principal.kind != UserKind.AUTHORITY or not principal.active:
        message = Phrase("{name}不是在岗的审批人员，不能设代理。", name=name_for(principal, None))
        raise CommandRefused("principal_unfit", message, status=422)
    if substitute.id == principal.id:
        raise CommandRefused("substitute_unfit", "代理人不能是本人。", status=422, remedy="请选择另一位同事。")
    if not substitute.active or substitute.kind != UserKind.AUTHORITY or substitute.agency_id != principal.agency_id:
        message = Phrase("{name}不是同一单位的在岗人员，不能代理。", name=name_for(substitute, None))
        raise CommandRefused("substitute_unfit", message, status=422, remedy="请选择本单位的在岗同事。")
    if first_day < local_date(now) or last_day < first_day:
        message = Phrase("代理从今天或以后开始，结束日期不能早于开始日期。")
        raise CommandRefused("days_unfit", message, status=422, remedy="请更正代理的起止日期。")
    if last_day - first_day >= LONGEST:
        message = Phrase("一次代理最长 {days} 天（含首尾两日）。", days=LONGEST.days)
        remedy = "请把结束日期提前；到期后仍需代理的，可再次设置。"
        raise CommandRefused("days_unfit", message, status=422, remedy=remedy)
    session.get_one(User, principal.id, with_for_update=True)  # two at once must see each other
    overlapping = select(Substitution).where(
        Substitution.principal_id == principal.id,
        Substitution.ended_at.is_(None),
        Substitution.first_day <= last_day,
        Substitution.last_day >= first_day,
    )
    if other := session.scalars(overlapping).first():
        message = Phrase(
            "{first_day} 至 {last_day} 已由{substitute}代理{principal}。",
            first_day=other.first_day,
            last_day=other.last_day,
            substitute=other.substitute.name,
            principal=principal.name,
        )
        raise CommandRefused("already_substituted", message, remedy="请先结束那次代理，或改用其他日期。")
    substitution = Substitution(
        principal=principal,
        substitute=substitute,
        first_day=first_day,
        last_day=last_day,
        created_at=now,
        created_by=actor,
    )
    session.add(substitution)
    session.flush()
    if actor != principal.username:
        whom, told = _called(principal), _told(substitution)
        note(session, Act.SUBSTITUTE_APPOINTED, whom, actor=actor or None, now=now, after=told)
    return substitution


def recall(session: Session, substitution: Substitution, *, actor: str, now: datetime) -> None:
    """End a substitution before its date; where somebody else than the principal does, it is recorded as an act.

    Raises CommandRefused 409 where it is over already.
    """
    if substitution.state(local_date(now)) in (SubstitutionState.OVER, SubstitutionState.RECALLED):
        raise CommandRefused("substitution_over", "这次代理已经结束。")
    substitution.ended_at, substitution.ended_by = now, actor
    session.flush()
    if actor != substitution.principal.username:
        whom, told = _called(substitution.principal), _told(substitution)
        note(session, Act.SUBSTITUTE_RECALLED, whom, actor=actor or None, now=now, before=told)


def recall_all(session: Session, user: User, *, actor: str, now: datetime) -> None:
    """End whatever an official who leaves has to do with substitutions."""
    open_ones = select(Substitution).where(
        concerns(user), Substitution.ended_at.is_(None), Substitution.last_day >= local_date(now)
    )
    for substitution in session.scalars(open_ones):
        recall(session, substitution, actor=actor, now=now)


def _told(substitution: Substitution) -> dict[str, Any]:
    """A substitution as the record of acts keeps it, with the roles in which the substitute may act."""
    return {
        "principal": _called(substitution.principal),
        "substitute": _called(substitution.substitute),
        "first_day": substitution.first_day.isoformat(),
        "last_day": substitution.last_day.isoformat(),
        "roles": sorted(substitution.principal.role_names),
    }


def _called(user: User) -> str:
    return f"{user.name}（{user.username}）"


def concerns(user: User) -> ColumnElement[bool]:
    """Whether a substitution is of a user or by them."""
    return or_(Substitution.principal_id == user.id, Substitution.substitute_id == user.id)


def substitutions(
    session: Session, user: User | None, *, limit: int = 50, before_id: int | None = None
) -> Sequence[Substitution]:
    """Those that concern a user, or all, the latest first; `before_id` continues a list."""
    query = select(Substitution).order_by(Substitution.id.desc()).limit(limit)
    if user is not None:
        query = query.where(concerns(user))
    return session.scalars(query if before_id is None else query.where(Substitution.id < before_id)).all()
