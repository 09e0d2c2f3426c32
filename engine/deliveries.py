"""What reaches a case from outside: messages, signals, timers, results of jobs."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import delete, select

from engine import messages, values
from engine.errors import BpmnError, CommandRefused, EngineError, ValueRefused
from engine.events import received
from engine.messages import Offer
from engine.phrases import Phrase
from engine.projection import look
from engine.tables import Definition, Instance, Job, StartSubscription, Subscription
from engine.transactions import after_commit
from engine.work import Work, accepted

log = structlog.get_logger("jigai.engine")


MOST_HOPS = 100
"""How often one thing thrown may set off another, with nobody and no time in between."""


class ThrownInCircles(EngineError):
    """Messages or signals that set each other off without end."""

    code = "thrown_in_circles"

    def __init__(self, name: str) -> None:
        message = "消息和信号互相触发已超过 {most} 次，最后一个是「{name}」；流程可能在互相空转。"
        super().__init__(Phrase(message, most=MOST_HOPS, name=name))


class Deliveries(Work):
    """Giving a case what it waits for, or starting one by it."""

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
        offer = Offer(name, accepted(correlation), accepted(payload))
        receiver = self._correlate(offer)
        if receiver is None and ttl is not None:
            messages.hold(self.session, name)
            receiver = self._correlate(offer)
        if receiver is not None:
            return [receiver]
        if ttl is None:
            message = Phrase("没有案件在等待消息「{name}」。", name=name)
            raise CommandRefused("message_unheard", message, remedy="请核对消息名称和关联值，或给出保留时间。")
        messages.keep(self.session, offer, self.now, ttl)
        return []

    def signal(self, name: str, *, payload: Mapping[str, Any] | None = None) -> list[Instance]:
        """Give a signal to every case that waits for it, and start those it starts.

        Nobody's refusal keeps it from the others: it is an incident of the case whose service refused.
        """
        attended, self.attended = self.attended, False
        try:
            return self._broadcast(name, accepted(payload))
        finally:
            self.attended = attended

    def _broadcast(self, name: str, payload: Any, but: str | None = None) -> list[Instance]:
        """Give a signal to everybody but the case that threw it."""
        waiting = self.session.execute(
            select(Subscription.instance_id, Subscription.token)
            .where(Subscription.kind == "signal", Subscription.name == name)
            .order_by(Subscription.instance_id, Subscription.token)
        ).all()
        tokens: dict[str, list[int]] = {}
        for instance_id, token in waiting:
            if instance_id != but:
                tokens.setdefault(instance_id, []).append(token)
        parked = {"kind": "signal", "name": name, "payload": values.to_json(payload)}
        receivers = [self._fire(instance_id, fired, payload, parked) for instance_id, fired in tokens.items()]
        receivers += [self._begin_at(*start, {}, payload, None) for start in self._starts("signal", name)]
        return [instance for instance in receivers if instance is not None]

    def _correlate(self, offer: Offer) -> Instance | None:
        """The case that took a message, or that it started."""
        waiting = messages.receivers(self.session, offer, self._compiled, self._functions())
        for instance_id, token in waiting:
            if (receiver := self._fire(instance_id, [token], offer.payload, _parked(offer))) is not None:
                return receiver
        for definition, start in self._starts("message", offer.name):
            business_key = offer.business_key_for(self._compiled(definition.id).events[start], self._functions())
            return self._begin_at(definition, start, offer.correlation, offer.payload, business_key)
        return None

    def _fire(self, instance_id: str, tokens: list[int], payload: Any, parked: dict[str, Any]) -> Instance | None:
        """Let happen what some tokens of a case wait for. None where they wait no more: another command came first.

        A suspended case has it kept, as `parked` says it.
        """
        instance = self._lock(instance_id)
        if instance is None or instance.ended_at is not None:
            return None
        case = self.restore(instance)
        waiting = [case.tokens[id] for id in tokens if id in case.tokens and "waits" in case.tokens[id].internal_data]
        if not waiting:
            return None
        if instance.suspended:
            return instance if self._park(instance, waiting[0].id, waiting[0].task_spec.name, parked) else None
        before = look(case)
        for token in waiting:
            case.fire(token, payload)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance

    def _park(self, instance: Instance, token: int, element_id: str, parked: dict[str, Any]) -> bool:
        """Keep something for a suspended case. False where another message came first for the token.

        A message uses up its subscription, so that the next one of its name finds another receiver, or none.
        """
        if parked["kind"] == "message":
            used = delete(Subscription).where(Subscription.instance_id == instance.id, Subscription.token == token)
            if self.session.execute(used.returning(Subscription.token)).first() is None:
                return False
        key = f"{instance.id}:{token}:{parked['kind']}"
        self.add_job("parked", parked, instance_id=instance.id, key=key, element_id=element_id, token=token)
        return True

    def _waiting_for_signal(self, instance_id: str, name: str) -> list[int]:
        query = select(Subscription.token).where(
            Subscription.instance_id == instance_id, Subscription.kind == "signal", Subscription.name == name
        )
        return list(self.session.scalars(query.order_by(Subscription.token)))

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
        return self._begin(definition, spec, [spec.element(start)], data, business_key, happened=True)

    def fire_timer(self, job: Job) -> None:
        """A timer's moment has come."""
        if self._fire(job.instance_id or "", [job.token or 0], None, {"kind": "timer"}) is None:
            self.session.delete(job)

    def service_done(self, job: Job, result: Any) -> None:
        """An asynchronous service task has its result."""
        instance, case = self._open_case(job.instance_id or "", even_suspended=True)
        token = case.tokens[job.token or 0]
        if instance.suspended:
            self._park(instance, token.id, token.task_spec.name, _parked_result(result))
            return
        before = look(case)
        case.attempt(token, token.task_spec.finish, token, result)
        case.do_engine_steps()
        self._save(instance, case, before)

    def service_failed(self, job: Job, error: EngineError) -> None:
        """An asynchronous service task threw a BPMN error, or has used up its attempts."""
        instance, case = self._open_case(job.instance_id or "", even_suspended=True)
        token = case.tokens[job.token or 0]
        if instance.suspended:
            self._park(instance, token.id, token.task_spec.name, _parked_error(error))
            return
        before = look(case)
        case.attempt(token, token.task_spec.give_up, token, error)
        case.do_engine_steps()
        self._save(instance, case, before)

    def deliver(self, job: Job) -> None:
        """Something thrown or kept reaches the others. A message nobody takes leaves a line with its sender."""
        name, payload = job.payload["name"], values.from_json(job.payload["payload"])
        self.hops = job.payload.get("hops", 0)
        if self.hops > MOST_HOPS:
            raise ThrownInCircles(name)
        if job.kind == "signal":
            self._broadcast(name, payload, but=job.instance_id)
            return
        key, correlation = (values.from_json(job.payload.get(part, {})) for part in ("key", "correlation"))
        if self._correlate(Offer(name, correlation, payload, key)) is not None:
            return
        if job.instance_id is not None:
            self._unheard(job.instance_id, job.element_id, {"message": name})
        else:
            log.warning("message unheard", message=name)

    def give_kept_messages(self, definition: Definition) -> None:
        """Messages kept because nobody waited for them start what a new definition starts by them."""
        starts = (StartSubscription.definition_id == definition.id, StartSubscription.kind == "message")
        names = self.session.scalars(select(StartSubscription.name).where(*starts)).all()
        for message, offer in messages.kept(self.session, names, self.now) if names else ():
            payload = {"name": offer.name, "payload": message.payload, "correlation": message.correlation}
            job_id = self.add_job("message", payload, instance_id=None, key=f"kept:{message.id}")
            self.session.delete(message)
            after_commit(self.session, partial(self.engine.publish, [job_id]))

    def _unheard(self, instance_id: str, element_id: str | None, what: dict[str, Any]) -> None:
        instance = self._lock(instance_id)
        if instance is not None:
            self._history(instance, "unheard", element_id or "", what)


def _parked(offer: Offer) -> dict[str, Any]:
    """A message as a row keeps it for a suspended case; also how a `message` job holds one."""
    return {
        "kind": "message",
        "name": offer.name,
        "correlation": values.to_json(dict(offer.correlation)),
        "payload": values.to_json(offer.payload),
        "key": values.to_json(dict(offer.key)),
    }


def _parked_result(result: Any) -> dict[str, Any]:
    try:
        return {"kind": "result", "result": values.to_json(result)}
    except ValueRefused as error:
        return _parked_error(error)


def _parked_error(error: EngineError) -> dict[str, Any]:
    thrown = isinstance(error, BpmnError)
    return {"kind": "error", "code": error.code, "message": error.message, "thrown": thrown}
