"""The cells of decision tables: the S-FEEL that dmn-js writes, with endpoints in the language of
expressions.

A cell of an input column is a list of tests joined by commas, any of which may hit: a value, a comparison,
a range; `not(…)` around the list turns it round, and `-` or nothing at all hits always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from engine.budget import Budget
from engine.durations import LOCAL_ZONE, parse_date, parse_datetime, parse_duration
from engine.errors import ExpressionError
from engine.expressions import Expression, Functions
from engine.functions import FUNCTIONS
from engine.operators import NUMBERS, comparison, equal, kind_of
from engine.phrases import Phrase
from engine.punctuation import end_of_literal, quoted_parts, refuse_misplaced

_LESS = comparison("<")
_COMPARED = re.compile(r"(<=|>=|!=|==|<|>|=)\s*(.+)", re.DOTALL)
_DATE_AND_TIME = re.compile(r"\bdate\s+and\s+time\s*\(")
_AT = re.compile(r"@\s*$")

NUMBER, INTEGER, TEXT, BOOLEAN, DATE, MOMENT, TIME, LENGTH = (
    "number",
    "integer",
    "string",
    "boolean",
    "date",
    "dateTime",
    "time",
    "duration",
)

_TYPES: Mapping[str, str] = {
    "number": NUMBER, "integer": INTEGER, "long": INTEGER, "double": NUMBER, "string": TEXT,
    "boolean": BOOLEAN, "date": DATE, "dateTime": MOMENT, "date and time": MOMENT, "time": TIME,
    "dayTimeDuration": LENGTH, "days and time duration": LENGTH,
}  # fmt: skip

_CLASSES: Mapping[str, frozenset[type]] = {
    NUMBER: frozenset({int, float, Decimal}), INTEGER: frozenset({int}), TEXT: frozenset({str}),
    BOOLEAN: frozenset({bool}), DATE: frozenset({date}), MOMENT: frozenset({datetime}), TIME: frozenset({time}),
    LENGTH: frozenset({timedelta}),
}  # fmt: skip

_TITLES: Mapping[str, str] = {
    NUMBER: "数字", INTEGER: "整数", TEXT: "文本", BOOLEAN: "布尔值", DATE: "日期", MOMENT: "日期时间", TIME: "时刻",
    LENGTH: "时长",
}  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What the cells of one evaluation read, and its budget."""

    variables: Mapping[str, Any]
    functions: Functions | None
    budget: Budget

    def value_of(self, expression: Expression) -> Any:
        return expression.evaluate(self.variables, self.functions, self.budget)


def known_type(reference: str | None) -> str | None:
    """The type that a `typeRef` names; None for none or `Any`. ExpressionError for one that is not
    supported.
    """
    name = (reference or "").removeprefix("feel:").strip()
    if name in ("", "Any"):
        return None
    if name not in _TYPES:
        raise ExpressionError(Phrase("不支持类型「{type}」。", type=name))
    return _TYPES[name]


def title_of(kind: str) -> str:
    """The Chinese name of a type, for sentences."""
    return _TITLES[kind]


def is_of(kind: str | None, value: Any) -> bool:
    """Whether `value` has the type; None has every type."""
    return kind is None or value is None or type(value) in _CLASSES[kind]


def is_comparable(kind: str | None, value: Any) -> bool:
    """Whether a fixed value can stand in a column of the type: in one of integers any number can."""
    return is_of(NUMBER if kind == INTEGER else kind, value)


def converted(kind: str | None, value: Any) -> Any:
    """An input value as its column's type: numeric and ISO texts become numbers and dates, a moment its
    local date.

    ExpressionError for a value that is not of the type: it would never hit, in silence.
    """
    if is_of(kind, value):
        return value
    try:
        if kind == NUMBER and type(value) is str:
            return FUNCTIONS["decimal"](Budget(), value)
        if kind == INTEGER and type(value) in (str, float, Decimal):
            number = FUNCTIONS["decimal"](Budget(), value)
            if number == int(number):
                return int(number)
        if kind == DATE and type(value) is datetime:
            return value.date() if value.tzinfo is None else value.astimezone(LOCAL_ZONE).date()
        if kind == DATE and type(value) is str:
            return parse_date(value)
        if kind == MOMENT and type(value) is str:
            return parse_datetime(value)
        if kind == MOMENT and type(value) is date:
            return parse_datetime(value.isoformat())
        if kind == TIME and type(value) is str:
            return FUNCTIONS["time"](Budget(), value)
        if kind == LENGTH and type(value) is str:
            length = parse_duration(value)
            if not length.months:
                return length.rest
    except (ExpressionError, InvalidOperation, ValueError, OverflowError):
        pass
    shown = f"「{value}」" if type(value) is str and len(value) <= 40 else kind_of(value)
    raise ExpressionError(Phrase("应为{wanted}，得到的是{given}。", wanted=_TITLES[kind or TEXT], given=shown))


