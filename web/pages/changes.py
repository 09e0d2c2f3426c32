"""变更管理: the changes of an enterprise, choosing a project to change, one change to be read, and its letter."""

from typing import Any

import segno
from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import select

from engine.tables import Instance
from records.changes import Change
from records.documents import DocumentStatus
from records.papers import Paper
from records.users import UserKind
from tasks import procedure
from web.api.access import visible
from web.api.changes import letter_of, letter_response
from web.database import db
from web.identity import me, require
from web.pages import (
    addresses,
    change_rows,
    choosing,
    clearances,
    commands,
    lists,
    own_documents,
    sections,
    suspension,
    wording,
)
from web.pages.course import Course, steps, submitted_version, timeline
from web.pages.enterprise import blueprint
from web.pages.filings import latest_task_url, returned_by
from web.texts import gettext as _
from web.texts import told


@blueprint.get("/changes")
@require(UserKind.ENTERPRISE)
def changes() -> str:
    """变更管理: drafts, what is under way and what was granted, with its letter (R128)."""
    query = select(Change).where(Change.enterprise_id == me().enterprise_id)
    if text := lists.searched():
        query = query.where(lists.containing(text, Change.project_name, Change.certificate_number, Change.number))
    found = lists.part(db.session(), query.order_by(Change.updated_at.desc(), Change.id))
    return render_template(
        "enterprise/changes.html",
        query=text,
        page=found.foot,
        rows=[_row(change) for (change,) in found.rows],
    )


@blueprint.get("/changes/new")
@require(UserKind.ENTERPRISE)
def choose_change() -> str:
    """选择项目变更 (R130): what still holds is chosen from (R131)."""
    act = {
        "key": "changes",
        "list_url": url_for("enterprise.changes"),
        "manage": _("变更管理"),
        "choose": _("选择项目变更"),
        "hint": _("请选择一个备案项目进行变更"),
        "note": _("核准项目也在下列清单中选择，变更须经核准机关书面同意。"),
        "verb": _("申请变更"),
    }
    return choosing.page(act, choosing.holding(me()), "enterprise.begin_change")


@blueprint.get("/changes/<change_id>")
@require()
def change(change_id: str) -> Any:
    """A change to be read; an official is led to the task page of its case."""
    found = visible(Change, change_id, me())
    if me().kind != UserKind.ENTERPRISE:
        return redirect(latest_task_url(found))
    if found.instance_id is None:
        return redirect(addresses.form_of(found))
    instance = db.session.get_one(Instance, found.instance_id)
    course, allowed = Course(instance), procedure.allowed(db.session(), found)
    version = submitted_version(found) if not found.editable else None
    letter = letter_of(found)
    return render_template(
        "enterprise/change.html",
        change={
            "title": found.project_name or _("未命名项目"),
            "status": found.status,
            "suspended": instance.suspended,
            "tags": [_("第 %(n)s 次提交", n=found.submission)] if found.submission > 1 else [],
            "agency": found.agency.name if found.agency else "",
            "number": found.number,
            "procedure": told(found.TITLE),
            "letter": told(found.PAPER),
            "reason": found.proposed.reason,
        },
        held=clearances.spoken(found.certificate_number),
        suspension=suspension.to_enterprise(course, found),
        next=_next_thing(found, allowed),
        withdraw_url=url_for("enterprise.withdraw_change", change_id=found.id) if "withdraw" in allowed else None,
        revision=commands.revision_of(found),
        command_id=commands.fresh(),
        letter=_letter(found, letter) if letter is not None else None,
        steps=steps(course, found),
        rows=change_rows.read(found, version),
        files=sections.files(found),
        papers=sections.papers(found, but=found.LETTER),
        history=timeline(course, found, me()),
        diagram_url=url_for("diagram.show", instance_id=instance.id),
    )


@blueprint.post("/changes/<change_id>/withdraw")
@require(UserKind.ENTERPRISE)
def withdraw_change(change_id: str) -> Any:
    """撤回: back to be edited, while nobody has decided."""
    return own_documents.withdraw(Change, change_id, _("已撤回，变更申请可以修改后重新提交。"))


@blueprint.post("/changes/<change_id>/delete")
@require(UserKind.ENTERPRISE)
def delete_change(change_id: str) -> Any:
    """Delete a draft that was never submitted."""
    own_documents.delete(Change, change_id)
    flash(_("变更草稿已删除。"), "success")
    return redirect(url_for("enterprise.changes"), 303)


@blueprint.get("/changes/<change_id>/letter")
@require()
def change_letter(change_id: str) -> Response:
    """变更函 or 同意变更的复函, to be looked at or (`?download=1`) kept."""
    return letter_response(visible(Change, change_id, me()), download="download" in request.args)


def _row(change: Change) -> dict[str, Any]:
    instance = procedure.case_of(db.session(), change)
    paper = letter_of(change)
    return {
        "url": addresses.form_of(change) if change.instance_id is None else addresses.of_document(change),
        "name": change.project_name,
        "number": change.number,
        "certificate": change.certificate_number,
        "status": change.status,
        "suspended": instance is not None and instance.suspended,
        "date": wording.day(change.submitted_at),
        "saved": wording.day(change.updated_at),
        "edit_url": addresses.form_of(change) if change.editable else None,
        "delete_url": url_for("enterprise.delete_change", change_id=change.id) if change.deletable else None,
        "letter_url": url_for("enterprise.change_letter", change_id=change.id) if paper is not None else None,
    }


def _next_thing(change: Change, allowed: list[str]) -> dict[str, Any] | None:
    """The one thing for the enterprise to do now, or why there is nothing."""
    if change.status == DocumentStatus.RETURNED:
        returned = returned_by(change)
        title = _("按意见修改后重新提交") if "submit" in allowed else _("按意见修改并保存，恢复后重新提交")
        return _to_do(title, returned["opinion"] if returned else "", "corner-up-left", change)
    if "edit" in allowed:
        return _to_do(_("修改后重新提交"), _("变更申请已撤回，办理机关看不到它。"), "pencil", change)
    if change.status == DocumentStatus.NOT_ACCEPTED:
        text = _("%(paper)s不受影响，可以重新申请变更。", paper=told(change.HOLDS.NOUN))
        return {"title": _("不予受理：%(why)s", why=change.opinion or ""), "text": text, "glyph": "ban", "url": None}
    if change.status == DocumentStatus.TERMINATED:
        text = _("%(paper)s已失效，办理中的变更随之终止。", paper=told(change.HOLDS.NOUN))
        return {"title": change.opinion or "", "text": text, "glyph": "circle-off", "url": None}
    return None


def _to_do(title: str, text: str, glyph: str, change: Change) -> dict[str, Any]:
    return {
        "title": title,
        "text": text,
        "glyph": glyph,
        "url": addresses.form_of(change),
        "label": _("修改变更申请"),
    }


def _letter(change: Change, paper: Paper) -> dict[str, Any]:
    made = paper.deliverable
    verify_url = f"{paper.snapshot['site_url']}/verify/{paper.verify_token}"
    return {
        "number": paper.number,
        "issue_date": wording.day(paper.issue_date),
        "agency": paper.snapshot["agency_name"],
        "seal": paper.seal,
        "qr_url": segno.make_qr(verify_url, error="m").svg_data_uri(border=0),
        "pdf_url": url_for("enterprise.change_letter", change_id=change.id) if made else None,
        "download_url": url_for("enterprise.change_letter", change_id=change.id, download=1) if made else None,
        "verify_url": url_for("public.verify_token", token=paper.verify_token),
    }
