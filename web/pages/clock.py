"""The working days in which an authority decides, as pages tell them: worked out when shown, from the document's
statutory clock and the calendar."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.tables import Instance
from records.calendar import Calendar
from records.clocks import Reading, StatutoryClock, clocks_of, read
from records.documents import WITH_AUTHORITY, Document
from web.pages import wording
from web.texts import gettext as _

_LONGEST_CALENDAR = 10  # working days that are shown one by one


def clock(session: Session, document: Document | None, instance: Instance, today: date) -> dict[str, Any] | None:
    """The clock of a document that an authority has, as `macros/clock.html` shows it; None where no limit runs."""
    if document is None:
        return None
    return Clocks(session, [document], today).of(document, instance, day_by_day=True)


class Clocks:
    """The clocks of some documents, read together."""

    def __init__(self, session: Session, documents: Iterable[Document], today: date) -> None:
        limited = {document.id for document in documents if document.status in WITH_AUTHORITY}
        self._running = clocks_of(session, limited) if limited else {}
        self._calendar = Calendar(session)
        self._today = today

    def of(self, document: Document, instance: Instance, *, day_by_day: bool = False) -> dict[str, Any] | None:
        """The clock of one of them, as `macros/clock.html` shows it; None where no limit runs.

        The day itself is still left, and once the limit is over it is one too many. Suspending the case does not stop
        it.
        """
        running = self._running.get(document.id)
        if running is None:
            return None
        reading = read(self._calendar, running, self._today)
        shown = _shown(running, reading, instance, self._today)
        if day_by_day and not reading.pauses and reading.limit <= _LONGEST_CALENDAR:
            shown["calendar"] = _days(self._calendar, running.begun_on, reading.due_on, self._today)
        return shown


def _shown(running: StatutoryClock, reading: Reading, instance: Instance, today: date) -> dict[str, Any]:
    state = _state(reading, today)
    used = reading.used if state == "overdue" else reading.gone
    notes = [_("挂起期间时限照常计算")] if instance.suspended else []
    if reading.paused:
        notes.insert(0, _("因%(why)s不计入时限", why=_("、").join(pause.reason for pause in running.open_pauses())))
    shown = {
        "state": state,
        "days": abs(reading.limit - used),
        "total": reading.limit,
        "used": min(used, reading.limit),
        "told": _told(running, reading, used),
        "note": _("；").join(notes),
    }
    if reading.paused:
        return shown
    day, weekday = wording.month_day(reading.due_on), wording.weekday(reading.due_on)
    return shown | {
        "deadline": day,
        "deadline_long": _("%(date)s（%(weekday)s）24:00", date=day, weekday=weekday),
        "provisional": reading.provisional,
    }


def _state(reading: Reading, today: date) -> str:
    if reading.paused:
        return "paused"
    return "overdue" if today > reading.due_on else "today" if today == reading.due_on else "running"


def _told(running: StatutoryClock, reading: Reading, used: int) -> str:
    """How the limit comes about, such as 20 个工作日，已用 7，补正暂停 5."""
    parts = [_("%(n)s 个工作日", n=running.limit_days)]
    if running.prolonged_by:
        parts.append(_("经批准延长 %(n)s", n=running.prolonged_by))
    parts.append(_("已用 %(n)s", n=used))
    parts += [_("%(why)s暂停 %(n)s", why=why, n=days) for why, days in reading.pauses]
    return _("，").join(parts)


def _days(calendar: Calendar, start: date, deadline: date, today: date) -> list[dict[str, Any]]:
    """The days from receipt to deadline; a row of days that are not worked is one entry."""
    shown = [_entry(start, start, "skip", _("收到 不计"), today)]
    count, idle = 0, None
    for offset in range(1, (deadline - start).days + 1):
        day = start + timedelta(days=offset)
        if not calendar.day(day).is_workday:
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
