"""BPMN for tests, short: elements are calls, flows are texts.

    diagram(process("p", start(), user("ask"), xor("ok"), end("yes"), end("no"),
                    "start > ask > ok", "ok > yes if x > 1", "ok > no else"))

A flow's text is a chain `a > b > c`, or one step with `if CONDITION` or `else` (the default). Flow ids are `a__b`.
Messages, signals, errors and escalations are declared by being used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
)


@dataclass
class Node:
    """An XML element. `root` are the definitions it needs beside the processes."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    body: list[Node | str] = field(default_factory=list)
    root: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.body:
            if isinstance(child, Node):
                yield from child.walk()

    def lines(self) -> Iterator[str]:
        """One element a line, so that a problem's line says something."""
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes.items())
        if len(self.body) == 1 and isinstance(self.body[0], str):
            yield f"<{self.tag}{attributes}>{escape(self.body[0])}</{self.tag}>"
            return
        yield f"<{self.tag}{attributes}>"
        for child in self.body:
            yield from [escape(child)] if isinstance(child, str) else child.lines()
        yield f"</{self.tag}>"


def diagram(*content: Node) -> bytes:
    """A .bpmn file of some processes; anything else at its top is given as it is."""
    declared = {node.attributes["id"]: node for part in content for inner in part.walk() for node in inner.root}
    parts = [*declared.values(), *content]
    lines = [line for part in parts for line in part.lines()]
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions {NAMESPACES} targetNamespace="test">'
    return "\n".join([head, *lines, "</definitions>"]).encode()


def one(*content: Node | str, id: str = "p", **attributes: str) -> bytes:
    """A file of one process."""
    return diagram(process(id, *content, **attributes))


def process(id: str, *content: Node | str, **attributes: str) -> Node:
    return _scope(Node("process", {"id": id, "isExecutable": "true", **attributes}), content)


def sub(id: str, *content: Node | str, **attributes: str) -> Node:
    """An embedded sub-process."""
    return _scope(Node("subProcess", {"id": id, **attributes}), content)


def event_sub(id: str, *content: Node | str) -> Node:
    return sub(id, *content, triggeredByEvent="true")


def _scope(scope: Node, content: tuple[Node | str, ...]) -> Node:
    nodes = [part for part in content if isinstance(part, Node)]
    by_id = {node.attributes.get("id", ""): node for node in nodes}
    scope.body = [*nodes]
    for text in (part for part in content if isinstance(part, str)):
        scope.body.extend(_flows(text, by_id))
    return scope


def _flows(text: str, by_id: dict[str, Node]) -> Iterator[Node]:
    chain, has_condition, condition = text.partition(" if ")
    is_default = chain.endswith(" else")
    ends = [end.strip() for end in chain.removesuffix(" else").split(">")]
    for source, target in pairwise(ends):
        flow = Node("sequenceFlow", {"id": f"{source}__{target}", "sourceRef": source, "targetRef": target})
        if has_condition:
            flow.body.append(Node("conditionExpression", {"xsi:type": "tFormalExpression"}, [condition]))
        if is_default:
            by_id[source].attributes["default"] = flow.attributes["id"]
        yield flow


# Activities


def task(id: str, *content: Node, tag: str = "task", **attributes: str) -> Node:
    return Node(tag, {"id": id, **attributes}, [*content])


def user(id: str, *content: Node, **attributes: str) -> Node:
    return task(id, *content, tag="userTask", **attributes)


def manual(id: str, *content: Node) -> Node:
    return task(id, *content, tag="manualTask")


def script(id: str, text: str, *content: Node, **attributes: str) -> Node:
    return task(id, *content, Node("script", {}, [text]), tag="scriptTask", **attributes)


