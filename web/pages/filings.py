"""One filing of an enterprise: new, edit, delete, look, withdraw; its attachments and its certificate."""

from datetime import date
from typing import Any

import segno
from flask import Response, flash, redirect, render_template, request, send_file, url_for
from sqlalchemy import select

from engine.commands import Command
from engine.errors import CommandRefused
from engine.tables import Instance, Task
from records import filings
from records.attachments import Attachment
from records.calendar import local_date
from records.certificates import Certificate, CertificateStatus
from records.documents import Document, DocumentStatus
from records.enterprises import Enterprise
from records.filings import Filing
from records.progress import Progress
from records.users import UserKind
from tasks import procedure
from web.api.access import own, visible
from web.api.certificates import paper_response, visible_certificate
from web.database import db
from web.identity import me, require
from web.pages import choosing, commands, form_page, own_documents, people, project_life, sections, suspension, wording
from web.pages.archive import papers_of_project
from web.pages.course import Course, steps, submitted_version, timeline
from web.pages.enterprise import blueprint
from web.pages.public import invalid_reasons
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import pgettext


@blueprint.post("/filings/new")
@require(UserKind.ENTERPRISE)
def new_filing() -> Any:
    """A new draft, prefilled with the enterprise's contact person, and its form."""
    enterprise = db.session.get_one(Enterprise, me().enterprise_id)
    contact = {name: enterprise.contact.get(name) for name in ("name", "mobile")}
    return own_documents.begin(Filing(enterprise_id=enterprise.id), {"project_contact": contact})


@blueprint.get("/filings/<filing_id>/edit")
@require(UserKind.ENTERPRISE)
def edit(filing_id: str) -> Any:
    """The form. What may no longer be edited is shown to be read, with the reason."""
    filing = own_documents.editable(Filing, filing_id)
    words = {
        "title": _("广东省技术改造投资项目备案"),
        "list": _("项目备案"),
        "act": _("备案申报"),
        "submit": _("提交备案"),
        "returned": _("退回修改"),
    }
    return form_page.render(
        filing,
        words,
        list_url=url_for("enterprise.filings"),
        drafts_url=url_for("enterprise.filings", tab="drafts"),
        returned=returned_by(filing),
    )


@blueprint.post("/filings/<filing_id>/delete")
@require(UserKind.ENTERPRISE)
def delete(filing_id: str) -> Any:
    """Delete a draft that was never submitted."""
    name = own_documents.delete(Filing, filing_id)
    flash(_("草稿“%(name)s”已删除。", name=name), "success")
    return redirect(url_for("enterprise.filings", tab="drafts"), 303)


@blueprint.get("/filings/<filing_id>")
@require()
def filing(filing_id: str) -> Any:
    """备案详情; an official is led to the task page of the case."""
    user = me()
    found = visible(Filing, filing_id, user)
    if user.kind != UserKind.ENTERPRISE and not found.imported:
        return redirect(latest_task_url(found))
    if not found.submission:
        return redirect(url_for("enterprise.edit", filing_id=found.id))
    certificate = db.session.get(Certificate, found.certificate_number) if found.certificate_number else None
    return _detail(found, certificate)


@blueprint.post("/filings/<filing_id>/withdraw")
@require(UserKind.ENTERPRISE)
def withdraw(filing_id: str) -> Any:
    """撤回: back to the drafts, while nobody has decided."""
    return own_documents.withdraw(Filing, filing_id, _("已撤回，申报回到草稿箱，可以修改后重新提交。"))


@blueprint.post("/filings/<filing_id>/copy")
@require(UserKind.ENTERPRISE)
def copy(filing_id: str) -> Any:
    """复制为新申报: a new draft with what a filing said that has ended, and its form."""

    def act(given: Command) -> dict[str, Any]:
        found, actor = own(Filing, filing_id, me()), me().username
        return {"id": filings.copy(given.session, runtime().attachments, found, actor=actor, now=given.now).id}

    draft_id = commands.give(act)["id"]
    flash(_("已复制为新申报，原申报的内容和材料都在草稿中，请核对后提交。"), "success")
    return redirect(url_for("enterprise.edit", filing_id=draft_id), 303)


@blueprint.get("/documents/<document_id>/attachments/<attachment_id>")
@require()
def attachment(document_id: str, attachment_id: str) -> Response:
    """A file of a document, always as a download."""
    document = visible(Document, document_id, me())
    found = db.session.get(Attachment, attachment_id)
    if found is None or found.document_id != document.id:
        raise CommandRefused("attachment_unknown", _("没有这个附件。"), status=404)
    path = runtime().attachments.path(found.stored_name)
    return send_file(path, mimetype=found.content_type, as_attachment=True, download_name=found.name)


