"""Whether the flows of a diagram make sense: what BPMN 2.0 forbids or leaves without meaning is reported here.

`engine.reader` has read one file; these checks need its whole graph, and the other files of the deployment.
"""

from collections.abc import Callable, Iterator, Mapping

from engine.model import Diagram, EventDefinition, Node, ProcessModel, ScopeModel, ServiceCall
from engine.phrases import Phrase
from engine.problems import Problem, problem
from engine.services import Takes

FindService = Callable[[str], bool | Takes]
"""Whether there is a service, and if that is known what it takes."""

_JOINS = frozenset({"parallelGateway", "inclusiveGateway"})
"""Gateways that split into branches which run at once, and wait for them."""

_TRIGGERED_STARTS = {"message", "signal", "timer", "error", "escalation", "conditional", "compensation"}
_PROCESS_STARTS = {"none", "message", "signal", "timer"}


def check(
    diagrams: list[Diagram],
    decisions: Mapping[str, object],
    forms: Mapping[str, object],
    find_service: FindService,
) -> list[Problem]:
    """Every structural problem of a set of files that is to be deployed together."""
    problems: list[Problem] = []
    known: dict[str, ProcessModel] = {}
    for diagram in diagrams:
        for process in diagram.processes:
            other = known.get(process.id)
            if other is not None:
                problems.append(
                    problem(
                        "duplicate_process",
                        file=process.file,
                        element_id=process.id,
                        line=process.line,
                        other=other.file,
                    )
                )
            known[process.id] = process
            checker = _Checker(process, decisions, forms, find_service)
            checker.check_process()
            problems.extend(checker.problems)
    return problems


