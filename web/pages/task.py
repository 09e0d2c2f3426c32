"""A task on one page: the whole filing, what is asked, who did what; and the verbs as posted forms."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.forms import Form
from engine.job_commands import LONGEST_REASON
from engine.tables import Instance, Task
from records.approvals import Approval
from records.calendar import local_date
from records.changes import Change
from records.corrections import Correction
from records.documents import Document, DocumentStatus, DocumentVersion
from records.extensions import Extension
from records.filings import FILING, Filing
from records.projects import Project
from records.seals import entry_of
from records.users import User, UserKind
from tasks.approvals.submission import APPROVAL_RULES
from tasks.changes.submission import CHANGE_RULES
from tasks.filings.examination import RULES
from web.api.task_inbox import act as carry_out
from web.api.views import visible_task
from web.database import db
from web.identity import me, require
from web.pages import (
    addresses,
    approval_parts,
    change_rows,
    clearances,
    commands,
    corrections,
    extensions,
    form_fields,
    people,
    personal,
    sections,
    suspension,
    wording,
)
from web.pages.clock import clock
from web.pages.course import Course, outcome_title, procedure_name, steps, submitted_version, timeline
from web.pages.decisions import NOTHING_TYPED, Typed, panel
from web.pages.inbox import neighbours, status_of
from web.reach import Reach
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import sentences, told

blueprint = Blueprint("task", __name__, url_prefix="/tasks")

_RULES = {Approval: APPROVAL_RULES, Change: CHANGE_RULES}
"""What is looked at, of what is not examined as a filing is."""


@blueprint.get("/<task_id>")
@require()
def page(task_id: str) -> Any:
    """The task page; an enterprise's own task, and one whose form is a page of its own, lead to that."""
    task, instance = visible_task(task_id, me())
    document = _filing(instance)
    form_page = Course(instance).ui_form_of(task.element_id).get("ui:page")
    if form_page == "account_merge":
        return redirect(url_for("account.merge", request_id=instance.business_key))
    if form_page == "seal" and document is not None and (entry := entry_of(db.session(), document.id)):
        return redirect(url_for("enterprise.seal", entry_id=entry.id))
    if me().kind == UserKind.ENTERPRISE and document is not None:
        # A reminder's task: what is to do is telling how the project goes.
        if form_page == "progress" and document.certificate_number:
            return redirect(url_for("enterprise.progress_of", number=document.certificate_number))
        return redirect((addresses.form_of if document.editable else addresses.of_document)(document))
    return _render(task, instance, document, me())


@blueprint.post("/<task_id>/<any(claim, release, complete, transfer):verb>")
@require(reach=Reach.GROUP)
def act(task_id: str, verb: str) -> Any:
    """Claim, release, complete or hand on. A refusal shows the page again, with what was typed."""

    def give(given: Command) -> dict[str, Any]:
        task, instance = visible_task(task_id, me())
        commands.require_current(_filing(instance))
        form = Course(instance).form_of(task.element_id)
        answer = carry_out(given, me(), task_id, verb, _body(verb, form))
        return {"message": _said(verb, task, instance, outcome_title(form, request.form.get("decision")), answer)}

    try:
        flash(commands.give(give)["message"], "success")
    except CommandRefused as refusal:
        if refusal.status not in (403, 409, 422):
            raise
        return _shown_again(task_id, refusal)
    gone = verb in ("complete", "transfer")
    return redirect(url_for("inbox.todo") if gone else url_for("task.page", task_id=task_id), 303)


def _body(verb: str, form: Form | None) -> dict[str, Any]:
    """What the posted form says for a verb."""
    if verb == "complete":
        return _completion(form)
    if verb == "transfer":
        reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
        return {"to": request.form.get("to", ""), "reason": reason}
    return {}


def _completion(form: Form | None) -> dict[str, Any]:
    """What the posted panel completes the task with."""
    data = form_fields.data(form, request.form)
    if decision := request.form.get("decision", ""):
        data["decision"] = decision
    return {"data": data, "opinion": request.form.get("opinion", "").strip() or None}


