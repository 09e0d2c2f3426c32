"""账号合并: the accounts of one enterprise become one, and nothing of theirs is lost (R67–R69).

What an enterprise applied for belongs to the enterprise, so it stays where it is. What is an account's own goes to the
one that stays; the record keeps the names of those who acted.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused, EngineError, FieldError
from engine.phrases import Phrase
from engine.services import Call, Param, service_task
from engine.tables import Task
from records.account_merges import PROCESS, AccountMerge, MergeState
from records.admin_acts import Act, note
from records.assignment import enterprise_group
from records.calendar import local_date
from records.formats import mobile_valid
from records.identities import Identity, ending_of, identities_of, key_of
from records.login_sessions import end_sessions
from records.masking import name_for
from records.notices import post
from records.passwords import first_password, set_password, unlock
from records.sms import queue
from records.tokens import ApiToken, TokenScope, end_tokens, issue_token
from records.users import User, UserKind, accounts_of
from tasks.sms.texts import compose

LONGEST_NAME = AccountMerge.enterprise_name.type.length


def request(command: Command, enterprise_name: str, mobile: str) -> AccountMerge:
    """Ask for the accounts of an enterprise to be merged, and begin the case. Raises BusinessRefusal."""
    wrong = []
    if not 2 <= len(enterprise_name) <= LONGEST_NAME:
        wrong.append(FieldError("enterprise_name", "required", "请填写企业名称，与营业执照一致。"))
    if not mobile_valid(mobile):
        wrong.append(FieldError("mobile", "format", "请填写联系人的 11 位手机号码。"))
    if wrong:
        raise BusinessRefusal(wrong)
    asked = AccountMerge(enterprise_name=enterprise_name, mobile=mobile, requested_at=command.now)
    command.session.add(asked)
    command.session.flush()
    case = command.start(PROCESS, business_key=asked.id, data={"request_id": asked.id})
    asked.instance_id = case.id
    command.session.flush()
    return asked


def merge(command: Command, asked: AccountMerge, keep: User) -> None:
    """Agree to a request: the enterprise's other accounts are merged into `keep`, with what lies on their desks."""
    task = open_task(command.session, asked)
    others = others_of(command.session, keep)
    command.complete(task.id, data={"decision": "merge", "keep": keep.username})
    for other in others:
        command.hand_over(other.username, keep.username, "账号合并")


def refuse(command: Command, asked: AccountMerge, reason: str) -> None:
    """Refuse a request, for a reason that whoever asked can read."""
    command.complete(open_task(command.session, asked).id, data={"decision": "refuse"}, opinion=reason)


def open_locked(command: Command, user: User) -> None:
    """解除锁定: let somebody log in again whom wrong passwords have locked out."""
    unlock(user)
    _note(command, Act.ACCOUNT_UNLOCKED, user)


def renew_password(command: Command, user: User) -> str:
    """A first password, told this once, which its user has to change; where they were logged in, they are not.

    Raises CommandRefused 403 for an administrator's, which is renewed on the command line alone: whoever renews it
    could be two of the three.
    """
    if command.actor is not None and user.kind == UserKind.ADMIN:
        message = "管理员的密码不能在网页上重设。"
        remedy = "请由服务器的运维人员在命令行用 jigai user password 重设。"
        raise CommandRefused("administrators_password", message, status=403, remedy=remedy)
    password = first_password()
    set_password(command.session, user, password, temporary=True)
    end_sessions(command.session, user)
    _note(command, Act.PASSWORD_RENEWED, user)
    return password


def issue(command: Command, user: User, name: str, scope: TokenScope, days: int) -> str:
    """The text of a new token that somebody else than its user makes."""
    token, text = issue_token(command.session, user, command.now, name=name, scope=scope, days=days)
    last_day = local_date(command.now + timedelta(days=days)).isoformat()
    told = {"name": name, "scope": token.scope, "expires_on": last_day}
    _note(command, Act.TOKEN_ISSUED, user, after=told)
    return text


def unbind(command: Command, user: User, key: str) -> None:
    """解除绑定 of a provincial account: what came in by it is out, and the account's tokens end, whoever made them.

    Raises CommandRefused 409 where the account has no such binding any more.
    """
    session = command.session
    found = next((bound for bound in identities_of(session, user) if key_of(bound) == key), None)
    if found is None:
        raise CommandRefused("not_bound", "这个省统一身份账号没有绑定，或者绑定已经解除。", remedy="请刷新后查看。")
    told = {"identity": ending_of(found), "bound_on": local_date(found.bound_at).isoformat()}
    session.delete(found)
    end_sessions(session, user)
    end_tokens(session, user)
    _note(command, Act.IDENTITY_UNBOUND, user, before=told)


