"""What is open of a case, as rows that can be listed, found and carried out: tasks, jobs, subscriptions, incidents.

The state is the truth of a case; these rows follow it, in the same transaction. Only differences are written: a token
that came and went within one command leaves no row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import values
from engine.activities import UserTask
from engine.assignment import AssignmentPolicy
from engine.elements import Token
from engine.rows import Rows
from engine.services import Registry
from engine.tables import Incident, Instance, Job, Subscription, Task, new_id
from engine.workflow import Case

TIMER_ATTEMPTS = 5
"""How often a timer's firing may stumble over something unforeseen before people must look at it."""


@dataclass(frozen=True)
class Open:
    """The open tokens of a case by what kind of row they have: tasks and timers with the moment they are due, incidents
    with what they say.
    """

    tasks: dict[int, datetime | None] = field(default_factory=dict)
    timers: dict[int, datetime] = field(default_factory=dict)
    services: frozenset[int] = frozenset()
    subscriptions: frozenset[int] = frozenset()
    incidents: dict[int, str] = field(default_factory=dict)

    def without_task(self, token: int) -> "Open":
        """The same without a task whose row the command itself closes."""
        return replace(self, tasks={other: due for other, due in self.tasks.items() if other != token})


def look(case: Case) -> Open:
    """What is open now."""
    services, subscriptions = set(), set()
    tasks: dict[int, datetime | None] = {}
    incidents: dict[int, str] = {}
    timers: dict[int, datetime] = {}
    for token in case.tokens.values():
        waits = token.internal_data.get("waits")
        if "incident" in token.internal_data:
            incidents[token.id] = token.internal_data["incident"]["message"]
            if waits is not None and waits["kind"] == "service":
                services.add(token.id)
        elif waits is None:
            if token.state == TaskState.READY and isinstance(token.task_spec, UserTask):
                tasks[token.id] = token.internal_data.get("due")
        elif waits["kind"] == "timer":
            timers[token.id] = waits["due"]
        elif waits["kind"] == "service":
            services.add(token.id)
        elif waits["kind"] in ("message", "signal"):
            subscriptions.add(token.id)
    return Open(tasks, timers, frozenset(services), frozenset(subscriptions), incidents)


