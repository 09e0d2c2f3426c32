"""A .bpmn file as a `Diagram`, with everything that is wrong with it, all at once.

Three things are checked here, each with the line it stands on: that the file is safe XML, that it holds only what the
allow-list names, and that every expression, script and time can be read. Whether the flows make sense is `structure`'s.
"""

from typing import get_args

from engine import allowance, xml
from engine.allowed import ATTRIBUTES, BPMN, CHILDREN, GLOBAL_TASKS, NODES, PROPERTIES, SPIFF
from engine.data_reader import DataReader
from engine.event_reader import EventReader
from engine.expressions import Expression
from engine.loop_reader import LoopReader
from engine.model import Binding, Diagram, Flow, Node, ProcessModel, ScopeModel, ServiceCall
from engine.problems import Problem, problem
from engine.reading import Reading, whole_number
from engine.xml import Element

_DIGITS = {"1": "true", "0": "false"}

LARGEST_QUANTITY = 1_000
"""Tokens that one activity waits for or gives, at most."""

MOST_RETRIES = 1_000
"""How often a diagram may have a service tried again."""


def read(content: bytes, file: str) -> tuple[Diagram, list[Problem]]:
    """The diagram in `content` and its problems; where there is an error the diagram is not to be used."""
    root, problems = xml.parse(content, file)
    if root is None:
        return Diagram(file), problems
    if xml.namespace(root) != BPMN or xml.local_name(root) != "definitions":
        return Diagram(file), [problem("not_bpmn", file=file, line=root.sourceline, tag=root.tag)]
    _spell_out_booleans(root)
    reading = Reading(root, file)
    return _Reader(reading).diagram(), reading.problems


def _spell_out_booleans(root: Element) -> None:
    """XML Schema writes true and false as 1 and 0, too."""
    for element in root.iter(f"{{{BPMN}}}*"):
        allowed = ATTRIBUTES.get(xml.local_name(element), {})
        for name, value in element.attrib.items():
            if value.strip() in _DIGITS and (allowed.get(name) or frozenset()) & {"true", "false"}:
                element.set(name, _DIGITS[value.strip()])


