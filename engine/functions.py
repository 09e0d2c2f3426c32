"""The functions and methods that expressions and scripts may call; there are no others.

Each takes the budget first, pays before it makes anything, and returns process values (or a Duration, which
dates can be moved by). Where Python answers with an iterator or a set, these answer with a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cmp_to_key
from typing import Any, NoReturn, TypeAlias

from engine.budget import CHARACTERS_PER_UNIT, Budget
from engine.durations import LOCAL_ZONE, Duration, parse_date, parse_datetime, parse_duration
from engine.errors import ExpressionError
from engine.operators import NUMBERS, binary, bounded, comparison, contains, kind_of, negative
from engine.phrases import Phrase

Listed: TypeAlias = Callable[..., Any]

_LONGEST_NUMBER = 4_000
_LONGEST_TIME = 100
_STRFTIME = re.compile(r"(?:[^%]|%[YmdHMSy%])*")

_add = binary("+")
_less = comparison("<")


def fail(message: str, **values: Any) -> NoReturn:
    """ExpressionError with a sentence that may name values, as a `Phrase` does."""
    raise ExpressionError(Phrase(message, **values))


def items_of(budget: Budget, value: Any) -> list[Any]:
    """What a loop over `value` goes through: the items of a list, the keys of an object, the characters of
    a text.
    """
    kind = type(value)
    if kind is list:
        return value  # type: ignore[no-any-return]  # a loop that changes its own list sees it, as in Python
    if kind is dict or kind is str:
        budget.charge(len(value))
        return list(value)
    fail("{kind}不能逐项处理。", kind=kind_of(value))


def text_of(budget: Budget, value: Any) -> str:
    """`str(value)`: dates as ISO 8601, moments with the offset of Asia/Shanghai."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # narrowed by `kind`
    if kind is list or kind is dict:
        fail("{kind}不能转换成文本。", kind=kind_of(value))
    text = _isoformat(budget, value) if kind is datetime or kind is date or kind is time else str(value)
    budget.charge(len(text) // CHARACTERS_PER_UNIT)
    return text


def _paid(budget: Budget, made: list[Any]) -> list[Any]:
    """A new list over existing items, paid for by its length; what nests is paid for by its weight."""
    budget.charge(budget.weigh(made))
    return made


def _len(budget: Budget, value: Any) -> int:
    if type(value) not in (str, list, dict):
        fail("{kind}没有长度。", kind=kind_of(value))
    return len(value)


def _sum(budget: Budget, values: Any, start: Any = 0) -> Any:
    items = items_of(budget, values)
    budget.spend(len(items))
    total = start
    for item in items:
        total = _add(budget, total, item)
    return total


_NO_DEFAULT = object()


def _extreme(budget: Budget, values: tuple[Any, ...], default: Any, better: Callable[[Any, Any], bool]) -> Any:
    items = items_of(budget, values[0]) if len(values) == 1 else list(values)
    budget.spend(len(items))
    if not items:
        if default is _NO_DEFAULT:
            fail("空列表没有最大值或最小值。")
        return default
    best = items[0]
    for item in items[1:]:
        if better(item, best):
            best = item
    return best


def _min(budget: Budget, *values: Any, default: Any = _NO_DEFAULT) -> Any:
    return _extreme(budget, values, default, lambda item, best: _less(budget, item, best))


def _max(budget: Budget, *values: Any, default: Any = _NO_DEFAULT) -> Any:
    return _extreme(budget, values, default, lambda item, best: _less(budget, best, item))


def _abs(budget: Budget, value: Any) -> Any:
    return value if type(value) in NUMBERS and value >= 0 else negative(value)


def _round(budget: Budget, value: Any, digits: Any = None) -> Any:
    if type(value) not in NUMBERS:
        fail("{kind}不能取整。", kind=kind_of(value))
    if digits is None:
        return bounded(round(value))
    if type(digits) is not int or abs(digits) > 100:
        fail("round 的位数应为 -100 到 100 的整数。")
    return bounded(round(value, digits))


def _sorted(budget: Budget, values: Any, *, reverse: Any = False) -> list[Any]:
    items = items_of(budget, values)
    budget.spend(len(items) * (1 + len(items).bit_length()))

    def order(left: Any, right: Any) -> int:
        return -1 if _less(budget, left, right) else int(_less(budget, right, left))

    return sorted(_paid(budget, list(items)), key=cmp_to_key(order), reverse=bool(reverse))


def _reversed(budget: Budget, values: Any) -> list[Any]:
    return _paid(budget, items_of(budget, values)[::-1])


def _range(budget: Budget, *bounds: Any) -> list[Any]:
    if not 1 <= len(bounds) <= 3 or any(type(bound) is not int for bound in bounds):
        fail("range 需要一到三个整数。")
    if len(bounds) == 3 and bounds[2] == 0:
        fail("range 的步长不能为 0。")
    numbers = range(*bounds)
    try:
        size = len(numbers)
    except OverflowError:
        size = budget.size + 1
    budget.charge(size)
    return list(numbers)


def _enumerate(budget: Budget, values: Any, start: Any = 0) -> list[Any]:
    if type(start) is not int:
        fail("enumerate 的起点应为整数。")
    items = items_of(budget, values)
    budget.charge(3 * len(items))
    return _paid(budget, [[index, item] for index, item in enumerate(items, start)])


def _zip(budget: Budget, *lists: Any) -> list[Any]:
    sources = [items_of(budget, items) for items in lists]
    budget.charge(min(map(len, sources), default=0) * (1 + len(sources)))
    return _paid(budget, [list(group) for group in zip(*sources, strict=False)])


def _any(budget: Budget, values: Any) -> bool:
    items = items_of(budget, values)
    budget.spend(len(items) // 100)
    return any(items)


def _all(budget: Budget, values: Any) -> bool:
    items = items_of(budget, values)
    budget.spend(len(items) // 100)
    return all(items)


def _int(budget: Budget, value: Any = 0) -> Any:
    return _number(int, value)


def _float(budget: Budget, value: Any = 0) -> Any:
    return _number(float, value)


def _decimal(budget: Budget, value: Any = 0) -> Any:
    return _number(Decimal, repr(value) if type(value) is float else value)


def _number(make: Callable[[Any], Any], value: Any) -> Any:
    if type(value) is not str and type(value) not in NUMBERS:
        fail("{kind}不能转换成数字。", kind=kind_of(value))
    if type(value) is str and len(value) > _LONGEST_NUMBER:
        fail("数字过长。")
    try:
        return bounded(make(value))
    except (ValueError, OverflowError, InvalidOperation):
        shown = str(value)
        fail("「{text}」不是有效的数字。", text=shown if len(shown) <= 40 else shown[:40] + "…")


def _bool(budget: Budget, value: Any = False) -> bool:
    return bool(value)


def _list(budget: Budget, values: Any = ()) -> list[Any]:
    return _paid(budget, list(items_of(budget, values) if values != () else ()))


def _set(budget: Budget, values: Any = ()) -> list[Any]:
    distinct: list[Any] = []
    for item in _list(budget, values):
        if not contains(budget, item, distinct):
            distinct.append(item)
    return distinct


def _dict(budget: Budget, source: Any = None, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    _update(budget, made, source, **fields)
    return made


def _date(budget: Budget, *parts: Any) -> date:
    if len(parts) == 1:
        [value] = parts
        if type(value) is datetime:
            return _local(value).date()
        if type(value) is date:
            return value
        return parse_date(_short(value, "date"))
    made: date = _made(date, "date", parts)
    return made


def _datetime(budget: Budget, *parts: Any) -> datetime:
    """A moment; numbers and texts without a zone are Asia/Shanghai's."""
    if len(parts) == 1:
        [value] = parts
        if type(value) is datetime:
            return value
        return parse_datetime(value.isoformat() if type(value) is date else _short(value, "datetime"))
    moment: datetime = _made(datetime, "datetime", parts)
    return moment.replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def _time(budget: Budget, *parts: Any) -> time:
    if len(parts) == 1 and type(parts[0]) is str:
        try:
            moment = time.fromisoformat(_short(parts[0], "time"))
        except ValueError:
            fail("「{text}」不是有效的时刻。", text=parts[0])
        if moment.tzinfo is not None:
            fail("时刻不能带时区。")
        return moment
    made: time = _made(time, "time", parts)
    return made


def _made(make: Callable[..., Any], name: str, parts: tuple[Any, ...]) -> Any:
    if any(type(part) is not int for part in parts):
        fail("{function} 的各部分应为整数。", function=name)
    try:
        return make(*parts)
    except (ValueError, TypeError, OverflowError):
        fail("{call} 不是有效的日期或时刻。", call=f"{name}{parts}")


def _duration(budget: Budget, text: Any) -> timedelta | Duration:
    """A timedelta; with years or months a Duration, which a date can be moved by but no variable can hold."""
    duration = parse_duration(_short(text, "duration"))
    return duration if duration.months else duration.rest


def _timedelta(budget: Budget, days: Any = 0, seconds: Any = 0, **others: Any) -> timedelta:
    amounts = {"days": days, "seconds": seconds, **others}
    if not amounts.keys() <= {"weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds"}:
        fail("timedelta 的参数只能是 weeks、days、hours、minutes、seconds、milliseconds、microseconds。")
    for unit, amount in amounts.items():
        if type(amount) not in (int, float, Decimal):
            fail("timedelta 的 {unit} 应为数字。", unit=unit)
    try:
        return timedelta(**{unit: float(n) if type(n) is Decimal else n for unit, n in amounts.items()})
    except OverflowError:
        fail("时长过长。")


def _text(value: Any, name: str) -> str:
    if type(value) is not str:
        fail("{function} 需要文本，得到的是{kind}。", function=name, kind=kind_of(value))
    return value


def _short(value: Any, name: str) -> str:
    """A text that can be a date or a length of time."""
    if len(_text(value, name)) > _LONGEST_TIME:
        fail("{function} 的文本过长。", function=name)
    return value  # type: ignore[no-any-return]  # `_text` has looked


FUNCTIONS: Mapping[str, Listed] = {
    "abs": _abs, "all": _all, "any": _any, "bool": _bool, "date": _date, "datetime": _datetime,
    "decimal": _decimal, "Decimal": _decimal, "dict": _dict, "duration": _duration,
    "enumerate": _enumerate, "float": _float, "int": _int, "len": _len, "list": _list, "max": _max,
    "min": _min, "range": _range, "reversed": _reversed, "round": _round, "set": _set,
    "sorted": _sorted, "str": text_of, "sum": _sum, "time": _time, "timedelta": _timedelta, "zip": _zip,
}  # fmt: skip

DOTTED: Mapping[str, str] = {
    "datetime.now": "now", "datetime.datetime.now": "now", "datetime.today": "now",
    "datetime.datetime.today": "now", "date.today": "today", "datetime.date.today": "today",
    "datetime.date": "date", "datetime.datetime": "datetime", "datetime.timedelta": "timedelta",
    "datetime.fromisoformat": "datetime", "date.fromisoformat": "date",
    "datetime.datetime.fromisoformat": "datetime", "datetime.date.fromisoformat": "date",
    "decimal.Decimal": "decimal",
}  # fmt: skip
"""Calls as Python's modules spell them, and the listed function that each stands for."""


def _local(moment: datetime) -> datetime:
    """An aware moment on the clock of Asia/Shanghai, which is what its fields are read from."""
    try:
        return moment if moment.tzinfo is None else moment.astimezone(LOCAL_ZONE)
    except OverflowError:
        fail("这个时间在 Asia/Shanghai 超出了日期的范围。")


def field_of(value: Any, name: str) -> Any:
    """`value.name`: the field of an object, or a part of a date, moment, time of day or length of time."""
    kind = type(value)
    if kind is dict:
        if name in value:
            return value[name]
        fail("没有字段「{field}」。", field=name)
    if name not in _FIELDS.get(kind, ()):
        fail("{kind}没有字段「{field}」。", kind=kind_of(value), field=name)
    return getattr(_local(value) if kind is datetime else value, name)


_DATE_FIELDS = ("year", "month", "day")
_TIME_FIELDS = ("hour", "minute", "second", "microsecond")
_FIELDS: Mapping[type, tuple[str, ...]] = {
    date: _DATE_FIELDS,
    datetime: _DATE_FIELDS + _TIME_FIELDS,
    time: _TIME_FIELDS,
    timedelta: ("days", "seconds", "microseconds"),
}


def _plain(method: Callable[..., Any]) -> Listed:
    """A method of text that makes nothing longer than its receiver (case folding: three times) or a flag."""

    def call(budget: Budget, text: str, *arguments: Any) -> Any:
        budget.spend(len(text) // 1000)
        budget.charge(len(text) * 3 // CHARACTERS_PER_UNIT)
        return method(text, *arguments)

    return call


def _searching(method: Callable[..., Any]) -> Listed:
    """A method of text that looks for a text and takes nothing else."""

    def call(budget: Budget, text: str, sought: Any) -> Any:
        budget.spend(len(text) // 1000)
        if type(sought) is list:
            budget.spend(len(sought))
            if all(type(item) is str for item in sought):
                return method(text, tuple(sought))
        return method(text, sought)

    return call


def _split(budget: Budget, text: str, separator: Any = None, maximum: Any = -1) -> list[str]:
    budget.charge(len(text))
    return text.split(separator, maximum)


def _splitlines(budget: Budget, text: str) -> list[str]:
    budget.charge(len(text))
    return text.splitlines()


def _join(budget: Budget, separator: str, texts: Any) -> str:
    items = items_of(budget, texts)
    for item in items:
        if type(item) is not str:
            fail("join 只能连接文本，列表中有{kind}。", kind=kind_of(item))
    budget.charge((sum(map(len, items)) + len(separator) * len(items)) // CHARACTERS_PER_UNIT)
    return separator.join(items)


def _replace(budget: Budget, text: str, old: Any, new: Any, count: Any = -1) -> str:
    old, new = _text(old, "replace"), _text(new, "replace")
    budget.spend(len(text) // 1000)
    budget.charge((len(text) + text.count(old) * len(new)) // CHARACTERS_PER_UNIT)
    return text.replace(old, new, count)


def _zfill(budget: Budget, text: str, width: Any) -> str:
    if type(width) is not int or width > 1000:
        fail("zfill 的宽度应为不超过 1000 的整数。")
    return text.zfill(width)


def _get(budget: Budget, fields: dict[str, Any], key: Any, default: Any = None) -> Any:
    return fields.get(key, default)


def _keys(budget: Budget, fields: dict[str, Any]) -> list[Any]:
    return _paid(budget, list(fields))


def _values(budget: Budget, fields: dict[str, Any]) -> list[Any]:
    return _paid(budget, list(fields.values()))


def _items(budget: Budget, fields: dict[str, Any]) -> list[Any]:
    return _paid(budget, [[key, value] for key, value in fields.items()])


def _copy(budget: Budget, value: Any) -> Any:
    budget.charge(budget.weigh(value))
    return value.copy()


def _count(budget: Budget, items: list[Any], sought: Any) -> int:
    return sum(contains(budget, sought, [item]) for item in items)


def _index(budget: Budget, items: list[Any], sought: Any) -> int:
    for index, item in enumerate(items):
        if contains(budget, sought, [item]):
            return index
    fail("列表中没有要找的值。")


def set_key(budget: Budget, fields: dict[str, Any], key: Any, value: Any) -> None:
    """Set the field `key`, which is a text: no other key survives being stored."""
    if type(key) is not str:
        fail("对象的键应为文本，得到的是{kind}。", kind=kind_of(key))
    budget.charge(budget.weigh(value) + len(key) // CHARACTERS_PER_UNIT)
    fields[key] = value


def _update(budget: Budget, fields: dict[str, Any], source: Any = None, **others: Any) -> None:
    pairs = [] if source is None else list(source.items()) if type(source) is dict else items_of(budget, source)
    for pair in pairs:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            fail("应为一个对象，或由 [键, 值] 组成的列表。")
        set_key(budget, fields, *pair)
    for key, value in others.items():
        set_key(budget, fields, key, value)


def _set_default(budget: Budget, fields: dict[str, Any], key: Any, default: Any = None) -> Any:
    if key not in fields:
        set_key(budget, fields, key, default)
    return fields[key]


def _append(budget: Budget, items: list[Any], item: Any) -> None:
    budget.charge(budget.weigh(item))
    items.append(item)


def _extend(budget: Budget, items: list[Any], more: Any) -> None:
    items.extend(_paid(budget, list(items_of(budget, more))))


def _insert(budget: Budget, items: list[Any], index: Any, item: Any) -> None:
    budget.charge(budget.weigh(item))
    budget.spend(len(items) // 100)
    items.insert(index, item)


def _list_pop(budget: Budget, items: list[Any], index: Any = -1) -> Any:
    budget.spend(len(items) // 100)
    return items.pop(index)


def _remove(budget: Budget, items: list[Any], item: Any) -> None:
    del items[_index(budget, items, item)]


def _sort(budget: Budget, items: list[Any], *, reverse: Any = False) -> None:
    items[:] = _sorted(budget, items, reverse=reverse)


def _reverse(budget: Budget, items: list[Any]) -> None:
    budget.spend(len(items) // 100)
    items.reverse()


def _clear(budget: Budget, container: Any) -> None:
    container.clear()


def _dict_pop(budget: Budget, fields: dict[str, Any], key: Any, *default: Any) -> Any:
    return fields.pop(key, *default)


def _isoformat(budget: Budget, moment: Any) -> str:
    text: str = (_local(moment) if type(moment) is datetime else moment).isoformat()
    return text


def _strftime(budget: Budget, moment: Any, pattern: Any) -> str:
    if len(_text(pattern, "strftime")) > 100 or not _STRFTIME.fullmatch(pattern):
        fail("strftime 的格式只能用 %Y %m %d %H %M %S %y %%。")
    text: str = (_local(moment) if type(moment) is datetime else moment).strftime(pattern)
    return text


_DATE_METHODS: Mapping[str, Listed] = {
    "isoformat": _isoformat,
    "strftime": _strftime,
    "weekday": lambda budget, moment: _date(budget, moment).weekday(),
    "isoweekday": lambda budget, moment: _date(budget, moment).isoweekday(),
}

METHODS: Mapping[type, Mapping[str, Listed]] = {
    str: {
        "lower": _plain(str.lower), "upper": _plain(str.upper), "title": _plain(str.title),
        "strip": _plain(str.strip),
        "capitalize": _plain(str.capitalize), "lstrip": _plain(str.lstrip), "rstrip": _plain(str.rstrip),
        "isdigit": _plain(str.isdigit), "isalpha": _plain(str.isalpha), "isalnum": _plain(str.isalnum),
        "isspace": _plain(str.isspace), "removeprefix": _plain(str.removeprefix),
        "removesuffix": _plain(str.removesuffix), "startswith": _searching(str.startswith),
        "endswith": _searching(str.endswith), "count": _searching(str.count), "find": _searching(str.find),
        "index": _searching(str.index), "split": _split, "splitlines": _splitlines, "join": _join,
        "replace": _replace, "zfill": _zfill,
    },
    dict: {"get": _get, "keys": _keys, "values": _values, "items": _items, "copy": _copy},
    list: {"count": _count, "index": _index, "copy": _copy},
    date: _DATE_METHODS,
    datetime: {
        **_DATE_METHODS,
        "date": lambda budget, moment: _local(moment).date(),
        "time": lambda budget, moment: _local(moment).time(),
    },
    time: {"isoformat": _isoformat},
    timedelta: {"total_seconds": lambda budget, length: length.total_seconds()},
}  # fmt: skip

MUTATORS: Mapping[type, Mapping[str, Listed]] = {
    dict: {"update": _update, "pop": _dict_pop, "setdefault": _set_default, "clear": _clear},
    list: {
        "append": _append, "extend": _extend, "insert": _insert, "pop": _list_pop, "remove": _remove,
        "sort": _sort, "reverse": _reverse, "clear": _clear,
    },
}  # fmt: skip
"""Methods that change their receiver: scripts only."""

METHOD_NAMES = frozenset(name for methods in METHODS.values() for name in methods)
MUTATOR_NAMES = frozenset(name for methods in MUTATORS.values() for name in methods)
