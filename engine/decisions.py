"""DMN files → decisions, refusing what is not on the allow-list, with every problem at once.

Reads DMN 1.1 to 1.5 as dmn-js writes them: decision tables, literal expressions, requirements between
decisions of one file. docs/reference/decisions.md says what is supported and how values compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, get_args

from engine import cells, xml
from engine.cells import Cell
from engine.decision_tables import (
    Aggregation,
    Decision,
    DecisionResult,
    HitPolicy,
    Input,
    Output,
    Rule,
    Table,
)
from engine.errors import EngineError, ExpressionError
from engine.expressions import Expression
from engine.overlaps import overlapping, same_conditions
from engine.problems import Problem, problem

__all__ = ["Decision", "DecisionResult", "read_decisions"]

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)

_LANGUAGES = ("", "feel", "python")
_MEANINGLESS = frozenset(
    {
        "description", "extensionElements", "inputData", "knowledgeSource", "textAnnotation", "association",
        "authorityRequirement", "annotation", "annotationEntry", "question", "allowedAnswers",
        "elementCollection", "performanceIndicator", "organizationUnit",
    }
)  # fmt: skip
"""Elements that say something to people and nothing to the engine."""


def read_decisions(source: bytes | xml.Element, file: str) -> tuple[list[Decision], list[Problem]]:
    """The decisions of a DMN file, in its order, and everything wrong with it.

    A decision with an error is left out; warnings leave it in.
    """
    if isinstance(source, bytes):
        root, problems = xml.parse(source, file)
        if root is None:
            return [], problems
    else:
        root = source
    reader = _Reader(file)
    decisions = reader.read(root)
    return decisions, reader.problems


class _Reader:
    """Reads one file, collecting problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.decision_name: str | None = None

    def read(self, root: xml.Element) -> list[Decision]:
        if xml.local_name(root) != "definitions" or xml.namespace(root) not in NAMESPACES:
            self._report("dmn_not_definitions", root)
            return []
        read: dict[str, Decision] = {}
        needs: dict[str, list[tuple[str, xml.Element]]] = {}
        seen: set[str] = set()
        for element in self._children(root, ("decision",)):
            identifier = element.get("id") or ""
            if not identifier or identifier in seen:
                self._report("dmn_id", element, id=identifier)
                continue
            seen.add(identifier)
            self.decision_name = element.get("name") or identifier
            errors = self._errors()
            logic, needs[identifier] = self._decision(element)
            if logic is not None and self._errors() == errors:
                read[identifier] = self._made(element, identifier, logic)
        return self._linked(read, needs, seen)

    def _made(self, element: xml.Element, identifier: str, logic: Table | Expression) -> Decision:
        variable = next((v.get("name") for v in _elements(element, "variable")), None)
        return Decision(
            identifier,
            element.get("name") or identifier,
            self.file,
            element.sourceline or 1,
            variable or identifier,
            logic,
        )

    def _decision(self, element: xml.Element) -> tuple[Table | Expression | None, list[tuple[str, xml.Element]]]:
        """The logic of a decision, and the ids of the decisions it needs with the places that say so."""
        needed: list[tuple[str, xml.Element]] = []
        logic: Table | Expression | None = None
        found = 0
        for child in self._children(
            element, ("variable", "informationRequirement", "decisionTable", "literalExpression")
        ):
            match xml.local_name(child):
                case "informationRequirement":
                    needed.extend(
                        (need.get("href") or "", need)
                        for need in self._children(child, ("requiredDecision", "requiredInput"))
                        if xml.local_name(need) == "requiredDecision"
                    )
                case "decisionTable":
                    found += 1
                    logic = self._table(child)
                case "literalExpression":
                    found += 1
                    logic = self._literal(child)
        if found != 1:
            self._report("dmn_logic", element)
        return logic, needed

    def _literal(self, element: xml.Element) -> Expression | None:
        self._check_language(element)
        self._type(element)
        return self._expression(element)

    # Tables

    def _table(self, element: xml.Element) -> Table | None:
        policy = element.get("hitPolicy") or "UNIQUE"
        aggregation = element.get("aggregation")
        if policy not in get_args(HitPolicy):
            self._report("dmn_hit_policy", element, policy=policy)
        if aggregation is not None and (aggregation not in get_args(Aggregation) or policy != "COLLECT"):
            self._report("dmn_aggregation", element, aggregation=aggregation)
        inputs: list[Input | None] = []
        outputs: list[Output] = []
        rows: list[xml.Element] = []
        for child in self._children(element, ("input", "output", "rule")):
            match xml.local_name(child):
                case "input":
                    inputs.append(self._input(child))
                case "output":
                    outputs.append(self._output(child))
                case "rule":
                    rows.append(child)
        self._check_names(element, outputs)
        if aggregation is not None and len(outputs) > 1:
            self._report("dmn_aggregation", element, aggregation=aggregation)
        rules = [self._rule(row, number, inputs, outputs) for number, row in enumerate(rows, 1)]
        if None in inputs or None in rules:
            return None
        table = Table(
            policy,  # type: ignore[arg-type]  # reported above where it is none of the three
            aggregation,
            tuple(column for column in inputs if column is not None),
            tuple(outputs),
            tuple(rule for rule in rules if rule is not None),
        )
        self._check_rules(table, rows)
        return table

    def _check_names(self, element: xml.Element, outputs: list[Output]) -> None:
        names = [output.name for output in outputs]
        if not names or "" in names or len(set(names)) < len(names):
            self._report("dmn_output_names", element)

    def _input(self, element: xml.Element) -> Input | None:
        expressions = [
            child
            for child in self._children(element, ("inputExpression", "inputValues"))
            if xml.local_name(child) == "inputExpression"
        ]
        if len(expressions) != 1:
            self._report("dmn_input_empty", element)
            return None
        [source] = expressions
        self._check_language(source)
        kind = self._type(source)
        expression = self._expression(source)
        if expression is None:
            return None
        label = element.get("label") or expression.text.strip()
        return Input(element.get("id") or "", label, expression, kind)

    def _output(self, element: xml.Element) -> Output:
        name = element.get("name") or ""
        allowed: tuple[str, ...] = ()
        default: Expression | None = None
        for child in self._children(element, ("outputValues", "defaultOutputEntry")):
            self._check_language(child)
            if xml.local_name(child) == "defaultOutputEntry":
                default = self._expression(child)
            else:
                allowed = self._allowed(child)
        kind = self._type(element)
        output = Output(element.get("id") or "", name, element.get("label") or name, kind, allowed, default)
        if default is not None:
            self._check_output(element, output, default)
        return output

    def _allowed(self, element: xml.Element) -> tuple[str, ...]:
        text = _text(element)
        try:
            return tuple(end.text for end in Cell.parse(text).endpoints) if text.strip() else ()
        except EngineError as error:
            self._report("dmn_bad_cell", element, text=text.strip(), reason=_reason(error))
            return ()

    def _rule(
        self, element: xml.Element, number: int, inputs: list[Input | None], outputs: list[Output]
    ) -> Rule | None:
        conditions: list[Cell | None] = []
        results: list[Expression | None] = []
        children = list(self._children(element, ("inputEntry", "outputEntry")))
        entries = [child for child in children if xml.local_name(child) == "inputEntry"]
        answers = [child for child in children if xml.local_name(child) == "outputEntry"]
        if len(entries) != len(inputs) or len(answers) != len(outputs):
            self._report("dmn_rule_width", element, rule=number)
            return None
        errors = self._errors()
        for entry, column in zip(entries, inputs, strict=True):
            self._check_language(entry)
            conditions.append(self._cell(entry, column))
        for entry, output in zip(answers, outputs, strict=True):
            self._check_language(entry)
            expression = self._expression(entry, empty_allowed=True)
            results.append(expression)
            if expression is not None:
                self._check_output(entry, output, expression)
        if self._errors() > errors:
            return None
        return Rule(
            element.get("id") or str(number),
            number,
            element.sourceline or 1,
            tuple(cell for cell in conditions if cell is not None),
            tuple(results),
        )

    def _cell(self, element: xml.Element, column: Input | None) -> Cell | None:
        text = _text(element)
        try:
            cell = Cell.parse(text)
        except EngineError as error:
            self._report("dmn_bad_cell", element, text=text.strip(), reason=_reason(error))
            return None
        kind = column.type if column is not None else None
        for end in cell.endpoints:
            items = end.value if type(end.value) is list else [end.value]
            if kind is not None and not all(cells.is_of(kind, item) for item in items):
                label = column.label if column is not None else ""
                self._report("dmn_cell_type", element, text=end.text, label=label, expected=cells.title_of(kind))
            elif end.text.isidentifier() and end.expression.names and kind == cells.TEXT:
                self._report("dmn_bare_name", element, severity="warning", text=end.text)
        return cell

    def _check_output(self, element: xml.Element, output: Output, expression: Expression) -> None:
        """A fixed result is of the output's type and, where values are predefined, one of them."""
        if not expression.is_constant:
            return
        try:
            value = expression.evaluate({})
        except EngineError as error:
            self._report("dmn_bad_cell", element, text=expression.text.strip(), reason=_reason(error))
            return
        text = expression.text.strip()
        if output.type is not None and not cells.is_of(output.type, value):
            expected = cells.title_of(output.type)
            self._report("dmn_cell_type", element, text=text, label=output.label, expected=expected)
        elif output.allowed and text not in output.allowed:
            self._report("dmn_not_allowed", element, severity="warning", text=text, label=output.label)

    def _check_rules(self, table: Table, rows: list[xml.Element]) -> None:
        """Rules that say the same twice, and rules of a UNIQUE table that can hit together."""
        for later, rule in enumerate(table.rules):
            for earlier in table.rules[:later]:
                if same_conditions(earlier, rule) and (table.hit_policy != "COLLECT" or _same_outputs(earlier, rule)):
                    self._report("dmn_duplicate_rule", rows[later], rule=rule.number, other=earlier.number)
                    break
                if table.hit_policy == "UNIQUE" and overlapping(earlier, rule):
                    self._report("dmn_overlap", rows[later], severity="warning", rule=rule.number, other=earlier.number)
                    break

    # Requirements

    def _linked(
        self, read: dict[str, Decision], needs: dict[str, list[tuple[str, xml.Element]]], known: set[str]
    ) -> list[Decision]:
        """The decisions joined to those they need; what needs an unreadable or missing one is left out."""
        linked: dict[str, Decision | None] = {}
        under_way: list[str] = []

        def link(identifier: str) -> Decision | None:
            if identifier in linked:
                return linked[identifier]
            under_way.append(identifier)
            required: list[Decision | None] = []
            for href, place in needs[identifier]:
                target = href.removeprefix("#")
                if not href.startswith("#") or target not in known:
                    self._report("dmn_required_unknown", place, decision=target)
                    required.append(None)
                elif target in under_way:
                    circle = " → ".join([*under_way[under_way.index(target) :], target])
                    self._report("dmn_required_cycle", place, circle=circle)
                    required.append(None)
                else:
                    required.append(link(target))
            under_way.pop()
            decision = read.get(identifier)
            if decision is not None and None not in required:
                decision = replace(decision, required=tuple(need for need in required if need is not None))
            else:
                decision = None
            linked[identifier] = decision
            return decision

        return [decision for identifier in needs if (decision := link(identifier)) is not None]

    # Texts and reports

    def _expression(self, element: xml.Element, *, empty_allowed: bool = False) -> Expression | None:
        text = _text(element)
        if not text.strip() or (empty_allowed and text.strip() == "-"):
            if not empty_allowed:
                self._report("dmn_bad_expression", element, text="", reason="内容是空的。")
            return None
        try:
            return cells.feel_expression(text)
        except ExpressionError as error:
            self._report("dmn_bad_expression", element, text=text.strip(), reason=error.reason)
            return None

    def _type(self, element: xml.Element) -> str | None:
        try:
            return cells.known_type(element.get("typeRef"))
        except ExpressionError:
            self._report("dmn_type", element, type=element.get("typeRef"))
            return None

    def _check_language(self, element: xml.Element) -> None:
        language = (element.get("expressionLanguage") or "").rstrip("/")
        if language.rpartition("/")[2].lower() not in _LANGUAGES:
            self._report("dmn_language", element, used=language)

    def _children(self, parent: xml.Element, expected: tuple[str, ...]) -> Iterator[xml.Element]:
        """The DMN children with the expected tags; every other one is reported unless it means nothing
        here.
        """
        for child in parent.iterchildren("*"):
            tag = xml.local_name(child)
            if xml.namespace(child) not in NAMESPACES or tag in _MEANINGLESS:
                continue
            if tag in expected:
                yield child
            else:
                self._report("dmn_unsupported", child, tag=tag)

    def _errors(self) -> int:
        return sum(found.severity == "error" for found in self.problems)

    def _report(
        self,
        code: str,
        element: xml.Element,
        *,
        severity: Literal["error", "warning"] = "error",
        **facts: Any,
    ) -> None:
        place = element
        while place.get("id") is None and (parent := place.getparent()) is not None:
            place = parent
        text = next(_elements(element, "text"), element)
        self.problems.append(
            problem(
                code,
                file=self.file,
                element_id=place.get("id"),
                element_name=element.get("name") or self.decision_name,
                line=text.sourceline,
                severity=severity,
                **facts,
            )
        )


def _same_outputs(one: Rule, other: Rule) -> bool:
    texts = [tuple(cell.text.strip() if cell else "" for cell in rule.outputs) for rule in (one, other)]
    return texts[0] == texts[1]


def _elements(parent: xml.Element, tag: str) -> Iterator[xml.Element]:
    return (child for child in parent.iterchildren("*") if xml.local_name(child) == tag)


def _text(element: xml.Element) -> str:
    """What stands in the element's `text`, CDATA or not."""
    holder = next(_elements(element, "text"), None)
    return "".join(holder.itertext()) if holder is not None else ""


def _reason(error: EngineError) -> str:
    return error.reason if isinstance(error, ExpressionError) else error.message
