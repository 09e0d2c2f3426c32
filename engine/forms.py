"""Forms of user tasks: JSON Schema and UI Schema files, checked at deployment and again when a task is completed.

A complaint is a sentence about a field by its title, in Chinese; the schema's keywords never reach a person.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from engine import patterns, xml
from engine.errors import CommandRefused, FieldError
from engine.phrases import Phrase
from engine.problems import Problem, problem

DEEPEST = 100
"""Lists and objects inside each other in a form file, at most."""

MOST_REFERENCES = 5_000
"""`$ref`s followed in one check: schemas that refer to each other can ask for any number."""

_NOWHERE: Registry[Any] = Registry()
"""What references outside the file are looked up in: nothing is ever fetched."""

_NO_JSON = Phrase("不是有效的 JSON。")

_left: ContextVar[int] = ContextVar("references still to be followed")


class FormTooCostly(CommandRefused):
    """A form whose check would not end."""

    default_status = 422

    def __init__(self) -> None:
        super().__init__("form_too_costly", "表单的规则互相引用过多，无法核对。", remedy="请更正表单的 $ref。")


@dataclass(frozen=True)
class Form:
    """A JSON file of a deployment: a JSON Schema, or the UI Schema beside one."""

    name: str
    document: dict[str, Any]

    def check(self, data: Mapping[str, Any]) -> list[FieldError]:
        """Everything about `data` that the schema forbids."""
        _left.set(MOST_REFERENCES)
        checker = _Validator(self.document, format_checker=_Validator.FORMAT_CHECKER, registry=_NOWHERE)
        try:
            errors = [error for top in checker.iter_errors(data) for error in _complaints(top, self.document)]
        except RecursionError:
            raise FormTooCostly from None
        return list({(e.field, e.message): e for e in errors}.values())


def read_form(content: bytes, file: str) -> tuple[Form, list[Problem]]:
    """A form file and what is wrong with it."""
    if len(content) > xml.LARGEST:
        return Form(file, {}), [problem("file_too_large", file=file, limit=xml.LARGEST // 1_000_000)]
    try:
        document = json.loads(
            content, object_pairs_hook=_without_repeats, parse_constant=_not_a_number, parse_float=_finite
        )
        _check_document(document)
        Draft202012Validator.check_schema(document)
    except _Unfit as unfit:
        message = unfit.reason
    except json.JSONDecodeError as error:
        return Form(file, {}), [problem("bad_form", file=file, line=error.lineno, reason=_NO_JSON)]
    except (ValueError, RecursionError):
        message = _NO_JSON
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path)
        message = Phrase("{place} 处不符合 JSON Schema。", place=place or "最外层")
    else:
        return Form(file, document), []
    return Form(file, {}), [problem("bad_form", file=file, line=1, reason=message)]


class _Unfit(ValueError):
    """A JSON document that is no form; the reason is a sentence, in Chinese."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _Unfit(Phrase("「{name}」在一个对象里出现了两次。", name=repeated[:40]))
    return document


def _not_a_number(text: str) -> NoReturn:
    raise _Unfit(Phrase("{text} 不是 JSON 的数字。", text=text))


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise _Unfit(Phrase("数字 {number} 过大。", number=text[:40]))
    return number


def _check_document(document: Any) -> None:
    """Refuse what the check of the schema does not look at, or should not come to see."""
    if not isinstance(document, dict):
        raise _Unfit("最外层应为对象。")
    pending: list[tuple[Any, int]] = [(document, 1)]
    while pending:
        part, depth = pending.pop()
        if depth > DEEPEST:
            raise _Unfit(Phrase("嵌套超过 {deepest} 层。", deepest=DEEPEST))
        if isinstance(part, dict):
            _check_keywords(part, document)
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        pending.extend((item, depth + 1) for item in inner)


