"""更正管理: the corrections of an agency, choosing a certificate to correct, the form, and one of them to read."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.inbox import open_tasks
from engine.tables import Instance
from records.certificates import Certificate, CertificateStatus
from records.corrections import LONGEST_REASON, Correction
from records.documents import DocumentStatus, DocumentVersion
from records.filings import Filing
from records.jurisdiction import HANDLING, decides
from records.papers import PaperKind, papers_of
from records.users import UserKind
from tasks.corrections import ALLOWED, LABELS, PRINTED, longest, on_file, public_note, scope
from web.api.access import listed, visible
from web.api.certificates import visible_certificate
from web.api.corrections import correct, correctable
from web.api.examinations import tables_of
from web.database import db
from web.identity import me, require
from web.pages import addresses, choosing, commands, lists, people, wording
from web.pages.course import Course, timeline
from web.pages.enterprise import blueprint
from web.reach import Reach
from web.texts import gettext as _
from web.texts import pgettext, told

_LONG = ("scale_content",)


@blueprint.get("/corrections")
@require()
def corrections() -> str:
    """更正管理; to an enterprise, what was corrected on its certificates."""
    user = me()
    query = select(Correction).where(listed(Correction, user))
    if text := lists.searched():
        columns = (Correction.project_name, Correction.certificate_number, Correction.number)
        query = query.where(lists.containing(text, *columns))
    found = lists.part(db.session(), query.order_by(Correction.submitted_at.desc(), Correction.number.desc()))
    return render_template(
        "enterprise/corrections.html",
        new_url=url_for("enterprise.choose_correction") if decides(user) else None,
        query=text,
        page=found.foot,
        rows=[
            {
                "url": addresses.of_document(correction),
                "name": correction.project_name,
                "number": correction.certificate_number,
                "items": _("、").join(told(LABELS[row.field]) for row in correction.corrected),
                "state": standing(correction),
                "date": wording.day(correction.submitted_at),
            }
            for (correction,) in found.rows
        ],
    )


@blueprint.get("/corrections/new")
@require(*HANDLING)
def choose_correction() -> str:
    """更正备案证: a certificate that the agency supervises is chosen."""
    act = {
        "key": "corrections",
        "list_url": url_for("enterprise.corrections"),
        "manage": _("更正管理"),
        "choose": _("更正备案证"),
        "hint": _("请选择一份有文字错误的备案证"),
        "verb": pgettext("what one does", "更正"),
    }
    return choosing.page(act, choosing.certified(me()), "enterprise.correction_form")


@blueprint.get("/certificates/<number>/correct")
@require(UserKind.AUTHORITY, reach=Reach.HAND)
def correction_form(number: str) -> Any:
    """The form of 更正: what may be set right, as it is on file."""
    certificate = correctable(visible_certificate(number, me()), me())
    if certificate.status == CertificateStatus.INVALID:
        flash(_("备案证已失效，不能更正。"), "warning")
        return redirect(url_for("enterprise.corrections"))
    return _form(certificate)


@blueprint.post("/certificates/<number>/correct")
@require(UserKind.AUTHORITY)
def correct_certificate(number: str) -> Any:
    """Submit it to be signed; what is refused is shown again as it was typed."""
    certificate = correctable(visible_certificate(number, me()), me())
    # Browsers send line ends as two characters, and count them as one.
    typed = {name: text.replace("\r\n", "\n").strip() for name, text in request.form.items()}
    form = {"texts": {name: typed[name] for name in PRINTED if name in typed}, "reason": typed.get("reason", "")}

    def give(given: Command) -> dict[str, Any]:
        return {"url": addresses.of_document(correct(given, number, form))}

    try:
        answer = commands.give(give)
    except BusinessRefusal as refusal:
        return _form(certificate, typed, commands.beside_fields(refusal)), 422
    except CommandRefused as refusal:
        if refusal.status != 409:
            raise
        return _form(certificate, typed, {"page": commands.refused(refusal)}), 409
    flash(_("已提交，由另一名签发人签发后生效。"), "success")
    return redirect(answer["url"], 303)


@blueprint.get("/corrections/<correction_id>")
@require()
def correction(correction_id: str) -> str:
    """One correction, to be read by both parties."""
    user, found = me(), visible(Correction, correction_id, me())
    certificate = db.session.get_one(Certificate, found.certificate_number)
    instance = db.session.get_one(Instance, found.instance_id)
    paper = next(iter(papers_of(db.session(), found.id, PaperKind.CORRIGENDUM)), None)
    # Whoever drew it up cannot sign it.
    may_sign = user.kind != UserKind.ENTERPRISE and found.versions[-1].submitted_by != user.username
    waiting = open_tasks(db.session(), instance.id) if may_sign else []
    return render_template(
        "enterprise/correction.html",
        correction={
            "title": found.project_name,
            "number": found.number,
            "agency": found.agency.name if found.agency else "",
            "certificate": certificate.number,
            "state": standing(found),
            "why": found.opinion,
        },
        sections=content(found, found.versions[-1]),
        paper={
            "number": paper.number,
            "date": wording.day(paper.issue_date),
            "seal": paper.seal,
            "url": url_for("enterprise.issued_paper", paper_id=paper.id) if paper.made_at else None,
            "note": public_note(paper).splitlines(),
        }
        if paper is not None
        else None,
        task_url=url_for("task.page", task_id=waiting[0].id) if waiting else None,
        project_url=url_for("enterprise.certificate", number=certificate.number),
        history=timeline(Course(instance), found, user),
        diagram_url=url_for("diagram.show", instance_id=instance.id),
    )


def content(correction: Correction, version: DocumentVersion) -> list[dict[str, Any]]:
    """What is set right, and why, as whoever signs reads it."""
    drawn_up = people.name_of(db.session(), version.submitted_by)
    return [
        {
            "title": _("更正内容"),
            "items": [
                {"label": told(LABELS[row.field]), "value": row.new, "old": row.old, "changed": True, "wide": True}
                for row in correction.corrected
            ],
        },
        {
            "title": _("更正原因"),
            "items": [
                {"label": _("原因"), "value": version.form["reason"], "wide": True},
                {"label": _("起草人"), "value": drawn_up},
                {"label": _("起草时间"), "value": wording.moment(version.submitted_at)},
            ],
        },
    ]


def standing(correction: Correction) -> dict[str, str]:
    """How a correction stands, in words, as a badge."""
    words = {
        DocumentStatus.REVIEWED: (_("待签发"), "signature", "purple"),
        DocumentStatus.ISSUED: (_("已更正"), "circle-check", "green"),
        DocumentStatus.NOT_ACCEPTED: (_("不予更正"), "ban", "red"),
        DocumentStatus.TERMINATED: (_("已终止"), "circle-off", "grey"),
    }
    word, glyph, tone = words[DocumentStatus(correction.status)]
    return {"word": word, "glyph": glyph, "tone": tone}


def _form(certificate: Certificate, typed: dict[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    filing, decide = db.session.get_one(Filing, certificate.project_id), tables_of(Correction)
    return render_template(
        "enterprise/correction_form.html",
        project={
            "name": filing.project_name,
            "items": [
                {"label": _("备案证号"), "value": certificate.number},
                {"label": _("项目代码"), "value": filing.project_code},
                {"label": _("签发日期"), "value": wording.day(certificate.issue_date)},
                {"label": _("有效期至"), "value": wording.day(certificate.valid_until) or _("长期有效")},
            ],
        },
        fields=[
            {
                "name": field,
                "label": told(LABELS[field]),
                "old": on_file(filing, field),
                "value": (typed or {}).get(field, on_file(filing, field)),
                "longest": longest(field),
                "long": field in _LONG,
            }
            for field in PRINTED
            if scope(decide, field)["result"] == ALLOWED
        ],
        reason=(typed or {}).get("reason", ""),
        longest_reason=LONGEST_REASON,
        errors=errors or {},
        post_url=url_for("enterprise.correct_certificate", number=certificate.number),
        back_url=url_for("enterprise.choose_correction"),
        command_id=commands.fresh(),
    )
