"""项目核准 of an enterprise: the list, beginning an application, its form, one to be read, and taking it back."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import Select, func, select

from engine import state
from engine.tables import Instance
from records.approvals import Approval, Reply
from records.calendar import local_date
from records.certificates import CertificateStatus
from records.documents import EDITABLE, IN_PROGRESS, DocumentStatus
from records.enterprises import Enterprise
from records.filings import Filing
from records.papers import NAMES, Paper, PaperKind, papers_of
from records.users import User, UserKind
from tasks import procedure
from tasks.approvals.schema import ApprovalForm
from web.api.access import own, visible
from web.database import db
from web.identity import me, require
from web.pages import (
    addresses,
    approval_parts,
    choosing,
    commands,
    form_page,
    lists,
    own_documents,
    sections,
    suspension,
    wording,
)
from web.pages.clock import clock
from web.pages.course import Course, progress, steps, submitted_version, timeline
from web.pages.enterprise import blueprint
from web.pages.filings import latest_task_url, returned_by
from web.pages.inbox import status_of
from web.pages.public import invalid_reasons
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

_UNDER_WAY = IN_PROGRESS
_DRAFTS = EDITABLE - IN_PROGRESS
_OUTCOMES = (PaperKind.APPROVAL_REPLY, PaperKind.REFUSAL_DECISION, PaperKind.NOT_ACCEPTED_NOTICE)
"""The papers that an application can end with."""


@blueprint.get("/approvals", defaults={"tab": "current"})
@blueprint.get("/approvals/<any(decided, drafts):tab>")
@require(UserKind.ENTERPRISE)
def approvals(tab: str) -> str:
    """项目核准: under way, decided, and 草稿箱."""
    labels = {"current": _("办理中"), "decided": _("已办结"), "drafts": _("草稿箱")}
    queries = {name: _those(me(), name) for name in labels}
    query = queries[tab]
    if text := lists.searched():
        query = query.where(lists.containing(text, Approval.project_name, Approval.project_code, Approval.number))
    found = lists.part(db.session(), query.order_by(Approval.updated_at.desc(), Approval.id))
    return render_template(
        "enterprise/approvals.html",
        tab=tab,
        tab_items=[
            {
                "label": label,
                "count": db.session.scalar(select(func.count()).select_from(queries[name].subquery())),
                "url": url_for("enterprise.approvals", tab=name),
                "active": name == tab,
            }
            for name, label in labels.items()
        ],
        query=text,
        new_url=url_for("enterprise.new_approval"),
        page=found.foot,
        rows=[_row(approval) for (approval,) in found.rows],
    )


@blueprint.get("/approvals/new")
@require(UserKind.ENTERPRISE)
def begin_approval() -> str:
    """Before the form: what approval is for. `?filing=` is a filing that turned out to need approval (V17)."""
    filing = own(Filing, request.args["filing"], me()) if request.args.get("filing") else None
    return render_template(
        "enterprise/approval_begin.html",
        filing={"id": filing.id, "name": filing.project_name or _("未命名项目")} if filing else None,
        begin_url=url_for("enterprise.new_approval"),
        back_url=addresses.form_of(filing) if filing else url_for("enterprise.approvals"),
        guide_url=url_for("library.guide"),
    )


@blueprint.post("/approvals/new")
@require(UserKind.ENTERPRISE)
def new_approval() -> Any:
    """A new draft, with what a filing says of the project where one is named, and its form."""
    user = me()
    filing = own(Filing, request.form["filing"], user) if request.form.get("filing") else None
    form = _taken_over(filing.full_form) if filing else _beginning(db.session.get_one(Enterprise, user.enterprise_id))
    return own_documents.begin(Approval(enterprise_id=user.enterprise_id), form)


@blueprint.get("/approvals/<approval_id>/edit")
@require(UserKind.ENTERPRISE)
def edit_approval(approval_id: str) -> Any:
    """The form. What may no longer be edited is shown to be read, with the reason."""
    approval = own_documents.editable(Approval, approval_id)
    words = {
        "title": _("企业投资项目核准-工业和信息化领域技术改造项目核准及招标核准"),
        "list": _("项目核准"),
        "act": _("核准申请"),
        "submit": _("提交申请"),
        "returned": _("要求补正"),
    }
    return form_page.render(
        approval,
        words,
        list_url=url_for("enterprise.approvals"),
        drafts_url=url_for("enterprise.approvals", tab="drafts"),
        returned=returned_by(approval),
    )


@blueprint.post("/approvals/<approval_id>/delete")
@require(UserKind.ENTERPRISE)
def delete_approval(approval_id: str) -> Any:
    """Delete a draft that was never submitted."""
    name = own_documents.delete(Approval, approval_id)
    flash(_("草稿“%(name)s”已删除。", name=name), "success")
    return redirect(url_for("enterprise.approvals", tab="drafts"), 303)


@blueprint.get("/approvals/<approval_id>")
@require()
def approval(approval_id: str) -> Any:
    """核准详情; an official is led to the task page of the case."""
    found = visible(Approval, approval_id, me())
    if me().kind != UserKind.ENTERPRISE:
        return redirect(latest_task_url(found))
    if found.instance_id is None:
        return redirect(url_for("enterprise.edit_approval", approval_id=found.id))
    instance = db.session.get_one(Instance, found.instance_id)
    course, version = Course(instance), submitted_version(found)
    allowed = procedure.allowed(db.session(), found)
    return render_template(
        "enterprise/approval.html",
        approval={
            "title": found.project_name or _("未命名项目"),
            "status": status_of(found),
            "suspended": instance.suspended,
            "tags": [_("第 %(n)s 次提交", n=found.submission)] if found.submission > 1 else [],
            "agency": found.agency.name if found.agency else "",
            "project_code": found.project_code,
            "number": found.number,
        },
        held=_held(found),
        suspension=suspension.to_enterprise(course, found),
        next=_next_thing(found, instance, allowed),
        withdraw_url=url_for("enterprise.withdraw_approval", approval_id=found.id) if "withdraw" in allowed else None,
        revision=commands.revision_of(found),
        command_id=commands.fresh(),
        steps=steps(course, found),
        sections=sections.of_project(found, version),
        papers=sections.papers(found),
        clock=clock(db.session(), found, instance, local_date(runtime().engine.clock.now())),
        history=timeline(course, found, me()),
        diagram_url=url_for("diagram.show", instance_id=instance.id),
        **approval_parts.shown(found, version),
    )


@blueprint.post("/approvals/<approval_id>/withdraw")
@require(UserKind.ENTERPRISE)
def withdraw_approval(approval_id: str) -> Any:
    """撤回: back to the drafts, while it is not taken up."""
    return own_documents.withdraw(Approval, approval_id, _("已撤回，申请回到草稿箱，可以修改后重新提交。"))


def _held(approval: Approval) -> dict[str, Any] | None:
    """How the reply stands, and what can be done under it."""
    reply = db.session.get(Reply, approval.certificate_number) if approval.certificate_number else None
    if reply is None:
        return None
    until = wording.day(reply.valid_until) or _("长期有效")
    acts = {"progress_of": _("填报项目进展"), "begin_change": _("申请变更"), "begin_extension": _("申请延期")}
    if reply.status != CertificateStatus.VALID:
        acts.pop("begin_extension")
    if reply.status == CertificateStatus.INVALID:
        acts.clear()
    return {
        "number": reply.number,
        "status": reply.status,
        "reason": invalid_reasons().get(reply.invalid_reason or "", ""),
        "tags": choosing.tags(reply),
        "items": [
            {"label": _("批复文号"), "value": reply.number},
            {"label": _("签发日期"), "value": wording.day(reply.issue_date)},
            {"label": _("有效期至"), "value": until},
        ],
        "acts": [
            {"label": label, "url": url_for(f"enterprise.{name}", number=reply.number)} for name, label in acts.items()
        ],
    }


def _those(user: User, tab: str) -> Select[Approval]:
    mine = select(Approval).where(Approval.enterprise_id == user.enterprise_id)
    if tab == "current":
        return mine.where(Approval.status.in_(_UNDER_WAY))
    if tab == "drafts":
        return mine.where(Approval.status.in_(_DRAFTS))
    return mine.where(Approval.status.not_in(_UNDER_WAY | _DRAFTS))


def _row(approval: Approval) -> dict[str, Any]:
    instance = procedure.case_of(db.session(), approval)
    returned = approval.status == DocumentStatus.RETURNED
    drafted = approval.status in _DRAFTS
    paper = _outcome(approval)
    return {
        "url": addresses.form_of(approval) if drafted else addresses.of_document(approval),
        "act": _("修改") if drafted else _("补正材料") if returned else _("核准详情"),
        "delete_url": url_for("enterprise.delete_approval", approval_id=approval.id) if approval.deletable else None,
        "name": approval.project_name,
        "number": approval.number,
        "agency": approval.agency.name if approval.agency else "",
        "submitted": wording.day(approval.submitted_at),
        "saved": wording.moment(approval.updated_at),
        "finished": approval.status not in IN_PROGRESS,
        "step": progress(Course(instance)) if instance is not None and not drafted else "",
        "status": status_of(approval),
        "suspended": instance is not None and instance.suspended,
        "paper": {"name": told(NAMES[paper.kind]), "number": paper.number, "url": _address(paper)} if paper else None,
    }


def _next_thing(approval: Approval, instance: Instance, allowed: list[str]) -> dict[str, Any] | None:
    """The one thing for the enterprise to do now, or what came of it."""
    edit_url = url_for("enterprise.edit_approval", approval_id=approval.id)
    if approval.status == DocumentStatus.RETURNED:
        title = _("一次补正全部材料后重新提交") if "submit" in allowed else _("补正并保存，恢复后重新提交")
        until = _told(instance, "correction", "day")
        said = _("请在 %(day)s 前补正：%(what)s", day=wording.day(until), what=approval.opinion) if until else ""
        return _thing(title, said or approval.opinion, "corner-up-left", edit_url, _("补正材料"))
    if "edit" in allowed:
        said = _("申请已撤回到草稿箱，核准机关看不到它。")
        return _thing(_("修改后重新提交"), said, "pencil", edit_url, _("继续填写"))
    paper = _outcome(approval)
    read = {"url": _address(paper), "label": _("查看%(name)s", name=told(NAMES[paper.kind]))} if paper else {}
    if approval.status == DocumentStatus.ISSUED:
        said = _("文号 %(number)s。项目代码、批复用于办理开工前的其他手续。", number=paper.number) if paper else ""
        return _thing(_("项目已予以核准"), said, "circle-check", **read, eyebrow=_("办理结果"))
    if approval.status == DocumentStatus.REFUSED:
        return _thing(_("项目不予核准"), approval.opinion, "ban", **read, eyebrow=_("办理结果"))
    if approval.status == DocumentStatus.NOT_ACCEPTED:
        return _after_not_accepted(approval, instance, read)
    return None


def _after_not_accepted(approval: Approval, instance: Instance, read: dict[str, str]) -> dict[str, Any]:
    """What there is to do after it was not taken up: the filing that it became, or another application."""
    filing_id = _told(instance, "handed_over", "filing_id")
    filing = db.session.get(Filing, filing_id) if filing_id else None
    if filing is not None:
        said = _("不属于核准范围，申请内容已转为备案草稿 %(number)s。", number=filing.number)
        return _thing(_("请继续办理备案"), said, "file-text", addresses.of_document(filing), _("去办理备案"))
    said = f"{approval.opinion or ''} " + _("项目代码仍可使用。")
    again = {"url": url_for("enterprise.begin_approval"), "label": _("重新申请")}
    return _thing(_("本次申请已结束，可以重新申请"), said.strip(), "info-circle", **(read or again))


def _told(instance: Instance, variable: str, name: str) -> Any:
    """What a service said the case, as its diagram keeps it; None where it did not."""
    said = state.variables(instance.state).get(variable)
    return said.get(name) if isinstance(said, Mapping) else None


def _thing(
    title: str, text: str | None, glyph: str, url: str = "", label: str = "", eyebrow: str = ""
) -> dict[str, Any]:
    return {"title": title, "text": text or "", "glyph": glyph, "url": url, "label": label, "eyebrow": eyebrow}


def _outcome(approval: Approval) -> Paper | None:
    """The paper that the application ended with."""
    found = [paper for paper in papers_of(db.session(), approval.id) if paper.kind in _OUTCOMES]
    return found[-1] if found else None


def _address(paper: Paper) -> str:
    return url_for("enterprise.issued_paper", paper_id=paper.id)


def _taken_over(filed: Mapping[str, Any]) -> dict[str, Any]:
    """What a filing says of its project; who decides is another authority's."""
    known = set(ApprovalForm().fields) - {"agency"}
    return {name: value for name, value in filed.items() if name in known}


def _beginning(enterprise: Enterprise) -> dict[str, Any]:
    return {"project_contact": {name: enterprise.contact.get(name) for name in ("name", "mobile")}}
