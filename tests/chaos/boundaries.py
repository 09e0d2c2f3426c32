"""The places a process passes where it can die: each is counted by name, and a signal strikes at one of them.

They are found by watching, never listed: before and after every statement, commit and rollback, every publication of a
job, and entering and leaving every service, wherever the product puts them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

from sqlalchemy import Engine as Database
from sqlalchemy import event

from engine.commands import Engine
from engine.services import ServiceTask

_STATEMENT = re.compile(
    r"""\W*(?:UPDATE\s+"?(?P<updated>\w+)|(?P<verb>\w+)(?:.*?\b(?:FROM|INTO|TABLE)\s+"?(?P<table>\w+))?)""",
    re.DOTALL | re.IGNORECASE,
)

# A service works in a thread of its own, which takes over its caller's context; other threads do not.
_COUNTING: ContextVar[bool] = ContextVar("counting", default=False)


@dataclass(frozen=True)
class Strike:
    """A signal that a process sends itself at the `number`-th boundary, counted from 1. Where it did, and at which
    boundary, it writes to `note` before."""

    number: int
    signal: Signals
    note: Path


class Boundaries:
    """What one process passes while it is `counted`: in the thread that acts and in those that work for it."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.strike: Strike | None = None

    def watch(self, database: Database, engine: Engine) -> None:
        """Be told of every boundary of an application. Once a process, before it is forked."""

        def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            self.passing(f"before {_told(statement)}")

        def after(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            self.passing(f"after {_told(statement)}")

        event.listen(database, "before_cursor_execute", before)
        event.listen(database, "after_cursor_execute", after)
        for method, name in (("do_commit", "COMMIT"), ("do_rollback", "ROLLBACK")):
            setattr(database.dialect, method, self._around(getattr(database.dialect, method), lambda *_, n=name: n))
        engine.publish = self._around(engine.publish, lambda job_ids: "publish")
        ServiceTask.invoke = self._around(  # type: ignore[method-assign]  # whatever service, wherever it is run
            ServiceTask.invoke, lambda service, *_: f"service {service.id}"
        )

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is passed inside; its beginning and its end are boundaries, too."""
        token = _COUNTING.set(True)
        self.passing("before everything")
        try:
            yield
            self.passing("after everything")
        finally:
            _COUNTING.reset(token)

    def passing(self, name: str) -> None:
        """A boundary is passed. Where the strike is due the process gets its signal here."""
        if not _COUNTING.get():
            return
        self.passed.append(name)
        if self.strike is not None and self.strike.number == len(self.passed):
            self.strike.note.write_text(name)
            os.kill(os.getpid(), self.strike.signal)

    def _around(self, act: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            self.passing(f"before {name(*arguments)}")
            result = act(*arguments)
            self.passing(f"after {name(*arguments)}")
            return result

        return watched


def _told(statement: str) -> str:
    """A statement by its verb and first table."""
    found = _STATEMENT.match(statement)
    if found is None:
        return "a statement"
    if found["updated"]:
        return f"UPDATE {found['updated']}"
    return " ".join(filter(None, (found["verb"].upper(), found["table"])))
