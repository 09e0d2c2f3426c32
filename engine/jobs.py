"""Carrying out the job table: what is due is done once, by whoever holds its lease (design §3.3).

Timers, starts and what was thrown are one transaction: the row is there, or it is done. An external service is three: a
lease with the attempt counted, the work without a transaction, and the result, which is refused when the lease has
meanwhile gone to another. Work that never reports loses its lease and counts as an attempt.

Any number of workers may ask for what is due: each is given the oldest job that no other is at.
"""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine import external, start_timers
from engine.commands import Command, Engine
from engine.errors import BpmnError, CommandRefused, EngineError
from engine.leases import Leased, LeaseLost, Watch, held, take, watched
from engine.phrases import Phrase
from engine.tables import Incident, Instance, Job
from engine.world import Refused

AT_ONCE = ("timer", "start", "message", "signal", "parked")
"""Kinds of jobs that are one short transaction."""

WORKED = ("service", "detached")
"""Kinds of jobs that are the work of a service, which takes as long as it takes."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0
"""Seconds: the most that lies between a first attempt and the second, and between any two."""

Find = Callable[[Command], Job | None]

log = structlog.get_logger("jigai.jobs")


class JobFailed(EngineError):
    """Something unforeseen happened while a job was carried out."""

    code = "job_failed"

    def __init__(self, error: Exception) -> None:
        # A database's complaint quotes what was to be stored, which may be somebody's name.
        said = "" if isinstance(error, SQLAlchemyError) else str(error).strip()[:300]
        kind = type(error).__name__
        super().__init__(
            Phrase("后台工作出错：{kind}：{said}", kind=kind, said=said)
            if said
            else Phrase("后台工作出错：{kind}", kind=kind)
        )


class NeverReported(EngineError):
    """Every attempt was begun, and none of them had a result."""

    code = "job_never_reported"

    def __init__(self, attempts: int) -> None:
        super().__init__(Phrase("已尝试 {attempts} 次，没有得到结果。", attempts=attempts))


def due(session: Session, now: datetime, limit: int = 100, kinds: Iterable[str] = (*AT_ONCE, *WORKED)) -> list[str]:
    """The ids of jobs whose time has come, oldest first, those whose lease ran out among them."""
    query = select(Job.id).where(Job.state.in_(("due", "leased")), Job.due_at <= now, Job.kind.in_(kinds))
    return list(session.scalars(query.order_by(Job.due_at, Job.rank, Job.id).limit(limit)))


def next_due(session: Session, kinds: Iterable[str] = (*AT_ONCE, *WORKED)) -> datetime | None:
    """When the next job of some kinds is due."""
    # One state at a time, so that each is read in the order of the index, however many jobs there are.
    found = [
        session.scalar(select(Job.due_at).where(Job.state == state, Job.kind.in_(kinds)).order_by(Job.due_at).limit(1))
        for state in ("due", "leased")
    ]
    return min((moment for moment in found if moment is not None), default=None)


def carry_out(engine: Engine, session: Session, job_id: str, *, watch: Watch = watched) -> bool:
    """Do a job if it is due and nobody else is at it. True when it was ours to do."""
    return _do(engine, session, partial(_named, job_id), watch)


def carry_out_due(
    engine: Engine, session: Session, kinds: Iterable[str] = (*AT_ONCE, *WORKED), *, watch: Watch = watched
) -> int:
    """Do what is due of some kinds, oldest first, beside any others who do the same; how many jobs that were.

    A job whose case somebody works on at this moment is left for the next time.
    """
    anything = due(session, engine.clock.now(), 1, kinds)
    session.rollback()
    if not anything:
        return 0
    done, busy = 0, set[str]()
    while True:
        known = len(busy)
        if _do(engine, session, partial(_next, kinds, busy), watch):
            done += 1
        elif len(busy) == known:
            return done


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: four times as long each time, less by chance up to a half, so that
    what failed together does not come back together.
    """
    longest = min(FIRST_PAUSE * 4 ** (attempts - 1), LONGEST_PAUSE)
    return timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311 - nobody gains by guessing it


# Taking one


def _named(job_id: str, command: Command) -> Job | None:
    """The job of an id, locked after its case, or None where it is gone, not due or another's.

    A job without a token moves other cases than its own, if any, and so must not hold its own while it waits for them.
    """
    session = command.session
    seen = session.scalar(_due_now(command).where(Job.id == job_id))
    if seen is None:
        return None
    case = select(Instance.status).where(Instance.id == seen.instance_id)
    status = session.scalar(case.with_for_update() if _moves_its_case(seen) else case)
    query = _due_now(command).where(Job.id == job_id)
    job = session.scalar(query.with_for_update(skip_locked=True).execution_options(populate_existing=True))
    return None if job is None or _is_to_be_held(job, status) else job


