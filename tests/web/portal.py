"""A whole application for a test: real database, demo data, a clock that stands still, tokens of the sample's users."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine import jobs
from engine.clock import MovableClock
from records.certificates import Certificate
from records.tokens import issue_token
from records.users import User, UserKind, UserRole, user_by_username
from tests.servers import Databases, Prepare
from web import demo
from web.app import configure_process, create_app
from web.database import bring_up_to_date, db
from web.limits import limiter
from web.runtime import build, runtime
from web.settings import Settings, database_url

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Ten in the morning of a working day in Guangdong."""

KEYS = {"JIGAI_SECRET_KEY": "73" * 32, "JIGAI_DATA_KEY": "64" * 32}
"""Those of `Portal`, for another process on its database."""

LONG = 36_500
"""Days that a test's tokens are good for, whatever its clock does."""


class Portal:
    """An application on `url`, with the sample loaded unless it is there already."""

    def __init__(self, url: str, var: Path, start: datetime = MONDAY, broker_url: str = "memory://") -> None:
        self.clock = MovableClock(start)
        self._settings = Settings(
            database_url=database_url(url),
            broker_url=broker_url,
            var=var,
            secret_key=b"s" * 32,
            data_key=b"d" * 32,
            site_url="https://jigai.example",
            demo=True,
        )
        self.app = create_app(self._settings, clock=self.clock)
        self.begin(start)

    def begin(self, start: datetime = MONDAY) -> None:
        """Be as after the start of a process: nothing is known of what was done before."""
        self.clock.set(start)
        configure_process(self._settings)
        demo.make_seals(self._settings)
        self.app.extensions["jigai"] = build(self.app, self._settings, self.clock)
        self.app.extensions["jigai"].engine.publish = lambda job_ids: None
        limiter.reset()
        self.client: FlaskClient = self.app.test_client()
        self._tokens: dict[str, str] = {}

    def configure(self, **changed: Any) -> None:
        """Go on with other settings."""
        parts = self.app.extensions["jigai"]
        self.app.extensions["jigai"] = replace(parts, settings=replace(self._settings, **changed))

    def load(self) -> None:
        """Make the tables and load the demo."""
        bring_up_to_date(self.app)
        demo.load(self.app)

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()

    def call(self, user: str | None, method: str, path: str, **kwargs: Any) -> TestResponse:
        """One request of the REST interface with a user's token, and everything it makes due."""
        headers = dict(kwargs.pop("headers", {}))
        if user is not None:
            headers["Authorization"] = f"Bearer {self.token(user)}"
        response = self.client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)
        response.request.environ["wsgi.input"].close()  # a large body lies in a file, which the client leaves open
        self.settle()
        return response

    def token(self, username: str) -> str:
        if username not in self._tokens:
            with self.app.app_context(), runtime().engine.command(db.session()) as command:
                user = user_by_username(command.session, username)
                assert user is not None, username
                _token, self._tokens[username] = issue_token(command.session, user, command.now, days=LONG)
        return self._tokens[username]

    def forget(self, username: str) -> None:
        """Their tokens have ended; the next call makes another."""
        self._tokens.pop(username, None)

    def hire(self, username: str, name: str, *, agency: str, role: str) -> None:
        """One more official, with the demo's password."""
        with self.app.app_context(), runtime().engine.command(db.session()) as command:
            user = User(id=username, username=username, name=name, kind=UserKind.AUTHORITY.value, agency_id=agency)
            user.roles = [UserRole(role=role)]
            colleague = user_by_username(command.session, "gx10")
            user.password_hash = colleague.password_hash if colleague else None  # hashing it again is slow
            command.session.add(user)

    def settle(self) -> None:
        """Carry out what is due, as the embedded worker would."""
        with self.app.app_context():
            while waiting := jobs.due(db.session(), self.clock.now()):
                for job_id in waiting:
                    jobs.carry_out(runtime().engine, db.session(), job_id)
            db.session.rollback()

    # What a filing's parties do

    def draft(self, user: str = "ent01", **changes: Any) -> dict[str, Any]:
        """A draft of a form that passes every rule, with some fields changed."""
        answer = self.call(user, "POST", "/filings", json=self.form(**changes))
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def form(self, **changes: Any) -> dict[str, Any]:
        """A form of ent01 that passes every rule on the clock's day; `money` is merged."""
        form = deepcopy(demo.sample()["projects"][17]["filing"])
        for name in ("fictional", "enterprise", "attachments"):
            form.pop(name)
        today = self.clock.now().date()
        form |= {
            "project_code": "2101-440704-04-02-102340",
            "planned_start": (today + timedelta(days=60)).isoformat(),
            "planned_completion": (today + timedelta(days=400)).isoformat(),
        }
        form["money"] |= changes.pop("money", {})
        return form | changes

    def submit(self, filing_id: str, user: str = "ent01") -> TestResponse:
        return self.call(user, "POST", f"/filings/{filing_id}/submit")

    def filing(self, filing_id: str, user: str = "ent01") -> dict[str, Any]:
        body: dict[str, Any] = self.call(user, "GET", f"/filings/{filing_id}").get_json()
        return body

    def task(self, user: str, filing_id: str) -> dict[str, Any]:
        """The user's open task about a filing."""
        tasks = self.call(user, "GET", "/tasks?box=todo&limit=100").get_json()["items"]
        found = [task for task in tasks if task["business_key"] == filing_id]
        assert len(found) == 1, f"{user} has {len(found)} tasks about {filing_id}"
        return dict(found[0])

    def decide(self, user: str, filing_id: str, decision: str, opinion: str = "", **kwargs: Any) -> TestResponse:
        """Claim and complete the user's task about a filing."""
        task = self.task(user, filing_id)
        self.call(user, "POST", f"/tasks/{task['id']}/claim", json={})
        body = {"data": {"decision": decision}, "opinion": opinion}
        return self.call(user, "POST", f"/tasks/{task['id']}/complete", json=body, **kwargs)

    def issue(self, filing_id: str) -> str:
        """Carry a submitted filing to its certificate; the certificate's number."""
        for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
            answer = self.decide(user, filing_id, decision, "同意")
            assert answer.status_code == 200, answer.text
        return str(self.filing(filing_id)["certificate"])

    @property
    def certificate(self) -> str:
        """The number of the one certificate."""
        with self.app.app_context():
            return db.session.scalars(select(Certificate.number)).one()


