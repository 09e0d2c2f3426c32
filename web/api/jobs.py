"""Jobs that wait, and those that have failed for good."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine.commands import Command
from engine.errors import CommandRefused
from engine.jobs import retry
from engine.tables import Job
from records.users import UserKind
from web.api.idempotency import once
from web.api.schemas import JobPage, JobQuery, JobSchema
from web.database import db
from web.identity import require

blueprint = Blueprint("jobs", __name__, description="What happens later")


@blueprint.route("/jobs")
class Jobs(MethodView):
    @blueprint.arguments(JobQuery, location="query")
    @blueprint.response(200, JobPage)
    @require(UserKind.ADMIN)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Jobs in one state, by id."""
        rows = select(Job).where(Job.state == query["state"]).order_by(Job.id).limit(query["limit"] + 1)
        if "cursor" in query:
            rows = rows.where(Job.id > query["cursor"])
        found = list(db.session.scalars(rows))
        shown = found[: query["limit"]]
        return {"items": shown, "next": shown[-1].id if len(found) > len(shown) else None}


@blueprint.route("/jobs/<job_id>/retry")
class RetryJob(MethodView):
    @blueprint.response(200, JobSchema)
    @require(UserKind.ADMIN)
    def post(self, job_id: str) -> Any:
        """Give a failed job its attempts again; with it its case's incident is taken up."""

        def give(given: Command) -> Job:
            job = given.session.get(Job, job_id)
            if job is None or job.state != "failed":
                raise CommandRefused("job_not_failed", "这项后台工作没有失败，或者已经处理。", status=409)
            retry(given, job)
            return job

        return once(give, JobSchema())
