"""What an enterprise does with its filing as a case: submit and withdraw, when it may, and what it is told when not.

Only the process's name, its message and its root variables are known here; the order of steps is the diagram's.
"""

from datetime import datetime, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.tables import Instance, Subscription, Task
from engine.work import refuse_suspended
from records.assignment import enterprise_group
from records.filings import Filing, FilingStatus, lock, require_editable

PROCESS = "filing"
WITHDRAW = "withdraw"
BUSINESS_KEY = "business_key"

_SHANGHAI = timezone(timedelta(hours=8))
# What moves the case stands still with it. Editing the document moves nothing.
_OF_THE_CASE = frozenset(("submit", "withdraw"))
_DECIDED = frozenset((FilingStatus.ACCEPTED, FilingStatus.REVIEWED, FilingStatus.ISSUED, FilingStatus.NOT_ACCEPTED))


def allowed(session: Session, filing: Filing) -> list[str]:
    """What its enterprise may do with a filing now: of `edit`, `delete`, `submit` and `withdraw`.

    The commands enforce it, the interface lists it as `allowed_actions`, the pages show exactly that.
    """
    suspended = _is_suspended(session, filing)
    return [act for act in _possible(session, filing) if not (suspended and act in _OF_THE_CASE)]


def held(session: Session, filing: Filing) -> list[str]:
    """What its enterprise may do again once the filing's suspended case is resumed."""
    suspended = _is_suspended(session, filing)
    return [act for act in _possible(session, filing) if suspended and act in _OF_THE_CASE]


def case_of(session: Session, filing: Filing) -> Instance | None:
    """The filing's case now or last; None before the first submission."""
    return session.get(Instance, filing.instance_id) if filing.instance_id else None


def _is_suspended(session: Session, filing: Filing) -> bool:
    instance = case_of(session, filing)
    return instance is not None and instance.suspended


def _possible(session: Session, filing: Filing) -> list[str]:
    """What the filing's status and its diagram let its enterprise do."""
    rules = {
        "edit": filing.editable,
        "delete": filing.deletable,
        "submit": filing.editable,
        "withdraw": _awaits_withdrawal(session, filing),
    }
    return [act for act, may in rules.items() if may]


def _awaits_withdrawal(session: Session, filing: Filing) -> bool:
    """Whether the case waits for the message of withdrawal: where and how long it does, its diagram says."""
    if filing.instance_id is None:
        return False
    query = select(Subscription.token).where(
        Subscription.instance_id == filing.instance_id, Subscription.name == WITHDRAW
    )
    return session.scalar(query.limit(1)) is not None


def submit(command: Command, filing: Filing) -> Instance:
    """Submit a filing: a draft starts its case, a returned one completes the enterprise's task in it.

    Raises BusinessRefusal with every V-code, and CommandRefused where it may not be submitted now.
    """
    lock(command.session, filing)
    require_editable(filing)
    task = _own_task(command.session, filing)
    if task is not None:
        return command.complete(task.id)
    instance = command.start(
        PROCESS,
        business_key=filing.id,
        data={
            "filing_id": filing.id,
            "enterprise": filing.enterprise_id,
            "agency": filing.agency_id or "",
            "project_name": filing.project_name or "",
        },
    )
    filing.instance_id = instance.id
    return instance


def withdraw(command: Command, filing: Filing) -> None:
    """Take a filing back while its handler has not decided. Raises CommandRefused with the reason where it is late."""
    try:
        [instance] = command.message(WITHDRAW, correlation={BUSINESS_KEY: filing.id})
        refuse_suspended(instance)
    except CommandRefused as refusal:
        command.session.refresh(filing)
        raise _too_late(filing, refusal) from refusal


def in_words(session: Session, refusal: CommandRefused, task: Task) -> CommandRefused:
    """A refused act on a task, told as what happened to its filing where that is the reason."""
    filing = session.scalar(select(Filing).where(Filing.instance_id == task.instance_id))
    if filing is None or refusal.code != "task_cancelled" or filing.status != FilingStatus.WITHDRAWN:
        return refusal
    when = filing.updated_at.astimezone(_SHANGHAI)
    return withdrawn(task.name, when)


def withdrawn(task_name: str, when: datetime) -> CommandRefused:
    """What an official is told who decides on a filing that is no longer there."""
    return CommandRefused(
        "filing_withdrawn",
        f"该申报已被企业撤回，未能{task_name}。",
        remedy="你填写的意见仍在本页，可复制。",
        details={"at": when.isoformat()},
    )


def _too_late(filing: Filing, refusal: CommandRefused) -> CommandRefused:
    if filing.status == FilingStatus.WITHDRAWN:
        return CommandRefused("already_withdrawn", "该申报已被企业撤回。", remedy="可在草稿箱继续修改。")
    if filing.status in _DECIDED or refusal.code == "instance_ended":
        return CommandRefused(
            "already_decided", "该申报已被工信部门审核，不能撤回。", remedy="可在项目详情查看办理进度。"
        )
    if filing.status == FilingStatus.DRAFT:
        return CommandRefused("not_submitted", "该申报还没有提交，不需要撤回。", remedy="可直接修改。")
    if refusal.code == "message_unheard":
        return CommandRefused(
            "already_decided", "该申报已被工信部门审核，不能撤回。", remedy="可在项目详情查看办理进度。"
        )
    return refusal


def _own_task(session: Session, filing: Filing) -> Task | None:
    """The enterprise's open task in the filing's case."""
    if filing.instance_id is None:
        return None
    return session.scalar(
        select(Task).where(
            Task.instance_id == filing.instance_id,
            Task.candidate_group == enterprise_group(filing.enterprise_id),
            Task.state == "open",
        )
    )
