"""How a node of a diagram behaves: the base of our task specs, on SpiffWorkflow's.

SpiffWorkflow's `Task` is a token: FUTURE while it arrives, WAITING or STARTED while something else must happen, READY
when it may run, COMPLETED or CANCELLED when it is gone, ERROR while it is an incident. A token knows no other token:
completing puts a fresh one on each chosen flow. Nothing is predicted, so a diagram costs what is open of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.errors import EngineError
from engine.model import EventDefinition, Flow, Node

if TYPE_CHECKING:
    from engine.events import BoundaryEvent, EventSubProcess


class NoFlow(EngineError):
    """No condition of a decision is true and there is no default flow."""

    code = "no_flow"


class Token(Task):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """A token on an element: SpiffWorkflow's task without its place in a tree, open until its scope lets go of it."""

    @property
    def is_open(self) -> bool:
        return self.workflow.tasks.get(self.id) is self

    def _set_state(self, value: int) -> None:
        """Without a log line and a look at the machine's clock for each of the five states a token goes through."""
        self._state = value

    def run(self) -> bool | None:
        """Do the element's work, and complete unless it goes on elsewhere or the work itself took this token away."""
        done: bool | None = self.task_spec._run(self)
        if self.is_open:
            if done:
                self.complete()
            else:
                self._set_state(TaskState.STARTED)
        return done

    def cancel(self) -> None:
        """Take the token away, also where it is an incident (which SpiffWorkflow counts as finished)."""
        if self.is_open:
            self._set_state(TaskState.CANCELLED)
            self.task_spec._on_cancel(self)


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """A compiled process or sub-process: its elements by id, and where tokens begin.

    SpiffWorkflow's own start, end join and end are left out: a scope begins with a token on each of `entries` and
    ends when it has none left.
    """

    def __init__(self, id: str, process: ProcessSpec | None = None) -> None:
        WorkflowSpec.__init__(self, name=id)
        self.process = process or self
        self.entries: list[Element] = []
        self.event_subprocesses: list[EventSubProcess] = []
        self.events: dict[str, EventDefinition] = {}
        """What each event of the whole process, sub-processes included, waits for or throws."""
        self.inputs: tuple[str, ...] | None = None
        self.outputs: tuple[str, ...] | None = None
        self.undo_body: Element | None = None
        """The sub-process that undoes this one as a whole, where one is drawn."""
        self.definition_id: int | None = None
        self.deployment: Any = None
        self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []

    def element(self, id: str) -> Element:
        spec: Element = self.task_specs[id]
        return spec


class Element(BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """A node of the diagram. Subclasses say what happens on entering, running and leaving."""

    manual = False

    def __init__(self, process: ProcessSpec, node: Node) -> None:
        super().__init__(process, node.id, bpmn_name=node.name, lane=node.lane, description=node.kind)
        self.process = process
        self.node = node
        self.boundary: list[BoundaryEvent] = []
        self.manual = type(self).manual

    # The life of a token, in SpiffWorkflow's hooks

    def _predict(self, my_task: Token, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """Nothing is predicted: what certain paths lie ahead costs time exponential in the diagonals of a diagram."""

    def _update(self, my_task: Token) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: Token) -> bool:
        """A token has arrived. True: it may run at once."""
        return True

    def _on_ready(self, my_task: Token) -> None:
        if not self.manual:
            my_task.workflow.case.agenda.append(my_task)

    def _run(self, my_task: Token) -> bool | None:
        return self._run_hook(my_task)

    def _run_hook(self, my_task: Token) -> bool | None:
        """Do the element's work. True: done; None: something outside will say when."""
        return True

    def _on_complete(self, my_task: Token) -> None:
        flows = self.choose(my_task)
        scope = my_task.workflow
        scope.discard(my_task)
        scope.case.record("completed", my_task)
        for flow in flows:
            scope.put(flow)

    def happen(self, scope: Any) -> None:
        """The case begins here: what this element waits for has come."""
        self.arrive(scope, None)

    def _on_cancel(self, my_task: Token) -> None:
        my_task.workflow.discard(my_task)

    # What BPMN says of every element

    def arrive(self, scope: Any, flow: Flow | None) -> None:
        """A token comes along `flow` (None: the scope begins here)."""
        scope.enter(self)

    def choose(self, token: Token) -> list[Flow]:
        """The flows that get a token when this one completes: every one without a condition or whose condition holds.

        The default flow is taken when no conditional flow is (BPMN 2.0 §13.2.1, §8.3.13).
        """
        flows = self.node.outgoing
        if not any(flow.condition is not None or flow.id == self.node.default for flow in flows):
            return flows
        conditional = {flow.id for flow in flows if flow.condition is not None and flow.id != self.node.default}
        held = {flow.id for flow in flows if flow.id in conditional and self.holds(flow, token)}
        chosen = [
            flow
            for flow in flows
            if (not held if flow.id == self.node.default else flow.id in held or flow.id not in conditional)
        ]
        if not chosen:
            raise NoFlow("没有一条流出连线的条件成立，也没有默认连线。")
        return chosen

    def holds(self, flow: Flow, token: Token) -> bool:
        return flow.condition is None or bool(token.workflow.case.evaluate(flow.condition, token))


def collecting(element: Element, scope: Any) -> Token:
    """A fresh token that stands on an element and counts what arrives, in `arrived`, until that is enough."""
    token: Token = scope.new_token(element)
    token.internal_data["arrived"] = {}
    token._set_state(TaskState.WAITING)
    scope.joins[element.name] = token
    return token
