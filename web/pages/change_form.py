"""变更备案信息: the boxes, the table that is filled in beside what is on file, the reason and the files (R132 to R137).

The page works as a plain form. Whatever its buttons ask for, what was typed is saved first; 校验 and a refused
submission show the saved change with everything that stands against it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from marshmallow import ValidationError
from sqlalchemy import select

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from records import attachments as attached
from records import documents
from records.certificates import CertificateStatus, Clearance
from records.changes import Change
from records.documents import EDITABLE, Document
from records.projects import Project, put
from records.users import UserKind
from tasks import procedure
from tasks.changes.items import ITEMS, SYNCED, items_of
from tasks.changes.schema import LONGEST_REASON, ChangeForm
from tasks.filings.examination import Examination
from tasks.filings.findings import Finding
from web.api.access import own, visible
from web.api.certificates import visible_clearance
from web.api.changes import begin, examine_change, take_from_platform
from web.api.problems import complaints
from web.database import db
from web.identity import me, require
from web.pages import addresses, change_rows, clearances, commands, own_documents, sections, suspension, wording
from web.pages.course import Course
from web.pages.enterprise import blueprint
from web.pages.filings import returned_by
from web.pages.simulation import platform_url
from web.runtime import command, runtime
from web.texts import gettext as _
from web.texts import sentences, told

_ITEM_OF = {name: item.key for item in ITEMS for name in item.fields}


@dataclass(frozen=True)
class _Shown:
    """What the page shows of a change, which there need not be yet."""

    certificate: Clearance
    change: Change | None = None
    typed: Mapping[str, Any] = field(default_factory=dict)
    examination: Examination | None = None
    errors: list[Finding] = field(default_factory=list)
    conflict: str = ""


@blueprint.get("/certificates/<number>/change")
@require(UserKind.ENTERPRISE)
def begin_change(number: str) -> Any:
    """A change of what is held: the one that is begun already, else an empty form."""
    certificate = visible_clearance(number, me())
    other = documents.under_way(db.session(), number)
    if other is not None:
        paper = clearances.noun(certificate)
        flash(_("该%(paper)s有办理中的%(kind)s，办结后才能申请变更。", paper=paper, kind=told(other.TITLE)), "warning")
        return redirect(addresses.form_of(other) if other.editable else _where_read(other, certificate))
    if certificate.status == CertificateStatus.INVALID:
        flash(_("%(paper)s已失效，不能申请变更。", paper=clearances.noun(certificate)), "warning")
        return redirect(url_for("enterprise.choose_change"))
    drafts = select(Change).where(Change.certificate_number == number, Change.status.in_(EDITABLE))
    draft = db.session.scalar(drafts.order_by(Change.updated_at.desc()).limit(1))
    return redirect(addresses.form_of(draft)) if draft is not None else _page(_Shown(certificate))


def _where_read(other: Document, certificate: Clearance) -> str:
    """The document's page, or that of what is held while the reader may not know of the document: a correction."""
    try:
        return addresses.of_document(visible(type(other), other.id, me()))
    except CommandRefused:
        return addresses.of_clearance(certificate)


@blueprint.get("/changes/<change_id>/edit")
@require(UserKind.ENTERPRISE)
def edit_change(change_id: str) -> Any:
    """The form. `?check=1` says what stands against submitting it."""
    change = own_documents.editable(Change, change_id)
    examination = None
    if "check" in request.args:
        try:
            examination = examine_change(change, None)
        except CommandRefused as unavailable:
            flash(commands.refused(unavailable), "error")
    return _page(_shown(change, examination=examination))


@blueprint.post("/certificates/<number>/change")
@require(UserKind.ENTERPRISE)
def take_new_change(number: str) -> Any:
    """Save a new change, and do what the button asks for."""
    shown = _Shown(visible_clearance(number, me()))

    def save(given: Command, form: dict[str, Any]) -> Change:
        change = begin(given.session, me(), number)
        return documents.create_draft(given.session, change, form, actor=me().username, now=given.now)

    return _take(shown, save)


