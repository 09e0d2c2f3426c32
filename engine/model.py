"""A diagram as it was drawn: processes, scopes, nodes and flows, each with its place in the file.

The reader fills these from XML, the compiler turns them into specs, and nothing of XML goes further. Words are those
of BPMN 2.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from engine.expressions import Expression, Script

EventKind = Literal[
    "none",
    "message",
    "signal",
    "timer",
    "error",
    "escalation",
    "conditional",
    "link",
    "terminate",
    "compensation",
    "cancel",
    "multiple",
]
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
    was caught. `parts` are the definitions of an event that has several: it throws all of them, and catches any, or
    all of them where it is `parallel`. `activity` is what a compensation event undoes, None for everything.
    """

    kind: EventKind
    name: str | None = None
    payload: Expression | None = None
    variable: str | None = None
    correlation: tuple[CorrelationProperty, ...] = ()
    timer: TimerKind | None = None
    time: Expression | None = None
    condition: Expression | None = None
    parts: tuple["EventDefinition", ...] = ()
    parallel: bool = False
    activity: str | None = None

    @property
    def all(self) -> tuple["EventDefinition", ...]:
        """The definitions it has: its parts, or itself."""
        return self.parts or (self,)


@dataclass(frozen=True)
class Mapping:
    """A data association: `value` is copied to the variable `target`, known inside or outside under other names, too.

    `value` is None for an output: what the activity left in one of `names`.
    """

    names: tuple[str, ...]
    target: str = ""
    value: Expression | None = None


@dataclass(frozen=True)
class ImplicitThrow:
    """What a multi-instance throws as an instance completes, where `condition` holds (None: always)."""

    event: EventDefinition
    condition: Expression | None = None


Behavior = Literal["All", "One", "None", "Complex"]
"""Whether a multi-instance throws: All never, One with the first instance, None with each, Complex by conditions."""

Binding = Literal["nearest", "deployment", "latest", "version"]
"""Which version a call activity calls: of its own deployment or else the newest, only the one, only the other, or the
one it names."""


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
    behavior: Behavior = "All"
    throws: tuple[ImplicitThrow, ...] = ()


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
    binding: Binding = "nearest"
    called_version: int | None = None
    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    start_quantity: int = 1
    completion_quantity: int = 1
    activation: Expression | None = None
    """When a complex gateway goes on."""
    instantiate: bool = False
    """Whether a receive task or event-based gateway begins the process."""
    compensation: str | None = None
    """On a compensation event on a border: the activity that undoes its host."""
    is_compensation: bool = False
    performer_of: str | None = None
    """The element whose performer this task goes to first, where it is another than itself."""
    name_expression: Expression | None = None
    """What a user task is called where it begins, such as by the item that an instance is about."""
    due_date: Expression | None = None
    """When a user task is to be done by; follows the variables that it reads."""
    done_by: Expression | None = None
    """Who counts as having done a user task that is interrupted, since what it asks for came another way."""
    form: str | None = None
    ui_form: str | None = None
    documentation: str = ""
    scope: "ScopeModel | None" = None
    by_event: bool = False

    @property
    def is_scope(self) -> bool:
        return self.kind in ("subProcess", "transaction")

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
    fed: set[str] = field(default_factory=set)
    """Nodes that something leads to which was refused: they are not unreachable as well."""

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
