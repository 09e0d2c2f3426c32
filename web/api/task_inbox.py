"""Tasks: the boxes of whoever asks, and the verbs."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine import inbox
from engine.commands import Command
from engine.errors import CommandRefused
from engine.history import waiting
from engine.tables import Instance
from records.users import User, UserKind
from tasks.procedure import in_words
from web.api.idempotency import once
from web.api.schemas import Colleagues, TaskAnswer, TaskCommand, TaskPage, TaskQuery, TaskSchema, TransferBody
from web.api.views import colleagues, standing_of, task_view, visible, visible_task
from web.database import db
from web.identity import me, require
from web.reach import Reach
from web.runtime import runtime

blueprint = Blueprint("tasks", __name__, description="User tasks as inboxes")


@blueprint.route("/tasks")
class Tasks(MethodView):
    @require()
    @blueprint.arguments(TaskQuery, location="query")
    @blueprint.response(200, TaskPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """One box of whoever asks: todo or done; or the open tasks of one case."""
        user = me()
        standing = standing_of(user)
        session = db.session()
        if "instance_id" in query:
            instance = visible(db.session.get(Instance, query["instance_id"]), user)
            found = inbox.open_tasks(session, instance.id)
            return {"items": [task_view(t, instance, user, standing) for t in found], "next": None, "total": len(found)}
        page = inbox.page(session, query["box"], standing, limit=query["limit"], cursor=query.get("cursor"))
        cases = select(Instance).where(Instance.id.in_({task.instance_id for task in page.items}))
        case_of = {case.id: case for case in session.scalars(cases)}
        return {
            "items": [task_view(task, case_of[task.instance_id], user, standing) for task in page.items],
            "next": page.next,
            "total": inbox.count(session, query["box"], standing),
        }


@blueprint.route("/tasks/<task_id>")
class OneTask(MethodView):
    @require()
    @blueprint.response(200, TaskSchema)
    def get(self, task_id: str) -> dict[str, Any]:
        """A task, with its form and what whoever asks may do with it."""
        user = me()
        task, instance = visible_task(task_id, user)
        return task_view(task, instance, user, standing_of(user), with_form=True)


@blueprint.route("/tasks/<task_id>/<any(claim, release, complete):verb>")
class Verb(MethodView):
    @require(reach=Reach.GROUP)
    @blueprint.arguments(TaskCommand)
    @blueprint.response(200, TaskAnswer)
    def post(self, body: dict[str, Any], task_id: str, verb: str) -> Any:
        """Claim, release or complete a task. Answers with the case's next tasks; 409 says who was faster."""
        return once(lambda given: act(given, me(), task_id, verb, body), TaskAnswer())


@blueprint.route("/tasks/<task_id>/transfer")
class Transfer(MethodView):
    @require(reach=Reach.GROUP)
    @blueprint.arguments(TransferBody)
    @blueprint.response(200, TaskAnswer)
    def post(self, body: dict[str, Any], task_id: str) -> Any:
        """转办: hand a task to a colleague of its group, who sees from whom and why."""
        return once(lambda given: act(given, me(), task_id, "transfer", body), TaskAnswer())


@blueprint.route("/tasks/<task_id>/colleagues")
class TaskColleagues(MethodView):
    @require(UserKind.AUTHORITY)
    @blueprint.response(200, Colleagues)
    def get(self, task_id: str) -> dict[str, Any]:
        """The colleagues to whom a task may be transferred."""
        user = me()
        task, _ = visible_task(task_id, user)
        return {"items": colleagues(task, standing_of(user))}


def act(given: Command, user: User, task_id: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    """Carry out one verb and say what is open now."""
    task, instance = visible_task(task_id, user)
    try:
        if verb == "claim":
            given.claim(task_id)
        elif verb == "release":
            given.release(task_id)
        elif verb == "transfer":
            given.transfer(task_id, body["to"], body["reason"])
        else:
            given.complete(task_id, data=body.get("data"), opinion=body.get("opinion"))
    except CommandRefused as refusal:
        raise in_words(given.session, refusal, task) from refusal
    standing = standing_of(user)
    return {
        "instance": {
            "id": instance.id,
            "status": instance.status,
            "waiting": waiting(runtime().engine, given.session, instance),
        },
        "tasks": [task_view(following, instance, user, standing) for following in given.open_tasks(instance)],
    }
