"""Whoever asks for anything is answered as docs/reference/access.md says: every route, every method, every party."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FunctionLoader
from sqlalchemy import select
from werkzeug.test import TestResponse

from records.attachments import Attachment
from records.exports import Export
from tests.servers import Databases, Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, Portals
from tests.web.things import HANDLER, OTHER_PROJECT, OWNER, SIGNER, SUPERIOR, load_things, things
from web import demo, reach
from web.database import db
from web.limits import limiter
from web.pages import exports
from web.reach import Answer, Entry, Party
from web.runtime import runtime

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
USERS = {
    Party.OWNER: OWNER,
    Party.ENTERPRISE: "ent02",
    Party.HANDLER: HANDLER,
    Party.SUPERIOR: SUPERIOR,
    Party.AGENCY: "gx17",
    Party.PROVINCE: "province",
    Party.SYSTEM: "admin",
    Party.SECURITY: "security",
    Party.AUDIT: "auditor",
}
RECEIPTS = "only-the-gateway-knows"

NOBODYS = {
    "code": "en",
    "day": "2026-03-05",
    "definition": "review",
    "edition": "2019年版",
    "filename": "img/favicon.svg",
    "key": "filing",
    "kind": "negative_list",
    "name": "accept",
    "template": "S01",
    "version": "1",
    "year": "2026",
}
"""What stands in addresses and is nobody's."""

NOT_SET_UP = {
    "/login/identity": "there is no identity platform here",
    "/login/identity/return": "there is no identity platform here",
}
"""Routes that answer 404 to everybody whom they let in, and why."""


