"""The staff: who is there and what lies on their desks, who joins, what they are entrusted with, and who leaves."""

from collections.abc import Sequence
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Task
from records.grants import Grant, GrantState, pending
from records.roles import AdminRole
from records.users import User, UserKind, user_by_username
from tasks import staff
from web.api import cursors
from web.api.idempotency import once
from web.api.schemas import Colleague, Paging, ReasonBody, Strict, page_of
from web.database import db
from web.identity import me, require
from web.runtime import command

blueprint = Blueprint("staff", __name__, description="人员：新建、修改、停用并移交，授权的申请和确认")


class StaffQuery(Paging):
    agency = fields.String(metadata={"description": "for an administrator; an official sees the own agency"})


class StaffLine(Colleague):
    agency = fields.String(allow_none=True)
    roles = fields.List(fields.String())
    active = fields.Boolean()
    open_tasks = fields.Integer(metadata={"description": "how many are theirs; what nobody has does not count"})
    grant = fields.Integer(allow_none=True, metadata={"description": "what waits for the security administrator"})


StaffPage = page_of(StaffLine)


class StaffBody(Strict):
    name = fields.String(required=True)
    mobile = fields.String(load_default="")
    agency = fields.String(load_default=None, allow_none=True, metadata={"description": "none for an administrator"})
    roles = fields.List(fields.String(), required=True)


class NewStaffBody(StaffBody):
    username = fields.String(required=True)


class Hired(StaffLine):
    password = fields.String(metadata={"description": "the first password, told this once"})


