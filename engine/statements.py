"""The statements of scripts, compiled to closures as expressions are; names and data are the script's own
copies.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias

from engine import values
from engine.budget import Budget
from engine.errors import ExpressionError, ExpressionTooCostly
from engine.frame import Bind, Frame, Run, unpacking
from engine.functions import MUTATORS, fail, items_of, set_key
from engine.operators import binary, item_of, kind_of
from engine.phrases import Phrase
from engine.syntax import CONSTANTS, GIVEN, Compiler


class Signal(Enum):
    """How a statement asks the loop around it to go on."""

    BREAK = "break"
    CONTINUE = "continue"


Step: TypeAlias = Callable[[Any], Signal | None]


class _Names(dict[str, Any]):
    """The script's names: its own, and copies of the case's variables from the moment they are first read."""

    def __init__(self, variables: Mapping[str, Any], *, copying: bool) -> None:
        super().__init__()
        self.variables = variables
        self.copying = copying
        self.copied: set[str] = set()

    def __missing__(self, name: str) -> Any:
        value = self.variables[name]
        if not self.copying or type(value) not in (list, dict):
            return value
        self.copied.add(name)
        self[name] = copied = values.copy(value, name)
        return copied


class ScriptFrame(Frame):
    """A frame whose names can be assigned. `copying` is off for scripts whose text can change no list or
    object.
    """

    __slots__ = ("written",)

    names: _Names

    def __init__(
        self,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        budget: Budget,
        slots: int,
        *,
        copying: bool,
    ) -> None:
        super().__init__(_Names(variables, copying=copying), functions, budget, slots)
        self.written: set[str] = set()

    def outcome(self) -> dict[str, Any]:
        """What was assigned, and what was read and then changed, each checked and freshly copied."""
        result: dict[str, Any] = {}
        for name in sorted(self.written | self.names.copied):
            value = self.names[name]
            try:
                self.budget.charge(self.budget.weigh(value))
            except ExpressionTooCostly:
                raise ExpressionTooCostly(Phrase("变量「{name}」的数据量超出限制。", name=name)) from None
            fresh = values.copy(value, name)
            if name in self.written or not _identical(fresh, self.names.variables[name]):
                result[name] = fresh
        return result


def _identical(left: Any, right: Any) -> bool:
    """Equal part by part and type by type: to put True in the place of 1 is a change."""
    if type(left) is not type(right):
        return False
    if type(left) is list:
        return len(left) == len(right) and all(map(_identical, left, right))
    if type(left) is dict:
        return list(left) == list(right) and all(_identical(left[key], right[key]) for key in left)
    return bool(left == right)


class StatementCompiler(Compiler):
    """Compiles a script; `written` collects the names it assigns."""

    def __init__(self, functions: Iterable[str] = GIVEN) -> None:
        super().__init__(functions, mutating=True)
        self.written: set[str] = set()
        self._loops_around = 0
        self._blocks = 0

    def block(self, statements: list[ast.stmt]) -> Step:
        """The closure that runs `statements` in order until one signals."""
        self._blocks += 1
        if self._blocks > 50:
            raise ExpressionError("语句的嵌套超过 50 层。", statements[0].lineno if statements else None)
        before = set(self.assigned)
        steps = [self._located(statement) for statement in statements]
        self.assigned = before
        self._blocks -= 1

        def run(frame: ScriptFrame) -> Signal | None:
            for step in steps:
                signal = step(frame)
                if signal is not None:
                    return signal
            return None

        return run

    def _located(self, statement: ast.stmt) -> Step:
        """A statement that pays for itself and puts its line on errors that have none yet."""
        handler = _STATEMENTS.get(type(statement))
        if handler is None:
            self.refuse(statement)
        line = statement.lineno
        self.cost = 1
        step = handler(self, statement)
        # Blocks inside have paid for themselves and left the cost of their last statement behind.
        cost = self.cost if isinstance(statement, _SIMPLE) else 1

        def run(frame: ScriptFrame) -> Signal | None:
            try:
                frame.budget.spend(cost)
                return step(frame)
            except ExpressionError as error:
                if error.line is not None:
                    raise
                raise error.at(line) from error

        return run

    # Simple statements

    def _pass(self, node: ast.Pass) -> Step:
        return lambda frame: None

    def _expression(self, node: ast.Expr) -> Step:
        run = self.compile(node.value)

        def step(frame: ScriptFrame) -> None:
            run(frame)

        return step

    def _assign(self, node: ast.Assign) -> Step:
        value = self.compile(node.value)
        targets = [self._target(target) for target in node.targets]

        def step(frame: ScriptFrame) -> None:
            result = value(frame)
            for target in targets:
                target(frame, result)

        return step

    def _target(self, node: ast.expr) -> Bind:
        """What an assignment or a loop stores into."""
        match node:
            case ast.Name():
                return self._name_target(node)
            case ast.Tuple() | ast.List():
                return unpacking([self._target(part) for part in node.elts])
            case ast.Attribute() | ast.Subscript():
                holder, key = self._place(node)
                return lambda frame, value: _store(frame.budget, holder(frame), key(frame), value)
        return self.refuse(node, "不能给这样的目标赋值。")

    def _name_target(self, node: ast.Name) -> Bind:
        name = node.id
        self.check_name(node, name)
        if name in CONSTANTS:
            self.refuse(node, "不能给「{name}」赋值。", name=name)
        self.written.add(name)
        self.assigned.add(name)

        def store(frame: Any, value: Any) -> None:
            frame.names[name] = value
            frame.written.add(name)

        return store

    def _place(self, node: ast.Attribute | ast.Subscript) -> tuple[Run, Run]:
        """The closures for the object or list that is changed, and for where in it."""
        self.mutations += 1
        root = self.root_of(node)
        if root is not None:
            self.mutated_roots.add(root)
        holder = self.compile(node.value)
        if isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Slice):
                self.refuse(node, "不能给一段列表赋值。")
            return holder, self.compile(node.slice)
        name = node.attr
        if name.startswith("_"):
            self.refuse(node, "字段「{field}」不能以下划线开头。", field=name)
        return holder, lambda frame: name

    def _augmented(self, node: ast.AugAssign) -> Step:
        compute = _in_place(binary(self.symbol(node.op, node)), extends=isinstance(node.op, ast.Add))
        if isinstance(node.target, ast.Name):
            load = self.compile(ast.Name(node.target.id, ast.Load(), **_position(node)))
            value = self.compile(node.value)
            store = self._name_target(node.target)
            # `a += [1]` changes the list itself, as in Python.
            self.mutations += 1

            def step(frame: ScriptFrame) -> None:
                store(frame, compute(frame.budget, load(frame), value(frame)))

            return step
        holder_of, key_of = self._place(node.target)
        value = self.compile(node.value)

        def step_into(frame: ScriptFrame) -> None:
            holder, key = holder_of(frame), key_of(frame)
            _store(frame.budget, holder, key, compute(frame.budget, item_of(holder, key), value(frame)))

        return step_into

    def _delete(self, node: ast.Delete) -> Step:
        places: list[tuple[Run, Run]] = []
        for target in node.targets:
            if not isinstance(target, ast.Attribute | ast.Subscript):
                self.refuse(target, "del 只能删除字段或列表的项；要清空变量请赋值 None。")
            places.append(self._place(target))

        def step(frame: ScriptFrame) -> None:
            for holder_of, key_of in places:
                holder, key = holder_of(frame), key_of(frame)
                item_of(holder, key)
                if type(holder) is str:
                    fail("文本不能改变。")
                frame.budget.spend(len(holder) // 100)
                del holder[key]

        return step

    # Branches and loops

    def _branches(self, node: ast.If) -> Step:
        branches: list[tuple[Run, int, Step]] = []
        otherwise: list[ast.stmt] = [node]
        while len(otherwise) == 1 and isinstance(otherwise[0], ast.If):
            branch = otherwise[0]
            test, cost = self.paid_apart(branch.test)
            branches.append((test, cost, self.block(branch.body)))
            otherwise = branch.orelse
        last = self.block(otherwise)

        def step(frame: ScriptFrame) -> Signal | None:
            for test, cost, body in branches:
                frame.budget.spend(cost)
                if test(frame):
                    return body(frame)
            return last(frame)

        return step

    def _for(self, node: ast.For) -> Step:
        if node.orelse:
            self.refuse(node, "for 不支持 else。")
        source, cost = self.paid_apart(node.iter)
        before = set(self.assigned)
        target = self._target(node.target)
        self._loops_around += 1
        body = self.block(node.body)
        self._loops_around -= 1
        # A loop over nothing assigns nothing.
        self.assigned = before

        def step(frame: ScriptFrame) -> None:
            frame.budget.spend(cost)
            for item in items_of(frame.budget, source(frame)):
                frame.budget.spend(1)
                target(frame, item)
                if body(frame) is Signal.BREAK:
                    break

        return step

    def _signal(self, node: ast.Break | ast.Continue) -> Step:
        signal = Signal.BREAK if isinstance(node, ast.Break) else Signal.CONTINUE
        if not self._loops_around:
            self.refuse(node, "{statement} 只能写在 for 循环里。", statement=signal.value)
        return lambda frame: signal


def _in_place(compute: Callable[[Budget, Any, Any], Any], *, extends: bool) -> Callable[[Budget, Any, Any], Any]:
    def computed(budget: Budget, old: Any, value: Any) -> Any:
        if extends and type(old) is list:
            MUTATORS[list]["extend"](budget, old, value)
            return old
        return compute(budget, old, value)

    return computed


def _store(budget: Budget, holder: Any, key: Any, value: Any) -> None:
    if type(holder) is dict:
        set_key(budget, holder, key, value)
    elif type(holder) is list:
        item_of(holder, key)
        budget.charge(budget.weigh(value))
        holder[key] = value
    else:
        fail("{kind}不能按位置或名称赋值。", kind=kind_of(holder))


def _position(node: ast.AST) -> dict[str, int]:
    return {"lineno": node.lineno, "col_offset": node.col_offset}  # type: ignore[attr-defined]  # every statement has them


_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Delete)

_STATEMENTS: Mapping[type[ast.stmt], Callable[[StatementCompiler, Any], Step]] = {
    ast.Pass: StatementCompiler._pass,
    ast.Expr: StatementCompiler._expression,
    ast.Assign: StatementCompiler._assign,
    ast.AugAssign: StatementCompiler._augmented,
    ast.Delete: StatementCompiler._delete,
    ast.If: StatementCompiler._branches,
    ast.For: StatementCompiler._for,
    ast.Break: StatementCompiler._signal,
    ast.Continue: StatementCompiler._signal,
}