def bodies(keys: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What has to be sent so that a request comes as far as the thing it is about; by the end of its address."""
    certificate = {"certificate": keys["number"]}
    return {
        "POST /accounts/merges": {"enterprise": keys["enterprise_id"]},
        "POST /administration/calendar/days": {"day": NOBODYS["day"], "kind": "rest"},
        "POST /login": {"username": "ent03", "password": demo.PASSWORD, "entrance": "enterprise"},
        "POST /api/v1/cancellations": certificate,
        "POST /api/v1/changes": certificate | {"items": [], "values": {}},
        "POST /api/v1/extensions": certificate,
        "POST /api/v1/approvals/<document_id>/verify-code": {"project_code": OTHER_PROJECT},
        "POST /api/v1/filings/<document_id>/verify-code": {"project_code": OTHER_PROJECT},
        "POST /api/v1/certificates/<number>/cancel": {"reason": "不再实施"},
        "POST /api/v1/certificates/<number>/correct": {"texts": {"location": "示例路4号"}, "reason": "门牌号有误"},
        "POST /api/v1/certificates/<number>/revoke": {"reason": "不实", "ground": "条例第十九条"},
        "POST /api/v1/tasks/<task_id>/transfer": {"to": SIGNER, "reason": "出差"},
    }


class World:
    """One of every thing, as it is before each request."""

    def __init__(self, portal: Portal, databases: Databases, database: str) -> None:
        self.portal, self._databases, self._database = portal, databases, database
        portal.configure(sms_receipt_token=RECEIPTS)
        self.entries = reach.entries(portal.app)
        with portal.app.app_context():
            self.keys = NOBODYS | things(db.session())
            self._lay_files()
        self._bodies = bodies(self.keys)

    def ask_everything_as(self, party: Party) -> list[tuple[Entry, TestResponse]]:
        """The answers to every request that there is."""
        app, headers, before = self.portal.app, self._enter(party), self._databases.new_name()
        self.portal.close()
        self._databases.copy(before, self._database)
        client = app.test_client(use_cookies=False)
        answers = []
        with pytest.MonkeyPatch.context() as patch:
            # What stands on pages is other tests' matter, and drawing them is half of the time.
            patch.setitem(vars(app), "jinja_env", Environment(loader=FunctionLoader(lambda name: "")))
            for entry in self.entries:
                limiter.reset()
                answer = client.open(self.address(entry), method=entry.method, headers=headers, **self._sent(entry))
                answers.append((entry, answer))
                answer.close()
                if entry.method != "GET" and answer.status_code < 400:
                    self.portal.close()
                    self._databases.copy(self._database, before)
        return answers

    def address(self, entry: Entry) -> str:
        """An address of a route, about the owner's things; KeyError where it names what is not known here."""
        area = entry.path.removeprefix("/api/v1").split("/")[1]
        kind = "filing" if area == "documents" else area.removesuffix("s")
        keys = self.keys | {
            "document_id": self.keys.get(f"{kind}_id", ""),
            "attachment_id": self.keys.get(f"file of {kind}", ""),
            "id": self.keys["session_id" if "/sessions/" in entry.path else "token_id"],
            "token": RECEIPTS if area == "sms" else self.keys["verification"],
        }
        if area == "announcements":
            keys["kind"] = "filed"
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", entry.path)
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: keys[found[1]], path)

    def _sent(self, entry: Entry) -> dict[str, Any]:
        if entry.method == "GET":
            return {}
        if entry.path.endswith("/attachments"):
            return {"data": {"file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "清单.pdf")}}
        body = self._bodies.get(f"{entry.method} {entry.path}", {})
        return {"json" if entry.path.startswith("/api/") else "data": body}

    def _enter(self, party: Party) -> dict[str, str]:
        """What a browser sends that somebody has logged in with."""
        visitor = Visitor(self.portal.app)
        if party != Party.VISITOR:
            entrance = "enterprise" if USERS[party].startswith("ent") else "official"
            assert visitor.log_in(USERS[party], entrance).status_code == 302
        token = visitor.token()
        cookie = visitor.client.get_cookie("session")
        assert cookie is not None
        return {"Cookie": f"session={cookie.value}", "X-CSRFToken": token}

    def _lay_files(self) -> None:
        """Where the database says that there are some."""
        for attachment in db.session.scalars(select(Attachment)):
            place = runtime().attachments.path(attachment.stored_name)
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(b"%PDF-1.7\n%%EOF\n")
        for export in db.session.scalars(select(Export)):
            place = exports.path_of(export)
            place.parent.mkdir(exist_ok=True)
            place.write_text("", encoding="utf-8")


@pytest.fixture
def prepared() -> Prepare:
    return load_things


@pytest.fixture
def world(portal: Portal, sqlite_portals: Portals, sqlite_databases: Databases) -> World:
    return World(portal, sqlite_databases, sqlite_portals.database)


def told(entry: Entry, answer: TestResponse) -> str:
    """What an answer says of access. What is wrong with a request is said to those only who may make it."""
    if answer.status_code == 401 or (answer.location or "").startswith("/login?"):
        return Answer.LOG_IN
    if answer.status_code == 403:
        return Answer.REFUSED
    if answer.status_code == 404:
        return Answer.GIVEN if entry.path in NOT_SET_UP else Answer.HIDDEN
    return Answer.GIVEN if answer.status_code in (200, 201, 204, 302, 303, 400, 409, 422) else answer.status


@pytest.mark.parametrize("party", list(Party), ids=lambda party: party.name)
def test_everybody_is_answered_as_the_table_says(world: World, party: Party) -> None:
    answers = world.ask_everything_as(party)
    assert len(answers) == len(world.entries) > 300
    wrong = [
        f"{entry.method} {entry.path}: {answer.status}, and the table says {entry.answer(party)}"
        for entry, answer in answers
        if told(entry, answer) != entry.answer(party)
    ]
    assert not wrong, f"{party}:\n" + "\n".join(wrong)


def test_every_route_of_the_application_is_in_the_table(world: World) -> None:
    rules = {(method, rule.rule) for rule in world.portal.app.url_map.iter_rules() for method in rule.methods or ()}
    listed = {(entry.method, entry.path) for entry in world.entries}
    assert {(method, path) for method, path in rules if method not in ("HEAD", "OPTIONS")} == listed


def test_the_table_in_the_docs_is_what_the_routes_declare(world: World) -> None:
    assert PAGE.read_text(encoding="utf-8") == reach.document(world.portal.app), (
        "jigai access > docs/reference/access.md"
    )
