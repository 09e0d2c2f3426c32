"""`python -m benchmarks [--quick] [ROW…]`: measure, and print one table. Figures are printed, never asserted."""

import argparse
import logging
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import date
from time import perf_counter

import structlog

from benchmarks import engine_rows, shapes
from benchmarks.databases import Database, databases
from benchmarks.filing import Filings, alone_row, paper_row
from benchmarks.report import LIBRARY, Row, table

Measure = Callable[[Sequence[Database], bool], list[Row]]


def filing(found: Sequence[Database], quick: bool) -> list[Row]:
    """The whole procedure, and the paper at its end."""
    filings = Filings(found, batches=2 if quick else 5, size=4 if quick else 12)
    alone = alone_row(filings.alone, 30 if quick else 300)
    paper = [paper_row(filings.paper, 5 if quick else 30)] if filings.paper else []
    return [*filings.rows(), alone, *paper]


def cases(found: Sequence[Database], quick: bool) -> list[Row]:
    return engine_rows.case_rows(found, batches=2 if quick else 5, size=5 if quick else 16)


def loop(found: Sequence[Database], quick: bool) -> list[Row]:
    rounds, edge = (100, 40) if quick else (2_000, 100)
    return engine_rows.loop_rows(found, rounds, edge, _patience(quick))


def diamonds(found: Sequence[Database], quick: bool) -> list[Row]:
    return _run("60 AND-diamonds", "later run 0.2", found, shapes.diamonds(60), quick)


def sequence(found: Sequence[Database], quick: bool) -> list[Row]:
    count = 500 if quick else 3_000
    return _run(f"sequence of {count:,}", "later 2 / 1", found, shapes.sequence(count), quick)


def join(found: Sequence[Database], quick: bool) -> list[Row]:
    count = 200 if quick else 1_000
    return _run(f"{count:,} branches into one join", "later 5,000 in 3", found, shapes.join(count), quick)


def instances(found: Sequence[Database], quick: bool) -> list[Row]:
    count = 200 if quick else 2_000
    row = _run(f"{count:,} parallel instances", "", found, shapes.instances(count), quick)
    return [*row, engine_rows.growth_row(found, count, 20 if quick else 200)]


def _run(title: str, asked: str, found: Sequence[Database], diagram: bytes, quick: bool) -> list[Row]:
    return [engine_rows.run_row(title, asked, found, diagram, 1 if quick else 3, _patience(quick))]


def _patience(quick: bool) -> float:
    """Seconds that raw SpiffWorkflow is given for one diagram."""
    return 1 if quick else 8


ROWS: dict[str, Measure] = {
    "filing": filing,
    "cases": cases,
    "loop": loop,
    "diamonds": diamonds,
    "sequence": sequence,
    "join": join,
    "instances": instances,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under half a minute")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {', '.join(ROWS)}")
    given = parser.parse_args()
    if unknown := [name for name in given.rows if name not in ROWS]:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    begun, rows = perf_counter(), []
    with databases() as found:
        for name in given.rows or ROWS:
            print(f"{name} …", file=sys.stderr, flush=True)
            rows += ROWS[name](found, given.quick)
    print(table(rows, [*(database.name for database in found), LIBRARY]))
    print(
        f"\n{date.today()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "  # noqa: DTZ011 - of the machine
        f"{perf_counter() - begun:.0f} s. Median (smallest-greatest); what is asked later is not asked yet."
    )


if __name__ == "__main__":
    main()