def feel_expression(text: str) -> Expression:
    """An expression of a table, with FEEL's own ways to write dates: `date and time("…")` and `@"2026-03-01"`."""
    refuse_misplaced(text)
    parts = list(quoted_parts(text))
    written: list[str] = []
    closing = ""
    for index, (part, quoted) in enumerate(parts):
        if quoted:
            if index and (parts[index - 1][1] or (index > 1 and not parts[index - 1][0].strip())):
                # Python would glue two texts side by side together.
                raise ExpressionError("两个文本之间缺少逗号。")
            written.append(part + closing)
            continue
        part = _DATE_AND_TIME.sub("datetime(", part)
        literal = _AT.search(part)
        closing = ")" if literal else ""
        if literal and index + 1 < len(parts):
            part = part[: literal.start()] + _temporal(parts[index + 1][0][1:-1]) + "("
        written.append(part)
    return Expression.parse("".join(written))


def _temporal(literal: str) -> str:
    """The function that makes what `@"…"` stands for (DMN 1.3, 10.3.2.3.4)."""
    if literal.startswith(("P", "-P")):
        return "duration"
    if "T" in literal:
        return "datetime"
    return "time" if ":" in literal else "date"


@dataclass(frozen=True)
class Endpoint:
    """A value that a test compares with: worked out once when it is the same for every evaluation."""

    text: str
    expression: Expression
    constant: bool
    value: Any

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        text = text.strip()
        if not text:
            raise ExpressionError("缺少要比较的值。")
        expression = feel_expression(text)
        if expression.is_condition:
            raise ExpressionError(Phrase("单元格「{cell}」是一个条件；请只写要比较的部分，如 > 100。", cell=text))
        value = expression.evaluate({}) if expression.is_constant else None
        return cls(text, expression, expression.is_constant, value)

    def read(self, scope: Scope) -> Any:
        return self.value if self.constant else scope.value_of(self.expression)


@dataclass(frozen=True)
class Same:
    """Hits the value itself, or any item when the endpoint is a list."""

    endpoint: Endpoint
    wanted: bool = True

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (self.endpoint,)

    def hits(self, value: Any, scope: Scope) -> bool:
        expected = self.endpoint.read(scope)
        if type(expected) is list and type(value) is not list:
            found = any(same(scope.budget, value, item) for item in expected)
        else:
            found = same(scope.budget, value, expected)
        return found is self.wanted


@dataclass(frozen=True)
class Between:
    """Hits what lies between two endpoints, one of which may be open ended; an empty value lies nowhere."""

    low: Endpoint | None
    high: Endpoint | None
    low_included: bool
    high_included: bool

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(end for end in (self.low, self.high) if end is not None)

    def hits(self, value: Any, scope: Scope) -> bool:
        if value is None:
            return False
        return self.above(value, scope) and self.below(value, scope)

    def above(self, value: Any, scope: Scope) -> bool:
        """Whether the value is not too small."""
        if self.low is None:
            return True
        low = self.low.read(scope)
        return low is not None and (
            less(scope.budget, low, value) or (self.low_included and not less(scope.budget, value, low))
        )

    def below(self, value: Any, scope: Scope) -> bool:
        """Whether the value is not too large."""
        if self.high is None:
            return True
        high = self.high.read(scope)
        return high is not None and (
            less(scope.budget, value, high) or (self.high_included and not less(scope.budget, high, value))
        )


Test: TypeAlias = Same | Between


