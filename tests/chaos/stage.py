"""A stage: one database and broker on which scenes are set, real processes that act there, and what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import redis

from tests.chaos import ledger
from tests.chaos.acts import COMMANDS, LATE, LATER, OPENS_ON, SCENES
from tests.chaos.gateway import taken
from tests.chaos.ledger import Ledger
from tests.servers import Databases
from tests.web.portal import MONDAY

ROOT = Path(__file__).parents[2]
_COMMANDS = frozenset(act.__name__ for act in COMMANDS)
AT_MOST = 60.0
"""Seconds that an act takes at most."""


@dataclass(frozen=True)
class Strike:
    """The boundary at which a process is struck, counted from 1, and the signal: KILL or STOP."""

    number: int
    signal: str = "KILL"


class Life:
    """A process that acts."""

    def __init__(self, stage: Stage, pid: int) -> None:
        self._stage = stage
        self.pid = pid

    def wait(self, seconds: float = AT_MOST) -> str | int:
        """`running`, `stopped`, or its exit status: negative is the signal that ended it."""
        state: str | int = self._stage.tell(wait=self.pid, seconds=seconds)
        assert seconds < AT_MOST or state != "running", "a process does not come to its end"
        return state

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def end(self) -> Any:
        """What it answered, once it has ended by itself. Raises AssertionError with its traceback where it failed."""
        assert self.wait() == 0
        return self.answer()

    def answer(self) -> Any:
        """The same, where it is known to have ended."""
        return self.report()["answer"]

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self._stage.folder / f"{self.pid}.json").read_text())
        assert "failure" not in report, report["failure"]
        return report

    @property
    def struck_at(self) -> str:
        """The boundary at which it was struck, or nothing."""
        note = self._stage.folder / f"{self.pid}.struck"
        return note.read_text() if note.exists() else ""


class Stage:
    """Scenes are prepared once and copied; the processes are forks of one that has the product in memory."""

    def __init__(self, databases: Databases, broker_url: str, folder: Path) -> None:
        self._databases = databases
        self._name = databases._create(None)
        self._scenes: dict[str, str] = {}
        self._undisturbed: dict[str, tuple[list[str], Ledger]] = {}
        self.broker_url = broker_url
        self.folder = folder
        self.url = databases.url(self._name)
        self.tokens: dict[str, str] = {}
        with (folder / "victims.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.victims", self.url, broker_url, str(folder)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.tokens = self.play("prepare").end()
        self.tell(compile=True)
        self._keep("loaded")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        for name in (self._name, *self._scenes.values()):
            self._databases._drop(name)

    def tell(self, **asked: Any) -> Any:
        """Ask the process that forks, and have its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the victims' process has ended: {(self.folder / 'victims.log').read_text()[-3000:]}"
        return json.loads(answer)

    def set(self, scene: str) -> None:
        """Put the database into a scene, the broker and the gateway's log into none."""
        if scene not in self._scenes:
            before, acts = SCENES[scene]
            self.set(before)
            for act in acts:
                self.play(act, clock=moment(act)).end()
            self._keep(scene)
        self._databases.copy(self._name, self._scenes[scene])
        for file in (*self.folder.glob("*.json"), *self.folder.glob("*.struck"), self.folder / "sms.log"):
            file.unlink(missing_ok=True)
        self.empty_broker()

    def empty_broker(self) -> None:
        """Whatever was published is lost. What `memory://` held went with its process."""
        if (broker := self._broker()) is not None:
            broker.flushall()

    def _queued(self) -> int:
        broker = self._broker()
        return 0 if broker is None else int(broker.llen("celery"))

    def _broker(self) -> redis.Redis | None:
        return None if self.broker_url.startswith("memory") else redis.Redis.from_url(self.broker_url)

    def play(self, act: str, *, clock: datetime = MONDAY, strike: Strike | None = None, **arguments: Any) -> Life:
        """A process of its own begins an act."""
        asked = {"clock": clock.isoformat(), "tokens": self.tokens, "arguments": arguments}
        return Life(self, self.tell(fork=act, strike=strike and [strike.number, f"SIG{strike.signal}"], **asked))

    def recover(self, act: str) -> Ledger:
        """After an act, whatever became of it: its client asks again, all goes on to the end; what there is then."""
        self.play("recover", clock=moment(act), again=act if act in _COMMANDS else None).end()
        return self.ledger()

    def ledger(self) -> Ledger:
        return ledger.read(self.url, self.folder / "sms.log")

    def content(self) -> tuple[str, int, int]:
        """Everything there is: the database's content, messages at the gateway, messages at the broker."""
        return ledger.content(self.url), len(taken(self.folder / "sms.log")), self._queued()

    def undisturbed(self, act: str) -> tuple[list[str], Ledger]:
        """The boundaries that an act passes where nothing disturbs it, and what there is at the end."""
        if act not in self._undisturbed:
            self.set(OPENS_ON[act])
            life = self.play(act, clock=moment(act))
            life.end()
            self._undisturbed[act] = life.report()["boundaries"], self.recover(act)
        boundaries, end = self._undisturbed[act]
        assert end.wrong == []
        assert end.incidents == []
        assert end.jobs == []
        return boundaries, end

    def _keep(self, scene: str) -> None:
        self._scenes[scene] = self._databases._create(self._name)


def moment(act: str) -> datetime:
    """When an act is played."""
    return LATER if act in LATE else MONDAY


@contextmanager
def stage(databases: Databases, broker_url: str, folder: Path) -> Iterator[Stage]:
    opened = Stage(databases, broker_url, folder)
    try:
        yield opened
    finally:
        opened.close()
