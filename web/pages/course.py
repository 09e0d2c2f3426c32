"""The course of a case, read from its diagram and its history: what is done, where it stands, who acted.

Nothing here knows the steps of a procedure. They are the user tasks on the diagram's usual way, which follows the
first flow out of every gateway; a diagram with one step more shows one step more.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import select

from engine.deployments import CompiledDeployment
from engine.forms import Form
from engine.history import HistoryLine, lines, waiting
from engine.inbox import open_tasks
from engine.model import Node, ProcessModel
from engine.tables import Definition, Incident, Instance, Task
from records.documents import Document, DocumentStatus, DocumentVersion
from records.filings import FILING
from records.users import User, UserKind, user_by_username
from web.api.views import is_told, tells_who
from web.database import db
from web.pages import people, wording
from web.personal import LOOKED
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

ENTERPRISE = "enterprise"
_LIFE = "certificate"
"""The process that follows what a project holds."""
_STATES = {"return": "returned", "back": "returned", "correct": "returned", "refuse": "refused", "reject": "refused"}
_HANDED_ON = ("transferred", "handed_over")
_CATCHING = ("boundaryEvent", "intermediateCatchEvent")


def procedure_name(definition: Definition, document: Document | None) -> str:
    """What people call the procedure of a case: its document's title, or what it follows."""
    if document is not None and document.process == definition.key:
        return told(document.TITLE)
    return told(document.HOLDS.NOUN if document is not None and definition.key == _LIFE else definition.name)


@dataclass(frozen=True)
class Place:
    """An element and the process it stands in."""

    process: ProcessModel
    node: Node


@lru_cache(maxsize=100)
def _layout(deployment: CompiledDeployment, key: str) -> tuple[list[ProcessModel], dict[str, Place]]:
    """A process, then those it calls that are of the same deployment; and the elements of all, by their ids. Worked out
    once, since a list may have a case of it in each line."""
    processes = [deployment.processes[key]]
    for process in processes:
        for node in process.walk():
            called = deployment.processes.get(node.called or "")
            if called is not None and called not in processes:
                processes.append(called)
    return processes, {node.id: Place(process, node) for process in reversed(processes) for node in process.walk()}