def _said(verb: str, task: Task, instance: Instance, title: str, answer: dict[str, Any]) -> str:
    """What happened and who has the case now."""
    document = _filing(instance)
    name = (document.project_name if document else None) or told(task.name)
    holder = people.name_of(db.session(), task.assignee) if task.assignee else ""
    if verb == "claim" and task.assignee != me().username:
        return _("已代%(name)s认领「%(task)s」，由你办理。", name=holder, task=told(task.name))
    if verb == "claim":
        return _("已认领「%(task)s」，由你办理。", task=told(task.name))
    if verb == "transfer":
        return _("「%(task)s」已转办给%(name)s。", task=told(task.name), name=holder)
    if verb == "release":
        return _("已放回「%(task)s」，同组其他人可以认领。", task=told(task.name))
    done = _("已提交：%(outcome)s。", outcome=title or told(task.name))
    following = [found for view in answer["tasks"] if (found := db.session.get(Task, view["id"])) is not None]
    if following:
        holders = _("、").join(dict.fromkeys(people.holder(db.session(), found) for found in following))
        return sentences(done, _("“%(name)s”现在由%(holders)s办理。", name=name, holders=holders))
    if isinstance(document, Filing) and document.certificate_number:
        number = document.certificate_number
        return sentences(done, _("“%(name)s”已备案，备案证号 %(number)s。", name=name, number=number))
    if isinstance(document, Approval) and document.certificate_number:
        number = document.certificate_number
        return sentences(done, _("“%(name)s”已核准，批复文号 %(number)s。", name=name, number=number))
    return sentences(done, _("“%(name)s”办理结束。", name=name))


def _shown_again(task_id: str, refusal: CommandRefused) -> Any:
    task, instance = visible_task(task_id, me())
    form = Course(instance).form_of(task.element_id)
    opinion = request.form.get("opinion", "").strip()
    fields = form_fields.typed(form, request.form)
    beside: dict[str, str] = {}
    others = []
    for error in refusal.errors if isinstance(refusal, BusinessRefusal) else ():
        name = error.field.partition(".")[0]  # a line of a list is told beside the list
        if name in fields or name in form_fields.ASKED_APART:
            beside.setdefault(name, told(error.message))
        else:
            others.append(told(error.message))
    conflict = None
    if others or not beside:
        conflict = {
            "title": told(refusal.message),
            "text": _("；").join(others) or told(refusal.remedy),
            "opinion": opinion,
            "reference": "",
            "refresh_url": url_for("task.page", task_id=task_id),
        }
    typed = Typed(request.form.get("decision", ""), opinion, fields, beside)
    return _render(task, instance, _filing(instance), me(), conflict, typed), refusal.status


