"""Statutory clocks 办理时限: the working days an authority has, since when, and what stopped them (domain §2.1)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base
from records.calendar import add_working_days, is_provisional, working_days_between


class StatutoryClock(Base):
    """The time limit of one round: a document that is submitted again is a new round. Its first day never counts."""

    __tablename__ = "statutory_clock"
    __table_args__ = (Index(None, "document_id", "submission", unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    submission: Mapped[int]
    limit_days: Mapped[int]
    begun_on: Mapped[date]
    pauses: Mapped[list["ClockPause"]] = relationship(cascade="all, delete-orphan", order_by="ClockPause.id")


class ClockPause(Base):
    """Why the clock stood still: days after `begun_on`, up to and with `ended_on`, do not count."""

    __tablename__ = "clock_pause"
    id: Mapped[int] = mapped_column(primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("statutory_clock.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(100))
    begun_on: Mapped[date]
    ended_on: Mapped[date | None]


def begin(session: Session, document_id: str, submission: int, limit_days: int, day: date) -> StatutoryClock:
    """Begin the clock of a round; the one that was begun before, if the round has one."""
    clock = clock_of(session, document_id, submission)
    if clock is None:
        clock = StatutoryClock(
            document_id=document_id, submission=submission, limit_days=limit_days, begun_on=day, pauses=[]
        )
        session.add(clock)
        session.flush()
    return clock


def clock_of(session: Session, document_id: str, submission: int) -> StatutoryClock | None:
    """The clock of a round."""
    return session.scalar(
        select(StatutoryClock).where(StatutoryClock.document_id == document_id, StatutoryClock.submission == submission)
    )


def due_on(session: Session, clock: StatutoryClock, today: date) -> date:
    """The last day of the limit, as things stand today: a pause that goes on moves it on."""
    paused = sum(working_days_between(session, pause.begun_on, pause.ended_on or today) for pause in clock.pauses)
    return add_working_days(session, clock.begun_on, clock.limit_days + paused)


def used(session: Session, clock: StatutoryClock, end: date) -> int:
    """The working days used up by a day: today, or the day on which the round ended."""
    paused = sum(
        working_days_between(session, pause.begun_on, min(end, pause.ended_on or end)) for pause in clock.pauses
    )
    return max(0, working_days_between(session, clock.begun_on, end) - paused)


def pauses_told(session: Session, clock: StatutoryClock, today: date) -> Sequence[tuple[str, int]]:
    """Each pause: why, and how many working days it has taken."""
    return [
        (pause.reason, working_days_between(session, pause.begun_on, pause.ended_on or today)) for pause in clock.pauses
    ]


def provisional(session: Session, clock: StatutoryClock, today: date) -> bool:
    """Whether the last day rests on a year whose holidays are not published."""
    return is_provisional(session, clock.begun_on, due_on(session, clock, today))
