"""Statutory clocks 办理时限: the working days an authority has, since when, and what stops them (§2.1, §2.11)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base
from records.calendar import Calendar, DaySource
from records.documents import Document


class Purpose(StrEnum):
    """What the days are for."""

    REVIEW = "review"
    """The whole of a review: 办理."""
    ACCEPTANCE = "acceptance"
    """Whether an application is taken up: 受理审查."""
    DECISION = "decision"
    """The decision on what was taken up: 审批."""


class StatutoryClock(Base):
    """A time limit of one round: a document that is submitted again is a new round. Its first day never counts.

    `warn_after` of its working days somebody is reminded; `prolonged_by` was added with a reason.
    """

    __tablename__ = "statutory_clock"
    __table_args__ = (Index(None, "document_id", "submission", "purpose", unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    submission: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(16), default=Purpose.REVIEW.value)
    limit_days: Mapped[int]
    warn_after: Mapped[int]
    begun_on: Mapped[date]
    prolonged_by: Mapped[int] = mapped_column(default=0)
    prolonged_because: Mapped[str | None] = mapped_column(String(200))
    pauses: Mapped[list["ClockPause"]] = relationship(
        cascade="all, delete-orphan", order_by="ClockPause.id", lazy="joined"
    )

    def stands_still(self, day: date, today: date) -> bool:
        """Whether a day does not count; a pause that goes on is known until today."""
        return any(pause.begun_on < day <= (pause.ended_on or today) for pause in self.pauses)

    def open_pauses(self) -> list["ClockPause"]:
        """Why it stands still now."""
        return [pause for pause in self.pauses if pause.ended_on is None]


class ClockPause(Base):
    """Why the clock stood still: days after `begun_on`, up to and with `ended_on`, do not count."""

    __tablename__ = "clock_pause"
    id: Mapped[int] = mapped_column(primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("statutory_clock.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(100))
    begun_on: Mapped[date]
    ended_on: Mapped[date | None]


@dataclass(frozen=True)
class Reading:
    """A clock as it stands on a day, in working days. `limit` has what was added to it; `used` has the day itself and
    grows beyond the limit once that is over; of `gone` days nothing is left. `warn_on` and `due_on` are last days,
    which a pause that goes on moves on each day. `pauses`: why, and how many days each has taken. `provisional`: the
    last day rests on a year whose holidays are not published."""

    limit: int
    used: int
    gone: int
    warn_on: date
    due_on: date
    paused: bool
    pauses: Sequence[tuple[str, int]]
    provisional: bool


def begin(
    session: Session, document: Document, purpose: Purpose, *, limit_days: int, warn_after: int, day: date
) -> StatutoryClock:
    """Begin a clock of a document's round; the one that was begun before, if the round has one."""
    mine = (StatutoryClock.document_id == document.id, StatutoryClock.submission == document.submission)
    query = select(StatutoryClock).where(*mine, StatutoryClock.purpose == purpose)
    clock = session.scalars(query).unique().one_or_none()
    if clock is None:
        clock = StatutoryClock(
            document_id=document.id,
            submission=document.submission,
            purpose=purpose.value,
            limit_days=limit_days,
            warn_after=warn_after,
            begun_on=day,
            prolonged_by=0,
            pauses=[],
        )
        session.add(clock)
        session.flush()
    return clock


def clock_of(session: Session, document_id: str) -> StatutoryClock | None:
    """The clock of a document that was begun last."""
    query = select(StatutoryClock).where(StatutoryClock.document_id == document_id)
    return session.scalars(query.order_by(StatutoryClock.id.desc()).limit(1)).unique().one_or_none()


_OF_MANY = (
    select(StatutoryClock).where(StatutoryClock.document_id.in_(bindparam("documents"))).order_by(StatutoryClock.id)
)


def clocks_of(session: Session, document_ids: Collection[str]) -> dict[str, StatutoryClock]:
    """The clocks of many documents that were begun last, by the documents' ids."""
    found = session.scalars(_OF_MANY, {"documents": list(document_ids)}).unique()
    return {clock.document_id: clock for clock in found}


def read(calendar: Calendar, clock: StatutoryClock, today: date) -> Reading:
    """What a clock says today. Days that several pauses cover are left out once."""
    limit = clock.limit_days + clock.prolonged_by
    warn_after = clock.warn_after + clock.prolonged_by
    counted = used = gone = 0
    warn_on = due_on = clock.begun_on
    provisional = False
    for day, known in calendar.after(clock.begun_on):
        if counted >= limit and day > today:
            break
        provisional |= counted < limit and known.source != DaySource.PUBLISHED
        if known.is_workday and not clock.stands_still(day, today):
            counted += 1
            used += day <= today
            gone += day < today
            warn_on = day if counted == warn_after else warn_on
            due_on = day if counted == limit else due_on
    return Reading(
        limit=limit,
        used=used,
        gone=gone,
        warn_on=warn_on,
        due_on=due_on,
        paused=bool(clock.open_pauses()),
        pauses=[(pause.reason, calendar.between(pause.begun_on, pause.ended_on or today)) for pause in clock.pauses],
        provisional=provisional,
    )
