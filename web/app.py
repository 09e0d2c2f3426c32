"""The Flask application factory: nothing is set up by importing, everything by `create_app`."""

from collections.abc import Callable

from flask import Flask, Response, request
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter, Map

import tasks.adapters
from engine.clock import Clock
from records.encryption import configure_key
from tasks.adapters import Adapters, simulated_licences
from tasks.keyring import Keyring
from tasks.licences.http import HttpLicences
from tasks.licences.system import LicenceSystem
from tasks.sms.gateway import gateway
from web import api, demo, doors, identity, limits, logs, pages, texts
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
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
HTTPS_ONLY = "max-age=31536000; includeSubDomains"
"""Strict-Transport-Security, where cookies are for HTTPS only."""
LARGEST_REQUEST = 21 * 1024 * 1024


class StoredInteger(IntegerConverter):
    """A number in an address, as far as a column can hold it: beyond there is nothing to find."""

    def __init__(self, of_map: Map) -> None:
        super().__init__(of_map, max=2**31 - 1)


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
    app.url_map.converters["int"] = StoredInteger
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's default provider has it
    configure_process(settings)
    open_database(app, settings.database_url)
    app.extensions["jigai"] = build(app, settings, clock)
    texts.register(app)
    identity.register(app)
    doors.register(app)
    limits.register(app)
    api.register(app)
    pages.register(app)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
        if request.endpoint != "static":
            # Nobody in between keeps a page, and nobody's browser shows one to whoever logs in next without asking.
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return app


def licences(settings: Settings) -> Callable[[Session], LicenceSystem]:
    """电子证照系统: the simulated one, or the one at the address of the setting. Raises ValueError for another word."""
    if settings.licences == "simulated":
        return simulated_licences
    if not settings.licences.startswith(("http://", "https://")):
        raise ValueError(f"JIGAI_LICENCES: {settings.licences!r} is neither `simulated` nor an address")
    system = HttpLicences(settings.licences, settings.licences_token)
    return lambda session: system


def keys(settings: Settings) -> Callable[[Session], Keyring]:
    """The keys in the installation's folder."""
    keyring = settings.keyring
    return lambda session: keyring


def configure_process(settings: Settings) -> None:
    """Set what a process has once, whatever the number of its applications: the key, the adapters to the outside."""
    configure_key(settings.data_key)
    tasks.adapters.configure(
        Adapters(
            platform=demo.platform(settings),
            licences=licences(settings),
            keys=keys(settings),
            sms=gateway(settings.sms),
            sms_daily_limit=settings.sms_daily_limit,
            site_url=settings.site_url,
            specimen=settings.demo,
        )
    )
