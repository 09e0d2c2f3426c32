"""Stages, one for each kind of database and broker, kept for all the tests of a run's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.stage import Stage, stage
from tests.servers import Databases


@pytest.fixture(scope="session")
def embedded(sqlite_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """SQLite and `memory://`: what `jigai up` runs on."""
    with stage(sqlite_databases, "memory://", tmp_path_factory.mktemp("embedded")) as opened:
        yield opened


@pytest.fixture(scope="session")
def sqlite_valkey(
    sqlite_databases: Databases, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with stage(sqlite_databases, valkey_server, tmp_path_factory.mktemp("sqlite-valkey")) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgresql_memory(postgresql_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(postgresql_databases, "memory://", tmp_path_factory.mktemp("postgresql-memory")) as opened:
        yield opened


@pytest.fixture(scope="session")
def many_machines(
    postgresql_databases: Databases, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """PostgreSQL and Valkey: what many machines run on."""
    with stage(postgresql_databases, valkey_server, tmp_path_factory.mktemp("many-machines")) as opened:
        yield opened


def named(request: pytest.FixtureRequest) -> Stage:
    opened: Stage = request.getfixturevalue(request.param)
    return opened


@pytest.fixture(params=["embedded", "many_machines"])
def each_stage(request: pytest.FixtureRequest) -> Stage:
    """Once SQLite with `memory://`, once PostgreSQL with Valkey."""
    return named(request)


@pytest.fixture(params=["embedded", pytest.param("many_machines", marks=pytest.mark.slow)])
def clock_stage(request: pytest.FixtureRequest) -> Stage:
    """The same two, the first alone where there is little time."""
    return named(request)


@pytest.fixture(params=["sqlite_valkey", "postgresql_memory"])
def mixed_stage(request: pytest.FixtureRequest) -> Stage:
    """The other two pairs."""
    return named(request)


@pytest.fixture(params=[pytest.param("sqlite_valkey", marks=pytest.mark.slow), "many_machines"])
def valkey_stage(request: pytest.FixtureRequest) -> Stage:
    """A broker that outlives the processes, with either database."""
    return named(request)
