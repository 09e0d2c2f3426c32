"""Servers of the product as they are run, which can be killed and started again, and clients that do not give up."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from records.formats import project_code_check_digit
from tests.chaos import acts
from tests.chaos.acts import OFFICIALS, Cast
from tests.chaos.served import move
from tests.servers import free_port
from tests.web.portal import KEYS
from web import demo

ROOT = Path(__file__).parents[2]
EMBEDDED = ("up",)
MANY = ("web", "worker", "beat")
PATIENCE = 120.0
"""Seconds that anything may take while servers die and come back."""


class Servers:
    """One installation: `roles` are the `jigai` commands that run."""

    def __init__(self, roles: tuple[str, ...], url: str, broker_url: str, folder: Path) -> None:
        self.folder, self.url, self.roles = folder, url, roles
        self.port = free_port()
        self.deaths: list[str] = []
        self.answers = 0
        move(folder, timedelta(0))
        settings = {"DATABASE_URL": url, "BROKER_URL": broker_url, "JIGAI_VAR": str(folder)}
        self._environment = os.environ | KEYS | settings
        cast = Cast(url, "memory://", folder)
        cast.clock.set(datetime.now(UTC))
        self.tokens = acts.prepare(cast)
        cast.close()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for role in roles:
            self.start(role)

    def start(self, role: str) -> None:
        serving = ("--port", str(self.port)) if role in ("up", "web") else ()
        with (self.folder / f"{role}.log").open("a") as log:
            self._processes[role] = subprocess.Popen(
                [sys.executable, "-u", "-m", "tests.chaos.served", str(self.folder), role, *serving],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self, role: str) -> None:
        """SIGKILL, at whatever it is doing."""
        self._processes[role].kill()
        self._processes[role].wait()
        self.deaths.append(role)

    def signal(self, role: str, number: int) -> None:
        self._processes[role].send_signal(number)

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    def log(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text()

    def pass_time(self, ahead: timedelta) -> None:
        """Everybody's clock jumps to so much ahead of the machine's."""
        move(self.folder, ahead)

    # Clients

    def ask(self, user: str, method: str, path: str, key: str = "", body: Any = None) -> Any:
        """A request, repeated with the same idempotency key until there is an answer."""

        def once() -> Any:
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/api/v1{path}",
                method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers={
                    "Authorization": f"Bearer {self.tokens[user]}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": key,
                },
            )
            try:
                with urllib.request.urlopen(request, timeout=20) as response:
                    text = response.read()
                    self.answers += 1
            except urllib.error.HTTPError as refused:
                if refused.code < 500:
                    raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()}") from refused
                raise
            return json.loads(text) if response.headers.get_content_type() == "application/json" else text

        return self.until(once)

    def until(self, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds something; a server that is away is waited for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if (found := look()) is not None:
                    return found
                missing = "nothing found"
            except (OSError, http.client.HTTPException) as error:  # away, or killed while it answered
                missing = repr(error)
            assert time.monotonic() < deadline, f"{missing}; killed: {self.deaths}; {self._last_words()}"
            time.sleep(0.1)

    def _last_words(self) -> str:
        return "\n".join(f"{role}: {self.log(role)[-1500:]}" for role in self.roles)

    def file(self, number: int) -> str:
        """One filing from its draft to its signature, as its enterprise and the officials do it; its id."""
        filing = str(self.ask("ent01", "POST", "/filings", f"draft-{number}", form(number))["id"])
        self.ask("ent01", "POST", f"/filings/{filing}/submit", f"submit-{number}")
        for element, (user, decision) in OFFICIALS.items():
            task = self.until(partial(self._task, user, filing, element))
            body = {"data": {"decision": decision}, "opinion": "同意"}
            self.ask(user, "POST", f"/tasks/{task}/claim", f"claim-{element}-{number}", {})
            self.ask(user, "POST", f"/tasks/{task}/complete", f"{element}-{number}", body)
        return filing

    def ended(self, filing: str) -> None:
        """Wait until the case of a filing has ended."""
        case = self.ask("ent01", "GET", f"/filings/{filing}")["instance_id"]
        self.until(lambda: self.ask("admin", "GET", f"/instances/{case}")["status"] == "completed" or None)

    def _task(self, user: str, filing: str, element: str) -> str | None:
        tasks = self.ask(user, "GET", "/tasks?box=todo&limit=100")["items"]
        found = [task["id"] for task in tasks if (task["business_key"], task["element_id"]) == (filing, element)]
        return found[0] if found else None


def form(number: int) -> dict[str, Any]:
    """A form of ent01 that passes every rule today, of a project of its own."""
    project = deepcopy(demo.sample()["projects"][17]["filing"])
    code = f"2101-440704-04-02-{number:05d}"
    today = datetime.now(UTC).date()
    sent = {name: value for name, value in project.items() if name not in ("fictional", "enterprise", "attachments")}
    return sent | {
        "project_code": f"{code}{project_code_check_digit(code.replace('-', ''))}",
        "planned_start": (today + timedelta(days=60)).isoformat(),
        "planned_completion": (today + timedelta(days=400)).isoformat(),
    }
