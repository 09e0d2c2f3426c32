"""Correcting where a case stands: tokens moved, added and cancelled by hand, in one command (design §3.2).

A token is placed before an element and enters it as if it came along a flow: events on its border are armed, its
pre-script runs, a loop begins at its first round. Sub-processes around the element are opened where none is open,
without their start. Variables are never taken back; `data` may set some first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine import values
from engine.activities import CallActivity, SubProcess
from engine.elements import Element, ProcessSpec, Token
from engine.errors import CommandRefused, EngineError
from engine.events import BoundaryEvent, EventSubProcess, StartEvent
from engine.gateways import Join
from engine.model import Flow
from engine.phrases import Phrase
from engine.projection import look
from engine.tables import Instance
from engine.work import Work, accepted
from engine.workflow import Case, Scope


@dataclass(frozen=True)
class AddToken:
    """Place a token before `element`.

    `scope` is the token of the activity to place it inside of, needed where several are open. `flow` is the incoming
    flow that the token comes along, needed at a join, which counts by flow.
    """

    element: str
    scope: int | None = None
    flow: str | None = None


@dataclass(frozen=True)
class MoveToken:
    """Take a token from where it stands, and place it before `to`. `token` is its number, or the id of an element
    on which only one stands.

    A sub-process or called process that the token was the last of goes with it: it does not end and go on by itself.
    """

    token: int | str
    to: str
    scope: int | None = None
    flow: str | None = None


@dataclass(frozen=True)
class CancelToken:
    """Take a token away. Where it was the last of its scope, the scope ends as it always does, and goes on."""

    token: int | str


Instruction = AddToken | MoveToken | CancelToken


class Modification(Work):
    """Putting right by hand where a case stands."""

    def modify(
        self,
        instance_id: str,
        instructions: Iterable[Instruction],
        *,
        data: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> Instance:
        """Carry out some instructions in their order, after setting variables, and let the case go on from there.

        Raises CommandRefused where one of them cannot be carried out; then none has been.
        """
        corrected = accepted(data)
        instance, case = self._open_case(instance_id)
        before = look(case)
        case.write_root(corrected)
        done = carry_out(case, instructions)
        if not done:
            raise CommandRefused("nothing_to_do", "没有任何指令。", status=422, remedy="请至少给出一条指令。")
        details: dict[str, Any] = {"instructions": done}
        details |= {"reason": reason} if reason else {}
        details |= {"data": values.to_json(corrected)} if corrected else {}
        self._note(case, "modified", details)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance


def carry_out(case: Case, instructions: Iterable[Instruction]) -> list[dict[str, Any]]:
    """Carry out instructions on a case that is stepped afterwards; what was done, as the history keeps it."""
    hand = _Hand(case)
    return [hand.carry_out(instruction) for instruction in instructions]


@dataclass(frozen=True)
class _Place:
    """An element, and the way to it: the process's open scope, then the sub-processes around the element."""

    process: Case | Scope
    around: tuple[SubProcess, ...]
    element: Element