class Course:
    """One case. Reading it costs a few queries, each made when it is first needed."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.definition = db.session.get_one(Definition, instance.definition_id)
        self._deployment: CompiledDeployment = (
            runtime().engine.deployments.compiled(db.session(), instance.definition_id).deployment
        )
        self.root = self._deployment.processes[self.definition.key]
        self.processes, self.places = _layout(self._deployment, self.definition.key)

    @cached_property
    def lines(self) -> list[HistoryLine]:
        return lines(runtime().engine, db.session(), self.instance)

    @cached_property
    def lines_now(self) -> list[HistoryLine]:
        """The history without former rounds of called processes: what they did is not done in this round."""
        begun: dict[str, int] = {}
        for line in self.lines:
            place = self._called(line)
            if place is not None and place.node.kind == "startEvent":
                begun[place.process.id] = line.seq
        return [
            line
            for line in self.lines
            if (place := self._called(line)) is None or line.seq >= begun.get(place.process.id, 0)
        ]

    def _called(self, line: HistoryLine) -> Place | None:
        place = self.places.get(line.element_id or "")
        return place if place is not None and place.process is not self.root else None

    @cached_property
    def waiting(self) -> list[str]:
        return waiting(runtime().engine, db.session(), self.instance)

    @cached_property
    def tasks(self) -> list[Task]:
        return open_tasks(db.session(), self.instance.id)

    @cached_property
    def done(self) -> set[str]:
        """Elements that were completed, in this round."""
        return {line.element_id for line in self.lines_now if line.action == "completed" and line.element_id}

    @cached_property
    def current(self) -> set[str]:
        """Elements where the case stands, with the call activities around them."""
        here = set(self.waiting)
        standing = {self.places[element].process.id for element in here if element in self.places}
        return here | {
            place.node.id for place in self.places.values() if place.node.called in standing and place.node.called
        }

    @cached_property
    def failed(self) -> set[str]:
        query = select(Incident.element_id).where(
            Incident.instance_id == self.instance.id, Incident.resolved_at.is_(None)
        )
        return {element for element in db.session.scalars(query) if element}

    def form_of(self, element_id: str | None) -> Form | None:
        """The JSON Schema of an element's form."""
        place = self.places.get(element_id or "")
        return self._deployment.forms.get(place.node.form or "") if place else None

    def ui_form_of(self, element_id: str | None) -> dict[str, Any]:
        """The UI Schema beside it."""
        place = self.places.get(element_id or "")
        form = self._deployment.forms.get(place.node.ui_form or "") if place else None
        return form.document if form is not None else {}

    def last_act(self) -> HistoryLine | None:
        """What a person completed last."""
        return next((line for line in reversed(self.lines) if _is_act(line)), None)

    @cached_property
    def usual(self) -> dict[str, Place]:
        """Every element on the usual way, in order, those of called processes within."""
        way: dict[str, Place] = {}
        self._follow(self.root, way)
        return way

    @cached_property
    def usual_way(self) -> list[Node]:
        """What people know of it: start, user tasks and end."""
        return [
            node
            for process, node in ((place.process, place.node) for place in self.usual.values())
            if node.kind == "userTask" or (process is self.root and node.kind in ("startEvent", "endEvent"))
        ]

    def _follow(self, process: ProcessModel, way: dict[str, Place]) -> None:
        node = next((node for node in process.nodes.values() if node.kind == "startEvent"), None)
        while node is not None and node.id not in way:
            way[node.id] = Place(process, node)
            if node.called in self._deployment.processes:
                self._follow(self._deployment.processes[node.called], way)
            node = process.nodes[node.outgoing[0].target] if node.outgoing else None


def progress(course: Course) -> str:
    """Where a case stands, in a few words: 受理（李经办）."""
    standing = [
        _("%(step)s：%(holder)s", step=told(task.name), holder=people.holder(db.session(), task))
        for task in course.tasks
    ]
    if standing:
        return _("；").join(standing)
    names = [told(course.places[element].node.name) for element in course.waiting if element in course.places]
    return _("；").join(filter(None, names)) or _end_name(course)


def steps(course: Course, document: Document) -> list[dict[str, str]]:
    """The step strip of a filing: name, state, and who and when."""
    way = course.usual_way
    # A task beside the usual way counts for the first step that its role has in the same process, else in the case.
    step_of: dict[tuple[str, str | None], int] = {}
    for step, node in reversed(list(enumerate(way))):
        if node.kind == "userTask":
            step_of["", node.lane] = step_of[course.usual[node.id].process.id, node.lane] = step
    step_of["", ENTERPRISE] = 0

    def index_of(element_id: str | None) -> int | None:
        for index, node in enumerate(way):
            if node.id == element_id:
                return index
        place = course.places.get(element_id or "")
        if place is None or place.node.kind != "userTask":
            return None
        return step_of.get((place.process.id, place.node.lane), step_of.get(("", place.node.lane)))

    here = [index for element in course.waiting if (index := index_of(element)) is not None]
    acts = {index_of(line.element_id): line for line in course.lines_now if _is_act(line)}
    last = max((line.seq, index) for index, line in acts.items() if index)[1] if any(acts) else None
    strip = []
    for index, node in enumerate(way):
        position, note = _step(course, document, index, here, acts.get(index), last)
        strip.append({"name": told(node.name), "state": position, "note": note})
    return strip


