"""Applications for approval over REST: the routes of every document, and asking the platform for a project code."""

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from records.approvals import Approval
from records.projects import as_if
from records.users import User
from tasks.approvals.schema import ApprovalForm
from tasks.approvals.submission import Checked, check
from tasks.filings.examination import Examination
from web.api.document_routes import Routed, route
from web.api.documents import ApprovalExamination
from web.api.examinations import tables_of, told
from web.api.project_codes import route_code
from web.database import db
from web.runtime import runtime

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
    return told(found.examination) | {
        "materials": [
            {"key": one.key, "title": one.title, "note": one.note, "attachment": given.get(one.key) or None}
            for one in found.materials
        ]
    }


def _examine(approval: Approval, form: dict[str, Any]) -> Examination:
    return checked(approval, form).examination


def _new(session: Session, user: User, form: dict[str, Any]) -> Approval:
    return Approval(enterprise_id=user.enterprise_id)


route(blueprint, "/approvals", Routed(Approval, ApprovalForm, _new, _told, ApprovalExamination))
route_code(blueprint, "/approvals", Approval, _examine)
