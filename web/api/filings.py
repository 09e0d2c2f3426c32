"""Filings over REST: the routes of every document, and asking the platform for a project code."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from engine.commands import Command
from records.filings import Filing, copy
from records.projects import as_if
from records.users import User, UserKind
from tasks.filings.examination import Examination
from tasks.filings.schema import FilingForm
from tasks.filings.submission import check
from web.api.access import own
from web.api.document_routes import Routed, route, view
from web.api.documents import DocumentAnswer
from web.api.examinations import answer, tables_of
from web.api.idempotency import once
from web.api.project_codes import route_code
from web.database import db
from web.identity import me, require
from web.runtime import runtime

blueprint = Blueprint("filings", __name__, description="备案申报")


@blueprint.route("/filings/<document_id>/copy")
class Copy(MethodView):
    @require(UserKind.ENTERPRISE)
    @blueprint.response(201, DocumentAnswer)
    def post(self, document_id: str) -> Any:
        """复制为新申报: a new draft with the data, the project code and the files of a filing that has ended (R159)."""

        def give(given: Command) -> dict[str, Any]:
            filing = own(Filing, document_id, me())
            draft = copy(given.session, runtime().attachments, filing, actor=me().username, now=given.now)
            return view(draft, me())

        return once(give, DocumentAnswer(), 201)


def examined(filing: Filing, form: dict[str, Any] | None) -> dict[str, Any]:
    """What the rules of the newest deployment say of a filing, or of a form that could take its place."""
    return answer(_examine(filing, form))


def _examine(filing: Filing, form: dict[str, Any] | None) -> Examination:
    session, decide = db.session(), tables_of(Filing)
    asked = filing if form is None else as_if(session, filing, form)
    return check(session, asked, now=runtime().engine.clock.now(), decide=decide)


def _new(session: Session, user: User, form: dict[str, Any]) -> Filing:
    return Filing(enterprise_id=user.enterprise_id)


route(blueprint, "/filings", Routed(Filing, FilingForm, _new, examined))
route_code(blueprint, "/filings", Filing, _examine)
