"""The application with the demo's data on SQLite, and people who use its pages."""

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.servers import Databases
from tests.web.portal import Portal, load_sample
from web import demo

_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


class Visitor:
    """Somebody with a browser without scripts: follows links and posts the forms that pages show."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, **kwargs)

    def read(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return html.unescape(answer.text)

    def form(self, page: str, action: str) -> dict[str, str]:
        """The hidden fields of the form that posts to `action`, as the page shows it."""
        found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', self.get(page).text, re.DOTALL)
        assert found is not None, f"{page} has no form for {action}"
        return {name: html.unescape(value) for name, value in _HIDDEN.findall(found[1])}

    def post(self, path: str, data: dict[str, str] | None = None, *, follow: bool = False) -> TestResponse:
        """Post a form. The token is that of any page, unless the form brought one."""
        fields = {"csrf_token": self.token()} | (data or {})
        return self.client.post(path, data=fields, follow_redirects=follow)

    def token(self) -> str:
        found = _TOKEN.search(self.get("/contact").text)
        assert found is not None
        return found[1]

    def log_in(self, username: str, entrance: str, **fields: str) -> TestResponse:
        return self.post("/login", {"username": username, "password": demo.PASSWORD, "entrance": entrance} | fields)


@pytest.fixture
def portal(sqlite_databases: Databases, tmp_path: Path) -> Iterator[Portal]:
    with sqlite_databases.for_one_test() as new:
        portal = Portal(new(load_sample), tmp_path)
        yield portal
        portal.close()


@pytest.fixture
def app(portal: Portal) -> Flask:
    return portal.app


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Nobody in particular."""
    return Visitor(app)


@pytest.fixture
def client_of(app: Flask) -> Callable[[str], Visitor]:
    """`client_of("gx10")`: a user of the sample, logged in through their entrance."""

    def log_in(username: str) -> Visitor:
        visitor = Visitor(app)
        entrance = "enterprise" if username.startswith("ent") else "official"
        assert visitor.log_in(username, entrance).status_code == 302, username
        return visitor

    return log_in
