"""`jigai audit`: what it prints, and how it exits."""

from collections.abc import Callable

import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import text

from tests.servers import Prepare
from tests.web.portal import Portal, load_certificate
from web.cli import main
from web.database import db


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


@pytest.fixture
def jigai(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command on a database in which a filing has become a certificate."""
    monkeypatch.setattr("web.installation.create_app", lambda: portal.app)

    def run(*arguments: str) -> Result:
        try:
            return CliRunner().invoke(main, arguments)
        finally:
            structlog.reset_defaults()  # the command's log went to a stream that is closed by now

    return run


def test_a_whole_record_is_verified_with_how_much_was_looked_at(jigai: Callable[..., Result]) -> None:
    made = jigai("audit", "anchor")
    assert made.exit_code == 0
    verified = jigai("audit", "verify", "--noted", made.stdout.split()[-1])
    assert verified.exit_code == 0, verified.output
    assert verified.stdout.endswith(" s: the record is whole\n")
    assert " lines, 1 anchors in " in verified.stdout
    assert jigai("audit", "verify", "--noted", "00" * 32).exit_code == 1


def test_what_is_wrong_is_one_line_each(jigai: Callable[..., Result], portal: Portal) -> None:
    jigai("audit", "anchor")
    with portal.app.app_context(), db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER engine_history_no_update"))
        else:
            connection.execute(text("ALTER TABLE engine_history DISABLE TRIGGER append_only"))
        of_one = "instance_id = (SELECT max(id) FROM engine_instance) AND seq = 2"
        case = connection.scalar(text(f"SELECT instance_id FROM engine_history WHERE {of_one}"))
        connection.execute(text(f"UPDATE engine_history SET actor = 'nobody' WHERE {of_one}"))
    found = jigai("audit", "verify")
    assert found.exit_code == 1
    assert found.stderr == f"case {case}, line 2: changed, or what it follows on was\n"
    assert found.stdout.endswith(" s: 1 problems\n")
    assert jigai("audit", "verify", "--case", case).exit_code == 1


def test_a_case_that_there_is_not_is_a_usage_error(jigai: Callable[..., Result]) -> None:
    answer = jigai("audit", "verify", "--case", "none")
    assert answer.exit_code == 2
    assert "there is no case none" in answer.stderr


def test_the_interface_shows_what_was_given_what_it_replaced_and_by_whom(portal: Portal) -> None:
    filing_id = str(portal.draft(project_code="2106-440704-04-02-601118")["id"])
    portal.submit(filing_id)
    portal.decide("gx10", filing_id, "return", "请补充")
    case = portal.filing(filing_id)["instance_id"]
    lines = portal.call("gx10", "GET", f"/instances/{case}/history").get_json()["items"]
    claimed, decided = [line for line in lines if line["actor"] == "gx10"]
    assert (claimed["data"], claimed["before"]) == ({"assignee": "gx10"}, {})
    assert decided["data"] == {"decision": "return", "opinion": "请补充"}
    assert decided["on_behalf_of"] is decided["on_behalf_of_name"] is None
