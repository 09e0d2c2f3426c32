"""A certificate's life, years in seconds: what reminds, what ends it, what it costs, with restarts between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import jobs
from engine.scenario_files import moment
from engine.tables import Instance, Job, Subscription
from records.announcements import Announcement, AnnouncementKind
from tests.processes.lives import Life, life

AUTHORITY = "agency:A07:handler"


@pytest.fixture
def one() -> Iterator[Life]:
    """Issued on 2021-11-15; planned from 2021-12-10 to 2022-10-31."""
    with life() as certificate:
        yield certificate


def titles(life: Life, group: str) -> list[str]:
    return [title.partition("”")[2] for to, title in life.notices if to == group]


# Validity


def test_nothing_told_in_two_years_ends_it_at_midnight_after_its_last_day(one: Life) -> None:
    for day in ("2021-12-05", "2021-12-15", "2022-02-10", "2022-09-15", "2022-10-20", "2023-06-01", "2023-09-20"):
        one.until(f"{day} 12:00", restart=True)
    one.until("2023-11-15 23:59", restart=True)
    assert one.standing[0] == "VALID"
    one.until("2023-11-16 00:00")
    assert one.standing == ("INVALID", "EXPIRED", date(2023, 11, 15))
    assert one.case.status == "completed"
    assert one.messages[-1] == "S17"
    assert titles(one, "enterprise:E01")[-1] == titles(one, AUTHORITY)[-1] == "备案证到期自动失效"
    assert one.todo == []
    filed = select(func.count(Announcement.id)).where(Announcement.kind == AnnouncementKind.FILED.value)
    assert one.test.read(lambda session: session.scalar(filed)) == 0


def test_reminders_come_60_and_30_days_before_the_last_day_and_the_second_takes_the_place_of_the_first(
    one: Life,
) -> None:
    one.until("2023-09-16 08:59")
    assert "S16" not in one.messages
    one.until("2023-09-16 09:00")
    assert (one.messages.count("S16"), "extend_or_start" in one.todo) == (1, True)
    one.until("2023-10-16 09:00")
    assert one.messages.count("S16") == 2
    assert [task for task in one.todo if task.startswith("extend")] == ["extend_or_start_again"]


def test_a_start_told_in_time_makes_it_long_term_and_closes_what_asked_for_it(one: Life) -> None:
    one.until("2023-10-20 09:00")
    assert {"fill_start", "extend_or_start_again"} <= set(one.todo)
    one.tell(start="2023-10-18")
    assert one.standing == ("LONG_TERM", None, None)
    assert one.messages[-1] == "S26"
    assert not {"fill_start", "extend_or_start_again"} & set(one.todo)
    one.until("2026-12-31 09:00")
    assert one.standing == ("LONG_TERM", None, None)
    assert "S17" not in one.messages


def test_a_start_that_is_corrected_tells_nobody_again(one: Life) -> None:
    one.until("2022-03-01 09:00")
    one.tell(start="2022-02-01")
    one.tell(start="2022-02-15")
    assert one.messages.count("S26") == 1


def test_a_start_that_is_cleared_makes_it_dated_again_and_it_expires(one: Life) -> None:
    one.until("2022-03-01 09:00")
    one.tell(start="2022-02-01")
    one.until("2022-06-01 09:00", restart=True)
    one.tell()
    assert one.standing == ("VALID", None, date(2023, 11, 15))
    assert "fill_start" in one.todo
    one.until("2023-11-16 00:00")
    assert one.standing == ("INVALID", "EXPIRED", date(2023, 11, 15))


def test_a_start_saved_at_the_last_minute_counts_though_its_message_comes_after_midnight(one: Life) -> None:
    one.until("2023-11-15 23:59")
    one.keep(start="2023-11-15")
    one.until("2023-11-16 00:00")
    assert one.standing == ("LONG_TERM", None, None)


def test_a_certificate_of_a_leap_day_ends_on_28_february() -> None:
    with life("2024-02-29 09:00", ("2024-04-01", "2025-12-31")) as one:
        assert one.standing == ("VALID", None, date(2026, 2, 28))
        one.until("2026-02-28 23:59")
        assert one.standing[0] == "VALID"
        one.until("2026-03-01 00:00")
        assert one.standing == ("INVALID", "EXPIRED", date(2026, 2, 28))


def test_a_life_in_years_whose_holidays_are_not_published() -> None:
    with life("2026-11-16 09:00", ("2027-01-04", "2028-02-29")) as one:
        one.until("2027-12-29 08:59")
        assert one.messages == ["S15", "S12", "S15"]
        one.until("2027-12-29 09:00")
        one.until("2028-01-29 09:00")
        assert one.messages[3:] == ["S13", "S14"]
        one.until("2028-11-17 00:00")
        assert one.standing == ("INVALID", "EXPIRED", date(2028, 11, 16))


# Start and completion


def test_the_planned_start_reminds_of_telling_it(one: Life) -> None:
    one.until("2021-12-10 08:59")
    assert "fill_start" not in one.todo
    one.until("2021-12-10 09:00")
    assert "fill_start" in one.todo
    assert one.messages == ["S15", "S12"]


def test_a_start_told_before_the_planned_day_is_not_asked_for(one: Life) -> None:
    one.until("2021-12-01 08:00")
    one.tell(start="2021-12-01")
    one.until("2022-01-31 09:00")
    assert "S12" not in one.messages


def test_completion_is_asked_for_two_months_and_one_month_before_and_not_twice_at_once(one: Life) -> None:
    one.until("2022-08-31 08:59")
    assert "S13" not in one.messages
    one.until("2022-08-31 09:00")  # two months before 31 October: 31 August
    assert "fill_start_and_completion" in one.todo
    one.until("2022-09-30 09:00")  # one month before: September has 30 days
    assert "fill_start_and_completion" not in one.todo
    assert "fill_completion" in one.todo
    assert one.messages.count("S13") == one.messages.count("S14") == 1


def test_a_completion_told_in_between_is_not_asked_for_again(one: Life) -> None:
    one.until("2022-09-10 09:00")
    one.tell(start="2022-02-01", completion="2022-09-09")
    assert one.todo == []
    one.until("2022-11-30 09:00")
    assert "S14" not in one.messages


def test_a_completion_that_is_cleared_is_asked_for_again_at_once_and_once(one: Life) -> None:
    one.until("2022-09-10 09:00")
    one.tell(start="2022-02-01", completion="2022-09-09")
    one.until("2022-10-10 09:00")
    one.tell(start="2022-02-01")
    assert [message for message in one.messages if message in ("S13", "S14")] == ["S13", "S14"]
    assert "fill_completion" in one.todo


def test_less_than_two_months_left_at_the_issue_sends_the_missed_reminder_at_once() -> None:
    with life("2021-11-15 09:00", ("2021-11-20", "2021-12-31")) as one:
        assert one.messages == ["S13"]
        assert one.todo == ["fill_start_and_completion"]
        one.until("2021-11-30 09:00")
        assert one.messages[-1] == "S14"
    with life("2021-11-15 09:00", ("2021-11-20", "2021-12-10")) as one:
        assert one.messages == ["S14"]
        assert one.todo == ["fill_completion"]


def test_dates_moved_by_a_change_close_what_was_asked_too_early_and_set_the_reminders_anew(one: Life) -> None:
    one.until("2022-09-10 09:00")
    assert {"fill_start", "fill_start_and_completion"} <= set(one.todo)
    one.send("planned_dates_changed", planned_start=date(2023, 1, 10), planned_completion=date(2023, 12, 29))
    assert one.todo == []
    assert {"planned_start_reached 2023-01-10 09:00", "two_months_left 2023-10-29 09:00"} <= one.due
    one.until("2023-01-10 09:00")
    assert one.messages.count("S12") == 2
    one.until("2023-10-29 09:00")
    assert one.messages.count("S13") == 2


def test_a_to_do_that_is_only_ticked_off_stays(one: Life) -> None:
    one.until("2021-12-10 09:00")
    one.test.complete("fill_start", case=one.case, actor="ent01")
    assert "fill_start" in one.todo
    assert one.messages.count("S12") == 1


# Annual reports


def test_december_asks_for_the_year_s_report_until_it_is_told(one: Life) -> None:
    one.until("2021-12-01 08:59")
    assert one.todo == []
    one.until("2021-12-01 09:00")
    assert (one.todo, one.messages) == (["fill_report"], ["S15"])
    one.tell(years={2021: 100})
    assert one.todo == []
    one.until("2022-02-01 09:00")
    assert "逾期未报2021年度进度报告" not in titles(one, AUTHORITY)
    one.until("2022-12-01 09:00")
    assert one.messages.count("S15") == 2


def test_a_report_that_was_told_before_december_is_not_asked_for(one: Life) -> None:
    one.tell(years={2021: 100})
    one.until("2022-02-01 09:00")
    assert "S15" not in one.messages


def test_a_report_not_told_by_the_end_of_january_is_told_to_the_authority(one: Life) -> None:
    one.until("2022-01-31 23:59")
    assert titles(one, AUTHORITY) == []
    one.until("2022-02-01 00:00")
    assert titles(one, AUTHORITY) == ["逾期未报2021年度进度报告"]
    assert "fill_report" not in one.todo


def test_a_completed_project_is_not_asked_for_reports(one: Life) -> None:
    one.until("2022-09-10 09:00")
    one.tell(start="2022-02-01", completion="2022-09-09")
    one.until("2024-02-01 09:00")
    assert one.messages.count("S15") == 1  # of 2021


def test_a_december_that_comes_late_asks_for_the_year_that_was_due(one: Life) -> None:
    """The workers stood still from November to New Year's Day, or for years."""
    one.test.clock.set(moment("2022-01-10 09:00"))
    one.test.advance()
    assert one.messages.count("S15") == 1
    one.tell(years={2021: 100})
    assert "fill_report" not in one.todo
    one.test.clock.set(moment("2023-11-01 09:00"))
    one.test.advance()
    assert one.messages.count("S15") == 1
    assert "december 2023-12-01 09:00" in one.due


