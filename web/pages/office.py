"""The officials' workbench, and what an authority looks up in its jurisdiction (R72 to R75, R183 to R185).

Everything here is looked at; what an official decides, he decides in his tasks.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from engine import inbox
from records import listings, search
from records.calendar import Calendar, local_date
from records.enterprises import Enterprise
from records.figures import ProjectFigures, ten_thousands
from records.listings import place, years
from records.masking import mask_person
from records.notices import notices
from records.selection import Selection, selected
from records.users import UserKind
from web.api.views import standing_of
from web.database import db
from web.identity import me, require
from web.pages import addresses, lists, people, sections, wording
from web.pages.columns import certificate_tags, economic_type, industry, is_under_way, project_tag, reasons
from web.pages.enterprise import task_row
from web.pages.filters import Fields
from web.pages.inbox import status_of
from web.pages.library import quick_links
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

blueprint = Blueprint("office", __name__, url_prefix="/office")

MOST_COUNTED, MOST_FOUND = 10_000, 1_000
"""Rows of a list that are counted, and of a list that is searched; of more it says that there are more."""

_ISSUED = ("issued_from", "issued_to")
_ON_WORKBENCH = 6
_OF_ENTERPRISE = 50


@blueprint.get("")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def home() -> str:
    """业务办理: the entries (R72), what is to do and what is to read (R73, R74), 办事指南 and 政策法规 (R75)."""
    user, session = me(), db.session()
    standing = standing_of(user)
    box = "notices" if request.args.get("box") == "notices" else "todo"
    tasks = inbox.page(session, "todo", standing, limit=_ON_WORKBENCH).items if box == "todo" else []
    unread = notices(session, standing.groups, read=False, limit=_ON_WORKBENCH) if box == "notices" else []
    return render_template(
        "office/home.html",
        place=people.place_of(session, user),
        role=people.roles_of(user),
        box=box,
        todo=[task_row(task) for task in tasks],
        notices=[
            {
                "url": url_for("inbox.open_notice", notice_id=notice.id),
                "title": notice.title,
                "project": notice.body,
                "date": wording.day(notice.created_at),
            }
            for notice in unread
        ],
        boxes=quick_links(),
    )


@blueprint.get("/projects")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def projects() -> str:
    """项目管理 (R185), with what enterprises have told of each project (R90 to R92: 查看填报情况)."""
    more = ("agency", "industry", "investment", "only", *_ISSUED, "submitted_from", "submitted_to")
    return _list("projects", ("q", "region", "status", "progress"), more, _project_row)


@blueprint.get("/certificates")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def certificates() -> str:
    """备案证."""
    more = ("agency", "industry", "investment", *_ISSUED)
    return _list("certificates", ("q", "region", "certificate_status", "tag"), more, _certificate_row)


@blueprint.get("/enterprises")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def enterprises() -> str:
    """企业管理 (R184): every enterprise that has filed in the jurisdiction, the people in it masked (R95)."""
    return _list("enterprises", ("company", "region", "economic"), (), _enterprise_row)


@blueprint.get("/enterprises/<enterprise_id>")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def enterprise(enterprise_id: str) -> str:
    """One of them, with its projects, certificates and progress as far as they lie in the jurisdiction."""
    user, session = me(), db.session()
    found = session.scalar(select(Enterprise).where(Enterprise.id == enterprise_id, search.has_filed(session, user)))
    if found is None:
        raise NotFound
    query = listings.projects(session, user, Selection()).where(ProjectFigures.enterprise_id == enterprise_id)
    rows = list(session.execute(query.limit(_OF_ENTERPRISE)))
    own = listings.certificates(session, user, Selection()).where(ProjectFigures.enterprise_id == enterprise_id)
    return render_template(
        "office/enterprise.html",
        enterprise={"name": found.name, "uscc": found.uscc},
        items=sections.enterprise_items(sections.Shown({}, sections.enterprise_fields(found))),
        projects=[_project_row(row) for row in rows],
        certificates=[_certificate_row(row) for row in session.execute(own.limit(_OF_ENTERPRISE))],
        all_url=url_for("office.projects", q=found.name) if len(rows) == _OF_ENTERPRISE else None,
    )


@blueprint.get("/overdue")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def overdue() -> str:
    """超期督办: what authorities of the jurisdiction have not decided in time, the longest first."""
    user, session = me(), db.session()
    today = local_date(runtime().engine.clock.now())
    chosen = selected(request.args)
    calendar = Calendar(session)
    found = lists.part(session, listings.overdue(session, user, chosen.but(submitted_to=today)), most=MOST_COUNTED)
    return render_template(
        "office/overdue.html",
        fields=Fields(session, user, chosen).of("agency"),
        reset_url=url_for("office.overdue"),
        filtered=bool(chosen.agency),
        page=found.foot,
        rows=[
            {
                "url": addresses.of_document(document),
                "name": document.project_name,
                "enterprise": enterprise,
                "agency": agency,
                "kind": told(document.TITLE),
                "status": status_of(document),
                "due_on": wording.day(document.due_on),
                "late": calendar.between(document.due_on, today),
            }
            for document, enterprise, agency in found.rows
        ],
    )


def _list(name: str, shown: tuple[str, ...], more: tuple[str, ...], row: Any) -> str:
    """The page of a list: its filters, the part that is shown, and the way to take all of it along."""
    user, session = me(), db.session()
    chosen = selected(request.args)
    query: listings.Query = getattr(listings, name)
    found = lists.part(session, query(session, user, chosen), most=MOST_FOUND if chosen.q else MOST_COUNTED)
    address, fields = url_for(f"office.{name}"), Fields(session, user, chosen)
    return render_template(
        f"office/{name}.html",
        fields=fields.of(*shown),
        more=fields.of(*more),
        reset_url=address,
        filtered=bool(chosen.as_query()),
        asked=chosen.as_query(),
        export_url=url_for("exports.begin", listing=name),
        page=found.foot,
        rows=[row(one) for one in found.rows],
    )


def _project_row(row: Any) -> dict[str, Any]:
    named: Mapping[str, Any] = {f"{row.kind}_id": row.id}
    number = row.certificate_number
    return {
        "url": url_for(f"enterprise.{row.kind}", **named),
        "name": row.project_name or _("未命名项目"),
        "code": row.project_code or "",
        "enterprise": row.enterprise,
        "enterprise_url": url_for("office.enterprise", enterprise_id=row.enterprise_id),
        "agency": row.agency or "",
        "place": place(row),
        "industry": industry(row.division),
        "total": wording.amount(ten_thousands(row.total)),
        "status": status_of(row),
        "under_way": is_under_way(row),
        "kind": project_tag(row),
        "number": number or "",
        "issue_date": wording.day(row.issue_date),
        "submitted": wording.day(row.submitted_at),
        "certificate_status": row.certificate_status,
        "reason": reasons().get(row.invalid_reason or "", ""),
        "started": wording.day(row.started_on),
        "years": years(row),
        "completed": wording.day(row.completed_on),
        "progress_url": url_for("enterprise.progress_of", number=number) if row.certificate_status else None,
    }


def _certificate_row(row: Any) -> dict[str, Any]:
    return {
        "url": url_for("enterprise.certificate", number=row.number),
        "number": row.number,
        "name": row.project_name or _("未命名项目"),
        "enterprise": row.enterprise,
        "agency": row.agency,
        "place": place(row),
        "industry": industry(row.division),
        "total": wording.amount(ten_thousands(row.total)),
        "status": row.status,
        "reason": reasons().get(row.invalid_reason or "", ""),
        "tags": certificate_tags(row),
        "issue_date": wording.day(row.issue_date),
        "valid_until": wording.day(row.valid_until),
        "seal": row.seal,
    }


def _enterprise_row(row: Any) -> dict[str, Any]:
    return masked_enterprise(row) | {"place": place(row)}


def masked_enterprise(row: Any) -> dict[str, Any]:
    """An enterprise in a list, the people in it masked (R95)."""
    return {
        "url": url_for("office.enterprise", enterprise_id=row.id),
        "name": row.name,
        "uscc": row.uscc,
        "economic": economic_type(row),
        "legal_rep": mask_person(row.legal_rep).get("name", ""),
        "contact": mask_person(row.contact),
    }
