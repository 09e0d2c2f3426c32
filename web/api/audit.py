"""审计 over the REST interface: administrative acts, the lines of all cases, and whether the record is whole."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import Select, or_, select

from engine.audit import verification
from engine.tables import Definition, History, Instance
from records import admin_acts
from records.admin_acts import AdminAct
from records.calendar import SHANGHAI
from records.documents import Document
from records.roles import AdminRole
from web.api import cursors
from web.api.schemas import Paging, page_of
from web.database import db
from web.identity import require
from web.texts import told

blueprint = Blueprint("audit", __name__, description="审计：管理行为、办理记录、核验")

MOST_FAULTS = 200
"""That one answer tells."""


class RecordQuery(Paging):
    q = fields.String(load_default="")
    actor = fields.String(load_default="")
    act = fields.String(load_default="")
    since = fields.Date(load_default=None)
    until = fields.Date(load_default=None, metadata={"description": "included"})


class ActLine(Schema):
    id = fields.Integer()
    at = fields.AwareDateTime()
    actor = fields.String(allow_none=True)
    act = fields.String()
    subject = fields.String()
    before = fields.Dict(allow_none=True)
    after = fields.Dict(allow_none=True)


ActPage = page_of(ActLine)


class Verified(Schema):
    whole = fields.Boolean()
    cases = fields.Integer()
    lines = fields.Integer()
    anchors = fields.Integer()
    faults = fields.List(fields.String())


@blueprint.route("/audit/acts")
class Acts(MethodView):
    @require(AdminRole.AUDIT)
    @blueprint.arguments(RecordQuery, location="query")
    @blueprint.response(200, ActPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Administrative acts, the latest first."""
        rows = acts(query)
        if "cursor" in query:
            rows = rows.where(AdminAct.id < cursors.number(query["cursor"]))
        found = list(db.session.scalars(rows.limit(query["limit"] + 1)))
        shown = found[: query["limit"]]
        return {"items": shown, "next": str(shown[-1].id) if len(found) > len(shown) else None}


@blueprint.route("/audit/verification")
class Verify(MethodView):
    @require(AdminRole.AUDIT)
    @blueprint.response(200, Verified)
    def get(self) -> dict[str, Any]:
        """Whether the record is as it was written: every chain of a case, the anchors, the chain of acts."""
        return verified()


def acts(query: Mapping[str, Any]) -> Select[AdminAct]:
    """The administrative acts of a filter, the latest first."""
    rows = select(AdminAct).order_by(AdminAct.id.desc())
    if text := query.get("q"):
        rows = rows.where(AdminAct.subject.icontains(text, autoescape=True))
    if actor := query.get("actor"):
        rows = rows.where(AdminAct.actor == actor)
    if act := query.get("act"):
        rows = rows.where(AdminAct.act == act)
    return rows.where(*_between(AdminAct.at, query))


def case_lines(query: Mapping[str, Any]) -> Select[History, Definition, Document]:
    """The lines of all cases, the latest first, with the process and the document they are about. `q` is the id of a
    case, or the number of a document or certificate."""
    rows = (
        select(History, Definition, Document)
        .join(Instance, Instance.id == History.instance_id)
        .join(Definition, Definition.id == Instance.definition_id)
        .outerjoin(Document, Document.id == Instance.business_key)
        .order_by(History.at.desc(), History.instance_id, History.seq.desc())
    )
    if text := query.get("q"):
        named = or_(Document.number == text, Document.certificate_number == text)
        rows = rows.where(or_(History.instance_id == text, Instance.business_key == text, named))
    if actor := query.get("actor"):
        rows = rows.where(or_(History.actor == actor, History.on_behalf_of == actor))
    if act := query.get("act"):
        rows = rows.where(History.action == act)
    return rows.where(*_between(History.at, query))


def verified() -> dict[str, Any]:
    """What looking at the whole record finds."""
    faults = [told(fault) for fault in admin_acts.verify(db.session())]
    db.session.rollback()
    with verification(db.engine) as look:
        faults += [str(fault) for fault in look.everything()]
    counts = {"cases": look.cases, "lines": look.lines, "anchors": look.anchors}
    return {"whole": not faults, "faults": faults[:MOST_FAULTS]} | counts


def _between(column: Any, query: Mapping[str, Any]) -> list[Any]:
    since, until = query.get("since"), query.get("until")
    limits = [column >= _beginning(since)] if since else []
    return limits + ([column < _beginning(until + timedelta(days=1))] if until else [])


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