def _step(
    course: Course, document: Document, index: int, here: list[int], act: HistoryLine | None, last: int | None
) -> tuple[str, str]:
    """The state of a step and its note."""
    final = index == len(course.usual_way) - 1
    if document.status == DocumentStatus.ISSUED:
        return "done", _reached(course, index) if final else _who_when(course, document, index, act)
    if index in here:
        if course.instance.suspended:
            return "paused", _("已挂起")
        if index == 0:
            return "current", _("待修改后重新提交")
        return "current", _("；").join(dict.fromkeys(_holding(task) for task in course.tasks))
    before = min(here) if here and min(here) > 0 else None
    if index == 0 or (before is not None and index < before):
        return "done", _who_when(course, document, index, act)
    if before is None and last is not None and index <= last:
        handed_back = {DocumentStatus.RETURNED: "returned", DocumentStatus.NOT_ACCEPTED: "failed"}
        position = handed_back.get(DocumentStatus(document.status), "done") if index == last else "done"
        return position, _who_when(course, document, index, act)
    return "todo", _expected(course, document, index)


def _reached(course: Course, index: int) -> str:
    """When the case came to a step of its usual way: it may go on after the end of that, to hand a paper over."""
    element_id = course.usual_way[index].id
    return next((wording.short_moment(line.at) for line in course.lines if line.element_id == element_id), "")


def _holding(task: Task) -> str:
    if task.assignee is None:
        return people.holder(db.session(), task)
    return _("%(name)s 办理中", name=people.name_of(db.session(), task.assignee))


def _who_when(course: Course, document: Document, index: int, act: HistoryLine | None) -> str:
    if index == 0:
        version = submitted_version(document)
        if version is None:
            return ""
        who = people.name_of(db.session(), version.submitted_by)
        return f"{who} {wording.short_moment(version.submitted_at)}"
    if act is None or act.actor is None:
        return ""
    who = people.name_of(db.session(), act.actor)
    if act.on_behalf_of is not None:
        who = _("%(name)s（代 %(principal)s）", name=who, principal=people.name_of(db.session(), act.on_behalf_of))
    return f"{who} {wording.short_moment(act.at)}"


def _expected(course: Course, document: Document, index: int) -> str:
    node = course.usual_way[index]
    if node.kind != "userTask":
        return _("系统自动")
    names = people.officials(db.session(), document.agency_id, node.lane or "")
    return _("、").join(names) if len(names) <= 2 else people.role_title(node.lane)


def submitted_version(document: Document, submission: int | None = None) -> DocumentVersion | None:
    """A version of a filing as it was submitted; the latest by default."""
    return db.session.get(DocumentVersion, (document.id, submission or document.submission))


def timeline(course: Course, document: Document, reader: User) -> list[dict[str, str]]:
    """What people did and what the case came to, for `macros/case.html`, open tasks last.

    Its enterprise reads it as a life, from the beginning; everybody else the newest first.
    """
    entries = [entry for line in course.lines if (entry := _entry(course, document, line, reader)) is not None]
    for task in course.tasks:
        taken = task.claimed_at if task.assignee else None
        entries.append(
            {
                "act": told(task.name),
                "who": people.holder(db.session(), task) if task.assignee or task.role == ENTERPRISE else _("待认领"),
                "time": _("%(time)s 认领", time=wording.short_moment(taken)) if taken else "",
                "state": "current",
            }
        )
    return entries if reader.kind == UserKind.ENTERPRISE else entries[::-1]


def _entry(course: Course, document: Document, line: HistoryLine, reader: User) -> dict[str, str] | None:
    place = course.places.get(line.element_id or "")
    time = wording.short_moment(line.at)
    if line.action == "started":
        return _by(line.actor, told(course.usual_way[0].name), time, "done")
    if line.action in ("suspended", "resumed"):
        act = _("挂起") if line.action == "suspended" else _("恢复")
        who = line.actor if tells_who(line, reader) else None
        return _by(who, act, time, line.action, str(line.data.get("reason") or ""))
    if line.action == LOOKED:
        return _by(line.actor, _("查看完整个人信息"), time, "done")
    if line.action == "revised":
        who = line.actor if tells_who(line, reader) else None
        return _by(who, _("重新计算期限"), time, "done", str(line.data.get("reason") or ""))
    if line.action in _HANDED_ON:
        return _handing_on(line, time) if is_told(line, reader) else None
    if line.action != "completed" or place is None:
        return None
    if _is_act(line):
        decision = line.data.get("decision")
        word = outcome_title(course.form_of(line.element_id), decision)
        name = told(place.node.name)
        act = _("%(step)s：%(holder)s", step=name, holder=word) if word not in ("", name) else name
        position = _STATES.get(str(decision), "done")
        return _by(line.actor, act, time, position, str(line.data.get("opinion") or ""), line.on_behalf_of)
    if place.node.kind in _CATCHING:
        version = submitted_version(document)
        who = version.submitted_by if version is not None else None
        return _by(who, told(place.node.name), time, "withdrawn")
    if place.node.kind == "endEvent":
        return _end(course, document, line, place, time)
    return None


