"""Queuing a message in the command that causes it, delivering it by a job of its own (design §3.3), and what becomes of
it: the gateway's word, and what operators decide."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from sqlalchemy import ColumnElement, String, case, cast, select
from sqlalchemy.orm import Session

from engine import values
from engine.commands import Command
from engine.errors import CommandRefused, EngineError
from engine.services import Call, Param, service_task
from engine.tables import Job
from engine.transactions import after_commit
from records.admin_acts import Act, note
from records.documents import Document
from records.sms import OutgoingSms, SmsState, awaits_sending, by_reference, queue, sent_today
from records.sms_texts import chosen_text
from tasks.adapters import adapters
from tasks.documents import document_of
from tasks.sms.gateway import Message, MessageRefused, SmsGateway
from tasks.sms.texts import TEMPLATES, WITH_WHOLE_DATE, compose, placeholders, places
from tasks.wording import month_day

_DELIVER = "sms/deliver"
_LONGEST_NOTE = 200
_TO_SEND_AGAIN = frozenset((SmsState.FAILED, SmsState.UNDELIVERED, SmsState.LIMITED, SmsState.SKIPPED))
TO_AUTHORITY = frozenset(("S01", "S10", "S18", "S19", "S25"))
"""Messages to the agency's duty mobile; the others are the enterprise's."""


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
    filled = _places(document, template, day)
    message = queue(
        call.session,
        template=template,
        mobile=mobile,
        text=compose(template, chosen_text(call.session, template), **filled),
        places=filled,
        document_id=document.id,
        key=call.idempotency_key,
        now=call.now,
    )
    call.enqueue(_DELIVER, sms_id=message.id)


@service_task("sms/deliver", version=1, title="投递短信", category="通知", effect="external", timeout=30)
def deliver(sms_id: Annotated[int, Param(title="短信编号")], call: Call) -> None:
    """Hand one message to the gateway and note what it says. Repeated, it does nothing: the row knows.

    A number gets no more messages of a template in a day than the installation allows; what is over waits for an
    operator. What the gateway refuses for good is noted; whatever else goes wrong is raised, so that the job is tried
    again.
    """
    message = call.session.get(OutgoingSms, sms_id)
    if message is None:
        raise EngineError(f"没有短信 {sms_id}。")
    if message.state != SmsState.QUEUED:
        return
    gateway, limit = adapters().sms, adapters().sms_daily_limit
    if sent_today(call.session, message, call.now) >= limit:
        call.keep(_noting(sms_id, SmsState.LIMITED, f"该号码当日已发送本模板短信 {limit} 条"))
        return
    try:
        receipt = gateway.send(
            Message(message.mobile, message.text, message.template, message.places, message.sending_key)
        )
    except MessageRefused as refused:
        call.keep(_noting(sms_id, SmsState.FAILED, str(refused)))
        return

    def mark_sent(session: Session) -> None:
        sent = _note(session, sms_id, SmsState.SENT, None)
        sent.sent_at, sent.gateway, sent.reference = call.now, gateway.name, receipt.reference

    call.keep(mark_sent)


def note_deliveries(session: Session, gateway: SmsGateway, told: Any, now: datetime) -> bool:
    """Note how messages ended, as their gateway tells; whether all of it was understood. It was not where the gateway
    names a message that may be on its way to it still: its receipt can come before the job has noted its name. Raises
    ReportUnreadable."""
    on_its_way = awaits_sending(session)  # asked first: what is sent meanwhile is found by its name
    understood = True
    for delivery in gateway.deliveries(told):
        message = by_reference(session, gateway.name, delivery.reference)
        if message is None:
            understood = understood and not on_its_way
        elif message.state == SmsState.SENT:
            message.state = (SmsState.DELIVERED if delivery.delivered else SmsState.UNDELIVERED).value
            message.note, message.reported_at = delivery.note or None, now
    return understood


def job_of_message() -> ColumnElement[bool]:
    """Joins the job that still has a message."""
    again = cast(OutgoingSms.resent, String)
    sending = case((OutgoingSms.resent > 0, OutgoingSms.key + "#" + again), else_=OutgoingSms.key)
    return (Job.kind == "detached") & (Job.idempotency_key == sending + f":{_DELIVER}")


def job_of(session: Session, message: OutgoingSms) -> Job | None:
    """The job that sends a message, until it has."""
    return session.scalar(select(Job).where(Job.idempotency_key == f"{message.sending_key}:{_DELIVER}"))


def may_send_again(message: OutgoingSms, job: Job | None) -> bool:
    """Whether an operator may have a message sent (again): what has arrived, or is on its way, is left alone."""
    return message.state in _TO_SEND_AGAIN or (job is not None and job.state == "failed")


def send_again(command: Command, message: OutgoingSms) -> None:
    """Have a message sent (again). Raises CommandRefused 409 where there is no reason to."""
    job = job_of(command.session, message)
    if not may_send_again(message, job):
        raise CommandRefused("sms_not_resendable", "这条短信已经送达或者正在发送，不需要重发。")
    _record(command, Act.SMS_SENT_AGAIN, message, {})
    if job is not None and job.state == "failed":
        command.retry_job(job.id)
        return
    # When it was sent stays: it counts for that day's limit.
    message.state, message.note = SmsState.QUEUED.value, None
    message.reference, message.reported_at = None, None
    message.resent += 1
    payload = {"operator": _DELIVER, "arguments": values.to_json({"sms_id": message.id})}
    job_id = command.add_job("detached", payload, instance_id=None, key=f"{message.sending_key}:{_DELIVER}")
    after_commit(command.session, partial(command.engine.publish, [job_id]))


def skip(command: Command, message: OutgoingSms, reason: str) -> None:
    """Do without a message that is not sent yet. Raises CommandRefused where it is, or the reason is missing."""
    job = job_of(command.session, message)
    if job is None or message.state != SmsState.QUEUED:
        raise CommandRefused("sms_not_skippable", "这条短信不在待发送状态，不能跳过。")
    command.skip_job(job.id, reason)
    _note(command.session, message.id, SmsState.SKIPPED, reason.strip())
    _record(command, Act.SMS_SKIPPED, message, {"reason": reason.strip()})


def _record(command: Command, act: Act, message: OutgoingSms, after: Mapping[str, str]) -> None:
    subject = f"短信 {message.id}（{message.template}）"
    note(command.session, act, subject, actor=command.actor, now=command.now, after=after)


def _noting(sms_id: int, state: SmsState, note: str) -> Callable[[Session], None]:
    def write(session: Session) -> None:
        _note(session, sms_id, state, note)

    return write


def _note(session: Session, sms_id: int, state: SmsState, note: str | None) -> OutgoingSms:
    message = session.get_one(OutgoingSms, sms_id, with_for_update=True)
    message.state, message.note = state.value, note[:_LONGEST_NOTE] if note else None
    message.attempts += 1
    return message


def _mobile(document: Document, template: str) -> str | None:
    if template in TO_AUTHORITY:
        return document.agency.duty_mobile if document.agency else None
    return document.enterprise.contact.get("mobile")


def _places(document: Document, template: str, day: date | None) -> dict[str, str]:
    known = {
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
        known |= {"d": day.isoformat() if template in WITH_WHOLE_DATE else month_day(day), "y": str(day.year)}
    if template not in TEMPLATES:
        raise EngineError(f"没有短信模板「{template}」。")
    missing = placeholders(template) - known.keys()
    if missing:
        raise EngineError(f"短信 {template} 需要日期，请在流程图中填写参数 day。")
    return places(template, **known)
