"""授权确认 and 登录记录, for the security administrator: what waits to be confirmed, and who came in."""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

import tasks.staff
from engine.commands import Command
from records.access_records import Access, AccessRecord
from records.calendar import SHANGHAI
from records.grants import Grant, GrantState, pending
from records.roles import AdminRole
from records.users import UserKind
from web.api import staff as interface
from web.database import db
from web.identity import me, require
from web.pages import commands, lists, people, wording
from web.pages.administration import blueprint, form, posted, typed
from web.texts import gettext as _

_DECIDED_SHOWN = 20


@blueprint.get("/grants")
@require(UserKind.ADMIN)
def grants() -> str:
    """What waits, and what was decided lately."""
    return _page()


@blueprint.post("/grants/<int:grant_id>")
@require(AdminRole.SECURITY)
def decide_grant(grant_id: int) -> Any:
    """确认 or 不予确认. A refusal shows the page again."""

    def give(given: Command) -> dict[str, Any]:
        grant = interface.grant_of(given.session, grant_id)
        if typed("decision") == "refuse":
            tasks.staff.refuse(given, grant, typed("reason"))
            return {"message": _("已登记不予确认%(name)s的授权。", name=grant.user.name)}
        tasks.staff.confirm(given, grant)
        return {"message": _("%(name)s的授权已确认，现在生效。", name=grant.user.name)}

    answer, refusal = posted(give)
    if refusal is not None:
        flash(commands.refused(refusal), "error")
    else:
        flash(answer["message"], "success")
    return redirect(url_for("administration.grants"), 303)


@blueprint.get("/access")
@require(AdminRole.SECURITY, AdminRole.AUDIT)
def access_records() -> str:
    """登录记录: who came in and who could not, the latest first."""
    query = select(AccessRecord)
    if text := lists.searched():
        query = query.where(lists.containing(text, AccessRecord.username, AccessRecord.address))
    kind = request.args.get("kind", "")
    if kind in set(Access):
        query = query.where(AccessRecord.access == kind)
    day = _day("day")
    if day is not None:
        query = query.where(AccessRecord.at >= day, AccessRecord.at < day + timedelta(days=1))
    found = lists.part(db.session(), query.order_by(AccessRecord.id.desc()))
    return render_template(
        "admin/access.html",
        query=text,
        kind=kind,
        kinds=[{"value": value, "label": label} for value, label in access_words().items()],
        day=request.args.get("day", ""),
        page=found.foot,
        filtered=bool(text or kind or day),
        rows=[
            {
                "at": wording.moment(record.at),
                "access": record.access,
                "what": access_words()[record.access],
                "username": record.username,
                "address": record.address,
                "agent": record.agent,
                "place": record.place,
            }
            for (record,) in found.rows
        ],
    )


def access_words() -> dict[str, str]:
    """What can happen at the door, in words."""
    return {
        Access.LOGGED_IN.value: _("登录"),
        Access.LOGGED_OUT.value: _("退出"),
        Access.NOT_LET_IN.value: _("登录未成功"),
        Access.TURNED_AWAY.value: _("无权访问"),
    }


def _day(name: str) -> datetime | None:
    """The beginning of a day that a filter names, if it does."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return datetime.combine(day, time(), SHANGHAI)


def shown(grant: Grant) -> dict[str, Any]:
    """A grant as pages show it: what somebody is to be, beside what they are."""
    user = grant.user
    return {
        "name": user.name,
        "username": user.username,
        "url": url_for("official.page", username=user.username),
        "now": _what(people.place_of(db.session(), user), people.roles_of(user)) if user.role_names else _("新账号"),
        "wanted": _what(grant.agency.name if grant.agency is not None else "", _roles(grant.roles)),
        "opens": not user.active,
        "state": grant.state,
        "asked": _(
            "%(who)s，%(at)s", who=people.name_of(db.session(), grant.asked_by), at=wording.moment(grant.asked_at)
        ),
        "decided": wording.moment(grant.decided_at) if grant.decided_at else "",
        "decided_by": people.name_of(db.session(), grant.decided_by) if grant.decided_by else "",
        "reason": grant.reason,
        "own": user.id == me().id,
        "post_url": url_for("administration.decide_grant", grant_id=grant.id),
    }


def _page() -> str:
    lately = select(Grant).where(Grant.state != GrantState.PENDING).order_by(Grant.decided_at.desc(), Grant.id.desc())
    return render_template(
        "admin/grants.html",
        form=form(None),
        waiting=[shown(grant) for grant in pending(db.session())],
        decided=[shown(grant) for grant in db.session.scalars(lately.limit(_DECIDED_SHOWN))],
        may_decide=me().admin_role == AdminRole.SECURITY,
        longest_reason=tasks.staff.LONGEST_REASON,
    )


def _what(place: str, roles: str) -> str:
    return _("%(place)s，%(roles)s", place=place, roles=roles) if place else roles


def _roles(roles: list[str]) -> str:
    return _("、").join(people.role_title(role) for role in roles)
