"""Agencies 机构 over the REST interface: what an administrator keeps of each."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from records.agencies import Agency
from records.masking import mask_phone
from records.roles import AdminRole
from records.users import User, UserKind
from tasks import agencies
from web.api.idempotency import once
from web.api.schemas import Strict
from web.database import db
from web.identity import me, require

blueprint = Blueprint("agencies", __name__, description="机构")


class AgencyBody(Strict):
    name = fields.String(required=True)
    level = fields.Integer(required=True, metadata={"description": "1 province, 2 city, 3 district or zone"})
    region = fields.String(required=True, metadata={"description": "GB/T 2260"})
    parent_id = fields.String(load_default=None, allow_none=True)
    cert_code = fields.String(required=True, metadata={"description": "four digits of certificate numbers"})
    can_file = fields.Boolean(load_default=False)
    can_approve = fields.Boolean(load_default=False)
    letters = fields.String(load_default=None, allow_none=True, metadata={"description": "发文机关代字"})
    e_seal = fields.Boolean(load_default=False)
    duty_mobile = fields.String(load_default=None, allow_none=True)
    active = fields.Boolean(load_default=True)


class AgencyLine(Schema):
    id = fields.String()
    name = fields.String()
    level = fields.Integer()
    region = fields.String()
    parent_id = fields.String(allow_none=True)
    cert_code = fields.String()
    can_file = fields.Boolean()
    can_approve = fields.Boolean()
    letters = fields.String(allow_none=True)
    e_seal = fields.Boolean()
    duty_mobile = fields.String(allow_none=True, metadata={"description": "masked for who does not edit agencies"})
    active = fields.Boolean()


@blueprint.route("/agencies")
class Agencies(MethodView):
    @require(UserKind.ADMIN)
    @blueprint.response(200, AgencyLine(many=True))
    def get(self) -> list[dict[str, Any]]:
        """Every agency, by region, also those that are closed."""
        rows = select(Agency).order_by(Agency.region, Agency.level, Agency.id)
        return [_view(agency, me()) for agency in db.session.scalars(rows)]

    @require(AdminRole.SYSTEM)
    @blueprint.arguments(AgencyBody)
    @blueprint.response(201, AgencyLine)
    def post(self, body: dict[str, Any]) -> Any:
        """A new agency. 422 lists what is wrong by field."""
        return once(lambda given: agencies.create(given, body), AgencyLine(), 201)


@blueprint.route("/agencies/<agency_id>")
class OneAgency(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(AgencyBody)
    @blueprint.response(200, AgencyLine)
    def put(self, body: dict[str, Any], agency_id: str) -> Any:
        """Change an agency. 422 lists what is wrong by field."""

        def give(given: Command) -> Agency:
            agency = agency_of(given.session, agency_id)
            agencies.change(given, agency, body)
            return agency

        return once(give, AgencyLine())


def _view(agency: Agency, reader: User) -> dict[str, Any]:
    """An agency as an administrator is told it."""
    mobile = agency.duty_mobile
    if mobile and reader.admin_role != AdminRole.SYSTEM:
        mobile = mask_phone(mobile)
    return {"id": agency.id} | {name: getattr(agency, name) for name in agencies.FIELDS} | {"duty_mobile": mobile}


def agency_of(session: Session, agency_id: str) -> Agency:
    """An agency. Raises CommandRefused 404 where there is none."""
    agency = session.get(Agency, agency_id)
    if agency is None:
        raise CommandRefused("agency_unknown", "没有这个机构。", status=404)
    return agency
