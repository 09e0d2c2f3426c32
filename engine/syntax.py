"""From the syntax tree of an expression to nested Python closures: the allow-list of the language.

`ast` reads the text; each node that the language has is turned into one closure, once; every other node is
refused with its line. Nothing is ever handed to `eval`, `exec` or `compile`. The steps of straight-line
code are counted here and paid for in one sum when it starts; loops pay for their body on every round.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from engine.budget import CHARACTERS_PER_UNIT, Budget
from engine.errors import ExpressionError
from engine.frame import Bind, Frame, Run, called, given_call, listed_call, loop, unpacking
from engine.functions import (
    DOTTED,
    FUNCTIONS,
    METHOD_NAMES,
    METHODS,
    MUTATOR_NAMES,
    MUTATORS,
    fail,
    field_of,
    set_key,
    text_of,
)
from engine.operators import (
    NUMBERS,
    binary,
    comparison,
    item_of,
    kind_of,
    negative,
    positive,
    slice_of,
)
from engine.phrases import Phrase
from engine.values import LARGEST_BITS

DEEPEST = 100
"""Nodes inside each other, at most; it also keeps the closures well below Python's own limit."""

GIVEN = frozenset({"now", "today"})
"""Functions that are known at parse and handed over at each evaluation, since the time comes from a clock."""

CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
"""Names that mean what they mean in FEEL and JSON."""


_SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip

_NATIVE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip

