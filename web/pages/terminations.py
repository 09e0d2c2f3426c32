"""注销管理 and 撤销管理: what was ended, choosing a certificate to end, the form, and one of them to read.

Enterprises cancel and read what was revoked; officials revoke and read what was cancelled.
"""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.tables import Instance
from records import attachments as attached
from records.certificates import Certificate, CertificateStatus
from records.documents import Document
from records.filings import Filing
from records.jurisdiction import HANDLING, decides
from records.terminations import LONGEST_GROUND, LONGEST_REASON, Cancellation, Revocation
from records.users import User, UserKind
from web.api.access import listed, visible
from web.api.certificates import visible_certificate
from web.api.terminations import File, endable, terminate
from web.database import db
from web.identity import me, require
from web.pages import addresses, choosing, commands, lists, sections, wording
from web.pages.course import Course, timeline
from web.pages.enterprise import blueprint
from web.pages.public import invalid_reasons
from web.reach import Reach
from web.texts import gettext as _
from web.texts import pgettext


@dataclass(frozen=True)
class Act:
    """One of the two ways to end a certificate; `verb` is its word in addresses."""

    kind: type[Document]
    verb: str
    of_enterprise: bool

    @property
    def name(self) -> str:
        return str(self.kind.__mapper__.polymorphic_identity)

    def open_to(self, user: User) -> bool:
        """Whether a user may end certificates so."""
        if self.of_enterprise:
            return user.kind == UserKind.ENTERPRISE
        return decides(user)


CANCEL = Act(Cancellation, "cancel", of_enterprise=True)
REVOKE = Act(Revocation, "revoke", of_enterprise=False)


# The lists


@blueprint.get("/cancellations")
@require()
def cancellations() -> str:
    """注销管理."""
    return _list(CANCEL)


@blueprint.get("/revocations")
@require()
def revocations() -> str:
    """撤销管理 (R162)."""
    return _list(REVOKE)


def _list(act: Act) -> str:
    user, kind = me(), act.kind
    query = select(kind).where(listed(kind, user), kind.submission > 0)
    if text := lists.searched():
        query = query.where(lists.containing(text, kind.project_name, kind.certificate_number, kind.number))
    found = lists.part(db.session(), query.order_by(kind.submitted_at.desc(), kind.number.desc()))
    official = user.kind != UserKind.ENTERPRISE
    return render_template(
        "enterprise/terminations.html",
        act=_words(act),
        new_url=url_for(f"enterprise.choose_{act.name}") if act.open_to(user) else None,
        query=text,
        page=found.foot,
        official=official,
        rows=[
            {
                "url": addresses.of_document(document),
                "name": document.project_name,
                "number": document.certificate_number,
                "party": document.enterprise.name if official else document.agency.name,
                "reason": document.form.get("reason"),
                "date": wording.day(document.submitted_at),
            }
            for (document,) in found.rows
        ],
    )


# Choosing


@blueprint.get("/cancellations/new")
@require(UserKind.ENTERPRISE)
def choose_cancellation() -> str:
    """注销项目 (R156): a certificate is chosen."""
    return _choose(CANCEL)


@blueprint.get("/revocations/new")
@require(*HANDLING)
def choose_revocation() -> str:
    """撤销备案: a certificate that the agency supervises is chosen."""
    return _choose(REVOKE)


def _choose(act: Act) -> str:
    return choosing.page(_words(act), choosing.certified(me()), f"enterprise.{act.name}_form")


# The form


@blueprint.get("/certificates/<number>/cancel")
@require(UserKind.ENTERPRISE)
def cancellation_form(number: str) -> Any:
    """广东省技术改造投资项目备案注销 (R157)."""
    return _open_form(CANCEL, number)


@blueprint.get("/certificates/<number>/revoke")
@require(*HANDLING, reach=Reach.HAND)
def revocation_form(number: str) -> Any:
    """The form of 撤销 (R155)."""
    return _open_form(REVOKE, number)


def _open_form(act: Act, number: str) -> Any:
    user = me()
    certificate = endable(visible_certificate(number, user), user)
    if certificate.status == CertificateStatus.INVALID:
        flash(_words(act)["too_late"], "warning")
        return redirect(url_for(f"enterprise.{act.name}s"))
    return _form(act, certificate)


@blueprint.post("/certificates/<number>/cancel")
@require(UserKind.ENTERPRISE)
def cancel(number: str) -> Any:
    """注销."""
    return _end(CANCEL, number)


@blueprint.post("/certificates/<number>/revoke")
@require(*HANDLING)
def revoke(number: str) -> Any:
    """撤销."""
    return _end(REVOKE, number)


def _end(act: Act, number: str) -> Any:
    """End it, once; what is refused is shown again as it was typed. Files have to be chosen anew."""
    user = me()
    certificate = endable(visible_certificate(number, user), user)
    # Browsers send line ends as two characters, and count them as one.
    typed = {name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in ("reason", "ground")}

    def give(given: Command) -> dict[str, Any]:
        return {"url": addresses.of_document(terminate(given, act.kind, number, typed, _uploaded()))}

    try:
        answer = commands.give(give)
    except BusinessRefusal as refusal:
        return _form(act, certificate, typed, commands.beside_fields(refusal)), 422
    except CommandRefused as refusal:
        if refusal.status not in (409, 413, 415, 422):
            raise
        place = "page" if refusal.status == 409 else "files"
        return _form(act, certificate, typed, {place: commands.refused(refusal)}), refusal.status
    flash(_words(act)["done"], "success")
    return redirect(answer["url"], 303)


