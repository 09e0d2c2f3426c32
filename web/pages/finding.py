"""搜索: projects, certificates and enterprises from the box in the top bar, for both kinds of users."""

from typing import Any

from flask import Blueprint, render_template, url_for

from records import search
from records.documents import Document
from records.filings import Filing
from records.users import UserKind
from web.database import db
from web.identity import me, require
from web.pages import addresses, lists, wording
from web.pages.inbox import status_of
from web.pages.office import masked_enterprise
from web.texts import gettext as _
from web.texts import told

blueprint = Blueprint("search", __name__)

_SHOWN = 10


@blueprint.get("/search")
@require()
def page() -> str:
    """What is called so and may be looked at, by kind."""
    user, session, text = me(), db.session(), lists.searched()
    long_enough = len(text) >= search.SHORTEST
    found = search.find(session, user, text, limit=_SHOWN) if long_enough else None
    official = user.kind != UserKind.ENTERPRISE
    return render_template(
        "search.html",
        query=text,
        too_short=bool(text) and not long_enough,
        found=found is not None and not found.nothing,
        projects=[_project(project) for project in found.projects] if found else [],
        certificates=[_certificate(one.number, one.project_id) for one in found.certificates] if found else [],
        enterprises=[masked_enterprise(one) for one in found.enterprises] if found else [],
        more={kind: url_for(f"office.{kind}", q=text) for kind in (found.more if found else ()) if official},
    )


def _project(project: Document) -> dict[str, Any]:
    return {
        "url": addresses.of_document(project),
        "name": project.project_name or _("未命名项目"),
        "enterprise": project.enterprise.name,
        "code": project.project_code or "",
        "number": project.certificate_number or "",
        "status": status_of(project),
        "date": wording.day(project.submitted_at),
        "kind": told(project.TITLE),
    }


def _certificate(number: str, filing_id: str) -> dict[str, Any]:
    filing = db.session.get_one(Filing, filing_id)
    return {
        "url": url_for("enterprise.certificate", number=number),
        "number": number,
        "name": filing.project_name or _("未命名项目"),
        "enterprise": filing.enterprise.name,
    }
