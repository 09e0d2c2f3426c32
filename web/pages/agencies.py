"""机构 of 用户与机构: the agencies, and what each may do."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

import tasks.agencies
from engine.commands import Command
from engine.errors import CommandRefused
from records.agencies import Agency, AgencyLevel
from records.regions import full_name
from records.roles import AdminRole
from records.users import User, UserKind
from web.api.agencies import agency_of
from web.database import db
from web.identity import me, require
from web.pages import lists
from web.pages.administration import blueprint, form, posted, require_seen, typed
from web.texts import gettext as _

_FLAGS = ("can_file", "can_approve", "e_seal", "active")


@blueprint.get("/agencies")
@require(UserKind.ADMIN)
def agencies() -> str:
    """Every agency, by region."""
    parent = aliased(Agency)
    staff = select(func.count()).where(User.agency_id == Agency.id, User.active).scalar_subquery()
    query = select(Agency, parent.name, staff).outerjoin(parent, parent.id == Agency.parent_id)
    if text := lists.searched():
        query = query.where(lists.containing(text, Agency.name, Agency.cert_code, Agency.region))
    found = lists.part(db.session(), query.order_by(Agency.region, Agency.level, Agency.id))
    may_edit = me().admin_role == AdminRole.SYSTEM
    return render_template(
        "admin/agencies.html",
        query=text,
        page=found.foot,
        new_url=url_for("administration.new_agency") if may_edit else None,
        rows=[
            {
                "name": agency.name,
                "region": full_name(db.session(), agency.region),
                "level": level_words()[agency.level],
                "parent": above or "—",
                "cert_code": agency.cert_code,
                "duties": _("、").join(_duties(agency)) or _("监管"),
                "e_seal": agency.e_seal,
                "staff": count,
                "active": agency.active,
                "url": url_for("administration.edit_agency", agency_id=agency.id) if may_edit else None,
            }
            for agency, above, count in found.rows
        ],
    )


@blueprint.get("/agencies/new")
@require(AdminRole.SYSTEM)
def new_agency() -> str:
    """新建机构: the form."""
    return _form(None, None)


@blueprint.get("/agencies/<agency_id>")
@require(AdminRole.SYSTEM)
def edit_agency(agency_id: str) -> str:
    """修改机构: the form."""
    return _form(agency_of(db.session(), agency_id), None)


@blueprint.post("/agencies/new")
@blueprint.post("/agencies/<agency_id>")
@require(AdminRole.SYSTEM)
def store_agency(agency_id: str | None = None) -> Any:
    """Save an agency. A refusal shows the form again, with what was typed."""

    def give(given: Command) -> dict[str, Any]:
        if agency_id is None:
            return {"name": tasks.agencies.create(given, _wanted()).name}
        agency = agency_of(given.session, agency_id)
        require_seen(_shown(agency))
        tasks.agencies.change(given, agency, _wanted())
        return {"name": agency.name}

    answer, refusal = posted(give)
    if refusal is not None:
        return _form(agency_of(db.session(), agency_id) if agency_id else None, refusal), refusal.status
    flash(_("%(name)s已保存。", name=answer["name"]), "success")
    return redirect(url_for("administration.agencies"), 303)


def level_words() -> dict[int, str]:
    """The levels of agencies, in words."""
    return {AgencyLevel.PROVINCE: _("省级"), AgencyLevel.CITY: _("市级"), AgencyLevel.DISTRICT: _("县（区）级")}


def _duties(agency: Agency) -> list[str]:
    return [word for word, may in ((_("备案"), agency.can_file), (_("核准"), agency.can_approve)) if may]


def _shown(agency: Agency) -> dict[str, Any]:
    return {name: getattr(agency, name) for name in tasks.agencies.FIELDS}


def _wanted() -> dict[str, Any]:
    told: dict[str, Any] = {name: typed(name) for name in ("name", "region", "cert_code")}
    told["level"] = request.form.get("level", 0, type=int)
    told |= {name: typed(name) or None for name in ("parent_id", "letters", "duty_mobile")}
    return told | {name: name in request.form for name in _FLAGS}


def _form(agency: Agency | None, refusal: CommandRefused | None) -> str:
    there = _shown(agency) if agency is not None else {"active": True}
    shown = _wanted() if refusal is not None else there
    labels = {
        "can_file": _("办理备案"),
        "can_approve": _("办理核准"),
        "e_seal": _("有电子签章"),
        "active": _("在用"),
    }
    above = select(Agency).where(Agency.active, Agency.level < AgencyLevel.DISTRICT)
    return render_template(
        "admin/agency_form.html",
        name=agency.name if agency is not None else "",
        form=form(refusal, there if agency is not None else None),
        shown=shown,
        levels=[{"value": int(value), "label": label} for value, label in level_words().items()],
        parents=[
            {"value": found.id, "label": found.name}
            for found in db.session.scalars(above.order_by(Agency.level, Agency.region, Agency.id))
        ],
        flags=[
            {"name": name, "value": "on", "label": labels[name], "checked": bool(shown.get(name))} for name in _FLAGS
        ],
        longest_name=tasks.agencies.LONGEST_NAME,
        longest_letters=tasks.agencies.LONGEST_LETTERS,
        post_url=url_for("administration.edit_agency", agency_id=agency.id)
        if agency is not None
        else url_for("administration.new_agency"),
    )
