"""Random decision tables against brute force: what they decide, and what is said about their rules at deployment.

The oracle never reads a cell's text: tables are made as conditions in Python and written out from those.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.coverage import Coverage
from engine.decision_tables import Table
from engine.decisions import read_decisions
from engine.errors import DecisionError
from tests.engine.test_decisions import decision, dmn, table

DAY = date(2026, 3, 1)


@dataclass(frozen=True)
class Kind:
    """A type of column: the values that cells name, how they are written, and values enough to tell all cells apart."""

    type: str
    named: Sequence[Any]
    written: Callable[[Any], str]
    all: Sequence[Any]
    ordered: bool = True


KINDS = [
    Kind("number", [0, 1, 2, 3], str, [Decimal(n) / 2 for n in range(-1, 8)]),
    Kind("integer", [0, 1, 3], str, range(-1, 5)),
    Kind("string", ["a", "b", "c"], lambda text: f'"{text}"', ["a", "b", "c", "z"], ordered=False),
    Kind("boolean", [True, False], lambda flag: str(flag).lower(), [True, False], ordered=False),
    Kind(
        "date",
        [DAY, DAY + timedelta(days=1), DAY + timedelta(days=5)],
        lambda day: f'date("{day}")',
        [DAY + timedelta(days=n) for n in range(-1, 8)],
    ),
]


@dataclass(frozen=True)
class Condition:
    """A cell: its text, whether it hits a value, and whether it speaks of null."""

    text: str
    hits: Callable[[Any], bool]
    of_null: bool = False

    def __repr__(self) -> str:
        return self.text


ANY = Condition("-", lambda value: True)


@st.composite
def conditions(draw: st.DrawFn, kind: Kind) -> Condition:
    if draw(st.integers(0, 3)) == 0:
        return ANY
    parts = draw(st.lists(single_tests(kind), min_size=1, max_size=2))
    text = ", ".join(part.text for part in parts)
    of_null = any(part.of_null for part in parts)
    if draw(st.integers(0, 3)) == 0:
        return Condition(f"not({text})", lambda value: not any(part.hits(value) for part in parts), of_null)
    return Condition(text, lambda value: any(part.hits(value) for part in parts), of_null)


@st.composite
def single_tests(draw: st.DrawFn, kind: Kind) -> Condition:
    form = draw(st.sampled_from(["same", "same", "null", *(["compared", "range"] if kind.ordered else [])]))
    if form == "null":
        return Condition("null", lambda value: value is None, of_null=True)
    one = draw(st.sampled_from(kind.named))
    if form == "same":
        return Condition(kind.written(one), lambda value: value is not None and value == one)
    if form == "compared":
        sign = draw(st.sampled_from(["<", "<=", ">", ">="]))
        compare = {
            "<": lambda value: value < one,
            "<=": lambda value: value <= one,
            ">": lambda value: value > one,
            ">=": lambda value: value >= one,
        }[sign]
        return Condition(f"{sign} {kind.written(one)}", lambda value: value is not None and compare(value))
    low, high = sorted([one, draw(st.sampled_from(kind.named))])
    opening, closing = draw(st.sampled_from("[(]")), draw(st.sampled_from("])["))
    return Condition(
        f"{opening}{kind.written(low)}..{kind.written(high)}{closing}",
        lambda value: (
            value is not None
            and (low < value or (opening == "[" and low == value))
            and (value < high or (closing == "]" and value == high))
        ),
    )


@dataclass(frozen=True)
class Made:
    """A random table and what brute force knows of it."""

    kinds: tuple[Kind, ...]
    rules: tuple[tuple[Condition, ...], ...]

    def table(self, policy: str) -> Any:
        inputs = [(f"v{number}", kind.type) for number, kind in enumerate(self.kinds)]
        rules = [([cell.text for cell in rule], [str(number)]) for number, rule in enumerate(self.rules)]
        return table(inputs, [("n", "number", "")], rules, policy=f' hitPolicy="{policy}"')

    def coverage(self, policy: str = "UNIQUE") -> Coverage:
        logic = self.table(policy).logic
        assert isinstance(logic, Table)
        coverage = Coverage.of(logic)
        assert coverage is not None
        return coverage

    def inputs(self, *, usual: bool) -> list[tuple[Any, ...]]:
        """Every combination that matters; the `usual` ones have null where a cell of the column speaks of it."""
        columns = []
        for column, kind in enumerate(self.kinds):
            null = not usual or any(rule[column].of_null for rule in self.rules)
            columns.append([*kind.all, *([None] if null else [])])
        return list(itertools.product(*columns))

    def hits(self, values: tuple[Any, ...]) -> list[int]:
        return [
            number
            for number, rule in enumerate(self.rules)
            if all(cell.hits(value) for cell, value in zip(rule, values, strict=True))
        ]


@st.composite
def tables(draw: st.DrawFn) -> Made:
    kinds = tuple(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)))
    rules = draw(st.lists(st.tuples(*map(conditions, kinds)), min_size=0, max_size=5))
    return Made(kinds, tuple(rules))


@settings(max_examples=80, deadline=None)
@given(tables())
def test_a_table_decides_as_its_rules_say(made: Made) -> None:
    unique, first, collect = (made.table(policy) for policy in ("UNIQUE", "FIRST", "COLLECT"))
    for values in made.inputs(usual=False)[::3]:
        variables = {f"v{number}": value for number, value in enumerate(values)}
        hits = made.hits(values)
        assert collect.evaluate(variables).outputs == [{"n": number} for number in hits]
        if hits:
            assert first.evaluate(variables).outputs == {"n": hits[0]}
        if len(hits) == 1:
            assert unique.evaluate(variables).outputs == {"n": hits[0]}
        else:
            with pytest.raises(DecisionError) as error:
                unique.evaluate(variables)
            assert error.value.rules == tuple(number + 1 for number in hits)
        if not hits:
            with pytest.raises(DecisionError):
                first.evaluate(variables)


@settings(max_examples=100, deadline=None)
@given(tables())
def test_gaps_are_told_exactly_where_there_are_any(made: Made) -> None:
    coverage = made.coverage()
    open_inputs = [values for values in made.inputs(usual=True) if not made.hits(values)]
    gaps = coverage.gaps(3)
    assert bool(gaps) == bool(open_inputs)
    for gap in gaps:
        examples = [domain.examples(pieces) for domain, pieces in zip(coverage.domains, gap, strict=True)]
        assert coverage.title(gap)
        for values in itertools.product(*examples):
            assert made.hits(values) == []


@settings(max_examples=100, deadline=None)
@given(tables())
def test_overlaps_are_told_exactly_where_there_are_any(made: Made) -> None:
    coverage = made.coverage()
    together = [made.hits(values) for values in made.inputs(usual=True)]
    for rule in range(len(made.rules)):
        earlier = [min(hits) for hits in together if rule in hits and hits[0] < rule]
        assert coverage.overlapping(rule) == min(earlier, default=None)


@settings(max_examples=100, deadline=None)
@given(tables(), st.booleans())
def test_rules_that_never_hit_are_told_exactly(made: Made, first: bool) -> None:
    coverage = made.coverage()
    every = [made.hits(values) for values in made.inputs(usual=False)]
    for rule in range(len(made.rules)):
        reached = any(rule in hits and not (first and hits[0] < rule) for hits in every)
        assert coverage.never_hits(rule, first=first) is not reached


def warnings(*decisions: str) -> list[str]:
    _, problems = read_decisions(dmn(*decisions), "t.dmn")
    assert {p.severity for p in problems} <= {"warning"}
    assert all(p.file == "t.dmn" and p.line and p.element_id for p in problems)
    return [f"{p.code}: {p.message}" for p in problems]


def told(inputs: list[tuple[str, str]], *rules: list[str], policy: str = "UNIQUE", values: str = "") -> list[str]:
    made = decision(inputs, [("n", "", "")], [(cells, ["1"]) for cells in rules], policy=f' hitPolicy="{policy}"')
    if values:
        made = made.replace("</inputExpression>", f"</inputExpression><inputValues><text>{values}</text></inputValues>")
    return warnings(made)


@pytest.mark.parametrize(
    ("kind", "cells", "gap"),
    [
        ("number", ["< 500"], "列1 ≥ 500"),
        ("number", ["[0..5]", "> 5"], "列1 < 0"),
        ("number", ["< 5", "> 5"], "列1 = 5"),
        ("number", ["<= 1", ">= 2"], "1 < 列1 < 2"),
        ("number", ["< 1", "(1..2)", ">= 3"], "列1 = 1 或 2 ≤ 列1 < 3"),
        ("number", ["0.1", "not(0.1)", "null"], None),
        ("integer", ["<= 1", ">= 2"], None),
        ("integer", ["<= 1", ">= 3"], "1 < 列1 < 3"),
        ("string", ['"a"'], "列1 = 其他"),
        ("string", ['"a"', 'not("a")'], None),
        ("string", ['not("a")'], "列1 = a"),
        ("string", ['"a"', 'not("a", null)', "null"], None),
        ("string", ['"a"', 'not("a", null)'], "列1 为空"),
        ("string", ['< "m"', '>= "m"'], None),
        ("boolean", ["true"], "列1 = false"),
        ("boolean", ["true", "false"], None),
        ("date", ['< date("2026-03-01")', '> date("2026-03-01")'], "列1 = 2026-03-01"),
        ("date", ['<= date("2026-03-01")', '>= date("2026-03-02")'], None),
        (
            "dateTime",
            ['< date and time("2026-03-01T00:00:00")', '> @"2026-03-01T00:00:00+08:00"'],
            "列1 = 2026-03-01 00:00:00",
        ),
        ("time", ['< time("12:00:00")'], "列1 ≥ 12:00:00"),
        ("time", ['>= time("00:00:00")'], None),
        ("dayTimeDuration", ['<= duration("P3D")'], "列1 > P3D"),
        ("", ["1", '"a"'], None),
        ("number", ["> a", "<= a"], None),
        ("number", ["> a", "[0..1]"], None),
        ("string", ["names"], None),
    ],
)
def test_a_gap_is_told_by_an_example(kind: str, cells: list[str], gap: str | None) -> None:
    found = [line for line in told([("v", kind)], *([cell] for cell in cells)) if "gap" in line]
    assert found == ([] if gap is None else [f"dmn_gap: 「{gap}」没有规则。"])


def test_a_gap_names_only_the_columns_that_matter() -> None:
    inputs = [("industry", "string"), ("amount", "number")]
    assert told(inputs, ['"钢铁"', "-"], ["-", "< 500"], policy="FIRST") == [
        "dmn_gap: 「列1 = 其他、列2 ≥ 500」没有规则。"
    ]


def test_at_most_three_gaps_of_a_table_are_told() -> None:
    cells = [[f"[{n}..{n + 1})"] for n in range(0, 20, 2)]
    assert told([("v", "number")], *cells) == ["dmn_gap: 「列1 < 0 或 1 ≤ 列1 < 2 或 3 ≤ 列1 < 4 等」没有规则。"]
    table_ = [[f"[{n}..{n + 1})", f'"{n}"'] for n in range(0, 20, 2)]
    assert len(told([("v", "number"), ("w", "string")], *table_)) == 3


def test_a_table_without_rules_leaves_everything_open() -> None:
    assert told([("v", "number")]) == ["dmn_gap: 「任何输入」没有规则。"]


def test_collect_and_default_outputs_leave_no_gap() -> None:
    assert told([("v", "number")], ["1"], policy="COLLECT") == []
    default = "<defaultOutputEntry><text>0</text></defaultOutputEntry>"
    assert warnings(decision([("v", "number")], [("n", "", default)], [(["1"], ["1"])])) == []


def test_predefined_values_are_all_that_is_expected() -> None:
    text = [("v", "string")]
    assert told(text, ['"a"'], ['"b"'], values='"a","b"') == []
    assert told(text, ['"a"'], ["-"], values='"a","b"', policy="FIRST") == []
    assert told(text, ['"a"'], values='"a","b"') == ["dmn_gap: 「列1 = b」没有规则。"]
    assert told(text, ['"a"'], ['"c"'], values='"a"') == ['dmn_not_allowed: 「"c"」不在「列1」列预定义的值之中。']
    assert told([("v", "number")], ["< 50"], [">= 50"], values="[0..100]") == []
    assert told([("v", "number")], ["[0..50]"], values="[0..100]") == ["dmn_gap: 「50 < 列1 ≤ 100」没有规则。"]
    assert told([("len(v)", "number")], ["[0..50]"], values="[0..100]") == ["dmn_gap: 「50 < 列1 ≤ 100」没有规则。"]


def test_what_an_expression_can_give_is_not_guessed() -> None:
    assert told([("len(lines)", "number")], ["0"], ["[1..5]"], ["> 5"]) == []
    assert told([("amount", "number"), ("amount * 2", "number")], ["< 5", "< 10"], [">= 5", ">= 10"]) == []
    assert told([("amount > 5", "boolean")], ["true"]) == ["dmn_gap: 「列1 = false」没有规则。"]
    assert told([("order.total", "number")], ["< 5"]) == ["dmn_gap: 「列1 ≥ 5」没有规则。"]


def test_columns_that_read_the_same_count_as_one() -> None:
    twice = [("amount", "number"), ("amount", "number")]
    assert told(twice, [">= 0", "< 5"], ["< 0", "-"], [">= 5", "-"]) == []
    assert told(twice, ["> 5", "< 5"], ["-", "-"], policy="FIRST") == ["dmn_never_hits: 第 1 条规则永远不会命中。"]


def test_a_required_table_says_what_its_output_can_be() -> None:
    need = '<informationRequirement id="r"><requiredDecision href="#grade" /></informationRequirement>'
    grade = decision(
        [("amount", "number")], [("grade", "string", "")], [(["< 5"], ['"low"']), ([">= 5"], ['"high"'])], id="grade"
    )
    low = (['"low"'], ["1"])
    final = decision([("grade", "string")], [("n", "", "")], [low, (['"high"'], ["2"])], id="final", extra=need)
    assert warnings(final, grade) == []
    final = decision([("grade", "string")], [("n", "", "")], [low, (['"medium"'], ["2"])], id="final", extra=need)
    assert warnings(final, grade) == [
        "dmn_never_hits: 第 2 条规则永远不会命中。",
        "dmn_gap: 「列1 = high」没有规则。",
    ]


@pytest.mark.parametrize(
    ("policy", "cells", "told_"),
    [
        ("FIRST", ["-", "5"], "dmn_never_hits: 第 2 条规则永远不会命中。"),
        ("FIRST", ["< 5", ">= 5", "3", "-"], "dmn_never_hits: 第 3 条规则永远不会命中。"),
        ("FIRST", ["< 5", ">= 5", "-"], None),
        ("FIRST", ["> a", "> 5", "-"], None),
        ("FIRST", ["-", "> a"], "dmn_never_hits: 第 2 条规则永远不会命中。"),
        ("COLLECT", ["not(< 5, >= 5, null)"], "dmn_never_hits: 第 1 条规则永远不会命中。"),
        ("FIRST", ["1", " 1 ", "-"], "dmn_duplicate_rule: 第 2 条规则与第 1 条重复。"),
        ("COLLECT", ["-", "1"], None),
    ],
)
def test_a_rule_that_never_hits_is_told(policy: str, cells: list[str], told_: str | None) -> None:
    found = told([("v", "number")], *([cell] for cell in cells), policy=policy)
    assert found == ([] if told_ is None else [told_])


def test_spaces_inside_texts_matter_to_repetition() -> None:
    assert told([("v", "string")], ['"a b"'], ['"ab"'], ["-"], policy="FIRST") == []


def test_large_tables_are_looked_at_in_a_bounded_time() -> None:
    begun = time.process_time()
    many = [[f'"{number:04}"', f"[{number}..{number + 1})"] for number in range(500)]
    assert told([("a", "string"), ("b", "number")], *many)
    hard = [["-"] * 14 for _ in range(14)]
    for number, row in enumerate(hard):
        row[number], row[(number * 5 + 3) % 14] = "true", "false"
    told([(f"v{n}", "boolean") for n in range(14)], *hard, policy="FIRST")
    assert time.process_time() - begun < 5