def _next(kinds: Iterable[str], busy: set[str], command: Command) -> Job | None:
    """The oldest job that nobody is at, locked with its case. It never waits, so that it may lock the job first; one
    whose case another holds is noted as `busy`, and one whose case is suspended is held.
    """
    session = command.session
    # What is done at once is never leased.
    for state in ("due",) if set(kinds) <= set(AT_ONCE) else ("leased", "due"):
        query = _due_now(command).where(Job.state == state, Job.kind.in_(kinds)).order_by(Job.due_at, Job.rank, Job.id)
        query = query.limit(1).with_for_update(skip_locked=True)
        while (job := session.scalar(query.where(Job.id.not_in(busy)))) is not None:
            case = select(Instance.status).where(Instance.id == job.instance_id)
            status = session.scalar(case.with_for_update(skip_locked=True) if _moves_its_case(job) else case)
            if status is None and _moves_its_case(job):
                busy.add(job.id)
                return None
            if not _is_to_be_held(job, status):
                return job
            session.flush()
    return None


def _is_to_be_held(job: Job, status: str | None) -> bool:
    """Hold a job of a suspended case until the case is resumed. What it brings to other cases goes its way."""
    if status != "suspended" or job.token is None:
        return False
    job.state, job.lease = "held", None
    return True


def _due_now(command: Command) -> Select[Job]:
    return select(Job).where(Job.state.in_(("due", "leased")), Job.due_at <= command.now)


def _moves_its_case(job: Job) -> bool:
    """Whether the first transaction of a job changes the case that it belongs to."""
    return job.token is not None and (job.kind in ("timer", "parked") or job.attempts >= job.max_attempts)


# Doing it


def _do(engine: Engine, session: Session, find: Find, watch: Watch) -> bool:
    job_id = None
    try:
        with engine.command(session, attended=False) as command:
            job = find(command)
            if job is None:
                return False
            job_id = job.id
            leased = _begin(command, job)
    except Exception as error:
        if job_id is None:
            raise
        _stumbled(engine, session, job_id, None, error)
        return True
    if leased is not None:
        _serve(engine, session, leased, watch)
    return True


def _begin(command: Command, job: Job) -> Leased | None:
    """Do what is done in one transaction; or hold a job for its service's work, unless it has been tried enough."""
    if job.kind in WORKED:
        if job.attempts < job.max_attempts:
            return take(command, job)
        _give_up(command, job, NeverReported(job.attempts))
    elif job.kind == "timer":
        command.fire_timer(job)
    elif job.kind == "start":
        start_timers.fire(command, job)
    elif job.kind == "parked":
        command.take_up(job)
    else:
        command.deliver(job)
        command.session.delete(job)
    return None


def _serve(engine: Engine, session: Session, leased: Leased, watch: Watch) -> None:
    """A service's work, and what came of it."""
    writes: list[external.Write] = []
    error: EngineError | None = None
    result = None
    try:
        result = watch(engine, session, leased, partial(external.work, engine, session.get_bind(), leased, writes))
    except LeaseLost:
        log.warning("lease lost while working", job=leased.id)
        return
    except CommandRefused as refusal:
        error = Refused(refusal)
    except EngineError as raised:
        error = raised
    try:
        with engine.command(session, attended=False) as command:
            job = held(command, leased)
            if job is None:
                log.warning("result of a lost lease refused", job=leased.id)
            elif error is not None:
                _retry_or_give_up(command, job, error)
            else:
                for write in writes:
                    write(session)
                session.delete(job)
                session.flush()
                if leased.kind == "service":
                    command.service_done(job, result)
    except Exception as unforeseen:  # noqa: BLE001 - counted as an attempt, and logged there
        _stumbled(engine, session, leased.id, leased.lease, unforeseen)


def _retry_or_give_up(command: Command, job: Job, error: EngineError) -> None:
    final = isinstance(error, Refused) or (isinstance(error, BpmnError) and job.kind == "service")
    job.last_error = error.message
    if final or job.attempts >= job.max_attempts:
        _give_up(command, job, error)
    else:
        job.state, job.lease, job.due_at = "due", None, command.now + pause(job.attempts)


def _give_up(command: Command, job: Job, error: EngineError) -> None:
    """No more attempts: the job stays as failed with an incident that people see, unless its case catches the error."""
    job.state, job.lease, job.last_error = "failed", None, error.message
    command.session.flush()
    if job.kind == "service":
        command.service_failed(job, error)
    else:
        _report(command, job, error)


def _stumbled(engine: Engine, session: Session, job_id: str, lease: str | None, error: Exception) -> None:
    """Something unforeseen stopped a job: count the attempt, and let others pass meanwhile.

    What stopped it may be the case itself, so that this touches the job alone.
    """
    log.error("job failed", job=job_id, exc_info=error)
    failure = error if isinstance(error, EngineError) else JobFailed(error)
    with engine.command(session, attended=False) as command:
        query = select(Job).where(Job.id == job_id, Job.state.in_(("due", "leased")))
        if lease is not None:
            query = query.where(Job.lease == lease)
        job = session.scalar(query.with_for_update())
        if job is None:
            return
        job.attempts += lease is None  # whoever took a lease has counted
        job.state, job.lease, job.last_error = "due", None, failure.message
        job.due_at = command.now + pause(job.attempts)
        if job.attempts >= job.max_attempts:
            job.state = "failed"
            _report(command, job, failure)


def _report(command: Command, job: Job, error: EngineError) -> None:
    command.session.add(
        Incident(
            instance_id=job.instance_id,
            job_id=job.id,
            element_id=job.element_id,
            code=error.code,
            message=error.message,
            created_at=command.now,
        )
    )