def service(id: str, operator: str = "work", result: str = "", *content: Node, **parameters: str) -> Node:
    named: list[Node | str] = [
        Node("spiffworkflow:parameter", {"id": name, "type": "any", "value": value})
        for name, value in parameters.items()
    ]
    call = Node("spiffworkflow:serviceTaskOperator", {"id": operator}, [Node("spiffworkflow:parameters", {}, named)])
    if result:
        call.attributes["resultVariable"] = result
    return task(id, extensions(call), *content, tag="serviceTask")


def send(id: str, name: str, payload: str = "", *content: Node) -> Node:
    declared = _message(name, payload=payload)
    return Node("sendTask", {"id": id, "messageRef": declared.attributes["id"]}, [*content], [declared])


def receive(id: str, name: str, *content: Node, variable: str = "") -> Node:
    declared = _message(name, variable=variable)
    return Node("receiveTask", {"id": id, "messageRef": declared.attributes["id"]}, [*content], [declared])


def call(id: str, called: str, *content: Node) -> Node:
    return task(id, *content, tag="callActivity", calledElement=called)


def extensions(*content: Node) -> Node:
    return Node("extensionElements", {}, [*content])


def properties(**values: str) -> Node:
    """Properties of an element, by name."""
    each = [Node("spiffworkflow:property", {"name": name, "value": value}) for name, value in values.items()]
    return extensions(Node("spiffworkflow:properties", {}, [*each]))


def scripts(before: str = "", after: str = "") -> Node:
    """A pre- and a post-script."""
    named = {"preScript": before, "postScript": after}
    return extensions(*(Node(f"spiffworkflow:{name}", {}, [text]) for name, text in named.items() if text))


def each(
    collection: str, item: str, *content: Node, sequential: bool = False, out: str = "", out_item: str = ""
) -> Node:
    """Multi-instance over a collection."""
    body: list[Node | str] = [Node("loopDataInputRef", {}, [collection])]
    body += [Node("loopDataOutputRef", {}, [out])] if out else []
    body.append(Node("inputDataItem", {"id": item}))
    body += [Node("outputDataItem", {"id": out_item})] if out_item else []
    return Node("multiInstanceLoopCharacteristics", {"isSequential": str(sequential).lower()}, [*body, *content])


def times(count: str, *content: Node, sequential: bool = False) -> Node:
    """Multi-instance by number."""
    body: list[Node | str] = [Node("loopCardinality", {}, [count]), *content]
    return Node("multiInstanceLoopCharacteristics", {"isSequential": str(sequential).lower()}, body)


def until(condition: str) -> Node:
    """A multi-instance's completion condition."""
    return Node("completionCondition", {}, [condition])


def loop(condition: str = "", maximum: str = "", before: bool = False) -> Node:
    """A standard loop."""
    attributes = {"testBefore": str(before).lower()} | ({"loopMaximum": maximum} if maximum else {})
    body: list[Node | str] = [Node("loopCondition", {}, [condition])] if condition else []
    return Node("standardLoopCharacteristics", attributes, body)


def undo(id: str, *, tag: str = "task", script: str = "") -> Node:
    """An activity that undoes another."""
    if script:
        return task(id, Node("script", {}, [script]), tag="scriptTask", isForCompensation="true")
    return task(id, tag=tag, isForCompensation="true")


def undone_by(host: str, handler: Node) -> list[Node]:
    """A compensation event on an activity's border, what undoes the activity, and the line between them."""
    ends = {"sourceRef": f"{host}_undo", "targetRef": handler.attributes["id"]}
    event = Node("boundaryEvent", {"id": f"{host}_undo", "attachedToRef": host}, [Node("compensateEventDefinition")])
    return [event, handler, Node("association", {"id": f"{host}_undo_line", **ends})]


# Gateways


def xor(id: str, **attributes: str) -> Node:
    return Node("exclusiveGateway", {"id": id, **attributes})


def both(id: str) -> Node:
    """A parallel gateway."""
    return Node("parallelGateway", {"id": id})


def some(id: str) -> Node:
    """An inclusive gateway."""
    return Node("inclusiveGateway", {"id": id})


