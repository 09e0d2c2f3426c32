"""延期管理: the extensions of an enterprise, choosing a certificate, the form, and one extension to be read.

The form's buttons save or submit what was typed; what is refused is shown again and nothing of it is kept.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.tables import Instance
from records import documents
from records.certificates import CertificateStatus, Clearance, years_later
from records.documents import EDITABLE, DocumentStatus, DocumentVersion
from records.extensions import LONGEST_REASON, Extension
from records.projects import Project
from records.users import UserKind
from tasks import procedure
from tasks.extensions import deciding_agencies
from web.api.access import own, visible
from web.api.certificates import visible_clearance
from web.api.extensions import begin, examined
from web.database import db
from web.identity import me, require
from web.pages import addresses, choosing, clearances, commands, lists, own_documents, sections, suspension, wording
from web.pages.course import Course, steps, submitted_version, timeline
from web.pages.enterprise import blueprint
from web.pages.filings import latest_task_url, returned_by
from web.texts import gettext as _
from web.texts import sentences, told


@blueprint.get("/extensions")
@require(UserKind.ENTERPRISE)
def extensions() -> str:
    """延期管理: drafts, what is under way and what was decided."""
    query = select(Extension).where(Extension.enterprise_id == me().enterprise_id)
    if text := lists.searched():
        query = query.where(
            lists.containing(text, Extension.project_name, Extension.certificate_number, Extension.number)
        )
    found = lists.part(db.session(), query.order_by(Extension.updated_at.desc(), Extension.id))
    return render_template(
        "enterprise/extensions.html",
        query=text,
        page=found.foot,
        rows=[_row(extension) for (extension,) in found.rows],
    )


@blueprint.get("/extensions/new")
@require(UserKind.ENTERPRISE)
def choose_extension() -> str:
    """选择项目延期 (R143): of what is dated one is chosen; the rules say whether it may be extended."""
    dated = choosing.holding(me()).where(Clearance.status == CertificateStatus.VALID.value)
    act = {
        "key": "extensions",
        "list_url": url_for("enterprise.extensions"),
        "manage": _("延期管理"),
        "choose": _("选择项目延期"),
        "hint": _("请选择一个备案项目进行备案证有效期延期（如需延期项目竣工时间，请做备案变更。）"),
        "note": _("核准项目也在下列清单中选择，应当在核准批复有效期届满30个工作日前申请。"),
        "verb": _("申请延期"),
    }
    return choosing.page(act, dated, "enterprise.begin_extension")


# The form


@blueprint.get("/certificates/<number>/extend")
@require(UserKind.ENTERPRISE)
def begin_extension(number: str) -> Any:
    """An extension of what is held: the one that is begun already, else an empty form, else why there is none."""
    certificate = visible_clearance(number, me())
    query = select(Extension).where(Extension.certificate_number == number, Extension.status.in_(EDITABLE))
    draft = db.session.scalar(query.order_by(Extension.updated_at.desc()).limit(1))
    if draft is not None:
        return redirect(addresses.form_of(draft))
    try:
        extension = begin(db.session(), me(), number)
    except CommandRefused as refusal:
        flash(told(refusal.message), "warning")
        return redirect(url_for("enterprise.choose_extension"))
    refused = [finding for finding in examined(extension, {}).errors if finding.field == "certificate"]
    if refused:
        flash(sentences(refused[0].message), "warning")
        return redirect(url_for("enterprise.choose_extension"))
    return _form(certificate, None)


@blueprint.get("/extensions/<extension_id>/edit")
@require(UserKind.ENTERPRISE)
def edit_extension(extension_id: str) -> Any:
    """The form of an extension that is begun. What may no longer be edited is shown to be read, with the reason."""
    extension = own_documents.editable(Extension, extension_id)
    return _form(_certificate(extension), extension)


@blueprint.post("/certificates/<number>/extend")
@require(UserKind.ENTERPRISE)
def take_new_extension(number: str) -> Any:
    """Save or submit a new extension."""

    def save(given: Command) -> Extension:
        extension = begin(given.session, me(), number)
        return documents.create_draft(given.session, extension, _typed(), actor=me().username, now=given.now)

    return _take(save, lambda: (visible_clearance(number, me()), None))


@blueprint.post("/extensions/<extension_id>/edit")
@require(UserKind.ENTERPRISE)
def take_extension(extension_id: str) -> Any:
    """Save or submit an extension that is begun."""
    revision = request.form.get("revision", type=int)

    def save(given: Command) -> Extension:
        extension = own(Extension, extension_id, me())
        return documents.save_draft(
            given.session, extension, _typed(), expected_revision=revision, actor=me().username, now=given.now
        )

    def again() -> tuple[Clearance, Extension]:
        extension = own(Extension, extension_id, me())
        return _certificate(extension), extension

    return _take(save, again)


def _take(save: Callable[[Command], Extension], again: Callable[[], tuple[Clearance, Extension | None]]) -> Any:
    submits = request.form.get("act") == "submit"

    def give(given: Command) -> dict[str, Any]:
        extension = save(given)
        if submits:
            procedure.submit(given, extension)
        return {"url": addresses.of_document(extension) if submits else addresses.form_of(extension)}

    try:
        answer = commands.give(give)
    except BusinessRefusal as refusal:
        return _form(*again(), errors={error.field: sentences(error.message) for error in refusal.errors}), 422
    except CommandRefused as refusal:
        if refusal.status != 409:
            raise
        return _form(*again(), errors={"certificate": commands.refused(refusal)}), 409
    flash(_("延期申请已提交，等待审批机关受理。") if submits else _("已保存。"), "success")
    return redirect(answer["url"], 303)


def _typed() -> dict[str, str]:
    # Browsers send line ends as two characters, and count them as one.
    reason = request.form.get("reason", "").replace("\r\n", "\n").strip()
    return {"agency": request.form.get("agency", ""), "reason": reason}


def _form(certificate: Clearance, extension: Extension | None, errors: Mapping[str, str] | None = None) -> str:
    project = db.session.get_one(Project, certificate.project_id)
    typed = _typed() if request.method == "POST" else extension.form if extension is not None else {}
    instance = procedure.case_of(db.session(), extension) if extension is not None else None
    wanted = typed.get("agency") or certificate.agency_id
    return render_template(
        "enterprise/extension_form.html",
        project={
            "name": project.project_name,
            "status": extension.status if extension is not None else None,
            "items": _project_items(project, certificate),
        },
        held=clearances.spoken(certificate.number),
        typed=typed,
        agencies=[
            {"id": agency.id, "name": agency.name, "chosen": agency.id == wanted}
            for agency in deciding_agencies(db.session(), certificate)
        ],
        until=wording.day(years_later(certificate.dated_until, 1)),
        longest_reason=LONGEST_REASON,
        errors=dict(errors or {}),
        returned=returned_by(extension) if extension is not None else None,
        suspension=suspension.to_enterprise(Course(instance), extension) if instance and extension else None,
        may_submit=extension is None or "submit" in procedure.allowed(db.session(), extension),
        revision=extension.revision if extension is not None else "",
        post_url=url_for("enterprise.take_extension", extension_id=extension.id)
        if extension is not None
        else url_for("enterprise.take_new_extension", number=certificate.number),
        back_url=addresses.of_document(extension)
        if extension is not None and extension.submission
        else url_for("enterprise.extensions"),
        command_id=commands.fresh(),
    )


# One of them


@blueprint.get("/extensions/<extension_id>")
@require()
def extension(extension_id: str) -> Any:
    """An extension to be read; an official is led to the task page of its case."""
    found = visible(Extension, extension_id, me())
    if me().kind != UserKind.ENTERPRISE:
        return redirect(latest_task_url(found))
    if found.instance_id is None:
        return redirect(addresses.form_of(found))
    instance = db.session.get_one(Instance, found.instance_id)
    course, allowed = Course(instance), procedure.allowed(db.session(), found)
    return render_template(
        "enterprise/extension.html",
        extension={
            "title": found.project_name or _("未命名项目"),
            "status": found.status,
            "suspended": instance.suspended,
            "tags": [_("第 %(n)s 次提交", n=found.submission)] if found.submission > 1 else [],
            "agency": found.agency.name if found.agency else "",
            "number": found.number,
            "procedure": told(found.TITLE),
        },
        held=clearances.spoken(found.certificate_number),
        suspension=suspension.to_enterprise(course, found),
        next=_next_thing(found, allowed),
        withdraw_url=url_for("enterprise.withdraw_extension", extension_id=found.id) if "withdraw" in allowed else None,
        revision=commands.revision_of(found),
        command_id=commands.fresh(),
        steps=steps(course, found),
        sections=content(found, submitted_version(found)),
        papers=sections.papers(found),
        history=timeline(course, found, me()),
        diagram_url=url_for("diagram.show", instance_id=instance.id),
    )


def content(
    extension: Extension, version: DocumentVersion | None, previous: DocumentVersion | None = None
) -> list[dict[str, Any]]:
    """An extension as both parties read it: the project, and what is asked for, as it was submitted."""
    certificate = _certificate(extension)
    form = version.form if version is not None else extension.form
    agencies = {agency.id: agency.name for agency in deciding_agencies(db.session(), certificate)}
    granted = extension.status == DocumentStatus.ISSUED
    # What was granted has moved the last day already.
    until = certificate.dated_until if granted else years_later(certificate.dated_until, 1)
    old = str(previous.form.get("reason") or "") if previous is not None else None
    reason = sections.item(_("延期原因"), str(form.get("reason") or ""), old)
    return [
        {
            "title": _("项目信息"),
            "items": _project_items(db.session.get_one(Project, certificate.project_id), certificate),
        },
        {
            "title": _("延期信息"),
            "items": [
                {"label": _("延期审批机关"), "value": agencies.get(form.get("agency") or "", "")},
                {"label": _("延期后有效期至"), "value": wording.day(until)},
                reason,
            ],
        },
    ]


@blueprint.post("/extensions/<extension_id>/withdraw")
@require(UserKind.ENTERPRISE)
def withdraw_extension(extension_id: str) -> Any:
    """撤回: back to be edited, while nobody has decided."""
    return own_documents.withdraw(Extension, extension_id, _("已撤回，延期申请可以修改后重新提交。"))


@blueprint.post("/extensions/<extension_id>/delete")
@require(UserKind.ENTERPRISE)
def delete_extension(extension_id: str) -> Any:
    """Delete a draft that was never submitted."""
    own_documents.delete(Extension, extension_id)
    flash(_("延期草稿已删除。"), "success")
    return redirect(url_for("enterprise.extensions"), 303)


def _certificate(extension: Extension) -> Clearance:
    return db.session.get_one(Clearance, extension.certificate_number)


def _project_items(project: Project, held: Clearance) -> list[dict[str, Any]]:
    return [
        {"label": _("项目名称"), "value": project.project_name, "wide": True},
        {"label": _("项目代码"), "value": project.project_code},
        {"label": clearances.authority(held), "value": project.agency.name if project.agency else ""},
        {"label": clearances.number_name(held), "value": held.number},
        {"label": _("签发日期"), "value": wording.day(held.issue_date)},
        {
            "label": _("%(paper)s有效期至", paper=clearances.noun(held)),
            "value": wording.day(held.valid_until) or _("长期有效"),
        },
    ]


def _row(extension: Extension) -> dict[str, Any]:
    instance = procedure.case_of(db.session(), extension)
    certificate = _certificate(extension)
    return {
        "url": addresses.form_of(extension) if extension.instance_id is None else addresses.of_document(extension),
        "name": extension.project_name,
        "number": extension.number,
        "certificate": extension.certificate_number,
        "valid_until": wording.day(certificate.valid_until) or _("长期有效"),
        "tags": choosing.tags(certificate),
        "status": extension.status,
        "suspended": instance is not None and instance.suspended,
        "date": wording.day(extension.submitted_at),
        "saved": wording.day(extension.updated_at),
        "edit_url": addresses.form_of(extension) if extension.editable else None,
        "delete_url": url_for("enterprise.delete_extension", extension_id=extension.id)
        if extension.deletable
        else None,
    }


def _next_thing(extension: Extension, allowed: list[str]) -> dict[str, Any] | None:
    """The one thing for the enterprise to do now, or what came of it."""
    held = _certificate(extension)
    until, paper = wording.day(held.valid_until) or _("长期有效"), clearances.noun(held)
    if extension.status == DocumentStatus.RETURNED:
        returned = returned_by(extension)
        title = _("按意见修改后重新提交") if "submit" in allowed else _("按意见修改并保存，恢复后重新提交")
        return _to_do(title, returned["opinion"] if returned else "", "corner-up-left", extension)
    if "edit" in allowed:
        return _to_do(_("修改后重新提交"), _("延期申请已撤回，审批机关看不到它。"), "pencil", extension)
    if extension.status == DocumentStatus.ISSUED:
        text = _("请按时开工并填报开工时间；填报后%(paper)s长期有效。", paper=paper)
        return {
            "title": _("延期已通过，%(paper)s有效期至 %(day)s", paper=paper, day=until),
            "text": text,
            "glyph": "circle-check",
        }
    if extension.status == DocumentStatus.NOT_ACCEPTED:
        title = _("未通过：%(why)s", why=extension.opinion or "")
        return {"title": title, "text": _("%(paper)s有效期仍至 %(day)s。", paper=paper, day=until), "glyph": "ban"}
    if extension.status == DocumentStatus.TERMINATED:
        return {"title": _("延期已终止"), "text": extension.opinion or "", "glyph": "circle-off"}
    return None


def _to_do(title: str, text: str, glyph: str, extension: Extension) -> dict[str, Any]:
    return {
        "title": title,
        "text": text,
        "glyph": glyph,
        "url": addresses.form_of(extension),
        "label": _("修改延期申请"),
    }
