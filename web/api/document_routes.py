"""The routes that documents of every kind have: drafts, checks, submission, withdrawal, attachments (design §6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import Response, request, send_file
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from records import attachments as attached
from records import documents
from records.attachments import Attachment
from records.documents import Document
from records.masking import mask_person
from records.papers import papers_of
from records.regions import full_name
from records.users import User, UserKind
from tasks import procedure
from web.api import cursors, papers
from web.api.access import listed, own, visible
from web.api.documents import AttachmentAnswer, DocumentAnswer, DocumentPage, ExaminationAnswer, PaperAnswer
from web.api.idempotency import once
from web.api.schemas import Paging
from web.database import db
from web.identity import me, require
from web.reach import Reach
from web.runtime import command, runtime

_D = TypeVar("_D", bound=Document)


class DocumentQuery(Paging):
    status = fields.String()


@dataclass(frozen=True)
class Routed(Generic[_D]):
    """What the routes of a kind need to know of it.

    `form` is what is sent. `new` makes a document of what was sent first, and `examine` says what stands against
    submitting one, or what it would be with another form, in the shape of `examination`. `about` is how far a draft
    reaches: what is about a certificate is for whoever has that.
    """

    kind: type[_D]
    form: type[Schema]
    new: Callable[[Session, User, dict[str, Any]], _D]
    examine: Callable[[_D, dict[str, Any] | None], dict[str, Any]]
    examination: type[Schema] = ExaminationAnswer
    about: Reach = Reach.ALL


def route(blueprint: Blueprint, path: str, routed: Routed[_D]) -> None:
    """Give a kind its routes below a path such as /filings."""
    _route_drafts(blueprint, path, routed)
    _route_procedure(blueprint, path, routed)
    _route_attachments(blueprint, path, routed)
    _route_papers(blueprint, path, routed.kind)


def _route_drafts(blueprint: Blueprint, path: str, routed: Routed[_D]) -> None:
    kind = routed.kind

    @blueprint.route(path)
    class All(MethodView):
        @require(UserKind.ENTERPRISE, reach=routed.about)
        @blueprint.arguments(routed.form)
        @blueprint.response(201, DocumentAnswer)
        def post(self, form: dict[str, Any]) -> Any:
            """Store a draft, whatever the rules say."""

            def give(given: Command) -> dict[str, Any]:
                new = routed.new(given.session, me(), form)
                documents.create_draft(given.session, new, form, actor=me().username, now=given.now)
                return view(new, me())

            return once(give, DocumentAnswer(), 201)

        @require()
        @blueprint.arguments(DocumentQuery, location="query")
        @blueprint.response(200, DocumentPage)
        def get(self, query: dict[str, Any]) -> dict[str, Any]:
            """Those of one's enterprise or agency, the latest first."""
            return listing(kind, query, me())

    @blueprint.route(f"{path}/<document_id>")
    class One(MethodView):
        @require()
        @blueprint.response(200, DocumentAnswer)
        def get(self, document_id: str) -> dict[str, Any]:
            """One, to its enterprise and its agency."""
            return view(visible(kind, document_id, me()), me())

        @require(UserKind.ENTERPRISE)
        @blueprint.arguments(routed.form)
        @blueprint.response(200, DocumentAnswer)
        def put(self, form: dict[str, Any], document_id: str) -> Any:
            """Save the whole form. `If-Match: "<revision>"` refuses to overwrite what was saved meanwhile (409)."""
            own(kind, document_id, me())
            expected = _revision()

            def give(given: Command) -> dict[str, Any]:
                document = own(kind, document_id, me())
                documents.save_draft(
                    given.session, document, form, expected_revision=expected, actor=me().username, now=given.now
                )
                return view(document, me())

            return once(give, DocumentAnswer())

        @require(UserKind.ENTERPRISE)
        @blueprint.response(204)
        def delete(self, document_id: str) -> None:
            """Delete a draft that was never submitted."""
            with command(me().username) as given:
                stored = documents.delete_draft(given.session, own(kind, document_id, me()))
            for name in stored:
                runtime().attachments.delete(name)


def _route_procedure(blueprint: Blueprint, path: str, routed: Routed[_D]) -> None:
    kind = routed.kind

    @blueprint.route(f"{path}/<document_id>/check")
    class Check(MethodView):
        @require(UserKind.ENTERPRISE)
        @blueprint.response(200, routed.examination)
        def post(self, document_id: str) -> dict[str, Any]:
            """What stands against submitting: the form in the body, or without one the form as it is saved."""
            form = routed.form().load(request.get_json()) if request.content_length else None
            return routed.examine(own(kind, document_id, me()), form)

    @blueprint.route(f"{path}/<document_id>/submit")
    class Submit(MethodView):
        @require(UserKind.ENTERPRISE)
        @blueprint.response(200, DocumentAnswer)
        def post(self, document_id: str) -> Any:
            """Submit a draft, or again after a return. 422 lists every V-code by field, and nothing has happened."""

            def give(given: Command) -> dict[str, Any]:
                document = own(kind, document_id, me())
                procedure.submit(given, document)
                return view(document, me())

            return once(give, DocumentAnswer())

    @blueprint.route(f"{path}/<document_id>/withdraw")
    class Withdraw(MethodView):
        @require(UserKind.ENTERPRISE)
        @blueprint.response(200, DocumentAnswer)
        def post(self, document_id: str) -> Any:
            """撤回, until the handler's first decision (R158)."""

            def give(given: Command) -> dict[str, Any]:
                document = own(kind, document_id, me())
                procedure.withdraw(given, document)
                return view(document, me())

            return once(give, DocumentAnswer())