@blueprint.post("/changes/<change_id>/edit")
@require(UserKind.ENTERPRISE)
def take_change(change_id: str) -> Any:
    """Save the form, and do what the button asks for."""
    revision = request.form.get("revision", type=int)

    def save(given: Command, form: dict[str, Any]) -> Change:
        change = own(Change, change_id, me())
        return documents.save_draft(
            given.session, change, form, expected_revision=revision, actor=me().username, now=given.now
        )

    return _take(_shown(own(Change, change_id, me())), save)


def _take(shown: _Shown, save: Any) -> Any:
    typed = _typed()
    try:
        form = ChangeForm().load(typed)
    except ValidationError as invalid:
        return _page(_with(shown, typed, errors=list(_complaints(invalid.messages)))), 422

    def give(given: Command) -> dict[str, Any]:
        change = save(given, form)
        _keep_files(given, change)
        return {"id": change.id}

    try:
        change_id = str(commands.give(give)["id"])
    except CommandRefused as refusal:
        if refusal.status not in (409, 413, 415, 422):
            raise
        return _page(_with(shown, typed, conflict=commands.refused(refusal))), refusal.status
    return redirect(_then(change_id, request.form.get("act", "save")), 303)


def _then(change_id: str, act: str) -> str:
    """Do what the button asks for with the change that is saved; where to go after it."""
    form_url = url_for("enterprise.edit_change", change_id=change_id)
    verb, _colon, what = act.partition(":")
    try:
        if verb == "check":
            return url_for("enterprise.edit_change", change_id=change_id, check=1)
        if verb == "sync":
            with command(me().username) as given:
                take_from_platform(given, own(Change, change_id, me()))
            flash(_("已同步，「项目名称」、「建设地点」为平台上的最新内容。"), "success")
            return f"{form_url}#row-project_code"
        if verb == "remove":
            _remove_file(change_id, what)
            return f"{form_url}#files"
        if verb == "submit":
            with command(me().username) as given:
                change = own(Change, change_id, me())
                procedure.submit(given, change)
                authority = clearances.spoken(change.certificate_number)["authority"]
            flash(_("变更申请已提交，等待%(authority)s受理。", authority=authority), "success")
            return url_for("enterprise.change", change_id=change_id)
    except BusinessRefusal as refusal:
        if verb == "submit":
            return url_for("enterprise.edit_change", change_id=change_id, check=1)
        flash(sentences(refusal.message), "error")
    except CommandRefused as refusal:
        flash(commands.refused(refusal), "error")
    else:
        flash(_("已保存。"), "success")
    return form_url


def _keep_files(given: Command, change: Change) -> None:
    """Attach what came with the form. An empty field sends a file without a name."""
    for file in request.files.getlist("files"):
        if file.filename:
            content = file.stream.read(attached.MAX_BYTES + 1)
            attached.attach(
                given.session,
                runtime().attachments,
                change.id,
                file.filename,
                content,
                actor=me().username,
                now=given.now,
            )


def _remove_file(change_id: str, attachment_id: str) -> None:
    with command(me().username) as given:
        change = own(Change, change_id, me())
        documents.require_editable(change)
        attachment = given.session.get(attached.Attachment, attachment_id)
        if attachment is None or attachment.document_id != change.id:
            raise CommandRefused("attachment_unknown", _("没有这个附件。"), status=404)
        stored = attached.detach(given.session, attachment)
    runtime().attachments.delete(stored)


def _typed() -> dict[str, Any]:
    """The posted form: of the fields only those whose item is ticked, since what is not ticked is not changed."""
    ticked = request.form.getlist("item")
    values: dict[str, Any] = {}
    for name, key in _ITEM_OF.items():
        if key in ticked and name in request.form:
            text = request.form[name].replace("\r\n", "\n").strip()
            if name in SYNCED and not text:
                continue  # what was never synchronised is not there
            put(values, name, text.partition(" ")[0] if name == "class_code" else text)
    return {"items": ticked, "values": values, "reason": request.form.get("reason", "").replace("\r\n", "\n")}


