"""办理时限: the working days that an authority has for a round of a document (domain §2.1, §2.11)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.calendar import SHANGHAI, Calendar, local_date
from records.clocks import ClockPause, Purpose, StatutoryClock, begin, clock_of, read
from records.documents import Document
from tasks.documents import document_of

OPENING = time(9)
"""When offices open: nobody is reminded at night."""

NEVER = datetime(9999, 12, 31, tzinfo=SHANGHAI)
"""When a clock that stands still is over."""

_KIND = Param(title="事项类型", description="filing、change、extension …")
_ID = Param(title="文书编号")


@dataclass(frozen=True)
class Deadline:
    """`due_on` is the last day, `due_at` its end; `warn_at` is when people are told that it is near, `overdue_at` when
    that it has passed. While the clock stands still the first two are None, and the other moments never come."""

    due_on: date | None
    due_at: datetime | None
    warn_at: datetime
    overdue_at: datetime


@service_task("clock/begin", version=1, title="开始计时", category="时限", effect="transaction")
def begin_clock(
    document_kind: Annotated[str, _KIND],
    document_id: Annotated[str, _ID],
    working_days: Annotated[int, Param(title="办理时限", description="工作日，收到当日不计")],
    warn_after: Annotated[int, Param(title="几个工作日后提醒")],
    call: Call,
    purpose: Annotated[str, Param(title="用途", description="review、acceptance、decision")] = Purpose.REVIEW.value,
    since: Annotated[date | None, Param(title="起算日", description="该日不计；不写即今日")] = None,
) -> Deadline:
    """Begin a statutory clock of a document's round: a complete resubmission is a new round, with the whole time."""
    document = document_of(call.session, document_kind, document_id)
    day = since or local_date(call.now)
    clock = begin(call.session, document, Purpose(purpose), limit_days=working_days, warn_after=warn_after, day=day)
    return _deadline(call, document, clock)


@service_task("clock/pause", version=1, title="暂停计时", category="时限", effect="transaction")
def pause_clock(
    document_kind: Annotated[str, _KIND],
    document_id: Annotated[str, _ID],
    reason: Annotated[str, Param(title="原因", description="为什么不计入时限，例如 委托评估")],
    call: Call,
) -> Deadline:
    """Let the clock stand still, for one of the reasons that the law has. Several may hold it at once."""
    document, clock = _running(call.session, document_kind, document_id)
    clock.pauses.append(ClockPause(reason=reason, begun_on=local_date(call.now)))
    return _deadline(call, document, clock)


@service_task("clock/resume", version=1, title="恢复计时", category="时限", effect="transaction")
def resume_clock(
    document_kind: Annotated[str, _KIND],
    document_id: Annotated[str, _ID],
    reason: Annotated[str, Param(title="原因", description="暂停时写的原因")],
    call: Call,
) -> Deadline:
    """End a pause. The clock goes on when no other holds it."""
    document, clock = _running(call.session, document_kind, document_id)
    for pause in clock.open_pauses():
        if pause.reason == reason:
            pause.ended_on = local_date(call.now)
            return _deadline(call, document, clock)
    raise EngineError(f"{document.TITLE} {document.number} 的时限没有因「{reason}」暂停。")


@service_task("clock/prolong", version=1, title="延长时限", category="时限", effect="transaction")
def prolong_clock(
    document_kind: Annotated[str, _KIND],
    document_id: Annotated[str, _ID],
    working_days: Annotated[int, Param(title="延长", description="工作日")],
    reason: Annotated[str, Param(title="原因")],
    call: Call,
) -> Deadline:
    """Add working days to the limit. Raises EngineError where that was done already."""
    document, clock = _running(call.session, document_kind, document_id)
    if clock.prolonged_by:
        raise EngineError(f"{document.TITLE} {document.number} 的时限已经延长过一次。")
    clock.prolonged_by, clock.prolonged_because = working_days, reason
    return _deadline(call, document, clock)


@dataclass(frozen=True)
class After:
    """`day` is the last one; `over_at` is when it has passed."""

    day: date
    over_at: datetime


@service_task("calendar/after", version=1, title="推算工作日", category="时限", effect="transaction")
def working_days_after(
    working_days: Annotated[int, Param(title="几个工作日以后", description="从今日起，今日不计")], call: Call
) -> After:
    """The day so many working days from today, such as that until which materials are awaited."""
    return after(call, working_days)


def after(call: Call, working_days: int) -> After:
    """The day so many working days from today."""
    day = Calendar(call.session).add(local_date(call.now), working_days)
    return After(day, _opening(day + timedelta(days=1)))


@dataclass(frozen=True)
class ReturnedTerms:
    """When the enterprise is reminded of what was returned to it, and when waiting ends; NEVER where it does not."""

    remind_at: datetime
    close_at: datetime


@service_task("returned/terms", version=1, title="推算提醒和关闭", category="时限", effect="transaction")
def returned_terms(
    document_kind: Annotated[str, _KIND],
    call: Call,
    open_until: Annotated[date | None, Param(title="关闭不早于", description="这一天以后才开始计算关闭的日数")] = None,
) -> ReturnedTerms:
    """The terms that the table 退回修改期限 has for a kind of document that is returned today."""
    terms, today = call.decide("returned_terms", kind=document_kind), local_date(call.now)
    remind_at = after(call, terms["remind_after"]).over_at if terms["remind_after"] else NEVER
    if not terms["close_after"]:
        return ReturnedTerms(remind_at, NEVER)
    over = max(open_until or today, today) + timedelta(days=terms["close_after"] + 1)
    return ReturnedTerms(remind_at, datetime.combine(over, time(0), SHANGHAI))


def _running(session: Session, document_kind: str, document_id: str) -> tuple[Document, StatutoryClock]:
    document = document_of(session, document_kind, document_id)
    clock = clock_of(session, document.id)
    if clock is None:
        raise EngineError(f"{document.TITLE} {document.number} 没有开始计时。")
    return document, clock


def _deadline(call: Call, document: Document, clock: StatutoryClock) -> Deadline:
    deadline = deadline_of(Calendar(call.session), clock, local_date(call.now))
    document.due_on = deadline.due_on
    call.session.flush()
    return deadline


def deadline_of(calendar: Calendar, clock: StatutoryClock, today: date) -> Deadline:
    """What a clock says today, as diagrams have it."""
    reading = read(calendar, clock, today)
    if reading.paused:
        return Deadline(None, None, NEVER, NEVER)
    near, over = (day + timedelta(days=1) for day in (reading.warn_on, reading.due_on))
    return Deadline(reading.due_on, datetime.combine(over, time(), SHANGHAI), _opening(near), _opening(over))


def _opening(day: date) -> datetime:
    return datetime.combine(day, OPENING, SHANGHAI)
