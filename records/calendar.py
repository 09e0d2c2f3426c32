"""Working days 工作日: published by the State Council a year ahead, kept in a table an administrator edits.

A day outside the table is computed from weekends and the holidays with a fixed date, and is provisional: the
lunar holidays and the make-up days of its year are not known yet.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

import chinese_calendar
from sqlalchemy import String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base

SHANGHAI = ZoneInfo("Asia/Shanghai")
PUBLISHED_YEARS = range(2019, 2027)  # of what chinesecalendar knows, the years that cases can touch

# New Year's Day, Labour Day (two days since 2025), National Day.
_FIXED_HOLIDAYS = frozenset(((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)))
_STRETCH = 45  # days before and after one that is asked for: most counts read the table once


class DaySource(StrEnum):
    """On what authority a day is known."""

    PUBLISHED = "published"
    COMPUTED = "computed"


class WorkingDay(Base):
    """Whether a day is worked, and on what authority that is known."""

    __tablename__ = "working_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    is_workday: Mapped[bool]
    source: Mapped[str] = mapped_column(String(16), default=DaySource.PUBLISHED.value)


_KNOWN = select(WorkingDay.day, WorkingDay.is_workday, WorkingDay.source).where(
    WorkingDay.day.between(bindparam("first"), bindparam("last"))
)


class Day(NamedTuple):
    """Whether a day is worked, and on what authority that is known, as a reader has it."""

    is_workday: bool
    source: str


def local_date(moment: datetime) -> date:
    """The day on the calendar in China at an (aware) moment."""
    return moment.astimezone(SHANGHAI).date()


def published_days() -> Iterator[WorkingDay]:
    """Every day of the published years, as the State Council's notices have it."""
    day = date(PUBLISHED_YEARS.start, 1, 1)
    while day.year < PUBLISHED_YEARS.stop:
        yield WorkingDay(day=day, is_workday=chinese_calendar.is_workday(day), source=DaySource.PUBLISHED.value)
        day += timedelta(days=1)


def year_days(year: int) -> Iterator[date]:
    """Every day of a year."""
    first, following = date(year, 1, 1), date(year + 1, 1, 1)
    return (first + timedelta(days=offset) for offset in range((following - first).days))


def computed_workday(day: date) -> bool:
    """What can be said of a day before its year is published."""
    if day.weekday() >= 5:
        return False
    return (day.month, day.day) not in _FIXED_HOLIDAYS


class Calendar:
    """The days as one reader sees them: each stretch of the table is read once, however much is counted.

    What is changed in the table afterwards takes a new reader to be seen.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[date, Day] = {}

    def day(self, day: date) -> Day:
        """A day, from the table or computed."""
        if day not in self._known:
            first, last = day - timedelta(days=_STRETCH), day + timedelta(days=_STRETCH)
            days = (first + timedelta(days=offset) for offset in range(2 * _STRETCH + 1))
            rows = self._session.execute(_KNOWN, {"first": first, "last": last})
            found = {day: Day(is_workday, source) for day, is_workday, source in rows}
            self._known |= {day: found.get(day) or Day(computed_workday(day), DaySource.COMPUTED) for day in days}
        return self._known[day]

    def after(self, day: date) -> Iterator[tuple[date, Day]]:
        """The days after a day, without end."""
        while True:
            day += timedelta(days=1)
            yield day, self.day(day)

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after a day; the day itself never counts. `count` is at least 1."""
        if count < 1:
            raise ValueError(f"a number of working days is at least 1, not {count}")
        for following, known in self.after(day):
            count -= known.is_workday
            if count == 0:
                return following
        raise OverflowError("the calendar ends before these working days do")

    def between(self, start: date, end: date) -> int:
        """How many working days lie after `start`, up to and with `end`; negative where `end` comes first."""
        if end < start:
            return -self.between(end, start)
        return sum(self.day(start + timedelta(days=offset)).is_workday for offset in range(1, (end - start).days + 1))