class _Checker:
    def __init__(
        self,
        process: ProcessModel,
        decisions: Mapping[str, object],
        forms: Mapping[str, object],
        find_service: FindService,
    ) -> None:
        self.process = process
        self.decisions = decisions
        self.forms = forms
        self.find_service = find_service
        self.problems: list[Problem] = []

    def check_process(self) -> None:
        if not self.process.nodes:
            self.problems.append(
                problem(
                    "process_empty",
                    file=self.process.file,
                    element_id=self.process.id,
                    element_name=self.process.name,
                    line=self.process.line,
                )
            )
            return
        self._check_scope(self.process, None)

    def _check_scope(self, scope: ScopeModel, holder: Node | None) -> None:
        for node in scope.nodes.values():
            self._check_node(scope, node, holder)
            if node.scope is not None:
                if node.scope.nodes:
                    self._check_scope(node.scope, node)
                else:
                    self._report("process_empty", node)
        self._check_starts(scope, holder)
        self._check_reachable(scope)
        self._check_links(scope)
        self._check_caught_twice(scope, holder)
        self._check_compensation(scope, holder)

    def _check_node(self, scope: ScopeModel, node: Node, holder: Node | None) -> None:
        if node.kind == "startEvent" and node.incoming:
            self._report("start_with_incoming", node)
        if node.kind == "endEvent" and node.outgoing:
            self._report("end_with_outgoing", node)
        if node.kind == "boundaryEvent":
            self._check_boundary(scope, node)
        if node.instantiate:
            self._check_instantiating(scope, node, holder)
        if node.start_quantity > 1 and (
            not node.incoming or any(scope.nodes[flow.source].kind == "eventBasedGateway" for flow in node.incoming)
        ):
            self._report("quantity_without_flow", node)
        if node.by_event and (node.incoming or node.outgoing):
            self._report("event_subprocess_with_flow", node)
        if node.default is not None and node.default not in {flow.id for flow in node.outgoing}:
            self._report("default_unknown", node, flow=node.default)
        for flow in node.outgoing:
            if flow.id == node.default and flow.condition is not None:
                self._report("default_with_condition", node, flow=flow.name or flow.id)
        if node.is_gateway:
            self._check_gateway(scope, node)
        if node.service is not None:
            self._check_service(node, node.service)
        if node.decision is not None and node.decision not in self.decisions:
            self._report("decision_unknown", node, decision=node.decision)
        for form in (node.form, node.ui_form):
            if form is not None and form not in self.forms:
                self._report("form_unknown", node, form=form)

    def _check_service(self, node: Node, call: ServiceCall) -> None:
        found = self.find_service(call.operator)
        if not found:
            self._report("service_unknown", node, service=call.operator)
        elif isinstance(found, Takes):
            given = {name for name, _ in call.parameters}
            for name in sorted(given - found.names) if found.names is not None else ():
                known = "、".join(sorted(found.names or ())) or "（无）"
                self._report("parameter_unknown", node, service=call.operator, parameter=name, known=known)
            for name in sorted(found.required - given):
                self._report("parameter_missing", node, service=call.operator, parameter=name)

    def _check_boundary(self, scope: ScopeModel, node: Node) -> None:
        host = scope.nodes.get(node.attached_to or "")
        if host is None or not host.is_activity or host.by_event:
            self._report("boundary_without_host", node, host=node.attached_to or "（空）")
        if node.incoming:
            self._report("boundary_with_incoming", node)
        if not node.interrupting and any(part.kind in ("error", "cancel") for part in _parts(node)):
            self._report("error_not_interrupting", node)

    def _check_instantiating(self, scope: ScopeModel, node: Node, holder: Node | None) -> None:
        has_border = any(other.attached_to == node.id for other in scope.nodes.values())
        if node.incoming or holder is not None or node.loop is not None or has_border:
            self._report("instantiate_place", node, name=node.name)
        if node.kind == "eventBasedGateway":
            for flow in node.outgoing:
                target = scope.nodes[flow.target]
                if not {part.kind for part in _parts(target)} <= {"message", "signal"}:
                    self._report("instantiate_kind", node, target=target.name)

    def _check_caught_twice(self, scope: ScopeModel, holder: Node | None) -> None:
        """Of two that catch the same error or escalation in one place, nothing says which is to."""
        seen: set[tuple[str, str, str | None]] = set()
        for node in scope.nodes.values():
            starts = node.scope.nodes.values() if node.by_event and node.scope is not None else ()
            catching = [node] if node.kind == "boundaryEvent" else [n for n in starts if n.kind == "startEvent"]
            for part in (part for catch in catching for part in _parts(catch) if part.kind in ("error", "escalation")):
                place = (node.attached_to or "", part.kind, part.name)
                if place in seen:
                    around = holder.name if holder is not None else self.process.name
                    host = scope.nodes.get(node.attached_to or "")
                    self._report("caught_twice", node, host=host.name if host else around, kind=part.kind)
                seen.add(place)

    def _check_compensation(self, scope: ScopeModel, holder: Node | None) -> None:
        """Compensation and cancelling: who undoes what, and where it may be asked for."""
        handlers = {node.compensation for node in scope.nodes.values() if node.compensation is not None}
        for node in scope.nodes.values():
            kinds = {part.kind for part in _parts(node)}
            if node.is_compensation:
                if node.id not in handlers:
                    self._report("handler_unused", node)
                if node.incoming or node.outgoing or any(o.attached_to == node.id for o in scope.nodes.values()):
                    self._report("handler_with_flow", node)
            if "compensation" in kinds:
                self._check_compensating(scope, node, holder)
            if "cancel" in kinds:
                self._check_cancelling(scope, node, holder)

    def _check_compensating(self, scope: ScopeModel, node: Node, holder: Node | None) -> None:
        if node.kind == "boundaryEvent":
            handler = scope.nodes.get(node.compensation or "")
            if handler is None or not handler.is_compensation:
                self._report("compensation_without_handler", node)
            if node.outgoing:
                self._report("compensation_with_flow", node)
        elif node.kind != "startEvent" and node.event is not None and node.event.activity is not None:
            around = self._scope_of(holder) if holder is not None and holder.by_event else scope
            if not _can_be_undone(around, node.event.activity):
                self._report("compensation_target", node, activity=node.event.activity)

    def _check_cancelling(self, scope: ScopeModel, node: Node, holder: Node | None) -> None:
        transaction = scope.nodes.get(node.attached_to or "") if node.kind == "boundaryEvent" else holder
        if transaction is None or transaction.kind != "transaction":
            self._report("cancel_place", node)
        elif node.kind == "endEvent" and transaction.loop is not None:
            self._report("cancel_in_loop", node)
        elif node.kind == "endEvent" and not any(
            other.attached_to == transaction.id and "cancel" in {part.kind for part in _parts(other)}
            for other in self._scope_of(transaction).nodes.values()
        ):
            self._report("cancel_uncaught", node)

    def _scope_of(self, node: Node) -> ScopeModel:
        """The scope that a node stands in."""
        return next(scope for scope in _scopes(self.process) if scope.nodes.get(node.id) is node)

    def _check_gateway(self, scope: ScopeModel, node: Node) -> None:
        if node.kind == "complexGateway":
            if node.activation is None and len(node.incoming) > 1:
                self._report("activation_missing", node)
            return
        if node.kind in ("exclusiveGateway", "inclusiveGateway"):
            if len(node.outgoing) > 1:
                for flow in node.outgoing:
                    if flow.condition is None and flow.id != node.default:
                        self._report("flow_without_condition", node, flow=flow.name or flow.id)
        else:
            for flow in node.outgoing:
                if flow.condition is not None:
                    self._report("condition_ignored", node, flow=flow.name or flow.id)
        if node.kind == "eventBasedGateway":
            if len(node.outgoing) < 2:
                self._report("event_gateway_outgoing", node)
            for flow in node.outgoing:
                target = scope.nodes[flow.target]
                waits = target.kind in ("intermediateCatchEvent", "receiveTask") and not _is_link(target)
                # An event on a receive task's border, or a loop of it, would be a second way out of the race (§10.6.6).
                has_border = any(other.attached_to == target.id for other in scope.nodes.values())
                if not waits or has_border or target.loop is not None or len(target.incoming) != 1:
                    self._report("event_gateway_target", node, target=target.name)

    def _check_starts(self, scope: ScopeModel, holder: Node | None) -> None:
        starts = [node for node in scope.nodes.values() if node.kind == "startEvent"]
        if holder is None:
            plain = [node for node in starts if node.event is not None and node.event.kind == "none"]
            if len(plain) > 1:
                self._report("several_starts", plain[1])
            for node in starts:
                if len(_parts(node)) > 1:
                    self._report("several_event_definitions", node)
                elif node.event is not None and node.event.kind not in _PROCESS_STARTS:
                    self._report("start_kind", node, kind=node.event.kind)
                elif node.event is not None and node.event.time is not None and node.event.time.names:
                    reason = Phrase("启动之前没有变量 {names}。", names="、".join(sorted(node.event.time.names)))
                    self._report("start_timer_unreadable", node, reason=reason)
        elif holder.by_event:
            triggered = [node for node in starts if {part.kind for part in _parts(node)} <= _TRIGGERED_STARTS]
            if len(starts) != 1 or len(triggered) != 1:
                self._report("event_subprocess_start", holder)
            for node in triggered:
                kinds = {part.kind for part in _parts(node)}
                if not node.interrupting and "error" in kinds:
                    self._report("error_not_interrupting", node)
                if "compensation" in kinds and holder.id in self.process.nodes:
                    self._report("event_subprocess_start", holder)  # nothing undoes a process
        else:
            for node in starts:
                if node.event is not None and node.event.kind != "none":
                    self._report("subprocess_start_kind", node)
            if len(starts) > 1:
                self._report("several_starts", starts[1])

    def _check_reachable(self, scope: ScopeModel) -> None:
        """Every node must have a way to it from where the scope begins."""
        starts = [node.id for node in scope.nodes.values() if node.kind == "startEvent"]
        entries = starts or [node.id for node in scope.nodes.values() if _may_begin(node)]
        entries += [*scope.fed, *(node.id for node in scope.nodes.values() if node.instantiate)]
        seen: set[str] = {node.id for node in scope.nodes.values() if node.by_event or node.is_compensation}
        ways = _ways(scope)
        waiting = list(entries)
        while waiting:
            node_id = waiting.pop()
            if node_id not in seen:
                seen.add(node_id)
                waiting.extend(ways[node_id])
        for node in scope.nodes.values():
            if node.id not in seen:
                self._report("unreachable", node)

    def _check_links(self, scope: ScopeModel) -> None:
        links = [node for node in scope.nodes.values() if node.event is not None and node.event.kind == "link"]
        catches = [node.event.name for node in links if node.event and node.kind == "intermediateCatchEvent"]
        for node in links:
            if node.outgoing if node.kind == "intermediateThrowEvent" else node.incoming:
                self._report("link_with_flow", node, name=node.event.name or "" if node.event else "")
            if node.kind == "intermediateThrowEvent" and node.event and catches.count(node.event.name) != 1:
                self._report("link_target", node, name=node.event.name or "", count=catches.count(node.event.name))

    def _report(self, code: str, node: Node, **facts: object) -> None:
        self.problems.append(
            problem(
                code,
                file=self.process.file,
                element_id=node.id,
                element_name=node.name,
                line=node.line,
                **facts,  # type: ignore[arg-type]  # facts are the sentence's
            )
        )


