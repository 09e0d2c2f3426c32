"""Who is asking: a browser's session, or a bearer token."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Request, request
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect

from engine.errors import CommandRefused
from records.roles import AdminRole
from records.users import User, UserKind, user_by_username, user_for_token
from web.database import db

F = TypeVar("F", bound=Callable[..., Any])

OF_ONES_ACCOUNT = frozenset(("auth", "public"))
"""Blueprints with what everybody may do for themselves: logging out, choosing a language."""

login = LoginManager()
csrf = CSRFProtect()


class Account:
    """A logged-in user as Flask-Login knows one."""

    is_authenticated = True
    is_anonymous = False

    def __init__(self, user: User) -> None:
        self.user = user

    @property
    def is_active(self) -> bool:
        return self.user.active

    def get_id(self) -> str:
        return self.user.username


def register(app: Flask) -> None:
    """Set up sessions, tokens and protection against forged requests."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    login.init_app(app)
    csrf.init_app(app)

    @login.user_loader
    def by_session(username: str) -> Account | None:
        user = user_by_username(db.session(), username)
        return Account(user) if user is not None and user.active else None

    @login.request_loader
    def by_token(asked: Request) -> Account | None:
        scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        user = user_for_token(db.session(), token.strip())
        if user is None or not user.active:
            return None
        return Account(user)

    @app.before_request
    def protect() -> None:
        """A session's requests carry the CSRF token; a bearer token cannot be sent by somebody else's page."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        by_header = request.headers.get("Authorization", "").lower().startswith("bearer ")
        nobody = request.path.startswith("/api/") and not current_user.is_authenticated
        if not by_header and not nobody:
            csrf.protect()

    @app.before_request
    def hold_back() -> None:
        """The audit's administrator reads everything and changes nothing, but his own account."""
        if request.method in ("GET", "HEAD", "OPTIONS") or request.blueprint in OF_ONES_ACCOUNT:
            return
        if current_user.is_authenticated and me().admin_role == AdminRole.AUDIT:
            raise CommandRefused("auditor_reads", "审计管理员只查看，不能办理或修改。", status=403)


def me() -> User:
    """The user who asks. Raises CommandRefused 401 when nobody is logged in."""
    if not current_user.is_authenticated:
        raise CommandRefused(
            "not_logged_in", "登录已过期或尚未登录。", status=401, remedy="请重新登录；已填写的内容仍在本页。"
        )
    return cast(Account, current_user).user


def require(*who: UserKind | AdminRole) -> Callable[[F], F]:
    """Let only users of some kinds in, or some of the three administrators; nobody named: whoever is logged in."""

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            user = me()
            if who and user.kind not in who and user.admin_role not in who:
                raise CommandRefused("forbidden", "你没有这项操作的权限。", status=403)
            return view(*args, **kwargs)

        return cast(F, guarded)

    return decorate
