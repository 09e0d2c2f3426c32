"""Holding a job while a service works on it: the lease, its heartbeat, the time limit (design §3.3).

A lease is short and is renewed while the work goes on, so that a dead worker is noticed soon and a slow one is not
doubled. Each lease has a number of its own: a result comes with it, and that of a lost lease is refused.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import values
from engine.errors import EngineError
from engine.phrases import Phrase
from engine.tables import Instance, Job, new_id
from engine.transactions import transaction

if TYPE_CHECKING:
    from engine.commands import Command, Engine

LEASE = timedelta(seconds=30)
"""How long a lease holds without a heartbeat, unless the installation says otherwise."""

BEATS = 3
"""How often a lease is renewed while it lasts."""

log = structlog.get_logger("jigai.jobs")

Watch = Callable[["Engine", Session, "Leased", Callable[[], Any]], Any]
"""How a service's work is done while its lease is held: `watched`, or `unwatched`."""


class TimedOut(EngineError):
    """A service did not finish within its time limit."""

    code = "service_timed_out"


class LeaseLost(EngineError):
    """The job is another's meanwhile, or gone."""

    code = "lease_lost"


@dataclass(frozen=True)
class Leased:
    """A job as its worker holds it; rows may change behind it. `timeout` is the service's time limit in seconds."""

    id: str
    lease: str
    timeout: float
    instance_id: str | None
    token: int | None
    element_id: str | None
    kind: str
    operator: str
    arguments: dict[str, Any]
    idempotency_key: str


def take(command: Command, job: Job) -> Leased:
    """Hold a job for the work of its service, and count the attempt."""
    operator = job.payload["operator"]
    service = command.engine.services.get(operator)
    lease = new_id()
    job.attempts += 1
    job.state, job.lease, job.due_at = "leased", lease, command.now + command.engine.lease
    return Leased(
        id=job.id,
        lease=lease,
        timeout=service.timeout if service is not None else LEASE.total_seconds(),
        instance_id=job.instance_id,
        token=job.token,
        element_id=job.element_id,
        kind=job.kind,
        operator=operator,
        arguments=values.from_json(job.payload["arguments"]),
        idempotency_key=job.idempotency_key,
    )


def held(command: Command, leased: Leased) -> Job | None:
    """The job, if it is still ours: its case locked first, as every command does."""
    session = command.session
    if leased.instance_id is not None:
        session.scalar(select(Instance.id).where(Instance.id == leased.instance_id).with_for_update())
    query = select(Job).where(Job.id == leased.id, Job.lease == leased.lease, Job.state == "leased")
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def watched(engine: Engine, session: Session, leased: Leased, work: Callable[[], Any]) -> Any:
    """Do the work in a thread of its own, renewing the lease until it is done or its time limit is reached.

    Python cannot end a thread: work that goes on after its limit goes on unheard. Raises TimedOut and LeaseLost.
    """
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again below, where somebody waits for it
            future.set_exception(error)

    # What the application keeps beside a thread, such as Flask's context, goes with the work.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name=f"jigai-service {leased.operator}", daemon=True).start()
    ends = time.monotonic() + leased.timeout
    beat = engine.lease.total_seconds() / BEATS
    while not wait((future,), max(0.0, min(beat, ends - time.monotonic()))).done:
        if time.monotonic() >= ends:
            message = "服务「{service}」没有在 {seconds} 秒内完成。"
            raise TimedOut(Phrase(message, service=leased.operator, seconds=f"{leased.timeout:g}"))
        if not _renew(engine, session, leased):
            raise LeaseLost("这项工作已由别处接手。")
    return future.result()


def unwatched(engine: Engine, session: Session, leased: Leased, work: Callable[[], Any]) -> Any:
    """Do the work in the caller's thread, whose clock stands still meanwhile: for the test kit."""
    return work()


def _renew(engine: Engine, session: Session, leased: Leased) -> bool:
    """Hold on to a job for another while. False where the lease was lost."""
    mine = (Job.id == leased.id, Job.lease == leased.lease, Job.state == "leased")
    try:
        with transaction(session):
            renewed = update(Job).where(*mine).values(due_at=engine.clock.now() + engine.lease).returning(Job.id)
            return session.scalar(renewed.execution_options(synchronize_session=False)) is not None
    except OperationalError as error:
        # The work goes on: whether the lease was lost shows at the next beat, or when there is a result.
        log.warning("heartbeat failed", job=leased.id, error=type(error).__name__)
        return True
