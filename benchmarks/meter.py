"""What a piece of work asks of its database: statements, transaction control, commits, and the time all that takes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection, event

CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")


@dataclass
class Reading:
    """What was measured: seconds of the clock and of the database (driver included), and counts.

    A batch of rows that is sent as one statement counts once. `control` has begin, savepoint and release.
    """

    seconds: float = 0.0
    in_database: float = 0.0
    statements: int = 0
    commits: int = 0
    control: Counter[str] = field(default_factory=Counter)

    @property
    def elsewhere(self) -> float:
        """Seconds that were not the database's."""
        return self.seconds - self.in_database


class Meter:
    """Listens to one database engine for as long as that lives. One thread at a time."""

    def __init__(self, database: Engine) -> None:
        self._reading = Reading()
        self._begun = 0.0
        event.listen(database, "before_cursor_execute", self._before)
        event.listen(database, "after_cursor_execute", self._after)
        event.listen(database, "begin", self._on_begin)
        self._time_commits(database)

    @contextmanager
    def measure(self) -> Iterator[Reading]:
        """Measure what happens inside; the reading is complete afterwards."""
        self._reading = reading = Reading()
        begun = perf_counter()
        yield reading
        reading.seconds = perf_counter() - begun
        self._reading = Reading()  # what comes after is not this work's

    def _before(self, *_: Any) -> None:
        self._begun = perf_counter()

    def _after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        reading = self._reading
        reading.in_database += perf_counter() - self._begun
        verb = statement.split(None, 1)[0].upper()
        if verb not in CONTROL:
            reading.statements += 1
        elif verb != "BEGIN":  # which `_on_begin` counts
            reading.control[verb.lower()] += 1

    def _on_begin(self, connection: Any) -> None:
        self._reading.control["begin"] += 1

    def _time_commits(self, database: Engine) -> None:
        """SQLAlchemy tells of a commit before it happens and never after, so its dialect's method is wrapped."""
        commit = database.dialect.do_commit

        def timed(dbapi_connection: PoolProxiedConnection) -> None:
            begun = perf_counter()
            commit(dbapi_connection)
            self._reading.in_database += perf_counter() - begun
            self._reading.commits += 1

        database.dialect.do_commit = timed  # type: ignore[method-assign]  # of this engine's dialect alone
