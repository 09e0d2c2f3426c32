"""What the operators of expressions do with process values.

They are Python's, with four differences: a Decimal meets a float as the decimal number that is written
(`0.1`, not its binary neighbour); only like compares with like; numbers stay within the bounds of process
values; nothing is made before the budget has paid for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from typing import Any

from engine.budget import CHARACTERS_PER_UNIT, Budget
from engine.durations import Duration
from engine.errors import ExpressionError
from engine.phrases import Phrase
from engine.values import LARGEST_BITS, LARGEST_EXPONENT

NUMBERS = frozenset({int, float, Decimal, bool})
_MOMENTS = frozenset({date, datetime})
_LENGTHS = frozenset({timedelta, Duration})
_DECIMALS = Context(prec=34)
"""34 digits, as the decimal128 numbers of DMN; the precision of the calling thread plays no part."""

_TITLES = {
    type(None): "空值", bool: "布尔值", int: "数字", float: "数字", Decimal: "数字", str: "文本",
    list: "列表", dict: "对象", date: "日期", datetime: "日期时间", time: "时刻", timedelta: "时长",
    Duration: "时长",
}  # fmt: skip


def kind_of(value: Any) -> str:
    """The Chinese name of a value's type, for sentences."""
    return _TITLES.get(type(value), type(value).__name__)


def binary(symbol: str) -> Callable[[Budget, Any, Any], Any]:
    """The arithmetic operator written `symbol`."""
    return _BINARY[symbol]


def comparison(symbol: str) -> Callable[[Budget, Any, Any], bool]:
    """The comparison written `symbol`, `in` and `not in` among them."""
    return _COMPARISONS[symbol]