class Portals:
    """The application that the tests of a process take turns with, on one kind of database.

    A new one takes the better part of a second until it has its routes, statements and pages; putting a database in the
    place of the one before and forgetting everything about it takes milliseconds.
    """

    def __init__(self, databases: Databases, var: Path) -> None:
        self._databases = databases
        self.database = databases.new_name()
        self._var = var
        self._portal: Portal | None = None

    @contextmanager
    def turn(self, prepare: Prepare) -> Iterator[Portal]:
        """The application, on a database as `prepare` makes it."""
        self._databases.fill(self.database, prepare)
        shutil.rmtree(self._var, ignore_errors=True)
        if self._portal is None:
            self._portal = Portal(self._databases.url(self.database), self._var)
        else:
            self._portal.begin()
        yield self._portal
        self._portal.close()


def load_sample(url: str, start: datetime = MONDAY) -> None:
    """What `new_database` makes once a worker: a database with tables and sample."""
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(url, Path(folder), start)
        portal.load()
        portal.close()


def load_certificate(url: str) -> None:
    """The same, and a certificate of ent01 that the officials of Jianghai have issued on that MONDAY."""
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(url, Path(folder))
        portal.load()
        filing = portal.draft()["id"]
        assert portal.submit(filing).status_code == 200
        portal.issue(filing)
        portal.close()
