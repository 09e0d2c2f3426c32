"""A diagram as it was drawn: processes, scopes, nodes and flows, each with its place in the file.

The reader fills these from XML, the compiler turns them into specs, and nothing of XML goes further. Words are those
of BPMN 2.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from engine.expressions import Expression, Script

EventKind = Literal["none", "message", "signal", "timer", "error", "escalation", "conditional", "link", "terminate"]
TimerKind = Literal["date", "duration", "cycle"]


@dataclass(frozen=True)
class CorrelationProperty:
    """One part of a message's key: `read` takes it from the message's payload or from a case's variables."""

    name: str
    read: Expression


@dataclass(frozen=True)
class EventDefinition:
    """What an event waits for or throws.

    `name` is the message's or signal's name, the error's or escalation's code, or the link's name; `None` in an
    error or escalation that catches every code. `payload` is evaluated when it is thrown, `variable` receives what
    was caught.
    """

    kind: EventKind
    name: str | None = None
    payload: Expression | None = None
    variable: str | None = None
    correlation: tuple[CorrelationProperty, ...] = ()
    timer: TimerKind | None = None
    time: Expression | None = None
    condition: Expression | None = None


@dataclass(frozen=True)
class Loop:
    """Multi-instance (parallel or sequential) or standard loop characteristics."""

    kind: Literal["parallel", "sequential", "standard"]
    cardinality: Expression | None = None
    collection: str | None = None
    item: str | None = None
    output_collection: str | None = None
    output_item: str | None = None
    completion: Expression | None = None
    condition: Expression | None = None
    test_before: bool = False
    maximum: int | None = None
    scripts_on_instances: bool = False


@dataclass(frozen=True)
class ServiceCall:
    """A service task's operator: which function, with which parameters, where its result goes."""

    operator: str
    parameters: tuple[tuple[str, Expression], ...] = ()
    result_variable: str | None = None
    attempts: int | None = None


@dataclass
class Flow:
    """A sequence flow. `condition` is None where none is drawn."""

    id: str
    name: str
    line: int
    source: str
    target: str
    condition: Expression | None = None


@dataclass
class Node:
    """A flow node: an activity, a gateway or an event. `kind` is its BPMN tag."""

    id: str
    kind: str
    name: str
    line: int
    lane: str | None = None
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    default: str | None = None
    event: EventDefinition | None = None
    attached_to: str | None = None
    interrupting: bool = True
    loop: Loop | None = None
    pre_script: Script | None = None
    post_script: Script | None = None
    script: Script | None = None
    service: ServiceCall | None = None
    decision: str | None = None
    result_variable: str | None = None
    called: str | None = None
    performer_of: str | None = None
    """The element whose performer this task goes to first, where it is another than itself."""
    form: str | None = None
    ui_form: str | None = None
    documentation: str = ""
    scope: "ScopeModel | None" = None
    by_event: bool = False

    @property
    def is_gateway(self) -> bool:
        return self.kind.endswith("Gateway")

    @property
    def is_event(self) -> bool:
        return self.kind.endswith("Event")

    @property
    def is_activity(self) -> bool:
        return not (self.is_gateway or self.is_event)


@dataclass
class ScopeModel:
    """The nodes and flows of a process or sub-process."""

    id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    def walk(self) -> Iterator[Node]:
        """Every node here and in the sub-processes within, outer ones first."""
        waiting = [self]
        while waiting:
            scope = waiting.pop()
            for node in scope.nodes.values():
                yield node
                if node.scope is not None:
                    waiting.append(node.scope)


@dataclass
class ProcessModel(ScopeModel):
    """A process. `inputs` and `outputs` are what it takes from and gives back to a caller; None means everything."""

    name: str = ""
    line: int = 0
    file: str = ""
    executable: bool = True
    lanes: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None


@dataclass
class Diagram:
    """One .bpmn file."""

    file: str
    processes: list[ProcessModel] = field(default_factory=list)
