"""The rows about the engine alone: shapes that hurt, as commands on each database, beside SpiffWorkflow by itself."""

import statistics
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks import library, shapes
from benchmarks.databases import Database
from benchmarks.meter import Meter, Reading
from benchmarks.report import LIBRARY, Row, in_seconds, milliseconds, spread
from engine.commands import Engine
from engine.deployments import Source
from engine.tables import Base, Instance, Task

THREE = 3
"""User tasks of a case that is like a filing."""


class Running:
    """An engine on a fresh database with one diagram deployed."""

    def __init__(self, database: Database, diagram: bytes) -> None:
        self.connections = database.open()
        self.meter = Meter(self.connections)
        self.session = Session(self.connections)
        self.engine = Engine()
        Base.metadata.create_all(self.connections)
        begun = perf_counter()
        with self.engine.command(self.session) as command:
            [definition] = command.deploy([Source("shape.bpmn", diagram)])
            self.engine.deployments.compiled(command.session, definition.id)
        self.deploying = perf_counter() - begun

    def close(self) -> None:
        self.session.close()
        self.connections.dispose()

    def start(self, data: dict[str, Any]) -> str:
        with self.engine.command(self.session) as command:
            return command.start("p", data=data).id

    def complete(self, case: str, data: dict[str, Any] | None = None) -> Reading:
        """Complete the case's one task; what it took."""
        self.session.rollback()
        waiting = select(Task.id).where(Task.instance_id == case, Task.state == "open")
        task_id = self.session.scalars(waiting).one()
        with self.meter.measure() as reading, self.engine.command(self.session, actor="clerk") as command:
            command.complete(task_id, data=data)
        return reading

    def cases(self, count: int) -> tuple[float, list[Reading]]:
        """Carry cases of three user tasks from start to end: seconds for all, and each completion."""
        readings = []
        begun = perf_counter()
        for _ in range(count):
            case = self.start({"subject": "industrial renovation", "amount": 1200})
            readings += [self.complete(case, {"decision": "yes", "opinion": "同意"}) for _ in range(THREE)]
        return perf_counter() - begun, readings

    def instance(self, case: str) -> Instance:
        self.session.rollback()
        self.session.expunge_all()
        return self.session.get_one(Instance, case)


def case_rows(databases: Sequence[Database], batches: int, size: int) -> list[Row]:
    """Cases of three user tasks from start to end, in one process: the engine without records or services."""
    running = {database.name: Running(database, shapes.office()) for database in databases}
    rates: dict[str, list[float]] = {name: [] for name in running}
    readings: dict[str, list[Reading]] = {name: [] for name in running}
    for number in range(batches + 1):
        for name, engine in running.items():
            taken, found = engine.cases(size)
            if number > 0:  # the first is for caches to fill
                rates[name].append(size / taken)
                readings[name] += found
    rate = Row("cases of three user tasks a second", "later 100")
    median = Row("… completing one of them, p50 ms")
    elsewhere = Row("… of it not the database, p50 ms")
    statements = Row("… statements / commits", "later 8 / 1")
    for name, engine in running.items():
        rate.found[name] = spread(rates[name], lambda found: f"{found:.0f}")
        median.found[name] = milliseconds(statistics.median(reading.seconds for reading in readings[name]))
        elsewhere.found[name] = milliseconds(statistics.median(reading.elsewhere for reading in readings[name]))
        counts = [spread([reading.statements for reading in readings[name]], lambda n: f"{n:.0f}")]
        counts.append(spread([reading.commits for reading in readings[name]], lambda n: f"{n:.0f}"))
        statements.found[name] = " / ".join(counts)
        engine.close()
    return [rate, median, elsewhere, statements]


def loop_rows(databases: Sequence[Database], rounds: int, edge: int, limit: float) -> list[Row]:
    """A case whose rework never ends: what its last `edge` rounds cost beside the first, and how it grows."""
    diagram = shapes.rework_loop()
    cost = Row(f"rework loop of {rounds:,}: last {edge} rounds / first", "later 1.2")
    size = Row(f"… state bytes at round {edge} → {rounds:,}", "later 1,000")
    running = {database.name: Running(database, diagram) for database in databases}
    cases: dict[str, str] = {}
    for name, engine in running.items():
        warm = engine.start({"n": 0, "enough": False})
        for _ in range(edge // 2):
            engine.complete(warm)
        cases[name] = engine.start({"n": 0, "enough": False})
    taken: dict[str, list[float]] = {name: [] for name in running}
    sizes: dict[str, list[int]] = {name: [] for name in running}
    for number in range(1, rounds + 1):
        for name, engine in running.items():
            taken[name].append(engine.complete(cases[name]).seconds)
            if number in (edge, rounds):
                sizes[name].append(len(engine.instance(cases[name]).state))
    for name, engine in running.items():
        first, last = statistics.median(taken[name][:edge]), statistics.median(taken[name][-edge:])
        cost.found[name] = f"{last / first:.2f} ({milliseconds(first)} → {milliseconds(last)} ms)"
        size.found[name] = " → ".join(map(str, sizes[name]))
        engine.close()
    cost.found[LIBRARY] = library.within(limit, library.rework, diagram, rounds, edge, limit)
    return [cost, size]


def run_row(title: str, asked: str, databases: Sequence[Database], diagram: bytes, repeats: int, limit: float) -> Row:
    """Seconds to deploy a diagram and to run it from start to end in one command."""
    row = Row(f"{title}: deploy / run, s", asked)
    deploying: dict[str, list[float]] = {database.name: [] for database in databases}
    taken: dict[str, list[float]] = {database.name: [] for database in databases}
    for _ in range(repeats):
        for database in databases:
            engine = Running(database, diagram)
            begun = perf_counter()
            case = engine.start({"n": 0})
            taken[database.name].append(perf_counter() - begun)
            deploying[database.name].append(engine.deploying)
            if engine.instance(case).status != "completed":
                raise AssertionError(f"{title}: the case did not end")
            engine.close()
    for name in taken:
        row.found[name] = f"{spread(deploying[name], in_seconds)} / {spread(taken[name], in_seconds)}"
    row.found[LIBRARY] = library.within(limit, library.run, diagram, {"n": 0})
    return row


def growth_row(databases: Sequence[Database], count: int, finished: int) -> Row:
    """What instances that are done leave in the state."""
    row = Row(f"… of {count:,} user tasks in turn: state bytes after 10 → {finished}", "does not grow")
    for database in databases:
        engine = Running(database, shapes.signatures(count))
        case = engine.start({})
        sizes = []
        for number in range(1, finished + 1):
            engine.complete(case)
            if number in (10, finished):
                sizes.append(len(engine.instance(case).state))
        row.found[database.name] = " → ".join(map(str, sizes))
        engine.close()
    return row
