"""Carrying out the job table: what is due is done once, by whoever holds its lease (design §3.3).

Timers and messages are one transaction: the row is there, or it is done. An external service is three: a lease with the
attempt counted, the work without a transaction, and the result, which is refused when the lease has meanwhile gone to
another. Work that never reports loses its lease when its time is up and counts as an attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import values
from engine.commands import Command, Engine
from engine.errors import BpmnError, CommandRefused, EngineError
from engine.services import Call, ServiceTask
from engine.tables import Incident, Instance, Job, new_id
from engine.transactions import after_commit, transaction
from engine.world import Refused, run_service

GRACE = timedelta(seconds=30)
"""How long after a service's time limit its lease still holds."""

log = structlog.get_logger("jigai.jobs")


@dataclass(frozen=True)
class Leased:
    """A job as its worker holds it; rows may change behind it."""

    id: str
    lease: str
    instance_id: str | None
    token: int | None
    element_id: str | None
    kind: str
    operator: str
    arguments: dict[str, Any]
    idempotency_key: str


def due(session: Session, now: datetime, limit: int = 100) -> list[str]:
    """The ids of jobs whose time has come, oldest first, those whose lease ran out among them."""
    query = select(Job.id).where(Job.state.in_(("due", "leased")), Job.due_at <= now).order_by(Job.due_at).limit(limit)
    return list(session.scalars(query))


def next_due(session: Session) -> datetime | None:
    """When the next job is due."""
    return session.scalar(select(Job.due_at).where(Job.state.in_(("due", "leased"))).order_by(Job.due_at).limit(1))


def carry_out(engine: Engine, session: Session, job_id: str) -> bool:
    """Do a job if it is due and nobody else is at it. True when it was ours to do."""
    with engine.command(session, attended=False) as command:
        job = _take(command, job_id)
        if job is None:
            return False
        if job.kind in ("service", "detached"):
            leased: Leased | None = _lease(engine, command, job)
        else:
            leased = None
            _at_once(command, job)
    if leased is not None:
        _serve(engine, session, leased)
    return True


def retry(command: Command, job: Job) -> None:
    """Take up a job that has failed for good: its attempts begin anew, and its incident is closed."""
    if job.kind == "service" and job.instance_id is not None:
        command.retry(job.instance_id)
        return
    job.state, job.attempts, job.due_at = "due", 0, command.now
    incidents = select(Incident).where(Incident.job_id == job.id, Incident.resolved_at.is_(None))
    for incident in command.session.scalars(incidents):
        incident.resolved_at = command.now
    after_commit(command.session, partial(command.engine.publish, [job.id]))


def _take(command: Command, job_id: str) -> Job | None:
    """The job's row, locked after its case's, or None where it is gone, not due or another's.

    A job without a token moves other cases than its own, if any, and so must not hold its own while it waits for them.
    """
    session = command.session
    instance_id = session.scalar(select(Job.instance_id).where(Job.id == job_id, Job.token.is_not(None)))
    status = None
    if instance_id is not None:
        status = session.scalar(select(Instance.status).where(Instance.id == instance_id).with_for_update())
    query = select(Job).where(Job.id == job_id, Job.state.in_(("due", "leased")), Job.due_at <= command.now)
    job = session.scalar(query.with_for_update(skip_locked=True).execution_options(populate_existing=True))
    if job is not None and status == "suspended":
        job.state = "held"
        return None
    return job


def _at_once(command: Command, job: Job) -> None:
    """A timer, something thrown, or something parked: one transaction with what it sets off."""
    if job.kind == "timer":
        command.fire_timer(job)
        return
    if job.kind == "parked":
        command.take_up(job)
        return
    command.deliver(job)
    command.session.delete(job)


def _lease(engine: Engine, command: Command, job: Job) -> Leased | None:
    """Hold the job for as long as its service may take, and count the attempt; or give it up for good."""
    service = engine.services.get(job.payload["operator"])
    if job.attempts >= job.max_attempts:
        _give_up(command, job, EngineError(f"已尝试 {job.attempts} 次，没有得到结果。"))
        return None
    timeout = timedelta(seconds=service.timeout if service is not None else 0)
    job.attempts += 1
    job.state, job.lease = "leased", new_id()
    job.due_at = command.now + timeout + GRACE
    return Leased(
        id=job.id,
        lease=job.lease,
        instance_id=job.instance_id,
        token=job.token,
        element_id=job.element_id,
        kind=job.kind,
        operator=job.payload["operator"],
        arguments=values.from_json(job.payload["arguments"]),
        idempotency_key=job.idempotency_key,
    )


