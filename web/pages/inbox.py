"""The boxes: 待办, 已办, 待阅, 已阅. A count and its list stand on one condition, the engine's."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import Session, contains_eager, load_only

from engine import inbox, verbs
from engine.assignment import Standing
from engine.inbox import Narrowing
from engine.tables import Definition, Instance, Task
from records.account_merges import PROCESS as MERGING
from records.account_merges import AccountMerge
from records.approvals import APPROVAL
from records.calendar import local_date
from records.documents import IN_PROGRESS, Document, DocumentStatus
from records.enterprises import Enterprise
from records.notices import Notice, mark_read, notice_of, unread_count
from records.notices import notices as notices_of
from records.users import User, UserKind
from web.api.views import groups_of, standing_of
from web.database import db
from web.identity import me, require, session_id
from web.pages import addresses, commands, lists, people, wording
from web.pages.clock import Clocks
from web.pages.course import Course, outcome_title, procedure_name
from web.pages.library import quick_links
from web.pages.shell import know_todo
from web.reach import Reach
from web.runtime import command, runtime
from web.texts import gettext as _
from web.texts import told

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")

_MOST_NOTICES = 100

_NOTHING: Mapping[str, Any] = {}

_PARTS: Mapping[str, Narrowing] = {
    "all": (),
    "overdue": (Task.due_at <= bindparam("now"),),
    "today": (Task.due_at > bindparam("now"), Task.due_at <= bindparam("tonight")),
    "later": (Task.due_at > bindparam("tonight"),),
    "mine": (Task.assignee.in_(bindparam("names", expanding=True)),),
    "free": (Task.assignee.is_(None),),
}
"""The parts of the to-do list: by how long is left, and by who has the task."""

_OF_APPROVALS: Mapping[str, str] = {DocumentStatus.RETURNED: "CORRECTING", DocumentStatus.ISSUED: "APPROVED"}
"""What approval calls otherwise: 补正, 予以核准."""

_DONE_SINCE: Narrowing = (Task.ended_at >= bindparam("since"),)


@blueprint.get("/todo")
@require()
def todo() -> str:
    """待办任务: what is mine and what my group may claim, the most urgent first."""
    user, now = me(), runtime().engine.clock.now()
    standing = standing_of(user)
    given = {"now": now, "tonight": _midnight(now) + timedelta(days=1), "names": sorted(standing.names)}
    chosen = request.args.get("show", "all")
    chosen = chosen if chosen in _PARTS else "all"
    text = lists.searched()
    counts = inbox.counts(db.session(), "todo", standing, _PARTS.values(), **given)
    counted = dict(zip(_PARTS, counts, strict=True))
    know_todo(counted["all"])
    narrowing = (*_PARTS[chosen], _about(text)) if text else _PARTS[chosen]
    total = _count("todo", standing, narrowing, given) if text else counted[chosen]
    found = _part("todo", standing, narrowing, total, given)
    names = _names(user, standing, [row.Task for row in found.rows])
    clocks = Clocks(db.session(), [row.Document for row in found.rows if row.Document], local_date(now))
    return render_template(
        "inbox/todo.html",
        place=people.place_of(db.session(), user),
        role=people.roles_of(user),
        figures=_figures(counted, chosen),
        kinds=[],
        query=text,
        sorts=[],
        hidden={"show": chosen} if chosen != "all" else {},
        rows=[_todo_row(standing, names, clocks, *row) for row in found.rows],
        page=found.foot,
        filtered_text=_filtered_text(text, chosen),
        clear_url=url_for("inbox.todo"),
        done_today=_done_today(standing, now) if not found.rows else None,
        boxes=quick_links() if user.kind != UserKind.ENTERPRISE else [],
    )


@blueprint.get("/done")
@require()
def done() -> str:
    """已办任务: what I have completed, the latest first."""
    user, text = me(), lists.searched()
    standing, narrowing = standing_of(user), (_about(text),) if text else ()
    found = _part("done", standing, narrowing, _count("done", standing, narrowing))
    return render_template(
        "inbox/done.html",
        place=people.place_of(db.session(), user),
        role=people.roles_of(user),
        query=text,
        hidden={},
        rows=[_done_row(*row) for row in found.rows],
        page=found.foot,
        clear_url=url_for("inbox.done"),
    )


@blueprint.get("/unread", defaults={"box": "unread"})
@blueprint.get("/read", defaults={"box": "read"})
@require()
def notices(box: str) -> str:
    """待阅任务 and 已阅任务."""
    user, session = me(), db.session()
    groups = groups_of(user)
    found = notices_of(session, groups, read=box == "read", limit=_MOST_NOTICES)
    labels = {"unread": _("待阅"), "read": _("已阅")}
    return render_template(
        "inbox/notices.html",
        box=box,
        place=people.place_of(session, user),
        boxes=[
            {
                "label": labels[name],
                "count": unread_count(session, groups) if name == "unread" else None,
                "url": url_for("inbox.notices", box=name),
                "active": name == box,
            }
            for name in labels
        ],
        rows=[_notice_row(notice) for notice in found],
        read_all_url=url_for("inbox.read_all") if box == "unread" else None,
        page=None,
    )


@blueprint.get("/notices/<int:notice_id>")
@require(reach=Reach.OWN)
def open_notice(notice_id: int) -> Any:
    """Open a notice, which leads to what it is about. It counts as read where a person opens it in a browser; whoever
    comes by a token reads without changing anything, and marks it by a POST."""
    user = me()
    if session_id() is None or request.method != "GET":
        return redirect(_about_what(db.session(), notice_of(db.session(), notice_id, groups_of(user))))
    with command(user.username) as given:
        notice = mark_read(given.session, notice_id, groups_of(user), actor=user.username, now=given.now)
        address = _about_what(given.session, notice)
    return redirect(address)


@blueprint.post("/notices/<int:notice_id>/read")
@require(reach=Reach.OWN)
def read(notice_id: int) -> Any:
    """Mark one notice as read."""
    user = me()
    with command(user.username) as given:
        mark_read(given.session, notice_id, groups_of(user), actor=user.username, now=given.now)
    return redirect(url_for("inbox.notices"), 303)


@blueprint.post("/notices/read")
@require()
def read_all() -> Any:
    """Mark every notice that the page showed as read."""
    user = me()
    groups = groups_of(user)
    with command(user.username) as given:
        unread = notices_of(given.session, groups, read=False, limit=_MOST_NOTICES)
        for notice in unread:
            mark_read(given.session, notice.id, groups, actor=user.username, now=given.now)
    flash(_("%(n)s 项已标为已阅。", n=len(unread)), "success")
    return redirect(url_for("inbox.notices"), 303)


def _count(box: str, standing: Standing, narrowing: Narrowing, given: Mapping[str, Any] = _NOTHING) -> int | None:
    return inbox.counts(db.session(), box, standing, [narrowing], **given)[0]


def _part(
    box: str, standing: Standing, narrowing: Narrowing, total: int | None, given: Mapping[str, Any] = _NOTHING
) -> lists.Part:
    """The part of a box that `?page=` asks for: tasks with their case, its procedure and what it is about."""
    whose = inbox.parameters(box, standing)
    query = _rows(box, tuple(whose), narrowing)

    def rows(limit: int, offset: int) -> list[Any]:
        return list(db.session.execute(query, {**whose, **given, **inbox.portion(limit, offset)}))

    return lists.counted_part(total, rows)


@lru_cache(maxsize=100)
def _rows(box: str, whose: tuple[str, ...], narrowing: Narrowing) -> Select[Task, Instance, Definition, Document]:
    """What the rows tell, and no more."""
    found = inbox.tasks(box, whose, narrowing).subquery()
    return (
        select(Task, Instance, Definition, Document)
        .join(found, found.c.id == Task.id)
        .join(Instance, Instance.id == Task.instance_id)
        .join(Definition, Definition.id == Instance.definition_id)
        .outerjoin(Document, Document.id == Instance.business_key)
        .outerjoin(Document.enterprise)
        .options(
            load_only(Instance.definition_id, Instance.business_key, Instance.status),
            load_only(Definition.key, Definition.name),
            load_only(Document.project_name, Document.status, Document.submission, Document.submitted_at),
            contains_eager(Document.enterprise).load_only(Enterprise.name),
        )
        .order_by(*inbox.order(box))
    )


def neighbours(user: User, task: Task) -> tuple[str | None, str | None]:
    """The tasks before and after one in its reader's to-do list."""
    whose = inbox.parameters("todo", standing_of(user))
    ids = list(db.session.scalars(inbox.tasks("todo", tuple(whose)), {**whose, **inbox.portion(200)}))
    if task.id not in ids:
        return None, None
    at = ids.index(task.id)
    return ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None


