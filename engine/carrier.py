"""Celery carries jobs out; the job table is the truth and a broker's message only a hint (design §3.3).

One Celery task carries out one job, another sweeps up what fell due without a hint: retries, leases that ran out,
hints that were lost. Timers are for the timekeeper, a thread beside each worker, so that they never wait behind the
work of a service. Embedded, worker and timekeeper are threads of this process on `memory://`; on many machines they are
`jigai worker`, and `jigai beat` asks for a sweep each second.
"""

import threading
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from sqlalchemy.orm import Session

from engine import jobs
from engine.commands import Engine
from engine.publisher import Publisher
from engine.timekeeper import Timekeeper

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
        self._swept = 0.0
        self._timekeeper: Timekeeper | None = None
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

        self._publisher = Publisher(lambda job_id: self.celery.send_task(CARRY_OUT, args=[job_id]))
        self.publish = self._publisher.publish

        # Celery reads a task's signature from a function's source: a bound method's `self` would be an argument.
        @self.celery.task(name=CARRY_OUT, shared=False)  # type: ignore[untyped-decorator]  # Celery is untyped
        def carry_out(job_id: str) -> None:
            self.carry_out(job_id)

        @self.celery.task(name=SWEEP, shared=False)  # type: ignore[untyped-decorator]  # Celery is untyped
        def sweep() -> None:
            self.sweep()

    def carry_out(self, job_id: str) -> bool:
        """Carry out one job, if it is still ours to do."""
        with self._sessions() as session:
            return jobs.carry_out(self.engine, session, job_id)

    def sweep(self) -> int:
        """Carry out what is due and nobody is at; how many jobs that were."""
        with self._sessions() as session:
            return jobs.carry_out_due(self.engine, session)

    def start_timekeeper(self, overdue: Callable[[], None] | None = None) -> None:
        """Carry out timers in a thread of this process."""
        self._timekeeper = Timekeeper(self.engine, self._sessions, overdue)
        self.engine.expect = self._timekeeper.expect
        self._timekeeper.start()

    def start_embedded(self) -> None:
        """Run a worker and the timekeeper in threads of this process."""
        # Celery warns of a worker that runs as root; this one has the rights that the process has anyway.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        self._worker = self.celery.Worker(
            pool="threads", concurrency=2, without_heartbeat=True, without_mingle=True, without_gossip=True, quiet=True
        )
        threading.Thread(target=self._worker.start, name="jigai-worker", daemon=True).start()
        self.start_timekeeper(self._ask_for_sweep)

    def stop(self) -> None:
        """Stop whatever runs in threads of this process."""
        if self._timekeeper is not None:
            self._timekeeper.stop()
        if self._worker is not None:
            self._worker.stop()
        self._publisher.stop()

    def _ask_for_sweep(self) -> None:
        """What beat does where there is one."""
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            self.celery.send_task(SWEEP, expires=SWEEP_SECONDS)
