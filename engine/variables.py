"""A case's variables: one store, local layers on top where a multi-instance item or loop needs one (design §3.2).

Nothing is copied along the flows and nothing is merged at joins: a value is stored once and every branch reads it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine import values
from engine.budget import CHARACTERS_PER_UNIT, Budget
from engine.errors import ExpressionTooCostly, ValueRefused
from engine.phrases import Phrase

LARGEST_VARIABLE = 250_000
"""Units of data (`engine.budget`) of one variable: about 2 MB of text, or as many values in lists and objects."""

LARGEST_CASE = 2_000_000
"""Units of data of a case, everything in it counted."""


class Held:
    """The units of data of a case, about: where it was loaded from how long its state was, then as it is written."""

    __slots__ = ("units",)

    def __init__(self) -> None:
        self.units = 0


class Layer:
    """Names and values, over the layer outside. A called process begins with a layer that has none outside.

    `written` are the names set since the layer began: what a called process changed, and what it only was given.
    `held` is shared by all layers of a case.
    """

    __slots__ = ("held", "outer", "values", "written")

    def __init__(
        self,
        values: dict[str, Any],
        outer: "Layer | None" = None,
        written: Iterable[str] = (),
        held: Held | None = None,
    ) -> None:
        self.values = values
        self.outer = outer
        self.written = set(written)
        self.held: Held = outer.held if outer is not None else held or Held()

    @classmethod
    def filled(cls, given: Mapping[str, Any], held: Held) -> "Layer":
        """A store that begins with copies of what it is given. Raises ValueRefused."""
        layer = cls({}, held=held)
        layer.write(given)
        layer.written.clear()
        return layer

    def write(self, written: Mapping[str, Any]) -> None:
        """Set variables, each in the innermost layer that has the name, or else in the store: all, or (ValueRefused,
        which names the variable) none.
        """
        changes: list[tuple[Layer, str, Any]] = []
        grown = 0
        for name, value in written.items():
            kept = values.copy(value, name)
            layer = self
            while name not in layer.values and layer.outer is not None:
                layer = layer.outer
            grown += units_of(kept, name) - (units_of(layer.values[name], name) if name in layer.values else 0)
            if grown > 0 and self.held.units + grown > LARGEST_CASE:
                message = "案件的数据总量超过上限 {limit} 个单位（一个值或 {characters} 个字符为一个单位）。"
                raise ValueRefused(name, _too_large(message, LARGEST_CASE))
            changes.append((layer, name, kept))
        self.held.units += grown
        for layer, name, kept in changes:
            layer.values[name] = kept
            layer.written.add(name)

    def release(self) -> None:
        """The store is gone, and what it held with it."""
        self.held.units -= sum(units_of(value, name) for name, value in self.values.items())

    def view(self, constants: Mapping[str, Any]) -> "View":
        return View(self, constants)


class View(Mapping[str, Any]):
    """What an expression reads: the layers from the inside out, then the engine's own names such as `business_key`."""

    __slots__ = ("_constants", "_layer")

    def __init__(self, layer: Layer, constants: Mapping[str, Any]) -> None:
        self._layer = layer
        self._constants = constants

    def __getitem__(self, name: str) -> Any:
        layer: Layer | None = self._layer
        while layer is not None:
            if name in layer.values:
                return layer.values[name]
            layer = layer.outer
        return self._constants[name]

    def __iter__(self) -> Iterator[str]:
        seen = set(self._constants)
        layer: Layer | None = self._layer
        while layer is not None:
            seen |= layer.values.keys()
            layer = layer.outer
        return iter(seen)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def units_of(value: Any, name: str) -> int:
    """The units of data of a variable's value. ValueRefused for more than one variable may hold."""
    kind = type(value)
    if kind is not str and kind is not list and kind is not dict:
        return 1
    try:
        units = _VARIABLE.weigh(value)
    except ExpressionTooCostly:
        units = LARGEST_VARIABLE + 1
    if units > LARGEST_VARIABLE:
        message = "数据量超过一个变量的上限 {limit} 个单位（一个值或 {characters} 个字符为一个单位）。"
        raise ValueRefused(name, _too_large(message, LARGEST_VARIABLE))
    return units


_VARIABLE = Budget(size=LARGEST_VARIABLE)
"""For weighing only, which spends nothing."""


def _too_large(message: str, limit: int) -> Phrase:
    return Phrase(message, limit=f"{limit:,}", characters=CHARACTERS_PER_UNIT)
