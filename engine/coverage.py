"""What the rules of a decision table leave open, say twice, or never get to say.

Every rule is a box: for each column the pieces of its domain that the cell hits. Whatever is claimed here is so for
each value that the variables in the cells may have: where a cell reads variables it counts as hitting when gaps are
looked for, and as not hitting when overlaps and rules that never hit are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.cells import Between, Cell, converted
from engine.decision_tables import Decision, Input, Table
from engine.domains import Domain, Pieces, domain_of, given_domain, places
from engine.errors import EngineError, ExpressionError
from engine.punctuation import quoted_parts

MOST_TRIALS = 300_000
"""Cells times values that one table may need tried; a larger table is not looked at."""

MOST_WORK = 200_000
"""Pieces looked at in one search; a search that needs more finds nothing."""

Box: TypeAlias = tuple[Pieces, ...]
"""Inputs: a set of pieces for each column."""

_Touching: TypeAlias = list[list[int]]
"""Column → piece → the rules that hit it, as an int with a bit for each."""


@dataclass(frozen=True)
class Coverage:
    """The rules of a table over the domains of its columns. Columns that read the same count as one."""

    domains: tuple[Domain, ...]
    rules: int
    surely: _Touching
    possibly: _Touching
    alike: list[list[int]]
    """Column → rule → the rules whose cell reads variables and is written the same."""
    own: list[Box]
    """Rule → what it may hit."""

    @classmethod
    def of(cls, table: Table, required: Sequence[Decision] = ()) -> Coverage | None:
        """None: the table is too large to be looked at."""
        groups = _groups(table.inputs)
        domains: list[Domain] = []
        surely: _Touching = []
        possibly: _Touching = []
        alike: list[list[int]] = []
        own: list[list[Pieces]] = [[] for _ in table.rules]
        trials = 0
        for columns in groups:
            rows: dict[tuple[str, ...], int] = {}
            example: dict[tuple[str, ...], list[Cell]] = {}
            for index, rule in enumerate(table.rules):
                written = tuple(_written(rule.cells[column]) for column in columns)
                rows[written] = rows.get(written, 0) | 1 << index
                example.setdefault(written, [rule.cells[column] for column in columns])
            used = [cell for group in example.values() for cell in group]
            domain = _domain(table.inputs, columns, used, required)
            if not domain.is_ordered:
                trials += len(domain.pieces) * sum(isinstance(test, Between) for cell in used for test in cell.tests)
            if trials > MOST_TRIALS:
                return None
            sure, maybe = [0] * len(domain.pieces), [0] * len(domain.pieces)
            same = [0] * len(table.rules)
            for written, rules in rows.items():
                hit = [domain.hit_by(cell) for cell in example[written]]
                all_surely = all_possibly = domain.all
                for one_surely, one_possibly in hit:
                    all_surely &= one_surely
                    all_possibly &= one_possibly
                for place in places(all_surely):
                    sure[place] |= rules
                for place in places(all_possibly):
                    maybe[place] |= rules
                for index in places(rules):
                    own[index].append(all_possibly)
                    same[index] = rules if all_surely != all_possibly else 0
            domains.append(domain)
            surely.append(sure)
            possibly.append(maybe)
            alike.append(same)
        return cls(tuple(domains), len(table.rules), surely, possibly, alike, [tuple(box) for box in own])

    def overlapping(self, index: int) -> int | None:
        """The first rule before rule `index` (both from 0) that surely hits some input together with it."""
        together = (1 << index) - 1
        for column, domain in enumerate(self.domains):
            touching = self.alike[column][index]
            for place in places(self.own[index][column] & domain.usual):
                if self.surely[column][place] >> index & 1:
                    touching |= self.surely[column][place]
            together &= touching
        return places(together)[0] if together else None

    def gaps(self, most: int) -> list[Box]:
        """Inputs that no rule hits, whatever its variables are: boxes as wide as they can be, none within another."""
        usual = tuple(domain.usual for domain in self.domains)
        told: list[Box] = []
        if not all(usual):
            return told
        for box in self._uncovered(usual, self.possibly, (1 << self.rules) - 1) or ():
            widened = self._widened(box, usual)
            if not any(_within(widened, other) for other in told):
                told.append(widened)
            if len(told) == most:
                break
        return told

    def never_hits(self, index: int, *, first: bool) -> bool:
        """Whether rule `index` can hit no input at all, or, in a table that takes the `first` hit, none that the rules
        before it leave.
        """
        region = self.own[index]
        if not all(region):
            return True
        if not first or not index:
            return False
        found = self._uncovered(region, self.surely, (1 << index) - 1)
        return next(found, None) is None if found is not None else False

    def title(self, box: Box) -> str:
        """A box in words; columns that may be anything are left out."""
        told = [(domain, pieces) for domain, pieces in zip(self.domains, box, strict=True) if pieces != domain.usual]
        most = 3 if len(told) == 1 else 1
        return "、".join(domain.title(pieces, most) for domain, pieces in told) or "任何输入"

    def _uncovered(self, region: Box, touching: _Touching, rules: int) -> Iterator[Box] | None:
        """The boxes inside `region` that none of `rules` touches; None where finding them costs too much.

        The region is cut column by column; pieces that the same rules touch stay together.
        """
        found: list[Box] = []
        rest = [rules] * (len(region) + 1)
        for column in reversed(range(len(region))):
            full = rules
            for place in places(region[column]):
                full &= touching[column][place]
            rest[column] = rest[column + 1] & full
        stack: list[tuple[int, int, Box]] = [(0, rules, ())]
        seen: set[tuple[int, int]] = set()
        work = 0
        while stack:
            column, alive, box = stack.pop()
            if not alive:
                found.append((*box, *region[column:]))
                if len(found) >= 100:
                    break
                continue
            if alive & rest[column] or (column, alive) in seen:
                continue
            seen.add((column, alive))
            groups: dict[int, Pieces] = {}
            for place in places(region[column]):
                still = alive & touching[column][place]
                groups[still] = groups.get(still, 0) | 1 << place
            work += region[column].bit_count()
            if work > MOST_WORK:
                return iter(found) if found else None
            stack.extend((column + 1, still, (*box, pieces)) for still, pieces in reversed(groups.items()))
        return iter(found)

    def _widened(self, box: Box, within: Box) -> Box:
        """The box with whatever can be added to it without touching a rule."""
        wide = list(box)
        touched = []
        for column, pieces in enumerate(wide):
            rules = 0
            for place in places(pieces):
                rules |= self.possibly[column][place]
            touched.append(rules)
        for column, pieces in enumerate(wide):
            others = (1 << self.rules) - 1
            for other, rules in enumerate(touched):
                if other != column:
                    others &= rules
            for place in places(within[column] & ~pieces):
                if not self.possibly[column][place] & others:
                    wide[column] |= 1 << place
                    touched[column] |= self.possibly[column][place]
        return tuple(wide)


def repeated(table: Table) -> Iterator[tuple[int, int]]:
    """The rules (from 0) that say what an earlier one says, each with it. COLLECT tables may repeat conditions."""
    known: dict[Any, int] = {}
    for index, rule in enumerate(table.rules):
        said: Any = tuple(_written(cell) for cell in rule.cells)
        if table.hit_policy == "COLLECT":
            said = said, tuple(cell.text.strip() if cell else "" for cell in rule.outputs)
        if said in known:
            yield index, known[said]
        known.setdefault(said, index)


def _within(box: Box, other: Box) -> bool:
    return all(inner & ~outer == 0 for inner, outer in zip(box, other, strict=True))


def _written(cell: Cell) -> str:
    """The cell's text without the spaces that mean nothing."""
    text = "".join(part if quoted else "".join(part.split()) for part, quoted in quoted_parts(cell.text))
    return "" if text == "-" else text


