"""Cases: start, look, suspend, resume, cancel, retry, modify."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import and_, or_, select

from engine.inbox import bad_cursor
from engine.modification import AddToken, CancelToken, Instruction, MoveToken
from engine.tables import Definition, Instance
from records.roles import OVERSEEING, AdminRole
from tasks import operations
from web.api.idempotency import once
from web.api.schemas import (
    HistoryAnswer,
    InstancePage,
    InstanceQuery,
    InstanceSchema,
    ModifyBody,
    ReasonBody,
    RetryBody,
    StartInstance,
)
from web.api.views import history_view, instance_line, instance_view, visible
from web.database import db
from web.identity import me, require

blueprint = Blueprint("instances", __name__, description="Cases")


@blueprint.route("/instances")
class Instances(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(StartInstance)
    @blueprint.response(201, InstanceSchema)
    def post(self, body: dict[str, Any]) -> Any:
        """Start a case. Enterprises start theirs by submitting a document."""
        return once(
            lambda given: instance_view(
                operations.start(given, body["definition"], body["data"], body.get("business_key"), body.get("version"))
            ),
            InstanceSchema(),
            201,
        )

    @require(*OVERSEEING)
    @blueprint.arguments(InstanceQuery, location="query")
    @blueprint.response(200, InstancePage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Cases, the newest first."""
        rows = select(Instance, Definition).join(Definition, Definition.id == Instance.definition_id)
        if "definition" in query:
            rows = rows.where(Definition.key == query["definition"])
        for name in ("status", "business_key"):
            if name in query:
                rows = rows.where(getattr(Instance, name) == query[name])
        if "cursor" in query:
            last = db.session.get(Instance, query["cursor"])
            if last is None:
                raise bad_cursor()
            earlier = Instance.started_at < last.started_at
            rows = rows.where(or_(earlier, and_(Instance.started_at == last.started_at, Instance.id < last.id)))
        rows = rows.order_by(Instance.started_at.desc(), Instance.id.desc()).limit(query["limit"] + 1)
        found = [instance_line(instance, definition) for instance, definition in db.session.execute(rows)]
        more = len(found) > query["limit"]
        shown = found[: query["limit"]]
        return {"items": shown, "next": shown[-1]["id"] if more else None}


@blueprint.route("/instances/<instance_id>")
class OneInstance(MethodView):
    @require()
    @blueprint.response(200, InstanceSchema)
    def get(self, instance_id: str) -> dict[str, Any]:
        """A case: its variables, where it waits, what is wrong with it."""
        return instance_view(visible(db.session.get(Instance, instance_id), me()))


@blueprint.route("/instances/<instance_id>/history")
class InstanceHistory(MethodView):
    @require()
    @blueprint.response(200, HistoryAnswer)
    def get(self, instance_id: str) -> dict[str, Any]:
        """What happened to a case, oldest first."""
        return {"items": history_view(visible(db.session.get(Instance, instance_id), me()), me())}


@blueprint.route("/instances/<instance_id>/cancel")
class CancelInstance(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(ReasonBody)
    @blueprint.response(200, InstanceSchema)
    def post(self, body: dict[str, Any], instance_id: str) -> Any:
        """End a case at once."""
        return once(
            lambda given: instance_view(operations.cancel(given, instance_id, body["reason"])), InstanceSchema()
        )


@blueprint.route("/instances/<instance_id>/suspend")
class SuspendInstance(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(ReasonBody)
    @blueprint.response(200, InstanceSchema)
    def post(self, body: dict[str, Any], instance_id: str) -> Any:
        """Let a case stand still until it is resumed."""
        return once(
            lambda given: instance_view(operations.suspend(given, instance_id, body["reason"])), InstanceSchema()
        )


@blueprint.route("/instances/<instance_id>/resume")
class ResumeInstance(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(ReasonBody)
    @blueprint.response(200, InstanceSchema)
    def post(self, body: dict[str, Any], instance_id: str) -> Any:
        """Let a suspended case go on, with what fell due and what came meanwhile."""
        return once(
            lambda given: instance_view(operations.resume(given, instance_id, body["reason"])), InstanceSchema()
        )


@blueprint.route("/instances/<instance_id>/modify")
class ModifyInstance(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(ModifyBody)
    @blueprint.response(200, InstanceSchema)
    def post(self, body: dict[str, Any], instance_id: str) -> Any:
        """Move, add and cancel tokens by hand: all the instructions in their order, or none of them."""
        instructions = [_instruction(**told) for told in body["instructions"]]
        return once(
            lambda given: instance_view(
                operations.modify(given, instance_id, instructions, body["data"], body["reason"])
            ),
            InstanceSchema(),
        )


@blueprint.route("/instances/<instance_id>/retry")
class RetryInstance(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(RetryBody)
    @blueprint.response(200, InstanceSchema)
    def post(self, body: dict[str, Any], instance_id: str) -> Any:
        """Correct a case's variables and try its incidents again."""
        return once(
            lambda given: instance_view(operations.retry_case(given, instance_id, body["data"])), InstanceSchema()
        )


def _instruction(
    do: str, token: int | str = 0, element: str = "", scope: int | None = None, flow: str | None = None
) -> Instruction:
    if do == "add":
        return AddToken(element, scope, flow)
    return CancelToken(token) if do == "cancel" else MoveToken(token, element, scope, flow)
