"""What a process variable may hold, and that storing it changes nothing."""

import enum
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import values
from engine.errors import ValueRefused

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: abs(d.adjusted()) <= 3000),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)
keys = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["$decimal", "$object", "$date", "$", "$unknown"]),
)
process_values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


def typed(value):
    """A value with the types of all its parts, so that 1, 1.0 and True differ."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    return type(value), str(value)


@given(process_values)
def test_a_value_comes_back_from_json_as_it_was(value):
    stored = json.loads(json.dumps(values.to_json(value)))
    assert typed(values.from_json(stored)) == typed(value)


@given(process_values)
def test_a_copy_equals_its_original_and_shares_nothing_with_it(value):
    copied = values.copy(value)
    assert typed(copied) == typed(value)
    if isinstance(value, list | dict):
        assert copied is not value


def test_a_changed_copy_leaves_the_original_as_it_was():
    original = {"lines": [{"price": 1}]}
    values.copy(original)["lines"][0]["price"] = 2
    assert original == {"lines": [{"price": 1}]}


@pytest.mark.parametrize(
    "value",
    [
        {"$decimal": "1.20"},
        {"$object": {"$decimal": "1"}},
        {"$no such tag": 1},
        {"$decimal": Decimal("1.20")},
    ],
)
def test_an_object_that_looks_like_a_tag_survives(value):
    assert typed(values.from_json(values.to_json(value))) == typed(value)


def test_decimals_keep_their_digits():
    assert values.to_json(Decimal("1.20")) == {"$decimal": "1.20"}


def test_aware_datetimes_are_kept_in_utc_and_naive_ones_as_they_are():
    shanghai = timezone(timedelta(hours=8))
    moment = values.copy(datetime(2026, 3, 1, 9, tzinfo=shanghai))
    assert (moment, moment.tzinfo) == (datetime(2026, 3, 1, 1, tzinfo=UTC), UTC)
    naive = datetime(2026, 3, 1, 9)  # noqa: DTZ001  # the case tested
    assert values.copy(naive).tzinfo is None


class Colour(enum.StrEnum):
    RED = "red"


class Money(Decimal):
    """A subclass would come back as its parent."""


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"order": {"lines": [{}, {}, {"price": (1, 2)}]}}, "order.lines[2].price"),
        ({"order": {"line total": {1, 2}}}, "order['line total']"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": [0.5, float("inf")]}, "rate[1]"),
        ({"rate": Decimal("NaN")}, "rate"),
        ({"rate": Decimal("1E+999999")}, "rate"),
        ({"size": 1 << 20_000}, "size"),
        ({"counts": {1: "a"}}, "counts"),
        ({"colour": Colour.RED}, "colour"),
        ({"money": Money("1")}, "money"),
        ({"raw": b"bytes"}, "raw"),
        ({"clock": time(9, tzinfo=UTC)}, "clock"),
        ({"half": "\ud800"}, "half"),
        ({"o": object()}, "o"),
    ],
)
def test_anything_else_is_refused_with_its_path(value, path):
    for handle in (values.check, values.copy, values.to_json):
        with pytest.raises(ValueRefused) as refusal:
            handle(value)
        assert refusal.value.path == path


def test_the_path_begins_with_the_variable():
    with pytest.raises(ValueRefused, match=r"^order\.lines\[0\]：tuple "):
        values.check({"lines": [()]}, "order")


def test_deep_nesting_is_refused_with_a_sentence():
    deep: list = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(ValueRefused, match="嵌套"):
        values.check(deep)


def test_a_list_that_contains_itself_is_refused_with_a_sentence():
    cycle: list = []
    cycle.append({"again": cycle})
    with pytest.raises(ValueRefused, match="包含自身"):
        values.to_json(cycle, "cycle")


def test_a_hundred_levels_are_kept():
    value: object = 1
    for _ in range(values.DEEPEST):
        value = [value]
    assert values.from_json(values.to_json(value)) == value


def test_moments_outside_utc_are_refused_rather_than_raising():
    with pytest.raises(ValueRefused):
        values.copy(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))))


@pytest.mark.parametrize("stored", [{"$decimal": "x"}, {"$date": 5}, {"$zzz": 1}])
def test_an_unreadable_stored_form_is_an_error(stored):
    with pytest.raises(ValueRefused):
        values.from_json(stored)


def test_dates_times_and_lengths_have_tags_a_person_can_read():
    assert values.to_json([date(2026, 3, 1), time(9), timedelta(seconds=1)]) == [
        {"$date": "2026-03-01"},
        {"$time": "09:00:00"},
        {"$microseconds": 1_000_000},
    ]
