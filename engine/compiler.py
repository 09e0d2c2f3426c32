"""A checked model becomes SpiffWorkflow specs. No recursion along flows, so a path may be as long as it likes."""

from engine import activities, events, gateways
from engine.elements import Element, ProcessSpec
from engine.model import Node, ProcessModel, ScopeModel

_KINDS: dict[str, type[Element]] = {
    "task": activities.PlainTask,
    "userTask": activities.UserTask,
    "manualTask": activities.UserTask,
    "scriptTask": activities.ScriptTask,
    "serviceTask": activities.ServiceTask,
    "businessRuleTask": activities.BusinessRuleTask,
    "sendTask": activities.SendTask,
    "receiveTask": activities.ReceiveTask,
    "callActivity": activities.CallActivity,
    "subProcess": activities.SubProcess,
    "transaction": activities.SubProcess,
    "exclusiveGateway": gateways.ExclusiveGateway,
    "parallelGateway": gateways.ParallelGateway,
    "inclusiveGateway": gateways.InclusiveGateway,
    "complexGateway": gateways.ComplexGateway,
    "eventBasedGateway": gateways.EventBasedGateway,
    "startEvent": events.StartEvent,
    "endEvent": events.EndEvent,
    "intermediateCatchEvent": events.CatchEvent,
    "intermediateThrowEvent": events.ThrowEvent,
    "boundaryEvent": events.BoundaryEvent,
}
_LINKS: dict[str, type[Element]] = {
    "intermediateCatchEvent": events.LinkCatch,
    "intermediateThrowEvent": events.LinkThrow,
}


def compile_process(model: ProcessModel) -> ProcessSpec:
    """The specs of a process that `engine.structure` found nothing wrong with."""
    process = ProcessSpec(model.id)
    process.inputs, process.outputs = model.inputs, model.outputs
    waiting: list[tuple[ProcessSpec, ScopeModel, str | None]] = [(process, model, None)]
    while waiting:
        spec, scope, lane = waiting.pop()
        for node in scope.nodes.values():
            node.lane = node.lane or lane
            element = _element(spec, node)
            if node.event is not None:
                process.events[node.id] = node.event
            if isinstance(element, activities.SubProcess) and node.scope is not None:
                element.inner = ProcessSpec(node.id, process)
                waiting.append((element.inner, node.scope, node.lane))
        _connect(spec, scope)
    return process


def _element(spec: ProcessSpec, node: Node) -> Element:
    if node.event is not None and node.event.kind == "link":
        return _LINKS[node.kind](spec, node)
    return _KINDS[node.kind](spec, node)


def _connect(spec: ProcessSpec, scope: ScopeModel) -> None:
    plain_starts: list[Element] = []
    alone: list[Element] = []
    for node in scope.nodes.values():
        element = spec.element(node.id)
        if isinstance(element, events.BoundaryEvent):
            host = spec.element(node.attached_to or "")
            handler = spec.element(node.compensation) if node.compensation is not None else None
            if isinstance(host, activities.Activity) and isinstance(handler, activities.Activity):
                host.handler = handler
            host.boundary.append(element)
        elif isinstance(element, events.LinkThrow):
            element.target = _landing(spec, scope, element)
        elif isinstance(element, events.StartEvent):
            if element.event.kind == "none" or spec.process is not spec:
                plain_starts.append(element)
        elif node.by_event and isinstance(element, activities.SubProcess):
            listener = _listener(spec, element)
            if listener.event.kind == "compensation":
                spec.undo_body = element
            else:
                spec.event_subprocesses.append(listener)
        elif not (node.incoming or node.is_compensation or node.instantiate or isinstance(element, events.LinkCatch)):
            alone.append(element)
    has_start = any(node.kind == "startEvent" for node in scope.nodes.values())
    spec.entries = plain_starts if has_start else alone


def _landing(spec: ProcessSpec, scope: ScopeModel, throw: events.LinkThrow) -> events.LinkCatch:
    for node in scope.nodes.values():
        candidate = spec.element(node.id)
        if isinstance(candidate, events.LinkCatch) and candidate.event.name == throw.event.name:
            return candidate
    raise AssertionError("structure checks that a link has a landing")


def _listener(spec: ProcessSpec, body: activities.SubProcess) -> events.EventSubProcess:
    """The part of an event sub-process that waits. It is named by the start event, whose trigger it waits for."""
    scope = body.node.scope
    if scope is None:
        raise AssertionError("a sub-process has a scope")
    start = next(node for node in scope.nodes.values() if node.kind == "startEvent")
    listener = events.EventSubProcess(spec, start)
    listener.body = body
    return listener
