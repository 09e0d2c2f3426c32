"""A case's variables: one store, local layers on top where a multi-instance item or loop needs one (design §3.2).

Nothing is copied along the flows and nothing is merged at joins: a value is stored once and every branch reads it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine import values


class Layer:
    """Names and values, over the layer outside. A called process begins with a layer that has none outside.

    `written` are the names set since the layer began: what a called process changed, and what it only was given.
    """

    __slots__ = ("outer", "values", "written")

    def __init__(self, values: dict[str, Any], outer: "Layer | None" = None, written: Iterable[str] = ()) -> None:
        self.values = values
        self.outer = outer
        self.written = set(written)

    def write(self, name: str, value: Any) -> None:
        """Set a variable in the innermost layer that has the name, or else in the store. Raises ValueRefused."""
        kept = values.copy(value, name)
        layer = self
        while name not in layer.values and layer.outer is not None:
            layer = layer.outer
        layer.values[name] = kept
        layer.written.add(name)

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