def _about(text: str) -> ColumnElement[bool]:
    """Tasks whose name, or whose case's project or enterprise, contains a text."""
    document = (
        select(Instance.id)
        .join(Document, Document.id == Instance.business_key)
        .join(Document.enterprise)
        .where(
            Instance.id == Task.instance_id,
            lists.containing(text, Document.project_name, Document.project_code, Document.number, Enterprise.name),
        )
    )
    return or_(lists.containing(text, Task.name), document.exists())


def _figures(counted: Mapping[str, int | None], chosen: str) -> list[dict[str, Any]]:
    labels = {
        "all": (_("全部待办"), "", ""),
        "overdue": (_("已超期"), "red", "alarm"),
        "today": (_("今日到期"), "amber", "clock"),
        "later": (_("时限内"), "", ""),
        "mine": (_("我已认领"), "", ""),
        "free": (_("组内待认领"), "", ""),
    }
    return [
        {
            "label": label,
            "value": lists.told(counted[name]) or 0,
            "tone": tone,
            "icon": glyph,
            "url": url_for("inbox.todo", show=None if name == "all" else name),
            "active": name == chosen,
        }
        for name, (label, tone, glyph) in labels.items()
    ]


def _filtered_text(text: str, chosen: str) -> str:
    if text:
        return _("已按“%(query)s”查询。", query=text)
    return _("这一类目前没有待办。") if chosen != "all" else ""


