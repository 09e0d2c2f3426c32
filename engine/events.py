"""Events: what a token waits for, what it throws, and the events on an activity's border and inside a scope."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from SpiffWorkflow.util.task import TaskState

from engine import compensation, durations
from engine.elements import Element, ProcessSpec, Token
from engine.errors import EngineError, ExpressionError
from engine.model import EventDefinition, Flow, Node
from engine.phrases import Phrase

if TYPE_CHECKING:
    from engine.activities import SubProcess

LOOKED_UP = frozenset({"error", "escalation", "compensation", "cancel"})
"""What finds its catcher when it is thrown: nobody waits for it with a token."""

_Catcher = TypeVar("_Catcher", "BoundaryEvent", "EventSubProcess")


class UncaughtError(EngineError):
    """A BPMN error that no error event of the case catches."""

    code = "uncaught_error"

    def __init__(self, error_code: str | None, message: str = "") -> None:
        super().__init__(_uncaught(error_code, message if message != error_code else ""))
        self.error_code = error_code


def _uncaught(code: str | None, said: str) -> Phrase:
    if code:
        message = (
            "错误「{code}」没有被任何错误事件捕获。（{said}）" if said else "错误「{code}」没有被任何错误事件捕获。"
        )
    else:
        message = "错误没有被任何错误事件捕获。（{said}）" if said else "错误没有被任何错误事件捕获。"
    return Phrase(message, code=code, said=said)


def arm(token: Token, event: EventDefinition) -> bool:
    """Let a token wait for an event. What it waits for is kept on it: `projection` makes rows of that.

    True where the event is there already: a condition that holds, nothing to wait for.
    """
    case = token.workflow.case
    data = token.internal_data
    if event.kind == "none":
        return True
    if event.kind == "timer":
        if event.time is None:
            raise ExpressionError("定时事件没有时间。")
        due, left, interval = first_due(event, case.evaluate(event.time, token), case.now)
        data["waits"] = {"kind": "timer", "due": due, "left": left, "interval": interval}
        if event.time.names:
            data["waits"]["since"] = case.now
            case.watching.begin(token)
    elif event.kind == "message":
        data["waits"] = {"kind": "message", "name": event.name, "key": case.correlation_key(event, token)}
    elif event.kind == "signal":
        data["waits"] = {"kind": "signal", "name": event.name}
    elif event.kind == "conditional":
        data["waits"] = {"kind": "conditional", "was": False}
        case.watching.begin(token)
    token._set_state(TaskState.WAITING)
    return False


def awaited(token: Token) -> EventDefinition:
    """What a token waits for: its element's event, or the part of it that the token stands for."""
    return part_of(token.task_spec.event, token)


def part_of(event: EventDefinition, token: Token) -> EventDefinition:
    """The part of an event that a token stands for: all of it, unless it has several."""
    part = token.internal_data.get("part")
    return event if part is None else event.parts[part]


def receive(token: Token, event: EventDefinition, payload: Any) -> None:
    """Keep what came with an event."""
    token.workflow.case.write(token, received(event, payload))


def throw(token: Token, event: EventDefinition) -> bool:
    """Throw on behalf of a token. False where the token must wait for what it has set off."""
    case = token.workflow.case
    payload = case.evaluate(event.payload, token) if event.payload is not None else None
    if event.kind == "message":
        case.send_message(token, event, payload)
    elif event.kind == "signal":
        case.send_signal(token, event, payload)
    elif event.kind == "escalation":
        case.escalate(token, event.name, payload)
    elif event.kind == "error":
        case.throw_error(token, event.name, payload)
    elif event.kind == "compensation":
        return compensation.begin(token, event.activity)
    return True


def received(event: EventDefinition, payload: Any) -> dict[str, Any]:
    """What came with an event as variables: the one it names, or else each field of a message or signal."""
    if event.variable is not None:
        return {event.variable: payload}
    return dict(payload) if event.kind in ("message", "signal") and isinstance(payload, dict) else {}


def first_due(event: EventDefinition, value: Any, start: datetime) -> tuple[datetime, int, str]:
    """When a timer whose time was worked out as `value` fires if it begins to wait at `start`, how often more it
    repeats (-1: for ever), and its interval.
    """
    if event.timer == "date":
        moment = value if isinstance(value, datetime) else durations.parse_datetime(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=durations.LOCAL_ZONE)), 0, ""
    if event.timer == "duration":
        length = (
            durations.Duration(rest=value) if isinstance(value, timedelta) else durations.parse_duration(str(value))
        )
        if length.rest < timedelta(0):
            raise ExpressionError(Phrase("时长「{length}」不能为负。", length=value))
        return length.add_to(start), 0, ""
    repeat = durations.parse_repeat(str(value))
    left = -1 if repeat.times is None else repeat.times - 1
    begin = repeat.start if repeat.start is not None else repeat.every.add_to(start)
    return begin, left, str(repeat.every)


