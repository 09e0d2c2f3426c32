"""What an enterprise does with its document as a case: submit and withdraw, when it may, and what it is told when not.

Only the process's name, its message and its root variables are known here; the order of steps is the diagram's.
"""

from datetime import datetime, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Instance, Subscription, Task
from engine.work import refuse_suspended
from records.assignment import enterprise_group
from records.documents import Document, DocumentStatus, lock, require_editable

WITHDRAW = "withdraw"
BUSINESS_KEY = "business_key"

_SHANGHAI = timezone(timedelta(hours=8))
# What moves the case stands still with it. Editing the document moves nothing.
_OF_THE_CASE = frozenset(("submit", "withdraw"))
_DECIDED = frozenset(
    (
        *(DocumentStatus.ACCEPTED, DocumentStatus.REVIEWED, DocumentStatus.ISSUED),
        *(DocumentStatus.NOT_ACCEPTED, DocumentStatus.REFUSED),
    )
)


def allowed(session: Session, document: Document) -> list[str]:
    """What its enterprise may do with a document now: of `edit`, `delete`, `submit`, `withdraw` and `copy`.

    The commands enforce it, the interface lists it as `allowed_actions`, the pages show exactly that.
    """
    suspended = _is_suspended(session, document)
    return [act for act in _possible(session, document) if not (suspended and act in _OF_THE_CASE)]


def held(session: Session, document: Document) -> list[str]:
    """What its enterprise may do again once the document's suspended case is resumed."""
    suspended = _is_suspended(session, document)
    return [act for act in _possible(session, document) if suspended and act in _OF_THE_CASE]


def case_of(session: Session, document: Document) -> Instance | None:
    """The document's case now or last; None before the first submission."""
    return session.get(Instance, document.instance_id) if document.instance_id else None


def _is_suspended(session: Session, document: Document) -> bool:
    instance = case_of(session, document)
    return instance is not None and instance.suspended


def _possible(session: Session, document: Document) -> list[str]:
    """What the document's status and its diagram let its enterprise do."""
    rules = {
        "edit": document.editable,
        "delete": document.deletable,
        "submit": document.editable,
        "withdraw": _awaits_withdrawal(session, document),
        "copy": document.copyable,
    }
    return [act for act, may in rules.items() if may]


def _awaits_withdrawal(session: Session, document: Document) -> bool:
    """Whether the case waits for the message of withdrawal: where and how long it does, its diagram says."""
    if document.instance_id is None:
        return False
    query = select(Subscription.token).where(
        Subscription.instance_id == document.instance_id, Subscription.name == WITHDRAW
    )
    return session.scalar(query.limit(1)) is not None


def submit(command: Command, document: Document) -> Instance:
    """Submit a document: a draft starts its case, a returned one completes the enterprise's task in it.

    Raises BusinessRefusal with every V-code, and CommandRefused where it may not be submitted now.
    """
    lock(command.session, document)
    require_editable(document)
    task = _own_task(command.session, document)
    if task is not None:
        return command.complete(task.id)
    instance = command.start(document.process, business_key=document.id, data=document.case_data())
    document.instance_id = instance.id
    return instance


def withdraw(command: Command, document: Document) -> None:
    """Take a document back while its handler has not decided. Raises CommandRefused with the reason when late."""
    try:
        [instance] = command.message(WITHDRAW, correlation={BUSINESS_KEY: document.id})
        refuse_suspended(instance)
    except CommandRefused as refusal:
        command.session.refresh(document)
        raise _too_late(document, refusal) from refusal


def in_words(session: Session, refusal: CommandRefused, task: Task) -> CommandRefused:
    """A refused act on a task, told as what happened to its document where that is the reason."""
    document = session.scalar(select(Document).where(Document.instance_id == task.instance_id))
    if document is None or refusal.code != "task_cancelled" or document.status != DocumentStatus.WITHDRAWN:
        return refusal
    when = document.updated_at.astimezone(_SHANGHAI)
    return withdrawn(document.NOUN, task.name, when)


def withdrawn(noun: str, task_name: str, when: datetime) -> CommandRefused:
    """What an official is told who decides on a document that is no longer there."""
    return CommandRefused(
        "filing_withdrawn",
        Phrase("该{noun}已被企业撤回，未能{task}。", noun=noun, task=task_name),
        remedy="你填写的意见仍在本页，可复制。",
        details={"at": when.isoformat()},
    )


def _too_late(document: Document, refusal: CommandRefused) -> CommandRefused:
    if document.status == DocumentStatus.WITHDRAWN:
        message = Phrase("该{noun}已被企业撤回。", noun=document.NOUN)
        return CommandRefused("already_withdrawn", message, remedy="可在草稿箱继续修改。")
    if document.status == DocumentStatus.DRAFT and refusal.code != "instance_ended":
        message = Phrase("该{noun}还没有提交，不需要撤回。", noun=document.NOUN)
        return CommandRefused("not_submitted", message, remedy="可直接修改。")
    if document.status in _DECIDED or refusal.code in ("instance_ended", "message_unheard"):
        message = Phrase("该{noun}已被工信部门审核，不能撤回。", noun=document.NOUN)
        return CommandRefused("already_decided", message, remedy="可在项目详情查看办理进度。")
    return refusal


def _own_task(session: Session, document: Document) -> Task | None:
    """The enterprise's open task in the document's case."""
    if document.instance_id is None:
        return None
    return session.scalar(
        select(Task).where(
            Task.instance_id == document.instance_id,
            Task.candidate_group == enterprise_group(document.enterprise_id),
            Task.state == "open",
        )
    )
