"""Fixtures for every test: databases, a broker and a browser, all of them real."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers
from web import logs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

NOT_RUN = "NOT RUN, because there is no such program here and only root can install it: apt-get install"
RUN_FOLDER = pytest.StashKey[servers.RunFolder]()
TOGETHER = (
    "tests/browser/",
    "tests/web/test_history.py",
    *(f"[{stage}" for stage in ("many_machines", "sqlite_valkey", "postgresql_memory")),
    "tests/chaos/",
)
"""What the ids of tests have in common that share a fixture of many seconds: the first of these that is in an id."""


# The run's folder: made and removed by the process that begins the run, handed to pytest-xdist's workers.


def pytest_configure(config: pytest.Config) -> None:
    handed = getattr(config, "workerinput", {}).get("run_folder")
    config.stash[RUN_FOLDER] = servers.RunFolder(Path(handed)) if handed else servers.RunFolder.make()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER].path)  # type: ignore[attr-defined]  # xdist's


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[RUN_FOLDER].remove()


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> servers.RunFolder:
    return pytestconfig.stash[RUN_FOLDER]


# The log.


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """The log is the product's: structlog's own draws the values of all variables around an exception, for seconds."""
    logs.configure()


# Databases.


@pytest.fixture(scope="session")
def sqlite_databases(run_folder: servers.RunFolder) -> servers.Databases:
    return servers.SQLiteDatabases(run_folder)


@pytest.fixture(scope="session")
def postgresql_databases(run_folder: servers.RunFolder) -> servers.Databases:
    return servers.PostgreSQLDatabases(run_folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """`new_database(prepare=None) -> url`: a database of the test's own, once SQLite and once PostgreSQL.

    `prepare(url)` makes tables and rows once a worker, whatever the number of tests: they get copies.
    """
    databases: servers.Databases = request.getfixturevalue(f"{request.param}_databases")
    with databases.for_one_test() as new:
        yield new


@pytest.fixture
def database_url(new_database: Callable[..., str]) -> str:
    """An empty database; the test runs once on SQLite and once on PostgreSQL."""
    return new_database()


@pytest.fixture
def sqlite_url(sqlite_databases: servers.Databases) -> Iterator[str]:
    """An empty SQLite database, for tests that the kind of database cannot matter to."""
    with sqlite_databases.for_one_test() as new:
        yield new()


@pytest.fixture
def postgresql_url(postgresql_databases: servers.Databases) -> Iterator[str]:
    """An empty PostgreSQL database, for what SQLite does not have: many writers at once."""
    with postgresql_databases.for_one_test() as new:
        yield new()


# The broker.


@pytest.fixture(scope="session")
def valkey_server(run_folder: servers.RunFolder) -> Iterator[str]:
    with servers.valkey(run_folder) as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The URL of an empty Valkey, as BROKER_URL takes it."""
    import redis  # here, because its import is half of a short run's time

    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


# Programs of the system.


def installed(path: str | None, packages: str) -> str:
    """The program at `path`. Where it is missing and cannot be installed the test is skipped, loudly."""
    if path is None and os.geteuid() == 0:
        pytest.fail(f"{packages} missing: python3 scripts/bootstrap.py system", pytrace=False)
    if path is None:
        pytest.skip(f"{NOT_RUN} {packages}")
    return path


@pytest.fixture
def pdfsig() -> str:
    """Poppler's program that validates signatures of PDF files."""
    return installed(shutil.which("pdfsig"), "poppler-utils")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium."""
    with servers.chromium(installed(servers.chromium_path(), "chromium fonts-noto-cjk")) as browser:
        yield browser


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`new_page(**options) -> page`: a page of a fresh profile, 1280 pixels wide unless the options say otherwise.

    Its test fails when a script on the page does, or when the Content-Security-Policy blocks something.
    """
    problems: list[str] = []
    usual = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1280, "height": 800}}

    def read_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            problems.append(message.text)

    with ExitStack() as contexts:

        def new(**options: Any) -> Page:
            context = contexts.enter_context(chromium.new_context(**(usual | options)))
            context.on("weberror", lambda error: problems.append(str(error.error)))
            context.on("console", read_console)
            return context.new_page()

        yield new
    assert problems == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One such page."""
    return new_page()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker for tests that share what takes long to set up, the largest groups first, the other tests one by one.

    (The groups of xdist 3.8, `--dist loadgroup`, are lost on pytest 9.2, whose items keep their ids to themselves.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((common for common in TOGETHER if common in nodeid), nodeid)

    return Scheduling(config, log) if config.getvalue("dist") == "load" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])]
    for reason, count in Counter(reason for reason in reasons if NOT_RUN in reason).items():
        terminalreporter.section(f"{count} tests skipped", sep="!", red=True, bold=True)
        terminalreporter.line(reason, red=True, bold=True)
