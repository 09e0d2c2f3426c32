"""Who leaves an office: the account is closed and what was on the desk goes to a colleague, in one act."""

from engine.commands import Command
from engine.errors import CommandRefused
from records.login_sessions import end_sessions
from records.substitutions import recall_all
from records.users import User, UserKind


def deactivate(command: Command, leaver: User, receiver: User | None, reason: str = "") -> int:
    """停用并移交: close an official's account, end their substitutions, and give their open tasks to a colleague, or
    back to the groups where no receiver is named. Answers how many tasks that were.

    An account that is closed already is only cleared of tasks. Raises CommandRefused 422 where the colleague cannot
    take all of them; then nothing has happened.
    """
    if leaver.kind != UserKind.AUTHORITY:
        raise CommandRefused("not_staff", f"{leaver.name}不是审批人员，不能在这里停用。", status=422)
    if receiver is not None and receiver.agency_id != leaver.agency_id:
        message = f"{receiver.name}不是{leaver.name}本单位的同事，不能接手。"
        raise CommandRefused("receiver_unfit", message, status=422, remedy="请选择同一单位的在岗同事。")
    leaver.active = False
    end_sessions(command.session, leaver)
    command.session.flush()
    recall_all(command.session, leaver, actor=command.actor or "", now=command.now)
    handed = command.hand_over(leaver.username, receiver.username if receiver else None, reason)
    return len(handed)
