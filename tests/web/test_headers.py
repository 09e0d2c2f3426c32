"""What every answer says to browsers, and what templates leave out so that it can be said."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web import demo
from web.app import create_app
from web.settings import ROOT

ClientOf = Callable[[str], Visitor]
TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))
INLINE = {
    "a style": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "a handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.IGNORECASE),
    "an address that is a script": re.compile(r"javascript:", re.IGNORECASE),
}


@pytest.mark.parametrize(
    "path", ["/", "/login", "/api/openapi.json", "/api/v1/tasks", "/nowhere", "/static/img/mark.svg"]
)
def test_every_answer_forbids_scripts_and_styles_that_are_not_files_of_ours(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    answer.close()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_template_has_anything_inline(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


def test_nobody_in_between_keeps_a_page(client_of: ClientOf) -> None:
    assert client_of("gx10").get("/inbox/todo").headers["Cache-Control"] == "private, no-cache"


def cookie_of(portal: Portal, *, secure: bool) -> TestResponse:
    """The answer that logs somebody in."""
    settings = replace(portal.app.extensions["jigai"].settings, secure_cookies=secure)
    visitor = Visitor(create_app(settings, clock=portal.clock))
    if secure:
        visitor.client.environ_base["wsgi.url_scheme"] = "https"
    return visitor.log_in("gx10", "official")


def test_the_session_is_not_for_scripts_and_not_for_other_sites(portal: Portal) -> None:
    cookie = cookie_of(portal, secure=False).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert demo.PASSWORD not in cookie


def test_over_https_nothing_goes_without_it(portal: Portal) -> None:
    answer = cookie_of(portal, secure=True)
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
