"""The staff 人员: who joins an office, what they are entrusted with, and who leaves.

What takes rights away holds at once. What gives some, an account that opens among it, is asked for by the system's
administrator and holds when the security administrator has confirmed it (三员分立, R193).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused, FieldError
from engine.phrases import Phrase
from engine.tables import IS_OPEN, Task, new_id
from records.admin_acts import Act, differing, note
from records.agencies import Agency, AgencyLevel
from records.formats import mobile_valid
from records.grants import Grant, GrantState, pending_of
from records.login_sessions import end_sessions
from records.masking import mask_phone
from records.passwords import first_password, set_password
from records.roles import OfficialRole, are_of_official, is_administrator
from records.substitutions import recall_all
from records.tokens import end_tokens
from records.users import User, UserKind, UserRole, user_by_username

LONGEST_NAME = User.name.type.length
LONGEST_REASON = Grant.reason.type.length

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,31}")


@dataclass(frozen=True)
class Wanted:
    """What a member of the staff is to be. `agency_id` is None for an administrator."""

    name: str
    mobile: str
    agency_id: str | None
    roles: frozenset[str]


def hire(command: Command, username: str, wanted: Wanted) -> tuple[User, str]:
    """新建账号: a closed account, opened when its roles are confirmed, and its first password, told this once.

    Raises BusinessRefusal with everything that is wrong.
    """
    session = command.session
    wrong = list(_wrong(session, wanted))
    if not _USERNAME.fullmatch(username):
        wrong.insert(0, FieldError("username", "username", "账号由 3 至 32 个字母、数字、点、横线组成，以字母开头。"))
    elif user_by_username(session, username) is not None:
        wrong.insert(0, FieldError("username", "username", Phrase("账号 {account} 已有人使用。", account=username)))
    if wrong:
        raise BusinessRefusal(wrong, message="账号没有建立。")
    kind = UserKind.AUTHORITY if wanted.agency_id else UserKind.ADMIN
    user = User(id=new_id(), username=username, name=wanted.name, kind=kind.value, active=False)
    user.mobile = wanted.mobile or None
    password = first_password()
    session.add(user)
    set_password(session, user, password, temporary=True)
    session.flush()
    _record(command, Act.STAFF_CREATED, user, after=_told(user))
    _ask(command, user, wanted.agency_id, wanted.roles)
    return user, password


def change(command: Command, user: User, wanted: Wanted) -> Grant | None:
    """修改: name and mobile at once, and so what takes roles away; answers with what waits to be confirmed.

    Raises BusinessRefusal with everything that is wrong.
    """
    session = command.session
    wrong = list(_wrong(session, wanted))
    if not wrong and (wanted.agency_id is None) != (user.kind == UserKind.ADMIN):
        wrong.append(FieldError("agency", "agency", "审批人员与管理员的账号不能互换，请另建账号。"))
    if not wrong:
        wrong += _held_back(session, user, wanted.agency_id, wanted.roles)
    if wrong:
        raise BusinessRefusal(wrong, message="没有保存。")
    before = _told(user)
    user.name, user.mobile = wanted.name, wanted.mobile or None
    grant = None
    if wanted.agency_id == user.agency_id and wanted.roles <= user.role_names:
        _replace(command, user)
        _entrust(session, user, wanted.agency_id, wanted.roles)
    else:
        grant = _ask(command, user, wanted.agency_id, wanted.roles)
    session.flush()
    told = _told(user)
    if told != before:
        was, now = differing(before, told)
        _record(command, Act.STAFF_CHANGED, user, before=was, after=now)
    return grant


def ask_to_open(command: Command, user: User) -> Grant:
    """申请启用 a closed account, as it was. Raises CommandRefused where it is open."""
    if user.active:
        raise CommandRefused("account_open", Phrase("{name}的账号没有停用。", name=user.name))
    waiting = pending_of(command.session, user)
    return waiting or _ask(command, user, user.agency_id, user.role_names)


def confirm(command: Command, grant: Grant) -> None:
    """确认授权: the account is what was asked for, and open.

    Raises CommandRefused 409 where it was decided already or does not fit any more, 403 where it is about oneself.
    """
    user = _decidable(command, grant)
    asked = Wanted(user.name, user.mobile or "", grant.agency_id, frozenset(grant.roles))
    wrong = [*_wrong(command.session, asked), *_held_back(command.session, user, grant.agency_id, asked.roles)]
    if wrong:
        raise CommandRefused("grant_unfit", wrong[0].message, remedy="请不予确认，由系统管理员更正后重新申请。")
    before = _told(user)
    _entrust(command.session, user, grant.agency_id, asked.roles)
    user.active = True
    _decide(command, grant, GrantState.CONFIRMED)
    was, now = differing(before, _told(user))
    _record(command, Act.GRANT_CONFIRMED, user, before=was, after=now)


def refuse(command: Command, grant: Grant, reason: str) -> None:
    """不予确认, for a reason. Raises CommandRefused like `confirm`, and 422 without a reason."""
    user = _decidable(command, grant)
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        message = Phrase("请写明不予确认的原因（不超过 {longest} 个字）。", longest=LONGEST_REASON)
        raise CommandRefused("reason_missing", message, status=422)
    _decide(command, grant, GrantState.REFUSED, reason)
    _record(command, Act.GRANT_REFUSED, user, after=_asked(grant) | {"reason": reason})


def close(command: Command, user: User, reason: str) -> None:
    """停用 by the security administrator, an enterprise's account like an official's: it is closed at once, its log-ins
    and tokens end, and what is on the desk stays there.

    Raises CommandRefused where it is closed, is one's own, or is the last of an administrator's role.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise CommandRefused("reason_missing", "请写明停用的原因。", status=422)
    if user.username == command.actor:
        raise CommandRefused("own_account", "不能停用自己的账号。", remedy="请由另一名安全管理员停用。")
    if not user.active:
        raise CommandRefused("account_closed", Phrase("{name}的账号已经停用。", name=user.name))
    if user.admin_role is not None and not _others(command.session, user):
        message = Phrase("{name}是最后一名在岗的同类管理员，不能停用。", name=user.name)
        raise CommandRefused("last_administrator", message)
    _shut(command.session, user)
    _record(command, Act.STAFF_CLOSED, user, after={"reason": reason})


