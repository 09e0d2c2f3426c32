"""The decision panel: what a task's form offers, what each outcome needs, and who has the case after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from engine import verbs
from engine.assignment import Standing
from engine.errors import EngineError
from engine.forms import Form
from engine.model import Node, ProcessModel
from engine.tables import Task
from records.documents import Document
from records.users import User
from web.api.views import colleagues, standing_of
from web.database import db
from web.form_words import in_words
from web.pages import commands, form_fields, people, wording
from web.pages.course import Course, outcomes_of
from web.texts import gettext as _
from web.texts import told

OPINION_MAX = 500


@dataclass(frozen=True)
class Typed:
    """What was typed into a panel that is shown again, and what was wrong with it, by field."""

    decision: str = ""
    opinion: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


NOTHING_TYPED = Typed()


def panel(
    course: Course, task: Task, document: Document | None, user: User, typed: Typed = NOTHING_TYPED
) -> dict[str, Any]:
    """The panel of a task for whoever looks at it (`macros/decision.html`)."""
    standing = standing_of(user)
    allowed = verbs.allowed(task, course.instance, standing)
    principal = verbs.on_behalf_of(task, standing)
    form, ui = course.form_of(task.element_id), in_words(course.ui_form_of(task.element_id), told)
    shown: dict[str, Any] = {
        "state": "closed" if course.instance.suspended else _state(task, standing, allowed),
        "claimed_by": people.name_of(db.session(), task.assignee) if task.assignee else "",
        "on_behalf_of": people.name_of(db.session(), principal) if principal else "",
        "question": told(_property(form, "decision").get("title")) or _("办理意见"),
        "outcomes": _outcomes(course, task, form, document),
        "chosen": typed.decision,
        "fields": form_fields.asked(form, ui, typed.fields),
        "asks_opinion": form is None or bool(_property(form, "opinion")),
        "opinion": typed.opinion,
        "opinion_title": told(_property(form, "opinion").get("title")) or _("意见说明"),
        "opinion_placeholder": ui.get("opinion", {}).get("ui:placeholder", ""),
        "opinion_max": _property(form, "opinion").get("maxLength", OPINION_MAX),
        "opinion_required": form is not None and "opinion" in form.document.get("required", ()),
        "opinions": _property(form, "opinion").get("examples", []),
        "revision": commands.revision_of(document),
        "command_id": commands.fresh(),
        "errors": typed.errors,
        "closed_text": _why_closed(task, course),
    }
    names = {"claim": "claim_url", "release": "release_url", "complete": "submit_url", "transfer": "transfer_url"}
    for verb in allowed:
        shown[names[verb]] = url_for("task.act", task_id=task.id, verb=verb)
    if "transfer" in allowed:
        shown["colleagues"] = [{"value": found.username, "label": found.name} for found in colleagues(task, standing)]
    if task.state == "open" and task.handed_by:
        shown["handed_by"], shown["handed_reason"] = people.name_of(db.session(), task.handed_by), task.handed_reason
    return shown


def _state(task: Task, standing: Standing, allowed: list[str]) -> str:
    if task.state == "open" and task.assignee in standing.names and "complete" in allowed:
        return "mine"
    if "claim" in allowed:
        return "unclaimed"
    return "other" if task.state == "open" and task.assignee else "closed"


def _why_closed(task: Task, course: Course) -> str:
    if task.state == "done":
        who = people.name_of(db.session(), task.completed_by) if task.completed_by else _("系统")
        time = wording.short_moment(task.ended_at)
        return _("「%(task)s」已由%(who)s于 %(time)s 办理。", task=told(task.name), who=who, time=time)
    if task.state == "cancelled":
        return _("「%(task)s」已取消，不再需要办理。", task=told(task.name))
    if course.instance.suspended:
        return _("这个案件已挂起，恢复后才能办理。")
    return _("这一步由%(role)s办理，你可以查看全部内容。", role=people.role_title(task.role))


def _property(form: Form | None, name: str) -> dict[str, Any]:
    found: dict[str, Any] = form.document.get("properties", {}).get(name, {}) if form is not None else {}
    return found


def _outcomes(course: Course, task: Task, form: Form | None, document: Document | None) -> list[dict[str, Any]]:
    """Each outcome as the form describes it. `confirm` of its UI Schema names those to be asked about once more."""
    confirm = course.ui_form_of(task.element_id).get("decision", {}).get("ui:options", {}).get("confirm", {})
    shown = []
    for outcome in outcomes_of(form):
        value, label = outcome["const"], told(outcome.get("title", outcome["const"]))
        shown.append(
            {
                "value": value,
                "label": label,
                "consequence": told(outcome.get("description")),
                "opinion_required": _needs_opinion(form, value),
                "next": _next(course, task, value, document) or told(outcome.get("description")) or label,
                "danger": value in confirm,
                "confirm_title": _("确认%(outcome)s", outcome=label) if value in confirm else "",
                "confirm_text": told(confirm.get(value)),
            }
        )
    return shown


def _needs_opinion(form: Form | None, value: str) -> bool:
    """Whether the form refuses the outcome without an opinion: the form's own rule is asked."""
    return form is not None and any(error.field == "opinion" for error in form.check({"decision": value}))


def _next(course: Course, task: Task, value: str, document: Document | None) -> str:
    """Who has the case after an outcome, where the diagram says so by the outcome alone; else nothing."""
    place = course.places.get(task.element_id)
    node = _reached(place.process, place.node, value) if place else None
    if node is None or node.kind != "userTask":
        return ""
    return people.holders(db.session(), document.agency_id if document else None, node.lane)


def _reached(process: ProcessModel, node: Node, decision: str) -> Node | None:
    """The user task or end that a task leads to, through gateways that ask for nothing but the decision."""
    nodes = {one.id: one for one in process.walk()}
    seen = {node.id}
    while True:
        flows = [flow for flow in node.outgoing if _taken(flow.condition, decision)]
        if len(flows) != 1:
            return None
        node = nodes[flows[0].target]
        if node.kind in ("userTask", "endEvent"):
            return node
        if node.id in seen:
            return None
        seen.add(node.id)


def _taken(condition: Any, decision: str) -> bool:
    if condition is None:
        return True
    try:
        return bool(condition.evaluate({"decision": decision}, {}))
    except EngineError:
        return True  # it asks for more than the decision: the way stays open
