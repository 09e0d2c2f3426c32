"""How Babel finds the texts that no call of gettext names: what analysts write, what scripts say, nouns of records.

`web/translations/babel.cfg` names these functions. Each yields line, function, text and comments, as Babel asks, by
parameters that Babel names; JSON gives no lines, and the catalogue keeps none.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from babel.messages.extract import extract_python
from lxml import etree

from web.form_words import Say, all_words, in_words

_CHINESE = re.compile(r"[\u4e00-\u9fff\u3001\u3000\uff08\uff0b\uff0c\uff1a「]")
_JOINED = re.compile(r'"((?:[^"\\]|\\.)*)"|(\w+)')  # the texts and names of a FEEL expression
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_NAMED = frozenset(("process", "task", "callActivity", "subProcess", "transaction"))
"""Beside every task, event and gateway: what pages call by its name. Words on flows stand on the picture only, which
shows the diagram as it is deployed."""

_NOUNS = frozenset(
    (
        "TITLE",
        "NOUN",
        "PAPER",
        "NUMBER",
        "AGAIN",
        "NAMES",
        "STATUS_WORDS",
        "INVESTMENTS",
        "LABELS",
        "ITEMS",
        "KINDS",
        "CHOICES",
        "_TITLES",
        "_UNKNOWN",
        "_OPTIONAL",
        "_WRONG",
        "_BLOCKS",
        "_COMPLAINTS",
        "_COMPLAINTS_AT_ONE",
        "_REFUSED",
        "WHY_FIXED",
        "_WHY_FIXED",
    )
)
"""Constants of `records` and `tasks` that say what documents, papers, fields and choices are called."""

_SAYING = frozenset(
    (
        "Phrase",
        "CommandRefused",
        "BusinessRefusal",
        "FieldError",
        "Finding",
        "Hint",
        "Rule",
        "error",
        "warning",
        "ValidationError",
        "EngineError",
        "ExpressionError",
        "ExpressionTooCostly",
        "ValueRefused",
        "NoFlow",
        "Stuck",
        "LeaseLost",
        "IdType",
        "Verb",
        "_Unfit",
        "_refuse",
        "change",
        "fail",
        "refuse",
    )
)
"""What is called with sentences for people: refusals, findings, and phrases with values in them."""

_SENTENCES = frozenset(("message", "remedy", "detail", "error_messages"))
"""Variables that hold such a sentence before it is said, and arguments that are one."""

Found = tuple[int, None, str, tuple[()]]


def code(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """The calls of gettext in a Python file, its nouns, the words that a `StrEnum` has for its values, and what
    refusals and findings say."""
    yield from extract_python(file, keywords, comment_tags, options)
    file.seek(0)
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _targets(node) & _NOUNS:
            yield from _texts(node.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and _targets(node) & _SENTENCES:
            yield from _sentences(node.value)
        elif isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "StrEnum" for base in node.bases):
            for member in node.body:
                if isinstance(member, ast.Assign):
                    yield from _texts(member.value)
        elif isinstance(node, ast.Call):
            says = _name(node.func) in _SAYING
            for argument in node.args if says else ():
                yield from _sentences(argument)
            for keyword in node.keywords:
                if says or keyword.arg in _SENTENCES:
                    yield from _sentences(keyword.value)


def _name(called: ast.expr) -> str:
    """`CommandRefused` of `CommandRefused(…)`, and of `super().__init__(…)` in a class of refusals all the same."""
    if isinstance(called, ast.Attribute):
        return "Phrase" if called.attr == "__init__" else called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}


def _texts(named: ast.expr | None) -> Iterator[Found]:
    """Every text in a constant of nouns."""
    for part in ast.walk(named) if named is not None else ():
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from _found(part.value, part.lineno)


def _sentences(said: ast.expr | None) -> Iterator[Found]:
    """The texts of an expression that says something; the parts of an f-string are none, and other calls are met by
    themselves."""
    parts = [said] if said is not None else []
    while parts:
        part = parts.pop()
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from _found(part.value, part.lineno)
        elif not isinstance(part, ast.JoinedStr | ast.Call):
            parts += [child for child in ast.iter_child_nodes(part) if isinstance(child, ast.expr)]


def rules(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """What the rows of decision tables say; `noun + "只能延期一次"` is the pattern {noun}只能延期一次."""
    for entry in etree.parse(file).iter("{*}outputEntry"):
        said = entry.findtext("{*}text", "")
        joined = (text or f"{{{name}}}" for text, name in _JOINED.findall(said))
        yield from _found("".join(joined), entry.sourceline or 0)


def diagram(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """The names in a BPMN file."""
    for element in etree.parse(file).iter(f"{_BPMN}*"):
        kind = str(element.tag).removeprefix(_BPMN)
        if kind in _NAMED or kind.endswith(("Task", "Event", "Gateway")):
            yield from _found(element.get("name", ""), element.sourceline or 0)


def form(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """The words of a JSON Schema or UI Schema."""
    return _said(file, in_words)


def sentences(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """Every text of a JSON file that holds nothing else."""
    return _said(file, all_words)


def _said(file: IO[bytes], words_of: Callable[[Any, Say], Any]) -> Iterator[Found]:
    words: list[str] = []

    def hear(text: str) -> str:
        words.append(text)
        return text

    words_of(json.load(file), hear)
    for text in words:
        yield from _found(text)


def _found(text: str, line: int = 0) -> Iterator[Found]:
    if _CHINESE.search(text):
        yield line, None, text, ()
