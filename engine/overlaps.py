"""Which rules of a table can hit together, as far as their cells are fixed values and ranges."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from engine.budget import Budget
from engine.cells import Between, Cell, Endpoint, Same, less, same
from engine.decision_tables import Rule
from engine.errors import ExpressionError

_OTHER = object()
"""Stands for a value that none of the two cells names."""


def same_conditions(one: Rule, other: Rule) -> bool:
    """Whether two rules have the same cells, as they are written."""
    return all(_written(a) == _written(b) for a, b in zip(one.cells, other.cells, strict=True))


def overlapping(one: Rule, other: Rule) -> bool:
    """Whether some input surely hits both rules; False also where that cannot be told."""
    return all(_meet(a, b) for a, b in zip(one.cells, other.cells, strict=True))


def _written(cell: Cell) -> str:
    text = "".join(cell.text.split())
    return "" if text == "-" else text


def _meet(one: Cell, other: Cell) -> bool:
    """Whether some value surely hits both cells: tried with the values they name, and those just between."""
    if not one.tests or not other.tests:
        return _fixed(one) and _fixed(other)
    if not _fixed(one) or not _fixed(other):
        return _written(one) == _written(other)
    try:
        return any(_hit(one, value) and _hit(other, value) for value in _samples(one, other))
    except ExpressionError:
        return False


def _fixed(cell: Cell) -> bool:
    return all(end.constant and type(end.value) is not list for end in cell.endpoints)


def _samples(one: Cell, other: Cell) -> list[Any]:
    """Values enough to decide: each one named, one between each two neighbours, one beyond either end, one
    other.
    """
    named = [end.value for cell in (one, other) for end in cell.endpoints]
    numbers = sorted({value for value in named if type(value) in (int, float)})
    if numbers:
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        return [*named, *between, numbers[0] - 1, numbers[-1] + 1]
    if one.negated and other.negated:
        return [*named, _OTHER]
    return named


def _hit(cell: Cell, value: Any) -> bool:
    budget = Budget()
    found = any(_test(test, value, budget) for test in cell.tests)
    return found is not cell.negated


def _test(test: Same | Between, value: Any, budget: Budget) -> bool:
    if isinstance(test, Same):
        return (value is not _OTHER and same(budget, value, test.endpoint.value)) is test.wanted
    if value is _OTHER:
        return False
    return _inside(test.low, value, test.low_included, budget, above=True) and _inside(
        test.high, value, test.high_included, budget, above=False
    )


def _inside(end: Endpoint | None, value: Any, included: bool, budget: Budget, *, above: bool) -> bool:
    if end is None:
        return True
    low, high = (end.value, value) if above else (value, end.value)
    return less(budget, low, high) or (included and not less(budget, high, low))
