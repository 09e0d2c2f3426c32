"""Logging in through the two entrances, and out."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import login_user, logout_user

from records.users import User, UserKind, check_password, user_by_username
from web import demo
from web.database import db
from web.identity import Account
from web.limits import LOG_IN, limiter
from web.pages import people
from web.pages.addresses import home_of, safe
from web.pages.shell import user_or_none
from web.runtime import runtime

blueprint = Blueprint("auth", __name__)

ENTERPRISE, OFFICIAL = "enterprise", "official"


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit(LOG_IN, methods=["POST"])
def login() -> Any:
    """The log-in page, and logging in. Whoever is logged in already goes on to where they wanted."""
    if request.method == "POST":
        return _log_in()
    user = user_or_none()
    if user is not None:
        return redirect(safe(request.args.get("next")) or home_of(user))
    return page()


def _log_in() -> Any:
    """By password. A wrong entrance is said only to whoever knows the password."""
    user = user_by_username(db.session(), request.form.get("username", "").strip())
    if not check_password(user, request.form.get("password", "")) or user is None:
        return page(_("账号或密码不正确。")), 401
    if request.form.get("entrance") != entrance_of(user):
        right = _("企业用户") if entrance_of(user) == ENTERPRISE else _("审批用户")
        return page(_("该账号是%(kind)s，请从「%(kind)s」入口登录。", kind=right)), 403
    chosen_language = session.get("language")
    session.clear()
    if chosen_language:
        session["language"] = chosen_language
    login_user(Account(user))
    return redirect(safe(request.form.get("next")) or home_of(user))


@blueprint.post("/logout")
def logout() -> Any:
    logout_user()
    session.clear()
    return redirect(url_for("public.home"))


def page(error: str = "") -> str:
    return render_template(
        "auth/login.html",
        login=panel(error),
        demo_accounts=accounts(),
        expired=bool(request.args.get("expired")) and not error,
    )


def panel(error: str = "") -> dict[str, Any]:
    """The log-in panel (`macros/login.html`) with what was typed, but the password."""
    wanted = safe(request.values.get("next"))
    entrance = OFFICIAL if request.values.get("entrance") == OFFICIAL else ENTERPRISE
    return {
        "entrance": entrance,
        "enterprise_url": url_for("auth.login", entrance=ENTERPRISE, next=wanted),
        "official_url": url_for("auth.login", entrance=OFFICIAL, next=wanted),
        "username": request.form.get("username", ""),
        "next": wanted,
        "error": error,
        "identity_url": None,
        "closing": False,
        "register_url": None,
    }


def accounts() -> list[dict[str, str]] | None:
    """The demo's accounts, offered on its log-in pages; None outside of the demo."""
    if not runtime().settings.demo:
        return None
    return [
        {
            "username": user.username,
            "password": demo.PASSWORD,
            "name": user.name,
            "role": people.roles_of(user),
            "place": people.place_of(db.session(), user),
            "entrance": entrance_of(user),
        }
        for user in demo.accounts()
    ]


def entrance_of(user: User) -> str:
    """Enterprises have their own entrance; administrators come in with the officials."""
    return ENTERPRISE if user.kind == UserKind.ENTERPRISE else OFFICIAL