class Projection:
    """Writes the rows of one case for one command."""

    def __init__(
        self,
        session: Session,
        rows: Rows,
        case: Case,
        instance: Instance,
        policy: AssignmentPolicy,
        registry: Registry,
        now: datetime,
    ) -> None:
        self.session = session
        self.rows = rows
        self.case = case
        self.instance = instance
        self.policy = policy
        self.registry = registry
        self.now = now
        self.new_tasks: list[dict[str, Any]] = []
        self.new_jobs: list[str] = []
        self.earliest: datetime | None = None
        """When the first of the timers that the command set will be due."""

    def write(self, before: Open, after: Open) -> None:
        """Bring the rows from what was open before the command to what is open after it."""
        self._tasks(before.tasks, after.tasks)
        self._jobs(before, after)
        self._subscriptions(before.subscriptions, after.subscriptions)
        self._incidents(before.incidents, after.incidents)

    def renew(self) -> None:
        """Let the rows of what is open say what its elements say now, after its tokens were put on other elements."""
        of_case = self.instance.id
        for task in self.session.scalars(select(Task).where(Task.instance_id == of_case, Task.state == "open")):
            row = self._task(self.case.tokens[task.token])
            if task.candidate_group != row["candidate_group"] and task.assignee is not None:
                group = row["candidate_group"]
                if group is not None and group not in self.policy.groups_of(self.session, task.assignee):
                    task.assignee = task.claimed_at = task.handed_by = task.handed_reason = None
            for name in ("definition_id", "element_id", "name", "role", "candidate_group", "due_at"):
                setattr(task, name, row[name])
        for subscription in self.session.scalars(select(Subscription).where(Subscription.instance_id == of_case)):
            token = self.case.tokens.get(subscription.token)
            if token is not None:
                for name, value in self._subscription(token).items():
                    setattr(subscription, name, value)
        unresolved = select(Incident).where(Incident.instance_id == of_case, Incident.resolved_at.is_(None))
        jobs = select(Job).where(Job.instance_id == of_case)
        rows: list[Job | Incident] = [*self.session.scalars(jobs), *self.session.scalars(unresolved)]
        for placed in rows:
            token = self.case.tokens.get(placed.token or 0)
            if token is not None:
                placed.element_id = token.task_spec.name
        self.session.flush()

    def _tasks(self, before: Mapping[int, datetime | None], after: Mapping[int, datetime | None]) -> None:
        gone = before.keys() - after.keys()
        for token in gone & self.case.done_by.keys():
            if isinstance(who := self.case.done_by[token], str):
                self._done(token, who)
        if gone:
            self.session.execute(
                update(Task)
                .where(Task.instance_id == self.instance.id, Task.token.in_(gone), Task.state == "open")
                .values(state="cancelled", ended_at=self.now)
                .execution_options(synchronize_session=False)
            )
        for token, due in after.items():
            if token in before and before[token] != due:
                self.session.execute(
                    update(Task)
                    .where(Task.instance_id == self.instance.id, Task.token == token, Task.state == "open")
                    .values(due_at=due)
                    .execution_options(synchronize_session=False)
                )
        self.new_tasks = [self._task(self.case.tokens[token]) for token in sorted(after.keys() - before.keys())]
        self.rows.add(Task, self.new_tasks)

    def _done(self, token: int, actor: str) -> None:
        """A task that was interrupted since somebody has done elsewhere what it asks for."""
        of_token = (Task.instance_id == self.instance.id, Task.token == token, Task.state == "open")
        self.session.execute(
            update(Task)
            .where(*of_token)
            .values(state="done", ended_at=self.now, completed_by=actor)
            .execution_options(synchronize_session=False)
        )

    def _task(self, token: Token) -> dict[str, Any]:
        element: UserTask = token.task_spec
        role = element.node.lane
        group = self.policy.group_for(self.session, role, self.case.layer.values) if role else None
        return {
            "id": new_id(),
            "instance_id": self.instance.id,
            "definition_id": element.process.process.definition_id,
            "token": token.id,
            "element_id": element.name,
            "name": token.internal_data.get("name", element.node.name),
            "role": role,
            "candidate_group": group,
            "assignee": self._performer(element.node.performer_of or element.name, group),
            "state": "open",
            "created_at": self.now,
            "due_at": token.internal_data.get("due"),
        }

    def _performer(self, element_id: str, group: str | None) -> str | None:
        """Rework returns to whoever did the element before, while that person can still take it."""
        actor = self.case.performers.get(element_id)
        if actor is None:
            return None
        if group is None:
            return actor if self.policy.is_active(self.session, actor) else None
        # Who is not active is in no group.
        return actor if group in self.policy.groups_of(self.session, actor) else None

    def _jobs(self, before: Open, after: Open) -> None:
        had = before.timers.keys() | before.services
        gone = had - (after.timers.keys() | after.services)
        if gone:
            self.rows.remove(Job, self.instance.id, gone)
        new: list[dict[str, Any]] = []
        self.earliest = min(
            (due for token_id, due in after.timers.items() if before.timers.get(token_id) != due), default=None
        )
        for token_id, due in after.timers.items():
            if token_id not in before.timers:
                new.append(self._job(token_id, "timer", due, {}, TIMER_ATTEMPTS))
            elif before.timers[token_id] != due:
                self.session.execute(
                    update(Job)
                    .where(Job.instance_id == self.instance.id, Job.token == token_id)
                    .values(due_at=due)
                    .execution_options(synchronize_session=False)
                )
        for token_id in sorted(after.services - before.services):
            waits = self.case.tokens[token_id].internal_data["waits"]
            payload = {"operator": waits["operator"], "arguments": values.to_json(waits["arguments"])}
            new.append(self._job(token_id, "service", self.now, payload, self._attempts(token_id, waits["operator"])))
        self.rows.add(Job, new)
        self.new_jobs.extend(row["id"] for row in new if row["due_at"] <= self.now)

    def _job(self, token_id: int, kind: str, due: datetime, payload: dict[str, Any], attempts: int) -> dict[str, Any]:
        return {
            "id": new_id(),
            "instance_id": self.instance.id,
            "token": token_id,
            "kind": kind,
            "element_id": self.case.tokens[token_id].task_spec.name,
            "payload": payload,
            "idempotency_key": f"{self.instance.id}:{token_id}",
            "state": "due",
            "due_at": due,
            "rank": token_id,
            "attempts": 0,
            "max_attempts": attempts,
        }

    def _attempts(self, token_id: int, operator: str) -> int:
        call = self.case.tokens[token_id].task_spec.node.service
        if call is not None and call.attempts is not None:
            return int(call.attempts)
        service = self.registry.get(operator)
        return service.attempts if service is not None else 1

    def _subscriptions(self, before: frozenset[int], after: frozenset[int]) -> None:
        if gone := before - after:
            self.rows.remove(Subscription, self.instance.id, gone)
        new = [
            {"instance_id": self.instance.id, "token": token_id, "created_at": self.now}
            | self._subscription(self.case.tokens[token_id])
            for token_id in sorted(after - before)
        ]
        self.rows.add(Subscription, new)

    def _subscription(self, token: Token) -> dict[str, Any]:
        """What a token waits for, as its row says it."""
        waits = token.internal_data["waits"]
        return {
            "definition_id": token.workflow.spec.process.definition_id,
            "element_id": token.task_spec.name,
            "kind": waits["kind"],
            "name": waits["name"],
            "correlation": waits.get("key"),
        }

    def _incidents(self, before: dict[int, str], after: dict[int, str]) -> None:
        if gone := {token_id for token_id, said in before.items() if after.get(token_id) != said}:
            self.session.execute(
                update(Incident)
                .where(
                    Incident.instance_id == self.instance.id, Incident.token.in_(gone), Incident.resolved_at.is_(None)
                )
                .values(resolved_at=self.now)
                .execution_options(synchronize_session=False)
            )
        new = []
        for token_id in sorted(token_id for token_id, said in after.items() if before.get(token_id) != said):
            token = self.case.tokens[token_id]
            incident = token.internal_data["incident"]
            new.append(
                {
                    "instance_id": self.instance.id,
                    "token": token_id,
                    "element_id": token.task_spec.name,
                    "code": incident["code"],
                    "message": incident["message"],
                    "created_at": self.now,
                }
            )
        self.rows.add(Incident, new)
