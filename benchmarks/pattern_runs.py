"""The rows about the workflow patterns of BenchFlow: each case runs to its end in the command that starts it."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import islice
from time import perf_counter

from benchmarks import library, patterns, storage
from benchmarks.databases import Database
from benchmarks.library import Numbers
from benchmarks.meter import Reading
from benchmarks.report import LIBRARY, Row, a_second, milliseconds, percentile, spread, whole
from benchmarks.running import Running

WARM_UP = 5


class _Batches:
    """Cases of one pattern on one database. Statements and bytes are those of the rows that cases leave."""

    def __init__(self, database: Database, pattern: str, warm_up: Sequence[patterns.Start]) -> None:
        self.engine = Running(database, *_diagrams(pattern).values())
        self.rates: list[float] = []
        self.readings: list[Reading] = []
        for process, data in warm_up:
            self.engine.start(data, process)
        self._before = self.engine.stored()

    def start(self, cases: Sequence[patterns.Start]) -> None:
        begun, started = perf_counter(), []
        for process, data in cases:
            case, reading = self.engine.start(data, process)
            started.append(case)
            self.readings.append(reading)
        self.rates.append(len(cases) / (perf_counter() - begun))
        if any(self.engine.instance(case).status != "completed" for case in started):
            raise AssertionError("a case did not end")

    def finish(self) -> storage.Stored:
        """Bytes a case."""
        stored = self.engine.stored().since(self._before, len(self.readings))
        self.engine.close()
        return stored


def pattern_rows(databases: Sequence[Database], pattern: str, batches: int, size: int, limit: float) -> list[Row]:
    """How many cases a second, how long the command that starts one takes, and what it asks and leaves."""
    speed = Row(f"{pattern}: instances a second; p50 / p99 ms")
    cost = Row("… statements / commits / bytes an instance")
    warm_up, cases = _first(pattern, WARM_UP, seed=1), _first(pattern, batches * size)
    running = {database.name: _Batches(database, pattern, warm_up) for database in databases}
    for begun in range(0, len(cases), size):
        for batch in running.values():
            batch.start(cases[begun : begun + size])
    for name, batch in running.items():
        stored = batch.finish()
        _put_speed(speed, name, spread(batch.rates, a_second), batch)
        statements = statistics.mean(reading.statements for reading in batch.readings)
        commits = statistics.mean(reading.commits for reading in batch.readings)
        text = f"{statements:.1f} / {commits:g} / {whole(stored.rows)}"
        cost.put(name, text, statements=statements, commits=commits, bytes=stored.rows, pages=stored.pages)
    outcome = library.within(limit, library.starts, _diagrams(pattern), [*warm_up, *cases], WARM_UP)
    numbers = {name: value for name, value in outcome.numbers.items() if name != "seconds"}
    speed.put(LIBRARY, outcome.told(_speed_of_the_library), **numbers)
    if outcome.numbers:
        cost.put(LIBRARY, f"- / - / {whole(numbers['bytes'])}", bytes=numbers["bytes"])
    return [speed, cost]


def _put_speed(row: Row, column: str, rate: str, batch: _Batches) -> None:
    taken = [reading.seconds for reading in batch.readings]
    text = f"{rate}; {milliseconds(percentile(taken, 0.5))} / {milliseconds(percentile(taken, 0.99))}"
    row.put(column, text, rates=batch.rates, p50=percentile(taken, 0.5), p99=percentile(taken, 0.99))


def _speed_of_the_library(numbers: Numbers) -> str:
    middle, high = (milliseconds(percentile(numbers["seconds"], share)) for share in (0.5, 0.99))
    return f"{a_second(numbers['rate'])}; {middle} / {high} in memory, {a_second(numbers['written'])} serialized"


def _first(pattern: str, count: int, seed: int = 0) -> list[patterns.Start]:
    return list(islice(patterns.starts(pattern, seed), count))


def _diagrams(pattern: str) -> Mapping[str, bytes]:
    """All of them for the mix, so that it is of the deployment that the others are alone in."""
    return patterns.PATTERNS if pattern == patterns.MIX else {pattern: patterns.PATTERNS[pattern]}
