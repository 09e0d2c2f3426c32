"""The three working days in which an authority decides on a filing, told day by day.

Information only: worked out when it is shown, from the day the filing was received and the calendar.
"""

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from records.calendar import SHANGHAI, add_working_days, is_provisional, local_date, working_days_between
from tasks.filings.examination import WORKING_DAYS_OF_REVIEW
from web.pages import wording


def clock(session: Session, received: datetime, now: datetime) -> dict[str, Any]:
    """The clock of a filing received at a moment, as `macros/clock.html` shows it.

    The day of receipt does not count; the last day counts as a whole.
    """
    start, today = local_date(received), local_date(now)
    deadline = add_working_days(session, start, WORKING_DAYS_OF_REVIEW)
    over = working_days_between(session, deadline, today) if today > deadline else 0
    left = 0 if today > deadline else working_days_between(session, max(start, today - timedelta(days=1)), deadline)
    state = "overdue" if today > deadline else "today" if today == deadline else "running"
    return {
        "state": state,
        "days": over or left,
        "total": WORKING_DAYS_OF_REVIEW,
        "used": WORKING_DAYS_OF_REVIEW - left,
        "deadline": wording.month_day(deadline),
        "deadline_long": _(
            "%(date)s（%(weekday)s）24:00", date=wording.month_day(deadline), weekday=wording.weekday(deadline)
        ),
        "provisional": is_provisional(session, start, deadline),
        "calendar": _days(session, start, deadline, today),
    }


def received_before(session: Session, today: date) -> tuple[datetime, datetime]:
    """Two moments that part filings by their deadline: received before the first, it is over; between the two,
    it ends today; from the second on, days are left."""
    day = today
    while add_working_days(session, day, WORKING_DAYS_OF_REVIEW) > today:
        day -= timedelta(days=1)
    last_due_today = day
    while add_working_days(session, day, WORKING_DAYS_OF_REVIEW) == today:
        day -= timedelta(days=1)
    return _midnight_after(day), _midnight_after(last_due_today)


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), SHANGHAI)


def _days(session: Session, start: date, deadline: date, today: date) -> list[dict[str, Any]]:
    """The days from receipt to deadline; a row of days that are not worked is one entry."""
    shown = [_entry(start, start, "skip", _("收到 不计"), today)]
    count, idle = 0, None
    for offset in range(1, (deadline - start).days + 1):
        day = start + timedelta(days=offset)
        if working_days_between(session, day - timedelta(days=1), day) == 0:
            if idle is None:
                idle = day
            else:
                shown.pop()
            shown.append(_entry(idle, day, "skip", _("不计"), today))
            continue
        idle, count = None, count + 1
        kind = "deadline" if day == deadline else "today" if day == today else "day"
        shown.append(_entry(day, day, kind, _("第 %(n)s 日", n=count), today))
    return shown


def _entry(first: date, last: date, kind: str, note: str, today: date) -> dict[str, Any]:
    label = str(first.day) if first == last else f"{first.day}–{last.day}"
    if first <= today <= last and kind != "skip":
        weekday = _("今天")
    else:
        weekday = wording.weekday(first) if first == last else _("休息日")
    return {"label": label, "weekday": weekday, "note": note, "kind": kind}
