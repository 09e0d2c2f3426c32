"""Hints to the broker, sent by a thread of its own: no command waits for a broker that is slow or away."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

import structlog
from kombu.exceptions import OperationalError

MOST = 10_000
"""Hints that wait to be sent. Any more are dropped: jobs without a hint are found by the next sweep."""

log = structlog.get_logger("jigai.carrier")


class Publisher:
    """Gives job ids to `send`, one after the other. The thread begins with the first of them."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._hints: queue.Queue[str | None] = queue.Queue(MOST)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def publish(self, job_ids: list[str]) -> None:
        """Hint that jobs are due."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jigai-publisher", daemon=True)
                self._thread.start()
        try:
            for job_id in job_ids:
                self._hints.put_nowait(job_id)
        except queue.Full:
            log.warning("too many hints, the sweep will find the job", job=job_id)

    def stop(self) -> None:
        """Send what waits, and end."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._hints.put(None, timeout=1)
            self._thread.join(5)

    def _run(self) -> None:
        while (job_id := self._hints.get()) is not None:
            try:
                self._send(job_id)
            except OperationalError as error:
                log.warning("broker is away, the sweep will find the job", job=job_id, error=str(error))
            except Exception:
                # One hint that cannot be sent must not be the last one.
                log.exception("hint not sent", job=job_id)