class Event(Element):
    """An event of the diagram."""

    def __init__(self, process: ProcessSpec, node: Node) -> None:
        super().__init__(process, node)
        self.event: EventDefinition = node.event or EventDefinition("none")


class StartEvent(Event):
    """Where a scope begins. What triggered it has happened when its token arrives."""


class CatchEvent(Event):
    """An intermediate catch event or receive task: waits, then takes what came along.

    Where it waits for several things, a token of its own waits for each: the first one decides, or the last one where
    all of them are needed.
    """

    def _update_hook(self, my_task: Token) -> bool:
        return self.wait(my_task)

    def wait(self, token: Token) -> bool:
        """Begin to wait. True where there is nothing to wait for any more."""
        if token.internal_data.pop("happened", False):
            return True
        if self.event.kind != "multiple" or "part" in token.internal_data:
            return arm(token, awaited(token))
        scope = token.workflow
        token._set_state(TaskState.WAITING)
        parts = [scope.new_token(self) for _ in self.event.parts]
        token.internal_data["parts"] = [part.id for part in parts]
        for number, part in enumerate(parts):
            part.internal_data |= {"part": number, "of": token.id}
            scope.begin(part)
        return False

    def happen(self, scope: Any) -> None:
        for flow in self.node.incoming:  # the event-based gateway that this is a way out of has been passed
            gateway = scope.new_token(self.process.element(flow.source))
            scope.discard(gateway)
            scope.case.record("completed", gateway)
        token = scope.new_token(self)
        token.internal_data["happened"] = True
        scope.begin(token)

    def fire(self, token: Token, payload: Any) -> None:
        """What the token waited for has happened."""
        case = token.workflow.case
        token.internal_data.pop("waits", None)
        receive(token, awaited(token), payload)
        outer = case.tokens.get(token.internal_data.get("of"), token)
        if outer is not token:
            outer.internal_data["parts"].remove(token.id)
            token.workflow.discard(token)
            if self.event.parallel and outer.internal_data["parts"]:
                return
        self._cancel_parts(outer)
        for other in outer.internal_data.pop("race", ()):
            case.cancel_token(other)
        outer._ready()

    def _cancel_parts(self, token: Token) -> None:
        for part in token.internal_data.pop("parts", ()):
            token.workflow.case.cancel_token(part)

    def _on_cancel(self, my_task: Token) -> None:
        super()._on_cancel(my_task)
        self._cancel_parts(my_task)


class LinkCatch(Event):
    """The landing of a link: a token gets here from the throwing end, not along a flow."""


class LinkThrow(Event):
    """The leap of a link to the catching end of the same name in the same scope."""

    target: LinkCatch

    def choose(self, token: Token) -> list[Flow]:
        return []

    def _on_complete(self, my_task: Token) -> None:
        super()._on_complete(my_task)
        my_task.workflow.enter(self.target)


class ThrowEvent(Event):
    """An intermediate throw event, end event or send task: throws, then goes on.

    Compensation is waited for: the token goes on when everything it asked for is undone.
    """

    def _run_hook(self, my_task: Token) -> bool | None:
        done = compensation.is_under_way(my_task)
        if not done:
            done = all(throw(my_task, event) for event in self.event.all if my_task.is_open)
        if not my_task.is_open:  # what it threw interrupted its own scope, and it has done its work
            my_task.workflow.case.record("completed", my_task)
        return done or None

    def _on_cancel(self, my_task: Token) -> None:
        super()._on_cancel(my_task)
        compensation.give_up(my_task)


class EndEvent(ThrowEvent):
    """An end. A terminate end takes every other token of its scope with it.

    A cancel end stops a transaction, undoes what has completed in it, and leaves by the cancel event on its border.
    """

    def _run_hook(self, my_task: Token) -> bool | None:
        if self.event.kind != "cancel" or compensation.is_under_way(my_task):
            return super()._run_hook(my_task)
        for other in list(my_task.workflow.tasks.values()):
            if other is not my_task:
                other.cancel()
        return compensation.begin(my_task, None) or None

    def _on_complete(self, my_task: Token) -> None:
        scope = my_task.workflow
        super()._on_complete(my_task)
        if self.event.kind == "terminate":
            scope.cancel_tokens()
        elif self.event.kind == "cancel":
            scope.case.leave_cancelled(scope.host)


