"""ISO 8601 durations, dates and repeating intervals, as timers write them."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from engine.errors import ExpressionError
from engine.phrases import Phrase

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of a date or time that names none."""

_AMOUNT = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_DURATION = re.compile(
    rf"P(?!$)(?:{_AMOUNT}Y)?(?:{_AMOUNT}M)?(?:{_AMOUNT}W)?(?:{_AMOUNT}D)?"
    rf"(?:T(?!$)(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)
_DATETIME = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}(:?\d{2})?)?", re.ASCII)
_REPEAT = re.compile(r"R(\d{0,9})/(?:([^/]+)/)?([^/]+)", re.ASCII)


@dataclass(frozen=True)
class Duration:
    """A length of time. Months stay apart from days, since only a date can say how long a month is."""

    months: int = 0
    rest: timedelta = timedelta(0)

    def add_to(self, moment: datetime) -> datetime:
        """`moment` moved on by whole months first, in its own zone and clipped to the month's end, then by
        the rest.

        The months of an aware moment are counted on the calendar of Asia/Shanghai, and the answer is in
        UTC: stored in UTC, midnight of 1 March there is still February.
        """
        try:
            if moment.utcoffset() is None:
                return _add_months(moment, self.months) + self.rest
            local = _add_months(moment.astimezone(LOCAL_ZONE), self.months)
            return local.astimezone(UTC) + self.rest
        except (OverflowError, ValueError):
            return _refuse("时长「{length}」超出了日期的范围。", length=str(self))

    def __bool__(self) -> bool:
        return bool(self.months or self.rest)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        seconds = self.rest.seconds + self.rest.microseconds / 1_000_000
        day = "".join(
            f"{amount}{unit}" for amount, unit in ((years, "Y"), (months, "M"), (self.rest.days, "D")) if amount
        )
        clock = f"T{seconds:.6f}".rstrip("0").rstrip(".") + "S" if seconds else ""
        return f"P{day}{clock}" if day or clock else "PT0S"


@dataclass(frozen=True)
class Repeat:
    """A repeating interval: `times` runs (None: without end), the first at `start` or one `every` after
    arming.
    """

    times: int | None
    start: datetime | None
    every: Duration


def parse_duration(text: str) -> Duration:
    """Read `P1Y2M10DT2H30M`, `P2W`, `PT0.5S`. Fractions are allowed from weeks down; a minus sign is
    refused.
    """
    source = text.strip()
    if source.startswith("-") or "-" in source:
        _refuse("时长「{length}」不能为负。", length=source)
    match = _DURATION.fullmatch(source)
    if match is None:
        message = "「{text}」不是有效的时长；请写成 P3D（三天）、PT2H（两小时）或 P1Y2M10DT2H30M 的形式。"
        _refuse(message, text=source)
    years, months, *others = (group.replace(",", ".") if group else "0" for group in match.groups())
    if "." in years + months:
        _refuse("时长「{length}」中的年和月必须是整数。", length=source)
    weeks, days, hours, minutes, seconds = map(float, others)
    try:
        rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        _refuse("时长「{length}」过长。", length=source)
    return Duration(int(years) * 12 + int(months), rest)


def parse_datetime(text: str) -> datetime:
    """Read a date (its midnight) or a date and time as a moment in UTC; without a zone it is
    Asia/Shanghai's.
    """
    source = text.strip()
    try:
        if _DATE.fullmatch(source):
            moment = datetime.combine(date.fromisoformat(source), time())
        elif _DATETIME.fullmatch(source):
            moment = datetime.fromisoformat(source)
        else:
            raise ValueError(source)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=LOCAL_ZONE)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        message = "「{text}」不是有效的日期时间；请写成 2026-03-01 或 2026-03-01T09:00:00+08:00 的形式。"
        return _refuse(message, text=source)


def parse_date(text: str) -> date:
    """Read `2026-03-01` or `20260301`; a date with a time is refused, since a day would be lost or won in
    silence.
    """
    source = text.strip()
    try:
        if _DATE.fullmatch(source):
            return date.fromisoformat(source)
    except ValueError:
        pass
    return _refuse("「{text}」不是有效的日期；请写成 2026-03-01 的形式。", text=source)


def parse_repeat(text: str) -> Repeat:
    """Read `R3/2021-01-01T00:00:00Z/PT10M`, `R/PT1H` or `R3/PT5S`."""
    source = text.strip()
    match = _REPEAT.fullmatch(source)
    if match is None:
        message = "「{text}」不是有效的重复时间；请写成 R3/PT10M（三次，每隔十分钟）或 R/PT1H（不限次数）。"
        _refuse(message, text=source)
    times, start, every = match.groups()
    if times and int(times) == 0:
        _refuse("重复时间「{text}」的次数不能为 0。", text=source)
    interval = parse_duration(every)
    if not interval:
        _refuse("重复时间「{text}」的间隔必须大于零。", text=source)
    return Repeat(int(times) if times else None, parse_datetime(start) if start else None, interval)


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    month += 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _refuse(message: str, **values: Any) -> NoReturn:
    raise ExpressionError(Phrase(message, **values))