def _uploaded() -> list[File]:
    """The files that came with the form. An empty field sends one without a name."""
    files = (file for file in request.files.getlist("files") if file.filename)
    return [File(file.filename or "", file.stream.read(attached.MAX_BYTES + 1)) for file in files]


def _form(
    act: Act, certificate: Certificate, typed: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> str:
    return render_template(
        "enterprise/termination_form.html",
        act=_words(act),
        project=_project(db.session.get_one(Filing, certificate.project_id), certificate),
        typed=typed or {},
        errors=errors or {},
        longest_reason=LONGEST_REASON,
        longest_ground=LONGEST_GROUND,
        with_ground=act is REVOKE,
        phrases=_usual_reasons() if act is REVOKE else [],
        post_url=url_for(f"enterprise.{act.verb}", number=certificate.number),
        back_url=url_for(f"enterprise.choose_{act.name}"),
        most_files=attached.MAX_FILES,
        lost_files=any(file.filename for file in request.files.getlist("files")),
        megabytes=attached.MAX_MEGABYTES,
        accept=",".join(attached.FILE_TYPES),
        command_id=commands.fresh(),
    )


# One of them


@blueprint.get("/cancellations/<cancellation_id>")
@require()
def cancellation(cancellation_id: str) -> str:
    return _one(CANCEL, cancellation_id)


@blueprint.get("/revocations/<revocation_id>")
@require()
def revocation(revocation_id: str) -> str:
    return _one(REVOKE, revocation_id)


def _one(act: Act, document_id: str) -> str:
    user, words = me(), _words(act)
    document = visible(act.kind, document_id, user)
    certificate = db.session.get_one(Certificate, document.certificate_number)
    instance = db.session.get(Instance, document.instance_id) if document.instance_id else None
    items = [{"label": words["reason"], "value": document.form.get("reason"), "wide": True}]
    if act is REVOKE:
        items.append({"label": _("法律依据"), "value": document.form.get("ground"), "wide": True})
    items += [
        {"label": words["time"], "value": wording.moment(document.submitted_at)},
        {"label": words["number"], "value": document.number},
    ]
    return render_template(
        "enterprise/termination.html",
        act=words,
        project=_project(document, certificate),
        status=certificate.status,
        reason=invalid_reasons().get(certificate.invalid_reason or "", ""),
        items=items,
        files=sections.files(document),
        history=timeline(Course(instance), document, user) if instance else [],
        diagram_url=url_for("diagram.show", instance_id=instance.id) if instance else None,
    )


def _project(document: Document, certificate: Certificate) -> dict[str, Any]:
    """项目信息, of a filing or of what is about one."""
    agency = document.agency.name if document.agency else ""
    return {
        "name": document.project_name,
        "agency": agency,
        "url": url_for("enterprise.certificate", number=certificate.number),
        "items": [
            {"label": _("项目名称"), "value": document.project_name, "wide": True},
            {"label": _("项目代码"), "value": document.project_code},
            {"label": _("备案证号"), "value": certificate.number},
            {"label": _("备案机关"), "value": agency},
            {"label": _("法人名称"), "value": document.enterprise.name},
            {"label": _("签发日期"), "value": wording.day(certificate.issue_date)},
            {"label": _("有效期至"), "value": wording.day(certificate.valid_until) or _("长期有效")},
        ],
    }


def _words(act: Act) -> dict[str, Any]:
    """What the pages say of an act."""
    common = {"key": f"{act.name}s", "list_url": url_for(f"enterprise.{act.name}s")}
    if act is CANCEL:
        return common | {
            "verb": pgettext("what one does", "注销"),
            "manage": _("注销管理"),
            "new": _("去注销项目"),
            "choose": _("注销项目"),
            "hint": _("请选择一个备案项目进行注销"),
            "title": _("广东省技术改造投资项目备案注销"),
            "section": _("注销信息"),
            "reason": _("注销原因"),
            "time": _("注销时间"),
            "number": _("注销编号"),
            "confirm": _("确认注销备案"),
            "consequence": _("注销后备案证立即失效，不能恢复。"),
            "told": _("该过程无需审批。注销后备案证状态变为已失效，备案机关会收到短信和待阅。"),
            "done": _("已注销，备案证已失效。"),
            "too_late": _("备案证已失效，不能注销。"),
            "empty": _("没有注销过的备案"),
            "empty_text": _("不再实施的项目，可以由企业自行注销备案。"),
        }
    return common | {
        "verb": pgettext("what one does", "撤销"),
        "manage": _("撤销管理"),
        "new": _("去撤销备案"),
        "choose": _("撤销备案"),
        "hint": _("请选择一个备案项目进行撤销"),
        "title": _("广东省技术改造投资项目备案撤销"),
        "section": _("撤销信息"),
        "reason": _("撤销原因"),
        "time": _("撤销时间"),
        "number": _("撤销编号"),
        "confirm": _("确认撤销备案"),
        "consequence": _("撤销后企业的备案证立即失效，不能恢复。"),
        "told": _("该过程无需审批。撤销后备案证状态变为已失效，企业会收到短信和待阅。"),
        "done": _("已撤销，备案证已失效。"),
        "too_late": _("备案证已失效，不能撤销。"),
        "empty": _("没有被撤销的备案"),
        "empty_text": _("工信部门撤销的备案会出现在这里。"),
    }


def _usual_reasons() -> list[str]:
    """Why authorities revoke, as a rule (domain §2.9)."""
    return [
        _("备案信息与实际不符"),
        _("不符合国家产业政策"),
        _("属于核准管理的项目"),
        _("不属于固定资产投资项目"),
        _("不属于本机关的备案权限"),
    ]
