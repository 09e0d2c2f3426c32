"""Phrases: texts with values in them, which can be told again in another language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Phrase(str):
    """`Phrase("没有案件 {id}。", id="9a2f")`: the text 没有案件 9a2f。, and what it was made from.

    Whoever shows it in another language translates `pattern` and puts `values` into that; everybody else has a
    text. A text without values needs none of this. Raises KeyError for a value that the pattern names and nobody
    gives.
    """

    pattern: str
    values: Mapping[str, Any]

    def __new__(cls, pattern: str, /, **values: Any) -> Phrase:
        phrase = super().__new__(cls, pattern.format(**values))
        phrase.pattern, phrase.values = pattern, values
        return phrase

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """What a copy is made from."""
        return (self.pattern,), dict(self.values)
