"""The fields of a task's form beside decision and opinion: how a page asks for them, and what was typed as data.

A field is a text, a list of texts with one on each line, a choice, a yes or no, a day or a whole number, as its JSON
Schema says; `ui:order` of the UI Schema says the order, `ui:placeholder` and `rows` how it looks.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.forms import Form
from web.texts import gettext as _
from web.texts import told

ASKED_APART = frozenset(("decision", "opinion"))
"""What the panel asks for in its own way."""

PREFIX = "data."
"""Before a field's name in what a page posts."""

_LONG = 100  # characters that no longer fit one line
_FEW = 4  # choices that are all shown at once
_WHOLE = re.compile(r"[+-]?\d{1,15}")


def asked(form: Form | None, ui: Mapping[str, Any], typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fields for `macros/decision.html`, with what was typed into each, or what the form begins with."""
    schema = form.document if form is not None else {}
    shown = []
    for name, field in _fields(schema, ui):
        look = ui.get(name, {})
        options = look.get("ui:options", {})
        choices = [{"value": value, "label": label} for value, _given, label in _choices(field)]
        shown.append(
            {
                "name": name,
                "posted": PREFIX + name,
                "kind": _kind(field, look),
                "title": told(field.get("title", name)),
                "help": told(field.get("description")),
                "placeholder": look.get("ui:placeholder", ""),
                "rows": options.get("rows", 3),
                "max": field.get("maxLength") or "",
                "required": name in schema.get("required", ()),
                "choices": choices,
                "few": len(choices) <= _FEW,
                "value": typed[name] if name in typed else _begin(field),
            }
        )
    return shown


def typed(form: Form | None, posted: Mapping[str, str]) -> dict[str, str]:
    """What was typed into each field, as it was typed."""
    schema = form.document if form is not None else {}
    return {name: posted.get(PREFIX + name, "") for name, _field in _fields(schema, {})}


def data(form: Form | None, posted: Mapping[str, str]) -> dict[str, Any]:
    """What was typed as the form's data. An empty field is left out; what cannot be read stays a text, for the form
    to object to."""
    schema = form.document if form is not None else {}
    fields = dict(_fields(schema, {}))
    return {name: _read(fields[name], text.strip()) for name, text in typed(form, posted).items() if text.strip()}


def _fields(schema: Mapping[str, Any], ui: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    fields = schema.get("properties", {})
    named = [name for name in ui.get("ui:order", ()) if name in fields]
    for name in [*named, *(name for name in fields if name not in named)]:
        if name not in ASKED_APART and not fields[name].get("readOnly"):
            yield name, fields[name]


def _kind(field: Mapping[str, Any], look: Mapping[str, Any]) -> str:
    if _choices(field):
        return "choice"
    if field.get("type") == "array":
        return "lines"
    if field.get("type") == "integer":
        return "whole"
    if field.get("format") == "date":
        return "day"
    return "long" if look.get("ui:widget") == "textarea" or field.get("maxLength", 0) > _LONG else "text"


def _choices(field: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """What can be chosen: as a page posts it, as data, and in words."""
    if field.get("type") == "boolean":
        return [("true", True, _("是")), ("false", False, _("否"))]
    if "oneOf" in field:
        return [(str(one["const"]), one["const"], told(str(one.get("title", one["const"])))) for one in field["oneOf"]]
    return [(str(value), value, told(str(value))) for value in field.get("enum", ())]


def _begin(field: Mapping[str, Any]) -> str:
    default = field.get("default", "")
    if isinstance(default, list):
        return "\n".join(map(str, default))
    return next((posted for posted, value, _word in _choices(field) if value == default), str(default))


def _read(field: Mapping[str, Any], text: str) -> Any:
    if choices := _choices(field):
        return next((value for posted, value, _word in choices if posted == text), text)
    if field.get("type") == "array":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.get("type") == "integer" and _WHOLE.fullmatch(text):
        return int(text)
    return text
