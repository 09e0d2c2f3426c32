"""What compiled expressions run on, and the loops and calls they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from engine.budget import Budget
from engine.errors import EngineError, ExpressionError
from engine.functions import Listed, fail, items_of
from engine.phrases import Phrase


class Frame:
    """What the closures work on during one evaluation."""

    __slots__ = ("budget", "functions", "names", "slots")

    def __init__(
        self,
        names: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        budget: Budget,
        slots: int,
    ) -> None:
        self.names = names
        self.functions = functions
        self.budget = budget
        self.slots: list[Any] = [None] * slots


Run: TypeAlias = Callable[[Frame], Any]
Bind: TypeAlias = Callable[[Frame, Any], None]


def loop(
    source: Run, bind: Bind, conditions: list[Run], cost: int, inner: Callable[[Frame, Any], None]
) -> Callable[[Frame, Any], None]:
    """One `for` clause of a comprehension, which pays `cost` on every round."""

    def rounds(frame: Frame, made: Any) -> None:
        for item in items_of(frame.budget, source(frame)):
            frame.budget.spend(cost)
            bind(frame, item)
            for condition in conditions:
                if not condition(frame):
                    break
            else:
                inner(frame, made)

    return rounds


def unpacking(targets: list[Bind]) -> Bind:
    """Bind the items of a list to as many targets."""

    def bind(frame: Frame, value: Any) -> None:
        items = items_of(frame.budget, value)
        if len(items) != len(targets):
            fail("要拆成 {wanted} 个值，得到 {given} 个。", wanted=len(targets), given=len(items))
        for target, item in zip(targets, list(items), strict=True):
            target(frame, item)

    return bind


def called(name: str, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """What `function` answers; arguments that it cannot take are an ExpressionError, other failures its
    own.
    """
    try:
        return function(*arguments, **keywords)
    except EngineError:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise ExpressionError(Phrase("{function} 的参数不正确，或者没有结果。", function=name)) from error


def listed_call(name: str, function: Listed, arguments: list[Run], keywords: Mapping[str, Run]) -> Run:
    """A call of a function of the language."""
    if not keywords:
        return lambda frame: called(name, function, frame.budget, *[argument(frame) for argument in arguments])
    return lambda frame: called(
        name,
        function,
        frame.budget,
        *[argument(frame) for argument in arguments],
        **{key: value(frame) for key, value in keywords.items()},
    )


def given_call(name: str, arguments: list[Run], keywords: Mapping[str, Run]) -> Run:
    """A call of a function that is handed over at each evaluation."""

    def call(frame: Frame) -> Any:
        function = frame.functions.get(name)
        if function is None:
            fail("函数「{function}」在这里不能使用。", function=name)
        values = [argument(frame) for argument in arguments]
        return called(name, function, *values, **{key: value(frame) for key, value in keywords.items()})

    return call
