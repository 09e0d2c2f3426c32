"""`jigai`: what its commands have in common."""

import threading
import urllib.request
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import QueuePool, select
from waitress.server import create_server

from records.admin_acts import AdminAct
from records.passwords import check_password
from records.users import user_by_username
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web import demo
from web.cli import behind, main
from web.database import db

NEED_TABLES = [
    ["audit", "verify"],
    ["audit", "anchor"],
    ["deploy", "processes"],
    ["migrate", "filing", "--from", "1", "--to", "2"],
    ["token", "create", "gx10"],
    ["user", "list"],
    ["web"],
    ["worker"],
    ["beat"],
]


@pytest.mark.parametrize("arguments", NEED_TABLES, ids=" ".join)
def test_a_database_that_is_not_ready_is_told_in_a_sentence(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    result = CliRunner().invoke(main, arguments)
    structlog.reset_defaults()
    assert result.exit_code == 2
    assert "start `jigai up` on it once" in result.output


def test_the_doctor_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    result = CliRunner().invoke(main, ["doctor"])
    structlog.reset_defaults()
    assert result.exit_code == 1
    assert "start `jigai up` on it once" in result.output


def test_a_user_gets_a_new_password_and_the_old_one_opens_nothing(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.installation.create_app", lambda: portal.app)
    renewed = CliRunner().invoke(main, ["user", "password", "ent01"])
    unknown = CliRunner().invoke(main, ["user", "password", "nobody"])
    structlog.reset_defaults()
    assert (renewed.exit_code, unknown.exit_code) == (0, 2), renewed.output
    assert "there is no user nobody" in unknown.output
    with portal.app.app_context():
        user = user_by_username(db.session(), "ent01")
        assert check_password(user, renewed.stdout.strip())
        assert not check_password(user, demo.PASSWORD)


def test_what_is_done_on_the_command_line_is_in_the_record(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.installation.create_app", lambda: portal.app)
    told = [
        CliRunner().invoke(main, arguments)
        for arguments in (
            ["token", "create", "gx10", "--name", "月报", "--scope", "read", "--days", "30"],
            ["user", "unlock", "gx10"],
            ["user", "password", "gx10"],
            ["token", "create", "gx10"],
            ["token", "create", "gx11", "--days", "31"],
        )
    ]
    structlog.reset_defaults()
    assert [result.exit_code for result in told] == [0, 0, 0, 2, 2]
    assert "has to choose a password" in told[3].output
    with portal.app.app_context():
        acts = db.session.scalars(select(AdminAct).order_by(AdminAct.id)).all()
        assert [(act.act, act.actor, act.subject) for act in acts] == [
            ("account.token", None, "李经办（gx10）"),
            ("account.unlocked", None, "李经办（gx10）"),
            ("account.password", None, "李经办（gx10）"),
        ]
        assert acts[0].after == {"name": "月报", "scope": "read", "expires_on": "2026-04-01"}
    assert "命令行" in client_of_auditor(portal).read("/administration/audit")


def client_of_auditor(portal: Portal) -> Visitor:
    auditor = Visitor(portal.app)
    auditor.log_in("auditor", "official")
    return auditor


@pytest.mark.parametrize(
    ("proxy", "seen"), [(None, "127.0.0.1"), ("127.0.0.1", "203.0.113.7"), ("10.9.8.7", "127.0.0.1")]
)
def test_who_asks_is_told_by_the_proxy_that_is_trusted_and_by_no_other(proxy: str | None, seen: str) -> None:
    def told(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["REMOTE_ADDR"].encode()]

    server = create_server(told, host="127.0.0.1", port=0, **behind(proxy))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.effective_port}/", headers={"X-Forwarded-For": "203.0.113.7"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.read().decode() == seen
    finally:
        server.close()
        thread.join(10)


def test_a_command_leaves_no_connection_open(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.installation.create_app", lambda: portal.app)
    listed = CliRunner().invoke(main, ["user", "list"])
    structlog.reset_defaults()
    assert "ent01" in listed.output
    with portal.app.app_context():
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.checkedin(), pool.checkedout()) == (0, 0)