# The end


def test_completed_with_the_last_year_s_report_is_archived(one: Life) -> None:
    one.until("2022-09-10 09:00")
    one.tell(start="2022-02-01", completion="2022-09-09")
    assert one.case.status == "running"
    one.tell(start="2022-02-01", completion="2022-09-09", years={2022: 500})
    assert one.case.status == "completed"
    assert one.case.trace[-2:] == ["archived", "completed"]
    assert one.standing == ("LONG_TERM", None, None)


def test_whatever_order_the_messages_come_in_an_archived_project_is_long_term(one: Life) -> None:
    one.until("2022-09-10 09:00")
    one.keep(start="2022-02-01", completion="2022-09-09", years={2022: 500})
    one.send("report_recorded", year=2022)
    one.send("completion_recorded", completion_date=date(2022, 9, 9))
    assert one.case.status == "completed"
    assert one.standing == ("LONG_TERM", None, None)


@pytest.mark.parametrize("reason", ["CANCELLED", "REVOKED"])
def test_a_termination_takes_every_to_do_away(one: Life, reason: str) -> None:
    one.until("2022-09-10 09:00")
    assert one.todo != []
    one.send("certificate_terminated", reason=reason)
    assert one.todo == []
    assert one.case.status == "completed"
    assert one.case.trace[-2:] == ["ended", "terminated"]
    one.until("2026-01-01 09:00")
    assert "S17" not in one.messages