class GrantLine(Schema):
    id = fields.Integer()
    username = fields.String()
    name = fields.String()
    agency = fields.String(allow_none=True)
    roles = fields.List(fields.String())
    state = fields.String()
    asked_at = fields.AwareDateTime()
    asked_by = fields.String()
    decided_at = fields.AwareDateTime(allow_none=True)
    decided_by = fields.String(allow_none=True)
    reason = fields.String()


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
    @require(UserKind.AUTHORITY, UserKind.ADMIN)
    @blueprint.arguments(StaffQuery, location="query")
    @blueprint.response(200, StaffPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The active officials of one's agency; an administrator sees everybody's, also those who have left."""
        user, limit = me(), query["limit"]
        rows = select(User).where(User.kind == UserKind.AUTHORITY).order_by(User.username).limit(limit + 1)
        if user.kind == UserKind.AUTHORITY:
            rows = rows.where(User.agency_id == user.agency_id, User.active)
        elif "agency" in query:
            rows = rows.where(User.agency_id == query["agency"])
        if "cursor" in query:
            rows = rows.where(User.username > cursors.among(select(User), User.username, query["cursor"]))
        found = list(db.session.scalars(rows))
        return {"items": lines(found[:limit]), "next": found[limit - 1].username if len(found) > limit else None}

    @require(AdminRole.SYSTEM)
    @blueprint.arguments(NewStaffBody)
    @blueprint.response(201, Hired)
    def post(self, body: dict[str, Any]) -> Any:
        """新建账号: closed until the security administrator confirms its roles."""
        # Without a receipt, which would keep the password; the username is taken once anyway.
        with command(me().username) as given:
            return hire(given, body["username"], _wanted(body))


@blueprint.route("/staff/<username>")
class OneOfStaff(MethodView):
    @require(UserKind.ADMIN)
    @blueprint.response(200, StaffLine)
    def get(self, username: str) -> dict[str, Any]:
        """One member of the staff."""
        return lines([member(db.session(), username)])[0]

    @require(AdminRole.SYSTEM)
    @blueprint.arguments(StaffBody)
    @blueprint.response(200, StaffLine)
    def put(self, body: dict[str, Any], username: str) -> Any:
        """修改: what gives rights waits in `grant` until it is confirmed."""

        def give(given: Command) -> dict[str, Any]:
            user = member(given.session, username)
            staff.change(given, user, _wanted(body))
            return lines([user])[0]

        return once(give, StaffLine())


@blueprint.route("/staff/<username>/deactivate")
class Deactivate(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(DeactivateBody)
    @blueprint.response(200, Deactivated)
    def post(self, body: dict[str, Any], username: str) -> Any:
        """停用并移交: close the account and hand over everything open, or nothing of it happens."""
        return once(lambda given: deactivate(given, username, body["to"], body["reason"]), Deactivated())


@blueprint.route("/staff/<username>/activate")
class Activate(MethodView):
    @require(AdminRole.SYSTEM, AdminRole.SECURITY)
    @blueprint.response(200, StaffLine)
    def post(self, username: str) -> Any:
        """启用: the security administrator opens a closed account, the system's asks for it. What was handed over stays
        where it is."""
        return once(lambda given: activate(given, username), StaffLine())


@blueprint.route("/staff/<username>/close")
class Close(MethodView):
    @require(AdminRole.SECURITY)
    @blueprint.arguments(ReasonBody)
    @blueprint.response(200, StaffLine)
    def post(self, body: dict[str, Any], username: str) -> Any:
        """停用 at once: what is on the desk stays there."""

        def give(given: Command) -> dict[str, Any]:
            user = member(given.session, username)
            staff.close(given, user, body["reason"])
            return lines([user])[0]

        return once(give, StaffLine())


@blueprint.route("/grants")
class Grants(MethodView):
    @require(UserKind.ADMIN)
    @blueprint.response(200, GrantLine(many=True))
    def get(self) -> list[dict[str, Any]]:
        """What waits to be confirmed, the oldest first."""
        return [grant_view(grant) for grant in pending(db.session())]


@blueprint.route("/grants/<int:grant_id>/confirm")
class Confirm(MethodView):
    @require(AdminRole.SECURITY)
    @blueprint.response(200, GrantLine)
    def post(self, grant_id: int) -> Any:
        """确认授权: it holds from now on, and the account is open."""

        def give(given: Command) -> dict[str, Any]:
            grant = grant_of(given.session, grant_id)
            staff.confirm(given, grant)
            return grant_view(grant)

        return once(give, GrantLine())


@blueprint.route("/grants/<int:grant_id>/refuse")
class Refuse(MethodView):
    @require(AdminRole.SECURITY)
    @blueprint.arguments(ReasonBody)
    @blueprint.response(200, GrantLine)
    def post(self, body: dict[str, Any], grant_id: int) -> Any:
        """不予确认, for a reason."""

        def give(given: Command) -> dict[str, Any]:
            grant = grant_of(given.session, grant_id)
            staff.refuse(given, grant, body["reason"])
            return grant_view(grant)

        return once(give, GrantLine())


def hire(given: Command, username: str, wanted: staff.Wanted) -> dict[str, Any]:
    """A new account, and its first password."""
    user, password = staff.hire(given, username, wanted)
    return lines([user])[0] | {"password": password}


def grant_of(session: Session, grant_id: int) -> Grant:
    """A grant. Raises CommandRefused 404 where there is none."""
    grant = session.get(Grant, grant_id, with_for_update=True)
    if grant is None:
        raise CommandRefused("grant_unknown", "没有这项授权申请。", status=404)
    return grant


def grant_view(grant: Grant) -> dict[str, Any]:
    """A grant as the interface shows it."""
    names = ("id", "roles", "state", "asked_at", "asked_by", "decided_at", "decided_by", "reason")
    whom = {"username": grant.user.username, "name": grant.user.name, "agency": grant.agency_id}
    return {name: getattr(grant, name) for name in names} | whom


def deactivate(given: Command, username: str, receiver: str | None, reason: str) -> dict[str, Any]:
    """Let an official leave; how many tasks went to the receiver, or back to the groups."""
    leaver = official(given.session, username)
    handed = staff.deactivate(given, leaver, official(given.session, receiver) if receiver else None, reason)
    return lines([leaver])[0] | {"handed": handed}


def activate(given: Command, username: str) -> dict[str, Any]:
    """Open a closed account again, or ask for it, as who gives the command may."""
    user = member(given.session, username)
    if me().admin_role == AdminRole.SECURITY:
        staff.open_again(given, user)
    else:
        staff.ask_to_open(given, user)
    return lines([user])[0]


def official(session: Session, username: str) -> User:
    """An official by the username. Raises CommandRefused 404 where there is none."""
    user = user_by_username(session, username)
    if user is None or user.kind != UserKind.AUTHORITY:
        message = Phrase("没有账号为 {username} 的审批人员。", username=username)
        raise CommandRefused("official_unknown", message, status=404)
    return user


def member(session: Session, username: str) -> User:
    """An official or an administrator by the username. Raises CommandRefused 404 where there is none."""
    user = user_by_username(session, username)
    if user is None or user.kind == UserKind.ENTERPRISE:
        message = Phrase("没有账号为 {username} 的工作人员。", username=username)
        raise CommandRefused("official_unknown", message, status=404)
    return user


def _wanted(body: dict[str, Any]) -> staff.Wanted:
    return staff.Wanted(body["name"].strip(), body["mobile"].strip(), body["agency"], frozenset(body["roles"]))


def lines(users: Sequence[User]) -> list[dict[str, Any]]:
    """Officials with the number of tasks that each has."""
    names = [user.username for user in users]
    query = select(Task.assignee, func.count()).where(Task.assignee.in_(names), Task.state == "open")
    held = dict(db.session.execute(query.group_by(Task.assignee)).all())
    waiting = select(Grant.user_id, Grant.id).where(Grant.state == GrantState.PENDING)
    grants = dict(db.session.execute(waiting.where(Grant.user_id.in_([user.id for user in users]))).all())
    return [
        {
            "username": user.username,
            "name": user.name,
            "agency": user.agency_id,
            "roles": sorted(user.role_names),
            "active": user.active,
            "open_tasks": held.get(user.username, 0),
            "grant": grants.get(user.id),
        }
        for user in users
    ]
