"""The rows about one case that lives long: whether its steps grow dearer with age, and whether its state grows."""

import math
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

from benchmarks import library, shapes
from benchmarks.databases import Database
from benchmarks.meter import Reading
from benchmarks.report import LIBRARY, Goal, Row, milliseconds, whole
from benchmarks.running import Running

T = TypeVar("T")

FLAT = 1.1
"""By how much a state may grow and be called flat: the digits of its counters, no more."""

_GOING_ON = {"n": 0, "enough": False}


class _Loops:
    """A case of the rework loop on one database, round after round."""

    def __init__(self, database: Database, diagram: bytes, warm_up: int) -> None:
        self.engine = Running(database, diagram)
        warm = self.begin()
        for _ in range(warm_up):
            self.engine.complete(warm)
        self.case = self.begin()
        self.finding: list[float] = []
        self.rounds: list[Reading] = []
        self.sizes: list[int] = []

    def begin(self) -> str:
        case, _ = self.engine.start(_GOING_ON)
        return case

    def round(self) -> None:
        begun = perf_counter()
        [task_id] = self.engine.waiting(self.case)
        self.finding.append(perf_counter() - begun)
        self.rounds.append(self.engine.complete_task(task_id))

    def measure_state(self) -> None:
        self.sizes.append(self.engine.state_bytes(self.case))

    def beside_a_young_case(self, rounds: int) -> tuple[float, float]:
        """Seconds of a round of a new case and of the old one, taken in turn."""
        new = self.begin()
        pairs = [(self.engine.complete(new).seconds, self.engine.complete(self.case).seconds) for _ in range(rounds)]
        young, old = zip(*pairs, strict=True)
        return statistics.median(young), statistics.median(old)


def loop_rows(databases: Sequence[Database], rounds: int, edge: int, limit: float) -> list[Row]:
    """A case whose rework never ends: what its last `edge` rounds cost beside the first, and how it grows."""
    diagram = shapes.rework_loop()
    cheap = Goal("at most 1.2", lambda ratio: ratio <= 1.2)
    cost = Row(f"rework loop of {rounds:,}: last {edge} rounds / first", cheap)
    elsewhere = Row("… of it not the database")
    finding = Row("… finding the round's task, before it")
    young = Row(f"… the next {edge} / {edge} of a new case, in turn")
    looked_at = (edge, rounds // 2, rounds)
    size = Row(f"… state bytes at round {_arrows(looked_at)}", Goal("under 1,000, flat", lambda judged: judged < 1_000))
    loops = {database.name: _Loops(database, diagram, edge // 2) for database in databases}
    for number in range(1, rounds + 1):
        for loop in loops.values():
            loop.round()
            if number in looked_at:
                loop.measure_state()
    for name, loop in loops.items():
        _put_ratio(cost, name, *_edges(loop.rounds, edge, lambda reading: reading.seconds))
        _put_ratio(elsewhere, name, *_edges(loop.rounds, edge, lambda reading: reading.elsewhere))
        _put_ratio(finding, name, *_edges(loop.finding, edge, float))
        _put_ratio(young, name, *loop.beside_a_young_case(edge))
        size.put(name, _arrows(loop.sizes), _if_flat(loop.sizes), bytes=loop.sizes)
        loop.engine.close()
    outcome = library.within(limit, library.rework, diagram, rounds, edge, limit)
    if outcome.failure:
        cost.put(LIBRARY, outcome.failure, **outcome.numbers)
    else:
        _put_ratio(cost, LIBRARY, outcome.numbers["first"], outcome.numbers["last"])
        size.put(LIBRARY, f"{outcome.numbers['bytes']:,} in the end", bytes=outcome.numbers["bytes"])
    return [cost, elsewhere, finding, young, size]


def _edges(rounds: Sequence[T], edge: int, seconds: Callable[[T], float]) -> tuple[float, float]:
    first, last = rounds[:edge], rounds[-edge:]
    return statistics.median(map(seconds, first)), statistics.median(map(seconds, last))


def _put_ratio(row: Row, column: str, first: float, last: float) -> None:
    text = f"{last / first:.2f} ({milliseconds(first)} → {milliseconds(last)} ms)"
    row.put(column, text, last / first, first=first, last=last)


def in_turn_row(databases: Sequence[Database], count: int, finished: Sequence[int], limit: float) -> Row:
    """Instances of a user task one after the other: the state after so many of them."""
    goal = Goal("does not grow", lambda growth: growth <= FLAT)
    row = Row(f"{count:,} user tasks in turn: state bytes after {_arrows(finished)}", goal)
    diagram = shapes.signatures(count, sequential=True)
    for database in databases:
        engine = Running(database, diagram)
        case, _ = engine.start({})
        sizes = []
        for number in range(1, finished[-1] + 1):
            engine.complete(case)
            if number in finished:
                sizes.append(engine.state_bytes(case))
        row.put(database.name, _arrows(sizes), max(sizes) / sizes[0], bytes=sizes)
        engine.close()
    outcome = library.within(limit, library.instances, diagram, finished, limit)
    row.put(LIBRARY, outcome.told(lambda numbers: _arrows(numbers["bytes"])), **outcome.numbers)
    return row


def at_once_rows(databases: Sequence[Database], count: int, finished: int) -> list[Row]:
    """Instances of a user task at once: after some are done, the state is that of a case which never had them."""
    goal = Goal("as with the open ones alone", lambda ratio: ratio <= FLAT)
    left = count - finished
    size = Row(f"{count:,} user tasks at once: state bytes with {count:,} open → {left:,}", goal)
    taken = Row(f"… completing one with {count:,} open, p50 ms")
    for database in databases:
        engine = Running(database, shapes.signatures(count))
        case, _ = engine.start({})
        whole_case = engine.state_bytes(case)
        readings = [engine.complete(case) for _ in range(finished)]
        after = engine.state_bytes(case)
        engine.close()
        engine = Running(database, shapes.signatures(left))
        alone = engine.state_bytes(engine.start({})[0])
        engine.close()
        text = f"{_arrows([whole_case, after])} ({whole(alone)})"
        size.put(database.name, text, after / alone, bytes=[whole_case, after], of_the_open_alone=alone)
        middle = statistics.median(reading.seconds for reading in readings)
        database_free = statistics.median(reading.elsewhere for reading in readings)
        text = f"{milliseconds(middle)} (not the database {milliseconds(database_free)})"
        taken.put(database.name, text, seconds=middle, elsewhere=database_free)
    return [size, taken]


def _arrows(numbers: Sequence[int]) -> str:
    return " → ".join(map(whole, numbers))


def _if_flat(sizes: Sequence[int]) -> float:
    """The greatest size; where they grow, no bound holds."""
    return max(sizes) if max(sizes) <= sizes[0] * FLAT else math.inf