def _route_attachments(blueprint: Blueprint, path: str, routed: Routed[_D]) -> None:
    kind = routed.kind

    @blueprint.route(f"{path}/<document_id>/attachments")
    class Attachments(MethodView):
        @require(UserKind.ENTERPRISE)
        @blueprint.response(201, AttachmentAnswer)
        def post(self, document_id: str) -> dict[str, Any]:
            """Add a file (multipart field `file`). Its kind is told by its content, not by its name."""
            file = request.files.get("file")
            if file is None:
                raise CommandRefused("file_missing", "没有收到文件。", status=422, remedy="请选择要上传的文件。")
            content = file.stream.read(attached.MAX_BYTES + 1)
            with command(me().username) as given:
                document = own(kind, document_id, me())
                documents.lock(given.session, document)
                documents.require_editable(document)
                added = attached.attach(
                    given.session,
                    runtime().attachments,
                    document.id,
                    file.filename or "",
                    content,
                    actor=me().username,
                    now=given.now,
                )
                return attachment_view(added)

    @blueprint.route(f"{path}/<document_id>/attachments/<attachment_id>")
    class OneAttachment(MethodView):
        @require()
        @blueprint.response(200, content_type="application/octet-stream")
        def get(self, document_id: str, attachment_id: str) -> Response:
            """A file, to the document's enterprise and agency; always as a download."""
            attachment = _attachment(visible(kind, document_id, me()), attachment_id)
            return send_file(
                runtime().attachments.path(attachment.stored_name),
                mimetype=attachment.content_type,
                as_attachment=True,
                download_name=attachment.name,
            )

        @require(UserKind.ENTERPRISE)
        @blueprint.response(204)
        def delete(self, document_id: str, attachment_id: str) -> None:
            """Remove a file while the document may be edited."""
            with command(me().username) as given:
                document = own(kind, document_id, me())
                documents.lock(given.session, document)
                documents.require_editable(document)
                stored = attached.detach(given.session, _attachment(document, attachment_id))
            runtime().attachments.delete(stored)


def _route_papers(blueprint: Blueprint, path: str, kind: type[Document]) -> None:
    """The route that lists what was issued about a document."""

    @blueprint.route(f"{path}/<document_id>/papers")
    class Papers(MethodView):
        @require()
        @blueprint.response(200, PaperAnswer(many=True))
        def get(self, document_id: str) -> list[dict[str, Any]]:
            """The papers about it, in the order of their issue, to its enterprise and its agency."""
            document = visible(kind, document_id, me())
            return [papers.view(paper) for paper in papers_of(db.session(), document.id)]


def listing(kind: type[Document], query: Mapping[str, Any], user: User) -> dict[str, Any]:
    """A page of the documents that a user finds, by a `DocumentQuery`."""
    every = rows = select(kind).where(listed(kind, user))
    if "status" in query:
        rows = rows.where(kind.status == query["status"])
    if "cursor" in query:
        rows = rows.where(kind.number < cursors.among(every, kind.number, query["cursor"]))
    found = list(db.session.scalars(rows.order_by(kind.number.desc()).limit(query["limit"] + 1)))
    shown = found[: query["limit"]]
    return {
        "items": [line(document) for document in shown],
        "next": shown[-1].number if len(found) > len(shown) else None,
    }


def view(document: Document, user: User) -> dict[str, Any]:
    """A document as its parties see it: people masked, but those on the owner's own form (R95)."""
    is_own = user.kind == UserKind.ENTERPRISE
    allowed = procedure.allowed(db.session(), document) if is_own else []
    enterprise = document.enterprise
    return line(document) | {
        "revision": document.revision,
        "submission": document.submission,
        "editable": "edit" in allowed,
        "allowed_actions": allowed,
        "opinion": document.opinion,
        "form": document.full_form if is_own else document.masked_form,
        "enterprise": {
            "name": enterprise.name,
            "uscc": enterprise.uscc,
            "economic_type": enterprise.economic_type,
            "region": enterprise.region,
            "region_name": full_name(db.session(), enterprise.region),
            "address": enterprise.address,
            "legal_rep": mask_person(enterprise.legal_rep),
            "contact": mask_person(enterprise.contact),
        },
        "attachments": [attachment_view(a) for a in attached.attachments_of(db.session(), document.id)],
    }


def line(document: Document) -> dict[str, Any]:
    """A document in a list."""
    return {
        "id": document.id,
        "number": document.number,
        "status": document.status,
        "project_name": document.project_name,
        "project_code": document.project_code,
        "enterprise_name": document.enterprise.name,
        "agency_name": document.agency.name if document.agency else None,
        "instance_id": document.instance_id,
        "certificate": document.certificate_number,
        "submitted_at": document.submitted_at,
        "updated_at": document.updated_at,
    }


def attachment_view(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
    }


def _attachment(document: Document, attachment_id: str) -> Attachment:
    attachment = db.session.get(Attachment, attachment_id)
    if attachment is None or attachment.document_id != document.id:
        raise CommandRefused("attachment_unknown", "没有这个附件。", status=404)
    return attachment


def _revision() -> int | None:
    """The revision that `If-Match` names, if it does."""
    text = request.headers.get("If-Match", "").strip().strip('"')
    return int(text) if text.isdigit() else None
