"""The same diagrams on SpiffWorkflow alone: its own parser, specs and serializer, in memory, without a database.

Each runs in a process of its own, which is ended when its time is up: some never finish.
"""

import io
import multiprocessing
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

UNFINISHED = "does not finish"

Numbers = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a measurement came to: numbers, or in words why there are none (with whatever it got as far as)."""

    numbers: Numbers = field(default_factory=dict)
    failure: str = ""

    def told(self, form: Callable[[Numbers], str]) -> str:
        """The numbers as a text, or the failure."""
        return self.failure or form(self.numbers)


def within(limit: float, measurement: Callable[..., Outcome], *arguments: Any) -> Outcome:
    """What `measurement` found in at most `limit` seconds."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sending, measurement, arguments))
    process.start()
    sending.close()
    try:
        receiving.recv()  # Python and the library have begun
        if receiving.poll(limit):
            outcome: Outcome = receiving.recv()
            return outcome
        return Outcome(failure=f"{UNFINISHED} in {limit:.0f} s")
    except EOFError:
        return Outcome(failure=f"{UNFINISHED}: killed")
    finally:
        process.kill()
        process.join()


def run(diagram: bytes, data: Mapping[str, Any]) -> Outcome:
    """Parsing and running to the end: seconds."""
    begun = perf_counter()
    workflow = _begun(_parsed(diagram), data)
    parsed = perf_counter()
    workflow.do_engine_steps()
    if not workflow.completed:
        return Outcome(failure="stops before the end")
    return Outcome({"deploy": parsed - begun, "run": perf_counter() - parsed})


def rework(diagram: bytes, rounds: int, edge: int, limit: float) -> Outcome:
    """The rework loop, written and read with the library's serializer each round: seconds, and bytes at the end."""
    until = perf_counter() + limit * 0.9  # to say how far it came before it is ended
    case = _Serialized(diagram, {"n": 0, "enough": False})
    taken: list[float] = []
    for number in range(1, rounds + 1):
        taken.append(case.complete())
        if number < rounds and perf_counter() > until:
            reached = f"{taken[0] * 1000:.2f} → {taken[-1] * 1000:.2f} ms in round {number}"
            return Outcome({"rounds": number}, f"{UNFINISHED} ({reached})")
    first, last = statistics.median(taken[:edge]), statistics.median(taken[-edge:])
    return Outcome({"first": first, "last": last, "bytes": case.bytes})


def instances(diagram: bytes, finished: Sequence[int], limit: float) -> Outcome:
    """Instances of a user task: bytes as the library serializes them, after so many of them are done."""
    until = perf_counter() + limit * 0.9
    case = _Serialized(diagram, {})
    sizes = []
    for number in range(1, finished[-1] + 1):
        case.complete()
        if number in finished:
            sizes.append(case.bytes)
        elif perf_counter() > until:
            return Outcome({"instances": number}, f"{UNFINISHED} ({case.bytes:,} bytes after {number:,})")
    return Outcome({"bytes": sizes})


def cases(diagram: bytes, data: Mapping[str, Any], tasks: int, answers: Mapping[str, Any], count: int) -> Outcome:
    """Cases of some user tasks, written and read with the library's serializer at each: cases a second."""
    spec = _parsed(diagram)
    begun = perf_counter()
    for _ in range(count):
        case = _Serialized(spec, data)
        for _ in range(tasks):
            case.complete(answers)
        if not case.workflow.completed:
            return Outcome(failure="stops before the end")
    return Outcome({"rate": count / (perf_counter() - begun)})


def starts(diagrams: Mapping[str, bytes], begun: Sequence[tuple[str, Mapping[str, Any]]], warm_up: int) -> Outcome:
    """Instances that run to their end at once, in memory; and the same with each serialized at its end.

    The first `warm_up` do not count. Gives seconds of each in memory, instances a second of both, and bytes an
    instance as the library serializes it.
    """
    specs = {process: _parsed(diagram, process) for process, diagram in diagrams.items()}
    serializer = BpmnWorkflowSerializer()
    running, writing, sizes = [], [], []
    for process, data in begun:
        at = perf_counter()
        workflow = _begun(specs[process], data)
        workflow.do_engine_steps()
        ran = perf_counter()
        if not workflow.completed:
            return Outcome(failure=f"{process} stops before the end")
        sizes.append(len(serializer.serialize_json(workflow)))
        running.append(ran - at)
        writing.append(perf_counter() - ran)
    taken, count = running[warm_up:], len(begun) - warm_up
    written = count / (sum(taken) + sum(writing[warm_up:]))
    size = sum(sizes[warm_up:]) // count
    return Outcome({"seconds": taken, "rate": count / sum(taken), "written": written, "bytes": size})


class _Serialized:
    """A case that is written and read again after each task, as whoever keeps it must."""

    def __init__(self, diagram: Any, data: Mapping[str, Any]) -> None:
        self._serializer = BpmnWorkflowSerializer()
        self.workflow = _begun(_parsed(diagram) if isinstance(diagram, bytes) else diagram, data)
        self.workflow.do_engine_steps()
        self.bytes = 0

    def complete(self, answers: Mapping[str, Any] | None = None) -> float:
        """Complete a user task: seconds."""
        begun = perf_counter()
        task = self.workflow.get_tasks(state=TaskState.READY, manual=True)[0]
        task.data.update(answers or {})
        task.run()
        self.workflow.do_engine_steps()
        saved = self._serializer.serialize_json(self.workflow)
        self.workflow = self._serializer.deserialize_json(saved)
        self.bytes = len(saved)
        return perf_counter() - begun


def _parsed(diagram: bytes, process: str = "p") -> Any:
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(diagram)), filename="shape.bpmn")
    return parser.get_spec(process)


def _begun(spec: Any, data: Mapping[str, Any]) -> BpmnWorkflow:
    workflow = BpmnWorkflow(spec)
    workflow.task_tree.data.update(data)
    for task in workflow.get_tasks(state=TaskState.READY):
        task.data.update(data)
    return workflow


def _tell(sending: Connection, measurement: Callable[..., Outcome], arguments: tuple[Any, ...]) -> None:
    sending.send("begun")
    try:
        sending.send(measurement(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever the library raises is what is reported
        sending.send(Outcome(failure=f"fails: {type(error.__cause__ or error.__context__ or error).__name__}"))
