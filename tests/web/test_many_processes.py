"""The same code on many machines: web, worker and beat as processes of their own, on PostgreSQL and Valkey."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers import free_port
from tests.web.portal import KEYS, load_sample
from tests.web.test_demo_process import ROOT, Demo


@pytest.mark.slow
def test_a_worker_of_its_own_makes_the_paper(postgresql_url: str, valkey_url: str, tmp_path: Path) -> None:
    load_sample(postgresql_url, datetime.now(UTC))
    port = free_port()
    environment = os.environ | KEYS
    environment |= {"DATABASE_URL": postgresql_url, "BROKER_URL": valkey_url, "JIGAI_VAR": str(tmp_path)}
    jigai = [sys.executable, "-u", "-c", "from web.cli import main; main()"]
    subprocess.run([*jigai, "seals", "make", "A07"], cwd=ROOT, env=environment, check=True)
    with ExitStack() as running:
        for arguments in (["web", "--port", str(port)], ["worker", "--concurrency", "2"], ["beat"]):
            command = [*jigai, *arguments]
            log = running.enter_context((tmp_path / f"{arguments[0]}.log").open("w+"))
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, text=True)
            running.callback(process.wait)
            running.callback(process.terminate)
            if arguments[0] == "web":
                shown = Demo(process, port, environment)
        deadline = time.monotonic() + 60
        while "ready: " not in (tmp_path / "web.log").read_text():
            assert time.monotonic() < deadline, "the web process is not ready"
            time.sleep(0.2)
        filing = shown.submitted()
        for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
            shown.decide(user, filing, decision)
        instance = shown.call("ent01", "GET", f"/filings/{filing}")["instance_id"]
        deadline = time.monotonic() + 60
        while shown.call("admin", "GET", f"/instances/{instance}")["status"] != "completed":
            assert time.monotonic() < deadline, "no worker carried the jobs out"
            time.sleep(0.3)
        number = shown.call("ent01", "GET", f"/filings/{filing}")["certificate"]
        assert shown.call("ent01", "GET", f"/certificates/{number}/pdf").startswith(b"%PDF")
