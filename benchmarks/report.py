"""The table that is printed: a row a figure, beside what was asked of it."""

import statistics
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

LIBRARY = "raw SpiffWorkflow"


@dataclass
class Row:
    """One figure. `found` has a text for each column that has something to say."""

    title: str
    asked: str = ""
    found: dict[str, str] = field(default_factory=dict)


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


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Rows as Markdown, aligned for a terminal too."""
    head = ["figure", "asked", *columns]
    lines = [[row.title, row.asked, *(row.found.get(column, "") for column in columns)] for row in rows]
    widths = [max(_width(line[index]) for line in [head, *lines]) for index in range(len(head))]
    ruled = ["-" * width for width in widths]
    return "\n".join("| " + " | ".join(map(_padded, line, widths)) + " |" for line in [head, ruled, *lines])


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


__all__ = ["LIBRARY", "Row", "in_seconds", "milliseconds", "percentile", "spread", "table"]
