"""Tasks: the boxes of whoever asks, and the verbs."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine import inbox
from engine.commands import Command
from engine.errors import CommandRefused
from engine.history import waiting
from engine.tables import Instance, Task
from records.users import User
from tasks.procedure import in_words
from web.api.idempotency import once
from web.api.schemas import TaskAnswer, TaskCommand, TaskPage, TaskQuery, TaskSchema
from web.api.views import groups_of, task_view, visible, visible_task
from web.database import db
from web.identity import me, require
from web.runtime import runtime

blueprint = Blueprint("tasks", __name__, description="User tasks as inboxes")


@blueprint.route("/tasks")
class Tasks(MethodView):
    @blueprint.arguments(TaskQuery, location="query")
    @blueprint.response(200, TaskPage)
    @require()
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """One box of whoever asks: todo or done; or the open tasks of one case."""
        user = me()
        groups = groups_of(user)
        session = db.session()
        if "instance_id" in query:
            instance = visible(db.session.get(Instance, query["instance_id"]), user)
            found = open_tasks(instance)
            return {"items": [task_view(t, user, groups) for t in found], "next": None, "total": len(found)}
        page = inbox.page(
            session, query["box"], user.username, groups, limit=query["limit"], cursor=query.get("cursor")
        )
        return {
            "items": [task_view(task, user, groups) for task in page.items],
            "next": page.next,
            "total": inbox.count(session, query["box"], user.username, groups),
        }


@blueprint.route("/tasks/<task_id>")
class OneTask(MethodView):
    @blueprint.response(200, TaskSchema)
    @require()
    def get(self, task_id: str) -> dict[str, Any]:
        """A task, with its form and what whoever asks may do with it."""
        user = me()
        task, _ = visible_task(task_id, user)
        return task_view(task, user, groups_of(user), with_form=True)


@blueprint.route("/tasks/<task_id>/<any(claim, release, complete):verb>")
class Verb(MethodView):
    @blueprint.arguments(TaskCommand)
    @blueprint.response(200, TaskAnswer)
    @require()
    def post(self, body: dict[str, Any], task_id: str, verb: str) -> Any:
        """Claim, release or complete a task. Answers with the case's next tasks; 409 says who was faster."""
        return once(lambda given: act(given, me(), task_id, verb, body), TaskAnswer())


def act(given: Command, user: User, task_id: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    """Carry out one verb and say what is open now."""
    task, instance = visible_task(task_id, user)
    try:
        if verb == "claim":
            given.claim(task_id)
        elif verb == "release":
            given.release(task_id)
        else:
            given.complete(task_id, data=body.get("data"), opinion=body.get("opinion"))
    except CommandRefused as refusal:
        raise in_words(given.session, refusal, task) from refusal
    groups = groups_of(user)
    return {
        "instance": {
            "id": instance.id,
            "status": instance.status,
            "waiting": waiting(runtime().engine, given.session, instance),
        },
        "tasks": [task_view(following, user, groups) for following in open_tasks(instance)],
    }


def open_tasks(instance: Instance) -> list[Task]:
    query = select(Task).where(Task.instance_id == instance.id, Task.state == "open")
    return list(db.session.scalars(query.order_by(Task.created_at, Task.id)))
