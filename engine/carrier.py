"""Celery carries jobs out; the job table is the truth and a broker's message only a hint (design §3.3).

One Celery task carries out one job, another sweeps up what fell due without a hint: timers, retries, leases that ran
out, hints that were lost. Embedded, worker and sweeper are threads of this process on `memory://`; on many machines
they are `jigai worker` and `jigai beat`.
"""

import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from sqlalchemy.orm import Session

from engine import anchors, jobs
from engine.commands import Engine
from engine.transactions import after_commit

CARRY_OUT = "jigai.carry_out"
SWEEP = "jigai.sweep"
SWEEP_SECONDS = 1.0

log = structlog.get_logger("jigai.carrier")


class Carrier:
    """Publishes due jobs to Celery, and is what Celery calls to carry them out.

    `sessions` opens a session of its own for one job, in whatever context the application needs around it.
    """

    def __init__(
        self, broker_url: str, engine: Engine, sessions: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self.engine = engine
        self._sessions = sessions
        self.sweep_seconds = SWEEP_SECONDS
        self._stopping = threading.Event()
        self._worker: Any = None
        in_memory = broker_url.startswith("memory")
        # Without a host name kombu warns that it takes localhost, which means nothing here.
        self.celery = Celery("jigai", broker="memory://localhost//" if in_memory else broker_url, set_as_current=False)
        self.celery.conf.update(
            task_ignore_result=True,
            task_acks_late=True,
            worker_prefetch_multiplier=1,
            worker_redirect_stdouts=False,
            worker_hijack_root_logger=False,
            broker_connection_retry_on_startup=True,
            task_publish_retry=False,
            timezone="UTC",
            beat_schedule={"sweep": {"task": SWEEP, "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}}},
        )
        if in_memory:
            self.celery.conf.broker_transport_options = {"polling_interval": 0.01}

        # Celery reads a task's signature from a function's source: a bound method's `self` would be an argument.
        @self.celery.task(name=CARRY_OUT, shared=False)  # type: ignore[untyped-decorator]  # Celery is untyped
        def carry_out(job_id: str) -> None:
            self.carry_out(job_id)

        @self.celery.task(name=SWEEP, shared=False)  # type: ignore[untyped-decorator]  # Celery is untyped
        def sweep() -> None:
            self.sweep()

    def publish(self, job_ids: list[str]) -> None:
        """Hint that jobs are due. A broker that is away costs a second, no more: the sweeper finds them."""
        for job_id in job_ids:
            try:
                self.celery.send_task(CARRY_OUT, args=[job_id])
            except self.celery.connection_for_write().connection_errors as error:
                log.warning("broker is away, the sweeper will find the job", job=job_id, error=str(error))
                return

    def carry_out(self, job_id: str) -> bool:
        """Carry out one job, if it is still ours to do."""
        with self._sessions() as session:
            return jobs.carry_out(self.engine, session, job_id)

    def sweep(self) -> int:
        """Carry out what is due, and anchor the record once a day; how many jobs that were."""
        with self._sessions() as session:
            waiting = jobs.due(session, self.engine.clock.now())
            session.rollback()
        carried_out = sum(self.carry_out(job_id) for job_id in waiting)
        self._anchor()
        return carried_out

    def _anchor(self) -> None:
        with self._sessions() as session:
            if anchors.is_due(session, self.engine.clock.now()):
                with self.engine.command(session) as command:
                    made = anchors.anchor(command.session, command.now)
                    said = {"anchor": made.id, "cases": made.count, "hash": made.hash.hex()}
                    after_commit(command.session, partial(log.info, "record anchored", **said))

    def start_embedded(self) -> None:
        """Run a worker and the sweeper in threads of this process."""
        # Celery warns of a worker that runs as root; this one has the rights that the process has anyway.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        self._worker = self.celery.Worker(
            pool="threads", concurrency=2, without_heartbeat=True, without_mingle=True, without_gossip=True, quiet=True
        )
        threading.Thread(target=self._worker.start, name="jigai-worker", daemon=True).start()
        threading.Thread(target=self._sweep_on, name="jigai-sweeper", daemon=True).start()

    def stop_embedded(self) -> None:
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    def _sweep_on(self) -> None:
        while not self._stopping.wait(self.sweep_seconds):
            try:
                self.sweep()
            except Exception:
                # A sweep that fails (a database restarted, a file locked) must not be the last one.
                log.exception("sweep failed, trying again")
