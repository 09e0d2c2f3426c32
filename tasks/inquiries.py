"""征询 in procedures: asking others before a decision, and keeping what they answer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.calendar import local_date
from records.inquiries import Answer, Inquiry
from tasks.clocks import after
from tasks.documents import document_of


@dataclass(frozen=True)
class Asked:
    """The inquiry, its last day, and when that has passed; both None where no time is set."""

    inquiry_id: int
    due_on: date | None
    over_at: datetime | None


@service_task("inquiry/ask", version=1, title="发出征询", category="征询", effect="transaction")
def ask(
    document_kind: Annotated[str, Param(title="事项类型", description="approval …")],
    document_id: Annotated[str, Param(title="文书编号")],
    kind: Annotated[str, Param(title="征询方式", description="委托评估、征求部门意见、公开征求意见 …")],
    call: Call,
    party: Annotated[str, Param(title="征询对象", description="部门或者机构的名称")] = "",
    working_days: Annotated[int | None, Param(title="反馈期限", description="工作日，不写即不限")] = None,
) -> Asked:
    """Keep that somebody is asked about a document, and until when an answer is awaited."""
    document = document_of(call.session, document_kind, document_id)
    end = after(call, working_days) if working_days is not None else None
    inquiry = Inquiry(
        document_id=document.id,
        kind=kind,
        party=party,
        asked_on=local_date(call.now),
        due_on=end.day if end else None,
    )
    call.session.add(inquiry)
    call.session.flush()
    return Asked(inquiry.id, inquiry.due_on, end.over_at if end else None)


@service_task("inquiry/answer", version=1, title="登记反馈", category="征询", effect="transaction")
def answer(
    inquiry_id: Annotated[int, Param(title="征询")],
    answer: Annotated[str, Param(title="结论", description="agree、disagree、deemed 视为同意、told")],
    call: Call,
    opinion: Annotated[str | None, Param(title="意见")] = None,
) -> None:
    """Keep what came back, once."""
    inquiry = call.session.get(Inquiry, inquiry_id)
    if inquiry is None:
        raise EngineError(f"没有征询 {inquiry_id}。")
    if inquiry.answer is not None:
        raise EngineError(f"{inquiry.kind}「{inquiry.party}」已经登记过反馈。")
    inquiry.answer, inquiry.opinion = Answer(answer).value, opinion or None
    inquiry.answered_on = local_date(call.now)
    call.session.flush()
