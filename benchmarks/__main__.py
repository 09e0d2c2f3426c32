"""`python -m benchmarks [--quick] [--json FILE] [ROW…]`: measure, and print one table.

Figures are printed beside what is asked of them, never asserted. What is asserted is that the work was done.
"""

import argparse
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from benchmarks import ageing, cases, patterns, shapes
from benchmarks.boxes import inbox_rows
from benchmarks.databases import Database, databases
from benchmarks.filing import Filings, alone_row, paper_row, seal_row
from benchmarks.lookups import lookup_rows
from benchmarks.pattern_runs import pattern_rows
from benchmarks.report import POSTGRESQL, Goal, Row, table
from benchmarks.runs import Shape, run_rows
from benchmarks.workers import worker_rows
from engine.threads import take_turns

Measure = Callable[[Sequence[Database], bool], list[Row]]

THREADS = 4
FILINGS = 1_000_000


def filing(found: Sequence[Database], quick: bool) -> list[Row]:
    """The whole procedure, and the paper at its end."""
    filings = Filings(found, batches=1 if quick else 5, size=2 if quick else 12)
    alone = alone_row(filings.alone, 30 if quick else 300)
    copies = 5 if quick else 30
    paper = [paper_row(filings.paper, copies), seal_row(filings.paper, copies)] if filings.paper else []
    return [*filings.rows(), alone, *paper]


def workers(found: Sequence[Database], quick: bool) -> list[Row]:
    """Filings by one and by two processes on PostgreSQL."""
    return worker_rows(_named(found, POSTGRESQL), repeats=1 if quick else 3, count=2 if quick else 25)


def office(found: Sequence[Database], quick: bool) -> list[Row]:
    """Cases of three user tasks, in one thread and in several."""
    batches, size = (1, 3) if quick else (5, 16)
    one = cases.beside_library(cases.rate_row(found, 1, batches, size), size, _patience(quick))
    several = cases.rate_row(found, THREADS, batches, size)
    return [one, several, *cases.completion_rows(found, 5 if quick else 80)]


def loop(found: Sequence[Database], quick: bool) -> list[Row]:
    rounds, edge = (60, 20) if quick else (10_000, 100)
    return ageing.loop_rows(found, rounds, edge, _patience(quick))


def diamonds(found: Sequence[Database], quick: bool) -> list[Row]:
    goal = Goal("under 0.2", lambda seconds: seconds < 0.2)
    return _run(Shape("60 AND-diamonds in a row", shapes.diamonds(60), both=goal), found, quick)


def sequence(found: Sequence[Database], quick: bool) -> list[Row]:
    count = 500 if quick else 3_000
    deploy, run = (Goal("under 2", lambda seconds: seconds < 2), Goal("under 1", lambda seconds: seconds < 1))
    return _run(Shape(f"sequence of {count:,} tasks", shapes.sequence(count), deploy, run), found, quick)


def join(found: Sequence[Database], quick: bool) -> list[Row]:
    count = 200 if quick else 5_000
    goal = Goal("under 3", lambda seconds: seconds < 3)
    return _run(Shape(f"{count:,} branches into one join", shapes.join(count), both=goal), found, quick)


def instances(found: Sequence[Database], quick: bool) -> list[Row]:
    count = 200 if quick else 2_000
    rows = _run(Shape(f"{count:,} parallel instances of a script", shapes.instances(count)), found, quick)
    finished = (5, count // 20) if quick else (10, count // 2, count - 10)
    rows.append(ageing.in_turn_row(found, count, finished, _patience(quick)))
    return [*rows, *ageing.at_once_rows(found, count, finished=count // 20)]


def benchflow(found: Sequence[Database], quick: bool) -> list[Row]:
    """The patterns SEQ, EXC, EXT, PAR, CYC and their MIX."""
    batches, size = (1, 5) if quick else (5, 80)
    each = [
        pattern_rows(found, pattern, batches, size, _patience(quick)) for pattern in (*patterns.PATTERNS, patterns.MIX)
    ]
    return [row for rows in each for row in rows]


def boxes(found: Sequence[Database], quick: bool) -> list[Row]:
    """An inbox on PostgreSQL: a thousand open tasks in the office, and a hundred thousand of millions in all."""
    many = (20_000, 50_000) if quick else (1_000_000, 5_000_000)
    return inbox_rows(_named(found, POSTGRESQL), (10_000, 0), many, 10 if quick else 40)


def lookups(found: Sequence[Database], quick: bool) -> list[Row]:
    """Search, statistics and lists over a province's filings on PostgreSQL."""
    return lookup_rows(_named(found, POSTGRESQL), 5_000 if quick else FILINGS, repeats=3 if quick else 15)


def _run(shape: Shape, found: Sequence[Database], quick: bool) -> list[Row]:
    return run_rows(found, shape, 1 if quick else 3, _patience(quick))


def _named(found: Sequence[Database], name: str) -> Database:
    return next(database for database in found if database.name == name)


def _patience(quick: bool) -> float:
    """Seconds that raw SpiffWorkflow is given for one measurement."""
    return 1 if quick else 8


ROWS: dict[str, Measure] = {
    "filing": filing,
    "workers": workers,
    "cases": office,
    "loop": loop,
    "diamonds": diamonds,
    "sequence": sequence,
    "join": join,
    "instances": instances,
    "benchflow": benchflow,
    "inbox": boxes,
    "lookups": lookups,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {', '.join(ROWS)}")
    given = parser.parse_args()
    if unknown := [name for name in given.rows if name not in ROWS]:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    take_turns()
    begun, load, rows = time.perf_counter(), os.getloadavg()[0], []
    try:
        with databases() as found:
            for name in given.rows or ROWS:
                print(f"{name} …", file=sys.stderr, flush=True)
                rows += ROWS[name](found, given.quick)
    finally:  # what was measured in an hour is not lost to a row that fails
        print(table(rows))
    machine = {
        "day": time.strftime("%Y-%m-%d"),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "seconds": round(time.perf_counter() - begun),
        "load_before": round(load, 1),
        "quick": given.quick,
    }
    print(
        "\n{day}, {cpus} CPUs, Python {python}, {seconds} s, load average {load_before} before. "
        "Median (smallest-greatest). ✓ what is asked is reached, ✗ it is not.".format(**machine)
    )
    if given.quick:
        print("Sizes are smaller than those that something is asked of.")
    if given.json:
        figures = {"machine": machine, "rows": [row.as_json() for row in rows]}
        given.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