def _groups(inputs: Sequence[Input]) -> list[list[int]]:
    """The columns that read the same, together."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for index, column in enumerate(inputs):
        groups.setdefault((column.expression.text.strip(), column.type), []).append(index)
    return list(groups.values())


def _domain(
    inputs: Sequence[Input], columns: Sequence[int], used: Sequence[Cell], required: Sequence[Decision]
) -> Domain:
    column = inputs[columns[0]]
    text = column.expression.text.strip()
    possible = _possible(text, required)
    if possible is not None:
        return given_domain(column.label, _converted(column.type, possible))
    given = {name for need in required for name in (need.id, *_names(need))}
    is_path = all(part.isidentifier() for part in text.split("."))
    if is_path:
        free = not column.expression.names & given
    else:
        # What an expression can give depends on what the other columns read, if they read the same.
        others = {name for index, other in enumerate(inputs) if index not in columns for name in other.expression.names}
        if others & column.expression.names:
            return domain_of(column.label, None, (), None, free=False)
        free = False
    return domain_of(column.label, column.type, used, column.predefined, free=free)


def _converted(kind: str | None, possible: Iterable[Any]) -> Iterator[Any]:
    """The values as the column takes them; what it would not take is an error at run time and no gap."""
    for value in possible:
        try:
            yield converted(kind, value)
        except ExpressionError:
            continue


def _names(decision: Decision) -> list[str]:
    if isinstance(decision.logic, Table):
        return [output.name for output in decision.logic.outputs]
    return [decision.variable]


def _possible(name: str, required: Sequence[Decision]) -> list[Any] | None:
    """Every value of `name` where it is an output of a required table whose results are all fixed."""
    for need in reversed(required):
        if name not in _names(need):
            continue
        table = need.logic
        if not isinstance(table, Table) or table.hit_policy == "COLLECT":
            return None
        [(column, output)] = [(i, output) for i, output in enumerate(table.outputs) if output.name == name]
        results = [rule.outputs[column] or output.default for rule in table.rules]
        if any(other.default is not None for other in table.outputs):
            results.append(output.default)
        if not all(result is None or result.is_constant for result in results):
            return None
        try:
            return [None if result is None else result.evaluate({}) for result in results]
        except EngineError:
            return None
    return None