def _serve(engine: Engine, session: Session, leased: Leased) -> None:
    """The work itself, and what came of it."""
    service = engine.services.get(leased.operator)
    writes: list[Callable[[Session], None]] = []
    error: EngineError | None = None
    result: Any = None
    try:
        if service is None:
            raise EngineError(f"没有名为 {leased.operator} 的服务。")
        result = _work(engine, session, service, leased, writes)
    except CommandRefused as refusal:
        error = Refused(refusal)
    except EngineError as raised:
        error = raised
    with engine.command(session, attended=False) as command:
        job = _held(command, leased)
        if job is None:
            log.warning("result of a lost lease refused", job=leased.id)
        elif error is None:
            for write in writes:
                write(session)
            session.delete(job)
            session.flush()
            if leased.kind == "service":
                command.service_done(job, result)
        elif isinstance(error, BpmnError) and leased.kind == "service":
            session.delete(job)
            session.flush()
            command.service_failed(job, error)
        else:
            _retry_or_give_up(command, job, error)


def _work(
    engine: Engine, session: Session, service: ServiceTask, leased: Leased, writes: list[Callable[[Session], None]]
) -> Any:
    bind = session.get_bind()
    reading = Session(bind.execution_options(isolation_level="AUTOCOMMIT"))
    with reading:
        instance = reading.get(Instance, leased.instance_id) if leased.instance_id else None
        deployment = None
        if instance is not None:
            deployment = engine.deployments.compiled(reading, instance.definition_id).deployment
        now = engine.clock.now()

        def decide(decision_id: str, **inputs: Any) -> Any:
            if deployment is None:
                raise EngineError("这项工作不属于任何案件，没有决策表可用。")
            return deployment.decide(decision_id, inputs)

        def enqueue(service_id: str, **params: Any) -> None:
            payload = {"operator": service_id, "arguments": values.to_json(params)}
            key = f"{leased.idempotency_key}:{service_id}"
            writes.append(lambda writing: _add_detached(engine, writing, payload, leased.instance_id, key))

        call = Call(
            session=reading,
            instance_id=leased.instance_id or "",
            business_key=instance.business_key if instance is not None else None,
            element_id=leased.element_id or "",
            idempotency_key=leased.idempotency_key,
            actor=None,
            now=now,
            log=log.bind(case=leased.instance_id, element=leased.element_id, service=service.id),
            decide=decide,
            enqueue=enqueue,
            keep=writes.append,
        )
        return run_service(service, leased.arguments, call)


def _add_detached(engine: Engine, session: Session, payload: dict[str, Any], instance_id: str | None, key: str) -> None:
    job_id = Command(engine, session, None).add_job("detached", payload, instance_id=instance_id, key=key)
    after_commit(session, lambda: engine.publish([job_id]))


def _held(command: Command, leased: Leased) -> Job | None:
    """The job, if it is still ours: its case locked first, as every command does."""
    session = command.session
    if leased.instance_id is not None:
        session.scalar(select(Instance.id).where(Instance.id == leased.instance_id).with_for_update())
    query = select(Job).where(Job.id == leased.id, Job.lease == leased.lease, Job.state == "leased")
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def _retry_or_give_up(command: Command, job: Job, error: EngineError) -> None:
    job.last_error = error.message
    if job.attempts >= job.max_attempts or isinstance(error, Refused):
        _give_up(command, job, error)
        return
    job.state, job.lease = "due", None
    job.due_at = command.now + timedelta(seconds=min(5 * 4 ** (job.attempts - 1), 3600))


def _give_up(command: Command, job: Job, error: EngineError) -> None:
    """No more attempts: the job stays as failed, with an incident that people see."""
    job.state, job.lease = "failed", None
    job.last_error = job.last_error or error.message
    if job.kind == "service":
        command.service_failed(job, error)
    else:
        command.session.add(
            Incident(
                instance_id=job.instance_id,
                job_id=job.id,
                element_id=job.element_id,
                code=error.code,
                message=job.last_error,
                created_at=command.now,
            )
        )


__all__ = ["Leased", "carry_out", "due", "next_due", "transaction"]
