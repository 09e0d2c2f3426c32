"""Processes that a timer starts: the job that waits for the moment, and what happens then.

A timer start is set up when its definition is deployed; those of the next version take its place. Where nobody could
begin a case in time, as while every worker was down, one case is begun as soon as somebody can, and a cycle goes on
with its next moment still to come: the moments missed meanwhile count as past, nothing is made up for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, select, update

from engine import durations, values
from engine.elements import ProcessSpec
from engine.errors import DeploymentRefused, EngineError
from engine.events import StartEvent, first_due
from engine.problems import problem
from engine.tables import Definition, Incident, Job

if TYPE_CHECKING:
    from engine.deliveries import Deliveries
    from engine.work import Work

log = structlog.get_logger("jigai.jobs")


def schedule(command: Work, definition: Definition, spec: ProcessSpec) -> None:
    """Write the jobs of a definition's timer starts, in place of those of its earlier versions.

    A timer is read without variables. A moment that has passed already is due at once, but for one that an earlier
    version had, too, at the same element: that was the earlier one's to begin. Raises DeploymentRefused.
    """
    earlier = select(Definition).where(Definition.key == definition.key, Definition.id != definition.id)
    versions = command.session.scalars(earlier.order_by(Definition.version.desc())).all()
    _cancel(command, versions)
    for start in _timers(spec):
        try:
            due, left, interval = _moment(command, start)
        except EngineError as error:
            raise DeploymentRefused(
                [
                    problem(
                        "start_timer_unreadable",
                        file=definition.file_name,
                        element_id=start.name,
                        element_name=start.node.name,
                        line=start.node.line,
                        reason=error.message,
                    )
                ]
            ) from error
        if due <= command.now and versions and _had(command, versions[0], start.name, due):
            log.info("moment was an earlier version's", process=definition.key, element=start.name)
            continue
        payload = {"definition_id": definition.id, "moment": due, "left": left, "interval": interval}
        command.add_job(
            "start",
            values.to_json(payload),
            instance_id=None,
            key=_key(definition),
            element_id=start.name,
            due=due,
        )


def fire(command: Deliveries, job: Job) -> None:
    """Begin a case, and let a cycle wait for its next moment."""
    definition = command.session.get_one(Definition, job.payload["definition_id"])
    element_id = job.element_id or ""
    go_on(command, job)
    command._begin_at(definition, element_id, {}, None, None)


def go_on(command: Work, job: Job) -> None:
    """Let a cycle wait for its first moment that is still to come. The job is gone where there is none."""
    payload = values.from_json(job.payload)
    moment, left = payload["moment"], payload["left"]
    if left != 0:
        every = durations.parse_duration(payload["interval"])
        if not every.months:
            missed = max(0, (command.now - moment) // every.rest)
            missed = missed if left < 0 else min(missed, left - 1)
            moment, left = moment + missed * every.rest, left - missed if left > 0 else left
        while left != 0 and moment <= command.now:
            moment, left = every.add_to(moment), left - 1 if left > 0 else left
    if moment <= command.now:
        command.session.delete(job)
        return
    job.state, job.due_at, job.attempts, job.last_error = "due", moment, 0, None
    job.payload = values.to_json(payload | {"moment": moment, "left": left})


def _timers(spec: ProcessSpec) -> list[StartEvent]:
    return [e for e in spec.task_specs.values() if isinstance(e, StartEvent) and e.event.kind == "timer"]


def _moment(command: Work, start: StartEvent) -> tuple[datetime, int, str]:
    if start.event.time is None:
        raise AssertionError("a timer without a time is refused before")
    return first_due(start.event, start.event.time.evaluate({}, command._functions()), command.now)


def _had(command: Work, definition: Definition, element_id: str, due: datetime) -> bool:
    """Whether a version was to begin a case at an element at just this moment."""
    for start in _timers(command._compiled(definition.id)):
        if start.name == element_id and start.event.timer == "date":
            return _moment(command, start)[0] == due
    return False


def _cancel(command: Work, versions: Sequence[Definition]) -> None:
    keys = [_key(definition) for definition in versions]
    jobs = command.session.scalars(select(Job.id).where(Job.kind == "start", Job.idempotency_key.in_(keys))).all()
    if jobs:
        incidents = update(Incident).where(Incident.job_id.in_(jobs), Incident.resolved_at.is_(None))
        command.session.execute(incidents.values(resolved_at=command.now))
        command.session.execute(delete(Job).where(Job.id.in_(jobs)))


def _key(definition: Definition) -> str:
    return f"start:{definition.id}"
