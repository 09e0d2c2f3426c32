"""A .bpmn file as a `Diagram`, with everything that is wrong with it, all at once.

Three things are checked here, each with the line it stands on: that the file is safe XML, that it holds only what the
allow-list names, and that every expression, script and time can be read. Whether the flows make sense is `structure`'s.
"""

from collections.abc import Iterable

from engine import durations, xml
from engine.allowed import ATTRIBUTES, BPMN, CHILDREN, DOCUMENTATION, DRAWING, EXTENSIONS, NODES, SPIFF
from engine.errors import ExpressionError
from engine.expressions import Expression, Script
from engine.model import (
    CorrelationProperty,
    Diagram,
    EventDefinition,
    EventKind,
    Flow,
    Loop,
    Node,
    ProcessModel,
    ScopeModel,
    ServiceCall,
    TimerKind,
)
from engine.problems import Problem, problem
from engine.xml import Element

LONGEST_NAME = 200
"""Characters of an id or name, at most."""

LONGEST_ROLE = 64
"""Characters of a lane's id, at most."""

_VARIABLES = frozenset({"inputDataItem", "outputDataItem", "dataInput", "dataOutput"})
"""Elements whose id is the name of a variable, and may stand more than once."""

_EVENT_KINDS: dict[str, EventKind] = {
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "timerEventDefinition": "timer",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "conditionalEventDefinition": "conditional",
    "linkEventDefinition": "link",
    "terminateEventDefinition": "terminate",
}
_TIMER_KINDS: dict[str, TimerKind] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def read(content: bytes, file: str) -> tuple[Diagram, list[Problem]]:
    """The diagram in `content` and its problems; where there is an error the diagram is not to be used."""
    root, problems = xml.parse(content, file)
    if root is None:
        return Diagram(file), problems
    if xml.namespace(root) != BPMN or xml.local_name(root) != "definitions":
        return Diagram(file), [problem("not_bpmn", file=file, line=root.sourceline, tag=root.tag)]
    reader = _Reader(root, file)
    return reader.diagram(), reader.problems


