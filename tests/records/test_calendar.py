"""Working days (domain R51, design §10)."""

from datetime import UTC, date, datetime
from itertools import takewhile

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.calendar import (
    Calendar,
    DaySource,
    WorkingDay,
    local_date,
)


def sources(session: Session, start: date, end: date) -> set[str]:
    """On what authority the days after `start`, up to and with `end`, are known."""
    return {known.source for _day, known in takewhile(lambda each: each[0] <= end, Calendar(session).after(start))}


@pytest.mark.parametrize(
    ("received", "count", "due"),
    [
        (date(2021, 11, 12), 3, date(2021, 11, 17)),  # over a weekend
        (date(2021, 9, 30), 3, date(2021, 10, 11)),  # National Day; Saturday the 9th is worked
        (date(2021, 9, 17), 2, date(2021, 9, 22)),  # Saturday the 18th is worked, then Mid-Autumn
        (date(2021, 11, 13), 1, date(2021, 11, 15)),  # received on a Saturday
    ],
)
def test_the_day_of_receipt_does_not_count_and_published_holidays_are_kept(
    session: Session, received: date, count: int, due: date
) -> None:
    assert Calendar(session).add(received, count) == due
    assert Calendar(session).between(received, due) == count
    assert Calendar(session).between(due, received) == -count
    assert sources(session, received, due) == {DaySource.PUBLISHED}


def test_a_year_not_yet_published_is_computed_and_marked_provisional(session: Session) -> None:
    due = Calendar(session).add(date(2026, 12, 30), 2)
    assert due == date(2027, 1, 4)  # Thursday the 31st; New Year's Day and the weekend do not count
    assert sources(session, date(2026, 12, 30), due) == {DaySource.PUBLISHED, DaySource.COMPUTED}
    assert sources(session, date(2026, 12, 28), date(2026, 12, 31)) == {DaySource.PUBLISHED}


def test_an_administrators_change_counts_at_once(session: Session) -> None:
    session.scalars(select(WorkingDay).where(WorkingDay.day == date(2021, 11, 15))).one().is_workday = False
    session.flush()
    assert Calendar(session).add(date(2021, 11, 12), 3) == date(2021, 11, 18)


def test_a_long_count_crosses_many_months(session: Session) -> None:
    due = Calendar(session).add(date(2021, 1, 4), 250)
    assert Calendar(session).between(date(2021, 1, 4), due) == 250


def test_asking_makes_no_rows(session: Session) -> None:
    before = len(session.scalars(select(WorkingDay.day)).all())
    Calendar(session).add(date(2030, 1, 1), 30)
    session.commit()
    assert len(session.scalars(select(WorkingDay.day)).all()) == before


def test_no_working_days_are_not_a_number_of_working_days(session: Session) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Calendar(session).add(date(2021, 11, 12), 0)


def test_the_day_in_china_begins_at_four_in_the_afternoon_utc() -> None:
    assert local_date(datetime(2021, 11, 14, 15, 59, tzinfo=UTC)) == date(2021, 11, 14)
    assert local_date(datetime(2021, 11, 14, 16, 0, tzinfo=UTC)) == date(2021, 11, 15)
