"""The enterprise's own documents: drafts, checks, submission, withdrawal, attachments."""

from typing import Any

from flask import Response, request, send_file
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields
from sqlalchemy import select

from engine.commands import Command
from engine.deployments import newest
from engine.errors import BusinessRefusal, CommandRefused
from records import attachments as attached
from records import documents
from records.attachments import Attachment
from records.filings import FILING, Filing, as_if
from records.masking import mask_person
from records.regions import full_name
from records.users import User, UserKind
from tasks import procedure
from tasks.adapters import adapters
from tasks.filings.examination import Examination
from tasks.filings.findings import Finding
from tasks.filings.schema import FilingForm
from tasks.filings.submission import check
from tasks.filings.verification import verify
from web.api.access import listed, own, visible
from web.api.documents import (
    AttachmentAnswer,
    ExaminationAnswer,
    FilingAnswer,
    FilingPage,
    PlatformView,
)
from web.api.idempotency import once
from web.api.schemas import Paging, Strict
from web.database import db
from web.identity import me, require
from web.runtime import command, runtime

blueprint = Blueprint("filings", __name__, description="备案申报")


class FilingQuery(Paging):
    status = fields.String()


class VerifyBody(Strict):
    project_code = fields.String(required=True)


@blueprint.route("/filings")
class Filings(MethodView):
    @blueprint.arguments(FilingForm)
    @blueprint.response(201, FilingAnswer)
    @require(UserKind.ENTERPRISE)
    def post(self, form: dict[str, Any]) -> Any:
        """Store a draft, whatever the rules say."""
        enterprise_id = me().enterprise_id or ""
        return once(
            lambda given: filing_view(
                documents.create_draft(
                    given.session, Filing(enterprise_id=enterprise_id), form, actor=me().username, now=given.now
                ),
                me(),
            ),
            FilingAnswer(),
            201,
        )

    @blueprint.arguments(FilingQuery, location="query")
    @blueprint.response(200, FilingPage)
    @require()
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The filings of one's enterprise or agency, the latest first."""
        rows = select(Filing).where(listed(Filing, me()))
        if "status" in query:
            rows = rows.where(Filing.status == query["status"])
        if "cursor" in query:
            rows = rows.where(Filing.number < query["cursor"])
        found = list(db.session.scalars(rows.order_by(Filing.number.desc()).limit(query["limit"] + 1)))
        shown = found[: query["limit"]]
        return {
            "items": [filing_line(filing) for filing in shown],
            "next": shown[-1].number if len(found) > len(shown) else None,
        }


@blueprint.route("/filings/<filing_id>")
class OneFiling(MethodView):
    @blueprint.response(200, FilingAnswer)
    @require()
    def get(self, filing_id: str) -> dict[str, Any]:
        """A filing, to its enterprise and its agency."""
        return filing_view(visible(Filing, filing_id, me()), me())

    @blueprint.arguments(FilingForm)
    @blueprint.response(200, FilingAnswer)
    @require(UserKind.ENTERPRISE)
    def put(self, form: dict[str, Any], filing_id: str) -> Any:
        """Save the whole form. `If-Match: "<revision>"` refuses to overwrite what was saved meanwhile (409)."""
        own(Filing, filing_id, me())
        expected = _revision()

        def give(given: Command) -> dict[str, Any]:
            filing = own(Filing, filing_id, me())
            documents.save_draft(
                given.session, filing, form, expected_revision=expected, actor=me().username, now=given.now
            )
            return filing_view(filing, me())

        return once(give, FilingAnswer())

    @blueprint.response(204)
    @require(UserKind.ENTERPRISE)
    def delete(self, filing_id: str) -> None:
        """Delete a draft that was never submitted."""
        with command(me().username) as given:
            stored = documents.delete_draft(given.session, own(Filing, filing_id, me()))
        for name in stored:
            runtime().attachments.delete(name)


@blueprint.route("/filings/<filing_id>/check")
class CheckFiling(MethodView):
    @blueprint.response(200, ExaminationAnswer)
    @require(UserKind.ENTERPRISE)
    def post(self, filing_id: str) -> dict[str, Any]:
        """What stands against submitting: the form in the body, or without one the form as it is saved."""
        form = FilingForm().load(request.get_json()) if request.content_length else None
        return examined(own(Filing, filing_id, me()), form)


@blueprint.route("/filings/<filing_id>/verify-code")
class VerifyCode(MethodView):
    @blueprint.arguments(VerifyBody)
    @blueprint.response(200, PlatformView)
    @require(UserKind.ENTERPRISE)
    def post(self, body: dict[str, Any], filing_id: str) -> dict[str, Any]:
        """校验: what the provincial platform says of a project code (R98 to R101)."""
        filing = own(Filing, filing_id, me())
        form = {"project_code": body["project_code"]}
        verification = verify(form, filing.enterprise.uscc, adapters().platform(db.session()))
        if verification.answer is None:
            examination = _examine(filing, form)
            raise _code_refused([found for found in examination.errors if found.field == "project_code"])
        if verification.findings:
            raise _code_refused(verification.findings)
        answer = verification.answer
        return {
            "found": answer.found,
            "name": answer.name,
            "place": answer.place,
            "region": answer.region,
            "region_name": full_name(db.session(), answer.region),
            "status": answer.status,
        }


@blueprint.route("/filings/<filing_id>/submit")
class SubmitFiling(MethodView):
    @blueprint.response(200, FilingAnswer)
    @require(UserKind.ENTERPRISE)
    def post(self, filing_id: str) -> Any:
        """Submit a draft, or again after a return. 422 lists every V-code by field, and nothing has happened."""

        def give(given: Command) -> dict[str, Any]:
            filing = own(Filing, filing_id, me())
            procedure.submit(given, filing)
            return filing_view(filing, me())

        return once(give, FilingAnswer())


