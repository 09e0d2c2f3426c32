"""我的档案: every paper of an enterprise's projects in one place (R169)."""

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template, request, url_for
from sqlalchemy import select

from records.attachments import attachments_of
from records.certificates import Certificate
from records.documents import Document
from records.filings import FILING
from records.papers import NAMES, papers_of
from records.projects import Project
from records.users import UserKind
from web.api import papers
from web.api.access import listed
from web.database import db
from web.identity import me, require
from web.pages import addresses, lists, wording
from web.pages.enterprise import blueprint
from web.pages.inbox import status_of
from web.texts import gettext as _
from web.texts import told


@blueprint.get("/archive")
@require(UserKind.ENTERPRISE)
def archive() -> str:
    """The projects that were ever submitted, each with what was handed in and handed out."""
    query = select(Project).where(Project.enterprise_id == me().enterprise_id, Project.submission > 0)
    if text := lists.searched():
        about = (Project.project_name, Project.project_code, Project.certificate_number, Project.number)
        query = query.where(lists.containing(text, *about))
    found = lists.part(db.session(), query.order_by(Project.submitted_at.desc(), Project.id), size=10)
    return render_template(
        "enterprise/archive.html",
        query=text,
        page=found.foot,
        projects=[
            {
                "name": project.project_name or _("未命名项目"),
                "url": addresses.of_document(project),
                "number": project.certificate_number or project.number,
                "status": status_of(project),
                "papers": list(papers_of_project(project)),
            }
            for (project,) in found.rows
        ],
    )


@blueprint.get("/papers/<paper_id>")
@require()
def issued_paper(paper_id: str) -> Response:
    """A paper, to be looked at or (`?download=1`) kept by its document's enterprise and agency."""
    return papers.response(papers.visible_paper(paper_id, me()), download="download" in request.args)


def papers_of_project(project: Document) -> Iterator[dict[str, Any]]:
    """The papers of a project, told by the document it began with, in the order in which they came to be."""
    yield from _handed_in(project)
    yield from _handed_out(project)
    if project.certificate_number is None:
        return
    certificate = db.session.get(Certificate, project.certificate_number)
    if certificate is not None and certificate.on_paper:
        address = url_for("enterprise.certificate", number=certificate.number)
        yield _paper(_("纸质备案证"), certificate.number, wording.day(certificate.issue_date), address, "certificate")
    elif certificate is not None and certificate.deliverable:
        address = url_for("enterprise.paper", number=certificate.number)
        yield _paper(_("备案证"), certificate.number, wording.day(certificate.issue_date), address)
    about = (
        select(Document)
        .where(
            Document.certificate_number == project.certificate_number,
            Document.id != project.id,
            Document.submission > 0,
        )
        .where(listed(Document, me()))
    )
    for document in db.session.scalars(about.order_by(Document.submitted_at, Document.id)):
        yield from _handed_in(document)
        yield from _handed_out(document)


def _handed_in(document: Document) -> Iterator[dict[str, Any]]:
    is_filing = document.kind == FILING
    printed = url_for("enterprise.application", filing_id=document.id) if is_filing else None
    name = _("备案申报表") if is_filing else told(document.TITLE)
    day = wording.day(document.submitted_at)
    yield _paper(name, document.number, day, printed or addresses.of_document(document))
    for file in attachments_of(db.session(), document.id):
        address = url_for("enterprise.attachment", document_id=document.id, attachment_id=file.id)
        yield _paper(file.name, wording.file_size(file.size), wording.day(file.uploaded_at), address, "paperclip")


def _handed_out(document: Document) -> Iterator[dict[str, Any]]:
    for paper in papers_of(db.session(), document.id):
        address = url_for("enterprise.issued_paper", paper_id=paper.id)
        yield _paper(told(NAMES[paper.kind]), paper.number, wording.day(paper.issue_date), address)


def _paper(name: str, number: str, day: str, address: str, glyph: str = "file-text") -> dict[str, Any]:
    return {"name": name, "number": number, "date": day, "url": address, "icon": glyph}
