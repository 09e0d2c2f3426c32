"""The calendar of working days 工作日历 as an administrator keeps it, and the deadlines that rest on it.

A year is provisional until it is published (design §10). What was told in a paper, such as the day until which
materials are awaited, stays as it was told.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Instance
from records.admin_acts import Act, note
from records.calendar import Calendar, DaySource, WorkingDay, local_date, year_days
from records.clocks import StatutoryClock, clocks_of
from records.documents import WITH_AUTHORITY, Document
from tasks.clocks import Deadline, deadline_of
from tasks.sheet import Column, Problem, parse

COLUMNS = (Column("日期", "day", needed=True), Column("安排", "kind", needed=True), Column("说明", "why"))
YEARS_AHEAD = 3
"""How far the calendar can be kept."""

_KINDS = {"休息": False, "上班": True}


@dataclass
class Year:
    """What a file says of a year: the days that are otherwise than weekdays and weekends are."""

    days: dict[date, bool] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_year(file: str, content: bytes, year: int) -> Year:
    """Read a year's published arrangement: 日期, 安排 (休息 or 上班), 说明. Whatever is wrong is a problem."""
    sheet = parse(file, content, COLUMNS)
    found = Year(problems=list(sheet.problems))
    for line in sheet.lines:
        day, kind = line.day("day"), line.text("kind")
        if kind and kind not in _KINDS:
            message = Phrase("{cell}不是“休息”或“上班”", cell=f"“{kind}”")
            line.refuse("kind", message, remedy="填“休息”或“上班”")
        if day is not None and day.year != year:
            message = Phrase("{day} 不在 {year} 年", day=day, year=year)
            line.refuse("day", message, Phrase("只填 {year} 年的日期", year=year))
        elif day is not None and day in found.days:
            line.refuse("day", Phrase("{day} 出现了不止一次", day=day), remedy="每个日期只留一行")
        if day is not None and not line.problems:
            found.days[day] = _KINDS[kind]
        found.problems += line.problems
    if not found.problems and found.days.get(date(year, 1, 1), True):
        message = Phrase("没有 {year}-01-01 休息", year=year)
        found.problems.append(Problem(file, 1, "", message, remedy="核对是否是全年的安排；元旦应为休息"))
    return found


def is_published(session: Session, year: int) -> bool:
    """Whether every day of a year is known on the State Council's authority."""
    days = list(year_days(year))
    known = (WorkingDay.day.between(days[0], days[-1]), WorkingDay.source == DaySource.PUBLISHED)
    return session.scalar(select(func.count()).select_from(WorkingDay).where(*known)) == len(days)


def mark(command: Command, day: date, is_workday: bool) -> int:
    """Let a day be worked or not; how many deadlines moved. A day of a provisional year stays provisional.

    Raises CommandRefused for a day that has passed or lies too far ahead.
    """
    today = _within_reach(command, day.year)
    if day < today:
        raise CommandRefused("day_passed", Phrase("{day} 已经过去，不能更改。", day=day), status=422)
    before = Calendar(command.session).day(day)
    if before.is_workday == is_workday:
        return 0
    with _deadlines_follow(command, day, day) as moved:
        command.session.merge(WorkingDay(day=day, is_workday=is_workday, source=before.source))
    was, now = ({"workday": worked} for worked in (not is_workday, is_workday))
    note(
        command.session,
        Act.CALENDAR_CHANGED,
        str(day),
        actor=command.actor,
        now=command.now,
        before=was,
        after=now | {"deadlines": len(moved)},
    )
    return len(moved)


def publish(command: Command, year: int, told: Year | None = None) -> int:
    """Publish a year: as a file has it, or without one as it is marked. Days that have passed stay as they are. How
    many deadlines moved.

    Raises CommandRefused for a year that has passed, lies too far ahead, or is published already as it is, and for a
    file with problems.
    """
    today, session = _within_reach(command, year), command.session
    if told is None and is_published(session, year):
        message = Phrase("{year} 年已经公布。", year=year)
        raise CommandRefused("year_published", message, remedy="有调整时请导入新的安排。")
    if told is not None and told.problems:
        message = Phrase("文件有 {count} 处不符合要求，没有公布。", count=len(told.problems))
        raise CommandRefused("file_unfit", message, status=422, remedy="请按清单更正后重新导入。")
    calendar, changed = Calendar(session), dict[str, bool]()
    with _deadlines_follow(command, date(year, 1, 1), date(year, 12, 31)) as moved:
        for day in year_days(year):
            known = calendar.day(day).is_workday
            wanted = known if told is None or day < today else told.days.get(day, day.weekday() < 5)
            if wanted != known:
                changed[str(day)] = wanted
            session.merge(WorkingDay(day=day, is_workday=wanted, source=DaySource.PUBLISHED.value))
    after = {"workdays_changed": changed, "deadlines": len(moved)}
    note(session, Act.CALENDAR_PUBLISHED, str(year), actor=command.actor, now=command.now, after=after)
    return len(moved)


def _within_reach(command: Command, year: int) -> date:
    """Today, where a year can be edited."""
    today = local_date(command.now)
    if not today.year <= year <= today.year + YEARS_AHEAD:
        message = Phrase("只能维护 {first} 至 {last} 年的日历。", first=today.year, last=today.year + YEARS_AHEAD)
        raise CommandRefused("year_out_of_reach", message, status=422)
    return today


@contextmanager
def _deadlines_follow(command: Command, first: date, last: date) -> Iterator[list[str]]:
    """What runs across days that are changed inside gets its new deadline: the document, and every value of its cases
    that is the old one, with the timers and tasks that follow it. Yields a list that is then filled with their ids."""
    session, today = command.session, local_date(command.now)
    documents, clocks = _running(session, first, last)
    old = _deadlines(session, clocks, today)
    moved: list[str] = []
    yield moved
    session.flush()
    for id, new in _deadlines(session, clocks, today).items():
        if new == old[id]:
            continue
        cases = select(Instance.id).where(Instance.business_key == id, Instance.ended_at.is_(None))
        for case in session.scalars(cases.order_by(Instance.id)).all():
            command.revise(case, asdict(old[id]), asdict(new), "工作日历调整")
        documents[id].due_on = new.due_on
        moved.append(id)
    session.flush()


def _running(session: Session, first: date, last: date) -> tuple[dict[str, Document], dict[str, StatutoryClock]]:
    """The documents whose deadline lies behind the first of some days, and their clocks that run across them."""
    query = select(Document).where(Document.status.in_(WITH_AUTHORITY), Document.due_on >= first)
    documents = {document.id: document for document in session.scalars(query.order_by(Document.id))}
    clocks = clocks_of(session, documents.keys())
    return documents, {id: clocks[id] for id in documents if id in clocks and clocks[id].begun_on < last}


def _deadlines(session: Session, clocks: Mapping[str, StatutoryClock], today: date) -> dict[str, Deadline]:
    calendar = Calendar(session)
    return {id: deadline_of(calendar, clock, today) for id, clock in clocks.items()}
