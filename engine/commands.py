"""The commands of the engine: each locks one case, applies, steps, writes everything, in the transaction around it.

    with engine.command(session, actor="gx10") as command:
        command.complete(task_id, data={"decision": "accept"}, opinion="同意受理")

The `with` block is the transaction: it commits once at its end, or nothing of it happened (design §3.1).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta, timezone
from functools import partial
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from engine import messages, state, values, verbs
from engine.assignment import AssignmentPolicy, Everyone
from engine.clock import Clock
from engine.deployments import Deployments, Source, newest
from engine.elements import Element, ProcessSpec, Token
from engine.errors import BusinessRefusal, CommandRefused, EngineError, ValueRefused
from engine.events import received
from engine.messages import Offer
from engine.projection import Open, Projection, look
from engine.services import Registry
from engine.tables import Definition, History, Instance, Job, StartSubscription, Subscription, Task, new_id
from engine.transactions import after_commit, transaction
from engine.verbs import Objection, Verb
from engine.workflow import Case, Line, Sent
from engine.world import World

LONGEST_BUSINESS_KEY = 200

CHINA = timezone(timedelta(hours=8))
"""Guangdong's time: what `today()` means in a diagram."""

# Lines differ in which of their columns are None; `render_nulls` sends them all in one statement.
_NEW_LINES = insert(History).execution_options(render_nulls=True)


class Stuck(EngineError):
    """A case that is neither ended nor waiting for anything."""

    code = "stuck"


class Engine:
    """One installation: its service tasks, its policy, its clock, its compiled deployments.

    `publish` is told the ids of jobs that fell due in a committed command; it is a hint, the job table is the truth.
    """

    def __init__(
        self,
        *,
        services: Registry | None = None,
        policy: AssignmentPolicy | None = None,
        clock: Clock | None = None,
        publish: Callable[[list[str]], None] | None = None,
    ) -> None:
        self.services = services or Registry()
        self.policy = policy or Everyone()
        self.clock = clock or Clock()
        self.publish = publish or (lambda job_ids: None)
        self.deployments = Deployments(lambda operator: self.services.get(operator) is not None)

    @contextmanager
    def command(self, session: Session, *, actor: str | None = None, attended: bool = True) -> "Iterator[Command]":
        """A transaction in which commands are given on behalf of `actor` (None: the system).

        Where nobody attends, as when a job is carried out, a service's refusal is an incident: nobody could be told.
        """
        with transaction(session):
            yield Command(self, session, actor, attended=attended)


