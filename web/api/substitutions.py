"""代理 over the REST interface: who stands in for whom, named by the official or by an administrator."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from engine.commands import Command
from engine.errors import CommandRefused
from records import substitutions
from records.calendar import local_date
from records.jurisdiction import HANDLING
from records.roles import OVERSEEING, AdminRole
from records.substitutions import Substitution
from records.users import User, UserKind
from web.api import cursors
from web.api.idempotency import once
from web.api.schemas import Colleague, Paging, Strict, page_of
from web.api.staff import official
from web.database import db
from web.identity import me, require
from web.reach import Reach
from web.runtime import runtime

blueprint = Blueprint("substitutions", __name__, description="代理：谁在哪几天代谁办理")


class SubstitutionBody(Strict):
    principal = fields.String(metadata={"description": "a username, for an administrator; an official's own otherwise"})
    substitute = fields.String(required=True, metadata={"description": "the username of a colleague of the agency"})
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True, metadata={"description": "included"})


class SubstitutionAnswer(Schema):
    id = fields.Integer()
    principal = fields.Nested(Colleague)
    substitute = fields.Nested(Colleague)
    first_day = fields.Date()
    last_day = fields.Date()
    state = fields.Function(
        lambda found: str(found.state(local_date(runtime().engine.clock.now()))),
        metadata={"type": "string", "description": "PLANNED, RUNNING, OVER or RECALLED"},
    )
    created_by = fields.String()
    ended_at = fields.AwareDateTime(allow_none=True)
    ended_by = fields.String(allow_none=True)


SubstitutionPage = page_of(SubstitutionAnswer)


@blueprint.route("/substitutions")
class Substitutions(MethodView):
    @require(UserKind.AUTHORITY, *OVERSEEING)
    @blueprint.arguments(Paging, location="query")
    @blueprint.response(200, SubstitutionPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """An official's own and those he stands in by, everybody's for an administrator; the latest first."""
        whose = None if me().kind == UserKind.ADMIN else me()
        limit, before_id = query["limit"], cursors.number(query["cursor"]) if "cursor" in query else None
        found = substitutions.substitutions(db.session(), whose, limit=limit + 1, before_id=before_id)
        return {"items": found[:limit], "next": str(found[limit - 1].id) if len(found) > limit else None}

    @require(*HANDLING, AdminRole.SYSTEM)
    @blueprint.arguments(SubstitutionBody)
    @blueprint.response(201, SubstitutionAnswer)
    def post(self, body: dict[str, Any]) -> Any:
        """Name a substitute for some days. Answers 409 where there is one on one of them."""
        return once(lambda given: appoint(given, me(), body), SubstitutionAnswer(), 201)


@blueprint.route("/substitutions/<int:substitution_id>/recall")
class RecallSubstitution(MethodView):
    @require(UserKind.AUTHORITY, AdminRole.SYSTEM, reach=Reach.OWN)
    @blueprint.response(200, SubstitutionAnswer)
    def post(self, substitution_id: int) -> Any:
        """End a substitution before its date."""
        return once(lambda given: recall(given, me(), substitution_id), SubstitutionAnswer())


def appoint(given: Command, user: User, body: dict[str, Any]) -> Substitution:
    """Name a substitute, as an official for oneself, as an administrator for anybody."""
    principal = official(given.session, body.get("principal") or user.username)
    if user.kind != UserKind.ADMIN and principal.id != user.id:
        raise CommandRefused("forbidden", "只能为自己设代理；为他人设代理由管理员办理。", status=403)
    substitute = official(given.session, body["substitute"])
    days = body["first_day"], body["last_day"]
    return substitutions.appoint(given.session, principal, substitute, *days, actor=user.username, now=given.now)


def recall(given: Command, user: User, substitution_id: int) -> Substitution:
    """End a substitution, as its principal or an administrator. Raises CommandRefused 404 for anybody else."""
    found = given.session.get(Substitution, substitution_id)
    if found is None or (user.kind != UserKind.ADMIN and found.principal_id != user.id):
        raise CommandRefused("substitution_unknown", "没有这次代理，或者它不由你结束。", status=404)
    substitutions.recall(given.session, found, actor=user.username, now=given.now)
    return found
