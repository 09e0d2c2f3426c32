"""注销 and 撤销 over the REST interface: a certificate is ended in one command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from records import attachments as attached
from records import documents
from records.certificates import Certificate
from records.documents import Document
from records.filings import Filing
from records.jurisdiction import decides
from records.terminations import Cancellation, Revocation
from records.users import User, UserKind
from tasks import procedure
from tasks.terminations import examine
from web.api.access import visible
from web.api.certificates import visible_certificate
from web.api.document_routes import DocumentQuery, Routed, listing, route, view
from web.api.documents import DocumentAnswer, DocumentPage
from web.api.idempotency import once
from web.api.problems import complaints
from web.api.schemas import Strict
from web.identity import me, require
from web.reach import Reach
from web.runtime import runtime

_D = TypeVar("_D", bound=Document)

blueprint = Blueprint("terminations", __name__, description="注销与撤销")

"""经办人 or above: whoever decides on filings may revoke (domain §2.9)."""


class CancellationForm(Strict):
    certificate = fields.String(metadata={"description": "备案证号; a draft keeps the one it was made with"})
    reason = fields.String(load_default="", metadata={"description": "原因"})


class CancelBody(Strict):
    reason = fields.String(required=True, metadata={"description": "原因"})


class RevokeBody(CancelBody):
    ground = fields.String(load_default="", metadata={"description": "法律依据"})


@blueprint.route("/certificates/<number>/cancel")
class CancelCertificate(MethodView):
    @require(UserKind.ENTERPRISE)
    @blueprint.arguments(CancelBody)
    @blueprint.response(200, DocumentAnswer)
    def post(self, form: dict[str, Any], number: str) -> Any:
        """注销: the enterprise gives its certificate up, at once and for ever (R154)."""
        return once(lambda given: view(terminate(given, Cancellation, number, form), me()), DocumentAnswer())


@blueprint.route("/certificates/<number>/revoke")
class RevokeCertificate(MethodView):
    @require(UserKind.AUTHORITY)
    @blueprint.arguments(RevokeBody)
    @blueprint.response(200, DocumentAnswer)
    def post(self, form: dict[str, Any], number: str) -> Any:
        """撤销: the authority that supervises the project takes the certificate back (R155)."""
        return once(lambda given: view(terminate(given, Revocation, number, form), me()), DocumentAnswer())


@blueprint.route("/revocations")
class Revocations(MethodView):
    @require()
    @blueprint.arguments(DocumentQuery, location="query")
    @blueprint.response(200, DocumentPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Those of one's enterprise or agency, the latest first."""
        return listing(Revocation, query, me())


@blueprint.route("/revocations/<document_id>")
class OneRevocation(MethodView):
    @require()
    @blueprint.response(200, DocumentAnswer)
    def get(self, document_id: str) -> dict[str, Any]:
        """One, to its enterprise and its agency."""
        return view(visible(Revocation, document_id, me()), me())


def _new(session: Session, user: User, form: dict[str, Any]) -> Cancellation:
    certificate = visible_certificate(str(form.pop("certificate", "")), user)
    return documents.about(Cancellation, session.get_one(Filing, certificate.project_id))


def _examined(cancellation: Cancellation, form: dict[str, Any] | None) -> dict[str, Any]:
    found = examine(cancellation.TITLE, cancellation.form if form is None else form)
    return {"errors": complaints(found), "warnings": [], "hints": [], "passed": not found, "total": 1, "computed": {}}


route(blueprint, "/cancellations", Routed(Cancellation, CancellationForm, _new, _examined, about=Reach.HAND))


@dataclass(frozen=True)
class File:
    """A file that comes with the form."""

    name: str
    content: bytes


def terminate(given: Command, kind: type[_D], number: str, form: dict[str, Any], files: Sequence[File] = ()) -> _D:
    """End a certificate for the user who asks. Raises CommandRefused or BusinessRefusal; then nothing has happened."""
    user, session, store = me(), given.session, runtime().attachments
    certificate = endable(visible_certificate(number, user), user)
    document = documents.about(kind, session.get_one(Filing, certificate.project_id))
    documents.create_draft(session, document, form, actor=user.username, now=given.now)
    stored: list[str] = []
    try:
        for file in files:
            kept = attached.attach(
                session, store, document.id, file.name, file.content, actor=user.username, now=given.now
            )
            stored.append(kept.stored_name)
        procedure.submit(given, document)
    except Exception:
        # The rows are taken back with the command, the files are not.
        for name in stored:
            store.delete(name)
        raise
    return document


def endable(certificate: Certificate, user: User) -> Certificate:
    """The certificate, if the user is somebody who ends such: its enterprise, or who decides at its agency.

    Raises CommandRefused 403 for anybody else who may see it.
    """
    if user.kind == UserKind.ENTERPRISE or decides(user, certificate.agency_id):
        return certificate
    raise CommandRefused("forbidden", "撤销备案由备案机关的经办人、审核人或签发人办理。", status=403)
