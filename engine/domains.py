"""What an input of a decision table may be, cut into pieces that no fixed cell tells apart.

The cells of a column name values; between and beyond them every value fares alike. So one value of each piece decides
for all of them, and `coverage` can reason about sets of pieces. A set is an int with a bit for each piece.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from engine import cells
from engine.budget import Budget
from engine.cells import Between, Cell, Same, Scope
from engine.durations import LOCAL_ZONE, Duration
from engine.errors import ExpressionError
from engine.operators import NUMBERS

Pieces: TypeAlias = int
"""A set of pieces of one domain."""

_NOWHERE = Scope({}, None, Budget(steps=10**12, size=10**12))
"""What fixed cells are tried in: they read no variables."""

_EXACT = Context(prec=8_000)
"""Digits enough for the middle of any two numbers that a variable can hold."""

_KINDS: Mapping[type, str] = {
    bool: cells.BOOLEAN, str: cells.TEXT, int: cells.NUMBER, float: cells.NUMBER, Decimal: cells.NUMBER,
    date: cells.DATE, datetime: cells.MOMENT, time: cells.TIME, timedelta: cells.LENGTH,
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """Values that fare alike: one value, all those between two (None: without end), any other text, or, where it
    cannot be told what a column may hold, the unknown rest. `example` is one of them.
    """

    kind: Literal["value", "between", "other", "rest"]
    example: Any = None
    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class Domain:
    """The pieces of one column, in ascending order where they have one.

    `usual` are those that a table is expected to care for: the predefined values if there are any, and an empty
    input only if a cell speaks of it.
    """

    label: str
    pieces: tuple[Piece, ...]
    usual: Pieces
    is_ordered: bool = False

    @property
    def all(self) -> Pieces:
        return (1 << len(self.pieces)) - 1

    @cached_property
    def _places(self) -> dict[Any, int]:
        """Where each single value stands."""
        return {_key(piece.example): place for place, piece in enumerate(self.pieces) if piece.kind == "value"}

    @cached_property
    def _rest(self) -> Pieces:
        return sum(1 << place for place, piece in enumerate(self.pieces) if piece.kind == "rest")

    @cached_property
    def _filled(self) -> Pieces:
        """Everything but the empty value, which lies between nothing."""
        return self.all & ~self._of(None)

    def _of(self, value: Any) -> Pieces:
        place = self._places.get(_key(value))
        return 0 if place is None else 1 << place

    def hit_by(self, cell: Cell) -> tuple[Pieces, Pieces]:
        """The pieces that the cell surely hits, and those that it may hit: which it does, variables decide."""
        if not cell.tests:
            return self.all, self.all
        surely = possibly = 0
        for test in cell.tests:
            sure, maybe = self._same(test) if isinstance(test, Same) else self._between(test)
            surely, possibly = surely | sure, possibly | maybe
        if cell.negated:
            surely, possibly = self.all & ~possibly, self.all & ~surely
        return surely & ~self._rest, possibly | self._rest

    def _same(self, test: Same) -> tuple[Pieces, Pieces]:
        if not test.endpoint.constant:
            return 0, self.all
        hit = 0
        for value in _listed(test.endpoint.value):
            hit |= self._of(value)
        if not test.wanted:
            hit = self.all & ~hit
        return hit, hit

    def _between(self, test: Between) -> tuple[Pieces, Pieces]:
        surely = possibly = self._filled
        try:
            for end, fits, rising in ((test.low, test.above, True), (test.high, test.below, False)):
                if end is not None and not end.constant:
                    surely = 0
                elif end is not None:
                    fitting = self._fitting(fits, rising=rising)
                    surely, possibly = surely & fitting, possibly & fitting
        except ExpressionError:
            return 0, self._filled
        return surely, possibly

    def _fitting(self, fits: Callable[[Any, Scope], bool], *, rising: bool) -> Pieces:
        """The pieces that are large enough (`rising`) or small enough."""
        if self.is_ordered:
            last = len(self.pieces) - 1
            first = bisect_left(
                range(last), True, key=lambda place: fits(self.pieces[place].example, _NOWHERE) is rising
            )
            below = (1 << first) - 1
            return self._filled & ~below if rising else below
        fitting = 0
        for place in places(self._filled & ~self._rest):
            if fits(self.pieces[place].example, _NOWHERE):
                fitting |= 1 << place
        return fitting

    def examples(self, pieces: Pieces) -> list[Any]:
        """One value of each piece but the unknown rest."""
        return [self.pieces[place].example for place in places(pieces) if self.pieces[place].kind != "rest"]

    def title(self, pieces: Pieces, most: int = 1) -> str:
        """Some values out of `pieces` in words, `most` times an example: 「金额 ≥ 500」."""
        found = places(pieces)
        runs: list[list[int]] = []
        for place in found:
            if runs and runs[-1][-1] == place - 1 and _adjacent(self.pieces[place - 1], self.pieces[place]):
                runs[-1].append(place)
            else:
                runs.append([place])
        told = [self._interval(self.pieces[run[0]], self.pieces[run[-1]]) for run in runs[:most]]
        return " 或 ".join(told) + (" 等" if len(runs) > most > 1 else "")

    def _interval(self, first: Piece, last: Piece) -> str:
        if first.kind in ("other", "rest"):
            return f"{self.label} = 其他"
        if first is last and first.kind == "value":
            return f"{self.label} 为空" if first.example is None else f"{self.label} = {_shown(first.example)}"
        low = (_shown(first.example), "≤") if first.kind == "value" else (_shown(first.low), "<")
        high = (_shown(last.example), "≤") if last.kind == "value" else (_shown(last.high), "<")
        unbounded_low = first.kind == "between" and first.low is None
        unbounded_high = last.kind == "between" and last.high is None
        if unbounded_low and unbounded_high:
            return f"{self.label} 不为空"
        if unbounded_low:
            return f"{self.label} {high[1]} {high[0]}"
        if unbounded_high:
            return f"{self.label} {low[1].replace('≤', '≥').replace('<', '>')} {low[0]}"
        return f"{low[0]} {low[1]} {self.label} {high[1]} {high[0]}"


def places(pieces: Pieces) -> list[int]:
    """The positions of the pieces in a set, ascending."""
    found: list[int] = []
    while pieces:
        lowest = pieces & -pieces
        found.append(lowest.bit_length() - 1)
        pieces ^= lowest
    return found


def given_domain(label: str, possible: Iterable[Any]) -> Domain:
    """The domain of an input that can be nothing but the values listed."""
    pieces = tuple(Piece("value", value) for value in _distinct(possible))
    return Domain(label, pieces, (1 << len(pieces)) - 1)


def domain_of(label: str, kind: str | None, column: Sequence[Cell], predefined: Cell | None, *, free: bool) -> Domain:
    """The domain of a column from its type, its cells and its predefined values.

    Not `free`: the input is worked out by an expression, which may not be able to give every value of its type; then
    only the values that the cells name are told from the unknown rest.
    """
    ends = [end for cell in (*column, *([predefined] if predefined else ())) for end in cell.endpoints]
    named = _distinct(value for end in ends if end.constant for value in _listed(end.value))
    values = [value for value in named if value is not None]
    if kind is None:
        kinds = {_KINDS.get(type(value)) for value in values}
        kind = kinds.pop() if len(kinds) == 1 else None
    ordered = any(isinstance(test, Between) for cell in column for test in cell.tests) or (
        predefined is not None and any(isinstance(test, Between) for test in predefined.tests)
    )
    free = free or predefined is not None or kind == cells.BOOLEAN
    pieces = _pieces(kind, values, ordered=ordered, free=free)
    ordered = free and kind in _BETWEEN and (kind != cells.TEXT or ordered)
    domain = Domain(label, (*pieces, Piece("value", None)), 0, is_ordered=ordered)
    usual = domain.all if predefined is None else domain.hit_by(predefined)[1]
    empty = domain.all & ~domain._filled
    return replace(domain, usual=usual | empty if None in named else usual & ~empty)


def _pieces(kind: str | None, values: list[Any], *, ordered: bool, free: bool) -> list[Piece]:
    """All values of a type but the empty one, cut at `values`."""
    if kind == cells.BOOLEAN:
        return [Piece("value", True), Piece("value", False)]
    points = [Piece("value", value) for value in values]
    if not free or kind is None:
        return [*points, Piece("rest")]
    if kind == cells.TEXT and not ordered:
        other = "其他"
        while other in values:
            other += "_"
        return [*points, Piece("other", other)]
    between = _BETWEEN[kind]
    if kind in (cells.NUMBER, cells.INTEGER):
        values = [Decimal(repr(value)) if type(value) is float else value for value in values]
    limits = sorted(values)
    pieces: list[Piece] = []
    for low, high in pairwise([None, *limits, None]):
        inner = between(low, high)
        if inner is not None:
            pieces.append(Piece("between", inner, low, high))
        if high is not None and (kind != cells.INTEGER or high == int(high)):
            pieces.append(Piece("value", high))
    return pieces


# A value strictly between two others, None where there is none


def _number_between(low: Any, high: Any) -> Any:
    with localcontext(_EXACT):
        if low is None or high is None:
            return Decimal(0) if low is high else Decimal(high) - 1 if low is None else Decimal(low) + 1
        return (Decimal(low) + Decimal(high)) * Decimal("0.5")


def _integer_between(low: Any, high: Any) -> Any:
    found = math.floor(low) + 1 if low is not None else math.ceil(high) - 1 if high is not None else 0
    return found if high is None or found < high else None


def _stepping(start: Any, step: timedelta) -> Callable[[Any, Any], Any]:
    def between(low: Any, high: Any) -> Any:
        try:
            found = low + step if low is not None else high - step if high is not None else start
        except OverflowError:
            return None
        return found if high is None or found < high else None

    return between


_MICROSECONDS_OF_A_DAY = 86_400_000_000
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


def _time_between(low: Any, high: Any) -> Any:
    below = -1 if low is None else _microseconds(low)
    above = _MICROSECONDS_OF_A_DAY if high is None else _microseconds(high)
    return (_MIDNIGHT + timedelta(microseconds=below + 1)).time() if below + 1 < above else None


def _microseconds(moment: time) -> int:
    return (datetime.combine(_MIDNIGHT, moment, UTC) - _MIDNIGHT) // timedelta(microseconds=1)


def _text_between(low: Any, high: Any) -> Any:
    found = "" if low is None else low + "\0"
    return found if high is None or found < high else None


_BETWEEN: Mapping[str, Callable[[Any, Any], Any]] = {
    cells.NUMBER: _number_between,
    cells.INTEGER: _integer_between,
    cells.DATE: _stepping(date(2000, 1, 1), timedelta(days=1)),
    cells.MOMENT: _stepping(datetime(2000, 1, 1, tzinfo=LOCAL_ZONE), timedelta(microseconds=1)),
    cells.TIME: _time_between,
    cells.LENGTH: _stepping(timedelta(), timedelta(microseconds=1)),
    cells.TEXT: _text_between,
}


def _listed(value: Any) -> list[Any]:
    return value if type(value) is list else [value]


def _distinct(values: Iterable[Any]) -> list[Any]:
    """The values without repeats; lists and objects, which no column holds one by one, are left out."""
    found: dict[Any, Any] = {}
    for value in values:
        if type(value) is not list and type(value) is not dict:
            found.setdefault(_key(value), value)
    return list(found.values())


def _key(value: Any) -> Any:
    """Equal for values that tables take as equal (`cells.same`)."""
    if type(value) in (list, dict):
        return None, id(value)
    amount = Decimal(repr(value)) if type(value) is float else value
    return (Decimal if type(value) in NUMBERS - {bool} else type(value)), amount


def _adjacent(one: Piece, other: Piece) -> bool:
    """Whether one piece goes on where the other ends."""
    if one.kind == "between":
        return other.kind == "value" and other.example is not None and other.example == one.high
    return one.kind == "value" and other.kind == "between" and other.low is not None and other.low == one.example


def _shown(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is datetime:
        return f"{value.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M:%S}"
    text = str(Duration(rest=value) if type(value) is timedelta else value)
    return text if len(text) <= 40 else f"{text[:40]}…"
