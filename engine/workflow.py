"""A case while it is being worked on: SpiffWorkflow's workflow with our scopes, variables and step loop.

A `Case` is restored for one command, stepped until nothing is ready, and written away again. It reads no calendar and
no database: whatever lies outside reaches it through `Outside`.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, Protocol

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine import compensation, loops, values
from engine.activities import Activity, ScopedActivity, UserTask
from engine.elements import Element, ProcessSpec, Token
from engine.errors import BpmnError, BudgetExceeded, CommandRefused, EngineError
from engine.events import BoundaryEvent, CatchEvent, EventSubProcess, UncaughtError, catching
from engine.expressions import Expression, Script
from engine.gateways import InclusiveGateway, Join
from engine.model import EventDefinition, Flow, Node
from engine.phrases import Phrase
from engine.variables import Layer, View
from engine.watching import Watching

LONGEST_KEY = 500
"""Characters of a correlation key's text as it is stored."""

STEP_BUDGET = 50_000
"""Elements that one command may run (design §3.5)."""

TIME_BUDGET = 30.0
"""Seconds that one command may go on beginning elements."""

MOST_NESTED = 500
"""Sub-processes and called processes inside each other, at most."""


class Outside(Protocol):
    """What a case asks of the world around it."""

    def is_external(self, operator: str) -> bool:
        """Whether the service is carried out as a job."""

    def call_service(self, token: Token, operator: str, arguments: Mapping[str, Any]) -> Any:
        """Run a service in the command's transaction, inside a savepoint."""

    def called(self, node: Node, caller: ProcessSpec) -> ProcessSpec:
        """The process that the call activity `node` of `caller` names."""


@dataclass(frozen=True)
class Line:
    """One thing that happened to an element while a command ran, for the history."""

    action: str
    element_id: str | None = None
    token: int | None = None
    details: dict[str, Any] | None = None
    by_actor: bool = False
    """Whether whoever gave the command did it; otherwise it followed by itself."""
    before: dict[str, Any] | None = None
    """What of `details` had another value until then."""


@dataclass(frozen=True)
class Sent:
    """A message or signal thrown by the case: for itself first, then for others. `key` is a message's correlation."""

    kind: str
    name: str
    element_id: str
    key: dict[str, Any]
    payload: Any


class _Scope:
    """What a case and the scopes inside it have in common: open tokens by id, waiting joins, a layer of variables."""

    spec: ProcessSpec
    tasks: dict[int, Token]
    case: "Case"
    layer: Layer
    joins: dict[str, Token]
    notes: list[compensation.Note]
    """What has completed here and can be undone, in that order."""

    def new_token(self, element: Element) -> Token:
        case = self.case
        token = Token(self, element, None, TaskState.FUTURE, case.next_token)
        case.next_token += 1
        case.tokens[token.id] = token
        return token

    def enter(self, element: Element) -> None:
        """A new token arrives at an element."""
        self.begin(self.new_token(element))

    def begin(self, token: Token) -> None:
        """Let an element decide what an arrived token does."""
        self.case.attempt(token, token.task_spec._update, token)

    def put(self, flow: Flow) -> None:
        """A token goes along a flow."""
        self.spec.element(flow.target).arrive(self, flow)

    def start(self, entries: Iterable[Element]) -> None:
        for listener in self.spec.event_subprocesses:
            listener.listen(self)
        for entry in entries:
            entry.arrive(self, None)

    def discard(self, token: Token) -> None:
        """A token is gone."""
        if self.tasks.pop(token.id, None) is not None:
            self.case.tokens.pop(token.id, None)
            self.case.watching.forget(token.id)
            self.case.touched[id(self)] = self
            if self.joins.get(token.task_spec.name) is token:
                del self.joins[token.task_spec.name]

    def cancel_tokens(self) -> None:
        """Cancel every open token here, what listens for the scope's events included."""
        for token in list(self.tasks.values()):
            token.cancel()
        self.case.touched[id(self)] = self

    @property
    def is_interrupted(self) -> bool:
        """Whether an event sub-process has taken over: then the scope's other events are heard no more."""
        return any(token.internal_data.get("interrupts") for token in self.tasks.values())

    @property
    def is_over(self) -> bool:
        return all(token.internal_data.get("listener") for token in self.tasks.values())

    def collect_log_extras(self, dct: dict[str, Any] | None = None) -> dict[str, Any]:
        return dict(dct or {}, workflow_spec=self.spec.name)


