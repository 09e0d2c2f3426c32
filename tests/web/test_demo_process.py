"""`jigai demo` as a process: it says when it is ready, carries jobs out by itself, survives SIGKILL, ends on Ctrl-C."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from click.testing import CliRunner

from tests.servers import Databases, free_port
from tests.web.portal import KEYS, load_sample
from web import demo
from web.cli import main

ROOT = Path(__file__).parents[2]


class Demo:
    """A running demo and its REST interface."""

    def __init__(self, process: subprocess.Popen[str], port: int, environment: dict[str, str]) -> None:
        self.process = process
        self.base = f"http://127.0.0.1:{port}"
        self.environment = environment
        self.tokens: dict[str, str] = {}

    def token(self, user: str) -> str:
        """A token of a user, made by the command in this process: to start another takes seconds."""
        if user not in self.tokens:
            made = CliRunner().invoke(main, ["token", "create", user], env=self.environment)
            structlog.reset_defaults()  # the command's log went to a stream that is closed by now
            assert made.exit_code == 0, made.output
            self.tokens[user] = made.stdout.strip()
        return self.tokens[user]

    def call(self, user: str, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.base}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token(user)}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if response.headers.get_content_type() == "application/json" else text

    def submitted(self) -> str:
        """The id of the filing of ent01 that the demo begins with."""
        items = self.call("ent01", "GET", "/filings")["items"]
        return str(next(item["id"] for item in items if item["status"] == "SUBMITTED"))

    def decide(self, user: str, filing_id: str, decision: str) -> None:
        tasks = self.call(user, "GET", "/tasks?box=todo&limit=100")["items"]
        task = next(task["id"] for task in tasks if task["business_key"] == filing_id)
        self.call(user, "POST", f"/tasks/{task}/complete", {"data": {"decision": decision}, "opinion": "同意"})


@contextmanager
def running(var: Path, *, past: bool = False) -> Iterator[Demo]:
    """`jigai demo` on a port of its own; with `past`, its projects have lived up to today (tens of seconds)."""
    port = free_port()
    environment = os.environ | {"JIGAI_VAR": str(var)}
    command = [sys.executable, "-u", "-c", "from web.cli import main; main()", "demo", "--port", str(port)]
    command.append("--past" if past else "--no-past")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("ready: "):
                break
        assert lines
        assert lines[-1] == f"ready: http://127.0.0.1:{port}\n", "".join(lines)
        yield Demo(process, port, environment)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def identity_platform(shown: Demo) -> tuple[str, int]:
    """Where the demo's 省统一身份认证平台 listens: where its log-in page leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as left:
        urllib.request.build_opener(Stay).open(f"{shown.base}/login/identity", timeout=30)
    with left.value as answer:
        leads_to = urlsplit(answer.headers["Location"])
    assert leads_to.hostname
    assert leads_to.port
    return leads_to.hostname, leads_to.port


def ends(server: tuple[str, int]) -> bool:
    """Whether nobody listens there any more, soon."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(server) != 0:
                return True
        time.sleep(0.05)
    return False


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def test_the_demo_carries_a_filing_to_its_paper_and_ends_on_ctrl_c(var: Path) -> None:
    with running(var) as shown:
        filing = shown.submitted()
        for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
            shown.decide(user, filing, decision)
        number = shown.call("ent01", "GET", f"/filings/{filing}")["certificate"]
        assert shown.call("ent01", "GET", f"/certificates/{number}/pdf").startswith(b"%PDF")
        platform = identity_platform(shown)
        shown.process.send_signal(signal.SIGINT)
        assert shown.process.wait(20) == 0
    assert ends(platform)


@pytest.mark.slow
def test_a_killed_demo_loses_nothing_and_goes_on_where_it_was(var: Path) -> None:
    with running(var) as shown:
        filing = shown.submitted()
        shown.decide("gx10", filing, "accept")
        platform = identity_platform(shown)
        shown.process.kill()
    assert ends(platform)
    with running(var) as shown:
        assert shown.call("ent01", "GET", f"/filings/{filing}")["status"] == "ACCEPTED"
        shown.decide("gx11", filing, "approve")
        shown.decide("gx12", filing, "issue")
        shown.process.kill()
    with running(var) as shown:
        number = shown.call("ent01", "GET", f"/filings/{filing}")["certificate"]
        assert shown.call("ent01", "GET", f"/certificates/{number}/pdf").startswith(b"%PDF")
        deadline = time.monotonic() + 20
        instance = shown.call("ent01", "GET", f"/filings/{filing}")["instance_id"]
        while shown.call("admin", "GET", f"/instances/{instance}")["status"] != "completed":
            assert time.monotonic() < deadline, "the case did not end"
            time.sleep(0.2)


def test_a_token_is_all_that_its_command_prints(sqlite_databases: Databases, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from web.cli import main; main()", "token", "create", "gx10"]
    with sqlite_databases.for_one_test() as new:
        environment = os.environ | KEYS | {"DATABASE_URL": new(load_sample), "JIGAI_VAR": str(tmp_path)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"jigai_\S+\n", done.stdout)
    assert demo.PASSWORD not in done.stdout
