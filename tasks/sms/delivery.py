"""Queuing a message in the command that causes it, and delivering it by a job of its own (design §3.3)."""

from datetime import date
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.documents import Document
from records.sms import OutgoingSms, SmsState, queue
from tasks.adapters import adapters
from tasks.documents import document_of
from tasks.sms.texts import TEMPLATES, WITH_WHOLE_DATE, compose, placeholders
from tasks.wording import month_day

_TO_AUTHORITY = frozenset(("S01", "S10", "S18", "S19", "S25"))


@service_task("sms/queue", version=1, title="发送短信", category="通知", effect="transaction")
def queue_sms(
    template: Annotated[str, Param(title="短信模板", description="S01 至 S26")],
    document_kind: Annotated[str, Param(title="事项类型", description="filing、change、extension …")],
    document_id: Annotated[str, Param(title="文书编号")],
    call: Call,
    day: Annotated[date | None, Param(title="日期", description="短信中的日期或年度；没有日期的短信不需要")] = None,
) -> None:
    """Write the message about a document and the job that delivers it.

    Some go to the agency's duty mobile, the others to the enterprise's contact; where there is no number,
    nothing is written but a line in the log.
    """
    document = document_of(call.session, document_kind, document_id)
    mobile = _mobile(document, template)
    if not mobile:
        call.log.warning("no mobile number to send to", template=template, document=document.id)
        return
    message = queue(
        call.session,
        template=template,
        mobile=mobile,
        text=_text(document, template, day),
        key=call.idempotency_key,
        now=call.now,
    )
    call.enqueue("sms/deliver", sms_id=message.id)


@service_task("sms/deliver", version=1, title="投递短信", category="通知", effect="external", timeout=30)
def deliver(sms_id: Annotated[int, Param(title="短信编号")], call: Call) -> None:
    """Hand one message to the gateway and note that it was sent. Repeated, it does nothing: the row knows."""
    message = call.session.get(OutgoingSms, sms_id)
    if message is None:
        raise EngineError(f"没有短信 {sms_id}。")
    if message.state == SmsState.SENT:
        return
    adapters().sms.send(message.mobile, message.text, message.key)

    def mark_sent(session: Session) -> None:
        sent = session.get_one(OutgoingSms, sms_id)
        sent.state, sent.sent_at = SmsState.SENT.value, call.now
        sent.attempts += 1

    call.keep(mark_sent)


def _mobile(document: Document, template: str) -> str | None:
    if template in _TO_AUTHORITY:
        return document.agency.duty_mobile if document.agency else None
    return document.enterprise.contact.get("mobile")


def _text(document: Document, template: str, day: date | None) -> str:
    values = {
        "e": document.enterprise.name,
        "p": document.project_name or "未命名项目",
        "k": document.TITLE,
        "n": document.certificate_number or "",
        "a": document.agency.name if document.agency else "",
        "h": document.HOLDS.NOUN,
        "g": document.HOLDS.AGAIN,
        "w": document.PAPER,
    }
    if day is not None:
        values |= {"d": day.isoformat() if template in WITH_WHOLE_DATE else month_day(day), "y": str(day.year)}
    if template not in TEMPLATES:
        raise EngineError(f"没有短信模板「{template}」。")
    missing = placeholders(template) - values.keys()
    if missing:
        raise EngineError(f"短信 {template} 需要日期，请在流程图中填写参数 day。")
    return compose(template, **values)
