"""Bringing cases to another version of their process, one or many."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from engine.commands import Command
from engine.migration import Plan
from engine.migration_commands import Outcome, Target, migrate_many
from engine.tables import Instance
from records.roles import AdminRole
from tasks import operations
from web.api.idempotency import once
from web.api.problems import complaints
from web.api.schemas import MigrateBody, MigratedInstance, MigrationBody, MigrationPage
from web.api.views import instance_view
from web.database import db
from web.identity import me, require
from web.runtime import runtime
from web.texts import told

blueprint = Blueprint("migrations", __name__, description="Cases on to another version")


@blueprint.route("/instances/<instance_id>/migrate")
class MigrateInstance(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(MigrateBody)
    @blueprint.response(200, MigratedInstance)
    def post(self, body: dict[str, Any], instance_id: str) -> Any:
        """Go on in another version. With `preview` nothing is done; without, 409 names everything that blocks it."""
        target = Target(body["version"], body["mapping"], body["called"])

        def give(given: Command) -> dict[str, Any]:
            plan = given.preview_migration(instance_id, target)
            if body["preview"]:
                outcome = "blocked" if plan.blocks else "would_migrate"
                return instance_view(given.session.get_one(Instance, instance_id)) | _told(outcome, plan)
            return instance_view(operations.migrate(given, instance_id, target, body["reason"])) | _told(
                "migrated", plan
            )

        return once(give, MigratedInstance())


@blueprint.route("/migrations")
class Migrations(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(MigrationBody)
    @blueprint.response(200, MigrationPage)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Bring the open cases of one version to another, each in a transaction of its own, at most `limit` at once.

        Repeated, it takes up those that are still of the first version; `cursor` leaves out what has been seen.
        """
        outcomes, following = migrate_many(
            runtime().engine,
            db.session(),
            body["definition"],
            body["from_version"],
            Target(body["to_version"], body["mapping"], body["called"]),
            actor=me().username,
            reason=body["reason"],
            preview=body["preview"],
            limit=body["limit"],
            cursor=body.get("cursor"),
        )
        return {"items": [_line(outcome) for outcome in outcomes], "next": following}


def _line(outcome: Outcome) -> dict[str, Any]:
    return {"instance_id": outcome.instance_id, "message": told(outcome.message)} | _told(outcome.outcome, outcome.plan)


def _told(outcome: str, plan: Plan) -> dict[str, Any]:
    return {"outcome": outcome, "blocks": complaints(plan.blocks), "changes": complaints(plan.changes)}
