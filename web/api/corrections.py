"""更正 over the REST interface: drawn up and submitted in one command; signing it is a task like others."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from engine.commands import Command
from engine.errors import CommandRefused
from records import documents
from records.certificates import Certificate
from records.corrections import Correction
from records.filings import Filing
from records.jurisdiction import decides
from records.users import User, UserKind
from tasks import procedure
from tasks.corrections import PRINTED
from web.api.access import visible
from web.api.certificates import visible_certificate
from web.api.document_routes import DocumentQuery, listing, view
from web.api.documents import DocumentAnswer, DocumentPage
from web.api.idempotency import once
from web.api.schemas import Strict
from web.identity import me, require

blueprint = Blueprint("corrections", __name__, description="更正")


class CorrectBody(Strict):
    texts = fields.Dict(
        keys=fields.String(validate=validate.OneOf(PRINTED)),
        values=fields.String(),
        required=True,
        metadata={"description": "what is to be written, by field; those that differ from the file count"},
    )
    reason = fields.String(required=True, metadata={"description": "更正原因"})


@blueprint.route("/certificates/<number>/correct")
class CorrectCertificate(MethodView):
    @require(UserKind.AUTHORITY)
    @blueprint.arguments(CorrectBody)
    @blueprint.response(200, DocumentAnswer)
    def post(self, form: dict[str, Any], number: str) -> Any:
        """更正: submit what was written wrongly to somebody else's signature. 422 lists what is wrong by field."""
        return once(lambda given: view(correct(given, number, form), me()), DocumentAnswer())


@blueprint.route("/corrections")
class Corrections(MethodView):
    @require()
    @blueprint.arguments(DocumentQuery, location="query")
    @blueprint.response(200, DocumentPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Those of one's agency, or those that were made of one's enterprise's certificates; the latest first."""
        return listing(Correction, query, me())


@blueprint.route("/corrections/<document_id>")
class OneCorrection(MethodView):
    @require()
    @blueprint.response(200, DocumentAnswer)
    def get(self, document_id: str) -> dict[str, Any]:
        """One, to its agency and, once it is made, to its enterprise."""
        return view(visible(Correction, document_id, me()), me())


def correct(given: Command, number: str, form: dict[str, Any]) -> Correction:
    """Draw up and submit a correction for the user who asks. Raises CommandRefused or BusinessRefusal; then nothing has
    happened."""
    user, session = me(), given.session
    certificate = correctable(visible_certificate(number, user), user)
    correction = documents.about(Correction, session.get_one(Filing, certificate.project_id))
    documents.create_draft(session, correction, form, actor=user.username, now=given.now)
    procedure.submit(given, correction)
    return correction


def correctable(certificate: Certificate, user: User) -> Certificate:
    """The certificate, if the user is somebody who corrects such. Raises CommandRefused 403 for anybody else."""
    if decides(user, certificate.agency_id):
        return certificate
    raise CommandRefused("forbidden", "更正由备案机关的经办人、审核人或签发人起草。", status=403)