def _check_keywords(schema: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    for keyword in ("patternProperties", "$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"):
        if keyword in schema:
            raise _Unfit(Phrase("不支持 {keyword}。", keyword=keyword))
    if "$id" in schema and schema is not document and isinstance(schema["$id"], str):
        raise _Unfit("$id 只能写在最外层。")
    reference = schema.get("$ref")
    if isinstance(reference, str):
        _check_reference(reference, document)
    if isinstance(schema.get("pattern"), str):
        try:
            patterns.compiled(schema["pattern"])
        except patterns.PatternRefused as refused:
            raise _Unfit(refused.reason) from None


def _check_reference(reference: str, document: Mapping[str, Any]) -> None:
    """A reference is to a place of the same file that exists: nothing is fetched."""
    if not reference.startswith("#"):
        message = "$ref「{reference}」指向文件之外，只能引用本文件内的内容（#/…）。"
        raise _Unfit(Phrase(message, reference=reference[:80]))
    target: Any = document
    try:
        for step in unquote(reference[1:]).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            target = target[int(name) if isinstance(target, list) else name]
    except (LookupError, TypeError, ValueError):
        raise _Unfit(Phrase("$ref「{reference}」指向的内容不存在。", reference=reference[:80])) from None


# Keywords whose usual check takes long, or goes where it should not


def _follow(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    _left.set(_left.get() - 1)
    if _left.get() < 0:
        raise FormTooCostly
    yield from Draft202012Validator.VALIDATORS["$ref"](validator, reference, instance, schema)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    try:
        found = patterns.compiled(pattern).found_in(instance)
    except patterns.TextTooLong:
        found = False
    if not found:
        yield ValidationError("pattern")


def _unique_items(validator: Any, unique: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list) and len({_canonical(item) for item in instance}) < len(instance):
        yield ValidationError("uniqueItems")


def _multiple_of(validator: Any, factor: float, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """As decimal numbers, so that 0.3 is a multiple of 0.1."""
    if type(instance) not in (int, float, Decimal):
        return
    try:
        fits = Decimal(str(instance)) % Decimal(str(factor)) == 0
    except ArithmeticError:
        fits = False
    if not fits:
        yield ValidationError("multipleOf")


def _canonical(value: Any) -> Any:
    """Equal for values that are equal in JSON: 1 is 1.0 and not true."""
    if isinstance(value, dict):
        return "object", frozenset((key, _canonical(item)) for key, item in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_canonical, value))
    return type(value) if isinstance(value, bool) else None, value


_Validator = extend(  # type: ignore[no-untyped-call]  # its stub has no types
    Draft202012Validator,
    {"$ref": _follow, "pattern": _pattern, "uniqueItems": _unique_items, "multipleOf": _multiple_of},
)


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
                complaint = Phrase("请填写「{title}」", title=_title(schema, [*path, name]))
                yield FieldError(".".join([*path, name]), "required", complaint)
        return
    keyword, limit = str(error.validator), error.validator_value
    message = "「{title}」格式不正确"
    message = (_COMPLAINTS_AT_ONE if limit == 1 else _COMPLAINTS).get(keyword, message)
    yield FieldError(".".join(path), keyword, Phrase(message, title=_title(schema, path), limit=limit))


_COMPLAINTS = {
    "enum": "请选择「{title}」",
    "oneOf": "请选择「{title}」",
    "const": "请选择「{title}」",
    "minLength": "「{title}」至少 {limit} 个字",
    "maxLength": "「{title}」不能超过 {limit} 个字",
    "minimum": "「{title}」不能小于 {limit}",
    "maximum": "「{title}」不能大于 {limit}",
    "additionalProperties": "含有表单里没有的字段",
    "maxItems": "「{title}」最多 {limit} 项",
    "minItems": "「{title}」至少 {limit} 项",
    "uniqueItems": "「{title}」有重复的内容",
}
"""What is said of a field that a keyword of the schema forbids."""

_COMPLAINTS_AT_ONE = _COMPLAINTS | {"minLength": "请填写「{title}」", "minItems": "请填写「{title}」"}
"""The same where the keyword's limit is 1."""


def _title(schema: Mapping[str, Any], path: list[str]) -> str:
    """The title of the field at a path, or the last part of the path; an item without one has its list's."""
    place: Any = schema
    for part in path:
        inner = place.get("items", {}) if "items" in place else place.get("properties", {}).get(part, {})
        inner = inner if isinstance(inner, Mapping) else {}
        place = {"title": place.get("title"), **inner} if "items" in place else inner
    title = place.get("title") or (path[-1] if path else schema.get("title"))
    return str(title) if title else Phrase("表单")
