"""The benchmarks: their diagrams do what they say, every row runs, and the table tells what is reached."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import patterns
from benchmarks.__main__ import ROWS
from benchmarks.report import LIBRARY, POSTGRESQL, SQLITE, Goal, Row, table
from engine.testing import ProcessTest

ROOT = Path(__file__).resolve().parent.parent


def trace(pattern: str, **data: int) -> list[str]:
    """What a case of a pattern did in the command that started it, the first and the last element apart."""
    with ProcessTest(files=[patterns.PATTERNS[pattern]]) as t:
        case = t.start(pattern, data={"n": 0, **data})
        assert (case.status, case.incidents) == ("completed", [])
        return case.trace[1:-1]


def test_the_sequence_runs_two_scripts() -> None:
    assert trace("SEQ") == ["first", "second"]


@pytest.mark.parametrize(("way", "script"), [(1, "first"), (2, "second")])
def test_the_exclusive_choice_takes_one_way_and_merges(way: int, script: str) -> None:
    assert trace("EXC", way=way) == ["choice", script, "merge"]


def test_the_explicit_termination_leaves_no_timer_behind() -> None:
    with ProcessTest(files=[patterns.PATTERNS["EXT"]]) as t:
        case = t.start("EXT", data={})
        t.advance(hours=2)
        assert (case.status, case.trace) == ("completed", ["start", "split", "soon", "stop"])


def test_the_explicit_termination_would_wait_without_its_terminate_event() -> None:
    tame = patterns.PATTERNS["EXT"].replace(b"<terminateEventDefinition>\n</terminateEventDefinition>", b"")
    assert tame != patterns.PATTERNS["EXT"]
    with ProcessTest(files=[tame]) as t:
        case = t.start("EXT", data={})
        assert (case.status, case.waiting) == ("running", ["wait"])
        t.advance(hours=2)
        assert (case.status, case.trace[-2:]) == ("completed", ["late", "late_end"])


def test_the_parallel_split_is_synchronized() -> None:
    split, *scripts, join = trace("PAR")
    assert (split, sorted(scripts), join) == ("split", ["first", "second"], "join")


@pytest.mark.parametrize("rounds", [1, 2, patterns.MOST_ROUNDS])
@pytest.mark.parametrize("way", [1, 2])
def test_the_arbitrary_cycle_is_entered_at_two_places_and_left_after_its_rounds(way: int, rounds: int) -> None:
    done = trace("CYC", way=way, rounds=rounds)
    assert done[1] == ("upper" if way == 1 else "lower")
    assert done.count("second") == rounds
    assert done.count("first") == (rounds if way == 1 else rounds - 1)


def test_the_mix_draws_from_all_patterns_and_the_same_again() -> None:
    cases = list(islice(patterns.starts(patterns.MIX), 100))
    assert {process for process, _ in cases} == patterns.PATTERNS.keys()
    assert cases == list(islice(patterns.starts(patterns.MIX), 100))
    assert cases != list(islice(patterns.starts(patterns.MIX, seed=1), 100))


def test_the_table_marks_what_is_reached_and_what_is_not() -> None:
    row = Row("rounds", Goal("at most 1.2", lambda ratio: ratio <= 1.2))
    row.put(SQLITE, "1.10", 1.10)
    row.put(POSTGRESQL, "1.30", 1.30)
    row.put(LIBRARY, "9.00", 9.00)
    assert table([row]).splitlines()[-1] == "| rounds | at most 1.2 | 1.10 ✓ | 1.30 ✗     | 9.00              |"


def test_a_goal_of_one_database_asks_nothing_of_the_other() -> None:
    row = Row("rate", Goal("at least 100", lambda rate: rate >= 100, only=POSTGRESQL))
    row.put(SQLITE, "5", 5)
    row.put(POSTGRESQL, "100", 100)
    assert [row.found[name].reached for name in (SQLITE, POSTGRESQL)] == [None, True]


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_benchmarks_is_measured_and_printed(name: str, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    outcome = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", str(figures), name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    rows = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    assert rows
    for row in rows:
        assert f"| {row['figure']} " in outcome.stdout
        measured = [cell for column, cell in row["found"].items() if column != LIBRARY]
        assert measured, row["figure"]
        assert all(cell["text"] and len(cell) > 2 for cell in measured), row["figure"]