def _render(
    task: Task,
    instance: Instance,
    document: Document | None,
    user: User,
    conflict: dict[str, Any] | None = None,
    typed: Typed = NOTHING_TYPED,
) -> str:
    course = Course(instance)
    version = submitted_version(document) if document is not None and document.submission else None
    previous = submitted_version(document, document.submission - 1) if document and document.submission > 1 else None
    shown = _content(document, version, previous)
    earlier, later = neighbours(user, task)
    return render_template(
        "task/page.html",
        task={
            "name": told(task.name),
            "box": "todo" if task.state == "open" else "done" if task.completed_by == user.username else "",
            "title": (document.project_name if document else None) or told(task.name),
            "status": status_of(document) if document else instance.status,
            "suspended": instance.suspended,
            "tags": _tags(course, document),
            "enterprise": document.enterprise.name if document else "",
            "project_code": document.project_code if document else "",
            "number": _("%(noun)s编号 %(no)s", noun=told(document.TITLE.removeprefix("备案")), no=document.number)
            if document
            else "",
            "prev_url": url_for("task.page", task_id=earlier) if earlier else None,
            "next_url": url_for("task.page", task_id=later) if later else None,
            "print_url": _print_url(document),
            "project_url": clearances.spoken(document.certificate_number)["url"]
            if isinstance(document, Change | Extension | Correction)
            else None,
            "progress_url": url_for("enterprise.progress_of", number=document.certificate_number)
            if isinstance(document, Project) and document.certificate_number
            else None,
        },
        suspension=suspension.to_official(course),
        steps=steps(course, document) if document is not None else [],
        rules=_rules(document, version) if isinstance(document, Project | Change) and version is not None else None,
        sections=shown,
        people_url=personal.address(document, user) if document is not None else None,
        change=_change(document, version, previous) if isinstance(document, Change) and version is not None else None,
        changed_count=sections.changed_count(shown),
        content_title=_content_title(document),
        files=_files(document),
        approval=approval_parts.shown(document, version) if isinstance(document, Approval) else None,
        inquiries=approval_parts.asked(document) if document is not None else [],
        papers=sections.papers(document) if document is not None else [],
        history=timeline(course, document, user) if document is not None else [],
        decision=panel(course, task, document, user, typed),
        clock=clock(db.session(), document, instance, local_date(runtime().engine.clock.now())),
        diagram_url=url_for("diagram.show", instance_id=instance.id),
        diagram_note=_("%(name)s v%(version)s", name=told(course.definition.name), version=course.definition.version),
        conflict=conflict,
    )


def _print_url(document: Document | None) -> str | None:
    if document is None or document.kind != FILING:
        return None
    return url_for("enterprise.application", filing_id=document.id)


def _tags(course: Course, document: Document | None) -> list[str]:
    tags = [procedure_name(course.definition, document)]
    if document is not None and document.submission > 1:
        tags.append(_("第 %(n)s 次提交", n=document.submission))
    return tags


def _content_title(document: Document | None) -> str:
    if isinstance(document, Change):
        return _("变更内容")
    return _("更正内容") if isinstance(document, Correction) else _("申报内容")


def _files(document: Document | None) -> list[dict[str, Any]] | None:
    """What came with the document; a correction comes without files."""
    if isinstance(document, Correction):
        return None
    return sections.files(document) if document is not None else []


def _content(
    document: Document | None, version: DocumentVersion | None, previous: DocumentVersion | None
) -> list[dict[str, Any]]:
    """What was submitted, with what differs from the time before; of an issued filing, what is on file now."""
    if version is None or isinstance(document, Change):
        return []
    if isinstance(document, Extension):
        return extensions.content(document, version, previous)
    if isinstance(document, Correction):
        return corrections.content(document, version)
    if isinstance(document, Filing) and document.status == DocumentStatus.ISSUED:
        return sections.of_project(document, version)
    kind = document.kind if isinstance(document, Project) else FILING
    before = sections.as_submitted(previous, kind=kind) if previous else None
    return sections.sections(sections.as_submitted(version, kind=kind), before)


def _change(document: Change, version: DocumentVersion, previous: DocumentVersion | None) -> dict[str, Any]:
    """What a change changes, as it was submitted."""
    return {"rows": change_rows.read(document, version, previous), "reason": version.form.get("reason", "")}


def _rules(document: Document, version: DocumentVersion) -> dict[str, Any]:
    """What the rules said when the version was submitted. Errors there are none: it would not have been taken."""
    rules = (
        CHANGE_RULES if isinstance(document, Change) else APPROVAL_RULES if isinstance(document, Approval) else RULES
    )
    found = {finding["code"] for finding in version.findings}
    passed = [rule for rule in rules if rule.code not in found]
    return {
        "checked_at": wording.short_moment(version.submitted_at),
        "total": len(rules),
        "passed": len(passed),
        "errors": [],
        "warnings": [
            {"title": told(finding["message"]), "text": told(finding["detail"]), "field": finding["field"]}
            for finding in version.findings
        ],
        "passed_titles": [told(rule.title) for rule in passed],
    }


def _filing(instance: Instance) -> Document | None:
    return db.session.get(Document, instance.business_key) if instance.business_key else None
