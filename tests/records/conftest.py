"""A database with the sample's agencies, enterprises and users, and sessions on it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

import records.models  # noqa: F401  # for the tables
from engine.tables import Base
from records import encryption
from records.sample import load_sample
from records.seed import DATA

PASSWORD = "demo-2021"
KEY = bytes(range(32))
NOW = datetime(2021, 11, 15, 2, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key() -> None:
    encryption.configure_key(KEY)


def read_sample() -> dict[str, Any]:
    return json.loads((DATA / "sample.json").read_text(encoding="utf-8"))


def make_engine(url: str) -> Engine:
    """An engine that keeps foreign keys, and whose transactions on SQLite begin as the commands do."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # or the driver would begin late, in its own way
            connection.execute("PRAGMA foreign_keys = ON")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def prepare(url: str) -> None:
    encryption.configure_key(KEY)
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        load_sample(session, read_sample(), PASSWORD)
    engine.dispose()


@pytest.fixture
def sample() -> dict[str, Any]:
    return read_sample()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One database of each kind for all tests that take everything back."""
    databases = request.getfixturevalue(f"{request.param}_databases")
    with databases.for_one_test() as new_database:
        engine = make_engine(new_database(prepare))
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are savepoints of a transaction that is rolled back after the test."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def own_engine(new_database: Callable[..., str]) -> Iterator[Engine]:
    """A database of the test's own, for what commits from several threads."""
    engine = make_engine(new_database(prepare))
    yield engine
    engine.dispose()
