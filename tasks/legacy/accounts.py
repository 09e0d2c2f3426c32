"""Accounts of the old system, and the enterprises they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.tables import new_id
from records.assignment import ENTERPRISE_ROLE
from records.enterprises import Enterprise
from records.formats import ID_TYPES, identity_valid, mobile_valid, phone_valid, resident_id_valid, uscc_valid
from records.regions import Region
from records.users import User, UserKind, UserRole
from tasks.sheet import Column, Line, quoted

COLUMNS = (
    Column("旧系统账号", "username", needed=True),
    Column("企业名称", "name", needed=True),
    Column("统一社会信用代码", "uscc", needed=True),
    Column("联系人", "contact", needed=True),
    Column("联系人手机号", "mobile", needed=True),
    Column("联系人身份证号码", "contact_id"),
    Column("企业所在地区", "region"),
    Column("地址", "address"),
    Column("经济类型", "economic_type"),
    Column("法定代表人姓名", "legal_rep"),
    Column("法定代表人证件类型", "legal_rep_type"),
    Column("法定代表人证件号码", "legal_rep_id"),
    Column("法定代表人联系方式", "legal_rep_phone"),
)

_LONGEST = {
    "username": User.username.type.length,
    "name": Enterprise.name.type.length,
    "contact": User.name.type.length,
    "address": Enterprise.address.type.length,
    "economic_type": Enterprise.economic_type.type.length,
    "legal_rep": User.name.type.length,
}
_REMEDY_OF_NUMBER = "核对后更正；在表格软件中先把该栏设为文本，以免号码变形"


@dataclass(frozen=True)
class Party:
    """An enterprise: `new` is the row to be added, None where the system has it."""

    id: str
    name: str
    new: Enterprise | None = None


@dataclass
class Accounts:
    """What a file of accounts brings. `parties` are all enterprises by USCC, those of the system among them."""

    parties: dict[str, Party]
    users: list[User] = field(default_factory=list)
    known: int = 0

    @property
    def enterprises(self) -> list[Enterprise]:
        """Those to be added."""
        return [party.new for party in self.parties.values() if party.new is not None]


def examine(session: Session, lines: Sequence[Line]) -> Accounts:
    """Look at every line: what is wrong with one is noted on it, what is good and new is in the answer.

    The first account of an enterprise is active. Any further one waits, closed, for being merged with it (R67).
    """
    rows = session.execute(select(Enterprise.uscc, Enterprise.id, Enterprise.name))
    accounts = Accounts({uscc: Party(id, name) for uscc, id, name in rows})
    users = session.execute(select(User.username, User.enterprise_id, User.active)).all()
    owners = {username: enterprise_id for username, enterprise_id, _active in users}
    served = {enterprise_id for _username, enterprise_id, active in users if active}
    regions = set(session.scalars(select(Region.code)))
    seen: dict[str, int] = {}
    for line in lines:
        username, party = line.text("username"), accounts.parties.get(line.text("uscc"))
        if party is not None and owners.get(username) == party.id:
            accounts.known += 1
            continue
        if username in owners:
            line.refuse("username", f"系统中已有账号“{quoted(username)}”，属于别的用户", "更正旧系统账号")
        if username and username in seen:
            line.refuse("username", f"与第 {seen[username]} 行的账号相同", "每个账号只保留一行")
        seen.setdefault(username, line.number)
        _check(line, party, regions)
        if line.problems:
            continue
        if party is None:
            new = _enterprise(line)
            party = accounts.parties[new.uscc] = Party(new.id, new.name, new)
        accounts.users.append(_user(line, party.id, active=party.id not in served))
        served.add(party.id)
    return accounts


def _check(line: Line, party: Party | None, regions: set[str]) -> None:
    for name, longest in _LONGEST.items():
        if len(line.text(name)) > longest:
            line.refuse(name, f"超过 {longest} 个字", "缩短后再导入")
    if line.text("uscc") and not uscc_valid(line.text("uscc")):
        line.refuse("uscc", "统一社会信用代码校验不通过", _REMEDY_OF_NUMBER)
    elif party is not None and line.text("name") and party.name != line.text("name"):
        line.refuse("name", f"同一信用代码的企业名称为“{quoted(party.name)}”", "核对企业名称和信用代码，改为一致")
    if line.text("mobile") and not mobile_valid(line.text("mobile")):
        line.refuse("mobile", "联系人手机号格式不正确", _REMEDY_OF_NUMBER)
    if line.text("contact_id") and not resident_id_valid(line.text("contact_id")):
        line.refuse("contact_id", "身份证号码校验不通过", f"{_REMEDY_OF_NUMBER}；不知道的留空")
    if line.text("region") and line.text("region") not in regions:
        line.refuse("region", f"没有行政区划“{quoted(line.text('region'))}”", "填写六位行政区划代码，或者留空")
    _check_legal_representative(line)


def _check_legal_representative(line: Line) -> None:
    kind, number, phone = (line.text(f"legal_rep_{part}") for part in ("type", "id", "phone"))
    if kind and _id_type(kind) is None:
        line.refuse("legal_rep_type", f"没有证件类型“{quoted(kind)}”", f"填写{_names_of_types()}之一，或者留空")
    elif number and not kind:
        line.refuse("legal_rep_type", "填写了证件号码，没有填写证件类型", "填写证件类型")
    elif number and not identity_valid(_id_type(kind) or "", number):
        line.refuse("legal_rep_id", "证件号码与证件类型不符", f"{_REMEDY_OF_NUMBER}；不知道的留空")
    if phone and not phone_valid(phone):
        line.refuse("legal_rep_phone", "联系方式应为手机号或带区号的固定电话", "核对后更正，或者留空")


def _id_type(text: str) -> str | None:
    """How forms write the type that is named by its code, its name or both."""
    return next((kind.label for kind in ID_TYPES.values() if text in (kind.code, kind.name, kind.label)), None)


def _names_of_types() -> str:
    return "、".join(kind.name for kind in ID_TYPES.values())


def _enterprise(line: Line) -> Enterprise:
    """The enterprise of the first account that names it. What the file leaves open its people fill in later."""
    return Enterprise(
        id=new_id(),
        name=line.text("name"),
        uscc=line.text("uscc"),
        region=line.text("region") or line.text("uscc")[2:8],  # the code's own region: where it was registered
        economic_type=line.text("economic_type"),
        address=line.text("address"),
        legal_rep={
            "name": line.text("legal_rep"),
            "id_type": _id_type(line.text("legal_rep_type")) or "",
            "id_no": line.text("legal_rep_id"),
            "phone": line.text("legal_rep_phone"),
        },
        contact={
            "name": line.text("contact"),
            "id_no": line.text("contact_id"),
            "mobile": line.text("mobile"),
        },
    )


def _user(line: Line, enterprise_id: str, *, active: bool) -> User:
    """An account without a password: the old system's are not to be had."""
    return User(
        id=new_id(),
        username=line.text("username"),
        name=line.text("contact"),
        kind=UserKind.ENTERPRISE.value,
        enterprise_id=enterprise_id,
        mobile=line.text("mobile"),
        active=active,
        roles=[UserRole(role=ENTERPRISE_ROLE)],
    )
