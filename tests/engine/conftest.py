"""Databases in which the tables are already: making them takes PostgreSQL longer than most tests do.

`ProcessTest` makes what is missing, so that a test need not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.testing import ProcessTest
from tests.servers import Databases


def make_tables(url: str) -> None:
    with ProcessTest(database_url=url):
        pass


@pytest.fixture
def database_url(new_database: Callable[..., str]) -> str:
    return new_database(make_tables)


@pytest.fixture
def sqlite_url(sqlite_databases: Databases) -> Iterator[str]:
    with sqlite_databases.for_one_test() as new:
        yield new(make_tables)


@pytest.fixture
def postgresql_url(postgresql_databases: Databases) -> Iterator[str]:
    with postgresql_databases.for_one_test() as new:
        yield new(make_tables)
