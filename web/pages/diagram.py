"""A case's diagram with its course drawn in, as the front end asks for it (ui: already done, current, not reached)."""

from typing import Any

from flask import Blueprint

from engine.model import ProcessModel
from engine.tables import DeploymentFile, Instance
from web.api.views import visible
from web.database import db
from web.identity import me, require
from web.pages import people
from web.pages.course import Course
from web.texts import gettext as _
from web.texts import told

blueprint = Blueprint("diagram", __name__)


@blueprint.get("/instances/<instance_id>/diagram")
@require()
def show(instance_id: str) -> dict[str, Any]:
    """`diagrams`: the case's process and those that it calls or usually does, each with XML, the state of its elements
    (done, current, failed; those not named are not reached), the flows taken, and the element to look at first."""
    instance = visible(db.session.get(Instance, instance_id), me())
    course = Course(instance)
    return {
        "title": told(course.definition.name),
        "version": course.definition.version,
        "status": instance.status,
        "diagrams": [_diagram(course, process) for process in _shown(course)],
        "open": _open(course),
        "notes": {task.element_id: people.holder(db.session(), task) for task in course.tasks},
        "words": {
            "zoom_in": _("放大"),
            "zoom_out": _("缩小"),
            "fit": _("显示全图"),
        },
    }


def _shown(course: Course) -> list[ProcessModel]:
    """The case's process, those that it calls on its usual way, and of the others those that it came to."""
    usual = {place.process.id for place in course.usual.values()}
    reached = course.done | course.current
    return [
        process
        for process in course.processes
        if process.id in usual or any(node.id in reached for node in process.walk())
    ]


def _diagram(course: Course, process: ProcessModel) -> dict[str, Any]:
    file = db.session.get_one(DeploymentFile, (course.definition.deployment_id, process.file))
    states = dict.fromkeys(course.done, "done")
    states |= dict.fromkeys(course.current, "current") | dict.fromkeys(course.failed, "failed")
    here = {node.id for node in process.walk()}
    return {
        "key": process.id,
        "name": told(process.name),
        "xml": file.content.decode("utf-8"),
        "elements": {element: state for element, state in states.items() if element in here},
        "flows": _taken(course, process),
        "focus": _focus(course, here),
    }


def _focus(course: Course, here: set[str]) -> str | None:
    """Where the case stands in a diagram, or what it completed there last."""
    standing = [element for element in course.current if element in here]
    done = [line.element_id for line in course.lines_now if line.action == "completed" and line.element_id in here]
    return next(iter(standing or reversed(done)), None)


def _open(course: Course) -> str:
    """The diagram to show first: the innermost one in which the case stands."""
    for process in reversed(course.processes):
        if any(node.id in course.waiting for node in process.walk()):
            return process.id
    return course.root.id


def _taken(course: Course, process: ProcessModel) -> list[str]:
    """The flows that tokens went along: into each element reached, from its latest forerunner that was completed.

    History tells elements, not flows. Into a join every completed forerunner counts.
    """
    order = [line.element_id for line in course.lines_now if line.action == "completed"] + list(course.current)
    latest: dict[str, int] = {}
    taken: dict[str, None] = {}
    for position, element in enumerate(order):
        node = process.nodes.get(element or "")
        if node is None:
            continue
        came = [flow for flow in node.incoming if flow.source in latest]
        if came and node.kind != "parallelGateway":
            came = [max(came, key=lambda flow: latest[flow.source])]
        taken |= dict.fromkeys(flow.id for flow in came)
        latest[node.id] = position
    return list(taken)
