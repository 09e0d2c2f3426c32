"""docs/reference/expressions.md says what can be written: each sentence of its grammar is read, and nothing else."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from engine.errors import ExpressionError
from engine.expressions import Expression, Script
from engine.functions import DOTTED, FUNCTIONS, METHOD_NAMES, MUTATOR_NAMES
from engine.syntax import GIVEN

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "expressions.md").read_text(encoding="utf-8")
GRAMMARS = re.findall(r"```ebnf\n(.*?)```", PAGE, re.DOTALL)

# Reading EBNF


@dataclass(frozen=True)
class Literal:
    text: str


@dataclass(frozen=True)
class Rule:
    name: str


@dataclass(frozen=True)
class Words:
    """What the grammar says in words; `SAMPLES` has examples."""


@dataclass(frozen=True)
class Group:
    """Alternatives, each a sequence; `least` times to `most` times."""

    alternatives: tuple[tuple[Part, ...], ...]
    least: int = 1
    most: int = 1


Part: TypeAlias = Literal | Rule | Words | Group
Grammar: TypeAlias = Mapping[str, Group]
TOKENS = re.compile(r'"[^"]*"|\?.*?\? ;|\w+|[=,|;{}\[\]()]')


def read(text: str) -> dict[str, Group]:
    rules: dict[str, Group] = {}
    for name, body in re.findall(r"^(\w+) *= (.*?;)$", text, re.DOTALL | re.MULTILINE):
        tokens = iter(TOKENS.findall(body))
        rules[name] = Group(alternatives(tokens, ";"))
    return rules


def alternatives(tokens: Iterator[str], closing: str) -> tuple[tuple[Part, ...], ...]:
    found: list[tuple[Part, ...]] = []
    parts: list[Part] = []
    for token in tokens:
        if token == closing or token.startswith("?"):
            found.append((*parts, Words()) if token.startswith("?") else tuple(parts))
            return tuple(found)
        if token == "|":
            found.append(tuple(parts))
            parts = []
        elif token in "{[(":
            inner = alternatives(tokens, {"{": "}", "[": "]", "(": ")"}[token])
            parts.append(Group(inner, 1 if token == "(" else 0, 3 if token == "{" else 1))
        elif token != ",":
            parts.append(Literal(token[1:-1]) if token.startswith('"') else Rule(token))
    raise AssertionError(f"the grammar ends before {closing}")


EXPRESSIONS = read(GRAMMARS[0])
SCRIPTS = {**EXPRESSIONS, **read(GRAMMARS[1])}
LINES = {"NEWLINE", "INDENT", "DEDENT"}

SAMPLES: Mapping[str, tuple[str, ...]] = {
    "name": ("a", "金额", "_b", "x1", "items", "total"),
    "field": ("year", "a", "金额", "items", "x_1"),
    "number": ("1", "0", "1_000", "0xff", "0b101", "2.5", ".5", "1e3", "2.", "10" * 50),
    "text": ("'a'", '"b"', "''", "'''c'''", '"""d"""', r"'\n\'\u4e2d'", "r'\\d'", "'“”，'", "'#'"),
    "formatted": (
        "f'{a}'",
        'f"{a:.2f} {b}"',
        "f'{a.b[0]:,.2f}元'",
        "f'{sum(x for x in a):03d}'",
        "f'{{}}'",
        "f'{1:.1%}{2:8d}{3:f}'",
    ),
    "stored": ("a", "b", "金额"),
}


class Sentences:
    """Makes random sentences of a grammar. When `fuel` is spent it takes the shortest way to an end."""

    def __init__(self, grammar: Grammar, seed: int) -> None:
        self.grammar = grammar
        self.random = random.Random(seed)
        self.fuel = 0
        self.keywords = 0
        self.loops = 0
        self.shortest = dict.fromkeys(grammar, float("inf"))
        for _ in grammar:
            for name, group in grammar.items():
                self.shortest[name] = 1 + min(map(self._length, group.alternatives))

    def sentence(self, rule: str, fuel: int) -> str:
        self.fuel = fuel
        lines: list[str] = []
        line: list[str] = []
        depth = 0
        for token in self._rule(rule):
            if token == "\n":
                lines.append("  " * depth + " ".join(line))
                line = []
            elif token in (">>", "<<"):
                depth += 1 if token == ">>" else -1
            else:
                line.append(token)
        return "\n".join([*lines, *([" ".join(line)] if line else [])])

    def _rule(self, name: str) -> Iterator[str]:
        if name in LINES:
            yield {"NEWLINE": "\n", "INDENT": ">>", "DEDENT": "<<"}[name]
            return
        self.fuel -= 1
        self.loops += name == "for"
        group = self.grammar[name]
        if group.alternatives == ((Words(),),):
            yield self._sample(name)
        else:
            yield from self._group(group)
        self.loops -= name == "for"

    def _sample(self, name: str) -> str:
        if name == "keyword":
            self.keywords += 1
            return f"k{self.keywords}"
        if name == "leave":
            return self.random.choice(["break", "continue"]) if self.loops else "pass"
        return self.random.choice(SAMPLES[name])

    def _group(self, group: Group) -> Iterator[str]:
        times = group.least if self.fuel <= 0 else self.random.randint(group.least, group.most)
        for _ in range(times):
            if self.fuel <= 0:
                chosen = min(group.alternatives, key=self._length)
            else:
                chosen = self.random.choice(group.alternatives)
            for part in chosen:
                if isinstance(part, Literal):
                    yield part.text
                elif isinstance(part, Rule):
                    yield from self._rule(part.name)
                elif isinstance(part, Group):
                    yield from self._group(part)

    def _length(self, sequence: tuple[Part, ...]) -> float:
        return max((self._depth(part) for part in sequence), default=0)

    def _depth(self, part: Part) -> float:
        if isinstance(part, Rule):
            return self.shortest.get(part.name, 0)
        if isinstance(part, Group):
            return min(map(self._length, part.alternatives)) if part.least else 0
        return 0


def all_literals(group: Group) -> set[str]:
    return {part.text for sequence in group.alternatives for part in sequence if isinstance(part, Literal)}


# Every sentence is read


@pytest.mark.parametrize("seed", range(30))
def test_every_sentence_of_the_grammar_is_an_expression(seed: int) -> None:
    sentences = Sentences(EXPRESSIONS, seed)
    for fuel in range(10, 110):
        text = sentences.sentence("expressions", fuel)
        Expression.parse(text)


@pytest.mark.parametrize("seed", range(30))
def test_every_sentence_of_the_grammar_is_a_script(seed: int) -> None:
    sentences = Sentences(SCRIPTS, seed)
    for fuel in range(10, 110):
        text = sentences.sentence("script", fuel)
        Script.parse(text)


def test_every_rule_of_the_grammar_is_used_and_none_is_missing() -> None:
    def named(group: Group) -> Iterator[str]:
        for sequence in group.alternatives:
            for part in sequence:
                if isinstance(part, Rule):
                    yield part.name
                elif isinstance(part, Group):
                    yield from named(part)

    used = {name for group in SCRIPTS.values() for name in named(group)}
    assert used | {"script"} == SCRIPTS.keys() | LINES


def test_the_grammar_lists_exactly_the_functions_and_methods_there_are() -> None:
    assert all_literals(EXPRESSIONS["function"]) == FUNCTIONS.keys() | GIVEN
    assert all_literals(EXPRESSIONS["qualified"]) == DOTTED.keys()
    assert all_literals(EXPRESSIONS["method"]) == METHOD_NAMES
    assert all_literals(SCRIPTS["mutator"]) == MUTATOR_NAMES


# What Python has beyond

BEYOND: Mapping[str, str] = {
    "NamedExpr": "(a := 1)",
    "Lambda": "lambda: a",
    "Await": "await a",
    "Yield": "(yield a)",
    "YieldFrom": "(yield from a)",
    "Starred": "[*a]",
    "FunctionDef": "def f(): pass",
    "AsyncFunctionDef": "async def f(): pass",
    "ClassDef": "class C: pass",
    "Return": "return a",
    "AnnAssign": "a: int = 1",
    "AsyncFor": "async for a in b: pass",
    "While": "while a: pass",
    "With": "with a: pass",
    "AsyncWith": "async with a: pass",
    "Match": "match a:\n  case 1: pass",
    "Raise": "raise a",
    "Try": "try:\n  pass\nexcept a:\n  pass",
    "TryStar": "try:\n  pass\nexcept* a:\n  pass",
    "Assert": "assert a",
    "Import": "import a",
    "ImportFrom": "from a import b",
    "Global": "global a",
    "Nonlocal": "nonlocal a",
    "TypeAlias": "type a = b",
    "TemplateStr": "t'{a}'",
    "Interpolation": "t'{a}'",
    "MatMult": "a @ b",
    "LShift": "a << b",
    "RShift": "a >> b",
    "BitOr": "a | b",
    "BitXor": "a ^ b",
    "BitAnd": "a & b",
    "Invert": "~a",
}
"""Of each node of Python's syntax tree that the language does not have, an example."""