class _Reader:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.root = reading.root
        self.file = reading.file
        self.data = DataReader(reading)
        self.events = EventReader(reading, self.data)
        self.loops = LoopReader(reading, self.data, self.events)

    def diagram(self) -> Diagram:
        processes = list(self.root.iterchildren(f"{{{BPMN}}}process"))
        documented = {id(p) for p in processes if p.get("isExecutable") == "false"}
        allowance.check(self.reading, (child for child in self.root.iterchildren() if id(child) not in documented))
        models = [self._process(p) for p in processes if id(p) not in documented]
        models += [
            self._global_task(child, GLOBAL_TASKS[tag])
            for child in self.root.iterchildren(f"{{{BPMN}}}*")
            if (tag := xml.local_name(child)) in GLOBAL_TASKS
        ]
        return Diagram(self.file, models)

    # Processes and scopes

    def _global_task(self, element: Element, tag: str) -> ProcessModel:
        """A task at the top of the file, which call activities call: a process of that one task."""
        model = self._model(element)
        if element.get("id"):
            model.nodes[model.id] = self._node(element, tag)
        return model

    def _process(self, element: Element) -> ProcessModel:
        model = self._model(element)
        specification = element.find(f"{{{BPMN}}}ioSpecification")
        if specification is not None:
            model.inputs = self.data.io_names(specification, "dataInput")
            model.outputs = self.data.io_names(specification, "dataOutput")
        self._fill(model, element)
        for lane in element.iter(f"{{{BPMN}}}lane"):
            model.lanes[lane.get("id") or ""] = lane.get("name") or lane.get("id") or ""
        return model

    def _model(self, element: Element) -> ProcessModel:
        return ProcessModel(
            id=element.get("id") or "",
            name=element.get("name") or self._pool_name(element) or element.get("id") or "",
            line=element.sourceline or 0,
            file=self.file,
        )

    def _pool_name(self, process: Element) -> str:
        for participant in self.root.iter(f"{{{BPMN}}}participant"):
            if self.reading.reference(participant.get("processRef")) == process.get("id"):
                return participant.get("name") or ""
        return ""

    def _fill(self, scope: ScopeModel, element: Element) -> None:
        lanes = self._lane_of_nodes(element)
        refused: set[str] = set()
        for child in element.iterchildren(f"{{{BPMN}}}*"):
            tag = xml.local_name(child)
            if tag not in CHILDREN["process"]:
                refused.add(child.get("id") or "")
            if tag in NODES and child.get("id"):
                node = self._node(child, tag)
                node.lane = lanes.get(node.id)
                scope.nodes[node.id] = node
        for child in element.iterchildren(f"{{{BPMN}}}sequenceFlow"):
            if child.get("id"):
                self._flow(scope, child, refused)
        for child in element.iterchildren(*(f"{{{BPMN}}}{tag}" for tag in NODES)):
            self._compare_flows(scope, child)
        for child in self.reading.children(element, "association"):
            self._compensation(scope, child)

    def _compensation(self, scope: ScopeModel, association: Element) -> None:
        """An association leads from a compensation event on a border to the activity that undoes its host."""
        ends = (scope.nodes.get(self.reading.reference(association.get(end))) for end in ("sourceRef", "targetRef"))
        event, handler = ends
        if event is None or event.event is None or event.event.kind != "compensation" or handler is None:
            return
        if event.compensation is not None:
            self.reading.report("several_handlers", association)
        event.compensation = handler.id

    def _compare_flows(self, scope: ScopeModel, element: Element) -> None:
        """What leads where is for the flows to say. A node's own list gives the order in which conditions are tried;
        flows that it does not list come last."""
        node = scope.nodes.get(element.get("id") or "")
        if node is None:
            return
        listed = {
            name: [self.reading.reference(child.text) for child in self.reading.children(element, name)]
            for name in ("incoming", "outgoing")
        }
        for name, flows in (("incoming", node.incoming), ("outgoing", node.outgoing)):
            known = {flow.id for flow in flows}
            for strange in (flow for flow in listed[name] if flow not in known):
                self.reading.report("flow_listed_only", element, severity="warning", list=name, flow=strange)
        place = {flow: index for index, flow in enumerate(listed["outgoing"])}
        node.outgoing.sort(key=lambda flow: place.get(flow.id, len(place)))

    def _lane_of_nodes(self, element: Element) -> dict[str, str]:
        """Node id → the id of its innermost lane."""
        lanes: dict[str, str] = {}
        known = {node.get("id") for node in element.iter(*(f"{{{BPMN}}}{tag}" for tag in NODES))}
        for lane in element.iter(f"{{{BPMN}}}lane"):
            around = {outer.get("id") for outer in lane.iterancestors(f"{{{BPMN}}}lane")}
            for reference in self.reading.children(lane, "flowNodeRef"):
                node = self.reading.text(reference)
                if node not in known:
                    self.reading.report("reference_unknown", lane, attribute="flowNodeRef", reference=node)
                elif lanes.get(node, lane.get("id")) not in {lane.get("id"), *around}:
                    self.reading.report("two_lanes", lane, node=node, other=lanes[node])
                lanes[node] = lane.get("id") or ""
        return lanes

    def _flow(self, scope: ScopeModel, element: Element, refused: set[str]) -> None:
        """Of what was `refused` here, which was reported, the flows need no word more."""
        holder = element.find(f"{{{BPMN}}}conditionExpression")
        # One that cannot be read is reported; it is there, so that nobody misses it as well.
        condition = None if holder is None else self.reading.expression(holder, element) or Expression.parse("False")
        flow = Flow(
            id=element.get("id") or "",
            name=element.get("name") or "",
            line=element.sourceline or 0,
            source=element.get("sourceRef") or "",
            target=element.get("targetRef") or "",
            condition=condition,
        )
        source, target = scope.nodes.get(flow.source), scope.nodes.get(flow.target)
        if source is None or target is None:
            missing = flow.source if source is None else flow.target
            if missing not in refused:
                self.reading.report("flow_end_missing", element, missing=missing or "（空）")
            elif target is not None:
                scope.fed.add(target.id)
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
            documentation=self.reading.text(element.find(f"{{{BPMN}}}documentation")),
        )
        extensions = self.reading.extensions(element)
        node.pre_script = self.reading.script(extensions.get("preScript"), element)
        node.post_script = self.reading.script(extensions.get("postScript"), element)
        properties = self.reading.properties(extensions.get("properties"))
        for name in sorted(properties.keys() - PROPERTIES.get(tag, frozenset())):
            self.reading.report("property_unknown", element, severity="warning", name=name)
        node.result_variable = properties.get("resultVariable")
        node.loop = self.loops.loop(element)
        is_event_sub_process = element.get("triggeredByEvent") == "true"
        # An event sub-process that undoes its scope may carry the mark, too: its own start event is what leads to it.
        node.is_compensation = element.get("isForCompensation") == "true" and not is_event_sub_process
        node.start_quantity = self._quantity(element, "startQuantity")
        node.completion_quantity = self._quantity(element, "completionQuantity")
        if node.is_activity:
            node.inputs, node.outputs = self.data.inputs(element), self.data.outputs(element)
        if tag == "scriptTask":
            self._script_task(node, element)
        elif tag == "serviceTask":
            node.service = self._service(extensions.get("serviceTaskOperator"), element)
        elif tag == "businessRuleTask":
            node.decision = self.reading.text(extensions.get("calledDecisionId")) or None
            if node.decision is None:
                self.reading.report("decision_missing", element)
        elif tag == "callActivity":
            self._call(node, element, properties)
        elif tag == "userTask":
            node.performer_of = properties.get("performerOf")
            if "nameExpression" in properties:
                node.name_expression = self.reading.parse(properties["nameExpression"], element, element)
            if "dueDate" in properties:
                node.due_date = self.reading.parse(properties["dueDate"], element, element)
            if "doneBy" in properties:
                node.done_by = self.reading.parse(properties["doneBy"], element, element)
            node.form = properties.get("formJsonSchemaFilename")
            node.ui_form = properties.get("formUiSchemaFilename")
        elif node.is_scope:
            node.by_event = is_event_sub_process
            node.scope = ScopeModel(node.id)
            self._fill(node.scope, element)
            if is_event_sub_process and element.get("isForCompensation") == "true" and not _undoes(node.scope):
                self.reading.report("handler_unused", element)
        elif tag == "complexGateway":
            activation = element.find(f"{{{BPMN}}}activationCondition")
            node.activation = self.reading.expression(activation, element) if activation is not None else None
        elif node.is_event or tag in ("sendTask", "receiveTask"):
            node.event = self.events.event(element, tag)
            node.attached_to = self.reading.reference(element.get("attachedToRef")) or None
            attribute = "isInterrupting" if tag == "startEvent" else "cancelActivity"
            node.interrupting = element.get(attribute, "true") != "false"
        node.instantiate = element.get("instantiate") == "true"
        return node

    def _quantity(self, element: Element, attribute: str) -> int:
        text = element.get(attribute, "1")
        quantity = whole_number(text, most=LARGEST_QUANTITY)
        if quantity is None:
            self.reading.report("unsupported_attribute", element, attribute=attribute, value=text)
        return quantity or 1

    def _script_task(self, node: Node, element: Element) -> None:
        holder = element.find(f"{{{BPMN}}}script")
        node.script = self.reading.script(holder, element)
        if not self.reading.text(holder):
            self.reading.report("script_missing", element)

    def _call(self, node: Node, element: Element, properties: dict[str, str]) -> None:
        """What a call activity calls, and which version: `calledElementBinding` and `calledElementVersion`."""
        node.called = self.reading.reference(element.get("calledElement"), elsewhere=True) or None
        if node.called is None:
            self.reading.report("called_element_missing", element)
        binding = properties.get("calledElementBinding") or "nearest"
        node.binding = next((known for known in get_args(Binding) if known == binding), "nearest")
        if binding != node.binding:
            self.reading.report("unsupported_attribute", element, attribute="calledElementBinding", value=binding)
        if node.binding == "version":
            version = properties.get("calledElementVersion") or ""
            node.called_version = whole_number(version)
            if node.called_version is None:
                attribute = "calledElementVersion"
                self.reading.report("unsupported_attribute", element, attribute=attribute, value=version)

    def _service(self, operator: Element | None, element: Element) -> ServiceCall | None:
        if operator is None or not operator.get("id"):
            self.reading.report("operator_missing", element)
            return None
        parameters: list[tuple[str, Expression]] = []
        for parameter in operator.iter(f"{{{SPIFF}}}parameter"):
            text = parameter.get("value")
            if text is None or not text.strip():
                continue
            expression = self.reading.parse(text, parameter, element)
            if expression is not None:
                parameters.append((parameter.get("id") or "", expression))
        attempts: int | None = None
        for retry in operator.iter(f"{{{SPIFF}}}retry"):
            text = retry.get("retries")
            retries = whole_number(text, least=0, most=MOST_RETRIES) if text else None
            if retries is not None:
                attempts = retries + 1
            elif text:
                self.reading.report("unsupported_attribute", element, attribute="retries", value=text)
        return ServiceCall(
            operator.get("id") or "", tuple(parameters), operator.get("resultVariable") or None, attempts
        )


def _undoes(scope: ScopeModel) -> bool:
    """Whether a scope begins with a compensation."""
    starts = (node.event for node in scope.nodes.values() if node.kind == "startEvent" and node.event is not None)
    return any(part.kind == "compensation" for event in starts for part in event.all)
