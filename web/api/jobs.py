"""Jobs that wait or have failed for good, and what an administrator decides about them: one, or many at once."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import Select, select

from engine.commands import Command
from engine.errors import CommandRefused
from engine.tables import Definition, Instance, Job
from records.roles import OVERSEEING, AdminRole
from tasks import operations
from web.api import cursors
from web.api.idempotency import HEADER, answered, digest, once, once_under
from web.api.schemas import (
    MOST_JOBS,
    JobPage,
    JobQuery,
    JobResult,
    JobResults,
    JobSchema,
    RetryJobBody,
    RetryJobsBody,
    SkipJobBody,
    SkipJobsBody,
)
from web.database import db
from web.identity import require
from web.texts import told

blueprint = Blueprint("jobs", __name__, description="What happens later")


@blueprint.route("/jobs")
class Jobs(MethodView):
    @require(*OVERSEEING)
    @blueprint.arguments(JobQuery, location="query")
    @blueprint.response(200, JobPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Jobs in one state, by id."""
        rows = _chosen(query).where(Job.state == query["state"]).order_by(Job.id).limit(query["limit"] + 1)
        if "cursor" in query:
            rows = rows.where(Job.id > cursors.id_of(query["cursor"]))
        found = list(db.session.scalars(rows))
        shown = found[: query["limit"]]
        return {"items": shown, "next": shown[-1].id if len(found) > len(shown) else None}


@blueprint.route("/jobs/<job_id>")
class OneJob(MethodView):
    @require(*OVERSEEING)
    @blueprint.response(200, JobSchema)
    def get(self, job_id: str) -> Job:
        """A job, with what its service is given."""
        job = db.session.get(Job, job_id)
        if job is None:
            raise CommandRefused("job_unknown", "没有这项后台工作，或者它已经完成。", status=404)
        return job


@blueprint.route("/jobs/<job_id>/retry")
class RetryJob(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(RetryJobBody)
    @blueprint.response(200, JobSchema)
    def post(self, body: dict[str, Any], job_id: str) -> Any:
        """Give a failed job its attempts again, with some of its arguments corrected."""
        return once(lambda given: operations.retry_job(given, job_id, body.get("arguments")), JobSchema())


@blueprint.route("/jobs/<job_id>/skip")
class SkipJob(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(SkipJobBody)
    @blueprint.response(200, JobSchema)
    def post(self, body: dict[str, Any], job_id: str) -> Any:
        """Do without a job for a reason: a service task completes with `result`, a timer fires, the rest is dropped."""
        return once(lambda given: operations.skip_job(given, job_id, body["reason"], body.get("result")), JobSchema())


@blueprint.route("/jobs/retry")
class RetryJobs(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(RetryJobsBody)
    @blueprint.response(200, JobResults)
    def post(self, body: dict[str, Any]) -> Any:
        """Retry the failed jobs of a list or filter, each by itself."""
        return _each(body, operations.retry_job)


@blueprint.route("/jobs/skip")
class SkipJobs(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(SkipJobsBody)
    @blueprint.response(200, JobResults)
    def post(self, body: dict[str, Any]) -> Any:
        """Do without the jobs of a list, or the failed ones of a filter, each by itself."""
        return _each(body, lambda given, job_id: operations.skip_job(given, job_id, body["reason"]))


def _each(body: dict[str, Any], give: Callable[[Command, str], Job]) -> Any:
    """Give a command for each job in a transaction of its own. Under an `Idempotency-Key` each is given once, also
    where the first request ended half way, and the answer is the first one's.
    """
    key, asked = request.headers.get(HEADER, "")[:100], digest()
    earlier = answered(key, asked)
    if earlier is not None:
        return earlier[0]
    ids = body.get("ids")
    if ids is None:
        failed = _chosen(body["filter"]).where(Job.state == "failed").order_by(Job.due_at, Job.rank, Job.id)
        ids = [job.id for job in db.session.scalars(failed.limit(MOST_JOBS))]
    results = decide_each(ids, give, key, asked)
    document, _ = once_under(key, asked, lambda given: {"items": JobResult(many=True).dump(results)})
    return document


def decide_each(
    ids: Iterable[str], give: Callable[[Command, str], Job], key: str = "", asked: str = ""
) -> list[dict[str, Any]]:
    """Give a command for each job in a transaction of its own; what came of each."""
    return [_one(f"{key}:{job_id}" if key else "", asked, job_id, give) for job_id in dict.fromkeys(ids)]


def _one(key: str, asked: str, job_id: str, give: Callable[[Command, str], Job]) -> dict[str, Any]:
    try:
        once_under(key, asked, lambda given: JobSchema().dump(give(given, job_id)))
    except CommandRefused as refusal:
        return {"id": job_id, "done": False, "code": refusal.code, "message": told(refusal.message)}
    return {"id": job_id, "done": True, "code": None, "message": None}


def _chosen(chosen: dict[str, Any]) -> Select[Job]:
    """The jobs of a filter."""
    jobs = select(Job)
    for name in ("kind", "element_id", "instance_id"):
        if name in chosen:
            jobs = jobs.where(getattr(Job, name) == chosen[name])
    if "definition" in chosen:
        cases = select(Instance.id).join(Definition, Definition.id == Instance.definition_id)
        jobs = jobs.where(Job.instance_id.in_(cases.where(Definition.key == chosen["definition"])))
    return jobs
