"""The unit of work under every command: lock a case, restore it, and write back whatever came of it, once.

A command's public verbs stand in the modules beside this one, by their noun; `engine.commands` joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from engine import messages, record, state, values
from engine.elements import Element, ProcessSpec, Token
from engine.errors import CommandRefused, EngineError, ValueRefused
from engine.events import awaited
from engine.inbox import open_tasks
from engine.messages import Offer
from engine.phrases import Phrase
from engine.projection import Open, Projection, look
from engine.rows import Rows
from engine.tables import NO_HASH, Definition, Instance, Job, Task, new_id
from engine.transactions import after_commit
from engine.variables import units_of
from engine.workflow import Case, Line, Sent
from engine.world import World

if TYPE_CHECKING:
    from engine.commands import Engine

LONGEST_BUSINESS_KEY = 200

CHINA = timezone(timedelta(hours=8))
"""Guangdong's time: what `today()` means in a diagram."""

_CASE_HELD = (
    select(Instance).where(Instance.id == bindparam("id")).with_for_update().execution_options(populate_existing=True)
)


class Stuck(EngineError):
    """A case that is neither ended nor waiting for anything."""

    code = "stuck"


class Work:
    """What `actor` (None: the system) can do to cases inside one transaction."""

    def __init__(
        self,
        engine: Engine,
        session: Session,
        actor: str | None,
        *,
        attended: bool = True,
    ) -> None:
        self.engine = engine
        self.session = session
        self.rows = Rows(session)
        self.actor = actor
        self.on_behalf_of: str | None = None
        """Whom the actor substitutes in what is being done; a verb on a task finds out."""
        self.attended = attended
        self.now = engine.clock.now()
        self.hops = 0
        """How many things thrown before led to what is being done."""
        self._jobs_added = 0
        self._opened: dict[str, list[Task]] = {}
        """The open tasks of cases all of whose open tasks are new."""

    def _begin(
        self,
        definition: Definition,
        spec: ProcessSpec,
        entries: list[Element],
        data: Mapping[str, Any],
        business_key: str | None,
        *,
        happened: bool = False,
    ) -> Instance:
        if business_key is not None and len(business_key) > LONGEST_BUSINESS_KEY:
            message = Phrase("业务编号超过 {longest} 个字符。", longest=LONGEST_BUSINESS_KEY)
            raise CommandRefused("business_key_too_long", message, status=422)
        instance = self.rows.add_case(
            id=new_id(),
            definition_id=definition.id,
            business_key=business_key,
            status="running",
            revision=0,
            state=b"",
            history_length=0,
            history_head=NO_HASH,
            started_at=self.now,
            started_by=self.actor,
            ended_at=None,
        )
        case = Case(spec, World(self, instance), now=self.now, business_key=business_key, functions=self._functions())
        case.write_root(data)
        self._note(case, "started")
        case.start_at(entries, happened=happened)
        case.do_engine_steps()
        self._save(instance, case, Open())
        return instance

    def _lock(self, instance_id: str) -> Instance | None:
        """A case's row as it is now, held until the transaction ends."""
        return self.session.scalar(_CASE_HELD, {"id": instance_id})

    def _open_case(self, instance_id: str, *, even_suspended: bool = False) -> tuple[Instance, Case]:
        instance = self._lock(instance_id)
        if instance is None:
            raise CommandRefused("instance_unknown", Phrase("没有案件 {id}。", id=instance_id), status=404)
        if instance.status in ("completed", "cancelled"):
            raise CommandRefused("instance_ended", "这个案件已经结束。")
        if not even_suspended:
            refuse_suspended(instance)
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

    def _compiled(self, definition_id: int) -> ProcessSpec:
        return self.engine.deployments.compiled(self.session, definition_id)

    def _save(self, instance: Instance, case: Case, before: Open, ended_as: str = "completed") -> None:
        if not instance.suspended:
            self._take_kept_messages(case, before)
        if not instance.suspended and case.is_stuck():
            for token in [t for t in case.tokens.values() if "arrived" in t.internal_data] or list(
                case.tokens.values()
            ):
                case.fail(token, Stuck("案件既没有结束，也没有在等待任何事情：不会再有令牌到达这里。"))
        after = look(case)
        self._write_history(instance, case.lines)
        case.lines.clear()
        changes: dict[str, Any] = {"state": state.dump(case), "revision": instance.revision + 1}
        if case.completed:
            changes |= {"status": ended_as, "ended_at": self.now}
        elif not instance.suspended:
            jobs_running = after.services - after.incidents.keys()
            waits = (after.tasks, after.timers, jobs_running, after.subscriptions, case.watching.has_conditions)
            changes["status"] = "running" if any(waits) or not after.incidents else "failed"
        self.rows.change(instance, **changes)
        projection = self._projection(case, instance)
        projection.write(before, after)
        self._opened.pop(instance.id, None)
        if len(projection.new_tasks) == len(after.tasks):
            self._opened[instance.id] = [self.rows.shown(Task, row) for row in projection.new_tasks]
        self.rows.send()
        jobs = projection.new_jobs + [self._send(instance, sent) for sent in case.unheard]
        self.session.flush()
        if jobs:
            after_commit(self.session, partial(self.engine.publish, jobs))
        if projection.earliest is not None:
            after_commit(self.session, partial(self.engine.expect, projection.earliest))

    def open_tasks(self, instance: Instance) -> list[Task]:
        """A case's open tasks as its last command left them: the database is asked only where some were open before."""
        opened = self._opened.get(instance.id)
        return open_tasks(self.session, instance.id) if opened is None else opened

    def _projection(self, case: Case, instance: Instance) -> Projection:
        return Projection(self.session, self.rows, case, instance, self.engine.policy, self.engine.services, self.now)

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
        return offer.fits(awaited(token), waits["key"], case.constants["business_key"], case.functions)

    def _send(self, instance: Instance, sent: Sent) -> str:
        """What no event of the case took is offered to the others by a job, which locks them one at a time."""
        payload = {"name": sent.name, "payload": values.to_json(sent.payload), "key": values.to_json(sent.key)}
        payload["hops"] = self.hops + 1
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
        due: datetime | None = None,
        token: int | None = None,
    ) -> str:
        """Write a job; it is due at once unless `due` says when. One without a token does not move its own case."""
        job_id = new_id()
        row: dict[str, Any] = {"id": job_id, "instance_id": instance_id, "kind": kind, "payload": payload}
        row |= {"idempotency_key": key, "element_id": element_id, "token": token, "rank": self._jobs_added}
        row |= {"state": "due", "due_at": due or self.now, "attempts": 0, "max_attempts": attempts}
        self._jobs_added += 1
        self.session.execute(insert(Job), row)
        return job_id

    # History

    def _note(
        self,
        case: Case,
        action: str,
        details: dict[str, Any] | None = None,
        element_id: str | None = None,
        *,
        before: dict[str, Any] | None = None,
    ) -> None:
        case.lines.append(Line(action, element_id, None, details, True, before))

    def _write_history(self, instance: Instance, lines: list[Line]) -> None:
        record.write(self.rows, instance, lines, at=self.now, actor=self.actor, on_behalf_of=self.on_behalf_of)

    def _history(
        self,
        instance: Instance,
        action: str,
        element_id: str,
        details: dict[str, Any] | None = None,
        *,
        before: dict[str, Any] | None = None,
    ) -> None:
        """Write a line about a case that does not move."""
        self._write_history(instance, [Line(action, element_id, None, details, True, before)])
        self.rows.change(instance, revision=instance.revision + 1)
        self.rows.send()


def refuse_suspended(instance: Instance) -> None:
    """Raise CommandRefused where a case stands still."""
    if instance.suspended:
        raise CommandRefused("instance_suspended", "这个案件已挂起，暂时不能办理。", remedy="管理员恢复后可以继续。")


def accepted(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Data from outside, as variables can hold them. Raises ValueRefused with the path of what they cannot."""
    if not isinstance(data or {}, Mapping):
        raise ValueRefused("", Phrase("数据应为以文字为键的对象，得到的是 {kind}。", kind=type(data).__name__))
    for name in data or {}:
        if not isinstance(name, str):
            raise ValueRefused(str(name), "变量名应为文字。")
    given = {name: values.copy(value, name) for name, value in (data or {}).items()}
    for name, value in given.items():
        units_of(value, name)
    return given
