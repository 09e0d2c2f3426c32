"""What is asked of the database: a ceiling of statements for each decision on a filing, one commit, and boxes that ask
once in whose names somebody acts.

BEGIN, SAVEPOINT, RELEASE and COMMIT are no statements here; rows sent together are one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.web.portal import Portal
from web.database import db
from web.runtime import runtime

CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")
DECISIONS = (
    ("gx10", "accept", {"sqlite": 8, "postgresql": 5}),
    ("gx11", "approve", {"sqlite": 7, "postgresql": 4}),
    ("gx12", "issue", {"sqlite": 15, "postgresql": 11}),
)
"""Who decides what, in the procedure's order, and how many statements that may take. PostgreSQL is told in one what the
engine writes at a command's end. Three of the issue's read the clock and write what statistics count."""


@dataclass
class Log:
    """What a database engine was asked: the statements' texts, and how many commits."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    def on_execute(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(CONTROL):
            self.statements.append(statement)

    def on_commit(self, connection: Any) -> None:
        self.commits += 1


@contextmanager
def listening(database: Engine) -> Iterator[Log]:
    log = Log()
    event.listen(database, "before_cursor_execute", log.on_execute)
    event.listen(database, "commit", log.on_commit)
    yield log
    event.remove(database, "before_cursor_execute", log.on_execute)
    event.remove(database, "commit", log.on_commit)


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


@pytest.fixture
def filing_id(portal: Portal) -> str:
    """A filing that waits for 受理."""
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    return filing_id


def test_a_decision_takes_few_statements_and_one_commit(portal: Portal, filing_id: str) -> None:
    for user, decision, most in DECISIONS:
        task_id = portal.task(user, filing_id)["id"]
        assert portal.call(user, "POST", f"/tasks/{task_id}/claim", json={}).status_code == 200
        with (
            portal.app.app_context(),
            listening(db.engine) as log,
            runtime().engine.command(db.session(), actor=user) as command,
        ):
            command.complete(task_id, data={"decision": decision}, opinion="同意")
            most_here = most[db.engine.dialect.name]
        assert len(log.statements) <= most_here, f"{decision}:\n" + "\n".join(log.statements)
        assert log.commits == 1, decision
    portal.settle()
    assert portal.filing(filing_id)["status"] == "ISSUED"


def test_a_request_that_completes_a_task_commits_once(portal: Portal, filing_id: str) -> None:
    for user, decision, _ in DECISIONS:
        path = f"/api/v1/tasks/{portal.task(user, filing_id)['id']}/complete"
        headers = {"Authorization": f"Bearer {portal.token(user)}"}
        with portal.app.app_context(), listening(db.engine) as log:
            answer = portal.client.post(path, headers=headers, json={"data": {"decision": decision}, "opinion": "同意"})
        assert answer.status_code == 200, answer.text
        assert log.commits == 1, decision


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/inbox/todo"])
def test_who_substitutes_somebody_is_asked_with_the_groups(portal: Portal, filing_id: str, path: str) -> None:
    headers = {"Authorization": f"Bearer {portal.token('gx12')}"}

    def statements() -> list[str]:
        with portal.app.app_context(), listening(db.engine) as log:
            assert portal.client.get(path, headers=headers).status_code == 200
        return log.statements

    statements()  # what is read once an application is read
    before = statements()
    days = {"first_day": "2026-03-02", "last_day": "2026-03-02"}
    made = portal.call("admin", "POST", "/substitutions", json={"principal": "gx11", "substitute": "gx12"} | days)
    assert made.status_code == 201
    # A page tells the principal's name, too.
    assert len(statements()) == len(before) + (not path.startswith("/api"))
    assert sum("FROM substitution" in statement for statement in before) == 1
