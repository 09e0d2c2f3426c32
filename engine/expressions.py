"""The language of conditions, scripts, timers, parameters and decision cells: a small subset of Python,
never `eval`.

docs/reference/expressions.md is its grammar. Texts are parsed once, at deployment, and then run as
closures; one evaluation sees the variables it is given and the listed functions, and nothing else of this
program.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine import values
from engine.budget import Budget
from engine.durations import Duration
from engine.errors import ExpressionError
from engine.frame import Frame, Run
from engine.phrases import Phrase
from engine.punctuation import refuse_misplaced
from engine.statements import ScriptFrame, StatementCompiler
from engine.syntax import GIVEN, Compiler

__all__ = ["Budget", "Expression", "Functions", "Script"]

Functions: TypeAlias = Mapping[str, Callable[..., Any]]
"""What the engine hands over by name: `now() -> datetime`, `today() -> date` and others named at parse."""

LONGEST = 20_000
"""Characters of one text, at most."""

_NO_FUNCTIONS: Functions = {}
_SHARED = frozenset({type(None), bool, int, float, str})
"""What can be handed out as it is: it cannot change, and it was within bounds when it was made or set."""


@dataclass(frozen=True, eq=False)
class Expression:
    """A parsed expression: `text` as written, `names` the variables it reads. Use by several threads is safe.

    `is_constant`: it has the same value always. `is_condition`: it is a comparison, or such joined by and,
    or, not.
    """

    text: str
    names: frozenset[str]
    is_constant: bool
    is_condition: bool
    _run: Run = field(repr=False)
    _cost: int = field(repr=False)
    _slots: int = field(repr=False)

    @classmethod
    def parse(cls, text: str, functions: Iterable[str] = GIVEN) -> Expression:
        """Read `text`, which may be wrapped as `${…}` or begin with `=`; `functions` names what evaluation
        is given.

        Raises ExpressionError for what is not of the language.
        """
        tree = _expression_tree(_unwrapped(text))
        compiler = Compiler(functions)
        try:
            run = compiler.compile(tree)
        except ExpressionError as error:
            raise error if "\n" in text.strip() else ExpressionError(error.reason) from None
        return cls(
            text,
            frozenset(compiler.names),
            is_constant=not compiler.names and not compiler.calls_given,
            is_condition=isinstance(tree, ast.Compare | ast.BoolOp)
            or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)),
            _run=run,
            _cost=compiler.cost,
            _slots=compiler.slots,
        )

    @classmethod
    def of_variable(cls, name: str) -> Expression:
        """What a variable holds, whatever its name looks like; None where it is not there."""
        names = frozenset((name,))
        return cls(name, names, False, False, _run=lambda frame: frame.names.get(name), _cost=1, _slots=0)

    def evaluate(
        self, variables: Mapping[str, Any], functions: Functions | None = None, budget: Budget | None = None
    ) -> Any:
        """The value: a process value that shares nothing with `variables`.

        A length of time with months, which no variable can hold, is handed out as its ISO 8601 text. Raises
        ExpressionError, ExpressionTooCostly, or ValueRefused for a value that cannot be stored.
        """
        frame = Frame(variables, functions or _NO_FUNCTIONS, budget or Budget(), self._slots)
        frame.budget.spend(self._cost)
        try:
            result = self._run(frame)
        except RecursionError:
            raise ExpressionError("表达式的嵌套过深。") from None
        kind = type(result)
        if kind in _SHARED:
            return result
        if kind is Duration:
            return str(result)
        frame.budget.charge(frame.budget.weigh(result))
        return values.copy(result)


@dataclass(frozen=True, eq=False)
class Script:
    """A parsed script.

    `names_read` are the variables it may read before setting them, `names_written` those it assigns or
    changes as far as the text tells: a list changed through a second name for it shows only when the script
    runs.
    """

    text: str
    names_read: frozenset[str]
    names_written: frozenset[str]
    _run: Callable[[ScriptFrame], object] = field(repr=False)
    _slots: int = field(repr=False)
    _mutates: bool = field(repr=False)

    @classmethod
    def parse(cls, text: str, functions: Iterable[str] = GIVEN) -> Script:
        """Read `text`, indented as a whole or not. Raises ExpressionError with the line for what is not
        allowed.
        """
        compiler = StatementCompiler(functions)
        run = compiler.block(_parsed(_dedented(text), "exec").body)
        return cls(
            text,
            frozenset(compiler.names),
            frozenset(compiler.written | compiler.mutated_roots),
            run,
            compiler.slots,
            compiler.mutations > 0,
        )

    def execute(
        self, variables: Mapping[str, Any], functions: Functions | None = None, budget: Budget | None = None
    ) -> dict[str, Any]:
        """The variables that were assigned or changed, with their new values; `variables` itself stays as
        it is.

        Loop variables count as assigned, as they do in Python. Raises as `Expression.evaluate` does, and
        then nothing has happened.
        """
        frame = ScriptFrame(
            variables, functions or _NO_FUNCTIONS, budget or Budget(), self._slots, copying=self._mutates
        )
        try:
            self._run(frame)
            return frame.outcome()
        except RecursionError:
            raise ExpressionError("数据或表达式的嵌套过深。") from None


def _unwrapped(text: str) -> str:
    text = text.strip()
    if text.startswith("${") and text.endswith("}"):
        return text[2:-1].strip()
    if text.startswith("=") and not text.startswith("=="):
        return text[1:].strip()
    return text


def _dedented(text: str) -> str:
    """The text without common indentation, every line in its place.

    The first line often has lost its indentation to the tag it follows: then the others are dedented alone.
    """
    text = text.replace("\r\n", "\n")
    source = textwrap.dedent(text).rstrip()
    first, newline, rest = source.partition("\n")
    if first.strip() and not first[0].isspace() and not _reads(source):
        return first + newline + textwrap.dedent(rest)
    return source


def _reads(source: str) -> bool:
    try:
        _parsed(source, "exec")
    except ExpressionError:
        return False
    return True


def _expression_tree(source: str) -> ast.expr:
    """The tree of an expression; one that is spread over lines needs no brackets around it."""
    if not source:
        raise ExpressionError("表达式是空的。")
    try:
        return _parsed_expression(source)
    except ExpressionError as first:
        if "\n" in source:
            try:
                tree = _parsed_expression(f"(\n{source}\n)")
            except ExpressionError:
                raise first from None
            if tree.lineno > 1:
                ast.increment_lineno(tree, -1)
                return tree
        if _is_assignment(source):
            raise ExpressionError("比较是否相等请写 ==，一个等号是赋值。", first.line) from None
        raise


def _parsed_expression(source: str) -> ast.expr:
    tree: ast.Expression = _parsed(source, "eval")
    return tree.body


def _is_assignment(source: str) -> bool:
    try:
        return any(isinstance(statement, ast.Assign) for statement in _parsed(source, "exec").body)
    except ExpressionError:
        return False


def _parsed(source: str, mode: str) -> Any:
    """The syntax tree, or ExpressionError: `ast` itself fails in five ways on hostile texts."""
    if len(source) > LONGEST:
        raise ExpressionError(Phrase("表达式或脚本超过 {longest} 个字符。", longest=LONGEST))
    try:
        return ast.parse(source, mode=mode)
    except SyntaxError as error:
        refuse_misplaced(source)
        line = error.lineno if error.lineno and "\n" in source else None
        raise ExpressionError(Phrase("语法不正确，在「{place}」附近。", place=_near(source, error)), line) from None
    except (ValueError, MemoryError, RecursionError, OverflowError):
        raise ExpressionError("语法不正确，或者嵌套过深。") from None


def _near(source: str, error: SyntaxError) -> str:
    lines = source.split("\n")
    line = lines[min((error.lineno or 1), len(lines)) - 1].strip()
    return line if len(line) <= 60 else line[:60] + "…"
