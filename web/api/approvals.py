"""Applications for approval over REST: the routes of every document, asking the platform for a project code, and the
reply."""

from collections.abc import Mapping
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from records.approvals import Approval, Reply
from records.projects import as_if
from records.users import User
from tasks.approvals.schema import ApprovalForm
from tasks.approvals.submission import Checked, check
from tasks.filings.examination import Examination
from web.api.access import visible
from web.api.document_routes import Routed, route
from web.api.documents import ApprovalExamination
from web.api.examinations import answer, tables_of
from web.api.project_codes import route_code
from web.database import db
from web.identity import me, require
from web.runtime import runtime
from web.texts import told

blueprint = Blueprint("approvals", __name__, description="项目核准及招标核准")


def checked(approval: Approval, form: Mapping[str, Any] | None = None) -> Checked:
    """What the rules of the newest deployment say of an application, or of a form that could take its place."""
    session = db.session()
    asked = approval if form is None else as_if(session, approval, form)
    return check(session, asked, now=runtime().engine.clock.now(), decide=tables_of(Approval))


def _told(approval: Approval, form: dict[str, Any] | None) -> dict[str, Any]:
    """As the interface answers it; `materials` are those that the answers ask for, with the file of each."""
    found = checked(approval, form)
    given = (approval.form if form is None else form).get("materials") or {}
    return answer(found.examination) | {
        "materials": [
            {"key": one.key, "title": told(one.title), "note": told(one.note), "attachment": given.get(one.key) or None}
            for one in found.materials
        ]
    }


def _examine(approval: Approval, form: dict[str, Any]) -> Examination:
    return checked(approval, form).examination


def _new(session: Session, user: User, form: dict[str, Any]) -> Approval:
    return Approval(enterprise_id=user.enterprise_id)


class ReplyAnswer(Schema):
    number = fields.String(metadata={"description": "批复文号"})
    status = fields.String()
    invalid_reason = fields.String(allow_none=True)
    issue_date = fields.Date()
    valid_until = fields.Date(allow_none=True, metadata={"description": "null: long-term"})
    extended = fields.Boolean()
    changes = fields.Integer(metadata={"description": "how many changes were granted"})


@blueprint.route("/approvals/<approval_id>/reply")
class OneReply(MethodView):
    @require()
    @blueprint.response(200, ReplyAnswer)
    def get(self, approval_id: str) -> Reply:
        """核准批复, how it stands now, to its enterprise and its agency. Its paper is among the application's."""
        return reply_to(approval_id, me())


def reply_to(approval_id: str, user: User) -> Reply:
    """What an approved project holds. Raises CommandRefused 404 where it was not approved, or is not the user's."""
    approval = visible(Approval, approval_id, user)
    found = db.session.get(Reply, approval.certificate_number) if approval.certificate_number else None
    if found is None:
        raise CommandRefused("reply_unknown", "这份申请没有核准批复。", status=404, remedy="予以核准后才有批复。")
    return found


route(blueprint, "/approvals", Routed(Approval, ApprovalForm, _new, _told, ApprovalExamination))
route_code(blueprint, "/approvals", Approval, _examine)