@blueprint.get("/certificates/<number>")
@require()
def certificate(number: str) -> Any:
    """The certificate with its project."""
    found = visible_certificate(number, me())
    filing = db.session.get_one(Filing, found.project_id)
    if me().kind != UserKind.ENTERPRISE and not filing.imported:
        return redirect(latest_task_url(filing))
    return _detail(filing, found)


@blueprint.get("/certificates/<number>/pdf")
@require()
def paper(number: str) -> Response:
    """The paper, to be looked at or (`?download=1`) kept."""
    return paper_response(visible_certificate(number, me()), download="download" in request.args)


def _detail(filing: Filing, certificate: Certificate | None) -> str:
    """What everybody may see of a filing, and what its enterprise may do. One of the old system has no case."""
    is_own = me().kind == UserKind.ENTERPRISE
    instance = procedure.case_of(db.session(), filing)
    course = Course(instance) if instance is not None else None
    allowed = procedure.allowed(db.session(), filing) if is_own else []
    version = submitted_version(filing)
    records = project_life.records_of(certificate) if certificate else []
    return render_template(
        "enterprise/filing.html",
        filing={
            "title": filing.project_name or _("未命名项目"),
            "status": certificate.status if certificate else filing.status,
            "suspended": instance is not None and instance.suspended,
            "reason": invalid_reasons().get((certificate.invalid_reason if certificate else "") or "", ""),
            "tags": _tags(filing, certificate),
            "agency": filing.agency.name if filing.agency else "",
            "project_code": filing.project_code,
            "filing_no": filing.number,
            "print_url": url_for("enterprise.application", filing_id=filing.id),
            "commitment_url": url_for("enterprise.commitment", filing_id=filing.id) if course is not None else None,
        },
        suspension=suspension.to_enterprise(course, filing) if course is not None else None,
        next=_next_thing(filing, certificate, allowed) if is_own else None,
        actions=_actions(certificate) if certificate and is_own else [],
        withdraw_url=url_for("enterprise.withdraw", filing_id=filing.id) if "withdraw" in allowed else None,
        revision=commands.revision_of(filing),
        command_id=commands.fresh(),
        certificate=_card(certificate, filing, records) if certificate else None,
        steps=steps(course, filing) if course is not None else [],
        sections=sections.of_project(filing, version),
        files=sections.files(filing),
        papers=sections.papers(filing),
        progress=project_life.progress_of(certificate) if certificate else None,
        records=records,
        archive=list(papers_of_project(filing)) if certificate else [],
        history=timeline(course, filing, me()) if course is not None else [],
        diagram_url=url_for("diagram.show", instance_id=instance.id) if instance is not None else None,
        life=project_life.life(filing, certificate, records, suspended=instance is not None and instance.suspended),
    )


def _tags(filing: Filing, certificate: Certificate | None) -> list[str]:
    again = [_("第 %(n)s 次提交", n=filing.submission)] if filing.submission > 1 else []
    return again + (choosing.tags(certificate) if certificate else [])


def _start_to_tell(certificate: Certificate) -> dict[str, Any] | None:
    """Telling when construction began, while that is what keeps the certificate (R172)."""
    told = db.session.get(Progress, certificate.number)
    today = local_date(runtime().engine.clock.now())
    left = (certificate.dated_until - today).days
    if certificate.status != CertificateStatus.VALID or (told and told.start_date) or left < 0:
        return None
    return {
        "title": _("填报开工时间，备案证将长期有效"),
        "text": _(
            "备案证有效期至 %(until)s，还有 %(n)s 天。到期仍未开工且未办理延期的，备案证自动失效。",
            until=wording.day(certificate.dated_until),
            n=left,
        ),
        "glyph": "flag",
        "url": url_for("enterprise.progress_of", number=certificate.number),
        "label": _("填报开工时间"),
    }


def _actions(certificate: Certificate) -> list[dict[str, str]]:
    """What its enterprise may do with a certificate now."""
    if certificate.status == CertificateStatus.INVALID:
        return []
    number = certificate.number
    extend = {"label": _("申请延期"), "url": url_for("enterprise.begin_extension", number=number)}
    return [
        {"label": _("申请变更"), "url": url_for("enterprise.begin_change", number=number)},
        *([extend] if _extendable(certificate) else []),
        {"label": _("填报进展"), "url": url_for("enterprise.progress_of", number=number)},
        {"label": pgettext("what one does", "注销"), "url": url_for("enterprise.cancellation_form", number=number)},
    ]


def _extendable(certificate: Certificate) -> bool:
    """Whether its page offers an extension; what the rules say of one is told when it is asked for."""
    return certificate.status == CertificateStatus.VALID and not certificate.extended


