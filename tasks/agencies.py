"""Agencies 机构 as an administrator keeps them: what each may do, whom it reports to, when it may be closed."""

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import BusinessRefusal, FieldError
from engine.phrases import Phrase
from engine.tables import IS_OPEN, Task, new_id
from records.admin_acts import Act, differing, note
from records.agencies import Agency, AgencyLevel
from records.assignment import agency_group
from records.certificates import Certificate
from records.formats import mobile_valid
from records.masking import mask_phone
from records.regions import Region
from records.users import User

FIELDS = (
    *("name", "level", "region", "parent_id", "cert_code", "can_file", "can_approve"),
    *("letters", "e_seal", "duty_mobile", "active"),
)
LONGEST_NAME = Agency.name.type.length
LONGEST_LETTERS = Agency.letters.type.length

_CERT_CODE = re.compile(r"[0-9]{4}")


def create(command: Command, wanted: Mapping[str, Any]) -> Agency:
    """A new agency with all `FIELDS`. Raises BusinessRefusal with everything that is wrong."""
    agency = Agency(id=new_id())
    _refuse(_wrong(command.session, agency, wanted))
    _fill(agency, wanted)
    command.session.add(agency)
    command.session.flush()
    note(command.session, Act.AGENCY_CREATED, agency.name, actor=command.actor, now=command.now, after=told(agency))
    return agency


def change(command: Command, agency: Agency, wanted: Mapping[str, Any]) -> None:
    """Set all `FIELDS` of an agency. Raises BusinessRefusal with everything that is wrong."""
    command.session.refresh(agency, with_for_update=True)
    _refuse([*_wrong(command.session, agency, wanted), *_in_use(command.session, agency, wanted)])
    before = told(agency)
    _fill(agency, wanted)
    command.session.flush()
    was, now = differing(before, told(agency))
    if now:
        note(
            command.session,
            Act.AGENCY_CHANGED,
            agency.name,
            actor=command.actor,
            now=command.now,
            before=was,
            after=now,
        )


def told(agency: Agency) -> dict[str, Any]:
    """An agency as the record of acts keeps it."""
    duty = mask_phone(agency.duty_mobile) if agency.duty_mobile else None
    return {name: getattr(agency, name) for name in FIELDS} | {"duty_mobile": duty}


def _fill(agency: Agency, wanted: Mapping[str, Any]) -> None:
    for name in FIELDS:
        setattr(agency, name, wanted[name])


def _refuse(wrong: Iterator[FieldError] | list[FieldError]) -> None:
    if found := list(wrong):
        raise BusinessRefusal(found, message="机构没有保存。")


def _wrong(session: Session, agency: Agency, wanted: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong with what is wanted, whatever the agency is now."""
    others = select(Agency).where(Agency.id != agency.id)
    name, level, code = wanted["name"], wanted["level"], wanted["cert_code"]
    if not 0 < len(name) <= LONGEST_NAME:
        yield FieldError("name", "name", Phrase("请填写机构名称（不超过 {longest} 个字）。", longest=LONGEST_NAME))
    elif session.scalar(others.where(Agency.name == name)) is not None:
        yield FieldError("name", "name", Phrase("已有名称为「{name}」的机构。", name=name))
    if level not in set(AgencyLevel):
        yield FieldError("level", "level", "请选择层级。")
        return
    if session.get(Region, wanted["region"]) is None:
        yield FieldError("region", "region", "没有这个行政区划代码，应为广东省内的 6 位代码。")
    if not _CERT_CODE.fullmatch(code):
        yield FieldError("cert_code", "cert_code", "证号机构码为 4 位数字。")
    elif (other := session.scalar(others.where(Agency.cert_code == code))) is not None:
        message = Phrase("证号机构码 {code} 已由{agency}使用。", code=code, agency=other.name)
        yield FieldError("cert_code", "cert_code", message)
    yield from _wrong_parent(session, agency, level, wanted["parent_id"])
    if wanted["can_file"] and level == AgencyLevel.PROVINCE:
        yield FieldError("can_file", "can_file", "省级机构只监管，不办理备案。")
    if wanted["can_approve"] and level != AgencyLevel.CITY:
        yield FieldError("can_approve", "can_approve", "只有市级机构（含省委托的试验区）可以核准。")
    if wanted["can_approve"] and not wanted["letters"]:
        yield FieldError("letters", "letters", "核准机关应填写发文机关代字，例如 深工信。")
    if len(wanted["letters"] or "") > LONGEST_LETTERS:
        yield FieldError("letters", "letters", Phrase("发文机关代字不超过 {longest} 个字。", longest=LONGEST_LETTERS))
    if wanted["duty_mobile"] and not mobile_valid(wanted["duty_mobile"]):
        yield FieldError("duty_mobile", "duty_mobile", "值班手机号码应为 11 位数字，以 13 至 19 开头。")


def _wrong_parent(session: Session, agency: Agency, level: int, parent_id: str | None) -> Iterator[FieldError]:
    """An agency reports to one of a higher level, which leaves no way round in a circle."""
    if level == AgencyLevel.PROVINCE:
        if parent_id is not None:
            yield FieldError("parent_id", "parent", "省级机构没有上级机构。")
    else:
        parent = session.get(Agency, parent_id) if parent_id else None
        if parent is None or not parent.active:
            yield FieldError("parent_id", "parent", "请选择在用的上级机构。")
        elif parent.level >= level:
            message = Phrase("{agency}的层级不高于本机构，不能作为上级机构。", agency=parent.name)
            yield FieldError("parent_id", "parent", message)
    below = select(Agency).where(Agency.parent_id == agency.id, Agency.level <= level).limit(1)
    if (child := session.scalar(below)) is not None:
        yield FieldError("level", "level", Phrase("下级机构{agency}的层级不低于所选层级。", agency=child.name))


def _in_use(session: Session, agency: Agency, wanted: Mapping[str, Any]) -> Iterator[FieldError]:
    """What an agency cannot give up because it is needed."""
    if wanted["cert_code"] != agency.cert_code:
        issued = select(Certificate.number).where(Certificate.agency_id == agency.id).limit(1)
        if session.scalar(issued) is not None:
            yield FieldError("cert_code", "cert_code", "已用这个证号机构码签发备案证，不能更改。")
    if wanted["level"] != agency.level and _count(session, User, User.agency_id == agency.id, User.active):
        yield FieldError("level", "level", "机构还有在岗人员，不能更改层级。")
    if agency.active and not wanted["active"]:
        of_agency = Task.candidate_group.startswith(agency_group(agency.id, ""), autoescape=True)
        below = Agency.parent_id == agency.id
        needs = (
            Phrase("未办结的任务 {count}", count=_count(session, Task, of_agency, IS_OPEN)),
            Phrase("在岗人员 {count}", count=_count(session, User, User.agency_id == agency.id, User.active)),
            Phrase("在用的下级机构 {count}", count=_count(session, Agency, below, Agency.active)),
        )
        if held := [need for need in needs if need.values["count"]]:
            message = Phrase("不能停用：还有{held}。请先移交或停用。", held=reduce(_and, held))
            yield FieldError("active", "active", message)


def _and(some: Phrase, more: Phrase) -> Phrase:
    return Phrase("{some}、{more}", some=some, more=more)


def _count(session: Session, model: type[Any], *which: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*which)) or 0