class Scope(_Scope, BpmnSubWorkflow):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """A running sub-process or called process."""

    def __init__(self, case: "Case", host: Token, spec: ProcessSpec, layer: Layer) -> None:
        self.case = case
        self.layer = layer
        self.joins = {}
        self.notes = []
        super().__init__(spec, parent_task_id=host.id, top_workflow=case, deserializing=True)

    @property
    def host(self) -> Token:
        """The token of the activity that this scope is the inside of."""
        return self.case.tokens[self.parent_task_id]

    def _calculate_depth(self) -> int:
        return int(self.host.workflow.depth) + 1


class Case(_Scope, BpmnWorkflow):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """One execution of a process, with everything inside it."""

    def __init__(
        self,
        spec: ProcessSpec,
        outside: Outside,
        *,
        now: datetime,
        business_key: str | None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.case = self
        self.outside = outside
        self.now = now
        self.constants: dict[str, Any] = {"business_key": business_key}
        self.functions = dict(functions or {})
        self.layer = Layer({})
        self.joins = {}
        self.notes = []
        self.next_token = 1
        self.tokens: dict[int, Token] = {}
        self.agenda: deque[Token] = deque()
        self.opened: deque[Scope] = deque()
        """The scope that is beginning, and those that this opens."""
        self.leaving: list[Iterator[Token]] = []
        """Tokens still to be taken away, of the scopes that are being left."""
        self.touched: dict[int, _Scope] = {}
        self.watching = Watching(self)
        self.lines: list[Line] = []
        self.sent: deque[Sent] = deque()
        self.unheard: list[Sent] = []
        self.performers: dict[str, str] = {}
        self.done_by: dict[int, Any] = {}
        """Of user tasks that the command interrupted: who counts as having done them."""
        self.steps_left = STEP_BUDGET
        self.deadline = monotonic() + TIME_BUDGET
        super().__init__(spec, script_engine=self, deserializing=True)

    # Beginning and stepping

    def start_at(self, entries: Iterable[Element], *, happened: bool = False) -> None:
        """Begin: put a token on each entry. What an entry waits for may have happened, and have begun the case."""
        self.touched[id(self)] = self
        if not happened:
            self.start(entries)
            return
        self.start(())
        for entry in entries:
            entry.happen(self)

    def do_engine_steps(self, will_complete_task: Any = None, did_complete_task: Any = None) -> None:
        """Run whatever is ready until the case waits, has ended or can go nowhere.

        A step costs the same however many tokens are open. Running out of steps or time is an incident on the element
        that would have been next.
        """
        while True:
            self._settle()
            if self.watching.changed and self.watching.look():
                continue
            if self.agenda:
                token = self.agenda.popleft()
                if token.state == TaskState.READY and token.is_open:
                    self.attempt(token, self._step, token)
            elif not (self._next_sent() or self.watching.look(at_everything=True) or self._release_inclusive_join()):
                return

    def _step(self, token: Token) -> None:
        if self.steps_left <= 0:
            raise BudgetExceeded(Phrase("一次操作执行的步骤超过 {most} 步，流程可能在空转。", most=STEP_BUDGET))
        if monotonic() > self.deadline:
            message = "一次操作执行了超过 {seconds} 秒，请把耗时的工作改为后台服务。"
            raise BudgetExceeded(Phrase(message, seconds=f"{TIME_BUDGET:g}"))
        self.steps_left -= 1
        token.run()

    def attempt(self, token: Token, action: Callable[..., Any], *arguments: Any) -> None:
        """Do something to a token; where that fails, the token stays as an incident, or its error is caught."""
        try:
            action(*arguments)
        except CommandRefused:
            raise
        except BpmnError as error:
            self.attempt(token, self.throw_error, token, error.code, {"code": error.code, "message": error.message})
        except EngineError as error:
            self.fail(token, error)

    def _settle(self) -> None:
        """End the scopes that have no token left, inner ones first as they empty."""
        while self.touched:
            _, scope = self.touched.popitem()
            if not scope.is_over:
                continue
            for token in list(scope.tasks.values()):
                token.cancel()
            self.touched.pop(id(scope), None)
            if not isinstance(scope, Scope):
                self.completed = True
            elif self.subprocesses.get(scope.parent_task_id) is scope:
                host = scope.host
                del self.subprocesses[host.id]
                host.task_spec.scope_ended(host, scope)

    # Scopes

    def open_scope(self, host: Token, spec: ProcessSpec, variables: dict[str, Any] | None) -> None:
        """Open the inside of an activity: with a store of its own, or (None) on the layer around it.

        It begins here, but what that opens once this has begun, so that nothing recurses on how deep it is.
        """
        if host.workflow.depth >= MOST_NESTED:
            message = "子流程和被调用的流程嵌套超过 {most} 层，流程可能在无休止地调用自己。"
            raise BudgetExceeded(Phrase(message, most=MOST_NESTED))
        layer = self.layer_of(host) if variables is None else Layer.filled(variables, self.layer.held)
        scope = Scope(self, host, spec, layer)
        self.subprocesses[host.id] = scope
        host._set_state(TaskState.STARTED)
        self.opened.append(scope)
        if len(self.opened) > 1:
            return  # the loop below is at work, further out
        while self.opened:
            scope = self.opened[0]
            if self.subprocesses.get(scope.parent_task_id) is scope:  # not taken away again meanwhile
                self.touched[id(scope)] = scope
                self.attempt(scope.host, scope.start, scope.spec.entries)
            self.opened.popleft()

    def reopen_scope(self, host: Token, spec: ProcessSpec, notes: list[compensation.Note]) -> Scope:
        """The inside of a completed activity again, without a token, to undo what `notes` say."""
        scope = Scope(self, host, spec, self.layer_of(host))
        scope.notes = notes
        self.subprocesses[host.id] = scope
        self.touched[id(scope)] = scope
        return scope

    def leave_cancelled(self, host: Token) -> None:
        """A transaction was cancelled and undone: go on from the cancel event on its border."""
        caught = catching(host.task_spec.boundary, "cancel", None)
        if caught is None:
            raise AssertionError("structure checks that a transaction that can be cancelled says how to go on")
        boundary, event = caught
        boundary.fire_on(host, event, None)

    def cancel_scope_of(self, host: Token) -> None:
        """Take away what is inside an activity. What is inside a token there comes next, before its neighbours, and
        nothing recurses on how deep that is.
        """
        scope = self.subprocesses.pop(host.id, None)
        if scope is None:
            return
        self.leaving.append(iter(list(scope.tasks.values())))
        if len(self.leaving) > 1:
            return  # the loop below is at work, further out
        while self.leaving:
            token = next(self.leaving[-1], None)
            if token is None:
                self.leaving.pop()
            else:
                token.cancel()

    def cancel_token(self, token_id: int) -> None:
        token = self.tokens.get(token_id)
        if token is not None:
            token.cancel()

    # Variables and expressions

    def layer_of(self, token: Token) -> Layer:
        """The variables a token sees, the nearest first: its own, those of the loop it belongs to, its scope's."""
        data = token.internal_data
        layer: Layer = token.workflow.layer
        if "instance_of" in data:
            outer = self.tokens[data["instance_of"]].internal_data
            layer = Layer(outer["local"], layer) if "local" in outer else layer
        return Layer(data["local"], layer) if "local" in data else layer

    def view(self, token: Token, extra: Mapping[str, Any] | None = None) -> View:
        return self.layer_of(token).view({**self.constants, **(extra or {})})

    def variable_names(self, token: Token) -> tuple[str, ...]:
        """Every variable a token sees, without the engine's own names."""
        return tuple(self.layer_of(token).view({}))

    def write(self, token: Token, written: Mapping[str, Any]) -> None:
        self.set_in(self.layer_of(token), written)

    def write_around(self, token: Token, written: Mapping[str, Any]) -> None:
        """Set variables outside a token's own: where what it gives goes."""
        data = token.internal_data
        outer = self.tokens[data["instance_of"]] if "instance_of" in data else None
        layer = token.workflow.layer if outer is None else self.layer_of(outer)
        self.set_in(layer, written)

    def write_root(self, written: Mapping[str, Any]) -> None:
        """Set variables of the case itself, as whoever starts it does."""
        self.set_in(self.layer, written)

    def set_in(self, layer: Layer, written: Mapping[str, Any]) -> None:
        """Set variables, and let what follows them know."""
        layer.write(written)
        self.watching.written(written)

    def evaluate(self, expression: Expression, token: Token, extra: Mapping[str, Any] | None = None) -> Any:
        return expression.evaluate(self.view(token, extra), self.functions)

    def execute(self, script: Script, token: Token) -> None:
        self.write(token, script.execute(self.view(token), self.functions))

    def decide(self, deployment: Any, decision_id: str, token: Token) -> Any:
        """The outputs of a decision table for the variables a token sees."""
        return deployment.decide(decision_id, self.view(token), self.functions)

    # Messages, signals, errors, escalations

    def correlation_key(self, event: EventDefinition, token: Token) -> str | None:
        """The key a case waits with: the message's properties read from its variables. None: the name alone matches."""
        return key_text({p.name: self.evaluate(p.read, token) for p in event.correlation})

    def send_message(self, token: Token, event: EventDefinition, payload: Any) -> None:
        """Throw a message: to whoever in the case waits for it, else to whoever does when the case comes to rest.

        Its key is read from what it carries, and from the thrower's variables where it carries nothing of the name.
        """
        layer = self.layer_of(token)
        read_from = (Layer(payload, layer) if isinstance(payload, dict) else layer).view(self.constants)
        key = {p.name: p.read.evaluate(read_from, self.functions) for p in event.correlation}
        sent = Sent("message", event.name or "", token.task_spec.name, key, payload)
        if sent.name in {earlier.name for earlier in self.sent} or not self._deliver(sent):
            self.sent.append(sent)

    def send_signal(self, token: Token, event: EventDefinition, payload: Any) -> None:
        """Throw a signal: to everybody in the case who waits at this moment, and then to the other cases."""
        sent = Sent("signal", event.name or "", token.task_spec.name, {}, payload)
        self._deliver(sent)
        self.unheard.append(sent)

    def _next_sent(self) -> bool:
        """Deliver the oldest message thrown in the case, or let it go to the others."""
        if not self.sent:
            return False
        sent = self.sent.popleft()
        if not self._deliver(sent):
            self.unheard.append(sent)
        return True

    def _deliver(self, sent: Sent) -> bool:
        """Give what was thrown to whom it is for in this case. True where somebody was."""
        waiting = [token for token in self.tokens.values() if _hears(token, sent.kind, sent.name, key_text(sent.key))]
        for token in waiting if sent.kind == "signal" else waiting[:1]:
            self.fire(token, sent.payload)
        return bool(waiting)

    def fire(self, token: Token, payload: Any) -> None:
        """What an open token waited for has happened."""
        if not token.is_open or "waits" not in token.internal_data:
            return
        element: CatchEvent | BoundaryEvent | EventSubProcess = token.task_spec
        element.fire(token, payload)

    def find_error_catcher(self, token: Token, code: str | None) -> Callable[[Any], None] | None:
        """What catches an error thrown by a token's element, from the inside out: its own border, then the events of
        the scope around it, then the border of that scope's activity, and so on (BPMN 2.0 §10.5.1)."""
        border = self._border_of(token, "error", code)
        if border is not None:
            return border
        scope, came_from = token.workflow, token.task_spec
        while True:
            heard = _listening(scope, "error", code, came_from)
            if heard is not None:
                return heard
            if scope is self:
                return None
            host = scope.host
            border = self._border_of(host, "error", code)
            if border is not None:
                return border
            scope, came_from = host.workflow, host.task_spec

    def _border_of(self, token: Token, kind: str, code: str | None) -> Callable[[Any], None] | None:
        outer = self.tokens.get(token.internal_data.get("instance_of"), token)
        if not isinstance(outer.task_spec, Activity):
            return None
        caught = catching(outer.task_spec.boundary, kind, code)
        return None if caught is None else partial(caught[0].fire_on, outer, caught[1])

    def throw_error(self, token: Token, code: str | None, payload: Any) -> None:
        """A token's element throws a BPMN error. Raises UncaughtError where nothing catches it."""
        catcher = self.find_error_catcher(token, code)
        if catcher is None:
            raise UncaughtError(code, payload.get("message", "") if isinstance(payload, dict) else "")
        catcher(payload)

    def escalate(self, token: Token, code: str | None, payload: Any) -> None:
        """Offer an escalation outwards: the first scope that catches it keeps it; that nobody does is no fault."""
        border = self._border_of(token, "escalation", code)
        if border is not None:
            border(payload)
            return
        scope, came_from = token.workflow, token.task_spec
        while True:
            heard = _listening(scope, "escalation", code, came_from)
            if heard is not None:
                heard(payload)
                return
            if scope is self:
                return
            border = self._border_of(scope.host, "escalation", code)
            if border is not None:
                border(payload)
                return
            scope, came_from = scope.host.workflow, scope.host.task_spec

    # What is looked at when nothing is ready

    def _release_inclusive_join(self) -> bool:
        for scope in [self, *self.subprocesses.values()]:
            for token in list(scope.joins.values()):
                gateway = token.task_spec
                if isinstance(gateway, InclusiveGateway) and gateway.may_fire(token):
                    gateway.release(token)
                    return True
        return False

    # Incidents and the record

    def fail(self, token: Token, error: EngineError) -> None:
        """An element failed: it stays on its token as an incident."""
        if not token.is_open:
            raise AssertionError(f"nobody would see that {token.task_spec.name} failed: {error}")
        earlier = token.internal_data.get("incident")
        state = int(token.state) if earlier is None else earlier["state"]
        token.internal_data["incident"] = {"code": error.code, "message": error.message, "state": state}
        token._set_state(TaskState.ERROR)

    def retry(self, token: Token) -> None:
        """Try again what failed, where it failed: entering, running or leaving."""
        state = token.internal_data.pop("incident")["state"]
        token._set_state(state)
        if "arrived" in token.internal_data:
            if isinstance(token.task_spec, Join):
                self.attempt(token, token.task_spec.reconsider, token)
        elif state == TaskState.COMPLETED:
            self.attempt(token, token.complete)
        elif "loop" in token.internal_data and state == TaskState.STARTED:
            self.attempt(token, loops.go_on, token.task_spec, token)
        elif state in (TaskState.READY, TaskState.STARTED):
            token._set_state(TaskState.READY)
            self.agenda.append(token)
        elif "waits" in token.internal_data:
            self.watching.begin(token)
        else:
            token.workflow.begin(token)

    def record(self, action: str, token: Token) -> None:
        """Note what happened to a token. What a person gave with it is on the token, and what that replaced."""
        data = token.internal_data
        by_actor = "given" in data
        self.lines.append(
            Line(action, token.task_spec.name, token.id, data.get("given"), by_actor, data.get("replaced"))
        )

    # What is open

    def open_user_tasks(self) -> list[Token]:
        return [t for t in self.tokens.values() if t.state == TaskState.READY and isinstance(t.task_spec, UserTask)]

    def is_stuck(self) -> bool:
        """Neither ended nor waiting for anything that could happen, and nothing says so yet."""
        return not self.completed and not any(
            "waits" in token.internal_data or "incident" in token.internal_data or (token.state == TaskState.READY)
            for token in self.tokens.values()
        )

    def complete_task(self, token: Token, data: Mapping[str, Any]) -> None:
        """A person completed a user task: keep what they gave and go on."""
        token.internal_data["given"] = values.to_json(dict(data)) or None
        seen = self.layer_of(token).view({})
        if replaced := {name: values.to_json(seen[name]) for name in data if name in seen}:
            token.internal_data["replaced"] = replaced
        self.write(token, data)
        self.attempt(token, self._step, token)

    def get_tasks_iterator(self, first_task: Any = None, **kwargs: Any) -> Any:
        """Every open token; SpiffWorkflow's tree walk has nothing to walk here."""
        return iter(list(self.tokens.values()))


def key_text(key: Mapping[str, Any]) -> str | None:
    """A correlation key as canonical text, a long one as its digest; None where there is none."""
    if not key:
        return None
    text = json.dumps({name: values.to_json(value) for name, value in key.items()}, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST_KEY else hashlib.sha256(text.encode()).hexdigest()


def _hears(token: Token, kind: str, name: str, key: str | None) -> bool:
    waits = token.internal_data.get("waits")
    return (
        waits is not None
        and waits["kind"] == kind
        and waits["name"] == name
        and (kind == "signal" or waits["key"] == key or waits["key"] is None)
    )


def _listening(scope: Any, kind: str, code: str | None, came_from: Element) -> Callable[[Any], None] | None:
    """The event sub-process of a scope that catches a code, but for the one that it comes out of."""
    if scope.is_interrupted:
        return None
    listeners = [listener for listener in scope.spec.event_subprocesses if listener.body is not came_from]
    heard = catching(listeners, kind, code)
    return None if heard is None else partial(heard[0].fire_in, scope, heard[1])


__all__ = ["Case", "Line", "Outside", "Scope", "ScopedActivity", "Sent", "key_text"]
