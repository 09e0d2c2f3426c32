"""工作日历: twelve months at once, days marked one by one, a published year taken from a file."""

from datetime import date
from itertools import groupby
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import format_date

import tasks.working_days
from engine.commands import Command
from engine.errors import CommandRefused
from records.calendar import local_date
from records.roles import AdminRole
from web.api.problems import complaints
from web.api.working_days import day_of, days_of, is_published, valid_year
from web.database import db
from web.identity import me, require
from web.pages.administration import blueprint, form, posted, typed, uploaded
from web.runtime import runtime
from web.texts import gettext as _

_WEEK = 7

_KINDS = {"work": True, "rest": False}


@blueprint.get("/calendar")
@blueprint.get("/calendar/<int:year>")
@require(AdminRole.SYSTEM, AdminRole.AUDIT)
def calendar(year: int | None = None) -> str:
    """One year."""
    return _page(year or local_date(runtime().engine.clock.now()).year, None)


@blueprint.post("/calendar/days")
@require(AdminRole.SYSTEM)
def mark_day() -> Any:
    """Let a day be worked or not."""
    try:
        day, is_workday = day_of(typed("day")), _KINDS[typed("kind")]
    except (CommandRefused, KeyError):
        refused = CommandRefused("day_unfit", "请选择日期，以及改为工作日还是休息日。", status=422)
        return _page(local_date(runtime().engine.clock.now()).year, refused), 422

    def give(given: Command) -> dict[str, Any]:
        return {"moved": tasks.working_days.mark(given, day, is_workday)}

    answer, refusal = posted(give)
    if refusal is not None:
        return _page(day.year, refusal), refusal.status
    said = _("%(day)s 已改为工作日。", day=day) if is_workday else _("%(day)s 已改为休息日。", day=day)
    flash(f"{said}{_moved(answer['moved'])}", "success")
    return redirect(url_for("administration.calendar", year=day.year), 303)


@blueprint.post("/calendar/<int:year>")
@require(AdminRole.SYSTEM)
def publish_year(year: int) -> Any:
    """公布: as the year is marked, or from a file, which `check` only looks at."""
    valid_year(year)
    told = None
    if "marked" not in request.form:
        try:
            told = tasks.working_days.read_year(*uploaded("file"), year)
        except CommandRefused as refusal:
            return _page(year, refusal), refusal.status
        if told.problems or "check" in request.form:
            return _page(year, None, told), 422 if told.problems else 200

    def give(given: Command) -> dict[str, Any]:
        return {"moved": tasks.working_days.publish(given, year, told)}

    answer, refused = posted(give)
    if refused is not None:
        return _page(year, refused), refused.status
    flash(_("%(year)s 年的工作日已公布。", year=year) + _moved(answer["moved"]), "success")
    return redirect(url_for("administration.calendar", year=year), 303)


def _moved(count: int) -> str:
    return _("%(n)s 项办理期限已随之调整。", n=count) if count else ""


def _page(year: int, refusal: CommandRefused | None, told: tasks.working_days.Year | None = None) -> str:
    today = local_date(runtime().engine.clock.now())
    reachable = range(today.year, today.year + tasks.working_days.YEARS_AHEAD + 1)
    return render_template(
        "admin/calendar.html",
        year=year,
        published=is_published(db.session(), year),
        months=_months(year),
        earlier_url=url_for("administration.calendar", year=year - 1),
        later_url=url_for("administration.calendar", year=year + 1),
        form=form(refusal),
        today=today,
        may_edit=me().admin_role == AdminRole.SYSTEM and year in reachable,
        mark_url=url_for("administration.mark_day"),
        publish_url=url_for("administration.publish_year", year=year),
        problems=complaints(told.problems) if told is not None else [],
        checked=_checked(told) if told is not None and not told.problems else "",
    )


def _checked(told: tasks.working_days.Year) -> str:
    resting = sum(not worked for worked in told.days.values())
    return _("文件没有问题：休息 %(rest)s 天，调休上班 %(work)s 天。", rest=resting, work=len(told.days) - resting)


def _months(year: int) -> list[dict[str, Any]]:
    """The months with their weeks, Monday first; None where a week lies in another month."""
    months = []
    for month, days in groupby(days_of(db.session(), year), key=lambda day: day["day"].month):
        cells: list[dict[str, Any] | None] = [_cell(day) for day in days]
        first = cells[0]
        cells[:0] = [None] * (first["weekday"] if first is not None else 0)
        cells += [None] * (-len(cells) % _WEEK)
        worked = sum(cell is not None and cell["is_workday"] for cell in cells)
        weeks = [cells[at : at + _WEEK] for at in range(0, len(cells), _WEEK)]
        name = format_date(date(year, month, 1), "LLL")
        months.append({"name": name, "weeks": weeks, "workdays": worked})
    return months


def _cell(day: dict[str, Any]) -> dict[str, Any]:
    """A day; `mark` says what is otherwise than the week has it."""
    shown, worked = day["day"], day["is_workday"]
    usual = shown.weekday() < 5
    return {
        "day": shown.day,
        "date": str(shown),
        "weekday": shown.weekday(),
        "is_workday": worked,
        "mark": "" if worked == usual else _("班") if worked else _("休"),
        "provisional": day["provisional"],
    }
