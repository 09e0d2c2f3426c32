"""The same diagrams on SpiffWorkflow alone: its own parser, specs and serializer, in memory, without a database.

Each runs in a process of its own, which is ended when its time is up: some never finish.
"""

import io
import multiprocessing
import statistics
from collections.abc import Callable
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.report import in_seconds, milliseconds

UNFINISHED = "does not finish"


def within(limit: float, measurement: Callable[..., str], *arguments: Any) -> str:
    """What `measurement` found, or the words that it does not finish in `limit` seconds."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sending, measurement, arguments))
    process.start()
    sending.close()
    try:
        receiving.recv()  # Python and the library have begun
        return str(receiving.recv()) if receiving.poll(limit) else f"{UNFINISHED} in {limit:.0f} s"
    except EOFError:
        return f"{UNFINISHED}: killed"
    finally:
        process.kill()
        process.join()


def run(diagram: bytes, data: dict[str, Any]) -> str:
    """Parsing and running to the end."""
    begun = perf_counter()
    workflow = _workflow(diagram, data)
    parsed = perf_counter()
    workflow.do_engine_steps()
    if not workflow.completed:
        return "stops before the end"
    return f"{in_seconds(parsed - begun)} / {in_seconds(perf_counter() - parsed)}"


def rework(diagram: bytes, rounds: int, edge: int, limit: float) -> str:
    """The rework loop, written and read with the library's serializer each round."""
    until = perf_counter() + limit * 0.9  # to say how far it came before it is ended
    serializer = BpmnWorkflowSerializer()
    workflow = _workflow(diagram, {"n": 0, "enough": False})
    workflow.do_engine_steps()
    taken: list[float] = []
    saved = ""
    for number in range(1, rounds + 1):
        begun = perf_counter()
        waiting = workflow.get_tasks(state=TaskState.READY, manual=True)
        if not waiting:
            return f"stalls at round {number}"
        waiting[0].run()
        workflow.do_engine_steps()
        saved = serializer.serialize_json(workflow)
        workflow = serializer.deserialize_json(saved)
        taken.append(perf_counter() - begun)
        if number < rounds and perf_counter() > until:
            return f"{UNFINISHED} ({milliseconds(taken[0])} → {milliseconds(taken[-1])} ms in round {number})"
    first, last = statistics.median(taken[:edge]), statistics.median(taken[-edge:])
    return f"{last / first:.1f} ({milliseconds(first)} → {milliseconds(last)} ms), {len(saved):,} bytes"


def _workflow(diagram: bytes, data: dict[str, Any]) -> BpmnWorkflow:
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(diagram)), filename="shape.bpmn")
    workflow = BpmnWorkflow(parser.get_spec("p"))
    workflow.task_tree.data.update(data)
    for task in workflow.get_tasks(state=TaskState.READY):
        task.data.update(data)
    return workflow


def _tell(sending: Connection, measurement: Callable[..., str], arguments: tuple[Any, ...]) -> None:
    sending.send("begun")
    try:
        sending.send(measurement(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever the library raises is what is reported
        sending.send(f"fails: {type(error.__cause__ or error.__context__ or error).__name__}")