class _Hand:
    """Moves the tokens of one case."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def carry_out(self, instruction: Instruction) -> dict[str, Any]:
        """Do one instruction; what was done, as the history keeps it."""
        told = {name: value for name, value in asdict(instruction).items() if value is not None}
        if isinstance(instruction, AddToken):
            self._put(instruction.element, instruction.scope, instruction.flow)
            return {"do": "add"} | told
        token = self._token(instruction.token)
        told |= {"token": token.id, "from": token.task_spec.name}
        left = list(_outwards(token.workflow))
        self._take(token)
        if isinstance(instruction, CancelToken):
            return {"do": "cancel"} | told
        reached = self._put(instruction.to, instruction.scope, instruction.flow)
        self._close([scope for scope in left if scope not in reached])
        return {"do": "move"} | told

    # Taking

    def _token(self, named: int | str) -> Token:
        if isinstance(named, int):
            token = self.case.tokens.get(named)
            if token is None:
                message = Phrase("案件里没有编号为 {token} 的令牌，它可能已经前进。", token=named)
                raise CommandRefused("token_unknown", message, status=404)
            if not _stands(token):
                raise CommandRefused(
                    "token_dependent",
                    Phrase(
                        "「{element}」上的这个令牌属于另一个活动，不能单独移动或取消。", element=_title(token.task_spec)
                    ),
                    remedy="请对整个活动操作。",
                )
            return token
        found = [t for t in self.case.tokens.values() if t.task_spec.name == named and _stands(t)]
        if not found:
            message = Phrase("「{element}」上没有令牌。", element=named)
            raise CommandRefused("token_unknown", message, status=404, remedy="请核对案件停留的位置。")
        if len(found) > 1:
            title = _title(found[0].task_spec)
            raise self._ambiguous(Phrase("「{element}」上有 {count} 个令牌。", element=title, count=len(found)), found)
        return found[0]

    def _take(self, token: Token) -> None:
        """Cancel a token. Events that race after a gateway are one token: they go together."""
        for other in token.internal_data.get("race", ()):
            self.case.cancel_token(other)
        token.cancel()

    def _close(self, left: Iterable[Case | Scope]) -> None:
        """Cancel what a token was the last of when it was moved out of it, from the inside out."""
        for scope in left:
            if not isinstance(scope, Scope) or self.case.subprocesses.get(scope.parent_task_id) is not scope:
                return
            if not scope.is_over:
                return
            if "instance_of" in scope.host.internal_data:
                raise CommandRefused(
                    "inside_loop",
                    Phrase("令牌是「{element}」一个实例的最后一个，不能移出。", element=_title(scope.host.task_spec)),
                    remedy="请移动整个活动，或取消这个令牌，让这个实例结束。",
                )
            scope.host.cancel()

    # Placing

    def _put(self, element_id: str, scope_token: int | None, flow_id: str | None) -> list[Case | Scope]:
        """Place a token before an element; the scopes it is in, from the inside out."""
        named = self._named(scope_token)
        place = self._place(element_id, named)
        flow = _flow(place, flow_id)
        scope = place.process
        for activity in place.around:
            scope = self._inside(scope, activity, named)
        reached = list(_outwards(scope))
        place.element.arrive(scope, flow)
        return reached

    def _named(self, token_id: int | None) -> list[Case | Scope]:
        """The open scope inside of a token, and those around it in the same process. None where none is named."""
        if token_id is None:
            return []
        scope = self.case.subprocesses.get(token_id)
        if scope is None:
            message = Phrase("编号为 {token} 的令牌里没有打开的子流程。", token=token_id)
            raise CommandRefused("scope_unknown", message, status=404)
        named: list[Case | Scope] = []
        for around in _outwards(scope):
            named.append(around)
            if isinstance(around, Scope) and isinstance(around.host.task_spec, CallActivity):
                break
        return named

    def _place(self, element_id: str, named: list[Case | Scope]) -> _Place:
        called = [s for s in self.case.subprocesses.values() if isinstance(s.host.task_spec, CallActivity)]
        places = [
            _Place(process, around, element)
            for process in (self.case, *called)
            for around, element in _find(process.spec, element_id)
        ]
        if not places:
            raise CommandRefused(
                "element_unknown",
                Phrase("流程图里没有元素「{element}」。", element=element_id),
                status=422,
                remedy="请核对元素编号；被调用的流程要正在运行才能放入令牌。",
            )
        if named:
            ways = {scope.host.task_spec for scope in named[:-1] if isinstance(scope, Scope)}
            places = [p for p in places if p.process is named[-1] and ways.issubset(p.around)]
            if not places:
                message = Phrase("元素「{element}」不在指定的子流程里。", element=element_id)
                raise CommandRefused("element_elsewhere", message, status=422, remedy="请核对范围。")
        if len(places) > 1:
            hosts = [p.process.host for p in places if isinstance(p.process, Scope)]
            raise self._ambiguous(Phrase("元素「{element}」所在的流程打开了不止一个。", element=element_id), hosts)
        return places[0]

    def _inside(self, scope: Case | Scope, activity: SubProcess, named: list[Case | Scope]) -> Scope:
        """The open inside of a sub-process, which is opened if it is not."""
        inside = [
            s for s in self.case.subprocesses.values() if s.host.task_spec is activity and s.host.workflow is scope
        ]
        found = [s for s in inside if s in named] or inside
        if len(found) > 1:
            message = Phrase("「{element}」打开了 {count} 个实例。", element=_title(activity), count=len(found))
            raise self._ambiguous(message, [s.host for s in found])
        return found[0] if found else self._open(scope, activity)

    def _open(self, scope: Case | Scope, activity: SubProcess) -> Scope:
        title = _title(activity)
        if activity.node.by_event:
            message = Phrase("事件子流程「{element}」没有在运行。", element=title)
            raise CommandRefused("event_subprocess_closed", message, remedy="它只由它的事件触发。")
        if activity.loop is not None:
            message = Phrase("「{element}」是循环或多实例，没有打开的实例。", element=title)
            raise CommandRefused("loop_closed", message, remedy="请把令牌放到这个活动之前。")
        host = scope.new_token(activity)
        try:
            activity.prepare(host)
        except EngineError as error:
            message = Phrase("子流程「{element}」打不开：{reason}", element=title, reason=error.message)
            raise CommandRefused("scope_fails", message) from error
        host._set_state(TaskState.STARTED)
        inside = Scope(self.case, host, activity.inner, self.case.layer_of(host))
        self.case.subprocesses[host.id] = inside
        inside.start(())
        return inside

    def _ambiguous(self, message: str, tokens: Iterable[Token]) -> CommandRefused:
        listed = [{"token": token.id, "element_id": token.task_spec.name} for token in tokens]
        numbers = "、".join(str(token["token"]) for token in listed)
        remedy = Phrase("请用编号指明是哪一个：{numbers}。", numbers=numbers)
        return CommandRefused("token_ambiguous", message, remedy=remedy, details={"tokens": listed})


def _stands(token: Token) -> bool:
    """Whether a token stands where it is for itself, not for another: as an armed event does, or a loop's instance."""
    return not token.internal_data.keys() & {"host", "listener", "instance_of"}


