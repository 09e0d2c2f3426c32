"""Which texts of a form's files are words for people, and the files with those words said otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

Say = Callable[[str], str]

_WORDS = frozenset(("title", "description", "ui:placeholder", "ui:help", "note", "unit", "text", "caution"))
"""Keys whose texts are shown."""

_BY_OUTCOME = "confirm"
"""Of `ui:options`: what is asked before an outcome, by outcome."""


def in_words(document: Any, say: Say) -> Any:
    """A JSON Schema or UI Schema with each of its words as `say` gives it.

    What is kept as data stays: the values of `enum` are only told to `say`; whoever shows one says it by itself.
    """
    if isinstance(document, Mapping):
        return {key: _value(key, value, say) for key, value in document.items()}
    if isinstance(document, list):
        return [in_words(item, say) for item in document]
    return document


def with_choices(schema: Mapping[str, Any], ui: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """The UI Schema with names for those choices that are otherwise shown as they are kept."""
    named = dict(ui)
    for name, field in schema.get("properties", {}).items():
        look = dict(named.get(name, {}))
        values = field.get("enum", [])
        if "properties" in field:
            look = with_choices(field, look, say)
        elif "enumNames" not in look.get("ui:options", {}) and _texts(values, say) != values:
            look["ui:options"] = {**look.get("ui:options", {}), "enumNames": _texts(values, say)}
        if look:
            named[name] = look
    return named


def all_words(texts: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """A mapping of nothing but texts, or of such mappings, with each as `say` gives it."""
    return {name: say(text) if isinstance(text, str) else all_words(text, say) for name, text in texts.items()}


def _value(key: str, value: Any, say: Say) -> Any:
    if key == "enum" and isinstance(value, list):
        _texts(value, say)
        return value
    if key in _WORDS and isinstance(value, str):
        return say(value)
    if key == "enumNames" and isinstance(value, list):
        return _texts(value, say)
    if key == _BY_OUTCOME and isinstance(value, Mapping):
        return dict(zip(value, _texts(list(value.values()), say), strict=True))
    return in_words(value, say)


def _texts(values: list[Any], say: Say) -> list[Any]:
    return [say(value) if isinstance(value, str) else value for value in values]