def first(id: str) -> Node:
    """An event-based gateway."""
    return Node("eventBasedGateway", {"id": id})


# Events


def start(id: str = "start", event: Node | None = None, interrupting: bool = True) -> Node:
    attributes = {} if interrupting else {"isInterrupting": "false"}
    return Node("startEvent", {"id": id, **attributes}, [event] if event else [])


def end(id: str = "end", event: Node | None = None) -> Node:
    return Node("endEvent", {"id": id}, [event] if event else [])


def catch(id: str, event: Node) -> Node:
    return Node("intermediateCatchEvent", {"id": id}, [event])


def throw(id: str, event: Node | None = None) -> Node:
    return Node("intermediateThrowEvent", {"id": id}, [event] if event else [])


def boundary(id: str, host: str, event: Node, interrupting: bool = True) -> Node:
    attributes = {"id": id, "attachedToRef": host, "cancelActivity": str(interrupting).lower()}
    return Node("boundaryEvent", attributes, [event])


def message(name: str, payload: str = "", variable: str = "", **key: str) -> Node:
    """A message event; `key` are its correlation properties with their expressions."""
    declared = _message(name, payload=payload, variable=variable)
    properties = [
        Node(
            "correlationProperty",
            {"id": name},
            [
                Node(
                    "correlationPropertyRetrievalExpression",
                    {"messageRef": declared.attributes["id"]},
                    [Node("formalExpression", {}, [expression])],
                )
            ],
        )
        for name, expression in key.items()
    ]
    return Node("messageEventDefinition", {"messageRef": declared.attributes["id"]}, [], [declared, *properties])


def _message(name: str, **named: str) -> Node:
    payload, variable = named.get("payload", ""), named.get("variable", "")
    parts = {"messagePayload": payload, "messageVariable": variable}
    body = [Node(f"spiffworkflow:{tag}", {}, [text]) for tag, text in parts.items() if text]
    suffix = "_".join(["", *("thrown" for _ in payload[:1]), *("kept" for _ in variable[:1])])
    return Node("message", {"id": f"message_{name}{suffix}", "name": name}, [extensions(*body)] if body else [])


def signal(name: str, payload: str = "", variable: str = "") -> Node:
    return _referenced("signal", "signalRef", name, {"name": name}, payload, variable)


def error(code: str = "", payload: str = "", variable: str = "") -> Node:
    return _referenced("error", "errorRef", code, {"errorCode": code}, payload, variable)


def escalation(code: str = "", payload: str = "", variable: str = "") -> Node:
    return _referenced("escalation", "escalationRef", code, {"escalationCode": code}, payload, variable)


def _referenced(kind: str, attribute: str, code: str, named: dict[str, str], payload: str, variable: str) -> Node:
    """Without a code an error or escalation is any."""
    parts = {"payloadExpression": payload, "variableName": variable}
    body = [Node(f"spiffworkflow:{tag}", {}, [text]) for tag, text in parts.items() if text]
    holder: list[Node | str] = [extensions(*body)] if body else []
    if not code:
        return Node(f"{kind}EventDefinition", {}, holder)
    declared = Node(kind, {"id": f"{kind}_{code}", **named})
    return Node(f"{kind}EventDefinition", {attribute: declared.attributes["id"]}, holder, [declared])


def timer(duration: str = "", *, date: str = "", cycle: str = "") -> Node:
    kinds = {"timeDuration": duration, "timeDate": date, "timeCycle": cycle}
    return Node("timerEventDefinition", {}, [Node(tag, {}, [text]) for tag, text in kinds.items() if text])


def when(condition: str) -> Node:
    """A conditional event."""
    return Node("conditionalEventDefinition", {}, [Node("condition", {"xsi:type": "tFormalExpression"}, [condition])])


def link(name: str) -> Node:
    return Node("linkEventDefinition", {"name": name})


def terminate() -> Node:
    return Node("terminateEventDefinition")
