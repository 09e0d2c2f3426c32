"""The officials of the agencies: who is there, what lies on their desks, and the act by which one leaves."""

from collections.abc import Sequence
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.tables import Task
from records.roles import AdminRole
from records.users import User, UserKind, user_by_username
from tasks import staff
from web.api.idempotency import once
from web.api.schemas import Colleague, Paging, ReasonBody
from web.database import db
from web.identity import me, require

blueprint = Blueprint("staff", __name__, description="审批人员：停用并移交")


class StaffQuery(Paging):
    agency = fields.String(metadata={"description": "for an administrator; an official sees the own agency"})


class StaffLine(Colleague):
    agency = fields.String(allow_none=True)
    roles = fields.List(fields.String())
    active = fields.Boolean()
    open_tasks = fields.Integer(metadata={"description": "how many are theirs; what nobody has does not count"})


class StaffPage(Schema):
    items = fields.List(fields.Nested(StaffLine))
    next = fields.String(allow_none=True)


class DeactivateBody(ReasonBody):
    to = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "who takes over all open tasks; nobody named: back to the groups"},
    )


class Deactivated(StaffLine):
    handed = fields.Integer(metadata={"description": "tasks handed over"})


@blueprint.route("/staff")
class Staff(MethodView):
    @blueprint.arguments(StaffQuery, location="query")
    @blueprint.response(200, StaffPage)
    @require(UserKind.AUTHORITY, UserKind.ADMIN)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The active officials of one's agency; an administrator sees everybody's, also those who have left."""
        user, limit = me(), query["limit"]
        rows = select(User).where(User.kind == UserKind.AUTHORITY).order_by(User.username).limit(limit + 1)
        if user.kind == UserKind.AUTHORITY:
            rows = rows.where(User.agency_id == user.agency_id, User.active)
        elif "agency" in query:
            rows = rows.where(User.agency_id == query["agency"])
        if "cursor" in query:
            rows = rows.where(User.username > query["cursor"])
        found = list(db.session.scalars(rows))
        return {"items": lines(found[:limit]), "next": found[limit - 1].username if len(found) > limit else None}


@blueprint.route("/staff/<username>/deactivate")
class Deactivate(MethodView):
    @blueprint.arguments(DeactivateBody)
    @blueprint.response(200, Deactivated)
    @require(AdminRole.SYSTEM)
    def post(self, body: dict[str, Any], username: str) -> Any:
        """停用并移交: close the account and hand over everything open, or nothing of it happens."""
        return once(lambda given: deactivate(given, username, body["to"], body["reason"]), Deactivated())


@blueprint.route("/staff/<username>/activate")
class Activate(MethodView):
    @blueprint.response(200, StaffLine)
    @require(AdminRole.SYSTEM)
    def post(self, username: str) -> Any:
        """启用: open a closed account again. What was handed over stays where it is."""
        return once(lambda given: activate(given, username), StaffLine())


def deactivate(given: Command, username: str, receiver: str | None, reason: str) -> dict[str, Any]:
    """Let an official leave; how many tasks went to the receiver, or back to the groups."""
    leaver = official(given.session, username)
    handed = staff.deactivate(given, leaver, official(given.session, receiver) if receiver else None, reason)
    return lines([leaver])[0] | {"handed": handed}


def activate(given: Command, username: str) -> dict[str, Any]:
    """Open a closed account again."""
    user = official(given.session, username)
    user.active = True
    given.session.flush()
    return lines([user])[0]


def official(session: Session, username: str) -> User:
    """An official by the username. Raises CommandRefused 404 where there is none."""
    user = user_by_username(session, username)
    if user is None or user.kind != UserKind.AUTHORITY:
        raise CommandRefused("official_unknown", f"没有账号为 {username} 的审批人员。", status=404)
    return user


def lines(users: Sequence[User]) -> list[dict[str, Any]]:
    """Officials with the number of tasks that each has."""
    names = [user.username for user in users]
    query = select(Task.assignee, func.count()).where(Task.assignee.in_(names), Task.state == "open")
    held = dict(db.session.execute(query.group_by(Task.assignee)).all())
    return [
        {
            "username": user.username,
            "name": user.name,
            "agency": user.agency_id,
            "roles": sorted(user.role_names),
            "active": user.active,
            "open_tasks": held.get(user.username, 0),
        }
        for user in users
    ]