def _flow(place: _Place, flow_id: str | None) -> Flow | None:
    """The flow a token is placed on. Raises CommandRefused where it cannot stand before the element."""
    element = place.element
    title = _title(element)
    if isinstance(element, BoundaryEvent):
        message = Phrase("「{element}」是边界事件，只由它的事件触发。", element=title)
        raise CommandRefused("target_boundary", message, remedy="请选择它之后的元素。")
    if element.node.is_compensation:
        message = Phrase("「{element}」是补偿活动，只由补偿事件触发。", element=title)
        raise CommandRefused("target_compensation", message, remedy="请把令牌放到抛出补偿的事件之前。")
    inside_event = bool(place.around) and place.around[-1].node.by_event
    if (isinstance(element, StartEvent) and inside_event) or element.node.by_event:
        message = Phrase("「{element}」属于事件子流程，只由它的事件触发。", element=title)
        raise CommandRefused("target_event_subprocess", message)
    incoming = {flow.id: flow for flow in element.node.incoming}
    if flow_id is not None:
        if flow_id not in incoming:
            message = Phrase("连线「{flow}」不流入「{element}」。", flow=flow_id, element=title)
            raise CommandRefused("flow_unknown", message, status=422)
        return incoming[flow_id]
    if isinstance(element, Join) and len(incoming) > 1:
        raise CommandRefused(
            "flow_needed",
            Phrase("「{element}」按流入的连线计数，要说明令牌从哪一条来。", element=title),
            remedy=Phrase("请指明其中一条：{flows}。", flows="、".join(incoming)),
            details={"flows": list(incoming)},
        )
    return None


def _find(spec: ProcessSpec, element_id: str) -> Iterator[tuple[tuple[SubProcess, ...], Element]]:
    """An element of a process or of the sub-processes in it, with those around it."""
    waiting: list[tuple[ProcessSpec, tuple[SubProcess, ...]]] = [(spec, ())]
    while waiting:
        scope, around = waiting.pop()
        element = scope.task_specs.get(element_id)
        # What listens for an event sub-process stands under the name of the start event, which is inside.
        if element is not None and not isinstance(element, EventSubProcess):
            yield around, element
        inside = (inner for inner in scope.task_specs.values() if isinstance(inner, SubProcess))
        waiting.extend((inner.inner, (*around, inner)) for inner in inside)


def _outwards(scope: Case | Scope) -> Iterator[Case | Scope]:
    """A scope, and those around it."""
    while isinstance(scope, Scope):
        outer = scope.host.workflow
        yield scope
        scope = outer
    yield scope


def _title(element: Element) -> str:
    return element.node.name or element.name


__all__ = ["AddToken", "CancelToken", "Instruction", "Modification", "MoveToken", "carry_out"]
