"""Carrying a running case over to another version of its diagram: what blocks it, what changes, and doing it.

Tokens keep their place and their number and get the element of the same id, or the one that the mapping names, in the
same scope. Variables, counts and due times stay. A timer whose time is drawn differently begins anew at the migration;
events on borders, event sub-processes and racing events that the new version adds are armed, those it lacks disarmed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import compensation
from engine.activities import Activity, CallActivity, ServiceTask, SubProcess, UserTask
from engine.compensation import Note
from engine.elements import Element, ProcessSpec, Token
from engine.errors import EngineError
from engine.events import LOOKED_UP, CatchEvent, Event, EventSubProcess, first_due, part_of
from engine.gateways import EventBasedGateway
from engine.model import EventDefinition
from engine.phrases import Phrase
from engine.workflow import Case, Scope

_BLOCKS = {
    "element_gone": ("新版本里没有这个元素，而案件正停在这里。", "请在映射里指明对应的元素，或先让案件离开这里。"),
    "scope_changed": ("新版本把这个元素移到了另一个子流程里。", "请先让案件离开这里，或用调整令牌的办法移动它。"),
    "type_changed": ("新版本里它从 {old} 变成了 {new}。", "请映射到同类的元素，或先让案件离开这里。"),
    "loop_changed": ("新版本改变了它的循环或多实例方式，而它正在进行。", "请等这一活动结束后再迁移。"),
    "event_changed": ("案件在等待 {old} 事件，新版本改成了 {new}。", "请等事件发生，或先把令牌移走。"),
    "undo_changed": ("它已经完成、还可能要补偿，而新版本里没有对应的补偿。", "请在新版本里保留这个活动和它的补偿。"),
    "service_changed": ("正在等待服务 {old} 的结果，新版本改成了 {new}。", "请等它完成后再迁移。"),
    "flow_gone": ("已有令牌沿连线 {flow} 到达，新版本里没有对应的连线。", "请在映射里指明对应的连线。"),
    "joins_merged": ("有两个正在等待的汇聚被映射到同一个网关。", "请让它们映射到不同的网关。"),
    "event_fails": ("新版本要等待的事件或办理期限无法计算：{reason}", "请先更正变量，或修改新版本的表达式。"),
}


@dataclass(frozen=True)
class Finding:
    """Something that blocks a migration, with its remedy, or that it changes."""

    element_id: str
    element_name: str
    code: str
    message: str
    remedy: str = ""


@dataclass
class Plan:
    """What a migration would do to a case. Where anything blocks it, nothing is done."""

    blocks: list[Finding] = field(default_factory=list)
    changes: list[Finding] = field(default_factory=list)

    def block(self, element: Element, code: str, **facts: str) -> None:
        message, remedy = _BLOCKS[code]
        _add(self.blocks, Finding(element.name, element.node.name, code, Phrase(message, **facts), remedy))

    def change(self, element: Element, code: str, message: str, **facts: str | None) -> None:
        _add(self.changes, Finding(element.name, element.node.name, code, Phrase(message, **facts)))


def carry_over(
    case: Case, spec: ProcessSpec, mapping: Mapping[str, str], called: Mapping[str, ProcessSpec] | None = None
) -> Plan:
    """Put a restored case on the specs of another version, unless something blocks it.

    `mapping` leads from ids of elements and flows to those of the new version, where they differ. `called` are the new
    specs of called processes that run inside the case, by process id; those not named stay as they are. A case for
    which the plan has blocks must be dropped: it may be half way across.
    """
    crossing = _Crossing(case, spec, mapping, called or {})
    crossing.look()
    if not crossing.plan.blocks:
        crossing.cross()
    return crossing.plan


def _add(findings: list[Finding], finding: Finding) -> None:
    if finding not in findings:
        findings.append(finding)


class _Crossing:
    """One case on its way from one version to another."""

    def __init__(
        self, case: Case, spec: ProcessSpec, mapping: Mapping[str, str], called: Mapping[str, ProcessSpec]
    ) -> None:
        self.case = case
        self.spec = spec
        self.mapping = mapping
        self.called = called
        self.plan = Plan()
        self.homes: dict[Case | Scope, ProcessSpec] = {case: spec}
        self.landings: dict[int, Element] = {}
        self.dropped: list[Token] = []

    # What is in the way

    def look(self) -> None:
        """Find the new place of every open token, and every block."""
        self._land_all(self.case)
        for scope in self.case.subprocesses.values():
            landing = self.landings.get(scope.parent_task_id)
            if isinstance(landing, CallActivity):
                self.homes[scope] = self.called.get(scope.spec.name, scope.spec)
            elif isinstance(landing, SubProcess):
                self.homes[scope] = landing.inner
            if scope in self.homes:
                self._land_all(scope)
        for scope, home in self.homes.items():
            self._check_notes(scope, scope.notes, scope.spec, home)
        for token, scope in self._undoing():
            self._check_notes(scope, token.internal_data["undoing"], scope.spec, self.homes[scope])

    def _land_all(self, scope: Case | Scope) -> None:
        home = self.homes[scope]
        joins: set[str] = set()
        armed = [token for token in scope.tasks.values() if _is_armed(token)]
        for token in [token for token in scope.tasks.values() if not _is_armed(token)]:
            landing = home.task_specs.get(self._new_id(scope, token.task_spec.name))
            if landing is None and self._races_on(scope, token):
                self.dropped.append(token)
            elif self._fits(scope, token, landing):
                self.landings[token.id] = landing
                if "arrived" in token.internal_data:
                    if landing.name in joins:
                        self.plan.block(token.task_spec, "joins_merged")
                    joins.add(landing.name)
        for token in armed:
            landing = home.task_specs.get(self._new_id(scope, token.task_spec.name))
            if self._stays_armed(token, landing):
                self.landings[token.id] = landing
            else:
                self.dropped.append(token)

    def _new_id(self, scope: Case | Scope, id: str) -> str:
        return self.mapping.get(id, id) if self._changes(scope) else id

    def _changes(self, scope: Case | Scope) -> bool:
        """Whether a scope's process gets another version."""
        return self.homes[scope].process is not scope.spec.process

    def _races_on(self, scope: Case | Scope, token: Token) -> bool:
        """Whether the new version lacks one of several racing events, and others are left."""
        others = (self.case.tokens[other] for other in token.internal_data.get("race", ()))
        return any(self._new_id(scope, other.task_spec.name) in self.homes[scope].task_specs for other in others)

    def _fits(self, scope: Case | Scope, token: Token, landing: Element | None) -> bool:
        """Whether a token can stand on its new element; what speaks against it is a block."""
        old: Element = token.task_spec
        data = token.internal_data
        already = len(self.plan.blocks)
        if landing is None:
            new_id = self._new_id(scope, old.name)
            moved = any(new_id in inner.task_specs for inner in _scopes(self.homes[scope].process))
            self.plan.block(old, "scope_changed" if moved else "element_gone")
            return False
        if type(landing) is not type(old) or landing.node.by_event != old.node.by_event:
            self.plan.block(old, "type_changed", old=old.node.kind, new=landing.node.kind)
            return False
        if "loop" in data or "instance_of" in data:
            self._check_loop(token, landing)
        elif isinstance(landing, Activity) and (landing.loop is None) != (old.loop is None):
            self.plan.block(old, "loop_changed")
        waits = data.get("waits")
        if isinstance(landing, CatchEvent) and (waits is not None or "parts" in data) and "incident" not in data:
            had, has = _kinds(old.event), _kinds(landing.event)
            if had != has or len(old.event.parts) != len(landing.event.parts):
                self.plan.block(old, "event_changed", old="、".join(sorted(had)), new="、".join(sorted(has)))
        if waits is not None and "incident" not in data and isinstance(landing, ServiceTask):
            new = landing.node.service.operator if landing.node.service is not None else ""
            if new != waits["operator"]:
                self.plan.block(old, "service_changed", old=waits["operator"], new=new)
        for flow in data.get("arrived", ()):
            if self._new_flow(scope, old, landing, flow) is None:
                self.plan.block(old, "flow_gone", flow=flow)
        return len(self.plan.blocks) == already

    def _undoing(self) -> list[tuple[Token, Case | Scope]]:
        """The tokens that wait for something to be undone, and the scope in which it is."""
        tokens = [token for token in self.case.tokens.values() if compensation.is_under_way(token)]
        return [(token, scope) for token in tokens if (scope := compensation.scope_of(token)) in self.homes]

    def _check_notes(self, scope: Case | Scope, notes: list[Note], old: ProcessSpec, new: ProcessSpec) -> None:
        """What has completed and may have to be undone must be there in the new version, with what undoes it."""
        for note in notes:
            was = old.element(note["e"])
            becomes = new.task_specs.get(self._new_id(scope, was.name))
            inside = note.get("s")
            if not isinstance(becomes, Activity) or (becomes.handler is None and inside is None):
                self.plan.block(was, "undo_changed")
            elif inside and isinstance(was, SubProcess) and isinstance(becomes, SubProcess):
                self._check_notes(scope, inside, was.inner, becomes.inner)

    def _renamed(self, scope: Case | Scope, notes: list[Note]) -> list[Note]:
        return [
            note
            | {"e": self._new_id(scope, note["e"])}
            | ({"s": self._renamed(scope, note["s"])} if "s" in note else {})
            for note in notes
        ]

    def _check_loop(self, token: Token, landing: Element) -> None:
        old, new = token.task_spec.loop, landing.loop
        if new is None or new.kind != old.kind or (old.output_collection is None) != (new.output_collection is None):
            self.plan.block(token.task_spec, "loop_changed")

    def _new_flow(self, scope: Case | Scope, old: Element, landing: Element, flow_id: str) -> str | None:
        """The flow that stands for one along which tokens have arrived: of the same id, or from the same element."""
        if not flow_id:  # an activity that waits for several tokens, whichever way they come
            return flow_id if landing.node.start_quantity > 1 else None
        incoming = {flow.id: flow for flow in landing.node.incoming}
        new_id = self._new_id(scope, flow_id)
        if new_id in incoming:
            return new_id
        source = next((flow.source for flow in old.node.incoming if flow.id == flow_id), None)
        found = [flow.id for flow in incoming.values() if source and flow.source == self._new_id(scope, source)]
        return found[0] if len(found) == 1 else None

    def _stays_armed(self, token: Token, landing: Element | None) -> bool:
        """Whether an event on a border or in a scope is there in the new version, too."""
        if landing is None or type(landing) is not type(token.task_spec):
            return False
        old, new = token.task_spec.event, landing.event
        if _kinds(old) != _kinds(new) or len(old.parts) != len(new.parts):
            return False
        if isinstance(landing, EventSubProcess):
            return True
        host = self.landings.get(token.internal_data["host"])
        return host is not None and landing in host.boundary

    # Crossing

    def cross(self) -> None:
        """Put every token on its new element, then let events wait for what the new version says."""
        case = self.case
        old_specs = {scope: scope.spec for scope in self.homes}
        old_elements = {token.id: token.task_spec for token in case.tokens.values()}
        failed = {token.id for token in case.tokens.values() if "incident" in token.internal_data}
        for token in self.dropped:
            self._disarm(token)
        for token_id, landing in self.landings.items():
            token = case.tokens[token_id]
            if landing is not token.task_spec:
                self._land(token, landing)
        for token, scope in self._undoing():
            token.internal_data["undoing"] = self._renamed(scope, token.internal_data["undoing"])
        for scope, home in self.homes.items():
            scope.notes = self._renamed(scope, scope.notes)
            scope.spec = home
            scope.joins = {t.task_spec.name: t for t in scope.tasks.values() if "arrived" in t.internal_data}
            if isinstance(scope, Scope) and isinstance(scope.host.task_spec, CallActivity):
                scope.host.internal_data["called"] = home.definition_id
        case.performers = {self.mapping.get(id, id): actor for id, actor in case.performers.items()}
        for token_id in list(self.landings):
            self._arm_border(case.tokens[token_id], old_elements[token_id])
            self._arm_race(case.tokens[token_id], old_elements[token_id])
        for scope, old_spec in old_specs.items():
            self._arm_scope(scope, old_spec)
        for token in case.tokens.values():
            if token.id not in failed and "incident" in token.internal_data:
                self.plan.block(token.task_spec, "event_fails", reason=token.internal_data["incident"]["message"])

    def _disarm(self, token: Token) -> None:
        data = token.internal_data
        self.plan.change(token.task_spec, "disarmed", "不再等待这个事件。")
        if "host" in data:
            self.case.tokens[data["host"]].internal_data["boundary"].remove(token.id)
        for other in data.get("race", ()):
            self.case.tokens[other].internal_data["race"].remove(token.id)
        token.cancel()

    def _land(self, token: Token, landing: Element) -> None:
        old: Element = token.task_spec
        scope = token.workflow
        self._note(old, landing)
        if "arrived" in token.internal_data:
            arrived: dict[str, int] = {}
            for flow, count in token.internal_data["arrived"].items():
                new_flow = self._new_flow(scope, old, landing, flow) or flow
                arrived[new_flow] = arrived.get(new_flow, 0) + count
            token.internal_data["arrived"] = arrived
        token.task_spec = landing
        try:
            if isinstance(landing, Event) and "waits" in token.internal_data:
                self._wait_anew(token, part_of(old.event, token), part_of(landing.event, token))
            elif isinstance(landing, UserTask) and "loop" not in token.internal_data:
                landing.set_due_date(token)
        except EngineError as error:
            self.plan.block(landing, "event_fails", reason=error.message)

    def _wait_anew(self, token: Token, old: EventDefinition, new: EventDefinition) -> None:
        """What an event waits for is kept where the diagram says the same of it, else worked out again."""
        waits = token.internal_data["waits"]
        if new.time is not None and (old.timer, _text(old.time)) != (new.timer, _text(new.time)):
            due, left, interval = first_due(new, self.case.evaluate(new.time, token), self.case.now)
            new_time, old_time = due.isoformat(), waits["due"].isoformat()
            self.plan.change(token.task_spec, "timer", "定时改为 {new}（原为 {old}）。", new=new_time, old=old_time)
            waits |= {"due": due, "left": left, "interval": interval}
            waits.pop("since", None)
            self.case.watching.forget(token.id)
            if new.time.names:
                waits["since"] = self.case.now
                self.case.watching.resume(token)
        elif new.kind in ("message", "signal"):
            if old.name != new.name:
                message = "改为等待「{new}」（原为「{old}」）。"
                self.plan.change(token.task_spec, "event", message, new=new.name, old=old.name)
                waits["name"] = new.name
            if new.kind == "message" and _correlation(old) != _correlation(new):
                waits["key"] = self.case.correlation_key(new, token)
        elif new.kind == "conditional" and _text(old.condition) != _text(new.condition):
            self.plan.change(token.task_spec, "event", "等待的条件已改变，将重新判断。")
            waits["was"] = False

    def _note(self, old: Element, new: Element) -> None:
        """What people will see differently of an element that they wait at."""
        if old.name != new.name:
            self.plan.change(old, "mapped", "移到「{title}」（{id}）。", title=new.node.name or new.name, id=new.name)
        if old.node.name != new.node.name:
            self.plan.change(old, "name", "名称改为「{name}」。", name=new.node.name)
        if isinstance(new, UserTask):
            was, becomes = old.node, new.node
            if was.lane != becomes.lane:
                message = "办理角色从 {old} 改为 {new}。"
                self.plan.change(old, "lane", message, old=was.lane or "（无）", new=becomes.lane or "（无）")
            if (was.form, was.ui_form) != (becomes.form, becomes.ui_form):
                message = "表单从 {old} 改为 {new}。"
                self.plan.change(old, "form", message, old=was.form or "（无）", new=becomes.form or "（无）")

    def _arm_border(self, host: Token, old: Element) -> None:
        """Begin to wait for the events that the new version adds to an open activity's border."""
        if not isinstance(host.task_spec, Activity) or host.task_spec is old or "instance_of" in host.internal_data:
            return
        had = {(self.mapping.get(b.name, b.name), _kinds(b.event)) for b in old.boundary}
        for boundary in host.task_spec.boundary:
            if (boundary.name, _kinds(boundary.event)) not in had and not _kinds(boundary.event) <= LOOKED_UP:
                self.plan.change(boundary, "armed", "开始等待这个事件。")
                boundary.arm_on(host)

    def _arm_scope(self, scope: Case | Scope, old: ProcessSpec) -> None:
        """Begin to wait for the event sub-processes that the new version adds to an open scope."""
        if scope.spec is old or scope.is_interrupted:
            return
        had = {(self.mapping.get(e.name, e.name), _kinds(e.event)) for e in old.event_subprocesses}
        for listener in scope.spec.event_subprocesses:
            if (listener.name, _kinds(listener.event)) not in had and not _kinds(listener.event) <= LOOKED_UP:
                self.plan.change(listener, "armed", "开始等待这个事件。")
                listener.listen(scope)

    def _arm_race(self, racer: Token, old: Element) -> None:
        """Begin to wait for the events that the new version adds after an event-based gateway."""
        scope = racer.workflow
        gateway = _gateway_before(racer.task_spec)
        if "race" not in racer.internal_data or racer.task_spec is old or gateway is None:
            return
        racers = [racer, *(self.case.tokens[other] for other in racer.internal_data["race"])]
        here = {token.task_spec.name for token in racers}
        added = [flow.target for flow in gateway.node.outgoing if flow.target not in here]
        fresh = [scope.new_token(scope.spec.element(target)) for target in added]
        racers += fresh
        for token in racers:
            token.internal_data["race"] = [other.id for other in racers if other is not token]
        for token in fresh:
            self.plan.change(token.task_spec, "armed", "开始等待这个事件。")
            scope.begin(token)


def _kinds(event: EventDefinition) -> frozenset[str]:
    """The kinds of the definitions that an event has."""
    return frozenset(part.kind for part in event.all)


def _is_armed(token: Token) -> bool:
    """Whether a token is an event that waits on a border or in a scope, and no place where the case stands."""
    return "host" in token.internal_data or bool(token.internal_data.get("listener"))


def _gateway_before(element: Element) -> EventBasedGateway | None:
    before = [element.process.element(flow.source) for flow in element.node.incoming]
    return before[0] if len(before) == 1 and isinstance(before[0], EventBasedGateway) else None


def _scopes(spec: ProcessSpec) -> Iterator[ProcessSpec]:
    """A process and the sub-processes in it."""
    waiting = [spec]
    while waiting:
        scope = waiting.pop()
        yield scope
        waiting.extend(inner.inner for inner in scope.task_specs.values() if isinstance(inner, SubProcess))


def _text(expression: Any) -> str | None:
    return None if expression is None else expression.text


def _correlation(event: EventDefinition) -> list[tuple[str, str]]:
    return [(part.name, part.read.text) for part in event.correlation]


__all__ = ["Finding", "Plan", "carry_over"]
