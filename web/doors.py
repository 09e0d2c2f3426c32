"""Who comes in and who is turned away, noted as it happens (`records/access_records.py`).

Each event is written after the request that it is about, in a transaction of its own: what cannot be noted must not
keep anybody out.
"""

from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask_login import user_logged_in, user_logged_out
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.transactions import transaction
from records.access_records import Access, AccessRecord
from web.database import db
from web.runtime import runtime

log = structlog.get_logger("jigai.web")


def register(app: Flask) -> None:
    """Note every log-in, log-out and refusal of an application."""

    @user_logged_in.connect_via(app)
    def came_in(sender: Flask, user: Any, **_more: Any) -> None:
        g.access = (Access.LOGGED_IN, user.user.username)

    @user_logged_out.connect_via(app)
    def left(sender: Flask, user: Any, **_more: Any) -> None:
        if getattr(user, "is_authenticated", False):
            g.access = (Access.LOGGED_OUT, user.user.username)

    @app.after_request
    def note(response: Response) -> Response:
        happened = g.pop("access", None) or _refused(response.status_code)
        if happened is not None:
            _write(*happened)
        return response


def _refused(status: int) -> tuple[Access, str] | None:
    """Whether somebody was kept out, and under which name."""
    if request.endpoint == "auth.login" and request.method == "POST" and status >= 400:
        return Access.NOT_LET_IN, request.form.get("username", "").strip()
    account = g.get("_login_user")  # nobody is looked up where the page did not ask who it is
    if status == 403 and account is not None and account.is_authenticated:
        return Access.TURNED_AWAY, account.user.username
    return None


def _write(access: Access, username: str) -> None:
    columns = AccessRecord.__table__.c
    told = {
        "username": username,
        "address": request.remote_addr or "",
        "agent": request.user_agent.string,
        "place": f"{request.method} {request.path}",
    }
    # A NUL, which PostgreSQL does not keep, is shown as what cannot be shown.
    told = {name: text.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, text in told.items()}
    cut = {name: text[: columns[name].type.length] for name, text in told.items()}  # type: ignore[attr-defined]  # of a String
    try:
        with Session(db.engine) as own, transaction(own):
            own.add(AccessRecord(at=runtime().engine.clock.now(), access=access.value, **cut))
    except OperationalError:
        log.warning("could not note an access", access=access.value, exc_info=True)
