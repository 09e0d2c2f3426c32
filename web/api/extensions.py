"""Extensions over REST: the routes of every document."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from engine.phrases import Phrase
from records.certificates import CertificateStatus
from records.extensions import Extension, extension_about
from records.projects import Project
from records.users import User
from tasks.extension_form import ExtensionForm
from tasks.extensions import CODES, Examined, examine, imagined
from web.api.certificates import visible_clearance
from web.api.document_routes import Routed, route
from web.api.examinations import tables_of
from web.api.problems import complaints
from web.database import db
from web.reach import Reach
from web.runtime import runtime

blueprint = Blueprint("extensions", __name__, description="备案延期")


class ExtensionOfCertificate(ExtensionForm):
    """An extension as it is sent: with the certificate or reply that it is about, which later cannot be another."""

    certificate = fields.String(metadata={"description": "备案证号 or 批复文号, needed to begin with"})


def begin(session: Session, user: User, number: str | None) -> Extension:
    """A new extension of what the user's enterprise holds. Raises CommandRefused where there can be none."""
    if not number:
        raise CommandRefused("certificate_missing", "请写明要延期的备案证号或者批复文号。", status=422)
    held = visible_clearance(number, user)
    if held.status == CertificateStatus.INVALID:
        raise CommandRefused("certificate_invalid", Phrase("{held}已失效，不能申请延期。", held=held.NOUN))
    return extension_about(session.get_one(Project, held.project_id))


def examined(extension: Extension, form: dict[str, Any] | None = None) -> Examined:
    """What the rules of the newest deployment say of an extension, or of a form that could take its place."""
    session, now = db.session(), runtime().engine.clock.now()
    asked = extension if form is None else imagined(session, extension, form)
    return examine(session, asked, now=now, decide=tables_of(Extension))


def _new(session: Session, user: User, form: dict[str, Any]) -> Extension:
    return begin(session, user, form.get("certificate"))


def _told(extension: Extension, form: dict[str, Any] | None) -> dict[str, Any]:
    """As the interface answers it; `computed` is the last day that would be granted (R145)."""
    found = examined(extension, form)
    return {
        "errors": complaints(found.errors),
        "warnings": [],
        "hints": [],
        "passed": len(CODES) - len(found.errors),
        "total": len(CODES),
        "computed": {"valid_until": found.valid_until.isoformat() if found.valid_until else None},
    }


route(blueprint, "/extensions", Routed(Extension, ExtensionOfCertificate, _new, _told, about=Reach.HAND))
