"""Decision tables and literal expressions of DMN files, as dmn-js writes them.

Hit policies are UNIQUE, FIRST and COLLECT (with SUM, MIN, MAX and COUNT); the reading of the files is in
`decisions`, the language of the cells in `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from engine.budget import Budget
from engine.cells import Cell, Scope, converted, less
from engine.errors import DecisionError, ExpressionError, ExpressionTooCostly
from engine.expressions import Expression, Functions
from engine.operators import binary
from engine.phrases import Phrase

HitPolicy: TypeAlias = Literal["UNIQUE", "FIRST", "COLLECT"]
Aggregation: TypeAlias = Literal["SUM", "MIN", "MAX", "COUNT"]
Outputs: TypeAlias = dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True)
class Input:
    """A condition column: what is looked at, the type its values are taken as (None: as they are), and the cell that
    its predefined values make.
    """

    id: str
    label: str
    expression: Expression
    type: str | None
    predefined: Cell | None = None


@dataclass(frozen=True)
class Output:
    """A result column. `allowed` are the texts of its predefined values, `default` what it is without a
    rule's word.
    """

    id: str
    name: str
    label: str
    type: str | None
    allowed: tuple[str, ...] = ()
    default: Expression | None = None


@dataclass(frozen=True)
class Rule:
    """One row: `number` counts from 1; an output that the row leaves empty is None."""

    id: str
    number: int
    line: int
    cells: tuple[Cell, ...]
    outputs: tuple[Expression | None, ...]


Place: TypeAlias = Input | Rule | str
"""Where in a decision something happens; for sentences about it."""

_DEFAULT_OUTPUT, _TOTAL = Phrase("默认输出"), Phrase("汇总")


@dataclass(frozen=True)
class Table:
    """The logic of a decision table."""

    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class DecisionResult:
    """`outputs`: name → value; of COLLECT without aggregation one such dict for each hit. `matched`: the
    rules' ids.
    """

    outputs: Outputs
    matched: list[str]


@dataclass(frozen=True, eq=False)
class Decision:
    """A decision: a table, or one expression whose value goes under `variable`; and the decisions it needs
    first.
    """

    id: str
    name: str
    file: str
    line: int
    variable: str
    logic: Table | Expression
    required: tuple[Decision, ...] = field(default=(), repr=False)

    @property
    def hit_policy(self) -> HitPolicy | None:
        return self.logic.hit_policy if isinstance(self.logic, Table) else None

    @property
    def inputs(self) -> tuple[Input, ...]:
        return self.logic.inputs if isinstance(self.logic, Table) else ()

    @property
    def outputs(self) -> tuple[Output, ...]:
        return self.logic.outputs if isinstance(self.logic, Table) else ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self.logic.rules if isinstance(self.logic, Table) else ()

    def evaluate(
        self, variables: Mapping[str, Any], functions: Functions | None = None, budget: Budget | None = None
    ) -> DecisionResult:
        """The decision on `variables`; required decisions are worked out first, each once.

        Raises DecisionError, naming table and rules: an input of the wrong type or without a value, a
        second hit in a UNIQUE table, no hit in UNIQUE or FIRST where no output has a default.
        """
        budget = budget or Budget()
        done: dict[str, DecisionResult] = {}
        under_way: list[Decision] = [self]
        while under_way:
            decision = under_way[-1]
            missing = [needed for needed in decision.required if needed.id not in done]
            if missing:
                under_way.extend(missing)
                continue
            under_way.pop()
            if decision.id not in done:
                done[decision.id] = decision._result(variables, functions, budget, done)
        return done[self.id]

    def _result(
        self,
        variables: Mapping[str, Any],
        functions: Functions | None,
        budget: Budget,
        done: Mapping[str, DecisionResult],
    ) -> DecisionResult:
        """This decision alone, those it needs being done."""
        results: dict[str, Any] = {}
        for needed in self.required:
            outputs = done[needed.id].outputs
            results.setdefault(needed.id, outputs)
            if isinstance(outputs, dict):
                results.update(outputs)
        scope = Scope(_Names(results, variables, functions), functions, budget)
        if isinstance(self.logic, Expression):
            try:
                return DecisionResult({self.variable: scope.value_of(self.logic)}, [])
            except ExpressionError as error:
                raise self._failure(Phrase("表达式"), error) from error
        hits = self._hits(self.logic, scope)
        return DecisionResult(self._outcome(self.logic, hits, scope), [rule.id for rule in hits])

    def _failure(self, place: Place, error: ExpressionError) -> ExpressionError:
        """`error` with the place in this decision where it happened."""
        if isinstance(error, ExpressionTooCostly):
            return error
        if isinstance(place, Input):
            place = Phrase("输入「{label}」", label=place.label)
        elif isinstance(place, Rule):
            place = Phrase("第 {number} 条规则", number=place.number)
        message = "决策「{decision}」的{place}：{reason}"
        return DecisionError(self.id, Phrase(message, decision=self.name, place=place, reason=error.reason))

    def _hits(self, table: Table, scope: Scope) -> list[Rule]:
        values: list[Any] = []
        hits: list[Rule] = []
        place: Place = ""
        try:
            for column in table.inputs:
                place = column
                values.append(converted(column.type, scope.value_of(column.expression)))
            for rule in table.rules:
                place = rule
                if _fits(rule, values, scope):
                    hits.append(rule)
                    if table.hit_policy == "FIRST":
                        break
        except ExpressionError as error:
            raise self._failure(place, error) from error
        if table.hit_policy == "UNIQUE" and len(hits) > 1:
            numbers = [rule.number for rule in hits]
            listed = "、".join(map(str, numbers))
            message = "决策「{decision}」应只命中一条规则，却同时命中第 {numbers} 条。"
            raise DecisionError(self.id, Phrase(message, decision=self.name, numbers=listed), numbers)
        return hits

    def _outcome(self, table: Table, hits: list[Rule], scope: Scope) -> Outputs:
        place: Place = _DEFAULT_OUTPUT
        rows: list[dict[str, Any]] = []
        try:
            for rule in hits:
                place = rule
                rows.append(_row(table, rule.outputs, scope))
            if table.aggregation is not None:
                place = _TOTAL
                name = table.outputs[0].name
                return {name: _aggregate(table.aggregation, [row[name] for row in rows], scope.budget)}
            if table.hit_policy == "COLLECT":
                return rows
            if rows:
                return rows[0]
            if any(output.default is not None for output in table.outputs):
                return _row(table, (None,) * len(table.outputs), scope)
        except ExpressionError as error:
            raise self._failure(place, error) from error
        raise DecisionError(self.id, Phrase("决策「{decision}」没有一条规则命中，也没有默认输出。", decision=self.name))


def _row(table: Table, cells: tuple[Expression | None, ...], scope: Scope) -> dict[str, Any]:
    """The outputs of one hit, or, without cells, the defaults; an output with neither is None."""
    row: dict[str, Any] = {}
    for output, cell in zip(table.outputs, cells, strict=True):
        expression = output.default if cell is None else cell
        row[output.name] = None if expression is None else scope.value_of(expression)
    return row


class _Names(Mapping[str, Any]):
    """What a decision reads: results of the decisions it needs, the variables, and `today` and `now` as
    FEEL names.
    """

    def __init__(self, results: Mapping[str, Any], variables: Mapping[str, Any], functions: Functions | None) -> None:
        self._results = results
        self._variables = variables
        self._functions = functions or {}

    def __getitem__(self, name: str) -> Any:
        if name in self._results:
            return self._results[name]
        try:
            return self._variables[name]
        except KeyError:
            if name in ("today", "now") and name in self._functions:
                return self._functions[name]()
            raise

    def __iter__(self) -> Iterator[str]:
        return iter({**self._results, **self._variables})

    def __len__(self) -> int:
        return len({**self._results, **self._variables})


def _fits(rule: Rule, values: list[Any], scope: Scope) -> bool:
    scope.budget.spend(len(rule.cells))
    return all(cell.hits(value, scope) for cell, value in zip(rule.cells, values, strict=True))


def _aggregate(aggregation: Aggregation, values: list[Any], budget: Budget) -> Any:
    if aggregation == "COUNT":
        return len(values)
    total: Any = None
    for value in values:
        if total is None:
            total = value
        elif aggregation == "SUM":
            total = binary("+")(budget, total, value)
        elif less(budget, value, total) is (aggregation == "MIN"):
            total = value
    return total