def equal(budget: Budget, left: Any, right: Any) -> bool:
    """Whether two values are equal, numbers by what they amount to, lists and objects part by part."""
    kinds = {type(left), type(right)}
    if kinds <= NUMBERS:
        left, right = _alike(left, right)
    elif kinds == {list} or kinds == {dict}:
        budget.charge(budget.weigh(left))
        return _equal_parts(budget, left, right)
    elif kinds == {str}:
        budget.spend(len(left) // 1000)
    return bool(left == right)


def _equal_parts(budget: Budget, left: Any, right: Any) -> bool:
    if len(left) != len(right):
        return False
    if type(left) is list:
        return all(equal(budget, one, other) for one, other in zip(left, right, strict=True))
    return left.keys() == right.keys() and all(equal(budget, left[key], right[key]) for key in left)


def contains(budget: Budget, member: Any, container: Any) -> bool:
    """`member in container`: an item of a list, a key of an object, a part of a text."""
    kind = type(container)
    if kind is list:
        if type(member) is str:
            budget.spend(len(container) * (1 + len(member) // 1000))
            return member in container
        budget.spend(len(container))
        return any(member is item or equal(budget, member, item) for item in container)
    if kind is dict:
        return type(member) is str and member in container
    if kind is str and type(member) is str:
        budget.spend((len(container) + len(member)) // 1000)
        return member in container
    message = "不能判断{member}是否在{container}之中。"
    raise ExpressionError(Phrase(message, member=kind_of(member), container=kind_of(container)))


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    if type(left) is Decimal and type(right) is float:
        return left, Decimal(repr(right))
    if type(left) is float and type(right) is Decimal:
        return Decimal(repr(left)), right
    return left, right


def _ordered(symbol: str, compare: Callable[[Any, Any], Any]) -> Callable[[Budget, Any, Any], bool]:
    def ordered(budget: Budget, left: Any, right: Any) -> bool:
        kind = type(left)
        if kind in NUMBERS and type(right) in NUMBERS:
            left, right = _alike(left, right)
        elif kind is not type(right) or kind not in _ORDERED:
            message = "{left}与{right}不能用 {symbol} 比较。"
            raise ExpressionError(Phrase(message, left=kind_of(left), right=kind_of(right), symbol=symbol))
        elif kind is str:
            budget.spend(min(len(left), len(right)) // 1000)
        elif kind is datetime and (left.tzinfo is None) != (right.tzinfo is None):
            raise ExpressionError("带时区与不带时区的日期时间不能比较。")
        return bool(compare(left, right))

    return ordered


_ORDERED = frozenset({str, date, datetime, time, timedelta})


def negative(value: Any) -> Any:
    """`-value` of a number or a length of time."""
    if type(value) in NUMBERS or type(value) is timedelta:
        return -value
    raise ExpressionError(Phrase("{kind}不能取负。", kind=kind_of(value)))


def positive(value: Any) -> Any:
    """`+value` of a number."""
    if type(value) in NUMBERS:
        return +value
    raise ExpressionError(Phrase("{kind}不能取正。", kind=kind_of(value)))


def bounded(number: Any) -> Any:
    """`number` itself, refused when it has outgrown what a process value may be."""
    kind = type(number)
    if kind is int:
        fits = number.bit_length() <= LARGEST_BITS
    elif kind is float:
        fits = number - number == 0
    elif kind is Decimal:
        fits = number.is_finite() and abs(number.adjusted()) <= LARGEST_EXPONENT
    else:
        fits = kind is bool
    if not fits:
        raise ExpressionError("计算结果过大，或者不是实数。")
    return number


def _numeric(symbol: str, compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if type(left) not in NUMBERS or type(right) not in NUMBERS:
        message = "{left}与{right}不能用 {symbol} 运算。"
        raise ExpressionError(Phrase(message, left=kind_of(left), right=kind_of(right), symbol=symbol))
    left, right = _alike(left, right)
    try:
        if type(left) is Decimal or type(right) is Decimal:
            with localcontext(_DECIMALS):
                return bounded(compute(left, right))
        return bounded(compute(left, right))
    except ZeroDivisionError:
        raise ExpressionError("除数为零。") from None
    except ArithmeticError:
        raise ExpressionError("计算结果过大，或者不是实数。") from None


def _add(budget: Budget, left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds == (str, str):
        budget.charge((len(left) + len(right)) // CHARACTERS_PER_UNIT)
        return left + right
    if kinds == (list, list):
        budget.charge(budget.weigh(left) + budget.weigh(right))
        return left + right
    if kinds[0] in _LENGTHS and kinds[1] in _MOMENTS:
        return _moved(right, left)
    if kinds[0] in _MOMENTS and kinds[1] in _LENGTHS:
        return _moved(left, right)
    if kinds == (timedelta, timedelta):
        return _in_range(operator.add, left, right)
    return _numeric("+", operator.add, left, right)


def _subtract(budget: Budget, left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds[0] in _MOMENTS and kinds[1] is Duration:
        return _moved(left, Duration(-right.months, -right.rest))
    if kinds[0] in _MOMENTS and kinds[1] is timedelta:
        return _moved(left, -right)
    if kinds[0] is kinds[1] and kinds[0] in (date, datetime, timedelta):
        return _in_range(operator.sub, left, right)
    return _numeric("-", operator.sub, left, right)


def _multiply(budget: Budget, left: Any, right: Any) -> Any:
    if type(right) in (str, list, timedelta):
        left, right = right, left
    kind, times = type(left), type(right)
    if (kind is str or kind is list) and times is int:
        budget.charge((len(left) // CHARACTERS_PER_UNIT if kind is str else budget.weigh(left)) * max(right, 0))
        budget.charge(max(right, 0) // CHARACTERS_PER_UNIT)
        return left * right
    if kind is timedelta and (times is int or times is float):
        return _in_range(operator.mul, left, right)
    return _numeric("*", operator.mul, left, right)


def _divide(budget: Budget, left: Any, right: Any) -> Any:
    if type(left) is timedelta and type(right) in (int, float, timedelta):
        return _in_range(operator.truediv, left, right)
    return _numeric("/", operator.truediv, left, right)


def _floor_divide(budget: Budget, left: Any, right: Any) -> Any:
    """Python's floor, also for Decimals, whose own `//` cuts toward zero."""
    return _numeric("//", lambda one, other: _floored(one, other)[0], left, right)


def _modulo(budget: Budget, left: Any, right: Any) -> Any:
    return _numeric("%", lambda one, other: _floored(one, other)[1], left, right)


def _floored(left: Any, right: Any) -> tuple[Any, Any]:
    quotient, rest = divmod(left, right)
    if type(rest) is Decimal and rest and (rest < 0) != (right < 0):
        return quotient - 1, rest + right
    return quotient, rest


def _power(budget: Budget, left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int and left.bit_length() * right > LARGEST_BITS + left.bit_length():
        raise ExpressionError("计算结果过大，或者不是实数。")
    return _numeric("**", operator.pow, left, right)


def _moved(moment: Any, length: timedelta | Duration) -> Any:
    if type(length) is Duration:
        if type(moment) is datetime:
            return length.add_to(moment)
        midnight = datetime.combine(moment, time())
        return length.add_to(midnight).date()
    return _in_range(operator.add, moment, length)


def _in_range(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return compute(left, right)
    except ZeroDivisionError:
        raise ExpressionError("除数为零。") from None
    except OverflowError:
        raise ExpressionError("结果超出了日期或时长的范围。") from None
    except (TypeError, ValueError):
        message = "{left}与{right}不能这样运算，请检查时区是否一致。"
        raise ExpressionError(Phrase(message, left=kind_of(left), right=kind_of(right))) from None


def item_of(holder: Any, index: Any) -> Any:
    """`holder[index]`: an item by position, a field by name, a character by position."""
    kind = type(holder)
    if kind is dict:
        if type(index) is str and index in holder:
            return holder[index]
        if type(index) is str:
            raise ExpressionError(Phrase("没有字段「{field}」。", field=index))
        raise ExpressionError(Phrase("字段名应为文本，得到的是{kind}。", kind=kind_of(index)))
    if kind is list or kind is str:
        if type(index) is not int:
            raise ExpressionError(Phrase("位置应为整数，得到的是{kind}。", kind=kind_of(index)))
        if not -len(holder) <= index < len(holder):
            message = "位置 {index} 超出范围，共有 {count} 项。"
            raise ExpressionError(Phrase(message, index=index, count=len(holder)))
        return holder[index]
    raise ExpressionError(Phrase("{kind}不能按位置或名称取值。", kind=kind_of(holder)))


def slice_of(budget: Budget, holder: Any, bounds: list[Any]) -> Any:
    """`holder[start:stop:step]` of a list or a text; `bounds` are the three, None where left out."""
    if type(holder) is not list and type(holder) is not str:
        raise ExpressionError(Phrase("{kind}不能截取。", kind=kind_of(holder)))
    if any(bound is not None and type(bound) is not int for bound in bounds) or bounds[2] == 0:
        raise ExpressionError("截取的起止位置应为整数，步长不能为 0。")
    part = holder[slice(*bounds)]
    budget.charge(budget.weigh(part))
    return part


_BINARY: dict[str, Callable[[Budget, Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "//": _floor_divide,
    "%": _modulo,
    "**": _power,
}

_COMPARISONS: dict[str, Callable[[Budget, Any, Any], bool]] = {
    "==": equal,
    "!=": lambda budget, left, right: not equal(budget, left, right),
    "<": _ordered("<", operator.lt),
    "<=": _ordered("<=", operator.le),
    ">": _ordered(">", operator.gt),
    ">=": _ordered(">=", operator.ge),
    "in": contains,
    "not in": lambda budget, member, container: not contains(budget, member, container),
}
