"""Changes over REST: the routes of every document, 同步 with the provincial platform, and the letter."""

from dataclasses import replace
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.phrases import Phrase
from records import documents
from records.certificates import CertificateStatus
from records.changes import Change, change_about
from records.papers import Paper, papers_of
from records.projects import Project
from records.users import User, UserKind
from tasks.changes.schema import ChangeForm
from tasks.changes.submission import check, imagined, synchronise
from tasks.filings.examination import Examination
from web.api import papers
from web.api.access import own, visible
from web.api.certificates import visible_clearance
from web.api.document_routes import Routed, route, view
from web.api.documents import DocumentAnswer
from web.api.examinations import answer, tables_of
from web.api.idempotency import once
from web.database import db
from web.identity import me, require
from web.reach import Reach
from web.runtime import runtime

blueprint = Blueprint("changes", __name__, description="备案变更")


class ChangeOfCertificate(ChangeForm):
    """A change as it is sent: with the certificate or reply that it is about, which later cannot be another."""

    certificate = fields.String(metadata={"description": "备案证号 or 批复文号, needed to begin with"})


@blueprint.route("/changes/<document_id>/sync")
class Synchronise(MethodView):
    @require(UserKind.ENTERPRISE)
    @blueprint.response(200, DocumentAnswer)
    def post(self, document_id: str) -> Any:
        """同步: tick 项目代码, and take name and place as the provincial platform has them now (R134)."""

        def give(given: Command) -> dict[str, Any]:
            return view(take_from_platform(given, own(Change, document_id, me())), me())

        return once(give, DocumentAnswer())


@blueprint.route("/changes/<document_id>/letter")
class Letter(MethodView):
    @require()
    @blueprint.response(200, content_type="application/pdf")
    def get(self, document_id: str) -> Response:
        """变更函 or 同意变更的复函. Asked for in the moment of issue, the answer waits until the job has made it."""
        return letter_response(visible(Change, document_id, me()))


def begin(session: Session, user: User, number: str | None) -> Change:
    """A new change of what the user's enterprise holds. Raises CommandRefused where there is nothing to change."""
    if not number:
        raise CommandRefused("certificate_missing", "请写明要变更的备案证号或者批复文号。", status=422)
    held = visible_clearance(number, user)
    if held.status == CertificateStatus.INVALID:
        raise CommandRefused("certificate_invalid", Phrase("{held}已失效，不能申请变更。", held=held.NOUN))
    return change_about(session.get_one(Project, held.project_id))


def take_from_platform(given: Command, change: Change) -> Change:
    """Save the change with name and place as the platform has them. Raises what 校验 of a filing raises."""
    fields = synchronise(given.session, change)
    proposed = change.proposed
    form = {
        "items": [*(key for key in proposed.items if key != "project_code"), "project_code"],
        "values": {**proposed.values, **fields},
        "reason": proposed.reason,
    }
    return documents.save_draft(given.session, change, form, actor=given.actor or "", now=given.now)


def letter_of(change: Change) -> Paper | None:
    """The letter that granted the change."""
    return next(iter(papers_of(db.session(), change.id, change.LETTER)), None)


def letter_response(change: Change, *, download: bool = False) -> Response:
    """The PDF of a change's letter. Raises CommandRefused 404 where there is none, 503 when it is not made in time."""
    letter = letter_of(change)
    if letter is None:
        message = Phrase("这份变更还没有{paper}。", paper=change.PAPER)
        raise CommandRefused("letter_unknown", message, status=404, remedy="签发后才出具。")
    return papers.response(letter, download=download)


def _new(session: Session, user: User, form: dict[str, Any]) -> Change:
    return begin(session, user, form.get("certificate"))


def examine_change(change: Change, form: dict[str, Any] | None) -> Examination:
    """What the rules of the newest deployment say of a change, or of a form that could take its place."""
    session, decide = db.session(), tables_of(Change)
    asked = change if form is None else imagined(session, change, form)
    return check(session, asked, now=runtime().engine.clock.now(), decide=decide)


def _examined(change: Change, form: dict[str, Any] | None) -> dict[str, Any]:
    examination = examine_change(change, form)
    return answer(replace(examination, computed=examination.computed["computed"]))


route(blueprint, "/changes", Routed(Change, ChangeOfCertificate, _new, _examined, about=Reach.HAND))