@dataclass(frozen=True)
class Cell:
    """An input cell: hits when any of `tests` does, or, `negated`, when none does; without tests always."""

    text: str
    tests: tuple[Test, ...]
    negated: bool = False

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Read a cell. Raises ExpressionError for what S-FEEL and the language of expressions do not have."""
        source = text.strip()
        if source in ("", "-"):
            return cls(text, ())
        refuse_misplaced(source)
        inner = _negated(source)
        if inner is not None:
            tests = _tests(inner)
            if not tests:
                raise ExpressionError("not( ) 里没有内容。")
            return cls(text, tests, negated=True)
        return cls(text, _tests(source))

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(end for test in self.tests for end in test.endpoints)

    def excludes(self, value: Any) -> bool:
        """Whether a cell of fixed tests does not hit the value; False also for one that reads variables."""
        if not all(end.constant for end in self.endpoints):
            return False
        try:
            return not self.hits(value, Scope({}, None, Budget()))
        except ExpressionError:
            return False

    def hits(self, value: Any, scope: Scope) -> bool:
        """Whether the input value fits the cell."""
        if not self.tests:
            return True
        return any(test.hits(value, scope) for test in self.tests) is not self.negated


def same(budget: Budget, value: Any, expected: Any) -> bool:
    """Equality in tables: as in expressions, but true and false are no numbers."""
    if (type(value) is bool) is not (type(expected) is bool):
        return False
    return equal(budget, value, expected)


def less(budget: Budget, value: Any, other: Any) -> bool:
    """Order in tables: as in expressions, but true and false have none."""
    if bool in (type(value), type(other)):
        raise ExpressionError("布尔值没有大小。")
    if {type(value), type(other)} & NUMBERS and not {type(value), type(other)} <= NUMBERS:
        raise ExpressionError(Phrase("{left}与{right}不能比较大小。", left=kind_of(value), right=kind_of(other)))
    return _LESS(budget, value, other)


# Reading the text of a cell


def _tests(text: str) -> tuple[Test, ...]:
    return tuple(_test(part) for part in _parts(text))


def _test(text: str) -> Test:
    limits = _range(text, 0)
    if limits is not None and limits.end == len(text):
        low, high = Endpoint.parse(limits.low), Endpoint.parse(limits.high)
        if low.constant and high.constant and less(Budget(), high.value, low.value):
            raise ExpressionError(Phrase("范围「{range}」的起点大于终点。", range=text))
        return Between(low, high, limits.opening == "[", limits.closing == "]")
    compared = _COMPARED.fullmatch(text)
    if compared is None:
        return Same(Endpoint.parse(text))
    sign, end = compared[1], Endpoint.parse(compared[2])
    match sign:
        case "=" | "==":
            return Same(end)
        case "!=":
            return Same(end, wanted=False)
        case "<" | "<=":
            return Between(None, end, low_included=False, high_included=sign == "<=")
        case _:
            return Between(end, None, low_included=sign == ">=", high_included=False)


@dataclass(frozen=True)
class _Limits:
    opening: str
    low: str
    high: str
    closing: str
    end: int


def _range(text: str, start: int) -> _Limits | None:
    """The range `[low..high]` that begins at `start`, its brackets in any of DMN's forms, or None."""
    if text[start : start + 1] not in ("[", "(", "]"):
        return None
    middle, depth, position = -1, 0, start + 1
    while position < len(text):
        character = text[position]
        if character in "\"'":
            position = _after_quote(text, position)
            continue
        if depth == 0 and middle < 0 and text.startswith("..", position):
            middle = position
            position += 2
            continue
        if depth == 0 and middle >= 0 and character in "])[" and _ends_test(text, position + 1):
            return _Limits(text[start], text[start + 1 : middle], text[middle + 2 : position], character, position + 1)
        if depth == 0 and middle < 0 and character in "),]":
            return None
        depth += (character in "([{") - (character in ")]}")
        position += 1
    return None


def _ends_test(text: str, position: int) -> bool:
    rest = text[position:].lstrip()
    return not rest or rest.startswith(",")


def _parts(text: str) -> list[str]:
    """The tests between top-level commas."""
    parts: list[str] = []
    start = position = 0
    depth = 0
    while position < len(text):
        if not text[start:position].strip():
            limits = _range(text, position)
            if limits is not None:
                position = limits.end
                continue
        character = text[position]
        if character in "\"'":
            position = _after_quote(text, position)
            continue
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
        position += 1
    parts.append(text[start:].strip())
    if not all(parts):
        raise ExpressionError("逗号之间缺少内容。")
    if len(parts) > 1 and "-" in parts:
        raise ExpressionError("“-”表示任意值，不能与其他值并列。")
    return parts


def _negated(text: str) -> str | None:
    """What stands inside `not(…)` when that is the whole cell."""
    match = re.match(r"not\s*\(", text)
    if match is None:
        return None
    inner = text[match.end() :].rstrip()
    if not inner.endswith(")"):
        raise ExpressionError("not( ) 必须包住整个单元格。")
    return inner[:-1].strip()


def _after_quote(text: str, position: int) -> int:
    """The position after the text literal that begins at `position`."""
    end = end_of_literal(text, position)
    if end is None:
        raise ExpressionError("文本缺少结束的引号。")
    return end
