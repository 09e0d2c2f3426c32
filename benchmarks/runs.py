"""The rows about diagrams that run from start to end in one command: shapes that hurt engines."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import library
from benchmarks.databases import Database
from benchmarks.report import LIBRARY, Goal, Row, in_seconds, spread
from benchmarks.running import Running

_DATA = {"n": 0}


@dataclass(frozen=True)
class Shape:
    """A diagram, and what is asked of deploying it, of running it once, and of both together."""

    title: str
    diagram: bytes
    deploy: Goal | None = None
    run: Goal | None = None
    both: Goal | None = None


def run_rows(databases: Sequence[Database], shape: Shape, repeats: int, limit: float) -> list[Row]:
    """Seconds to deploy a diagram, and to run it from start to end in one command."""
    deploying: dict[str, list[float]] = {database.name: [] for database in databases}
    running: dict[str, list[float]] = {database.name: [] for database in databases}
    for _ in range(repeats):
        for database in databases:
            engine = Running(database, shape.diagram)
            case, reading = engine.start(_DATA)
            deploying[database.name].append(engine.deploying)
            running[database.name].append(reading.seconds)
            if engine.instance(case).status != "completed":
                raise AssertionError(f"{shape.title}: the case did not end")
            engine.close()
    together = {name: [sum(pair) for pair in zip(deploying[name], running[name], strict=True)] for name in deploying}
    outcome = library.within(limit, library.run, shape.diagram, _DATA)
    if outcome.numbers:
        for found, taken in ((deploying, ["deploy"]), (running, ["run"]), (together, ["deploy", "run"])):
            found[LIBRARY] = [sum(outcome.numbers[name] for name in taken)]
    rows = [
        _row(f"{shape.title}: deploy, s", shape.deploy, deploying),
        _row("… run, s", shape.run, running),
    ]
    if shape.both is not None:
        rows.append(_row("… deploy and run, s", shape.both, together))
    if outcome.failure:
        for row in rows:
            row.put(LIBRARY, outcome.failure)
    return rows


def _row(title: str, goal: Goal | None, found: dict[str, list[float]]) -> Row:
    row = Row(title, goal)
    for column, taken in found.items():
        row.put(column, spread(taken, in_seconds), statistics.median(taken), seconds=taken)
    return row
