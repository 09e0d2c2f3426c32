"""我的档案: every paper of an enterprise's projects in one place (R169)."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from engine.errors import CommandRefused
from records.attachments import attachments_of
from records.certificates import Certificate
from records.documents import Document
from records.filings import FILING, Filing
from records.papers import Paper, PaperKind
from records.users import UserKind
from tasks.documents import KINDS
from web.api.access import visible
from web.database import db
from web.identity import me, require
from web.pages import addresses, lists, wording
from web.pages.enterprise import blueprint


@blueprint.get("/archive")
@require(UserKind.ENTERPRISE)
def archive() -> str:
    """The projects that were ever submitted, each with what was handed in and handed out."""
    query = select(Filing).where(Filing.enterprise_id == me().enterprise_id, Filing.submission > 0)
    if text := lists.searched():
        query = query.where(lists.containing(text, Filing.project_name, Filing.project_code, Filing.certificate_number))
    found = lists.part(db.session(), query.order_by(Filing.submitted_at.desc(), Filing.id), size=10)
    return render_template(
        "enterprise/archive.html",
        query=text,
        page=found.foot,
        projects=[
            {
                "name": filing.project_name or _("未命名项目"),
                "url": addresses.of_document(filing),
                "number": filing.certificate_number or filing.number,
                "status": filing.status,
                "papers": list(_papers(filing)),
            }
            for (filing,) in found.rows
        ],
    )


@blueprint.get("/papers/<paper_id>")
@require()
def issued_paper(paper_id: str) -> Response:
    """A paper beside the certificate, to its document's enterprise and agency."""
    paper = db.session.get(Paper, paper_id)
    if paper is None or paper.pdf is None:
        raise CommandRefused("paper_unknown", _("没有这份文书，或者它还没有生成。"), status=404)
    visible(Document, paper.document_id, me())
    headers = {"Content-Disposition": f'inline; filename="{paper.id}.pdf"', "ETag": f'"{paper.sha256}"'}
    return Response(paper.pdf, mimetype="application/pdf", headers=headers)


def _papers(filing: Filing) -> Iterator[dict[str, Any]]:
    """A project's papers, in the order in which they came to be."""
    yield from _handed_in([filing])
    certificate = db.session.get(Certificate, filing.certificate_number) if filing.certificate_number else None
    if certificate is None:
        return
    if certificate.on_paper:
        address = url_for("enterprise.certificate", number=certificate.number)
        yield _paper(_("纸质备案证"), certificate.number, wording.day(certificate.issue_date), address, "certificate")
    elif certificate.paper is not None:
        address = url_for("enterprise.paper", number=certificate.number)
        yield _paper(_("备案证"), certificate.number, wording.day(certificate.issue_date), address)
    about = select(Document).where(
        Document.certificate_number == certificate.number, Document.kind != FILING, Document.submission > 0
    )
    for document in db.session.scalars(about.order_by(Document.submitted_at, Document.id)):
        yield from _handed_in([document])
        yield from _handed_out(document)


def _handed_in(submitted: Iterable[Document]) -> Iterator[dict[str, Any]]:
    for document in submitted:
        is_filing = document.kind == FILING
        printed = url_for("enterprise.application", filing_id=document.id) if is_filing else None
        name = _("备案申报表") if is_filing else KINDS[document.kind].TITLE
        day = wording.day(document.submitted_at)
        yield _paper(name, document.number, day, printed or addresses.of_document(document))
        for file in attachments_of(db.session(), document.id):
            address = url_for("enterprise.attachment", document_id=document.id, attachment_id=file.id)
            yield _paper(file.name, wording.file_size(file.size), wording.day(file.uploaded_at), address, "paperclip")


def _handed_out(document: Document) -> Iterator[dict[str, Any]]:
    names = {PaperKind.CHANGE_LETTER: _("变更函"), PaperKind.NOT_ACCEPTED_NOTICE: _("不予受理告知书")}
    made = select(Paper).where(Paper.document_id == document.id, Paper.made_at.is_not(None))
    for paper in db.session.scalars(made.order_by(Paper.number)):
        address = url_for("enterprise.issued_paper", paper_id=paper.id)
        yield _paper(names[PaperKind(paper.kind)], paper.number, wording.day(paper.issue_date), address)


def _paper(name: str, number: str, day: str, address: str, glyph: str = "file-text") -> dict[str, Any]:
    return {"name": name, "number": number, "date": day, "url": address, "icon": glyph}