def _handing_on(line: HistoryLine, time: str) -> dict[str, str]:
    """A task that went from one official to another: by themselves, or because one left."""
    receiver, before = line.data.get("assignee"), line.before.get("assignee")
    name = people.name_of(db.session(), receiver) if receiver else _("组内待认领")
    if line.action == "transferred":
        act = _("%(task)s：转办给%(name)s", task=told(line.element_name), name=name)
    else:
        leaver = people.name_of(db.session(), str(before))
        act = _("%(task)s：%(leaver)s移交给%(name)s", task=told(line.element_name), leaver=leaver, name=name)
    return _by(line.actor, act, time, "done", str(line.data.get("reason") or ""), line.on_behalf_of)


def _end(course: Course, document: Document, line: HistoryLine, place: Place, time: str) -> dict[str, str] | None:
    """An end that no person's act has told already: the case's usual one, and one that a rule led to."""
    by_system = {"act": told(place.node.name), "who": _("系统"), "time": time}
    if place.process is course.root:
        if place.node.id not in course.usual:
            return None
        issued = document.kind == FILING and document.certificate_number
        return by_system | {"state": "done", "opinion": _("备案证号 %(n)s", n=issued) if issued else ""}
    if place.node.id in course.usual or not _decided_by_rule(course, line):
        return None
    latest = document.status == DocumentStatus.RETURNED and line in course.lines_now
    return by_system | {"state": "returned", "opinion": document.opinion or "" if latest else ""}


def _decided_by_rule(course: Course, end: HistoryLine) -> bool:
    """Whether the end's own process asked a decision table between the last person's act and this end."""
    process = course.places[end.element_id or ""].process
    for line in reversed(course.lines):
        if line.seq < end.seq and line.action == "completed":
            if _is_act(line):
                return False
            if line.element_kind == "businessRuleTask":
                return line.element_id in course.places and course.places[line.element_id].process is process
    return False


def _by(
    username: str | None, act: str, time: str, position: str, opinion: str = "", on_behalf_of: str | None = None
) -> dict[str, str]:
    user = user_by_username(db.session(), username) if username else None
    who = people.shown_name(user) if user else (username or "")
    role = people.roles_of(user) if user else ""
    return {
        "act": act,
        "who": who,
        "role": role if role != who else "",
        "on_behalf_of": people.name_of(db.session(), on_behalf_of) if on_behalf_of else "",
        "time": time,
        "opinion": opinion,
        "state": position,
    }


def outcome_title(form: Form | None, decision: Any) -> str:
    """What an outcome is called on its form."""
    for outcome in outcomes_of(form):
        if outcome.get("const") == decision:
            return told(outcome.get("title", decision))
    return ""


def outcomes_of(form: Form | None) -> list[dict[str, Any]]:
    """The outcomes that a task's form offers, as the form describes them."""
    if form is None:
        return []
    found: list[dict[str, Any]] = form.document.get("properties", {}).get("decision", {}).get("oneOf", [])
    return found


def _end_name(course: Course) -> str:
    ends = [
        line
        for line in course.lines
        if line.element_kind == "endEvent" and course.places[line.element_id or ""].process is course.root
    ]
    return told(ends[-1].element_name) if ends else ""


def _is_act(line: HistoryLine) -> bool:
    return line.action == "completed" and line.actor is not None and line.element_kind == "userTask"
