"""Forms of user tasks: JSON Schema and UI Schema files, checked at deployment and again when a task is completed.

A complaint is a sentence about a field by its title, in Chinese; the schema's keywords never reach a person.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from engine.errors import FieldError
from engine.problems import Problem, problem


@dataclass(frozen=True)
class Form:
    """A JSON file of a deployment: a JSON Schema, or the UI Schema beside one."""

    name: str
    document: dict[str, Any]

    def check(self, data: Mapping[str, Any]) -> list[FieldError]:
        """Everything about `data` that the schema forbids."""
        found = Draft202012Validator(self.document, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(
            data
        )
        errors = [error for top in found for error in _complaints(top, self.document)]
        return list({(e.field, e.message): e for e in errors}.values())


def read_form(content: bytes, file: str) -> tuple[Form, list[Problem]]:
    """A form file and what is wrong with it."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        return Form(file, {}), [problem("bad_form", file=file, line=line, reason="不是有效的 JSON。")]
    if not isinstance(document, dict):
        return Form(file, {}), [problem("bad_form", file=file, line=1, reason="最外层应为对象。")]
    try:
        Draft202012Validator.check_schema(document)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "最外层"
        return Form(file, {}), [problem("bad_form", file=file, line=1, reason=f"{place} 处不符合 JSON Schema。")]
    return Form(file, document), []


def _complaints(error: ValidationError, schema: Mapping[str, Any]) -> Iterable[FieldError]:
    """One sentence a field. A failed `if/then` or `allOf` is told by what failed inside it."""
    if (
        error.validator in ("anyOf", "oneOf", "allOf", "then", "else", "if")
        and error.context
        and error.validator != "oneOf"
    ):
        for inner in error.context:
            yield from _complaints(inner, schema)
        return
    path = [str(part) for part in error.absolute_path]
    if error.validator == "required":
        required: Any = error.validator_value
        for name in required:
            if isinstance(error.instance, dict) and name not in error.instance:
                yield FieldError(".".join([*path, name]), "required", f"请填写「{_title(schema, [*path, name])}」")
        return
    title = _title(schema, path)
    yield FieldError(".".join(path), str(error.validator), _sentence(error, title))


def _sentence(error: ValidationError, title: str) -> str:
    limit = error.validator_value
    sentences = {
        "enum": f"请选择「{title}」",
        "oneOf": f"请选择「{title}」",
        "const": f"请选择「{title}」",
        "minLength": f"请填写「{title}」" if limit == 1 else f"「{title}」至少 {limit} 个字",
        "maxLength": f"「{title}」不能超过 {limit} 个字",
        "minimum": f"「{title}」不能小于 {limit}",
        "maximum": f"「{title}」不能大于 {limit}",
        "additionalProperties": "含有表单里没有的字段",
    }
    return sentences.get(str(error.validator), f"「{title}」格式不正确")


def _title(schema: Mapping[str, Any], path: list[str]) -> str:
    """The title of the field at a path, or the last part of the path."""
    place: Any = schema
    for part in path:
        place = place.get("properties", {}).get(part, {}) if isinstance(place, Mapping) else {}
    title = place.get("title") if isinstance(place, Mapping) else None
    return str(title or (path[-1] if path else schema.get("title", "表单")))