def _next_thing(filing: Filing, certificate: Certificate | None, allowed: list[str]) -> dict[str, Any] | None:
    """The one thing for the enterprise to do now."""
    edit_url = url_for("enterprise.edit", filing_id=filing.id)
    if filing.status == DocumentStatus.RETURNED:
        returned = returned_by(filing)
        text = returned["opinion"] if returned else ""
        return {
            "title": _("按意见修改后重新提交") if "submit" in allowed else _("按意见修改并保存，恢复后重新提交"),
            "text": text,
            "glyph": "corner-up-left",
            "url": edit_url,
            "label": _("修改申报"),
        }
    if "edit" in allowed:
        return {
            "title": _("修改后重新提交"),
            "text": _("申报已撤回到草稿箱，备案机关看不到它。"),
            "glyph": "pencil",
            "url": edit_url,
            "label": _("继续填写"),
        }
    if filing.status == DocumentStatus.NOT_ACCEPTED:
        return {
            "title": _("本次申报已结束，可以重新申报"),
            "text": _("原因见办理记录；项目代码仍可使用。"),
            "glyph": "info-circle",
            "post_url": url_for("enterprise.copy", filing_id=filing.id) if "copy" in allowed else None,
            "label": _("复制为新申报"),
        }
    return _start_to_tell(certificate) if certificate else None


def returned_by(document: Document) -> dict[str, str] | None:
    """Who returned a document for correction, when and why."""
    if document.status != DocumentStatus.RETURNED or document.instance_id is None:
        return None
    course = Course(db.session.get_one(Instance, document.instance_id))
    act = course.last_act()
    who = people.name_of(db.session(), act.actor) if act is not None and act.actor else _("备案机关")
    return {"who": who, "time": wording.short_moment(act.at if act else None), "opinion": document.opinion or ""}


def _card(certificate: Certificate, filing: Filing, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The certificate as `macros/certificate.html` shows it."""
    today = local_date(runtime().engine.clock.now())
    verify_url = f"{certificate.snapshot['site_url']}/verify/{certificate.verify_token}"
    number = certificate.number
    made = certificate.deliverable
    return {
        "number": number,
        "number_spaced": " ".join(number[start : start + 4] for start in range(0, len(number), 4)),
        "status": certificate.status,
        "reason": invalid_reasons().get(certificate.invalid_reason or "", ""),
        "issue_date": wording.day(certificate.issue_date),
        "valid_until": wording.day(certificate.valid_until) or None,
        "total": _("%(amount)s 万元", amount=wording.amount(filing.form.get("money", {}).get("total"))),
        "extension": _("已延期1年") if certificate.extended else _("可申请 1 次") if _extendable(certificate) else None,
        "letters": [paper for record in records for paper in record["papers"]],
        "agency": filing.agency.name if filing.agency else "",
        "seal": certificate.seal,
        "qr_url": segno.make_qr(verify_url, error="m").svg_data_uri(border=0),
        "pdf_url": url_for("enterprise.paper", number=number) if made else None,
        "download_url": url_for("enterprise.paper", number=number, download=1) if made else None,
        "verify_url": url_for("public.verify_token", token=certificate.verify_token),
        "elapsed": _elapsed(certificate, today),
        "today": wording.month_day(today),
        **_reminder(certificate, filing),
    }


def _elapsed(certificate: Certificate, day: date) -> int:
    """How much of the validity is gone on a day, in percent."""
    if certificate.valid_until is None:
        return 0
    if certificate.status == CertificateStatus.INVALID:
        return 100
    whole = (certificate.valid_until - certificate.issue_date).days
    return min(100, max(0, (day - certificate.issue_date).days * 100 // max(1, whole)))


def _reminder(certificate: Certificate, filing: Filing) -> dict[str, Any]:
    """When its procedure reminds of the end of its validity next, and where that is on the bar."""
    due = project_life.reminder_of_expiry(filing) if certificate.status == CertificateStatus.VALID else None
    if due is None:
        return {"marks": [], "reminder": ""}
    return {"marks": [_elapsed(certificate, due)], "reminder": wording.day(due)}


def latest_task_url(document: Document) -> str:
    """The task page of a document's case: that of the step it is at, else of the last one. The stamp that its paper
    gets afterwards has a page of its own."""
    query = select(Task).where(Task.instance_id == document.instance_id)
    course = Course(db.session.get_one(Instance, document.instance_id)) if document.instance_id else None
    tasks = db.session.scalars(query.order_by(Task.created_at.desc(), Task.id.desc()))
    task_id = next((t.id for t in tasks if course and course.ui_form_of(t.element_id).get("ui:page") != "seal"), None)
    if task_id is None:
        raise CommandRefused("filing_unknown", _("没有这份申报，或者它不归你办理。"), status=404)
    return url_for("task.page", task_id=task_id)