@blueprint.route("/filings/<filing_id>/withdraw")
class WithdrawFiling(MethodView):
    @blueprint.response(200, FilingAnswer)
    @require(UserKind.ENTERPRISE)
    def post(self, filing_id: str) -> Any:
        """撤回, until the handler's first decision (R158)."""

        def give(given: Command) -> dict[str, Any]:
            filing = own(Filing, filing_id, me())
            procedure.withdraw(given, filing)
            return filing_view(filing, me())

        return once(give, FilingAnswer())


@blueprint.route("/filings/<filing_id>/attachments")
class Attachments(MethodView):
    @blueprint.response(201, AttachmentAnswer)
    @require(UserKind.ENTERPRISE)
    def post(self, filing_id: str) -> dict[str, Any]:
        """Add a file (multipart field `file`). Its kind is told by its content, not by its name."""
        file = request.files.get("file")
        if file is None:
            raise CommandRefused("file_missing", "没有收到文件。", status=422, remedy="请选择要上传的文件。")
        content = file.stream.read(attached.MAX_BYTES + 1)
        with command(me().username) as given:
            filing = own(Filing, filing_id, me())
            documents.lock(given.session, filing)
            documents.require_editable(filing)
            added = attached.attach(
                given.session,
                runtime().attachments,
                filing.id,
                file.filename or "",
                content,
                actor=me().username,
                now=given.now,
            )
            return attachment_view(added)


@blueprint.route("/filings/<filing_id>/attachments/<attachment_id>")
class OneAttachment(MethodView):
    @blueprint.response(200, content_type="application/octet-stream")
    @require()
    def get(self, filing_id: str, attachment_id: str) -> Response:
        """A file, to the filing's enterprise and agency; always as a download."""
        attachment = _attachment(visible(Filing, filing_id, me()), attachment_id)
        return send_file(
            runtime().attachments.path(attachment.stored_name),
            mimetype=attachment.content_type,
            as_attachment=True,
            download_name=attachment.name,
        )

    @blueprint.response(204)
    @require(UserKind.ENTERPRISE)
    def delete(self, filing_id: str, attachment_id: str) -> None:
        """Remove a file while the filing may be edited."""
        with command(me().username) as given:
            filing = own(Filing, filing_id, me())
            documents.lock(given.session, filing)
            documents.require_editable(filing)
            stored = attached.detach(given.session, _attachment(filing, attachment_id))
        runtime().attachments.delete(stored)


def filing_line(filing: Filing) -> dict[str, Any]:
    """A filing in a list."""
    return {
        "id": filing.id,
        "number": filing.number,
        "status": filing.status,
        "project_name": filing.project_name,
        "project_code": filing.project_code,
        "enterprise_name": filing.enterprise.name,
        "agency_name": filing.agency.name if filing.agency else None,
        "instance_id": filing.instance_id,
        "certificate": filing.certificate_number,
        "submitted_at": filing.submitted_at,
        "updated_at": filing.updated_at,
    }


def filing_view(filing: Filing, user: User) -> dict[str, Any]:
    """A filing as its parties see it: people masked, but the contact on the owner's own form (R95)."""
    own = user.kind == UserKind.ENTERPRISE
    allowed = procedure.allowed(db.session(), filing) if own else []
    form = dict(filing.full_form)
    if not own:
        form["project_contact"] = mask_person(form["project_contact"])
    enterprise = filing.enterprise
    return filing_line(filing) | {
        "revision": filing.revision,
        "submission": filing.submission,
        "editable": "edit" in allowed,
        "allowed_actions": allowed,
        "opinion": filing.opinion,
        "form": form,
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
        "attachments": [attachment_view(a) for a in attached.attachments_of(db.session(), filing.id)],
    }


def attachment_view(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
    }


def examined(filing: Filing, form: dict[str, Any] | None) -> dict[str, Any]:
    """What the rules of the newest deployment say of a filing, or of a form that could take its place."""
    examination = _examine(filing, form)
    found = {finding.code for finding in (*examination.errors, *examination.warnings)}
    return {
        "errors": examination.errors,
        "warnings": examination.warnings,
        "hints": examination.hints,
        "passed": len(examination.passed),
        "total": len(examination.passed) + len(found),
        "computed": examination.computed,
    }


def _examine(filing: Filing, form: dict[str, Any] | None) -> Examination:
    session = db.session()
    definition = newest(session, FILING)
    if definition is None:
        raise CommandRefused("definition_unknown", "备案申报流程还没有部署。", status=503, remedy="请联系管理员。")
    deployment = runtime().engine.deployments.deployment(session, definition.deployment_id)

    def decide(decision_id: str, **inputs: Any) -> Any:
        return deployment.decide(decision_id, inputs)

    asked = filing if form is None else as_if(session, filing, form)
    return check(session, asked, now=runtime().engine.clock.now(), decide=decide)


def _attachment(filing: Filing, attachment_id: str) -> Attachment:
    attachment = db.session.get(Attachment, attachment_id)
    if attachment is None or attachment.document_id != filing.id:
        raise CommandRefused("attachment_unknown", "没有这个附件。", status=404)
    return attachment


def _code_refused(found: list[Finding]) -> BusinessRefusal:
    return BusinessRefusal(found, code="project_code_refused", message=found[0].message)


def _revision() -> int | None:
    """The revision that `If-Match` names, if it does."""
    text = request.headers.get("If-Match", "").strip().strip('"')
    return int(text) if text.isdigit() else None
