"""人员 of 用户与机构: who works where and as what, who joins, who leaves, and what is not confirmed yet."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select

import tasks.staff
from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.job_commands import LONGEST_REASON
from records.agencies import Agency
from records.grants import Grant, GrantState, pending_of
from records.masking import mask_phone
from records.roles import AdminRole, OfficialRole
from records.users import User, UserKind, UserRole
from web.api import staff as interface
from web.database import db
from web.identity import me, require
from web.pages import commands, grants, lists, people, substitutions
from web.pages.administration import form, posted, require_seen, typed
from web.runtime import command
from web.texts import gettext as _

blueprint = Blueprint("official", __name__, url_prefix="/staff")

_WAITING = Grant.state == GrantState.PENDING


@blueprint.get("")
@require(UserKind.ADMIN)
def staff() -> str:
    """Every official, by agency, and the administrators before them."""
    query = select(User, Agency.name).outerjoin(Agency, Agency.id == User.agency_id)
    query = query.where(User.kind != UserKind.ENTERPRISE)
    if text := lists.searched():
        query = query.where(lists.containing(text, User.name, User.username, Agency.name))
    state, role = request.args.get("state", ""), request.args.get("role", "")
    if state == "waiting":
        query = query.where(select(Grant.id).where(Grant.user_id == User.id, _WAITING).exists())
    elif state in ("open", "closed"):
        query = query.where(User.active == (state == "open"))
    if role:
        query = query.where(User.roles.any(UserRole.role == role))
    order = (Agency.id.is_not(None), Agency.region, Agency.level, Agency.id, User.username)
    found = lists.part(db.session(), query.order_by(*order))
    about = {line["username"]: line for line in interface.lines([user for user, _agency in found.rows])}
    return render_template(
        "office/staff.html",
        query=text,
        state=state,
        role=role,
        roles=_role_choices(),
        page=found.foot,
        new_url=url_for("official.new") if _may(AdminRole.SYSTEM) else None,
        rows=[
            {
                "url": url_for("official.page", username=user.username),
                "name": user.name,
                "username": user.username,
                "agency": agency or "—",
                "roles": people.roles_of(user),
                "open_tasks": about[user.username]["open_tasks"],
                "waiting": about[user.username]["grant"] is not None,
                "active": user.active,
            }
            for user, agency in found.rows
        ],
    )


@blueprint.get("/new")
@require(AdminRole.SYSTEM)
def new() -> str:
    """新建账号: the form."""
    return _form(None, None)


@blueprint.post("/new")
@require(AdminRole.SYSTEM)
def hire() -> Any:
    """新建账号. The first password is shown this once, and kept nowhere."""
    try:
        with command(me().username) as given:
            hired = interface.hire(given, typed("username"), _wanted())
    except BusinessRefusal as refusal:
        return _form(None, refusal), refusal.status
    return _render(hired["username"], password=hired["password"]), 201


@blueprint.get("/<username>")
@require(UserKind.ADMIN)
def page(username: str) -> str:
    """One of the staff: what they are entrusted with, who stands in, and what happens when they leave."""
    return _render(username)


@blueprint.get("/<username>/edit")
@require(AdminRole.SYSTEM)
def edit(username: str) -> str:
    """修改: the form."""
    return _form(interface.member(db.session(), username), None)


@blueprint.post("/<username>/edit")
@require(AdminRole.SYSTEM)
def change(username: str) -> Any:
    """修改. A refusal shows the form again, with what was typed."""

    def give(given: Command) -> dict[str, Any]:
        user = interface.member(given.session, username)
        require_seen(_shown(user))
        grant = tasks.staff.change(given, user, _wanted())
        return {"name": user.name, "waits": grant is not None}

    answer, refusal = posted(give)
    if refusal is not None:
        return _form(interface.member(db.session(), username), refusal), refusal.status
    if answer["waits"]:
        flash(_("已保存。%(name)s的岗位变动待安全管理员确认后生效。", name=answer["name"]), "success")
    else:
        flash(_("%(name)s的信息已保存。", name=answer["name"]), "success")
    return redirect(url_for("official.page", username=username), 303)


@blueprint.post("/<username>/close")
@require(AdminRole.SECURITY)
def close(username: str) -> Any:
    """停用 at once, without touching what is on the desk."""

    def give(given: Command) -> dict[str, Any]:
        user = interface.member(given.session, username)
        tasks.staff.close(given, user, typed("reason"))
        return {"name": user.name}

    answer, refusal = posted(give)
    if refusal is not None:
        return _render(username, unclosed=refusal), refusal.status
    flash(_("%(name)s的账号已停用。", name=answer["name"]), "success")
    return redirect(url_for("official.page", username=username), 303)


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
@require(AdminRole.SYSTEM, AdminRole.SECURITY)
def activate(username: str) -> Any:
    """启用: open a closed account again, or ask for it."""
    answer = commands.give(lambda given: interface.activate(given, username))
    if answer["active"]:
        flash(_("%(name)s的账号已启用。", name=answer["name"]), "success")
    else:
        flash(_("已申请启用%(name)s的账号，待安全管理员确认。", name=answer["name"]), "success")
    return redirect(url_for("official.page", username=username), 303)


def _render(
    username: str,
    *,
    unnamed: CommandRefused | None = None,
    unmoved: CommandRefused | None = None,
    unclosed: CommandRefused | None = None,
    password: str = "",
) -> str:
    user = interface.member(db.session(), username)
    [line] = interface.lines([user])
    given = request.form if unmoved is not None else {}
    arranges, is_official = _may(AdminRole.SYSTEM), user.kind == UserKind.AUTHORITY
    waiting = pending_of(db.session(), user)
    return render_template(
        "office/official.html",
        official={
            "name": user.name,
            "username": user.username,
            "agency": people.place_of(db.session(), user),
            "roles": people.roles_of(user),
            "mobile": mask_phone(user.mobile) if user.mobile else "",
            "active": user.active,
            "open_tasks": line["open_tasks"],
        },
        password=password,
        waiting=grants.shown(waiting) if waiting is not None else None,
        edit_url=url_for("official.edit", username=username) if arranges else None,
        closing=form(unclosed, post_url=url_for("official.close", username=username))
        if _may(AdminRole.SECURITY) and user.active and user.id != me().id
        else None,
        form=substitutions.form_for(user, url_for("official.appoint", username=username), unnamed)
        if user.active and arranges and is_official
        else None,
        rows=substitutions.rows(me(), user),
        here=url_for("official.page", username=username),
        leaving=arranges
        and is_official
        and {
            "post_url": url_for("official.deactivate", username=username),
            "colleagues": substitutions.choices(user),
            "typed": {"to": given.get("to", ""), "reason": given.get("reason", _("离岗移交"))},
            "longest_reason": LONGEST_REASON,
            "error": commands.refused(unmoved) if unmoved is not None else "",
            "command_id": commands.fresh(),
        },
        activate_url=url_for("official.activate", username=username)
        if not user.active and not (arranges and waiting) and _may(AdminRole.SYSTEM, AdminRole.SECURITY)
        else None,
        activate_label=_("启用账号") if _may(AdminRole.SECURITY) else _("申请启用"),
    )


def _form(user: User | None, refusal: CommandRefused | None) -> str:
    if refusal is not None:
        shown: dict[str, Any] = {name: typed(name) for name in ("username", "name", "mobile", "agency")}
        shown["roles"] = request.form.getlist("roles")
    else:
        shown = _shown(user) if user is not None else {}
    agencies = select(Agency).where(Agency.active).order_by(Agency.region, Agency.level, Agency.id)
    return render_template(
        "admin/staff_form.html",
        user={"username": user.username, "name": user.name} if user is not None else None,
        form=form(refusal, _shown(user) if user is not None else None),
        shown=shown,
        roles=[choice | {"checked": choice["value"] in shown.get("roles", ())} for choice in _role_choices()],
        agencies=[{"value": agency.id, "label": agency.name} for agency in db.session.scalars(agencies)],
        longest_name=tasks.staff.LONGEST_NAME,
        post_url=url_for("official.change", username=user.username) if user is not None else url_for("official.hire"),
        back_url=url_for("official.page", username=user.username) if user is not None else url_for("official.staff"),
    )


def _shown(user: User) -> dict[str, Any]:
    """Somebody as the form shows them."""
    return {
        "name": user.name,
        "mobile": user.mobile or "",
        "agency": user.agency_id or "",
        "roles": sorted(user.role_names),
    }


def _wanted() -> tasks.staff.Wanted:
    roles = frozenset(request.form.getlist("roles"))
    return tasks.staff.Wanted(typed("name"), typed("mobile"), typed("agency") or None, roles)


def _role_choices() -> list[dict[str, str]]:
    roles = [role.value for role in (*OfficialRole, *AdminRole)]
    return [{"name": "roles", "value": role, "label": people.role_title(role)} for role in roles]


def _may(*roles: AdminRole) -> bool:
    return me().admin_role in roles