INSIDE: Mapping[str, str] = {
    "BoolOp": "a and b", "And": "a and b", "Or": "a or b", "BinOp": "a + b", "Add": "a + b", "Sub": "a - b",
    "Mult": "a * b", "Div": "a / b", "FloorDiv": "a // b", "Mod": "a % b", "Pow": "a ** b", "UnaryOp": "-a",
    "UAdd": "+a", "USub": "-a", "Not": "not a", "IfExp": "a if b else c", "Dict": "{'a': b}", "Set": "{a}",
    "ListComp": "[a for a in b]", "SetComp": "{a for a in b}", "DictComp": "{a: a for a in b}",
    "GeneratorExp": "(a for a in b)", "Compare": "a == b", "Eq": "a == b", "NotEq": "a != b", "Lt": "a < b",
    "LtE": "a <= b", "Gt": "a > b", "GtE": "a >= b", "Is": "a is None", "IsNot": "a is not None", "In": "a in b",
    "NotIn": "a not in b", "Call": "len(a)", "FormattedValue": "f'{a}'", "JoinedStr": "f'{a}'", "Constant": "1",
    "Attribute": "a.b", "Subscript": "a[b]", "Name": "a", "List": "[a]", "Tuple": "(a, b)", "Slice": "a[1:2]",
    "Delete": "del a.b", "Assign": "a = 1", "AugAssign": "a += 1", "For": "for a in b: pass", "If": "if a: pass",
    "Expr": "a", "Pass": "pass", "Break": "for a in b: break", "Continue": "for a in b: continue",
}  # fmt: skip

