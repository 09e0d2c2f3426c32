"""Who is asking: a browser's session, or a bearer token."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

import structlog
from flask import Flask, Request, Response, g, has_request_context, request, session
from flask_login import LoginManager, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from engine.transactions import transaction
from records.login_sessions import LoginMethod, LoginSession, begin_session, end_session, session_of
from records.roles import AdminRole, OfficialRole
from records.tokens import ApiToken, TokenScope, token_of
from records.users import User, UserKind
from web.database import db
from web.reach import Access, Reach, changes_matters
from web.runtime import runtime
from web.texts import gettext as _

F = TypeVar("F", bound=Callable[..., Any])

SEEN_EVERY = timedelta(minutes=5)
"""How exactly is noted when a session or token was last used."""

login = LoginManager()
csrf = CSRFProtect()
log = structlog.get_logger("jigai.web")


class Account:
    """A user as Flask-Login knows one, and by which session or token they come.

    `may_change`: whether they may do more than read; `owes_password`: whether they have to choose one before all else.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True

    def __init__(self, by: LoginSession | ApiToken) -> None:
        # Read once: at the beginning of a command whatever its session had read is let go.
        self.by, self.user, self.seen_at = by, by.user, by.seen_at
        self.may_change, self.owes_password = True, False
        if isinstance(by, LoginSession):
            self.key = by.id
            self.owes_password = by.user.must_change_password and by.method == LoginMethod.PASSWORD
        else:
            self.key = by.digest
            self.owes_password = by.user.must_change_password
            self.may_change = by.scope == TokenScope.WRITE

    def get_id(self) -> str:
        return self.key


def register(app: Flask) -> None:
    """Set up sessions, tokens and protection against forged requests."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    login.init_app(app)
    csrf.init_app(app)

    @login.user_loader
    def by_session(id: str) -> Account | None:
        found = session_of(db.session(), id, runtime().engine.clock.now())
        return Account(found) if found is not None else None

    @login.request_loader
    def by_token(asked: Request) -> Account | None:
        scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        found = token_of(db.session(), token.strip(), runtime().engine.clock.now())
        return Account(found) if found is not None else None

    @app.before_request
    def protect() -> None:
        """A session's requests carry the CSRF token, whatever else they carry; a bearer token that is good cannot be
        sent by somebody else's page, but may be good for reading only."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        account = _account()
        nobody = request.path.startswith("/api/") and account is None
        if not nobody and not (account is not None and isinstance(account.by, ApiToken)):
            csrf.protect()
        if account is not None and not account.may_change:
            raise CommandRefused(
                "token_reads_only",
                "这个访问令牌只能读取，不能办理或修改。",
                status=403,
                remedy="请换用可以办理的令牌，在「账号安全」里新建。",
            )

    @app.before_request
    def hold_back() -> None:
        """The audit's administrator reads everything and changes nothing, but his own account."""
        if not changes_matters(request.method, request.blueprint):
            return
        if current_user.is_authenticated and me().admin_role == AdminRole.AUDIT:
            raise CommandRefused("auditor_reads", "审计管理员只查看，不能办理或修改。", status=403)

    @app.after_request
    def note_use(response: Response) -> Response:
        account = g.get("_login_user")  # nobody is looked up where the page did not ask who it is
        if isinstance(account, Account):
            _note_use(account)
        return response


def _note_use(account: Account) -> None:
    """Note now and then that a session or token is used: in a transaction of its own, after what the request did."""
    now = runtime().engine.clock.now()
    if account.seen_at is not None and now - account.seen_at < SEEN_EVERY:
        return
    table = LoginSession if isinstance(account.by, LoginSession) else ApiToken
    row = LoginSession.id == account.key if table is LoginSession else ApiToken.digest == account.key
    try:
        with Session(db.engine) as own, transaction(own):
            own.execute(update(table).where(row).values(seen_at=now))
    except OperationalError:
        log.warning("could not note the use of a session or token", exc_info=True)


def enter(user: User, method: LoginMethod) -> None:
    """Log a user in here, under a new session; within a transaction. The language they chose stays."""
    leave()
    chosen_language = session.get("language")
    session.clear()
    if chosen_language:
        session["language"] = chosen_language
    begun = begin_session(
        db.session(),
        user,
        method,
        agent=request.user_agent.string,
        address=request.remote_addr or "",
        now=runtime().engine.clock.now(),
    )
    login_user(Account(begun))


def leave() -> None:
    """End the session by which the request comes, if it does by one; within a transaction."""
    id, account = session_id(), _account()
    if id is not None and account is not None:
        end_session(db.session(), account.user, id)
        logout_user()


def session_id() -> str | None:
    """The id of the session by which the request comes, if it does by one."""
    account = _account()
    return account.key if account is not None and isinstance(account.by, LoginSession) else None


def require_session(message: str, remedy: str) -> str:
    """The id of the session by which the request comes. Raises CommandRefused 403, which says `message`, where it comes
    by a token: who holds one may not make it last or become more."""
    id = session_id()
    if id is None:
        raise CommandRefused("not_a_session", message, status=403, remedy=remedy)
    return id


def _account() -> Account | None:
    return cast(Account, current_user) if current_user.is_authenticated else None


def me(*, owing: bool = False) -> User:
    """The user who asks. Raises CommandRefused 401 when nobody is logged in, and 403 when a password is to be chosen,
    unless one who owes it will do, too."""
    account = _account()
    if account is None:
        raise CommandRefused(
            "not_logged_in", "登录已过期或尚未登录。", status=401, remedy="请重新登录；已填写的内容仍在本页。"
        )
    if account.owes_password and not owing:
        raise CommandRefused(
            "password_to_change", "密码由他人设置，请先修改密码。", status=403, remedy="请在网页上修改密码后继续。"
        )
    return account.user


def user_or_none() -> User | None:
    """Who is logged in, if anybody is; nobody outside of a request."""
    account = _account() if has_request_context() else None
    return account.user if account is not None else None


def require(
    *who: UserKind | OfficialRole | AdminRole, reach: Reach | None = None, owing: bool = False
) -> Callable[[F], F]:
    """Let only users of some kinds in, or who have one of some roles; nobody named: whoever is logged in, and with
    `owing` also who has to choose a password first. `reach` says which things the route is about where that is not the
    usual (`web/reach.py`). It stands above what reads the request: who may not ask is told only that."""

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            user = me(owing=owing)
            if who and user.role_names.isdisjoint(who) and user.kind not in who:
                raise CommandRefused("forbidden", _("你没有这项操作的权限。"), status=403)
            return view(*args, **kwargs)

        guarded.access = Access(frozenset(who), reach)  # type: ignore[attr-defined]  # for web/reach.py to find
        return cast(F, guarded)

    return decorate
