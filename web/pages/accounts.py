"""Logging in through the two entrances by password, and out."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for

from records.calendar import local_date
from records.login_sessions import LoginMethod
from records.passwords import LOCKED_FOR, MOST_FAILURES, check_password, is_locked, note_failure, note_success
from records.users import User, UserKind, user_by_username
from tasks.login import BY_PASSWORD, Ruling, rule
from web import demo
from web.database import db
from web.identity import enter, leave, user_or_none
from web.limits import LOG_IN, limiter
from web.pages import people, wording
from web.pages.addresses import home_of, safe
from web.procedures import rules_of
from web.runtime import command, runtime
from web.texts import gettext as _
from web.texts import sentences

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
    now, password = runtime().engine.clock.now(), request.form.get("password", "")
    user = user_by_username(db.session(), request.form.get("username", "").strip())
    locked = user is not None and is_locked(user, now)
    if not check_password(user, password) or user is None or locked:
        return _refuse(None if locked else user, now)
    if request.form.get("entrance") != entrance_of(user):
        right = _("企业用户") if entrance_of(user) == ENTERPRISE else _("审批用户")
        return page(_("该账号是%(kind)s，请从「%(kind)s」入口登录。", kind=right)), 403
    ruling = _ruling(user, now)
    if ruling is not None and not ruling.admits:
        return page(sentences(ruling.message, ruling.remedy)), 403
    with command(user.username):
        note_success(user, password)
        enter(user, LoginMethod.PASSWORD)
    if ruling is not None and runtime().settings.identity_platform is not None:
        flash(sentences(ruling.message), "info")
    return redirect(safe(request.form.get("next")) or home_of(user))


def _refuse(user: User | None, now: datetime) -> Any:
    """A wrong password, counted where it is one of an account that is open. What is said is the same for names that
    nobody has and for accounts that are locked, so that nobody learns which there are."""
    if user is not None:
        with command(None) as given:
            note_failure(given.session, user, now)
    told = _(
        "账号或密码不正确。连续输错 %(n)s 次，账号锁定 %(minutes)s 分钟；忘记密码的，请联系系统管理员。",
        n=MOST_FAILURES,
        minutes=LOCKED_FOR // timedelta(minutes=1),
    )
    return page(told), 401


def _ruling(user: User, now: datetime) -> Ruling | None:
    """What the table says of an enterprise; officials and administrators keep the log-in by password."""
    if entrance_of(user) == OFFICIAL:
        return None
    decide = rules_of("account_merge")
    return rule(decide, BY_PASSWORD, account_exists=True, password_enabled=password_enabled(now))


def password_enabled(now: datetime) -> bool:
    """Whether enterprises may log in by password today."""
    last_day = runtime().settings.password_login_until
    return last_day is None or local_date(now) <= last_day


@blueprint.post("/logout")
def logout() -> Any:
    with command(None):
        leave()
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
    settings, now = runtime().settings, runtime().engine.clock.now()
    wanted = safe(request.values.get("next"))
    entrance = OFFICIAL if request.values.get("entrance") == OFFICIAL else ENTERPRISE
    offered = settings.identity_platform is not None
    return {
        "entrance": entrance,
        "enterprise_url": url_for("auth.login", entrance=ENTERPRISE, next=wanted),
        "official_url": url_for("auth.login", entrance=OFFICIAL, next=wanted),
        "username": request.form.get("username", ""),
        "next": wanted,
        "error": error,
        "identity_url": url_for("auth.by_identity", next=wanted) if offered else None,
        "password_enabled": password_enabled(now),
        "closing": offered,
        "closing_on": wording.day(settings.password_login_until),
        "register_url": url_for("auth.register") if offered else None,
        "merge_url": url_for("auth.ask_for_merge") if offered else None,
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