OTHERWISE_BEYOND = [
    "a is b",
    "a is 1",
    "1j",
    "b'a'",
    "...",
    "[i async for i in a]",
    "{**a}",
    "len(*a)",
    "len(**a)",
    "sorted(a, key=b)",
    "f'{a!r}'",
    "f'{a:{b}}'",
    "f'{a:>10}'",
    "f'{a=}'",
    "a._b",
    "a.__b__",
    "__a",
    "a.b()",
    "a()",
    "a[0]()",
    "len(a)()",
    "a[1:2, 3]",
    "unknown(a)",
    "1e999",
    "",
]

SCRIPTS_BEYOND = [
    "for a in b: pass\nelse: pass",
    "break",
    "if a: continue",
    "del a",
    "del a[1:2]",
    "a[1:2] = b",
    "true = 1",
    "null = 1",
    "None = 1",
    "a, *b = c",
    "__a = 1",
    "a._b = 1",
    "a += b = 1",
    "a @= b",
    "a <<= 1",
    "(a, b) += c",
    "f(a) = 1",
    "@a\ndef f(): pass",
]


def concrete(parent: type[ast.AST]) -> set[str]:
    inner = [concrete(child) for child in parent.__subclasses__() if child.__module__ in ("ast", "_ast")]
    old = {
        "Num",
        "Str",
        "Bytes",
        "NameConstant",
        "Ellipsis",
        "ExtSlice",
        "Index",
        "Suite",
        "AugLoad",
        "AugStore",
        "Param",
    }
    return set().union(*inner) - old if inner else {parent.__name__}


def test_every_node_of_pythons_syntax_is_either_in_the_language_or_refused() -> None:
    kinds = (ast.expr, ast.stmt, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
    there_are = set().union(*map(concrete, kinds)) - {"expr", "stmt", "slice"}
    assert there_are <= BEYOND.keys() | INSIDE.keys()
    assert not BEYOND.keys() & INSIDE.keys()


def refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert re.search("[\u4e00-\u9fff]", error.value.reason), error.value.reason


@pytest.mark.parametrize("text", [*BEYOND.values(), *OTHERWISE_BEYOND])
def test_what_is_beyond_the_grammar_is_refused(text: str) -> None:
    refused(Expression.parse, text)
    if text:
        refused(Script.parse, text)


@pytest.mark.parametrize("text", SCRIPTS_BEYOND)
def test_what_is_beyond_the_grammar_of_scripts_is_refused(text: str) -> None:
    refused(Script.parse, text)


@pytest.mark.parametrize("text", INSIDE.values())
def test_what_is_inside_the_grammar_is_read(text: str) -> None:
    Script.parse(text)


@pytest.mark.parametrize("mutator", sorted(MUTATOR_NAMES - METHOD_NAMES))
def test_methods_that_change_data_are_for_scripts_alone(mutator: str) -> None:
    refused(Expression.parse, f"a.{mutator}(b)")
    Script.parse(f"a.{mutator}(b)")
