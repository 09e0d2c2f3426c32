"""Rows of the engine as the REST interface shows them, and who may see which case."""

from typing import Any

from flask import g, has_request_context
from sqlalchemy import select

from engine import state, values, verbs
from engine.assignment import Standing
from engine.errors import CommandRefused
from engine.history import HistoryLine, lines, waiting
from engine.tables import Definition, Incident, Instance, Task
from records.assignment import members_of
from records.documents import Document
from records.jurisdiction import sees
from records.masking import name_for
from records.roles import OVERSEEING
from records.users import User, UserKind
from web.database import db
from web.runtime import runtime

_AMONG_COLLEAGUES = ("transferred", "handed_over")


def standing_of(user: User) -> Standing:
    """In whose names a user may act now; looked up once a request."""
    known: dict[str, Standing] = g.setdefault("standings", {}) if has_request_context() else {}
    if user.username not in known:
        engine = runtime().engine
        known[user.username] = engine.policy.standing_of(db.session(), user.username, engine.clock.now())
    return known[user.username]


def groups_of(user: User) -> frozenset[str]:
    """Every group a user may act for now: their own, and those of whom they substitute."""
    return standing_of(user).groups


def colleagues(task: Task, standing: Standing) -> list[User]:
    """To whom somebody may give a task; nobody where it is not his group's, so that he learns of no other's people."""
    has_it, objection = verbs.TRANSFER.in_whose_name(task, standing)
    if objection is verbs.Objection.FORBIDDEN:
        return []
    members = members_of(db.session(), task.candidate_group) if task.candidate_group else ()
    return [user for user in members if user.username not in (task.assignee, has_it.name)]


def visible(instance: Instance | None, user: User) -> Instance:
    """The case, if it is the user's enterprise's, in his agency's jurisdiction, or the user an administrator.

    Raises CommandRefused 404 also where it exists but is not theirs, so that ids cannot be tried out.
    """
    if instance is not None and (user.admin_role in OVERSEEING or _is_in_sight(instance, user)):
        return instance
    raise CommandRefused("instance_unknown", "没有这个案件，或者它不归你办理。", status=404)


def _is_in_sight(instance: Instance, user: User) -> bool:
    variables = state.variables(instance.state)
    enterprise_id, agency_id = variables.get("enterprise"), variables.get("agency")
    if sees(db.session(), user, enterprise_id=enterprise_id, agency_id=agency_id):
        return True
    # A project can change hands: whoever has the case's document now may look though others handled the case.
    document = db.session.get(Document, instance.business_key) if instance.business_key else None
    return document is not None and sees(
        db.session(), user, enterprise_id=document.enterprise_id, agency_id=document.agency_id
    )


def visible_task(task_id: str, user: User) -> tuple[Task, Instance]:
    """A task of a case the user may look at."""
    task = db.session.get(Task, task_id)
    if task is None:
        raise CommandRefused("task_unknown", "没有这件任务。", status=404)
    return task, visible(db.session.get(Instance, task.instance_id), user)


def instance_view(instance: Instance) -> dict[str, Any]:
    definition = db.session.get_one(Definition, instance.definition_id)
    incidents = select(Incident).where(Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
    return instance_line(instance, definition) | {
        "data": plain(state.variables(instance.state)),
        "waiting": waiting(runtime().engine, db.session(), instance),
        "incidents": db.session.scalars(incidents.order_by(Incident.id)).all(),
    }


def instance_line(instance: Instance, definition: Definition) -> dict[str, Any]:
    return {
        "id": instance.id,
        "definition": definition.key,
        "version": definition.version,
        "status": instance.status,
        "business_key": instance.business_key,
        "started_at": instance.started_at,
        "ended_at": instance.ended_at,
    }


def task_view(
    task: Task, instance: Instance, user: User, standing: Standing, *, with_form: bool = False
) -> dict[str, Any]:
    of_colleagues = user.kind != UserKind.ENTERPRISE or task.candidate_group in standing.groups
    view: dict[str, Any] = {
        "id": task.id,
        "instance_id": task.instance_id,
        "business_key": instance.business_key,
        "element_id": task.element_id,
        "name": task.name,
        "role": task.role,
        "assignee": task.assignee,
        "state": task.state,
        "created_at": task.created_at,
        "due_at": task.due_at,
        "ended_at": task.ended_at,
        "handed_by": task.handed_by if of_colleagues else None,
        "handed_reason": task.handed_reason if of_colleagues else None,
        "on_behalf_of": verbs.on_behalf_of(task, standing),
        "allowed_actions": verbs.allowed(task, instance, standing),
    }
    if with_form:
        view["form"] = form_of(task)
    return view


def form_of(task: Task) -> dict[str, Any] | None:
    """The JSON Schema and UI Schema of a task's form, of the version its case runs on."""
    spec = runtime().engine.deployments.compiled(db.session(), task.definition_id)
    node = next((n for n in spec.deployment.processes[spec.name].walk() if n.id == task.element_id), None)
    if node is None or node.form is None:
        return None
    forms = spec.deployment.forms
    return {
        "schema": forms[node.form].document,
        "ui_schema": forms[node.ui_form].document if node.ui_form else {},
    }


def tells_who(line: HistoryLine, reader: User) -> bool:
    """Whether a reader is told who did something: an enterprise is not told which operator acted on its case."""
    by_operator = line.element_id is None and line.action != "started"
    return not by_operator or reader.kind != UserKind.ENTERPRISE


def is_told(line: HistoryLine, reader: User) -> bool:
    """Whether a reader is told of a line at all: how officials share their work out is not an enterprise's business."""
    return reader.kind != UserKind.ENTERPRISE or line.action not in _AMONG_COLLEAGUES


def history_view(instance: Instance, reader: User) -> list[dict[str, Any]]:
    """What happened to a case, oldest first, with the elements' and people's names."""
    shown, told = [], [line for line in lines(runtime().engine, db.session(), instance) if is_told(line, reader)]
    names = _names({name for line in told for name in (line.actor, line.on_behalf_of) if name}, reader)
    for line in told:
        actor = line.actor if tells_who(line, reader) else None
        data, before = values.from_json(line.data), values.from_json(line.before)
        shown.append(
            {
                "seq": line.seq,
                "at": line.at,
                "action": line.action,
                "element_id": line.element_id,
                "name": line.element_name,
                "actor": actor,
                "actor_name": names.get(actor, actor) if actor else None,
                "on_behalf_of": line.on_behalf_of,
                "on_behalf_of_name": names.get(line.on_behalf_of, line.on_behalf_of) if line.on_behalf_of else None,
                "data": plain(data),
                "before": plain(before),
                "opinion": data.get("opinion"),
                "decision": data.get("decision"),
            }
        )
    return shown


def _names(usernames: set[str], reader: User) -> dict[str, str]:
    """People's names as a reader is told them, by their usernames."""
    users = db.session.scalars(select(User).where(User.username.in_(usernames)))
    return {user.username: name_for(user, reader) for user in users}


def plain(value: Any) -> Any:
    """A process value as JSON for readers: dates and amounts as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