class _Reader:
    def __init__(self, root: Element, file: str) -> None:
        self.root = root
        self.file = file
        self.problems: list[Problem] = []
        self.messages = self._named("message")
        self.signals = self._named("signal")
        self.errors = self._named("error")
        self.escalations = self._named("escalation")
        self.correlations = self._correlations()

    def diagram(self) -> Diagram:
        processes = list(self.root.iterchildren(f"{{{BPMN}}}process"))
        documented = {id(p) for p in processes if p.get("isExecutable") == "false"}
        for child in self.root.iterchildren():
            if id(child) not in documented:
                self._check_allowed(child, "definitions")
        self._check_ids(child for child in self.root.iterchildren(f"{{{BPMN}}}*") if id(child) not in documented)
        return Diagram(self.file, [self._process(p) for p in processes if id(p) not in documented])

    # What is allowed

    def _check_allowed(self, element: Element, parent: str) -> None:
        waiting = [(element, parent)]
        while waiting:
            element, parent = waiting.pop()
            if not isinstance(element.tag, str):
                continue
            space, tag = xml.namespace(element), xml.local_name(element)
            if space != BPMN:
                if space not in DRAWING and parent != "extensionElements":
                    self._report("foreign_element", element, severity="warning", tag=element.tag)
                continue
            if tag in ("documentation", "extensionElements"):
                if tag == "extensionElements":
                    self._check_extensions(element)
                continue
            if tag not in CHILDREN.get(parent, frozenset()):
                self._report("unsupported_element", self._named_place(element), tag=f"{tag}（位于 {parent}）")
                continue
            if tag in DOCUMENTATION:
                continue
            self._check_attributes(element, tag)
            waiting.extend((child, tag) for child in element.iterchildren())

    def _check_attributes(self, element: Element, tag: str) -> None:
        allowed = ATTRIBUTES[tag]
        for name, value in element.attrib.items():
            if name.startswith("{"):
                if not any(name.startswith(f"{{{space}}}") for space in (*DRAWING, SPIFF)):
                    self._report("foreign_attribute", element, severity="warning", attribute=name)
            elif name not in allowed:
                self._report("unsupported_attribute", element, attribute=name, value=value)
            else:
                accepted = allowed[name]
                if accepted is not None and value not in accepted:
                    self._report("unsupported_attribute", element, attribute=name, value=value)

    def _check_extensions(self, element: Element) -> None:
        for child in element.iterchildren():
            space, tag = xml.namespace(child), xml.local_name(child)
            if space in DRAWING or (space == SPIFF and tag in EXTENSIONS):
                continue
            self._report("foreign_element", self._named_place(child), severity="warning", tag=child.tag)

    def _check_ids(self, parts: Iterable[Element]) -> None:
        seen: dict[str, Element] = {}
        for part in parts:
            for element in part.iter(f"{{{BPMN}}}*"):
                identity = element.get("id")
                self._check_length(element)
                if identity is None:
                    if xml.local_name(element) in NODES | {"sequenceFlow", "process"}:
                        self._report("missing_id", element, tag=xml.local_name(element))
                elif xml.local_name(element) in _VARIABLES:
                    continue
                elif identity in seen:
                    self._report("duplicate_id", element, id=identity, other=seen[identity].sourceline)
                else:
                    seen[identity] = element

    def _check_length(self, element: Element) -> None:
        for attribute in ("id", "name"):
            is_role = attribute == "id" and xml.local_name(element) == "lane"
            limit = LONGEST_ROLE if is_role else LONGEST_NAME
            if len(element.get(attribute) or "") > limit:
                self._report("name_too_long", element, attribute=attribute, limit=limit)

    # Processes and scopes

    def _process(self, element: Element) -> ProcessModel:
        model = ProcessModel(
            id=element.get("id") or "",
            name=element.get("name") or self._pool_name(element) or element.get("id") or "",
            line=element.sourceline or 0,
            file=self.file,
        )
        specification = element.find(f"{{{BPMN}}}ioSpecification")
        if specification is not None:
            model.inputs = self._io_names(specification, "dataInput")
            model.outputs = self._io_names(specification, "dataOutput")
        self._fill(model, element)
        for lane in element.iter(f"{{{BPMN}}}lane"):
            model.lanes[lane.get("id") or ""] = lane.get("name") or lane.get("id") or ""
        return model

    def _pool_name(self, process: Element) -> str:
        for participant in self.root.iter(f"{{{BPMN}}}participant"):
            if participant.get("processRef") == process.get("id"):
                return participant.get("name") or ""
        return ""

    def _io_names(self, specification: Element, tag: str) -> tuple[str, ...] | None:
        names = tuple(
            name
            for item in specification.iterchildren(f"{{{BPMN}}}{tag}")
            if (name := item.get("id") or item.get("name"))
        )
        return names or None

    def _fill(self, scope: ScopeModel, element: Element) -> None:
        lanes = self._lane_of_nodes(element)
        for child in element.iterchildren(f"{{{BPMN}}}*"):
            tag = xml.local_name(child)
            if tag in NODES and child.get("id"):
                node = self._node(child, tag)
                node.lane = lanes.get(node.id)
                scope.nodes[node.id] = node
        for child in element.iterchildren(f"{{{BPMN}}}sequenceFlow"):
            if child.get("id"):
                self._flow(scope, child)
        for child in element.iterchildren(*(f"{{{BPMN}}}{tag}" for tag in NODES)):
            self._order_outgoing(scope, child)

    def _order_outgoing(self, scope: ScopeModel, element: Element) -> None:
        """Conditions are tried in the order in which the node lists its flows, those it does not list after that."""
        order = [(listed.text or "").strip() for listed in element.iterchildren(f"{{{BPMN}}}outgoing")]
        node = scope.nodes.get(element.get("id") or "")
        if node is not None and order:
            place = {flow: index for index, flow in enumerate(order)}
            node.outgoing.sort(key=lambda flow: place.get(flow.id, len(order)))

    def _lane_of_nodes(self, element: Element) -> dict[str, str]:
        """Node id → the id of its innermost lane."""
        lanes: dict[str, str] = {}
        for lane in element.iter(f"{{{BPMN}}}lane"):
            for reference in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
                lanes[(reference.text or "").strip()] = lane.get("id") or ""
        return lanes

    def _flow(self, scope: ScopeModel, element: Element) -> None:
        condition = element.find(f"{{{BPMN}}}conditionExpression")
        flow = Flow(
            id=element.get("id") or "",
            name=element.get("name") or "",
            line=element.sourceline or 0,
            source=element.get("sourceRef") or "",
            target=element.get("targetRef") or "",
            condition=self._expression(condition, element) if condition is not None else None,
        )
        source, target = scope.nodes.get(flow.source), scope.nodes.get(flow.target)
        if source is None or target is None:
            missing = flow.source if source is None else flow.target
            self._report("flow_end_missing", element, missing=missing or "（空）")
            return
        scope.flows[flow.id] = flow
        source.outgoing.append(flow)
        target.incoming.append(flow)

    # Nodes

    def _node(self, element: Element, tag: str) -> Node:
        node = Node(
            id=element.get("id") or "",
            kind=tag,
            name=element.get("name") or element.get("id") or "",
            line=element.sourceline or 0,
            default=element.get("default"),
            documentation=self._text(element.find(f"{{{BPMN}}}documentation")),
        )
        extensions = self._extensions(element)
        node.pre_script = self._script(extensions.get("preScript"), element)
        node.post_script = self._script(extensions.get("postScript"), element)
        properties = self._properties(extensions.get("properties"))
        node.result_variable = properties.get("resultVariable")
        node.loop = self._loop(element)
        self._check_associations(element)
        if tag == "scriptTask":
            node.script = self._script(element.find(f"{{{BPMN}}}script"), element)
            if node.script is None and not self._reported(element):
                self._report("script_missing", element)
        elif tag == "serviceTask":
            node.service = self._service(extensions.get("serviceTaskOperator"), element)
        elif tag == "businessRuleTask":
            node.decision = self._text(extensions.get("calledDecisionId")) or None
            if node.decision is None:
                self._report("decision_missing", element)
        elif tag == "callActivity":
            node.called = element.get("calledElement") or None
            if node.called is None:
                self._report("called_element_missing", element)
        elif tag == "userTask":
            node.performer_of = properties.get("performerOf")
            node.form = properties.get("formJsonSchemaFilename")
            node.ui_form = properties.get("formUiSchemaFilename")
        elif tag == "subProcess":
            node.by_event = element.get("triggeredByEvent") == "true"
            node.scope = ScopeModel(node.id)
            self._fill(node.scope, element)
        elif node.is_event or tag in ("sendTask", "receiveTask"):
            node.event = self._event(element, tag)
            node.attached_to = element.get("attachedToRef")
            attribute = "isInterrupting" if tag == "startEvent" else "cancelActivity"
            node.interrupting = element.get(attribute, "true") != "false"
        return node

    def _check_associations(self, element: Element) -> None:
        """There is one store of variables: an association that renames a value would be ignored, so it is refused."""
        names = {
            item.get("id"): item.get("name") or item.get("id")
            for tag in ("dataInput", "dataOutput")
            for item in element.iter(f"{{{BPMN}}}{tag}")
        }
        for association in element.iterchildren(f"{{{BPMN}}}dataInputAssociation", f"{{{BPMN}}}dataOutputAssociation"):
            ends = [self._text(association.find(f"{{{BPMN}}}{end}")) for end in ("sourceRef", "targetRef")]
            inner = {names[end] for end in ends if end in names}
            outer = {self._data_name(end) for end in ends if end and end not in names}
            if inner and outer and inner != outer:
                self._report("association_renames", element, inner=inner.pop(), outer=outer.pop())

    def _service(self, operator: Element | None, element: Element) -> ServiceCall | None:
        if operator is None or not operator.get("id"):
            self._report("operator_missing", element)
            return None
        parameters: list[tuple[str, Expression]] = []
        for parameter in operator.iter(f"{{{SPIFF}}}parameter"):
            text = parameter.get("value")
            if text is None or not text.strip():
                continue
            expression = self._parse(text, parameter, element)
            if expression is not None:
                parameters.append((parameter.get("id") or "", expression))
        attempts: int | None = None
        for retry in operator.iter(f"{{{SPIFF}}}retry"):
            text = retry.get("retries") or ""
            if text.isdigit():
                attempts = int(text) + 1
        return ServiceCall(
            operator.get("id") or "", tuple(parameters), operator.get("resultVariable") or None, attempts
        )

    def _loop(self, element: Element) -> Loop | None:
        standard = element.find(f"{{{BPMN}}}standardLoopCharacteristics")
        if standard is not None:
            return self._standard_loop(standard, element)
        multi = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
        if multi is None:
            return None
        find = {child: multi.find(f"{{{BPMN}}}{child}") for child in CHILDREN["multiInstanceLoopCharacteristics"]}
        cardinality, completion = find["loopCardinality"], find["completionCondition"]
        collection = self._text(find["loopDataInputRef"]) or None
        if cardinality is None and collection is None:
            self._report("loop_without_count", element)
        item, output = find["inputDataItem"], find["outputDataItem"]
        return Loop(
            kind="sequential" if multi.get("isSequential") == "true" else "parallel",
            cardinality=self._expression(cardinality, element) if cardinality is not None else None,
            collection=self._data_name(collection),
            item=(item.get("id") or item.get("name")) if item is not None else None,
            output_collection=self._data_name(self._text(find["loopDataOutputRef"]) or None),
            output_item=(output.get("id") or output.get("name")) if output is not None else None,
            completion=self._expression(completion, element) if completion is not None else None,
            scripts_on_instances=multi.get(f"{{{SPIFF}}}scriptsOnInstances") == "true",
        )

    def _data_name(self, reference: str | None) -> str | None:
        """The variable behind a data reference: a data object reference stands for its data object."""
        if reference is None:
            return None
        for candidate in self.root.iter(f"{{{BPMN}}}dataObjectReference"):
            if candidate.get("id") == reference:
                return candidate.get("dataObjectRef") or reference
        return reference

    def _standard_loop(self, loop: Element, element: Element) -> Loop | None:
        condition = loop.find(f"{{{BPMN}}}loopCondition")
        maximum = loop.get("loopMaximum")
        if maximum is not None and not (maximum.isdigit() and int(maximum) > 0):
            self._report("unsupported_attribute", element, attribute="loopMaximum", value=maximum)
            return None
        if condition is None and maximum is None:
            self._report("loop_without_count", element)
        return Loop(
            kind="standard",
            condition=self._expression(condition, element) if condition is not None else None,
            test_before=loop.get("testBefore") == "true",
            maximum=int(maximum) if maximum else None,
        )

    # Events

    def _event(self, element: Element, tag: str) -> EventDefinition:
        definitions = [child for child in element.iterchildren(f"{{{BPMN}}}*") if xml.local_name(child) in _EVENT_KINDS]
        if len(definitions) > 1:
            self._report("several_event_definitions", element)
        if tag in ("sendTask", "receiveTask") and not definitions:
            if element.get("messageRef"):
                return self._message(element, element)
            self._report("reference_missing", element, attribute="messageRef")
            return EventDefinition("none")
        if not definitions:
            if tag in ("intermediateCatchEvent", "boundaryEvent"):
                self._report("event_definition_missing", element)
            return EventDefinition("none")
        definition = definitions[0]
        kind = _EVENT_KINDS[xml.local_name(definition)]
        if kind == "message":
            return self._message(definition, element)
        if kind == "signal":
            return self._referenced(kind, definition, element, "signalRef", self.signals, "name")
        if kind == "error":
            return self._referenced(kind, definition, element, "errorRef", self.errors, "errorCode")
        if kind == "escalation":
            return self._referenced(kind, definition, element, "escalationRef", self.escalations, "escalationCode")
        if kind == "timer":
            return self._timer(definition, element)
        if kind == "conditional":
            condition = definition.find(f"{{{BPMN}}}condition")
            if condition is None:
                self._report("condition_missing", element)
                return EventDefinition(kind)
            return EventDefinition(kind, condition=self._expression(condition, element))
        if kind == "link":
            name = definition.get("name") or element.get("name")
            if not name:
                self._report("link_name_missing", element)
            return EventDefinition(kind, name=name)
        return EventDefinition(kind)

    def _message(self, holder: Element, element: Element) -> EventDefinition:
        reference = holder.get("messageRef")
        if not reference:
            self._report("reference_missing", element, attribute="messageRef")
            return EventDefinition("message")
        message = self.messages.get(reference)
        if message is None:
            self._report("reference_unknown", element, attribute="messageRef", reference=reference)
            return EventDefinition("message")
        extensions = self._extensions(message) | self._extensions(element) | self._extensions(holder)
        return EventDefinition(
            "message",
            name=message.get("name") or reference,
            payload=self._optional(extensions.get("messagePayload"), element),
            variable=self._text(extensions.get("messageVariable")) or None,
            correlation=self.correlations.get(reference, ()),
        )

    def _referenced(
        self,
        kind: EventKind,
        definition: Element,
        element: Element,
        attribute: str,
        known: dict[str, Element],
        key: str,
    ) -> EventDefinition:
        reference = definition.get(attribute)
        if not reference:
            if kind == "signal":
                self._report("reference_missing", element, attribute=attribute)
            return EventDefinition(kind)
        target = known.get(reference)
        if target is None:
            self._report("reference_unknown", element, attribute=attribute, reference=reference)
            return EventDefinition(kind)
        extensions = self._extensions(target) | self._extensions(definition)
        return EventDefinition(
            kind,
            name=target.get(key) or (None if key != "name" else reference),
            payload=self._optional(extensions.get("payloadExpression"), element),
            variable=self._text(extensions.get("variableName")) or None,
        )

    def _timer(self, definition: Element, element: Element) -> EventDefinition:
        times = [child for child in definition.iterchildren(f"{{{BPMN}}}*") if xml.local_name(child) in _TIMER_KINDS]
        if len(times) != 1 or not self._text(times[0]):
            self._report("timer_missing", element)
            return EventDefinition("timer")
        kind = _TIMER_KINDS[xml.local_name(times[0])]
        return EventDefinition("timer", timer=kind, time=self._time(self._text(times[0]), kind, element))

    def _time(self, text: str, kind: TimerKind, element: Element) -> Expression | None:
        """A timer's text: ISO 8601 as every modeler writes it, or an expression that gives such a text or value."""
        parse = {
            "date": durations.parse_datetime,
            "duration": durations.parse_duration,
            "cycle": durations.parse_repeat,
        }
        try:
            parse[kind](text)
        except ExpressionError as error:
            if _looks_like_iso(text, kind):
                self._report("bad_time", element, reason=error.message, text=text)
                return None
            return self._parse(text, element, element)
        return Expression.parse(repr(text))

    # Definitions shared by events

    def _named(self, tag: str) -> dict[str, Element]:
        return {item.get("id") or "": item for item in self.root.iterchildren(f"{{{BPMN}}}{tag}")}

    def _correlations(self) -> dict[str, tuple[CorrelationProperty, ...]]:
        """Message id → the properties that make its key."""
        found: dict[str, list[CorrelationProperty]] = {}
        for item in self.root.iter(f"{{{BPMN}}}correlationProperty"):
            for retrieval in item.iterchildren(f"{{{BPMN}}}correlationPropertyRetrievalExpression"):
                path = next(retrieval.iterchildren(f"{{{BPMN}}}*"), None)
                message = retrieval.get("messageRef") or ""
                if message not in self.messages:
                    self._report("reference_unknown", item, attribute="messageRef", reference=message)
                    continue
                expression = self._expression(path, item) if path is not None else None
                if expression is not None:
                    found.setdefault(message, []).append(CorrelationProperty(item.get("id") or "", expression))
        return {message: tuple(properties) for message, properties in found.items()}

    # Texts

    def _extensions(self, element: Element) -> dict[str, Element]:
        holder = element.find(f"{{{BPMN}}}extensionElements")
        if holder is None:
            return {}
        return {xml.local_name(child): child for child in holder.iterchildren(f"{{{SPIFF}}}*")}

    def _properties(self, element: Element | None) -> dict[str, str]:
        if element is None:
            return {}
        return {p.get("name") or "": p.get("value") or "" for p in element.iter(f"{{{SPIFF}}}property")}

    def _text(self, element: Element | None) -> str:
        return (element.text or "").strip() if element is not None else ""

    def _optional(self, holder: Element | None, element: Element) -> Expression | None:
        return self._expression(holder, element) if self._text(holder) and holder is not None else None

    def _expression(self, holder: Element, element: Element) -> Expression | None:
        text = holder.text or ""
        if not text.strip():
            self._report("expression_empty", element)
            return None
        return self._parse(text, holder, element)

    def _parse(self, text: str, place: Element, element: Element) -> Expression | None:
        try:
            return Expression.parse(text)
        except ExpressionError as error:
            self._report("bad_expression", element, line=place.sourceline, reason=error.message, text=text.strip()[:80])
            return None

    def _script(self, holder: Element | None, element: Element) -> Script | None:
        if holder is None or not (holder.text or "").strip():
            return None
        try:
            return Script.parse(holder.text or "")
        except ExpressionError as error:
            self._report("bad_script", element, line=holder.sourceline, reason=error.message)
            return None

    # Reporting

    def _report(self, code: str, element: Element, **facts: object) -> None:
        self.problems.append(problem(code, file=self.file, element=element, **facts))  # type: ignore[arg-type]  # facts are the sentence's

    def _reported(self, element: Element) -> bool:
        return any(p.element_id == element.get("id") and p.code == "bad_script" for p in self.problems)

    def _named_place(self, element: Element) -> Element:
        """The element itself, or the nearest one around it that has an id to name."""
        place: Element | None = element
        while place is not None and not place.get("id"):
            place = place.getparent()
        return element if place is None else place


def _looks_like_iso(text: str, kind: TimerKind) -> bool:
    """Whether a text that cannot be read as ISO 8601 was meant as such, so that the error speaks of the time."""
    start = text.lstrip("-+").upper()
    if kind == "date":
        return start[:4].isdigit()
    return len(start) > 1 and start[0] in "PR" and (start[1].isdigit() or start[1] in "T/-")