def has_plain_start(process: ProcessModel) -> bool:
    """Whether a process can be begun without a trigger, as by a call."""
    starts = [node for node in process.nodes.values() if node.kind == "startEvent"]
    if starts:
        return any(node.event is not None and node.event.kind == "none" for node in starts)
    return any(_may_begin(node) for node in process.nodes.values())


def _may_begin(node: Node) -> bool:
    """Whether a token begins here where no start event is drawn (BPMN 2.0 §10.5.2)."""
    special = node.by_event or node.is_compensation or node.instantiate
    return not (node.incoming or special or _is_link(node) or node.kind == "boundaryEvent")


def _parts(node: Node) -> tuple[EventDefinition, ...]:
    """The event definitions of a node: none, one or several."""
    return node.event.all if node.event is not None else ()


def _can_be_undone(scope: ScopeModel, activity: str) -> bool:
    """Whether an activity of a scope has something that undoes it: an event on its border, or what is inside it."""
    node = scope.nodes.get(activity)
    has_handler = any(other.attached_to == activity and other.compensation for other in scope.nodes.values())
    return has_handler or (node is not None and node.is_scope and not node.by_event)


def _ways(scope: ScopeModel) -> dict[str, list[str]]:
    """Where a token can go from each node: along its flows, out of its border, over its link."""
    ways = {node.id: [flow.target for flow in node.outgoing] for node in scope.nodes.values()}
    landings = {node.event.name: node.id for node in scope.nodes.values() if _is_link(node) and node.event}
    for node in scope.nodes.values():
        if node.attached_to in ways:
            ways[node.attached_to].append(node.id)
        elif node.kind == "intermediateThrowEvent" and node.event is not None and node.event.kind == "link":
            ways[node.id] += [landings[node.event.name]] if node.event.name in landings else []
    return ways