def _names(user: User, standing: Standing, tasks: list[Task]) -> dict[str, str]:
    """The names of everybody whom the rows of some tasks tell, by their usernames."""
    told = {name for task in tasks for name in (task.assignee, task.handed_by) if name} | set(standing.names)
    others = told - {user.username}
    query = select(User.username, User.name).where(User.username.in_(others))
    return {user.username: user.name, **(dict(db.session.execute(query).all()) if others else {})}


def _todo_row(
    standing: Standing,
    names: dict[str, str],
    clocks: Clocks,
    task: Task,
    instance: Instance,
    definition: Definition,
    document: Document | None,
) -> dict[str, Any]:
    # What an authority does after it has answered, such as stamping, is not what was received.
    open_document = document if document is not None and document.status in IN_PROGRESS else None
    received = (open_document.submitted_at if open_document else None) or task.created_at
    allowed = verbs.allowed(task, instance, standing)
    principal = verbs.on_behalf_of(task, standing)
    name = names.get(task.assignee or "", task.assignee or "")
    return {
        "id": task.id,
        "url": url_for("task.page", task_id=task.id),
        "name": (document.project_name if document else None) or told(task.name),
        "enterprise": document.enterprise.name if document else _asking(instance, definition),
        "kind": procedure_name(definition, document),
        "step": told(task.name),
        "status": status_of(open_document) if open_document else told(task.name),
        "suspended": instance.suspended,
        "received_date": wording.month_day(received),
        "received_time": wording.clock_time(received),
        "clock": clocks.of(document, instance) if document else None,
        "assignee": "mine" if task.assignee == standing.person.name else "other" if task.assignee else "",
        "assignee_name": name,
        "assignee_initial": name[:1],
        "claim_url": url_for("task.act", task_id=task.id, verb="claim") if "claim" in allowed else None,
        "on_behalf_of": names.get(principal, principal) if principal else "",
        "handed_by": names.get(task.handed_by, task.handed_by) if task.handed_by else "",
        "handed_reason": task.handed_reason or "",
        "handles": task.assignee in standing.names and "complete" in allowed,
        "revision": commands.revision_of(document),
        "command_id": commands.fresh(),
    }


def _asking(instance: Instance, definition: Definition) -> str:
    """The enterprise that a case about no document concerns."""
    asked = db.session.get(AccountMerge, instance.business_key) if definition.key == MERGING else None
    return asked.enterprise_name if asked is not None else ""


def status_of(document: Document) -> str:
    """The status as a badge shows it: a later submission that waits says that it is one."""
    if document.status == DocumentStatus.SUBMITTED and document.submission > 1:
        return "RESUBMITTED"
    return _OF_APPROVALS.get(document.status, document.status) if document.kind == APPROVAL else document.status


def _done_row(task: Task, instance: Instance, definition: Definition, document: Document | None) -> dict[str, Any]:
    form = Course(instance).form_of(task.element_id)
    return {
        "url": url_for("task.page", task_id=task.id),
        "name": (document.project_name if document else None) or told(task.name),
        "enterprise": document.enterprise.name if document else _asking(instance, definition),
        "kind": procedure_name(definition, document),
        "act": told(task.name),
        "outcome": outcome_title(form, (task.result or {}).get("decision")),
        "status": status_of(document) if document else instance.status,
        "suspended": instance.suspended,
        "date": wording.month_day(task.ended_at),
        "time": wording.clock_time(task.ended_at),
    }


def _done_today(standing: Standing, now: datetime) -> str:
    return lists.told(_count("done", standing, _DONE_SINCE, {"since": _midnight(now)}))


def _midnight(now: datetime) -> datetime:
    """When today began."""
    return wording.local(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _about_what(session: Session, notice: Notice) -> str:
    """The page of what a notice is about."""
    document = session.get(Document, notice.document_id) if notice.document_id else None
    return addresses.of_document(document) if document else url_for("inbox.notices", box="read")


def _notice_row(notice: Notice) -> dict[str, Any]:
    document = db.session.get(Document, notice.document_id) if notice.document_id else None
    return {
        "id": notice.id,
        "title": notice.title,
        "project": document.project_name if document else "",
        "kind": "",
        "text": notice.body,
        "date": wording.moment(notice.created_at),
        "url": url_for("inbox.open_notice", notice_id=notice.id),
        "read_url": url_for("inbox.read", notice_id=notice.id) if notice.read_at is None else None,
    }
