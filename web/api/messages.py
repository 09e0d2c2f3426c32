"""Messages and signals from outside."""

from datetime import timedelta
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from engine.commands import Command
from records.roles import AdminRole
from tasks import operations
from web.api.idempotency import once
from web.api.schemas import MessageBody, Received, SignalBody
from web.identity import require

blueprint = Blueprint("messages", __name__, description="Messages and signals")


@blueprint.route("/messages")
class Messages(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(MessageBody)
    @blueprint.response(200, Received)
    def post(self, body: dict[str, Any]) -> Any:
        """Give a message to the one case that waits for it; unheard it is refused, or kept while `ttl` lasts."""
        ttl = timedelta(seconds=body["ttl"]) if "ttl" in body else None

        def give(given: Command) -> dict[str, Any]:
            received = given.message(body["name"], correlation=body["correlation"], payload=body["payload"], ttl=ttl)
            operations.tell(given, body["name"], received)
            return {"received_by": [instance.id for instance in received], "kept": not received}

        return once(give, Received())


@blueprint.route("/signals")
class Signals(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(SignalBody)
    @blueprint.response(200, Received)
    def post(self, body: dict[str, Any]) -> Any:
        """Give a signal to every case that waits for it."""

        def give(given: Command) -> dict[str, Any]:
            received = operations.tell(given, body["name"], given.signal(body["name"], payload=body["payload"]))
            return {"received_by": [instance.id for instance in received], "kept": False}

        return once(give, Received())