def test_what_the_case_is_told_of_later_than_the_row_does_not_count(one: Life) -> None:
    """A revocation that commits just before midnight, and whose message comes after it."""
    one.until("2023-11-15 23:59")
    one.end("REVOKED")
    one.until("2023-11-16 00:01")
    assert one.standing[:2] == ("INVALID", "REVOKED")
    assert "S17" not in one.messages
    assert one.case.status == "completed"


# What it costs


def test_a_certificate_that_waits_is_a_few_rows_and_two_kilobytes(one: Life) -> None:
    case = one.case.id

    def rows(session: Session) -> list[int]:
        tables = (Job, Subscription)
        counts = [select(func.count()).select_from(table).where(table.instance_id == case) for table in tables]
        return [session.scalar(count) or 0 for count in counts]

    assert one.test.read(rows) == [5, 8]
    state = one.test.read(lambda session: session.get_one(Instance, case).state)
    assert len(state) < 2_000


def test_nothing_looks_at_a_certificate_between_its_timers(one: Life) -> None:
    one.until("2021-12-31 09:00")
    before, revision = one.test.read(jobs.next_due), one.case.instance.revision
    assert before is not None
    one.test.advance(seconds=(before - one.test.clock.now() - timedelta(seconds=1)).total_seconds())
    assert one.case.instance.revision == revision
