"""线下盖章登记册 over the REST interface: reading the register of an agency, and registering a stamp or a hand-over."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy import Select, and_, or_, select, true
from sqlalchemy.orm import contains_eager

from engine.commands import Command
from engine.errors import CommandRefused
from engine.inbox import bad_cursor
from records.agencies import Agency
from records.documents import Document
from records.enterprises import Enterprise
from records.roles import OVERSEEING
from records.seals import OfflineSeal, SealState
from records.users import User, UserKind
from tasks import seals
from web.api.idempotency import once
from web.api.schemas import Paging, Strict, page_of
from web.database import db
from web.identity import me, require
from web.reach import Reach

blueprint = Blueprint("seals", __name__, description="线下盖章登记册")


class SealQuery(Paging):
    state = fields.String(validate=validate.OneOf([state.value for state in SealState]))
    q = fields.String(metadata={"description": "in the paper's or certificate's number, the project or the enterprise"})
    issued_from = fields.Date()
    issued_until = fields.Date()


class Collector(Strict):
    name = fields.String(load_default="")
    id_type = fields.String(load_default="", metadata={"description": "证件类型 by its code, such as 111"})
    id_no = fields.String(load_default="")


class Registration(Strict):
    stamped_on = fields.Date(metadata={"description": "盖章日期; not asked for again once it is registered"})
    collected_on = fields.Date(metadata={"description": "领取日期; left out while nobody has collected the paper"})
    collector = fields.Nested(Collector, metadata={"description": "领取人; kept encrypted, answered masked"})
    remark = fields.String(load_default="")


class SealAnswer(Schema):
    id = fields.String()
    paper = fields.String(metadata={"description": "备案证, 变更函 or 更正说明"})
    paper_number = fields.String()
    certificate = fields.String()
    project_name = fields.String(allow_none=True)
    enterprise_name = fields.String()
    agency_name = fields.String()
    issue_date = fields.Date()
    state = fields.String()
    stamped_on = fields.Date(allow_none=True)
    stamped_by = fields.String(allow_none=True)
    collected_on = fields.Date(allow_none=True)
    collector = fields.Dict(metadata={"description": "masked (R95)"})
    handed_over_by = fields.String(allow_none=True)
    ceased_on = fields.Date(allow_none=True)
    remark = fields.String()


SealPage = page_of(SealAnswer)


@blueprint.route("/offline-seals")
class Register(MethodView):
    @require(UserKind.AUTHORITY, *OVERSEEING)
    @blueprint.arguments(SealQuery, location="query")
    @blueprint.response(200, SealPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The papers that one's agency stamps by hand, the latest first."""
        rows = register(me(), query)
        if "cursor" in query:
            day, _, id = query["cursor"].partition("~")
            rows = rows.where(_after(day, id))
        found = list(db.session.scalars(rows.limit(query["limit"] + 1)))
        shown = found[: query["limit"]]
        last = f"{shown[-1].issue_date}~{shown[-1].id}" if len(found) > len(shown) else None
        return {"items": [view(entry) for entry in shown], "next": last}


@blueprint.route("/offline-seals/<entry_id>")
class OneSeal(MethodView):
    @require(UserKind.AUTHORITY, *OVERSEEING, reach=Reach.OWN)
    @blueprint.response(200, SealAnswer)
    def get(self, entry_id: str) -> dict[str, Any]:
        """One paper of one's agency."""
        return view(visible_entry(entry_id, me()))


@blueprint.route("/offline-seals/<entry_id>/register")
class RegisterSeal(MethodView):
    @require(UserKind.AUTHORITY, reach=Reach.OWN)
    @blueprint.arguments(Registration)
    @blueprint.response(200, SealAnswer)
    def post(self, told: dict[str, Any], entry_id: str) -> Any:
        """线下盖章登记, or 领取登记 of what is stamped: completes the open task. 422 lists what is wrong by field."""

        def give(given: Command) -> dict[str, Any]:
            entry = visible_entry(entry_id, me())
            seals.register(given, entry, {name: _plain(value) for name, value in told.items()})
            return view(entry)

        return once(give, SealAnswer())


def register(user: User, query: Mapping[str, Any]) -> Select[OfflineSeal]:
    """The entries that a user finds, by `state`, `q`, `issued_from` and `issued_until`, the latest first."""
    rows = (
        select(OfflineSeal)
        .join(OfflineSeal.document)
        .join(Document.enterprise)
        .options(contains_eager(OfflineSeal.document).contains_eager(Document.enterprise))
        .where(OfflineSeal.agency_id == user.agency_id if user.kind == UserKind.AUTHORITY else true())
        .order_by(OfflineSeal.issue_date.desc(), OfflineSeal.id.desc())
    )
    if state := query.get("state"):
        rows = rows.where(OfflineSeal.state == state)
    if text := query.get("q"):
        columns = (OfflineSeal.paper_number, OfflineSeal.certificate_number, Document.project_name, Enterprise.name)
        rows = rows.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    if first := query.get("issued_from"):
        rows = rows.where(OfflineSeal.issue_date >= first)
    if last := query.get("issued_until"):
        rows = rows.where(OfflineSeal.issue_date <= last)
    return rows


def visible_entry(entry_id: str, user: User) -> OfflineSeal:
    """An entry of the user's agency. Raises CommandRefused 404 for any other."""
    entry = db.session.get(OfflineSeal, entry_id)
    if entry is not None and (
        user.admin_role in OVERSEEING or (user.kind == UserKind.AUTHORITY and entry.agency_id == user.agency_id)
    ):
        return entry
    raise CommandRefused("seal_unknown", "线下盖章登记册中没有这份文书，或者它不归你办理。", status=404)


def view(entry: OfflineSeal) -> dict[str, Any]:
    document = entry.document
    return {
        "id": entry.id,
        "paper": document.PAPER,
        "paper_number": entry.paper_number,
        "certificate": entry.certificate_number,
        "project_name": document.project_name,
        "enterprise_name": document.enterprise.name,
        "agency_name": db.session.get_one(Agency, entry.agency_id).name,
        "issue_date": entry.issue_date,
        "state": entry.state,
        "stamped_on": entry.stamped_on,
        "stamped_by": entry.stamped_by,
        "collected_on": entry.collected_on,
        "collector": entry.masked_collector,
        "handed_over_by": entry.handed_over_by,
        "ceased_on": entry.ceased_on,
        "remark": entry.remark,
    }


def _after(day: str, id: str) -> Any:
    """What comes after an entry in the order of the register."""
    try:
        at = date.fromisoformat(day)
    except ValueError as error:
        raise bad_cursor() from error
    return or_(OfflineSeal.issue_date < at, and_(OfflineSeal.issue_date == at, OfflineSeal.id < id))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