def _note(command: Command, act: Act, user: User, **told: Any) -> None:
    command.session.flush()
    subject = f"{name_for(user, None)}（{user.username}）"
    note(command.session, act, subject, actor=command.actor, now=command.now, **told)


def open_task(session: Session, asked: AccountMerge) -> Task:
    """The task with which a request is decided. Raises CommandRefused 409 where it was decided before."""
    task = session.scalar(select(Task).where(Task.instance_id == asked.instance_id, Task.state == "open"))
    if task is None:
        raise CommandRefused("merge_decided", "这份合并申请已经处理。", remedy="请刷新后查看结果。")
    return task


def others_of(session: Session, keep: User) -> Sequence[User]:
    """The accounts that are merged where `keep` stays. Raises BusinessRefusal where there is nothing to merge."""
    if keep.kind != UserKind.ENTERPRISE or keep.enterprise_id is None or keep.merged_into is not None:
        raise _refusal(message=Phrase("{account} 不是可以保留的企业账号。", account=keep.username))
    others = [account for account in accounts_of(session, keep.enterprise_id) if account.id != keep.id]
    if not others:
        raise _refusal(message="这家企业只有一个账号，不需要合并。")
    return others


@service_task("account/merge", version=1, title="合并账号", category="账号", effect="transaction")
def merge_accounts(
    request_id: Annotated[str, Param(title="申请编号")],
    keep: Annotated[str, Param(title="保留的账号")],
    call: Call,
) -> None:
    """Close the enterprise's other accounts; their bound identities, tokens and earlier mergers go to the one kept.
    That one is open where any of them was: a merger opens no enterprise that the security administrator has closed.

    Raises BusinessRefusal where the account cannot stay or is the only one.
    """
    session, asked = call.session, _asked(call.session, request_id)
    kept = session.scalar(select(User).where(User.username == keep).with_for_update())
    if kept is None:
        raise _refusal(message="请选择保留的账号。")
    others = others_of(session, kept)
    kept.active = any(account.active for account in (kept, *others))
    for other in others:
        end_sessions(session, other)
        for table in (ApiToken, Identity):
            session.execute(update(table).where(table.user_id == other.id).values(user_id=kept.id))
        session.execute(update(User).where(User.merged_into == other.id).values(merged_into=kept.id))
        other.active, other.merged_into = False, kept.id
    asked.enterprise_id, asked.kept_id, asked.state = kept.enterprise_id, kept.id, MergeState.MERGED.value
    _decided(asked, call)
    merged = {"enterprise": asked.enterprise_name, "kept": kept.username, "merged": [o.username for o in others]}
    note(session, Act.ACCOUNTS_MERGED, asked.enterprise_name, actor=call.actor, now=call.now, after=merged)


@service_task("account/announce", version=1, title="通知账号已合并", category="账号", effect="transaction")
def announce(request_id: Annotated[str, Param(title="申请编号")], call: Call) -> None:
    """Tell the enterprise: S24 to its contact, and a 待阅."""
    asked = _asked(call.session, request_id)
    if asked.enterprise is None or asked.kept is None:
        raise EngineError(f"申请 {request_id} 还没有合并账号，没有可以通知的。")
    message = queue(
        call.session,
        template="S24",
        mobile=asked.enterprise.contact.get("mobile") or asked.mobile,
        text=compose("S24"),
        key=call.idempotency_key,
        now=call.now,
    )
    call.enqueue("sms/deliver", sms_id=message.id)
    body = f"企业的账号已合并为 {asked.kept.username}，请使用省统一身份账号登录，登录时自动绑定。"
    post(call.session, enterprise_group(asked.enterprise.id), "账号合并已完成", call.now, body=body)


@service_task("account/refuse", version=1, title="登记不予合并", category="账号", effect="transaction")
def register_refusal(
    request_id: Annotated[str, Param(title="申请编号")], reason: Annotated[str, Param(title="原因")], call: Call
) -> None:
    """Note why a request was refused, where whoever asked reads it."""
    asked = _asked(call.session, request_id)
    asked.state, asked.reason = MergeState.REFUSED.value, reason
    _decided(asked, call)


def _decided(asked: AccountMerge, call: Call) -> None:
    asked.decided_at, asked.decided_by = call.now, call.actor
    call.session.flush()


def _asked(session: Session, request_id: str) -> AccountMerge:
    asked = session.get(AccountMerge, request_id)
    if asked is None:
        raise EngineError(f"没有合并申请 {request_id}。")
    return asked


def _refusal(message: str) -> BusinessRefusal:
    return BusinessRefusal([FieldError("keep", "merge", message)], message="账号没有合并。")