_REFUSED: Mapping[type[ast.AST], str] = {
    ast.Lambda: "lambda", ast.NamedExpr: "赋值表达式 :=", ast.Starred: "星号展开", ast.Await: "await",
    ast.Yield: "yield", ast.YieldFrom: "yield from", ast.While: "while 循环",
    ast.FunctionDef: "函数定义 def", ast.AsyncFunctionDef: "async", ast.ClassDef: "类定义 class",
    ast.Import: "import", ast.ImportFrom: "import", ast.Try: "try", ast.With: "with",
    ast.Raise: "raise", ast.Global: "global", ast.Nonlocal: "nonlocal", ast.Assert: "assert",
    ast.Return: "return", ast.Match: "match", ast.AnnAssign: "类型标注", ast.Invert: "运算符 ~",
    ast.BitAnd: "运算符 &", ast.BitOr: "运算符 |", ast.BitXor: "运算符 ^", ast.LShift: "运算符 <<",
    ast.RShift: "运算符 >>", ast.MatMult: "运算符 @", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip

_FORMAT = re.compile(r",?(?:\.\d{1,2})?[f%]|0?\d{1,2}d?|\.\d{1,2}", re.ASCII)


class Compiler:
    """Compiles the expressions of one text; `names` collects the variables they read, `cost` the steps."""

    def __init__(self, functions: Iterable[str] = GIVEN, *, mutating: bool = False) -> None:
        self.given = frozenset(functions)
        self.mutating = mutating
        self.names: set[str] = set()
        self.cost = 0
        self.slots = 0
        self.calls_given = False
        self.mutations = 0
        self.mutated_roots: set[str] = set()
        self.assigned: set[str] = set()
        self._scopes: list[dict[str, int]] = []
        self._depth = 0

    def compile(self, node: ast.expr) -> Run:
        """The closure for `node`."""
        handler = _HANDLERS.get(type(node))
        if handler is None:
            self.refuse(node)
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(Phrase("表达式的嵌套超过 {deepest} 层。", deepest=DEEPEST), node.lineno)
        self.cost += 1
        run = handler(self, node)
        self._depth -= 1
        return run

    def paid_apart(self, node: ast.expr) -> tuple[Run, int]:
        """The closure for `node` and its cost, which its surroundings do not count."""
        before, self.cost = self.cost, 0
        run = self.compile(node)
        cost, self.cost = self.cost, before
        return run, cost

    def refuse(self, node: ast.AST, message: str = "", **values: Any) -> NoReturn:
        """ExpressionError: the language has no such thing. The sentence may name values, as a `Phrase` does."""
        values.setdefault("what", _REFUSED.get(type(node)) or type(node).__name__)
        raise ExpressionError(Phrase(message or "不支持 {what}。", **values), getattr(node, "lineno", None))

    def root_of(self, node: ast.expr) -> str | None:
        """The variable that `a.b[0].c` begins with, unless it is a comprehension's own."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name) and self._slot(node.id) is None:
            return node.id
        return None

    # Names and constants

    def _slot(self, name: str) -> int | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    def _name(self, node: ast.Name) -> Run:
        name = node.id
        slot = self._slot(name)
        if slot is not None:
            return lambda frame: frame.slots[slot]
        if name in CONSTANTS:
            value = CONSTANTS[name]
            return lambda frame: value
        self.check_name(node, name)
        if name not in self.assigned:
            self.names.add(name)

        def load(frame: Frame) -> Any:
            try:
                return frame.names[name]
            except KeyError:
                if name in FUNCTIONS or name in self.given:
                    raise ExpressionError(Phrase("{function} 是函数，请写成 {function}(…)。", function=name)) from None
                raise ExpressionError(Phrase("变量「{name}」没有值。", name=name)) from None

        return load

    def check_name(self, node: ast.AST, name: str) -> None:
        if name.startswith("__"):
            self.refuse(node, "名称「{name}」不能以两个下划线开头。", name=name)

    def _constant(self, node: ast.Constant) -> Run:
        value = node.value
        if type(value) is int:
            fits = value.bit_length() <= LARGEST_BITS
        elif type(value) is float:
            fits = value - value == 0
        else:
            fits = value is None or type(value) in (bool, str)
        if not fits:
            self.refuse(node, "不支持这样的值：{value}。", value=str(value)[:40])
        return lambda frame: value

    # Containers

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Run:
        parts = [self.compile(item) for item in node.elts]
        distinct = isinstance(node, ast.Set)

        def build(frame: Frame) -> list[Any]:
            made = [part(frame) for part in parts]
            frame.budget.charge(frame.budget.weigh(made))
            result: list[Any] = FUNCTIONS["set"](frame.budget, made) if distinct else made
            return result

        return build

    def _dict(self, node: ast.Dict) -> Run:
        pairs: list[tuple[Run, Run]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self.refuse(node, "不支持 ** 展开。")
            pairs.append((self.compile(key), self.compile(value)))

        def build(frame: Frame) -> dict[str, Any]:
            made: dict[str, Any] = {}
            frame.budget.charge(1)
            for key, value in pairs:
                set_key(frame.budget, made, key(frame), value(frame))
            return made

        return build

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Run:
        def emitter() -> tuple[Callable[[Frame, Any], None], int]:
            element, cost = self.paid_apart(node.elt)

            def emit(frame: Frame, made: list[Any]) -> None:
                value = element(frame)
                frame.budget.charge(frame.budget.weigh(value))
                made.append(value)

            return emit, cost

        run_loops = self._loops(node.generators, emitter)
        distinct = isinstance(node, ast.SetComp)

        def build(frame: Frame) -> list[Any]:
            made: list[Any] = []
            run_loops(frame, made)
            result: list[Any] = FUNCTIONS["set"](frame.budget, made) if distinct else made
            return result

        return build

    def _dict_comprehension(self, node: ast.DictComp) -> Run:
        def emitter() -> tuple[Callable[[Frame, Any], None], int]:
            (key, key_cost), (value, value_cost) = self.paid_apart(node.key), self.paid_apart(node.value)

            def emit(frame: Frame, made: dict[str, Any]) -> None:
                set_key(frame.budget, made, key(frame), value(frame))

            return emit, key_cost + value_cost

        run_loops = self._loops(node.generators, emitter)

        def build(frame: Frame) -> dict[str, Any]:
            made: dict[str, Any] = {}
            run_loops(frame, made)
            return made

        return build

    def _loops(
        self,
        generators: list[ast.comprehension],
        emitter: Callable[[], tuple[Callable[[Frame, Any], None], int]],
    ) -> Callable[[Frame, Any], None]:
        """The nested loops of a comprehension; the source of the first is read outside its scope, as in
        Python.
        """
        clauses: list[tuple[Run, Bind, list[Run], int]] = []
        scope: dict[str, int] = {}
        source, source_cost = self.paid_apart(generators[0].iter)
        self.cost += source_cost
        self._scopes.append(scope)
        for index, clause in enumerate(generators):
            if clause.is_async:
                self.refuse(clause, "不支持 async。")
            if index:
                source, source_cost = self.paid_apart(clause.iter)
                clauses[-1] = (*clauses[-1][:3], clauses[-1][3] + source_cost)
            bind = self._slot_target(clause.target, scope)
            conditions, costs = [], 1
            for condition in clause.ifs:
                run, cost = self.paid_apart(condition)
                conditions.append(run)
                costs += cost
            clauses.append((source, bind, conditions, costs))
        inner, cost = emitter()
        self._scopes.pop()
        for source, bind, conditions, costs in reversed(clauses):
            inner = loop(source, bind, conditions, costs + cost, inner)
            cost = 0
        return inner

    def _slot_target(self, target: ast.expr, scope: dict[str, int]) -> Bind:
        if isinstance(target, ast.Name):
            self.check_name(target, target.id)
            slot = scope.setdefault(target.id, self.slots)
            self.slots = max(self.slots, slot + 1)

            def bind(frame: Frame, value: Any) -> None:
                frame.slots[slot] = value

            return bind
        if isinstance(target, ast.Tuple | ast.List):
            return unpacking([self._slot_target(part, scope) for part in target.elts])
        return self.refuse(target, "推导式的循环变量只能是名称。")

    # Operators

    def _binary(self, node: ast.BinOp) -> Run:
        compute = binary(self.symbol(node.op, node))
        left, right = self.compile(node.left), self.compile(node.right)
        return lambda frame: compute(frame.budget, left(frame), right(frame))

    def symbol(self, sign: ast.operator | ast.cmpop, node: ast.AST) -> str:
        """How the operator is written; refused where the language does not have it."""
        symbol = _SYMBOLS.get(type(sign))
        if symbol is None:
            self.refuse(node, what=_REFUSED[type(sign)])
        return symbol

    def _unary(self, node: ast.UnaryOp) -> Run:
        operand = self.compile(node.operand)
        match node.op:
            case ast.Not():
                return lambda frame: not operand(frame)
            case ast.USub():
                return lambda frame: negative(operand(frame))
            case ast.UAdd():
                return lambda frame: positive(operand(frame))
        return self.refuse(node, "不支持运算符 ~。")

    def _bool(self, node: ast.BoolOp) -> Run:
        parts = [self.compile(value) for value in node.values]
        *rest, last = parts
        conjunction = isinstance(node.op, ast.And)
        if len(parts) == 2:
            first = parts[0]
            if conjunction:
                return lambda frame: first(frame) and last(frame)
            return lambda frame: first(frame) or last(frame)

        def decide(frame: Frame) -> Any:
            for part in rest:
                value = part(frame)
                if bool(value) is not conjunction:
                    return value
            return last(frame)

        return decide

    def _if(self, node: ast.IfExp) -> Run:
        test, then, otherwise = (self.compile(part) for part in (node.test, node.body, node.orelse))
        return lambda frame: then(frame) if test(frame) else otherwise(frame)

    def _compare(self, node: ast.Compare) -> Run:
        if len(node.ops) == 1:
            return self._comparison(node.ops[0], self.compile(node.left), node.comparators[0])
        # In a chain each value is worked out once: the links read it from a slot.
        links: list[Run] = []
        slot = self.slots
        self.slots += 1
        first = self.compile(node.left)
        for sign, right in zip(node.ops, node.comparators, strict=True):
            links.append(self._comparison(sign, lambda frame: frame.slots[slot], right, keep=slot))

        def chain(frame: Frame) -> bool:
            frame.slots[slot] = first(frame)
            return all(link(frame) for link in links)

        return chain

    def _comparison(self, sign: ast.cmpop, left: Run, right_node: ast.expr, keep: int | None = None) -> Run:
        if isinstance(sign, ast.Is | ast.IsNot):
            return self._identity(sign, left, right_node)
        symbol = self.symbol(sign, right_node)
        compare = comparison(symbol)
        native = _NATIVE.get(symbol)
        right = self.compile(right_node)

        def link(frame: Frame) -> bool:
            one, other = left(frame), right(frame)
            if keep is not None:
                frame.slots[keep] = other
            kind = type(one)
            if (
                native is not None
                and kind is type(other)
                and (kind is int or kind is float or (kind is str and len(one) < 1000))
            ):
                return native(one, other)  # type: ignore[no-any-return]  # of two numbers or texts
            return compare(frame.budget, one, other)

        return link

    def _identity(self, sign: ast.cmpop, left: Run, right: ast.expr) -> Run:
        """`x is None`, which people write, and nothing else of `is`."""
        constant = right.value if isinstance(right, ast.Constant) else ...
        if isinstance(right, ast.Name):
            constant = CONSTANTS.get(right.id, ...)
        if constant is not None and type(constant) is not bool:
            self.refuse(right, "is 只能用于 None、True 和 False，请改用 ==。")
        wanted = isinstance(sign, ast.Is)
        return lambda frame: (left(frame) is constant) is wanted

    # Access

    def _attribute(self, node: ast.Attribute) -> Run:
        name = node.attr
        if name.startswith("_"):
            self.refuse(node, "字段「{field}」不能以下划线开头。", field=name)
        value = self.compile(node.value)

        def access(frame: Frame) -> Any:
            holder = value(frame)
            if type(holder) is dict and name in holder:
                return holder[name]
            return field_of(holder, name)

        return access

    def _subscript(self, node: ast.Subscript) -> Run:
        value = self.compile(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.compile(bound) if bound is not None else None
                for bound in (node.slice.lower, node.slice.upper, node.slice.step)
            ]

            def cut(frame: Frame) -> Any:
                return slice_of(frame.budget, value(frame), [bound and bound(frame) for bound in bounds])

            return cut
        index = self.compile(node.slice)
        return lambda frame: item_of(value(frame), index(frame))

    # Calls

    def _call(self, node: ast.Call) -> Run:
        arguments = [self.compile(argument) for argument in node.args]
        keywords: dict[str, Run] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse(node, "不支持 ** 展开。")
            if keyword.arg == "key":
                self.refuse(node, "不支持参数 key。")
            keywords[keyword.arg] = self.compile(keyword.value)
        name = _dotted(node.func)
        name = DOTTED.get(name, name)
        if isinstance(node.func, ast.Attribute) and name not in FUNCTIONS and name not in self.given:
            return self._method_call(node.func, arguments, keywords)
        if name in self.given:
            self.calls_given = True
            return given_call(name, arguments, keywords)
        if name not in FUNCTIONS:
            self.refuse(node, "没有函数「{function}」。" if name else "只能按名称调用函数。", function=name)
        return listed_call(name, FUNCTIONS[name], arguments, keywords)

    def _method_call(self, node: ast.Attribute, arguments: list[Run], keywords: dict[str, Run]) -> Run:
        name = node.attr
        mutates = name in MUTATOR_NAMES
        if mutates and not self.mutating and name not in METHOD_NAMES:
            self.refuse(node, "方法 {method} 会改变数据，只能在脚本中使用。", method=name)
        if not mutates and name not in METHOD_NAMES:
            self.refuse(node, "没有方法「{method}」。", method=name)
        if mutates:
            self.mutations += 1
            root = self.root_of(node.value)
            if root is not None:
                self.mutated_roots.add(root)
        receiver = self.compile(node.value)
        mutating = self.mutating

        def call(frame: Frame) -> Any:
            value = receiver(frame)
            kind = type(value)
            method = METHODS.get(kind, {}).get(name)
            if method is None and mutating:
                method = MUTATORS.get(kind, {}).get(name)
            if method is None:
                fail("{kind}没有方法「{method}」。", kind=kind_of(value), method=name)
            values = [argument(frame) for argument in arguments]
            return called(name, method, frame.budget, value, *values, **{k: v(frame) for k, v in keywords.items()})

        return call

    def _formatted(self, node: ast.JoinedStr) -> Run:
        """`f"…{x}…"`, with the few format texts that cannot grow."""
        parts: list[tuple[Run, str]] = []
        for part in node.values:
            if not isinstance(part, ast.FormattedValue):
                parts.append((self.compile(part), ""))
                continue
            specification = ""
            if part.format_spec is not None:
                match part.format_spec:
                    case ast.JoinedStr(values=[ast.Constant(value=str(specification))]) if _FORMAT.fullmatch(
                        specification
                    ):
                        pass
                    case _:
                        self.refuse(node, "不支持这样的格式，可用的有 .2f、,.2f、.1%、03d。")
            if part.conversion != -1:
                self.refuse(node, "不支持 !r、!s、!a。")
            parts.append((self.compile(part.value), specification))

        def build(frame: Frame) -> str:
            texts = [_format(frame.budget, run(frame), specification) for run, specification in parts]
            frame.budget.charge(sum(map(len, texts)) // CHARACTERS_PER_UNIT)
            return "".join(texts)

        return build


def _format(budget: Budget, value: Any, specification: str) -> str:
    if not specification:
        return text_of(budget, value)
    if type(value) not in NUMBERS:
        fail("格式 {format} 只能用于数字。", format=specification)
    try:
        text = format(value, specification)
    except (ValueError, OverflowError):
        fail("数字不能按格式 {format} 书写。", format=specification)
    budget.charge(len(text) // CHARACTERS_PER_UNIT)
    return text


def _dotted(node: ast.expr) -> str:
    """`a.b.c` as written, or an empty text when it is anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


_HANDLERS: Mapping[type[ast.expr], Callable[[Compiler, Any], Run]] = {
    ast.Name: Compiler._name,
    ast.Constant: Compiler._constant,
    ast.List: Compiler._list,
    ast.Tuple: Compiler._list,
    ast.Set: Compiler._list,
    ast.Dict: Compiler._dict,
    ast.ListComp: Compiler._comprehension,
    ast.GeneratorExp: Compiler._comprehension,
    ast.SetComp: Compiler._comprehension,
    ast.DictComp: Compiler._dict_comprehension,
    ast.BinOp: Compiler._binary,
    ast.UnaryOp: Compiler._unary,
    ast.BoolOp: Compiler._bool,
    ast.IfExp: Compiler._if,
    ast.Compare: Compiler._compare,
    ast.Attribute: Compiler._attribute,
    ast.Subscript: Compiler._subscript,
    ast.Call: Compiler._call,
    ast.JoinedStr: Compiler._formatted,
}
