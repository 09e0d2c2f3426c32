"""Suspending a case and resuming it: meanwhile it stands still, and what reaches it is kept.

Nobody claims or completes its tasks, and its timers and jobs are held: `engine.jobs` asks before it takes one. Messages
and signals for it, and what an attempt under way brings, become `parked` rows of the job table. After it is resumed
the sweeper takes what was held in the order of its time, timers that fell due among it.
"""

from typing import Any

from sqlalchemy import select, update

from engine import values
from engine.deliveries import Deliveries
from engine.errors import BpmnError, CommandRefused, EngineError
from engine.gateways import Join
from engine.projection import Open, look
from engine.tables import Instance, Job
from engine.workflow import Case


class Suspension(Deliveries):
    """Letting a case stand still for a while."""

    def suspend(self, instance_id: str, reason: str = "") -> Instance:
        """Let a case stand still until it is resumed."""
        instance, case = self._open_case(instance_id)
        before = look(case)
        self.rows.change(instance, status="suspended")
        self._note(case, "suspended", {"reason": reason} if reason else None)
        self._save(instance, case, before)
        return instance

    def resume(self, instance_id: str, reason: str = "") -> Instance:
        """Let a suspended case go on. What fell due or came meanwhile happens next, in the order of its time."""
        instance, case = self._open_case(instance_id, even_suspended=True)
        if not instance.suspended:
            raise CommandRefused("instance_not_suspended", "这个案件没有挂起，不需要恢复。")
        before = look(case)
        self.rows.change(instance, status="running")
        self._note(case, "resumed", {"reason": reason} if reason else None)
        self._let_go(instance)
        go_on(case)
        promised = select(Job.token).where(Job.instance_id == instance.id, Job.kind == "parked")
        self._take_kept_messages(case, Open(subscriptions=frozenset(self.session.scalars(promised))))
        self._save(instance, case, before)
        return instance

    def take_up(self, job: Job) -> None:
        """Something that came while a case was suspended reaches it now."""
        parked: dict[str, Any] = job.payload
        instance_id, token_id = job.instance_id or "", job.token or 0
        self.session.delete(job)
        self.session.flush()
        if parked["kind"] == "result":
            self.service_done(job, values.from_json(parked["result"]))
        elif parked["kind"] == "error":
            self.service_failed(job, _error(parked))
        elif parked["kind"] == "signal":
            tokens = self._waiting_for_signal(instance_id, parked["name"])
            if self._fire(instance_id, tokens, values.from_json(parked["payload"]), parked) is None:
                self._unheard(instance_id, job.element_id, {"signal": parked["name"]})
        elif self._fire(instance_id, [token_id], values.from_json(parked["payload"]), parked) is None:
            # Whatever came first took the case elsewhere: then the message is for whoever else waits for it.
            self.add_job("message", parked, instance_id=instance_id, key=f"{job.id}:again", element_id=job.element_id)

    def _let_go(self, instance: Instance) -> None:
        """Give the case's held jobs back to the sweeper. No hints: they are to happen in the order of their time."""
        held = update(Job).where(Job.instance_id == instance.id, Job.state == "held").values(state="due")
        self.session.execute(held.execution_options(synchronize_session=False))


def go_on(case: Case) -> None:
    """Step a case whose diagram may have changed under it: a join may have enough now."""
    for token in [token for token in case.tokens.values() if "arrived" in token.internal_data]:
        if isinstance(token.task_spec, Join):
            case.attempt(token, token.task_spec.reconsider, token)
    case.do_engine_steps()


def _error(parked: dict[str, Any]) -> EngineError:
    if parked["thrown"]:
        return BpmnError(parked["code"], parked["message"])
    error = EngineError(parked["message"])
    error.code = parked["code"]
    return error
