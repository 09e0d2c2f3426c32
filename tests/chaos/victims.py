"""`python -m tests.chaos.victims URL BROKER FOLDER`: real processes of the product, one for each life that is taken.

This process composes the product once, holds no connection, and forks for every act, so that a life costs milliseconds.
It is told by a line of JSON on its input what to do next and answers with a line on its output:

    {"fork": act, "clock": instant, "tokens": {…}, "arguments": {…}, "strike": [number, signal] or null}  →  pid
    {"wait": pid, "seconds": how long at most}                             →  "running", "stopped" or the exit status
    {"compile": true}                                                      →  null

What an act answered, or how it failed, stands in FOLDER/<pid>.json, the boundary at which it was struck in
FOLDER/<pid>.struck.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import kombu.transport.memory
import kombu.transport.redis
from sqlalchemy import select

from engine.tables import Definition
from tests.chaos.acts import ACTS, Cast
from tests.chaos.boundaries import Strike
from web.database import db


class Victims:
    """The process that is forked, and its children."""

    def __init__(self, url: str, broker_url: str, folder: Path) -> None:
        self.folder = folder
        self.cast = Cast(url, broker_url, folder)
        with self.cast.app.app_context():
            self.cast.boundaries.watch(db.engine, self.cast.engine)
        self.children: set[int] = set()

    def serve(self) -> None:
        answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            asked = json.loads(line)
            if "fork" in asked:
                answer: Any = self.fork(asked)
            elif "wait" in asked:
                answer = self.wait(asked["wait"], asked["seconds"])
            else:
                self.compile()
                answer = None
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)

    def compile(self) -> None:
        """Have what a process that has served for a while has: compiled definitions, routes; but no connection."""
        with self.cast.app.app_context():
            for definition in db.session.scalars(select(Definition.id)).all():
                self.cast.engine.deployments.compiled(db.session(), definition)
        self.cast.client.get("/api/v1/forms/none")
        self.cast.close()
        gc.freeze()  # what is here is shared with every child, and no child's collector need touch it

    def fork(self, asked: dict[str, Any]) -> int:
        pid = os.fork()
        if pid == 0:
            self.play(asked)
        self.children.add(pid)
        return pid

    def play(self, asked: dict[str, Any]) -> NoReturn:
        cast, own = self.cast, self.folder / str(os.getpid())
        try:
            cast.clock.set(datetime.fromisoformat(asked["clock"]))
            cast.learn(asked["tokens"])
            if asked["strike"]:
                number, name = asked["strike"]
                cast.boundaries.strike = Strike(number, signal.Signals[name], own.with_suffix(".struck"))
            report = {"answer": ACTS[asked["fork"]](cast, **asked["arguments"])}
        except BaseException:  # noqa: BLE001 - whatever it is, the test shows it
            report = {"failure": traceback.format_exc()}
        report["boundaries"] = cast.boundaries.passed
        cast.close()
        own.with_suffix(".json").write_text(json.dumps(report))
        os._exit(0)

    def wait(self, pid: int, seconds: float) -> str | int:
        deadline = time.monotonic() + seconds
        while True:
            found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
            if found and os.WIFSTOPPED(status):
                return "stopped"
            if found:
                self.children.discard(pid)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                return "running"
            time.sleep(0.002)


if __name__ == "__main__":
    Victims(sys.argv[1], sys.argv[2], Path(sys.argv[3])).serve()


__all__ = ["Victims", "kombu"]
