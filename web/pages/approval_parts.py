"""What pages show of an application for approval beside its fields: the tenders, the materials, and who was asked."""

from collections.abc import Mapping
from typing import Any

from engine.errors import CommandRefused
from records.approvals import Approval
from records.documents import Document, DocumentVersion
from records.inquiries import Answer, Inquiry, inquiries_of
from tasks.approvals.materials import is_foreign, needed
from tasks.approvals.vocabulary import NO_TENDER
from web.api.examinations import tables_of
from web.database import db
from web.pages import sections, wording
from web.texts import gettext as _
from web.texts import told


def shown(approval: Approval, version: DocumentVersion | None) -> dict[str, Any]:
    """`tender`, `materials` and `others` (the files that are no material) as they were submitted, else as saved."""
    form: Mapping[str, Any] = version.form if version is not None and not approval.editable else approval.form
    files = {file["id"]: file for file in sections.files(approval)}
    given = form.get("materials") or {}
    materials = [
        {"title": told(one.title), "note": told(one.note), "file": files.pop(given.get(one.key) or "", None)}
        for one in _needed(approval, form)
    ]
    return {"tender": _tender(form.get("tender") or {}), "materials": materials, "others": list(files.values())}


def _needed(approval: Approval, form: Mapping[str, Any]) -> list[Any]:
    try:
        decide = tables_of(Approval)
    except CommandRefused:
        return []  # nothing is deployed: the files are shown by themselves
    return needed(form, foreign=is_foreign(approval.enterprise.economic_type), decide=decide)


def _tender(tender: Mapping[str, Any]) -> dict[str, Any]:
    """招标事项 for `macros/approval.html`."""
    rows = []
    for row in tender.get("rows") or ():
        untendered = row.get("method") == NO_TENDER
        rows.append(
            {
                "kind": told(row.get("kind")),
                "estimate": wording.amount(row.get("estimate")),
                "together": row.get("combinable") is not False,
                "scope": "" if untendered else told(row.get("scope")),
                "org": "" if untendered else told(row.get("org")),
                "method": told(row.get("method")),
                "reason": row.get("reason") or "",
            }
        )
    basis = [told(ground) for ground in tender.get("basis") or ()]
    return {"required": tender.get("required"), "basis": basis, "rows": rows}


def asked(document: Document) -> list[dict[str, Any]]:
    """Whom the authority asked about a document, and what came back."""
    return [_asked(inquiry) for inquiry in inquiries_of(db.session(), document.id)]


def _asked(inquiry: Inquiry) -> dict[str, Any]:
    answers = {
        Answer.AGREED: (_("同意"), "circle-check", "green"),
        Answer.OBJECTED: (_("不同意"), "ban", "red"),
        Answer.DEEMED: (_("视为同意"), "clock", "grey"),
        Answer.TOLD: (_("已有结果"), "check", "green"),
    }
    word, glyph, tone = answers[Answer(inquiry.answer)] if inquiry.answer else (_("等待反馈"), "clock", "amber")
    return {
        "kind": inquiry.kind,
        "party": inquiry.party,
        "asked_on": wording.day(inquiry.asked_on),
        "due_on": wording.day(inquiry.due_on),
        "answered_on": wording.day(inquiry.answered_on),
        "word": word,
        "glyph": glyph,
        "tone": tone,
        "opinion": inquiry.opinion or (_("期限内没有反馈") if inquiry.answer == Answer.DEEMED else ""),
    }