class BoundaryEvent(Event):
    """An event on an activity's border. Firing, an interrupting one cancels the activity at once."""

    def arm_on(self, host: Token) -> None:
        """Begin to wait beside a host, with a token for each thing that is waited for."""
        for token in waiting_for_each(self, host.workflow):
            token.internal_data["host"] = host.id
            host.internal_data.setdefault("boundary", []).append(token.id)
            host.workflow.begin(token)

    def _update_hook(self, my_task: Token) -> bool:
        return "host" not in my_task.internal_data or arm(my_task, awaited(my_task))

    def fire(self, token: Token, payload: Any) -> None:
        """What an armed token waited for has happened: go on from here, and stay armed where that is possible."""
        case = token.workflow.case
        host = case.tokens.get(token.internal_data.pop("host"))
        waited = token.internal_data.pop("waits")
        if host is not None:
            host.internal_data["boundary"].remove(token.id)
            if self.node.interrupting:
                host.cancel()
            else:
                rearm(self, token, waited, host)
        receive(token, awaited(token), payload)
        token._ready()

    def fire_on(self, host: Token, event: EventDefinition, payload: Any) -> None:
        """An error, escalation or cancellation, which it catches by `event`, came out of the host."""
        scope = host.workflow
        if self.node.interrupting:
            host.cancel()
        token = scope.new_token(self)
        receive(token, event, payload)
        token._set_state(TaskState.FUTURE)
        token._ready()


def catching(elements: Iterable[_Catcher], kind: str, code: str | None) -> tuple[_Catcher, EventDefinition] | None:
    """Which of some borders or listeners catches an error or escalation, and by which of its definitions.

    One that names the code comes before one that names none and so catches every code.
    """
    found = [
        (element, event)
        for element in elements
        for event in element.event.all
        if event.kind == kind and event.name in (None, code)
    ]
    return min(found, key=lambda one: one[1].name is None, default=None)


def waiting_for_each(element: Event, scope: Any) -> list[Token]:
    """A token for each thing that an event waits for. What is looked up when it is thrown needs none."""
    tokens: list[Token] = []
    for number, event in enumerate(element.event.all):
        if event.kind not in LOOKED_UP:
            token = scope.new_token(element)
            if element.event.parts:
                token.internal_data["part"] = number
            tokens.append(token)
    return tokens


def rearm(element: BoundaryEvent | EventSubProcess, token: Token, waited: dict[str, Any], host: Token | None) -> None:
    """Put a fresh waiting token for a non-interrupting event, as long as its timer has repetitions left."""
    scope = token.workflow
    following = dict(waited)
    if waited["kind"] == "timer":
        if waited["left"] == 0:
            return
        following["left"] = waited["left"] - 1 if waited["left"] > 0 else -1
        following["due"] = durations.parse_duration(waited["interval"]).add_to(waited["due"])
        if "since" in waited:
            following["since"] = waited["due"]
    fresh = scope.new_token(element)
    fresh.internal_data["waits"] = following
    if "part" in token.internal_data:
        fresh.internal_data["part"] = token.internal_data["part"]
    if waited["kind"] == "conditional":
        following["was"] = True
        scope.case.watching.begin(fresh)
    elif "since" in following:
        scope.case.watching.resume(fresh)
    if host is not None:
        fresh.internal_data["host"] = host.id
        host.internal_data.setdefault("boundary", []).append(fresh.id)
    else:
        fresh.internal_data["listener"] = True
    fresh._set_state(TaskState.WAITING)


class EventSubProcess(Event):
    """Listens inside a scope; when its start event's trigger comes, its sub-process runs in that scope.

    The listener and the running sub-process are two elements: this one waits, `body` runs.
    """

    body: SubProcess

    def listen(self, scope: Any) -> None:
        """Begin to wait in a scope that has just begun."""
        for token in waiting_for_each(self, scope):
            token.internal_data["listener"] = True
            scope.begin(token)

    def _update_hook(self, my_task: Token) -> bool:
        if arm(my_task, awaited(my_task)):
            raise AssertionError("an event sub-process waits for something")
        return False

    def fire(self, token: Token, payload: Any) -> None:
        waited = token.internal_data.pop("waits")
        if not self.node.interrupting:
            rearm(self, token, waited, None)
        scope, event = token.workflow, awaited(token)
        scope.discard(token)
        self.fire_in(scope, event, payload)

    def fire_in(self, scope: Any, event: EventDefinition, payload: Any) -> None:
        """Run the sub-process in a scope, for what `event` caught.

        If it interrupts, everything open there goes first, what listens, too.
        """
        if self.node.interrupting:
            scope.cancel_tokens()
        host = scope.new_token(self.body)
        host.internal_data["interrupts"] = self.node.interrupting
        receive(host, event, payload)
        scope.begin(host)
