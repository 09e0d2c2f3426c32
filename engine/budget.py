"""What one evaluation may cost: steps of work, units of data and, behind both, seconds of processor time.

Steps are charged before they are spent and data before it is made, so that a hostile text fails at once instead of
late. A step may still be slow (arithmetic with thousands of digits), which the seconds are there for.
"""

from __future__ import annotations

from time import thread_time
from typing import Any

from engine.errors import ExpressionError, ExpressionTooCostly
from engine.phrases import Phrase
from engine.values import DEEPEST

CHARACTERS_PER_UNIT = 8

SECONDS = 1.0
"""Of the thread's processor time, so that a busy machine fails nobody."""

STRIDE = 250
"""Steps between two looks at the clock, at least."""


class Budget:
    """Steps and data still to be spent.

    A step is one node of the expression; loops pay for their body on every round. A unit of data is one
    value in a list or object, or eight characters of text.
    """

    __slots__ = ("_ends", "_seconds", "_steps", "_steps_later", "size")

    def __init__(self, steps: int = 100_000, size: int = 1_000_000, seconds: float = SECONDS) -> None:
        self._steps = min(steps, STRIDE)
        self._steps_later = steps - self._steps
        self._seconds = seconds
        self._ends: float | None = None
        self.size = size

    def spend(self, steps: int) -> None:
        """Pay for `steps` of work about to be done."""
        self._steps -= steps
        if self._steps < 0:
            self._look()

    def _look(self) -> None:
        """Take up further steps, if there are any and the time is not over. It begins to count at the first look."""
        if self._steps + self._steps_later < 0:
            raise ExpressionTooCostly("运算步数超出限制，请减少循环的次数。")
        now = thread_time()
        if self._ends is None:
            self._ends = now + self._seconds
        elif now > self._ends:
            raise ExpressionTooCostly(Phrase("运算时间超过 {seconds} 秒。", seconds=f"{self._seconds:g}"))
        taken = min(self._steps_later, STRIDE - self._steps)
        self._steps += taken
        self._steps_later -= taken

    def charge(self, size: int) -> None:
        """Pay for `size` units of data about to be made or walked through."""
        self.size -= size
        if self.size < 0:
            raise ExpressionTooCostly("产生的数据量超出限制。")

    def weigh(self, value: Any) -> int:
        """The units of data that `value` holds, everything inside it included, counted as often as it is
        reached.

        Stops with ExpressionTooCostly once the count passes what is left: a list of lists that share their
        parts can stand for far more than the memory it takes.
        """
        kind = type(value)
        if kind is str:
            return 1 + len(value) // CHARACTERS_PER_UNIT
        if kind is list or kind is dict:
            return self._weigh(value, 0, DEEPEST)
        return 1

    def _weigh(self, value: list[Any] | dict[Any, Any], total: int, depth: int) -> int:
        if not depth:
            raise ExpressionError(Phrase("数据的嵌套超过 {deepest} 层，或者包含自身。", deepest=DEEPEST))
        if type(value) is dict:
            total += sum(1 + len(key) // CHARACTERS_PER_UNIT for key in value)
        total += 1 + len(value)
        for item in value.values() if type(value) is dict else value:
            kind = type(item)
            if kind is list or kind is dict:
                total = self._weigh(item, total, depth - 1)
            elif kind is str:
                total += len(item) // CHARACTERS_PER_UNIT
            if total > self.size:
                raise ExpressionTooCostly("产生的数据量超出限制。")
        return total
