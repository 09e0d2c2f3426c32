"""The five workflow patterns of the BenchFlow project's micro-benchmark for BPMN engines, drawn anew.

M. Skouradaki, V. Ferme, C. Pautasso, F. Leymann, A. van Hoorn: Micro-Benchmarking BPMN 2.0 Workflow Management Systems
with Workflow Patterns, CAiSE 2016. Scripts are empty where the pattern asks nothing of them. What the paper's diagrams
draw by lot is drawn by whoever starts a case (`way`, `rounds`), so that every engine gets the same lots.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from tests.engine.models import both, catch, end, one, script, start, terminate, timer, xor

EMPTY = "pass"
MOST_ROUNDS = 10

Start = tuple[str, Mapping[str, Any]]
"""A process, and the data to start it with."""


def sequence() -> bytes:
    """SEQ: two scripts, one after the other."""
    return one(
        start(), script("first", EMPTY), script("second", EMPTY), end(), "start > first > second > end", id="SEQ"
    )


def exclusive_choice() -> bytes:
    """EXC: exclusive choice of one of two scripts (`way` is 1 or 2), and simple merge."""
    return one(
        *(start(), xor("choice"), script("first", EMPTY), script("second", EMPTY), xor("merge"), end()),
        "start > choice",
        "choice > first if way == 1",
        "choice > second else",
        "first > merge",
        "second > merge > end",
        id="EXC",
    )


def explicit_termination() -> bytes:
    """EXT: of two branches one waits for a timer, and the other ends everything before that fires."""
    return one(
        *(start(), both("split"), catch("wait", timer('"PT1H"')), script("late", EMPTY), end("late_end")),
        *(script("soon", EMPTY), end("stop", terminate())),
        "start > split > wait > late > late_end",
        "split > soon > stop",
        id="EXT",
    )


def parallel_split() -> bytes:
    """PAR: two scripts between a parallel split and its synchronization."""
    return one(
        *(start(), both("split"), script("first", EMPTY), script("second", EMPTY), both("join"), end()),
        "start > split > first > join > end",
        "split > second > join",
        id="PAR",
    )


def arbitrary_cycle() -> bytes:
    """CYC: a cycle that is entered at one of two places (`way` is 1 or 2) and left after `rounds` rounds."""
    return one(
        *(start(), xor("choice"), xor("upper"), script("first", EMPTY), xor("lower")),
        *(script("second", "n = n + 1"), xor("again"), end()),
        "start > choice",
        "choice > upper if way == 1",
        "choice > lower else",
        "upper > first > lower > second > again",
        "again > upper if n < rounds",
        "again > end else",
        id="CYC",
    )


PATTERNS = {
    "SEQ": sequence(),
    "EXC": exclusive_choice(),
    "EXT": explicit_termination(),
    "PAR": parallel_split(),
    "CYC": arbitrary_cycle(),
}
"""Process → its diagram."""

MIX = "MIX"
"""All of them deployed, and each case of one that is drawn by lot."""


def starts(pattern: str, seed: int = 0) -> Iterator[Start]:
    """Cases of a pattern to start, without end; a seed gives the same ones again."""
    lot = Random(seed)
    processes = list(PATTERNS) if pattern == MIX else [pattern]
    while True:
        data = {"way": lot.randint(1, 2), "rounds": lot.randint(1, MOST_ROUNDS), "n": 0}
        yield lot.choice(processes), data
