"""账号安全: where one is logged in, the password, the bound provincial accounts, and tokens for programs."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from engine.errors import BusinessRefusal, CommandRefused
from records import login_sessions, tokens
from records.identities import identities_of
from records.login_sessions import LoginMethod, LoginSession
from records.passwords import SHORTEST, choose_password
from records.tokens import LIFETIMES, LONGEST_NAME, ApiToken, TokenScope, issue_token
from records.users import User, UserKind
from web.database import db
from web.identity import me, require, require_session, session_id
from web.limits import LOG_IN, limiter
from web.pages import commands, wording
from web.pages.accounts import blueprint
from web.pages.addresses import home_of, safe
from web.pages.provincial_login import binding_url
from web.reach import Reach
from web.runtime import command, runtime
from web.texts import gettext as _


@blueprint.get("/account")
@require()
def security() -> str:
    """The page."""
    return _render()


@blueprint.post("/account/sessions/end")
@require()
def end_others() -> Any:
    """Log out everywhere else."""
    with command(me().username) as given:
        login_sessions.end_sessions(given.session, me(), but=session_id())
    flash(_("其他设备上的登录都已退出。"), "success")
    return redirect(url_for("auth.security"), 303)


@blueprint.post("/account/sessions/<id>/end")
@require(reach=Reach.OWN)
def end_session(id: str) -> Any:
    """Log out somewhere else."""
    with command(me().username) as given:
        login_sessions.end_session(given.session, me(), id)
    flash(_("该设备上的登录已退出。"), "success")
    return redirect(url_for("auth.security"), 303)


@blueprint.post("/account/tokens")
@require()
def create_token() -> Any:
    """A new token: its text is on the answer and nowhere else."""
    require_session(_("访问令牌不能用来新建访问令牌。"), _("请登录网站，在「账号安全」里新建。"))
    name = request.form.get("name", "").strip()[:LONGEST_NAME]
    days, scope = request.form.get("days", type=int), request.form.get("scope", "")
    if not name or days not in LIFETIMES or scope not in list(TokenScope):
        raise CommandRefused(
            "token_incomplete",
            _("令牌没有新建：名称、权限和有效期没有填写完整。"),
            status=422,
            remedy=_("请填写名称，选择权限和有效期。"),
        )
    with command(me().username) as given:
        _token, text = issue_token(given.session, me(), given.now, name=name, scope=TokenScope(scope), days=days)
    return _render(issued={"name": name, "text": text}), 201


@blueprint.post("/account/tokens/<id>/revoke")
@require(reach=Reach.OWN)
def revoke_token(id: str) -> Any:
    """End a token at once."""
    with command(me().username) as given:
        tokens.revoke_token(given.session, me(), id)
    flash(_("访问令牌已撤销，使用它的程序不能再访问。"), "success")
    return redirect(url_for("auth.security"), 303)


@blueprint.route("/account/password", methods=["GET", "POST"])
@limiter.limit(LOG_IN, methods=["POST"])
@require(owing=True)
def password() -> Any:
    """修改密码; the one page that somebody whose password was set by another may use."""
    user = me(owing=True)
    here = require_session(_("修改密码须在网页上登录后进行。"), _("请在浏览器里登录后修改。"))
    if user.password_hash is None:
        message = _("这个账号没有密码，用省统一身份账号登录。")
        raise CommandRefused("no_password", message, status=404, remedy=_("密码在省统一身份认证平台修改。"))
    if request.method == "GET":
        return _password_page(user, {})
    try:
        with command(user.username) as given:
            typed = (request.form.get(name, "") for name in ("current", "chosen", "repeated"))
            choose_password(given.session, user, *typed)
            login_sessions.end_sessions(given.session, user, but=here)
    except BusinessRefusal as refusal:
        return _password_page(user, commands.beside_fields(refusal)), refusal.status
    flash(_("密码已修改，其他设备上的登录都已退出，访问令牌都已失效。"), "success")
    return redirect(safe(request.form.get("next")) or home_of(user), 303)


def _password_page(user: User, errors: dict[str, str]) -> str:
    return render_template(
        "auth/password.html",
        owed=user.must_change_password,
        username=user.username,
        next=safe(request.values.get("next")),
        errors=errors,
        shortest=SHORTEST,
    )


def _render(issued: dict[str, str] | None = None) -> str:
    user, session = me(), db.session()
    here = session_id()
    platform = runtime().settings.identity_platform is not None and user.kind == UserKind.ENTERPRISE
    return render_template(
        "auth/security.html",
        username=user.username,
        password_url=url_for("auth.password") if user.password_hash and here else None,
        sessions=[_session(found, here) for found in login_sessions.sessions_of(session, user)],
        others_url=url_for("auth.end_others"),
        identities=[wording.moment(found.bound_at) for found in identities_of(session, user)] if platform else None,
        bind_url=binding_url() if platform and here else None,
        tokens=[_token(found) for found in tokens.tokens_of(session, user)],
        issued=issued,
        create_url=url_for("auth.create_token"),
        lifetimes=LIFETIMES,
        longest_name=LONGEST_NAME,
    )


def _session(found: LoginSession, here: str | None) -> dict[str, Any]:
    methods = {LoginMethod.PASSWORD: _("账号密码"), LoginMethod.IDENTITY: _("省统一身份账号")}
    return {
        "device": _device(found.agent),
        "agent": found.agent,
        "address": found.address,
        "method": methods[LoginMethod(found.method)],
        "created": wording.moment(found.created_at),
        "seen": wording.moment(found.seen_at),
        "here": found.id == here,
        "end_url": url_for("auth.end_session", id=found.id),
    }


def _device(agent: str) -> str:
    """A browser and its system as people call them; whatever else it says of itself is beside them."""
    browsers = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "Mac OS": "macOS", "Linux": "Linux"}
    named = [next((name for mark, name in names.items() if mark in agent), "") for names in (browsers, systems)]
    return " · ".join(filter(None, named)) or _("其他程序")


def _token(found: ApiToken) -> dict[str, Any]:
    now = runtime().engine.clock.now()
    scopes = {TokenScope.READ: _("只读"), TokenScope.WRITE: _("读取和办理")}
    return {
        "name": found.name or _("（未命名）"),
        "scope": scopes[TokenScope(found.scope)],
        "created": wording.moment(found.created_at),
        "expires": wording.day(found.expires_at) or _("不过期"),
        "expired": found.expires_at is not None and found.expires_at <= now,
        "seen": wording.moment(found.seen_at) or _("没有用过"),
        "revoke_url": url_for("auth.revoke_token", id=found.id),
    }
