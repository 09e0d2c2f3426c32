"""Queuing a message in the command that causes it, and delivering it by a job of its own (design §3.3)."""

from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.calendar import add_working_days, local_date
from records.documents import Document
from records.sms import OutgoingSms, SmsState, queue
from tasks.adapters import adapters
from tasks.filings.examination import WORKING_DAYS_OF_REVIEW
from tasks.documents import document_of
from tasks.sms.texts import compose
from tasks.wording import month_day

_TO_AUTHORITY = frozenset(("S01",))


@service_task("sms/queue", version=1, title="发送短信", category="通知", effect="transaction")
def queue_sms(
    template: Annotated[str, Param(title="短信模板", description="S01 至 S05")],
    document_kind: Annotated[str, Param(title="事项类型", description="filing、change、extension …")],
    document_id: Annotated[str, Param(title="文书编号")],
    call: Call,
) -> None:
    """Write the message about a document and the job that delivers it.

    S01 goes to the agency's duty mobile, the others to the enterprise's contact; where there is no number,
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
        text=_text(call, document, template),
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


def _text(call: Call, document: Document, template: str) -> str:
    received = local_date(document.submitted_at or call.now)
    values = {
        "e": document.enterprise.name,
        "p": document.project_name or "未命名项目",
        "k": document.TITLE,
        "d": month_day(add_working_days(call.session, received, WORKING_DAYS_OF_REVIEW)),
        "n": document.certificate_number or "",
        "a": document.agency.name if document.agency else "",
    }
    try:
        return compose(template, **values)
    except KeyError as unknown:
        raise EngineError(f"没有短信模板「{template}」。") from unknown
