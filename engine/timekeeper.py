"""The thread of a worker that carries out timers at their moment, and never waits behind the work of a service.

It sleeps until the next timer is due, at most `LOOKS` seconds, since other processes set timers, too. Any number of
workers may have one: each due job goes to one of them.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session

from engine import anchors, jobs, messages
from engine.commands import Engine
from engine.transactions import after_commit

LOOKS = 0.5
"""Seconds between two looks at the job table at most."""

BUSY = 0.05
"""Seconds until a job is tried again whose case somebody works on."""

HOUSEKEEPING = 60.0
"""Seconds between two times that expired messages are deleted and the record is anchored where that is due."""

log = structlog.get_logger("jigai.carrier")


class Timekeeper:
    """Carries out timers and whatever else is one short transaction.

    `sessions` opens a session; `overdue` is called, at each look, while a service's job is due that nobody is at.
    """

    def __init__(
        self,
        engine: Engine,
        sessions: Callable[[], AbstractContextManager[Session]],
        overdue: Callable[[], None] | None = None,
    ) -> None:
        self.engine = engine
        self._sessions = sessions
        self._overdue = overdue
        self._stopping = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jigai-timekeeper", daemon=True)
        self._cleared = time.monotonic() - HOUSEKEEPING

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way and end."""
        self._stopping = True
        self._woken.set()
        self._thread.join(10)

    def expect(self, moment: datetime) -> None:
        """Be told that a timer was set: one that is due before the next look is looked for at once."""
        if moment - self.engine.clock.now() < timedelta(seconds=LOOKS):
            self._woken.set()

    def look(self) -> float:
        """Carry out what is due; how many seconds may pass until the next look."""
        with self._sessions() as session:
            if time.monotonic() - self._cleared >= HOUSEKEEPING:
                self._clear(session)
            jobs.carry_out_due(self.engine, session, jobs.AT_ONCE)
            following = jobs.next_due(session, jobs.AT_ONCE)
            overdue = self._overdue is not None and jobs.due(session, self.engine.clock.now(), 1, jobs.WORKED)
            session.rollback()
        if self._overdue is not None and overdue:
            self._overdue()
        if following is None:
            return LOOKS
        pause = (following - self.engine.clock.now()).total_seconds()
        return min(max(pause, 0.0) or BUSY, LOOKS)

    def _clear(self, session: Session) -> None:
        with self.engine.command(session) as command:
            messages.let_go(command.session, command.now)
            made = anchors.anchor_if_due(command.session, command.now)
            if made is not None:
                said = {"anchor": made.id, "cases": made.count, "hash": made.hash.hex()}
                after_commit(command.session, partial(log.info, "record anchored", **said))
        self._cleared = time.monotonic()

    def _run(self) -> None:
        while not self._stopping:
            try:
                pause = self.look()
            except Exception:
                # One look that fails (a database restarted, a file locked) must not be the last one.
                log.exception("timekeeper failed, trying again")
                pause = LOOKS
            self._woken.wait(pause)
            self._woken.clear()
