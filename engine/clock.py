"""The one source of the time. Tests and the demo move it; nothing else in the product asks the machine."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC, with microseconds."""
        return datetime.now(UTC)


class MovableClock(Clock):
    """A clock that stands still until it is moved, so that what a test sees does not depend on its speed."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._now = _utc(start) if start is not None else datetime.now(UTC)

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on by `by`, which may not be negative, and answer with the new time."""
        if by < timedelta(0):
            raise ValueError("a clock does not run backwards: use set()")
        with self._lock:
            self._now += by
            return self._now

    def set(self, moment: datetime) -> None:
        """Move to `moment`, earlier or later; it must be aware."""
        moment = _utc(moment)
        with self._lock:
            self._now = moment


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a clock is set to an aware datetime")
    return moment.astimezone(UTC)
