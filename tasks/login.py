"""Who gets in (DMN-8): what the table `login` says, and which account a provincial identity opens.

The provincial platform has looked at who somebody is and whose enterprise they act for, so that what it tells is enough
to find, bind or begin an enterprise's account.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.services import Decide
from engine.tables import new_id
from records.assignment import ENTERPRISE_ROLE
from records.enterprises import Enterprise
from records.formats import uscc_valid
from records.identities import Identity
from records.users import User, UserKind, UserRole, accounts_of, user_by_username

BY_IDENTITY, BY_PASSWORD = "省统一身份", "账号密码"
_REFUSED = "拒绝"


@dataclass(frozen=True)
class ProvincialAccount:
    """What the platform `issuer` tells of somebody who has logged in there. Texts it does not tell are empty."""

    issuer: str
    subject: str
    level: int
    """二级 to 五级."""
    name: str = ""
    mobile: str = ""
    uscc: str = ""
    enterprise_name: str = ""


@dataclass(frozen=True)
class Ruling:
    """What the table says: whether somebody gets in, and what they are told."""

    outcome: str
    message: str
    remedy: str
    link: str
    link_title: str

    @property
    def admits(self) -> bool:
        return self.outcome != _REFUSED


def rule(
    decide: Decide,
    method: str,
    *,
    account_exists: bool,
    trust_level: int | None = None,
    legacy_accounts: int | None = None,
    password_enabled: bool | None = None,
) -> Ruling:
    """Ask the table."""
    answer = decide(
        "login",
        method=method,
        account_exists=account_exists,
        trust_level=trust_level,
        legacy_accounts=legacy_accounts,
        password_enabled=password_enabled,
    )
    return Ruling(**answer)


def admit(
    session: Session, decide: Decide, account: ProvincialAccount, now: datetime, *, holder: User | None = None
) -> tuple[Ruling, User | None]:
    """Find the account that a provincial one opens, and bind the two; None where the table refuses.

    `holder` is who is logged in by password and wants the binding. Raises CommandRefused where the provincial account
    does not go with them, acts for another enterprise than the one whose account it is bound to, names no enterprise,
    or opens an account that is closed. Flushes, never commits.
    """
    bound = session.get(Identity, (account.issuer, account.subject))
    opened = bound.user if bound is not None else holder
    enterprise = _enterprise(session, opened, account)
    accounts = accounts_of(session, enterprise.id) if enterprise is not None else ()
    ruling = rule(
        decide,
        BY_IDENTITY,
        account_exists=True,
        trust_level=account.level,
        legacy_accounts=len(accounts),
    )
    if not ruling.admits:
        return ruling, None
    if holder is not None:
        _require_same(holder, bound, enterprise, account)
    elif bound is not None and enterprise is not None and account.uscc not in ("", enterprise.uscc):
        raise _elsewhere(enterprise, account)
    user = opened or (accounts[0] if accounts else _begin(session, enterprise, account))
    if not user.active:
        message = Phrase("账号 {account} 已停用，不能登录。", account=user.username)
        raise CommandRefused("account_closed", message, status=403, remedy="请联系系统管理员。")
    if bound is None:
        session.add(Identity(issuer=account.issuer, subject=account.subject, user_id=user.id, bound_at=now))
        session.flush()
    return ruling, user


def _enterprise(session: Session, opened: User | None, account: ProvincialAccount) -> Enterprise | None:
    """Whose account it is: of what is bound, or as the platform says; None where we do not know the enterprise yet."""
    if opened is not None:
        return session.get_one(Enterprise, opened.enterprise_id)
    # Two who come at once for one enterprise must see each other.
    return session.scalar(select(Enterprise).where(Enterprise.uscc == account.uscc).with_for_update())


def _require_same(
    holder: User, bound: Identity | None, enterprise: Enterprise | None, account: ProvincialAccount
) -> None:
    if bound is not None and bound.user_id != holder.id:
        message = "这个省统账号已经绑定了另一个账号，没有重复绑定。"
        raise CommandRefused("bound_already", message, remedy="请换用本企业的省统账号，或退出后用省统账号登录。")
    if enterprise is not None and account.uscc and account.uscc != enterprise.uscc:
        message = Phrase(
            "这个省统账号属于{owner}，不属于{enterprise}，没有绑定。",
            owner=account.enterprise_name or account.uscc,
            enterprise=enterprise.name,
        )
        raise CommandRefused("other_enterprise", message, remedy="请换用本企业的省统账号。")


def _elsewhere(enterprise: Enterprise, account: ProvincialAccount) -> CommandRefused:
    """Somebody bound to an account of `enterprise` acts for another now, says the platform."""
    message = Phrase(
        "这个省统账号现在属于{owner}，绑定的却是{enterprise}的账号，没有登录。",
        owner=account.enterprise_name or account.uscc,
        enterprise=enterprise.name,
    )
    remedy = "请联系系统管理员解除原来的绑定，再重新登录。"
    return CommandRefused("other_enterprise", message, status=403, remedy=remedy)


def _begin(session: Session, enterprise: Enterprise | None, account: ProvincialAccount) -> User:
    """The account of an enterprise that has none: at this level the platform has verified enterprise and person."""
    if enterprise is None:
        enterprise = _new_enterprise(session, account)
    username = enterprise.uscc if user_by_username(session, enterprise.uscc) is None else new_id()
    user = User(
        id=new_id(),
        username=username,
        name=account.name or enterprise.name[: User.name.type.length],
        kind=UserKind.ENTERPRISE.value,
        enterprise_id=enterprise.id,
        mobile=account.mobile or None,
        roles=[UserRole(role=ENTERPRISE_ROLE)],
    )
    session.add(user)
    session.flush()
    return user


def _new_enterprise(session: Session, account: ProvincialAccount) -> Enterprise:
    if not uscc_valid(account.uscc) or not account.enterprise_name:
        raise CommandRefused(
            "enterprise_unknown",
            "这个省统账号没有关联企业，技改系统不知道你为哪家企业办理。",
            status=403,
            remedy="请用企业的法人账号登录；企业在本系统已有账号密码的，先用账号密码登录，再在「账号安全」里绑定这个省统账号。",
        )
    enterprise = Enterprise(
        id=new_id(),
        name=account.enterprise_name,
        uscc=account.uscc,
        region=account.uscc[2:8],  # the code's own region: where it was registered
        economic_type="",
        address="",
        legal_rep={"name": "", "id_type": "", "id_no": "", "phone": ""},
        contact={"name": account.name, "id_no": "", "mobile": account.mobile},
    )
    session.add(enterprise)
    session.flush()
    return enterprise
