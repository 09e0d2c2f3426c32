"""What an operator does with a job: try it again, correct what it is given, or do without it for a reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select, update

from engine import start_timers, values
from engine.elements import Token
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.projection import look
from engine.services import ServiceError
from engine.tables import Incident, Instance, Job
from engine.transactions import after_commit
from engine.work import Work, accepted
from engine.workflow import Case

LONGEST_REASON = 500

log = structlog.get_logger("jigai.jobs")


class JobCommands(Work):
    """Deciding about jobs by hand. Each raises CommandRefused where the job is gone or in another state."""

    def retry_job(self, job_id: str, arguments: Mapping[str, Any] | None = None) -> Job:
        """Give a job that has failed for good its attempts again, with some of its service's arguments replaced.

        The arguments must be ones that the service's parameters accept.
        """
        job, instance = self._locked_job(job_id)
        if job.state != "failed":
            raise CommandRefused("job_not_failed", "这项后台工作没有失败，或者已经处理。")
        details: dict[str, Any] = {"job": job.id}
        if arguments is not None:
            details["arguments"] = self._correct(job, accepted(arguments))
        job.state, job.attempts, job.due_at = "due", 0, self.now
        self._close_incidents(job)
        self.session.flush()
        if instance is not None and job.token is not None:
            case = self.restore(instance)
            before = look(case)
            token = case.tokens[job.token]
            if arguments is not None:
                token.internal_data["waits"]["arguments"] = values.from_json(job.payload["arguments"])
            _go_on_waiting(token)
            self._note(case, "retried", details, job.element_id)
            self._save(instance, case, before)
        else:
            self._leave_line(instance, "retried", job, details)
        after_commit(self.session, partial(self.engine.publish, [job.id]))
        return job

    def skip_job(self, job_id: str, reason: str, result: Any = None) -> Job:
        """Do without a job; the reason stands in the history. Answers with the job as it was.

        A service task is completed with `result`, a timer fires at once, a timer start waits for its next moment, and
        what was to be delivered or done aside is dropped.
        """
        reason = reason.strip()
        if not reason or len(reason) > LONGEST_REASON:
            message = Phrase("请写明跳过的原因（不超过 {longest} 个字）。", longest=LONGEST_REASON)
            raise CommandRefused("reason_missing", message, status=422)
        job, instance = self._locked_job(job_id)
        if result is not None and job.kind != "service":
            raise CommandRefused("result_unwanted", "只有服务任务可以填写结果。", status=422)
        given = accepted({"result": result})["result"]
        details = {"job": job.id, "reason": reason} | ({"result": values.to_json(given)} if result is not None else {})
        self._close_incidents(job)
        self.session.flush()
        self.session.expunge(job)
        job.state = "skipped"
        if instance is not None and job.token is not None:
            case = self.restore(instance)
            before = look(case)
            self._note(case, "skipped", details, job.element_id)
            self._do_without(case, case.tokens[job.token], given)
            self._save(instance, case, before)
            return job
        row = self.session.get_one(Job, job.id)
        if job.kind == "start":
            start_timers.go_on(self, row)
        else:
            self.session.delete(row)
        self._leave_line(instance, "skipped", job, details)
        return job

    def _do_without(self, case: Case, token: Token, result: Any) -> None:
        if token.internal_data["waits"]["kind"] == "timer":
            case.fire(token, None)
        else:
            _go_on_waiting(token)
            case.attempt(token, token.task_spec.finish, token, result)
        case.do_engine_steps()

    def _locked_job(self, job_id: str) -> tuple[Job, Instance | None]:
        """A job with its case, if it has one, the case locked first as every command does."""
        instance_id = self.session.scalar(select(Job.instance_id).where(Job.id == job_id))
        instance = self._lock(instance_id) if instance_id is not None else None
        query = select(Job).where(Job.id == job_id).with_for_update()
        job = self.session.scalar(query.execution_options(populate_existing=True))
        if job is None:
            raise CommandRefused("job_unknown", "没有这项后台工作，或者它已经完成。", status=404)
        return job, instance

    def _correct(self, job: Job, arguments: dict[str, Any]) -> dict[str, Any]:
        """Replace arguments of a service's job; what they were and are."""
        service = self.engine.services.get(job.payload.get("operator", ""))
        if service is None:
            raise CommandRefused("arguments_unwanted", "这项后台工作没有可以更正的参数。", status=422)
        before = job.payload["arguments"]
        after = values.from_json(before) | arguments
        try:
            service.bind(after)
        except ServiceError as error:
            raise CommandRefused("arguments_invalid", error.message, status=422, remedy="请更正参数。") from None
        job.payload = job.payload | {"arguments": values.to_json(after)}
        return {"before": before, "after": job.payload["arguments"]}

    def _close_incidents(self, job: Job) -> None:
        self.session.execute(
            update(Incident)
            .where(Incident.job_id == job.id, Incident.resolved_at.is_(None))
            .values(resolved_at=self.now)
            .execution_options(synchronize_session=False)
        )

    def _leave_line(self, instance: Instance | None, action: str, job: Job, details: dict[str, Any]) -> None:
        """A job that no token waits for: its case has a line; where there is no case, the log."""
        if instance is not None:
            self._history(instance, action, job.element_id or "", details)
        else:
            log.warning("by hand", action=action, kind=job.kind, element=job.element_id, actor=self.actor, **details)


def _go_on_waiting(token: Token) -> None:
    """Take back that a token's job has failed."""
    incident = token.internal_data.pop("incident", None)
    if incident is not None:
        token._set_state(incident["state"])
