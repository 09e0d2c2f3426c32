"""What a process variable may hold, how it is copied, and its JSON form in the database.

A value is None, bool, int, finite float, text, Decimal, date, time, datetime, timedelta, a list of values
or a dict with text keys. An aware datetime is kept as UTC; a naive one stays as it is. Anything else is
refused with its path at the moment it is set: a tuple that came back as a list after a restart would be
another value.

In JSON, what JSON lacks is an object with one tag (`{"$decimal": "1.20"}`); an object of the process whose
only key begins with `$` is wrapped as `{"$object": {...}}`, so that it cannot be taken for a tag.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from engine.errors import ValueRefused
from engine.phrases import Phrase

Value: TypeAlias = Any
"""A process value as described above."""

DEEPEST = 100
"""Lists and objects inside each other, at most."""

LARGEST_BITS = 10_000
"""Of an int: about 3,000 digits, below the 4,300 that Python will still write as text."""

LARGEST_EXPONENT = 3_000
"""Of a Decimal, either way: one that writes out as a megabyte of zeros is no amount."""

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_MICROSECOND = timedelta(microseconds=1)

Leaves: TypeAlias = Mapping[type, Callable[[Any], Any]]


def check(value: Value, path: str = "") -> None:
    """Refuse what is not a process value: ValueRefused with the path of the offender, `path` being the
    value's own.
    """
    copy(value, path)


def copy(value: Value, path: str = "") -> Value:
    """A deep copy that shares no list or object with `value`, its datetimes in UTC; refuses as `check`
    does.
    """
    return _rebuild(value, path, _COPIED)


def to_json(value: Value, path: str = "") -> Any:
    """The JSON form: None, bool, int, float, str, list and dict only. Refuses as `check` does."""
    return _rebuild(value, path, _ENCODED)


def from_json(encoded: Any) -> Value:
    """The value whose JSON form is `encoded`. An unknown tag or a broken text in it is a ValueRefused."""
    if isinstance(encoded, list):
        return [from_json(item) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    if len(encoded) == 1:
        [(tag, content)] = encoded.items()
        if tag == "$object":
            return {key: from_json(item) for key, item in content.items()}
        if tag.startswith("$"):
            return _decode(tag, content)
    return {key: from_json(item) for key, item in encoded.items()}


def at_key(path: str, key: str) -> str:
    """The path of the field `key` of the object at `path`: `order.total`, `order['line total']`."""
    if not _IDENTIFIER.fullmatch(key):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


class _Unfit(Exception):
    """A refusal on its way up; each list and object it leaves adds its step, so that no path is built in
    vain.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str | int] = []


def _rebuild(value: Value, path: str, leaves: Leaves) -> Any:
    try:
        return _walk(value, leaves, DEEPEST)
    except _Unfit as unfit:
        for step in reversed(unfit.steps[-20:]):
            path = at_key(path, step) if isinstance(step, str) else f"{path}[{step}]"
        raise ValueRefused(path, unfit.reason) from None


def _walk(value: Value, leaves: Leaves, depth: int) -> Any:
    kind = type(value)
    if kind is dict:
        key: Any = None
        if not depth:
            raise _too_deep()
        rebuilt = {}
        try:
            for key, item in value.items():
                if type(key) is not str:
                    key = None
                    raise _Unfit("对象的键不是文本。")
                rebuilt[_text(key)] = _walk(item, leaves, depth - 1)
        except _Unfit as unfit:
            if key is not None:
                unfit.steps.append(key)
            raise
        return leaves[dict](rebuilt)
    if kind is list:
        if not depth:
            raise _too_deep()
        items: list[Any] = []
        try:
            for item in value:
                items.append(_walk(item, leaves, depth - 1))  # noqa: PERF401  # its length is the place of a refusal
        except _Unfit as unfit:
            unfit.steps.append(len(items))
            raise
        return items
    leaf = leaves.get(kind)
    if leaf is None:
        raise _Unfit(Phrase("{kind} 不是流程变量支持的类型。", kind=kind.__name__))
    return leaf(value)


def _too_deep() -> _Unfit:
    return _Unfit(Phrase("嵌套超过 {deepest} 层，或者包含自身。", deepest=DEEPEST))


def _same(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Unfit("文本含有不完整的字符（孤立的代理项）。") from None
    return value


def _int(value: int) -> int:
    if value.bit_length() > LARGEST_BITS:
        raise _Unfit("整数过大。")
    return value


def _float(value: float) -> float:
    if not math.isfinite(value):
        raise _Unfit("不是有限的数（NaN 或无穷大）。")
    return value


def _decimal(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise _Unfit("不是有限的数（NaN 或无穷大）。")
    if abs(value.adjusted()) > LARGEST_EXPONENT:
        raise _Unfit("小数的指数过大。")
    return value


def _datetime(value: datetime) -> datetime:
    if value.tzinfo is None or value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _Unfit("换算成协调世界时后超出了日期的范围。") from None


def _time(value: time) -> time:
    if value.tzinfo is not None:
        raise _Unfit("带时区的时刻没有确定的含义，请改用日期时间。")
    return value


def _wrapped(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) == 1 and next(iter(value)).startswith("$"):
        return {"$object": value}
    return value


_COPIED: Leaves = {
    type(None): _same, bool: _same, str: _text, Phrase: lambda value: _text(str(value)), int: _int, float: _float,
    Decimal: _decimal, date: _same, datetime: _datetime, time: _time, timedelta: _same, dict: _same,
}  # fmt: skip

_ENCODED: Leaves = {
    **_COPIED,
    Decimal: lambda value: {"$decimal": str(_decimal(value))},
    date: lambda value: {"$date": value.isoformat()},
    datetime: lambda value: {"$datetime": _datetime(value).isoformat()},
    time: lambda value: {"$time": _time(value).isoformat()},
    timedelta: lambda value: {"$microseconds": value // _MICROSECOND},
    dict: _wrapped,
}

_DECODERS: Mapping[str, Callable[[Any], Value]] = {
    "$decimal": Decimal,
    "$date": date.fromisoformat,
    "$datetime": lambda text: _datetime(datetime.fromisoformat(text)),
    "$time": time.fromisoformat,
    "$microseconds": lambda count: timedelta(microseconds=count),
}


def _decode(tag: str, content: Any) -> Value:
    decoder = _DECODERS.get(tag)
    if decoder is None:
        raise ValueRefused("", Phrase("无法识别的存储标记「{tag}」。", tag=tag))
    try:
        return decoder(content)
    except (ValueError, TypeError, OverflowError, InvalidOperation):
        raise ValueRefused("", Phrase("存储标记「{tag}」的内容无法读取。", tag=tag)) from None
