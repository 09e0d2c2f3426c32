"""The Flask application factory: nothing is set up by importing, everything by `create_app`."""

from flask import Flask, Response

import tasks.adapters
from engine.clock import Clock
from records.encryption import configure_key
from tasks.adapters import Adapters
from tasks.sms.gateway import gateway
from web import api, demo, identity, limits, logs, pages, texts
from web.database import open_database
from web.runtime import build
from web.settings import Settings

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}
LARGEST_REQUEST = 21 * 1024 * 1024


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> Flask:
    """One application for one database. `clock` is moved by tests."""
    settings = settings or Settings.from_environment()
    logs.configure()
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's default provider has it
    configure_process(settings)
    open_database(app, settings.database_url)
    app.extensions["jigai"] = build(app, settings, clock)
    texts.register(app)
    identity.register(app)
    limits.register(app)
    api.register(app)
    pages.register(app)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def configure_process(settings: Settings) -> None:
    """Set what a process has once, whatever the number of its applications: the key, the adapters to the outside."""
    configure_key(settings.data_key)
    tasks.adapters.configure(
        Adapters(
            platform=demo.platform(settings),
            sms=gateway(settings.sms),
            sms_daily_limit=settings.sms_daily_limit,
            site_url=settings.site_url,
            specimen=settings.demo,
        )
    )
