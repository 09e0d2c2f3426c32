"""ISO 8601 as timers write it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.durations import Duration, Repeat, parse_date, parse_datetime, parse_duration, parse_repeat
from engine.errors import ExpressionError


@pytest.mark.parametrize(
    ("text", "months", "rest"),
    [
        ("PT5S", 0, timedelta(seconds=5)),
        ("P3D", 0, timedelta(days=3)),
        ("P2W", 0, timedelta(days=14)),
        ("P1Y2M10DT2H30M", 14, timedelta(days=10, hours=2, minutes=30)),
        ("PT0.5S", 0, timedelta(milliseconds=500)),
        ("PT1,5H", 0, timedelta(minutes=90)),
        (" P1M ", 1, timedelta(0)),
        ("PT36H", 0, timedelta(hours=36)),
    ],
)
def test_durations_are_read(text, months, rest):
    assert parse_duration(text) == Duration(months, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "5S",
        "P1DT",
        "PT5",
        "P1S",
        "P1.5Y",
        "-PT5S",
        "P-3D",
        "P99999999999D",
        "P٣D",
        "P1H",
    ],
)
def test_what_is_no_duration_is_refused_with_a_sentence(text):
    with pytest.raises(ExpressionError, match="时长"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2021-10-26", "P2Y", "2023-10-26"),
        ("2020-02-29", "P2Y", "2022-02-28"),
        ("2020-02-29", "P3Y", "2023-02-28"),
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2026-12-31", "P2M", "2027-02-28"),
        ("2026-01-31", "P1M1D", "2026-03-01"),
    ],
)
def test_months_are_clipped_to_the_months_end(start, length, end):
    assert parse_duration(length).add_to(parse_datetime(start)) == parse_datetime(end)


def test_months_of_a_stored_moment_are_counted_on_the_local_calendar():
    midnight_of_first_march = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert parse_duration("P1M").add_to(midnight_of_first_march) == datetime(2026, 3, 31, 16, tzinfo=UTC)


def test_a_naive_moment_stays_naive():
    assert parse_duration("P1M").add_to(datetime(2026, 1, 31)) == datetime(2026, 2, 28)  # noqa: DTZ001  # the case


def test_a_sum_past_the_calendar_is_refused():
    with pytest.raises(ExpressionError, match="超出"):
        parse_duration("P9999Y").add_to(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        ("2026-03-01T09:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
        ("2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01T09:00:00.250+08:00", datetime(2026, 3, 1, 1, 0, 0, 250_000, tzinfo=UTC)),
        ("20260301T090000Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
    ],
)
def test_moments_without_a_zone_are_those_of_shanghai(text, moment):
    parsed = parse_datetime(text)
    assert (parsed, parsed.tzinfo) == (moment, UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30", "2026-W01", "2026-03-01T25:00", "1", "0001-01-01"])
def test_what_is_no_moment_is_refused_with_a_sentence(text):
    with pytest.raises(ExpressionError, match="日期时间"):
        parse_datetime(text)


def test_a_date_does_not_swallow_a_time():
    assert parse_date("2026-03-01") == date(2026, 3, 1)
    with pytest.raises(ExpressionError):
        parse_date("2026-03-01T23:00:00")


def test_repeats_are_read():
    assert parse_repeat("R3/PT5S") == Repeat(3, None, Duration(0, timedelta(seconds=5)))
    assert parse_repeat("R/PT1H") == Repeat(None, None, Duration(0, timedelta(hours=1)))
    assert parse_repeat("R3/2021-01-01T00:00:00Z/PT10M") == Repeat(
        3, datetime(2021, 1, 1, tzinfo=UTC), Duration(0, timedelta(minutes=10))
    )


@pytest.mark.parametrize("text", ["R0/PT5S", "R3/PT0S", "R-1/PT5S", "R3", "R3/", "3/PT5S", "R3/PT5S/2021-01-01"])
def test_repeats_that_never_or_always_fire_are_refused(text):
    with pytest.raises(ExpressionError):
        parse_repeat(text)


@pytest.mark.parametrize("text", ["P1Y2M3DT4.5S", "P14D", "PT0S", "P1M"])
def test_a_duration_is_written_as_it_can_be_read(text):
    assert parse_duration(str(parse_duration(text))) == parse_duration(text)
