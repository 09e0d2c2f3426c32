"""工作代理: an official names who stands in for them and when; an administrator sees everybody's."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from engine.commands import Command
from engine.errors import CommandRefused
from records.calendar import local_date
from records.jurisdiction import HANDLING
from records.roles import OVERSEEING, AdminRole
from records.substitutions import LONGEST, Substitution, SubstitutionState, substitutions
from records.users import User, UserKind, colleagues_of
from web.api import substitutions as interface
from web.database import db
from web.identity import me, require
from web.pages import commands, people
from web.pages.addresses import safe
from web.reach import Reach
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

blueprint = Blueprint("substitution", __name__, url_prefix="/substitutions")


@blueprint.get("")
@require(*HANDLING, *OVERSEEING)
def page() -> str:
    """One's own substitutions and those in which one stands in, with the form to name somebody."""
    return _render()


@blueprint.post("")
@require(*HANDLING)
def appoint() -> Any:
    """Name a substitute for oneself. A refusal shows the form again, with what was typed."""
    refusal = appointed(me().username)
    if refusal is not None:
        return _render(refusal), refusal.status
    return redirect(url_for("substitution.page"), 303)


@blueprint.post("/<int:substitution_id>/recall")
@require(UserKind.AUTHORITY, AdminRole.SYSTEM, reach=Reach.OWN)
def recall(substitution_id: int) -> Any:
    """End a substitution early, and go back to the page that showed it."""

    def give(given: Command) -> dict[str, Any]:
        return {"name": interface.recall(given, me(), substitution_id).substitute.name}

    try:
        flash(_("%(name)s的代理已结束。", name=commands.give(give)["name"]), "success")
    except CommandRefused as refusal:
        if refusal.status != 409:
            raise
        flash(told(refusal.message), "error")
    return redirect(safe(request.form.get("next")) or url_for("substitution.page"), 303)


def appointed(principal: str) -> CommandRefused | None:
    """Carry out the posted form for an official; what it was refused for, if it was."""

    def give(given: Command) -> dict[str, Any]:
        body = {"principal": principal, "substitute": request.form.get("substitute", "")}
        days = {name: _day(name) for name in ("first_day", "last_day")}
        found = interface.appoint(given, me(), body | days)
        return {"name": found.substitute.name, "first": str(found.first_day), "last": str(found.last_day)}

    try:
        flash(_("%(first)s 至 %(last)s 由%(name)s代理。", **commands.give(give)), "success")
    except CommandRefused as refusal:
        if refusal.status not in (404, 409, 422):
            raise
        return refusal
    return None


def form_for(principal: User, post_url: str, refusal: CommandRefused | None = None) -> dict[str, Any]:
    """The form to name somebody's substitute, as `macros/substitution.html` shows it."""
    typed = request.form if refusal is not None else {}
    return {
        "post_url": post_url,
        "colleagues": choices(principal),
        "typed": {name: typed.get(name, "") for name in ("substitute", "first_day", "last_day")},
        "today": _today().isoformat(),
        "longest": LONGEST.days,
        "error": commands.refused(refusal) if refusal is not None else "",
        "command_id": commands.fresh(),
    }


def choices(official: User) -> list[dict[str, str]]:
    """The colleagues of somebody, to choose from."""
    return [
        {"value": found.username, "label": people.beside(found.name, people.roles_of(found))}
        for found in colleagues_of(db.session(), official)
    ]


def rows(reader: User, of: User | None) -> list[dict[str, Any]]:
    """The latest substitutions that concern somebody, or all of them, with what the reader may do."""
    return [_row(reader, found) for found in substitutions(db.session(), of)]


def _row(reader: User, found: Substitution) -> dict[str, Any]:
    state = found.state(_today())
    open_still = state in (SubstitutionState.PLANNED, SubstitutionState.RUNNING)
    may_recall = open_still and (reader.kind == UserKind.ADMIN or reader.id == found.principal_id)
    return {
        "principal": found.principal.name,
        "substitute": found.substitute.name,
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        "state": state.value,
        "recall_url": url_for("substitution.recall", substitution_id=found.id) if may_recall else None,
    }


def _render(refusal: CommandRefused | None = None) -> str:
    user = me()
    is_admin = user.kind == UserKind.ADMIN
    return render_template(
        "office/substitutions.html",
        form=None if is_admin else form_for(user, url_for("substitution.appoint"), refusal),
        rows=rows(user, None if is_admin else user),
        here=url_for("substitution.page"),
    )


def _today() -> date:
    return local_date(runtime().engine.clock.now())


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        message, remedy = _("代理的起止日期没有填写完整。"), _("请填写开始日期和结束日期。")
        raise CommandRefused("days_unfit", message, status=422, remedy=remedy) from None
