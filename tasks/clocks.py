"""办理时限: the working days that an authority has for a round of a document (domain §2.1)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from engine.services import Call, Param, service_task
from records.calendar import SHANGHAI, add_working_days, local_date
from records.clocks import begin, due_on
from tasks.documents import document_of

OPENING = time(9)
"""When offices open: nobody is reminded at night."""


@dataclass(frozen=True)
class Deadline:
    """`due_on` is the last day; `warn_at` is when it is near, `overdue_at` when it has passed."""

    due_on: date
    warn_at: datetime
    overdue_at: datetime


@service_task("clock/begin", version=1, title="开始计时", category="时限", effect="transaction")
def begin_clock(
    document_kind: Annotated[str, Param(title="事项类型", description="filing、change、extension …")],
    document_id: Annotated[str, Param(title="文书编号")],
    working_days: Annotated[int, Param(title="办理时限", description="工作日，收到当日不计")],
    warn_after: Annotated[int, Param(title="几个工作日后提醒")],
    call: Call,
) -> Deadline:
    """Begin the statutory clock of a document's round: a complete resubmission is a new round, with the whole time."""
    document, today = document_of(call.session, document_kind, document_id), local_date(call.now)
    clock = begin(call.session, document.id, document.submission, working_days, today)
    document.due_on = due_on(call.session, clock, today)
    call.session.flush()
    return Deadline(
        due_on=document.due_on,
        warn_at=_opening(add_working_days(call.session, today, warn_after) + timedelta(days=1)),
        overdue_at=_opening(document.due_on + timedelta(days=1)),
    )


def _opening(day: date) -> datetime:
    return datetime.combine(day, OPENING, SHANGHAI)