class Command:
    """What can be done to cases inside one transaction."""

    def __init__(self, engine: Engine, session: Session, actor: str | None, *, attended: bool = True) -> None:
        self.engine = engine
        self.session = session
        self.actor = actor
        self.attended = attended
        self.now = engine.clock.now()

    # Deploying

    def deploy(self, sources: list[Source]) -> list[Definition]:
        """Deploy a set of files. Raises DeploymentRefused with every problem."""
        return self.engine.deployments.deploy(self.session, sources, self.now, self.actor)

    # Cases

    def start(
        self,
        process_id: str,
        *,
        data: Mapping[str, Any] | None = None,
        business_key: str | None = None,
        version: int | None = None,
    ) -> Instance:
        """Start a case of the newest version of a process, or of the one named."""
        definition = newest(self.session, process_id, version)
        if definition is None:
            which = process_id if version is None else f"{process_id} 的版本 {version}"
            raise CommandRefused("definition_unknown", f"没有流程 {which}。", status=404, remedy="请先部署它。")
        spec = self.engine.deployments.compiled(self.session, definition.id)
        if not spec.entries:
            raise CommandRefused("no_plain_start", f"流程「{definition.name}」只能由消息或信号启动。")
        return self._begin(definition, spec, spec.entries, _accepted(data), business_key)

    def cancel(self, instance_id: str, reason: str = "") -> Instance:
        """End a case at once; whatever is open in it is cancelled."""
        instance, case = self._open_case(instance_id)
        before = look(case)
        case.cancel_tokens()
        case.do_engine_steps()
        self._note(case, "cancelled", {"reason": reason} if reason else None)
        self._save(instance, case, before, ended_as="cancelled")
        return instance

    def retry(self, instance_id: str, data: Mapping[str, Any] | None = None) -> Instance:
        """Try every open incident of a case again, after correcting its variables with `data`."""
        corrected = _accepted(data)
        instance, case = self._open_case(instance_id)
        failed = [token for token in case.tokens.values() if "incident" in token.internal_data]
        jobs = [token.id for token in failed if token.internal_data.get("waits", {}).get("kind") == "service"]
        if jobs:
            self.session.execute(delete(Job).where(Job.instance_id == instance.id, Job.token.in_(jobs)))
            for token_id in jobs:
                del case.tokens[token_id].internal_data["waits"]
        before = look(case)
        case.write_root(corrected)
        self._note(case, "retried", {"data": values.to_json(corrected)} if corrected else None)
        for token in failed:
            if token.is_open:
                case.retry(token)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance

    # Tasks

    def claim(self, task_id: str) -> Task:
        """Take a task that nobody has."""
        task, instance = self._open_task(task_id)
        if self._may(verbs.CLAIM, task):
            task.assignee, task.claimed_at = self.actor, self.now
            self._history(instance, "claimed", task.element_id)
        return task

    def release(self, task_id: str) -> Task:
        """Put back a task one has taken."""
        task, instance = self._open_task(task_id)
        self._may(verbs.RELEASE, task)
        task.assignee = task.claimed_at = None
        self._history(instance, "released", task.element_id)
        return task

    def complete(self, task_id: str, *, data: Mapping[str, Any] | None = None, opinion: str | None = None) -> Instance:
        """Complete a task one has taken, or that nobody has. Raises BusinessRefusal where its form is not met."""
        task, instance = self._open_task(task_id)
        self._may(verbs.COMPLETE, task)
        given = _accepted(data)
        if opinion is not None:
            given["opinion"] = opinion
        case = self.restore(instance)
        token = case.tokens[task.token]
        element: Element = token.task_spec
        self._check_form(element, given)
        before = look(case).without_task(task.token)
        if self.actor is not None:
            case.performers[task.element_id] = self.actor
        task.state, task.ended_at, task.completed_by = "done", self.now, self.actor
        task.assignee = task.assignee or self.actor
        task.result = values.to_json(given)
        self.session.flush()
        case.complete_task(token, given)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance

    # Messages and signals

    def message(
        self,
        name: str,
        *,
        correlation: Mapping[str, Any] | None = None,
        payload: Mapping[str, Any] | None = None,
        ttl: timedelta | None = None,
    ) -> list[Instance]:
        """Give a message to the case that waits for it, or start one by it.

        Exactly one receiver. Where nobody waits it is kept for `ttl`, or refused when there is none.
        """
        offer = Offer(name, _accepted(correlation), _accepted(payload))
        receiver = self._correlate(offer)
        if receiver is None and ttl is not None:
            messages.hold(self.session, name)
            receiver = self._correlate(offer)
        if receiver is not None:
            return [receiver]
        if ttl is None:
            raise CommandRefused(
                "message_unheard", f"没有案件在等待消息「{name}」。", remedy="请核对消息名称和关联值，或给出保留时间。"
            )
        messages.keep(self.session, offer, self.now, ttl)
        return []

    def signal(self, name: str, *, payload: Mapping[str, Any] | None = None, but: str | None = None) -> list[Instance]:
        """Give a signal to every case that waits for it (except `but`, who threw it), and start those it starts."""
        waiting = self.session.execute(
            select(Subscription.instance_id, Subscription.token)
            .where(Subscription.kind == "signal", Subscription.name == name)
            .order_by(Subscription.instance_id, Subscription.token)
        ).all()
        given = _accepted(payload)
        tokens: dict[str, list[int]] = {}
        for instance_id, token in waiting:
            if instance_id != but:
                tokens.setdefault(instance_id, []).append(token)
        receivers = [self._fire(instance_id, fired, given) for instance_id, fired in tokens.items()]
        receivers += [self._begin_at(*start, {}, given, None) for start in self._starts("signal", name)]
        return [instance for instance in receivers if instance is not None]

    def _correlate(self, offer: Offer) -> Instance | None:
        """The case that took a message, or that it started."""
        waiting = messages.receivers(self.session, offer, self._compiled, self._functions())
        for instance_id, token in waiting:
            if (receiver := self._fire(instance_id, [token], offer.payload)) is not None:
                return receiver
        for start in self._starts("message", offer.name):
            return self._begin_at(*start, offer.correlation, offer.payload, offer.business_key)
        return None

    def _fire(self, instance_id: str, tokens: list[int], payload: Any) -> Instance | None:
        """Let happen what some tokens of a case wait for. None where they wait no more: another command came first."""
        instance = self._lock(instance_id)
        if instance is None or instance.ended_at is not None:
            return None
        case = self.restore(instance)
        waiting = [case.tokens[id] for id in tokens if id in case.tokens and "waits" in case.tokens[id].internal_data]
        if not waiting:
            return None
        before = look(case)
        for token in waiting:
            case.fire(token, payload)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance

    def _starts(self, kind: str, name: str) -> list[tuple[Definition, str]]:
        """The processes, and the start events in them, that wait for a message or signal."""
        rows = self.session.execute(
            select(Definition, StartSubscription.element_id)
            .join(Definition, Definition.id == StartSubscription.definition_id)
            .where(StartSubscription.kind == kind, StartSubscription.name == name)
            .order_by(Definition.key, StartSubscription.element_id)
        )
        return [(definition, element_id) for definition, element_id in rows]

    def _begin_at(
        self, definition: Definition, start: str, correlation: Mapping[str, Any], payload: Any, business_key: str | None
    ) -> Instance:
        """Begin a case at a start event with what came with its trigger."""
        spec = self._compiled(definition.id)
        data = {**correlation, **received(spec.events[start], payload)}
        return self._begin(definition, spec, [spec.element(start)], data, business_key)

    def _compiled(self, definition_id: int) -> ProcessSpec:
        return self.engine.deployments.compiled(self.session, definition_id)

    # Jobs

    def fire_timer(self, job: Job) -> None:
        """A timer's moment has come."""
        if self._fire(job.instance_id or "", [job.token or 0], None) is None:
            self.session.delete(job)

    def service_done(self, job: Job, result: Any) -> None:
        """An asynchronous service task has its result."""
        instance, case = self._open_case(job.instance_id or "")
        before = look(case)
        token = case.tokens[job.token or 0]
        case.attempt(token, token.task_spec.finish, token, result)
        case.do_engine_steps()
        self._save(instance, case, before)

    def service_failed(self, job: Job, error: EngineError) -> None:
        """An asynchronous service task threw a BPMN error, or has used up its attempts."""
        instance, case = self._open_case(job.instance_id or "")
        before = look(case)
        token = case.tokens[job.token or 0]
        case.attempt(token, token.task_spec.give_up, token, error)
        case.do_engine_steps()
        self._save(instance, case, before)

    def deliver(self, job: Job) -> None:
        """Something that one case threw reaches the others. A message nobody takes leaves a line with its sender."""
        name, payload = job.payload["name"], values.from_json(job.payload["payload"])
        if job.kind == "signal":
            self.signal(name, payload=payload if isinstance(payload, dict) else None, but=job.instance_id)
        elif self._correlate(Offer(name, payload=payload, key=values.from_json(job.payload["key"]))) is None:
            sender = self._lock(job.instance_id or "")
            if sender is not None:
                self._history(sender, "unheard", job.element_id or "", {"message": name})

    # Inside

    def _begin(
        self,
        definition: Definition,
        spec: ProcessSpec,
        entries: list[Element],
        data: Mapping[str, Any],
        business_key: str | None,
    ) -> Instance:
        if business_key is not None and len(business_key) > LONGEST_BUSINESS_KEY:
            raise CommandRefused("business_key_too_long", f"业务编号超过 {LONGEST_BUSINESS_KEY} 个字符。", status=422)
        instance = Instance(
            id=new_id(),
            definition_id=definition.id,
            business_key=business_key,
            status="running",
            revision=0,
            state=b"",
            started_at=self.now,
            started_by=self.actor,
        )
        self.session.add(instance)
        self.session.flush()
        case = Case(spec, World(self, instance), now=self.now, business_key=business_key, functions=self._functions())
        case.write_root(data)
        self._note(case, "started")
        case.start_at(entries)
        case.do_engine_steps()
        self._save(instance, case, Open())
        return instance

    def _lock(self, instance_id: str) -> Instance | None:
        """A case's row as it is now, held until the transaction ends."""
        query = select(Instance).where(Instance.id == instance_id).with_for_update()
        return self.session.scalar(query.execution_options(populate_existing=True))

    def _open_case(self, instance_id: str) -> tuple[Instance, Case]:
        instance = self._lock(instance_id)
        if instance is None:
            raise CommandRefused("instance_unknown", f"没有案件 {instance_id}。", status=404)
        if instance.status in ("completed", "cancelled"):
            raise CommandRefused("instance_ended", "这个案件已经结束。")
        return instance, self.restore(instance)

    def restore(self, instance: Instance) -> Case:
        deployments = self.engine.deployments
        return state.load(
            instance.state,
            deployments.compiled(self.session, instance.definition_id),
            World(self, instance),
            partial(deployments.compiled, self.session),
            now=self.now,
            business_key=instance.business_key,
            functions=self._functions(),
        )

    def _functions(self) -> dict[str, Callable[..., Any]]:
        return {"now": lambda: self.now, "today": lambda: self.now.astimezone(CHINA).date()}

    def _open_task(self, task_id: str) -> tuple[Task, Instance]:
        """A task with its case locked: whoever comes second sees what the first has done."""
        of_task = select(Task.instance_id).where(Task.id == task_id).scalar_subquery()
        query = select(Instance).where(Instance.id == of_task).with_for_update()
        instance = self.session.scalar(query.execution_options(populate_existing=True))
        if instance is None:
            raise CommandRefused("task_unknown", "没有这件任务。", status=404)
        # Only now, with the case held: a row read in the statement that waited could be as it was before the wait.
        task = self.session.get_one(Task, task_id, populate_existing=True)
        if task.state == "done":
            who = self.engine.policy.display(self.session, task.completed_by) if task.completed_by else "他人"
            when = task.ended_at.astimezone(CHINA).strftime("%m-%d %H:%M") if task.ended_at else ""
            raise CommandRefused(
                "task_done", f"「{task.name}」已由{who}于 {when} 办理。", details={"by": task.completed_by}
            )
        if task.state != "open":
            raise CommandRefused("task_cancelled", f"「{task.name}」已取消，不再需要办理。")
        return task, instance

    def _may(self, verb: Verb, task: Task) -> bool:
        """Whether the verb has something to do. Raises CommandRefused where who gives the command may not use it."""
        if self.actor is None:
            return True
        policy = self.engine.policy
        if isinstance(policy, Everyone):
            groups = frozenset((task.candidate_group or "",))
        else:
            groups = policy.groups_of(self.session, self.actor)
        objection = verb.objection(task, self.actor, groups)
        if objection is Objection.FORBIDDEN:
            raise CommandRefused("task_forbidden", "你没有办理这件任务的权限。", status=403)
        if objection is Objection.NOT_YOURS:
            raise CommandRefused("task_not_yours", f"这件任务不在你手里，不能{verb.title}。", status=403)
        if objection is Objection.TAKEN:
            who = policy.display(self.session, task.assignee or "")
            details = {"assignee": task.assignee}
            raise CommandRefused("task_taken", f"「{task.name}」已由{who}认领。", details=details)
        return objection is None

    def _check_form(self, element: Element, given: dict[str, Any]) -> None:
        name = element.node.form
        if name is None:
            return
        errors = element.process.process.deployment.forms[name].check(values.to_json(given))
        if errors:
            raise BusinessRefusal(errors, code="form_invalid", message="填写的内容不完整或格式不正确。")

    def _save(self, instance: Instance, case: Case, before: Open, ended_as: str = "completed") -> None:
        self._take_kept_messages(case, before)
        if case.is_stuck():
            for token in [t for t in case.tokens.values() if "arrived" in t.internal_data] or list(
                case.tokens.values()
            ):
                case.fail(token, Stuck("案件既没有结束，也没有在等待任何事情：不会再有令牌到达这里。"))
        projection = Projection(self.session, case, instance, self.engine.policy, self.engine.services, self.now)
        after = projection.write(before)
        self._write_history(instance, case)
        instance.state = state.dump(case)
        instance.revision += 1
        if case.completed:
            instance.status, instance.ended_at = ended_as, self.now
        else:
            jobs_running = after.services - after.incidents.keys()
            waits = (after.tasks, after.timers, jobs_running, after.subscriptions, case.conditionals)
            instance.status = "running" if any(waits) or not after.incidents else "failed"
        jobs = projection.new_jobs + [self._send(instance, sent) for sent in case.unheard]
        self.session.flush()
        if jobs:
            after_commit(self.session, partial(self.engine.publish, jobs))

    def _take_kept_messages(self, case: Case, before: Open) -> None:
        """A case that begins to wait for a message takes one that came too early."""
        seen = set(before.subscriptions)
        while waiting := [case.tokens[id] for id in sorted(look(case).subscriptions - seen)]:
            seen |= {token.id for token in waiting}
            waiting = [token for token in waiting if token.internal_data["waits"]["kind"] == "message"]
            names = {token.internal_data["waits"]["name"] for token in waiting}
            for message, offer in messages.kept(self.session, names, self.now) if names else ():
                taker = next((token for token in waiting if token.is_open and self._takes(case, token, offer)), None)
                if taker is not None:
                    self.session.delete(message)
                    case.fire(taker, offer.payload)
            case.do_engine_steps()

    def _takes(self, case: Case, token: Token, offer: Offer) -> bool:
        waits = token.internal_data.get("waits")
        if waits is None or waits["name"] != offer.name:
            return False
        return offer.fits(token.task_spec.event, waits["key"], case.constants["business_key"], case.functions)

    def _send(self, instance: Instance, sent: Sent) -> str:
        """What no event of the case took is offered to the others by a job, which locks them one at a time."""
        payload = {"name": sent.name, "payload": values.to_json(sent.payload), "key": values.to_json(sent.key)}
        key = f"{instance.id}:{sent.kind}:{new_id()}"
        return self.add_job(sent.kind, payload, instance_id=instance.id, key=key, element_id=sent.element_id)

    def add_job(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        instance_id: str | None,
        key: str,
        attempts: int = 5,
        element_id: str | None = None,
    ) -> str:
        """Write a job without a token; it is due at once."""
        job_id = new_id()
        row = {"id": job_id, "instance_id": instance_id, "kind": kind, "payload": payload, "idempotency_key": key}
        row["element_id"] = element_id
        self.session.execute(
            insert(Job), [row | {"state": "due", "due_at": self.now, "attempts": 0, "max_attempts": attempts}]
        )
        return job_id

    # History

    def _note(
        self, case: Case, action: str, details: dict[str, Any] | None = None, element_id: str | None = None
    ) -> None:
        case.lines.append(Line(action, element_id, None, details, True))

    def _write_history(self, instance: Instance, case: Case) -> None:
        rows = []
        for line in case.lines:
            case.history_length += 1
            rows.append(
                {
                    "instance_id": instance.id,
                    "seq": case.history_length,
                    "at": self.now,
                    "action": line.action,
                    "element_id": line.element_id,
                    "actor": self.actor if line.by_actor else None,
                    "details": line.details,
                }
            )
        case.lines.clear()
        if rows:
            self.session.execute(_NEW_LINES, rows)

    def _history(self, instance: Instance, action: str, element_id: str, details: dict[str, Any] | None = None) -> None:
        """Write a line about a case that does not move."""
        case = self.restore(instance)
        self._note(case, action, details, element_id)
        self._write_history(instance, case)
        instance.state = state.dump(case)
        instance.revision += 1
        self.session.flush()


def _accepted(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Data from outside, as variables can hold them; refused with the path of what they cannot."""
    try:
        return {name: values.copy(value, name) for name, value in (data or {}).items()}
    except ValueRefused as error:
        raise CommandRefused("value_refused", error.message, status=422, remedy="请更正这个值。") from None


__all__ = ["CHINA", "Command", "Engine"]
