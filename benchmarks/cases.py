"""The rows about cases that are like filings: three user tasks, decisions and scripts, without records or services."""

import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks import library, shapes
from benchmarks.databases import Database
from benchmarks.meter import Reading
from benchmarks.report import LIBRARY, POSTGRESQL, Goal, Row, a_second, milliseconds, percentile, spread, whole
from benchmarks.running import Running
from engine.tables import Instance, Task

TASKS = 3
DATA = {"subject": "industrial renovation", "amount": 1200}
ANSWERS = {"decision": "yes", "opinion": "同意"}
WARM = 3 * TASKS
"""The first completions fill caches."""

FAST = Goal("at least 100 on PostgreSQL", lambda rate: rate >= 100, only=POSTGRESQL)
STATEMENTS = Goal("at most 8", lambda most: most <= 8)
COMMITS = Goal("exactly 1", lambda most: most == 1)
"""What is asked of completing any task, a filing's too."""


def completion_rows(databases: Sequence[Database], count: int) -> list[Row]:
    """Cases from start to end in one thread, each completion measured."""
    times = Row(f"completing one of a case's {TASKS} user tasks, p50 / p99 ms")
    elsewhere = Row("… of it not the database, p50 ms")
    statements = Row("… statements a completion", STATEMENTS)
    commits = Row("… commits a completion", COMMITS)
    for database in databases:
        engine = Running(database, shapes.office())
        readings = [reading for _ in range(count) for reading in _carry_through(engine)][WARM:]
        engine.close()
        seconds = [reading.seconds for reading in readings]
        middle, high = percentile(seconds, 0.5), percentile(seconds, 0.99)
        times.put(database.name, f"{milliseconds(middle)} / {milliseconds(high)}", p50=middle, p99=high)
        rest = statistics.median(reading.elsewhere for reading in readings)
        elsewhere.put(database.name, milliseconds(rest), seconds=rest)
        put_counts(statements, database.name, [reading.statements for reading in readings])
        put_counts(commits, database.name, [reading.commits for reading in readings])
    return [times, elsewhere, statements, commits]


def put_rates(row: Row, column: str, rates: Sequence[float]) -> None:
    row.put(column, spread(rates, a_second), statistics.median(rates), rates=list(rates))


def put_counts(row: Row, column: str, counts: Sequence[int]) -> None:
    """Counts a command; what is asked of them is asked of the greatest."""
    row.put(column, spread(counts, whole), max(counts), median=statistics.median(counts), most=max(counts))


def rate_row(databases: Sequence[Database], threads: int, batches: int, size: int) -> Row:
    """As many cases for each of some threads in one process, which share an engine and have a session each."""
    row = Row(f"cases of {TASKS} user tasks a second, one process, {threads} thread{'s' if threads > 1 else ''}", FAST)
    running = {database.name: Running(database, shapes.office()) for database in databases}
    rates: dict[str, list[float]] = {name: [] for name in running}
    for number in range(batches + 1):
        for name, engine in running.items():
            rate = threads * size / _carry_through_in_threads(engine, threads, size)
            if number > 0:  # the first is for caches to fill
                rates[name].append(rate)
    for name, engine in running.items():
        _verify(engine, threads * size * (batches + 1))
        engine.close()
        put_rates(row, name, rates[name])
    return row


def beside_library(row: Row, count: int, limit: float) -> Row:
    """The same cases by the library alone, in one thread."""
    outcome = library.within(limit, library.cases, shapes.office(), DATA, TASKS, ANSWERS, count)
    row.put(LIBRARY, outcome.told(lambda numbers: f"{a_second(numbers['rate'])}, serialized"), **outcome.numbers)
    return row


def _carry_through(engine: Running) -> Iterator[Reading]:
    case, _ = engine.start(DATA)
    for _ in range(TASKS):
        yield engine.complete(case, ANSWERS)


def _carry_through_in_threads(engine: Running, threads: int, size: int) -> float:
    """Seconds from when all threads are ready until the last is done."""
    ready = Barrier(threads)

    def work() -> tuple[float, float]:
        with Session(engine.connections) as session:
            ready.wait()
            begun = perf_counter()
            for _ in range(size):
                _one_case(engine, session)
            return begun, perf_counter()

    with ThreadPoolExecutor(threads) as pool:
        spans = [future.result() for future in [pool.submit(work) for _ in range(threads)]]
    return max(ended for _, ended in spans) - min(begun for begun, _ in spans)


def _one_case(engine: Running, session: Session) -> None:
    """Each command answers with the case's next tasks, as the REST interface's do."""
    with engine.engine.command(session) as command:
        (following,) = [task.id for task in command.open_tasks(command.start("p", data=DATA))]
    for left in reversed(range(TASKS)):
        with engine.engine.command(session, actor="clerk") as command:
            tasks = [task.id for task in command.open_tasks(command.complete(following, data=ANSWERS))]
        if left:
            (following,) = tasks


def _verify(engine: Running, cases: int) -> None:
    """Every case came to its end, and every task of it was done once."""
    engine.session.rollback()
    ended = select(func.count()).select_from(Instance).where(Instance.status == "completed")
    done = select(func.count()).select_from(Task).where(Task.state == "done")
    found = engine.session.scalar(ended), engine.session.scalar(done)
    if found != (cases, TASKS * cases):
        raise AssertionError(f"{cases} cases in threads: {found[0]} ended, {found[1]} tasks done")
