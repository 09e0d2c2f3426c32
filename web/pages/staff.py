"""人员管理, for an administrator: the officials, who stands in for them, and 停用并移交 when one leaves."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from engine.commands import Command
from engine.errors import CommandRefused
from engine.job_commands import LONGEST_REASON
from records.agencies import Agency
from records.roles import AdminRole
from records.users import User, UserKind
from web.api import staff as interface
from web.database import db
from web.identity import me, require
from web.pages import commands, lists, people, substitutions

blueprint = Blueprint("official", __name__, url_prefix="/staff")


@blueprint.get("")
@require(AdminRole.SYSTEM)
def staff() -> str:
    """Every official, by agency."""
    query = select(User, Agency.name).join(Agency, Agency.id == User.agency_id).where(User.kind == UserKind.AUTHORITY)
    if text := lists.searched():
        query = query.where(lists.containing(text, User.name, User.username, Agency.name))
    found = lists.part(db.session(), query.order_by(Agency.region, Agency.level, Agency.id, User.username))
    held = {line["username"]: line["open_tasks"] for line in interface.lines([user for user, _agency in found.rows])}
    return render_template(
        "office/staff.html",
        query=text,
        page=found.foot,
        rows=[
            {
                "url": url_for("official.page", username=user.username),
                "name": user.name,
                "username": user.username,
                "agency": agency,
                "roles": people.roles_of(user),
                "open_tasks": held[user.username],
                "active": user.active,
            }
            for user, agency in found.rows
        ],
    )


@blueprint.get("/<username>")
@require(AdminRole.SYSTEM)
def page(username: str) -> str:
    """One official: who stands in, and what happens when they leave."""
    return _render(username)


@blueprint.post("/<username>/substitutions")
@require(AdminRole.SYSTEM)
def appoint(username: str) -> Any:
    """Name a substitute for an official. A refusal shows the form again, with what was typed."""
    refusal = substitutions.appointed(username)
    if refusal is not None:
        return _render(username, unnamed=refusal), refusal.status
    return redirect(url_for("official.page", username=username), 303)


@blueprint.post("/<username>/deactivate")
@require(AdminRole.SYSTEM)
def deactivate(username: str) -> Any:
    """停用并移交. A refusal shows the form again, with what was typed."""
    receiver, reason = request.form.get("to") or None, request.form.get("reason", "").strip()[:LONGEST_REASON]

    def give(given: Command) -> dict[str, Any]:
        return interface.deactivate(given, username, receiver, reason)

    try:
        left = commands.give(give)
    except CommandRefused as refusal:
        if refusal.status != 422:
            raise
        return _render(username, unmoved=refusal), refusal.status
    flash(_("%(name)s的账号已停用，移交任务 %(n)s 件。", name=left["name"], n=left["handed"]), "success")
    return redirect(url_for("official.page", username=username), 303)


@blueprint.post("/<username>/activate")
@require(AdminRole.SYSTEM)
def activate(username: str) -> Any:
    """启用: open a closed account again."""
    name = commands.give(lambda given: interface.activate(given, username))["name"]
    flash(_("%(name)s的账号已启用。", name=name), "success")
    return redirect(url_for("official.page", username=username), 303)


def _render(username: str, *, unnamed: CommandRefused | None = None, unmoved: CommandRefused | None = None) -> str:
    user = interface.official(db.session(), username)
    [line] = interface.lines([user])
    typed = request.form if unmoved is not None else {}
    return render_template(
        "office/official.html",
        official={
            "name": user.name,
            "username": user.username,
            "agency": people.place_of(db.session(), user),
            "roles": people.roles_of(user),
            "active": user.active,
            "open_tasks": line["open_tasks"],
        },
        form=substitutions.form_for(user, url_for("official.appoint", username=username), unnamed)
        if user.active
        else None,
        rows=substitutions.rows(me(), user),
        here=url_for("official.page", username=username),
        leaving={
            "post_url": url_for("official.deactivate", username=username),
            "colleagues": substitutions.choices(user),
            "typed": {"to": typed.get("to", ""), "reason": typed.get("reason", _("离岗移交"))},
            "longest_reason": LONGEST_REASON,
            "error": f"{unmoved.message}{unmoved.remedy or ''}" if unmoved is not None else "",
            "command_id": commands.fresh(),
        },
        activate_url=url_for("official.activate", username=username),
    )
