"""Timers fire within a second of their time, in one process and on many machines (measured with the real clock)."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.carrier import Carrier
from engine.commands import Engine
from engine.deployments import Source
from engine.services import Registry, service_task
from engine.tables import Base, Instance
from engine.transactions import prepare
from tests.engine.models import catch, diagram, process, service, start, timer
from tests.web.portal import Portal
from tests.web.test_demo_process import ROOT
from tests.web.test_many_processes import KEYS
from web.database import bring_up_to_date

MODEL = diagram(
    process("p", start(), catch("w", timer(date="when")), "start > w"),
    process("slow", start("s"), service("x"), "s > x"),
)


class Timed:
    """An engine on a database, and how late timers are: from when they are due until anybody can see the effect."""

    def __init__(self, url: str, registry: Registry) -> None:
        self.database = prepare(sqlalchemy.create_engine(url))
        Base.metadata.create_all(self.database)
        self.engine = Engine(services=registry)
        with self.sessions() as session, self.engine.command(session) as command:
            command.deploy([Source("p.bpmn", MODEL)])

    @contextmanager
    def sessions(self) -> Iterator[Session]:
        with Session(self.database) as session:
            yield session

    def start(self, process_id: str, *due: datetime) -> list[str]:
        with self.sessions() as session, self.engine.command(session) as command:
            return [command.start(process_id, data={"when": moment}).id for moment in due]

    def lateness(self, count: int, apart: float) -> list[float]:
        """Seconds by which each of some timers is late that are due one after the other."""
        begin = datetime.now(UTC) + timedelta(seconds=3)
        due = [begin + timedelta(seconds=apart * number) for number in range(count)]
        waiting = dict(zip(self.start("p", *due), due, strict=True))
        assert datetime.now(UTC) < begin, "this machine is too busy to measure anything"
        late: list[float] = []
        while waiting:
            assert datetime.now(UTC) < due[-1] + timedelta(seconds=20), f"{len(waiting)} timers never fired"
            with self.sessions() as session:
                done = session.scalars(select(Instance.id).where(Instance.status == "completed")).all()
            seen = datetime.now(UTC)
            late += [(seen - waiting.pop(id)).total_seconds() for id in done if id in waiting]
            time.sleep(0.05)
        return late


@pytest.fixture
def timed() -> Iterator[Callable[..., Timed]]:
    made: list[Timed] = []

    def make(url: str, registry: Registry) -> Timed:
        made.append(Timed(url, registry))
        return made[-1]

    yield make
    for each in made:
        each.database.dispose()


def shown(where: str, late: list[float]) -> None:
    ordered = sorted(late)
    print(f"{where}: {len(late)} timers, median {ordered[len(late) // 2]:.3f} s late, at most {ordered[-1]:.3f} s")  # noqa: T201


@pytest.mark.slow
def test_embedded_timers_fire_within_a_second_though_every_worker_is_at_a_slow_service(
    timed: Callable[..., Timed], sqlite_url: str
) -> None:
    release, working = threading.Event(), threading.Semaphore(0)

    @service_task("work", title="慢", effect="external", timeout=60)
    def work() -> None:
        working.release()
        release.wait(50)

    registry = Registry()
    registry.add_callable("work", work)
    embedded = timed(sqlite_url, registry)
    carrier = Carrier("memory://", embedded.engine, embedded.sessions)
    embedded.engine.publish = carrier.publish
    carrier.start_embedded()
    try:
        embedded.start("slow", *[datetime.now(UTC)] * 3)
        for _ in range(2):
            assert working.acquire(timeout=20)
        late = embedded.lateness(20, 0.13)
    finally:
        release.set()
        carrier.stop()
    shown("embedded, SQLite", late)
    assert min(late) >= 0
    assert max(late) < 1


@pytest.mark.slow
def test_timers_on_many_machines_fire_within_a_second(
    timed: Callable[..., Timed], postgresql_url: str, valkey_url: str, tmp_path: Path
) -> None:
    registry = Registry()
    registry.add_callable("work", lambda: None)
    # A worker refuses tables that no revision has made.
    portal = Portal(postgresql_url, tmp_path)
    bring_up_to_date(portal.app)
    portal.close()
    many = timed(postgresql_url, registry)
    many.engine.publish = Carrier(valkey_url, many.engine, many.sessions).publish
    environment = os.environ | KEYS
    environment |= {"DATABASE_URL": postgresql_url, "BROKER_URL": valkey_url, "JIGAI_VAR": str(tmp_path)}
    with ExitStack() as running:
        for arguments in (["worker", "--concurrency", "2"], ["beat"]):
            log = running.enter_context((tmp_path / f"{arguments[0]}.log").open("w"))
            process = subprocess.Popen(
                [sys.executable, "-c", "from web.cli import main; main()", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
            running.callback(process.wait)
            running.callback(process.terminate)
        # A machine that is still loading programs measures that.
        up = {"worker": "[queues]", "beat": "maxinterval"}
        deadline = time.monotonic() + 120
        while not all(text in (tmp_path / f"{name}.log").read_text() for name, text in up.items()):
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()
            time.sleep(0.2)
        many.lateness(1, 0)
        late = many.lateness(20, 0.13)
    shown("worker and beat, PostgreSQL and Valkey", late)
    assert min(late) >= 0
    assert max(late) < 1
