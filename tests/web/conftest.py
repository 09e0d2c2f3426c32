"""The application with the demo's data on SQLite, and people who use its pages."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import TestResponse

from records import passwords
from tests.servers import Databases, Prepare
from tests.web.portal import Portal, Portals, load_sample
from web import demo, demo_identity
from web.settings import IdentityPlatform

_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> None:
    """Passwords are hashed as quickly as Argon2 can: it is slow on purpose, and many tests begin with a log-in."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


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


@pytest.fixture(scope="session")
def sqlite_portals(sqlite_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Portals:
    return Portals(sqlite_databases, tmp_path_factory.mktemp("sqlite-portal"))


@pytest.fixture(scope="session")
def postgresql_portals(postgresql_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Portals:
    return Portals(postgresql_databases, tmp_path_factory.mktemp("postgresql-portal"))


@pytest.fixture
def prepared() -> Prepare:
    """What makes the database that a test finds. A module may have another."""
    return load_sample


@pytest.fixture
def portal(sqlite_portals: Portals, prepared: Prepare) -> Iterator[Portal]:
    with sqlite_portals.turn(prepared) as portal:
        yield portal


@pytest.fixture(params=["sqlite", "postgresql"])
def portal_on_each(request: pytest.FixtureRequest, prepared: Prepare) -> Iterator[Portal]:
    """The same, once on SQLite and once on PostgreSQL."""
    portals: Portals = request.getfixturevalue(f"{request.param}_portals")
    with portals.turn(prepared) as portal:
        yield portal


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


@pytest.fixture(scope="session")
def provider() -> Iterator[IdentityPlatform]:
    """The demo's 省统一身份认证平台, for a site at http://localhost."""
    with demo_identity.running("http://localhost") as platform:
        assert platform is not None, "there is no Node.js: python3 scripts/bootstrap.py python"
        yield platform
