"""Attempts to get out of the language, or to make it burn time or memory. Each fails, harmlessly and soon."""

import time
import tracemalloc

import pytest

from engine.errors import EngineError
from engine.expressions import Expression, Script
from tests.engine.escapes import BOMBS, SCRIPT_BOMBS, SLOW_STEPS, WALKS

SECONDS = 2.0
BYTES = 150_000_000


class Host:
    """Something that should never be reachable; variables hold none, yet if one does, it stays opaque."""

    value = "secret"

    def __int__(self):
        return 42

    def __call__(self):
        return self.value


def variables():
    return {"x": {"a": [1], "f": len}, "host": Host(), "a": {}, "b": 1, "c": 1}


def attempt(run):
    """Demand an engine's error, soon and in little memory (measured apart, since that is slow)."""
    begun = time.process_time()
    with pytest.raises(EngineError) as failure:
        run()
    assert time.process_time() - begun < SECONDS
    assert failure.value.message
    tracemalloc.start()
    try:
        with pytest.raises(EngineError):
            run()
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


def short(text):
    return text if len(text) < 60 else f"{text[:30]}…{len(text)}"


@pytest.mark.parametrize("text", WALKS + BOMBS + SLOW_STEPS, ids=lambda text: ascii(short(text)))
def test_an_expression_cannot_escape_or_explode(text):
    attempt(lambda: Expression.parse(text).evaluate(variables(), {"now": Host, "today": Host}))


@pytest.mark.parametrize("text", SCRIPT_BOMBS, ids=lambda text: ascii(short(text)))
def test_a_script_cannot_escape_or_explode(text):
    attempt(lambda: Script.parse(text).execute(variables()))


def test_dunder_keys_are_only_keys():
    assert Expression.parse("x['__class__']").evaluate({"x": {"__class__": "text"}}) == "text"