def open_again(command: Command, user: User) -> None:
    """启用 by the security administrator: the account is open as it was, and what was asked for it is confirmed."""
    if user.active:
        raise CommandRefused("account_open", Phrase("{name}的账号没有停用。", name=user.name))
    if user.merged_into is not None:
        message = Phrase("账号 {account} 已合并到同一企业的另一个账号，不能启用。", account=user.username)
        raise CommandRefused("account_merged", message)
    if (grant := pending_of(command.session, user)) is not None:
        confirm(command, grant)
        return
    if not user.role_names:
        message = Phrase("{name}没有岗位，不能启用。", name=user.name)
        raise CommandRefused("account_without_roles", message, remedy="请先申请授权。")
    user.active = True
    command.session.flush()
    _record(command, Act.STAFF_OPENED, user)


def deactivate(command: Command, leaver: User, receiver: User | None, reason: str = "") -> int:
    """停用并移交: close an official's account, end their substitutions, and give their open tasks to a colleague, or
    back to the groups where no receiver is named. Answers how many tasks that were.

    An account that is closed already is only cleared of tasks. Raises CommandRefused 422 where the colleague cannot
    take all of them; then nothing has happened.
    """
    if leaver.kind != UserKind.AUTHORITY:
        message = Phrase("{name}不是审批人员，不能在这里停用。", name=leaver.name)
        raise CommandRefused("not_staff", message, status=422)
    if receiver is not None and receiver.agency_id != leaver.agency_id:
        message = Phrase("{receiver}不是{leaver}本单位的同事，不能接手。", receiver=receiver.name, leaver=leaver.name)
        raise CommandRefused("receiver_unfit", message, status=422, remedy="请选择同一单位的在岗同事。")
    _shut(command.session, leaver)
    recall_all(command.session, leaver, actor=command.actor or "", now=command.now)
    handed = command.hand_over(leaver.username, receiver.username if receiver else None, reason)
    told: dict[str, Any] = {"reason": reason, "handed": len(handed)}
    _record(command, Act.STAFF_CLOSED, leaver, after=told | ({"to": receiver.username} if receiver else {}))
    return len(handed)


def open_tasks(session: Session, user: User, *roles: str) -> int:
    """How many open tasks somebody has; with `roles`, of these alone."""
    query = select(func.count()).select_from(Task).where(Task.assignee == user.username, IS_OPEN)
    return session.scalar(query.where(Task.role.in_(roles)) if roles else query) or 0


# Rules