def _is_link(node: Node) -> bool:
    """Whether a node is where a link lands."""
    return node.kind == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link"


def concurrent_writes(process: ProcessModel) -> Iterator[Problem]:
    """Variables that two branches of one split both write: the last one wins, which few diagrams mean."""
    for node in process.walk():
        if len(node.outgoing) < 2 or (node.is_gateway and node.kind not in _JOINS):
            continue
        scope = next(s for s in _scopes(process) if node.id in s.nodes)
        written: dict[str, str] = {}
        for flow in node.outgoing:
            for name, element in _writes(scope, flow.target).items():
                other = written.setdefault(name, element)
                if other != element:
                    yield problem(
                        "concurrent_write",
                        file=process.file,
                        element_id=element,
                        element_name=scope.nodes[element].name,
                        line=scope.nodes[element].line,
                        severity="warning",
                        name=name,
                        other=other,
                    )


def _scopes(process: ScopeModel) -> Iterator[ScopeModel]:
    yield process
    for node in process.walk():
        if node.scope is not None:
            yield node.scope


def _writes(scope: ScopeModel, start: str) -> dict[str, str]:
    """Variable → the first element that writes it, from `start` to the next join."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = scope.nodes[waiting.pop()]
        if node.id in seen or (node.kind in _JOINS and len(node.incoming) > 1):
            continue
        seen.add(node.id)
        for name in _written_by(node):
            found.setdefault(name, node.id)
        waiting.extend(flow.target for flow in node.outgoing)
    return found


def _written_by(node: Node) -> Iterator[str]:
    """The variables that a node writes, as far as it says so itself."""
    for script in (node.pre_script, node.script, node.post_script):
        yield from sorted(script.names_written) if script is not None else ()
    yield from (part.variable for part in _parts(node) if part.variable)
    if result := node.service.result_variable if node.service is not None else node.result_variable:
        yield result
