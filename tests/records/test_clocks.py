"""Statutory clocks: which days count, what stops them, and how a deadline comes about (domain §2.1, §2.11)."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from records.calendar import Calendar
from records.clocks import ClockPause, Purpose, StatutoryClock, begin, clock_of, read
from records.documents import Document, create_draft
from records.filings import Filing
from tests.records.conftest import NOW

ACCEPTED = date(2021, 11, 5)  # a Friday


@pytest.fixture
def document(session: Session) -> Document:
    return create_draft(session, Filing(enterprise_id="E01"), {}, actor="ent01", now=NOW)


@pytest.fixture
def clock(session: Session, document: Document) -> StatutoryClock:
    return begin(session, document, Purpose.DECISION, limit_days=20, warn_after=15, day=ACCEPTED)


def test_the_first_day_does_not_count_and_the_last_counts_as_a_whole(session: Session, clock: StatutoryClock) -> None:
    reading = read(Calendar(session), clock, ACCEPTED)
    assert (reading.used, reading.due_on, reading.warn_on) == (0, date(2021, 12, 3), date(2021, 11, 26))
    assert read(Calendar(session), clock, date(2021, 12, 3)).used == 20
    assert read(Calendar(session), clock, date(2021, 12, 6)).used == 21


def test_a_deadline_is_explained_by_what_was_used_and_what_stopped_it(session: Session, clock: StatutoryClock) -> None:
    clock.pauses.append(ClockPause(reason="补正", begun_on=date(2021, 11, 10), ended_on=date(2021, 11, 17)))
    reading = read(Calendar(session), clock, date(2021, 11, 23))
    assert (reading.limit, reading.used, reading.pauses) == (20, 7, [("补正", 5)])
    assert reading.due_on == date(2021, 12, 10)


def test_a_pause_that_goes_on_moves_the_last_day_on(session: Session, clock: StatutoryClock) -> None:
    clock.pauses.append(ClockPause(reason="委托评估", begun_on=ACCEPTED))
    reading = read(Calendar(session), clock, date(2021, 11, 8))
    assert (reading.paused, reading.used, reading.due_on) == (True, 0, date(2021, 12, 6))
    reading = read(Calendar(session), clock, date(2021, 11, 9))
    assert (reading.paused, reading.used, reading.due_on) == (True, 0, date(2021, 12, 7))


def test_days_that_two_pauses_cover_are_left_out_once(session: Session, clock: StatutoryClock) -> None:
    clock.pauses += [
        ClockPause(reason="委托评估", begun_on=ACCEPTED, ended_on=date(2021, 11, 12)),
        ClockPause(reason="公开征求意见", begun_on=date(2021, 11, 8), ended_on=date(2021, 11, 12)),
    ]
    reading = read(Calendar(session), clock, date(2021, 11, 12))
    assert (reading.used, reading.due_on) == (0, date(2021, 12, 10))
    assert reading.pauses == [("委托评估", 5), ("公开征求意见", 4)]


def test_what_is_added_to_the_limit_moves_the_warning_too(session: Session, clock: StatutoryClock) -> None:
    clock.prolonged_by = 10
    reading = read(Calendar(session), clock, ACCEPTED)
    assert (reading.limit, reading.warn_on, reading.due_on) == (30, date(2021, 12, 10), date(2021, 12, 17))


def test_a_last_day_beyond_the_published_calendar_is_provisional(session: Session, document: Document) -> None:
    clock = begin(session, document, Purpose.REVIEW, limit_days=3, warn_after=2, day=date(2026, 12, 30))
    assert read(Calendar(session), clock, date(2026, 12, 30)).provisional
    clock.begun_on = date(2026, 12, 28)
    assert not read(Calendar(session), clock, date(2027, 1, 20)).provisional


def test_a_round_has_one_clock_of_a_purpose_and_the_last_one_begun_runs(session: Session, document: Document) -> None:
    first = begin(session, document, Purpose.ACCEPTANCE, limit_days=5, warn_after=3, day=ACCEPTED)
    assert begin(session, document, Purpose.ACCEPTANCE, limit_days=5, warn_after=3, day=date(2021, 11, 9)) is first
    second = begin(session, document, Purpose.DECISION, limit_days=20, warn_after=15, day=date(2021, 11, 9))
    assert clock_of(session, document.id) is second
