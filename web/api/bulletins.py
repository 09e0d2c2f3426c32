"""System notices 信息公告 over the REST interface."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from records.announcements import Announcement, AnnouncementKind
from records.roles import AdminRole
from tasks import bulletins
from web.api.idempotency import once
from web.api.schemas import Strict
from web.database import db
from web.identity import require

blueprint = Blueprint("bulletins", __name__, description="信息公告")


class BulletinBody(Strict):
    title = fields.String(required=True)
    body = fields.String(required=True)
    publisher = fields.String(required=True)


class BulletinLine(Schema):
    id = fields.Integer()
    title = fields.String()
    body = fields.String()
    publisher = fields.String(attribute="agency_name", allow_none=True)
    public = fields.Boolean()
    published_at = fields.AwareDateTime()


@blueprint.route("/bulletins")
class Bulletins(MethodView):
    @require(AdminRole.SYSTEM, AdminRole.AUDIT)
    @blueprint.response(200, BulletinLine(many=True))
    def get(self) -> list[Announcement]:
        """Every notice of the system, also those that are not public, the latest first."""
        return list(db.session.scalars(all_bulletins()))

    @require(AdminRole.SYSTEM)
    @blueprint.arguments(BulletinBody)
    @blueprint.response(201, BulletinLine)
    def post(self, body: dict[str, Any]) -> Any:
        """A new notice, not public yet."""
        return once(lambda given: bulletins.save(given, None, **body), BulletinLine(), 201)


@blueprint.route("/bulletins/<int:bulletin_id>")
class OneBulletin(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(BulletinBody)
    @blueprint.response(200, BulletinLine)
    def put(self, body: dict[str, Any], bulletin_id: int) -> Any:
        """Write over a notice, public or not."""
        return once(
            lambda given: bulletins.save(given, bulletin_of(given.session, bulletin_id), **body), BulletinLine()
        )


@blueprint.route("/bulletins/<int:bulletin_id>/publish")
class PublishBulletin(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.response(200, BulletinLine)
    def post(self, bulletin_id: int) -> Any:
        """发布."""

        def give(given: Command) -> Announcement:
            bulletin = bulletin_of(given.session, bulletin_id)
            bulletins.publish(given, bulletin)
            return bulletin

        return once(give, BulletinLine())


@blueprint.route("/bulletins/<int:bulletin_id>/withdraw")
class WithdrawBulletin(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.response(200, BulletinLine)
    def post(self, bulletin_id: int) -> Any:
        """撤下."""

        def give(given: Command) -> Announcement:
            bulletin = bulletin_of(given.session, bulletin_id)
            bulletins.withdraw(given, bulletin)
            return bulletin

        return once(give, BulletinLine())


def all_bulletins() -> Select[Announcement]:
    """The notices of the system, the latest first."""
    kind = Announcement.kind == AnnouncementKind.INFORMATION
    return select(Announcement).where(kind).order_by(Announcement.published_at.desc(), Announcement.id.desc())


def bulletin_of(session: Session, bulletin_id: int) -> Announcement:
    """A notice of the system. Raises CommandRefused 404 where there is none."""
    bulletin = session.get(Announcement, bulletin_id, with_for_update=True)
    if bulletin is None or bulletin.kind != AnnouncementKind.INFORMATION:
        raise CommandRefused("bulletin_unknown", "没有这篇公告。", status=404)
    return bulletin
