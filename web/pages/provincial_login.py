"""省统一身份账号登录: to the platform, back again, and bound (R59, R62–R68)."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, session, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.exc import IntegrityError

from engine.errors import CommandRefused
from records.login_sessions import LoginMethod
from records.users import User, UserKind
from tasks.login import BY_IDENTITY, ProvincialAccount, Ruling, admit, rule
from web import provincial
from web.identity import enter, session_id, user_or_none
from web.limits import LOG_IN, limiter
from web.pages.accounts import blueprint
from web.pages.addresses import home_of, safe
from web.procedures import rules_of
from web.runtime import command, runtime
from web.settings import IdentityPlatform
from web.texts import gettext as _
from web.texts import sentences, told

BINDING_LASTS = 600
"""Seconds that a page's link to bind an account is good for."""
_WANTED, _BINDING = "identity_next", "identity_binding"


@blueprint.get("/login/identity")
@limiter.limit(LOG_IN)
def by_identity() -> Any:
    """Go to the platform. Whoever is logged in goes home, unless they follow their own page's link to bind."""
    user, binds = user_or_none(), _binds()
    if user is not None and not binds:
        return redirect(safe(request.args.get("next")) or home_of(user))
    session[_WANTED], session[_BINDING] = safe(request.args.get("next")), binds
    return provincial.begin(_platform(), _return_url())


@blueprint.get("/login/identity/return")
@limiter.limit(LOG_IN)
def identity_return() -> Any:
    """Back from the platform: the table decides, the account is bound, its user is in."""
    wanted, binds = safe(session.pop(_WANTED, None)), session.pop(_BINDING, False)
    decide = rules_of("account_merge")
    try:
        account = provincial.finish(_platform())
    except provincial.NoAccount:
        return _refused(rule(decide, BY_IDENTITY, account_exists=False))
    except provincial.PlatformFailed as failure:
        return _failed(failure)
    try:
        ruling, user = _admit(account, user_or_none() if binds else None)
    except CommandRefused as refusal:
        return _failed(refusal)
    if user is None:
        return _refused(ruling)
    if binds:
        flash(_("省统一身份账号已绑定，以后可以用它登录。"), "success")
    return redirect(wanted or home_of(user))


@blueprint.get("/login/register")
def register() -> Any:
    """Go to where an enterprise gets a provincial account (R64), as the table has it."""
    return redirect(rule(rules_of("account_merge"), BY_IDENTITY, account_exists=False).link)


def binding_url() -> str:
    """A link of the current session's page that binds: nobody else's page can make it."""
    return url_for("auth.by_identity", bind=_signer().dumps(session_id()), next=url_for("auth.security"))


def _admit(account: ProvincialAccount, holder: User | None) -> tuple[Ruling, User | None]:
    try:
        with command(None) as given:
            ruling, user = admit(given.session, rules_of("account_merge"), account, given.now, holder=holder)
            if user is not None and holder is None:
                enter(user, LoginMethod.IDENTITY)
    except IntegrityError:  # the same account came twice at one moment, and the other was faster
        message = _("这个账号正在另一处登录，没有完成登录。")
        raise CommandRefused("login_twice", message, remedy=_("请重新登录。")) from None
    return ruling, user


def _refused(ruling: Ruling) -> Any:
    """What the table says, with its link."""
    links = [{"label": told(ruling.link_title), "url": ruling.link, "primary": True}] if ruling.link else []
    return _page(sentences(ruling.message), sentences(ruling.remedy), links), 403


def _failed(refusal: CommandRefused) -> Any:
    again = {"label": _("重新登录"), "url": url_for("auth.login"), "primary": True}
    if user_or_none() is not None:
        again = {"label": _("返回账号安全"), "url": url_for("auth.security"), "primary": True}
    return _page(told(refusal.message), told(refusal.remedy), [again]), refusal.status


def _page(failed: str, todo: str, actions: list[dict[str, Any]]) -> str:
    return render_template(
        "errors/error.html",
        status=403,
        title=_("没有登录"),
        failed=failed,
        safe="",
        todo=todo,
        reference="",
        kept="",
        actions=[*actions, {"label": _("返回首页"), "url": url_for("public.home"), "primary": False}],
    )


def _platform() -> IdentityPlatform:
    platform = runtime().settings.identity_platform
    if platform is None:
        message = _("本系统没有接入省统一身份认证平台。")
        raise CommandRefused("no_platform", message, status=404, remedy=_("请用账号密码登录。"))
    return platform


def _return_url() -> str:
    """As registered with the platform: the address of the site, however this request came to us."""
    return runtime().settings.site_url + url_for("auth.identity_return")


def _binds() -> bool:
    """Whether the link is one of this session's page, of an enterprise."""
    user, id = user_or_none(), session_id()
    if user is None or id is None or user.kind != UserKind.ENTERPRISE:
        return False
    try:
        return bool(_signer().loads(request.args.get("bind", ""), max_age=BINDING_LASTS) == id)
    except BadSignature:
        return False


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="bind")