def _complaints(messages: Any, path: str = "") -> Iterable[Finding]:
    """marshmallow's nested complaints as findings."""
    if isinstance(messages, dict):
        for name, below in messages.items():
            yield from _complaints(below, f"{path}.{name}" if path else str(name))
    else:
        yield from (Finding(path.removeprefix("values."), "shape", message) for message in messages)


def _shown(change: Change, **more: Any) -> _Shown:
    certificate = db.session.get_one(Clearance, change.certificate_number)
    proposed = change.proposed
    typed = {"items": proposed.items, "values": proposed.values, "reason": proposed.reason}
    return _Shown(certificate, change, typed, **more)


def _with(shown: _Shown, typed: Mapping[str, Any], **more: Any) -> _Shown:
    """The page again as it was typed, from a session that has begun anew."""
    certificate = visible_clearance(shown.certificate.number, me())
    change = own(Change, shown.change.id, me()) if shown.change is not None else None
    return _Shown(certificate, change, typed, **more)


def _page(shown: _Shown) -> str:
    change, certificate = shown.change, shown.certificate
    project = db.session.get_one(Project, certificate.project_id)
    ticked, items = list(shown.typed.get("items", ())), items_of(project)
    errors = shown.errors + (shown.examination.errors if shown.examination else [])
    warnings = shown.examination.warnings if shown.examination else []
    instance = procedure.case_of(db.session(), change) if change is not None else None
    return render_template(
        "enterprise/change_form.html",
        project={
            "name": project.project_name,
            "agency": project.agency.name if project.agency else "",
            "valid_until": wording.day(certificate.valid_until),
            "status": change.status if change is not None else None,
        },
        held=clearances.spoken(certificate.number),
        post_url=url_for("enterprise.take_change", change_id=change.id)
        if change is not None
        else url_for("enterprise.take_new_change", number=certificate.number),
        back_url=addresses.of_document(change)
        if change is not None and change.submission
        else url_for("enterprise.changes"),
        revision=change.revision if change is not None else "",
        may_submit=change is None or "submit" in procedure.allowed(db.session(), change),
        suspension=suspension.to_enterprise(Course(instance), change) if instance is not None and change else None,
        returned=returned_by(change) if change is not None else None,
        boxes=change_rows.boxes(items, ticked),
        rows=change_rows.fill_in(items, project.full_form, ticked, shown.typed.get("values", {})),
        reason=shown.typed.get("reason", ""),
        longest_reason=LONGEST_REASON,
        errors={finding["field"]: finding for finding in reversed(complaints(errors))},
        warnings={finding["field"]: finding for finding in reversed(complaints(warnings))},
        summary=[_summed_up(finding, ticked) for finding in errors],
        checked=shown.examination is not None,
        conflict=shown.conflict,
        files=[
            {**file, "id": attachment.id}
            for file, attachment in zip(sections.files(change), _attachments(change), strict=True)
        ]
        if change is not None
        else [],
        platform_url=platform_url(certificate),
        megabytes=attached.MAX_MEGABYTES,
        most_files=attached.MAX_FILES,
        accept=",".join(attached.FILE_TYPES),
        command_id=commands.fresh(),
    )


def _attachments(change: Change) -> Any:
    return attached.attachments_of(db.session(), change.id)


def _summed_up(finding: Finding, ticked: list[str]) -> dict[str, str]:
    """An error in the summary: what it leads to, and which box would make its field fillable."""
    item = _ITEM_OF.get(finding.field)
    if item is not None and item not in ticked:
        label = told(next(box.label for box in ITEMS if box.key == item))
        text = _("%(message)s（可同时勾选「%(item)s」）", message=told(finding.message), item=label)
        return {"text": text, "target": f"item-{item.replace('.', '-')}"}
    return {"text": told(finding.message), "target": finding.field.replace(".", "-")}
