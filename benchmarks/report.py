"""The table that is printed: a row a figure, beside what was asked of it and whether that is reached."""

import statistics
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

SQLITE, POSTGRESQL, LIBRARY = COLUMNS = ("SQLite", "PostgreSQL", "raw SpiffWorkflow")


@dataclass(frozen=True)
class Goal:
    """What a figure is asked to be. `only` names the one column that is asked; otherwise both databases are."""

    words: str
    is_reached: Callable[[float], bool]
    only: str = ""

    def asks(self, column: str) -> bool:
        return column == self.only if self.only else column != LIBRARY


@dataclass(frozen=True)
class Cell:
    """What was found for one column: a text, the numbers in it, and whether they reach the goal (None: not asked)."""

    text: str
    numbers: dict[str, Any]
    reached: bool | None

    def __str__(self) -> str:
        return self.text if self.reached is None else f"{self.text} {'✓' if self.reached else '✗'}"


@dataclass
class Row:
    """One figure. `found` has a cell for each column that has something to say."""

    title: str
    goal: Goal | None = None
    found: dict[str, Cell] = field(default_factory=dict)

    def put(self, column: str, text: str, judged: float | None = None, **numbers: Any) -> None:
        """Fill a column. `judged` is the number that the goal is about."""
        reached = None
        if self.goal is not None and judged is not None and self.goal.asks(column):
            reached = self.goal.is_reached(judged)
        self.found[column] = Cell(text, numbers, reached)

    @property
    def asked(self) -> str:
        return self.goal.words if self.goal else ""

    def as_json(self) -> dict[str, Any]:
        found = {
            column: {"text": cell.text, "reached": cell.reached, **cell.numbers} for column, cell in self.found.items()
        }
        return {"figure": self.title, "asked": self.asked, "found": found}


def spread(values: Sequence[float], form: Callable[[float], str]) -> str:
    """The median, and between which values it lies: `2.1 (1.9-3.0)`."""
    middle = form(statistics.median(values))
    return middle if len(values) < 2 else f"{middle} ({form(min(values))}-{form(max(values))})"


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


def in_seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}"


def whole(number: float) -> str:
    return f"{number:,.0f}"


def a_second(rate: float) -> str:
    return f"{rate:.1f}" if rate < 20 else f"{rate:,.0f}"


def table(rows: Sequence[Row]) -> str:
    """Rows as Markdown, aligned for a terminal too."""
    head = ["figure", "asked", *COLUMNS]
    lines = [[row.title, row.asked, *(str(row.found.get(column, "")) for column in COLUMNS)] for row in rows]
    widths = [max(_width(line[index]) for line in [head, *lines]) for index in range(len(head))]
    ruled = ["-" * width for width in widths]
    return "\n".join("| " + " | ".join(map(_padded, line, widths)) + " |" for line in [head, ruled, *lines])


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