def _wrong(session: Session, wanted: Wanted) -> Iterator[FieldError]:
    if not 0 < len(wanted.name) <= LONGEST_NAME:
        yield FieldError("name", "name", Phrase("请填写姓名（不超过 {longest} 个字）。", longest=LONGEST_NAME))
    if wanted.mobile and not mobile_valid(wanted.mobile):
        yield FieldError("mobile", "mobile", "手机号码应为 11 位数字，以 13 至 19 开头。")
    if wanted.agency_id is None:
        if not is_administrator(wanted.roles):
            yield FieldError("roles", "roles", "管理员只能担任系统、安全、审计三员之一；审批人员请选择单位。")
        return
    agency = session.get(Agency, wanted.agency_id)
    if agency is None or not agency.active:
        yield FieldError("agency", "agency", "没有这个单位，或者它已停用。")
    elif not are_of_official(wanted.roles):
        yield FieldError("roles", "roles", "请至少选择一个审批岗位；管理员不属于任何单位。")
    elif (OfficialRole.SUPERVISOR in wanted.roles) != (agency.level == AgencyLevel.PROVINCE):
        yield FieldError("roles", "roles", "省级单位的人员只担任省级监管，其他单位的人员不担任。")
    elif agency.level == AgencyLevel.PROVINCE and len(wanted.roles) > 1:
        yield FieldError("roles", "roles", "省级单位只监管，不办理：请只选省级监管。")


def _held_back(session: Session, user: User, agency_id: str | None, roles: frozenset[str]) -> list[FieldError]:
    """Tasks that somebody could not do any more have to be handed over before."""
    if agency_id != user.agency_id:
        left, field = open_tasks(session, user), "agency"
    else:
        lost = user.role_names - roles
        left, field = open_tasks(session, user, *lost) if lost else 0, "roles"
    if not left:
        return []
    message = Phrase("{name}名下还有相关待办 {count} 件，请先移交。", name=user.name, count=left)
    return [FieldError(field, "tasks_open", message)]


def _decidable(command: Command, grant: Grant) -> User:
    if grant.state != GrantState.PENDING:
        raise CommandRefused("grant_decided", "这项申请已经处理。")
    if grant.user.username == command.actor:
        message = "不能确认对自己的授权。"
        raise CommandRefused("own_grant", message, status=403, remedy="请由另一名安全管理员处理。")
    return grant.user


def _others(session: Session, administrator: User) -> int:
    """How many open accounts share an administrator's role."""
    query = select(func.count()).select_from(User).join(UserRole, UserRole.user_id == User.id)
    same = (UserRole.role == administrator.admin_role, User.active, User.id != administrator.id)
    return session.scalar(query.where(*same)) or 0


# What happens


def _ask(command: Command, user: User, agency_id: str | None, roles: frozenset[str]) -> Grant:
    _replace(command, user)
    grant = Grant(
        user=user,
        agency_id=agency_id,
        roles=sorted(roles),
        asked_at=command.now,
        asked_by=command.actor or "",
        state=GrantState.PENDING.value,
    )
    command.session.add(grant)
    command.session.flush()
    _record(command, Act.GRANT_ASKED, user, after=_asked(grant))
    return grant


def _replace(command: Command, user: User) -> None:
    """What waits for somebody waits no more: something else is wanted."""
    if (earlier := pending_of(command.session, user)) is not None:
        _decide(command, earlier, GrantState.REPLACED)


def _decide(command: Command, grant: Grant, state: GrantState, reason: str = "") -> None:
    grant.state, grant.reason = state.value, reason
    grant.decided_at, grant.decided_by = command.now, command.actor
    command.session.flush()


def _entrust(session: Session, user: User, agency_id: str | None, roles: frozenset[str]) -> None:
    user.agency_id = agency_id
    user.roles = [grant for grant in user.roles if grant.role in roles]
    session.flush()  # the database refuses a second administrator's role beside the first
    user.roles += [UserRole(role=role) for role in sorted(roles - user.role_names)]
    session.flush()


def _shut(session: Session, user: User) -> None:
    """Close an account: nobody speaks for it any more, in a browser or by a program, also when it opens again."""
    user.active = False
    end_sessions(session, user)
    end_tokens(session, user)
    session.flush()


def _told(user: User) -> dict[str, Any]:
    """Somebody as the record of acts keeps them."""
    return {
        "name": user.name,
        "mobile": mask_phone(user.mobile) if user.mobile else "",
        "agency": user.agency_id,
        "roles": sorted(user.role_names),
        "active": user.active,
    }


def _asked(grant: Grant) -> dict[str, Any]:
    return {"agency": grant.agency_id, "roles": grant.roles}


def _record(command: Command, act: Act, user: User, **told: Any) -> None:
    note(command.session, act, f"{user.name}（{user.username}）", actor=command.actor, now=command.now, **told)
