"""DMN files → decisions, refusing what is not on the allow-list, with every problem at once.

Reads DMN 1.1 to 1.5 as dmn-js writes them: decision tables, literal expressions, requirements between
decisions of one file. docs/reference/decisions.md says what is supported and how values compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args

from engine import cells, xml
from engine.cells import Cell
from engine.coverage import Coverage, repeated
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
from engine.phrases import Phrase
from engine.problems import Problem, problem
from engine.requirements import Requirement, linked

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

MOST_GAPS = 3
"""Gaps of one table that are reported."""


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
        self.tables: dict[str, xml.Element] = {}

    def read(self, root: xml.Element) -> list[Decision]:
        if xml.local_name(root) != "definitions" or xml.namespace(root) not in NAMESPACES:
            self._report("dmn_not_definitions", root)
            return []
        self._check_ids(root)
        self._check_language(root)
        read: dict[str, Decision] = {}
        needs: dict[str, list[Requirement]] = {}
        for element in self._children(root, ("decision",)):
            identifier = element.get("id") or ""
            if not identifier or identifier in needs:
                self._report("dmn_id", element, id=identifier)
                continue
            self.decision_name = element.get("name") or identifier
            errors = self._errors()
            logic, needs[identifier] = self._decision(element)
            if logic is not None and self._errors() == errors:
                read[identifier] = self._made(element, identifier, logic)
        decisions = linked(read, needs, self._report)
        for decision in decisions:
            self.decision_name = decision.name
            if isinstance(decision.logic, Table):
                self._check_rules(decision.logic, self.tables[decision.id], decision.required)
        return decisions

    def _check_ids(self, root: xml.Element) -> None:
        """Ids are unique in a file (XML Schema's `ID`). Those of decisions must be; of others nothing depends on it."""
        lines: dict[str, int] = {}
        for element in root.iterdescendants("*"):
            identifier = element.get("id")
            if identifier is None or xml.namespace(element) not in NAMESPACES or xml.local_name(element) == "decision":
                continue
            if identifier in lines:
                self._warn("duplicate_id", element, id=identifier, other=lines[identifier])
            lines.setdefault(identifier, element.sourceline)

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

    def _decision(self, element: xml.Element) -> tuple[Table | Expression | None, list[Requirement]]:
        """The logic of a decision, and what it needs."""
        needed: list[Requirement] = []
        logic: Table | Expression | None = None
        found = 0
        for child in self._children(
            element, ("variable", "informationRequirement", "decisionTable", "literalExpression")
        ):
            match xml.local_name(child):
                case "informationRequirement":
                    needed.extend(
                        Requirement(need.get("href") or "", need)
                        for need in self._children(child, ("requiredDecision", "requiredInput"))
                        if xml.local_name(need) == "requiredDecision"
                    )
                case "decisionTable":
                    found += 1
                    logic = self._table(child)
                    self.tables[element.get("id") or ""] = child
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
        return Table(
            policy,  # type: ignore[arg-type]  # reported above where it is none of the three
            aggregation,
            tuple(column for column in inputs if column is not None),
            tuple(outputs),
            tuple(rule for rule in rules if rule is not None),
        )

    def _check_names(self, element: xml.Element, outputs: list[Output]) -> None:
        names = [output.name for output in outputs]
        if not names or "" in names or len(set(names)) < len(names):
            self._report("dmn_output_names", element)

    def _input(self, element: xml.Element) -> Input | None:
        children = list(self._children(element, ("inputExpression", "inputValues")))
        expressions = [child for child in children if xml.local_name(child) == "inputExpression"]
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
        predefined = next((self._predefined(child) for child in children if child is not source), None)
        return Input(element.get("id") or "", label, expression, kind, predefined)

    def _predefined(self, element: xml.Element) -> Cell | None:
        """The predefined values of a column as a cell."""
        self._check_language(element)
        text = self._text(element)
        try:
            return Cell.parse(text) if text.strip() else None
        except EngineError as error:
            self._report("dmn_bad_cell", element, text=text.strip(), reason=_reason(error))
            return None

    def _output(self, element: xml.Element) -> Output:
        name = element.get("name") or ""
        allowed: tuple[str, ...] = ()
        default: Expression | None = None
        for child in self._children(element, ("outputValues", "defaultOutputEntry")):
            if xml.local_name(child) == "defaultOutputEntry":
                self._check_language(child)
                default = self._expression(child)
            elif (predefined := self._predefined(child)) is not None:
                allowed = tuple(end.text for end in predefined.endpoints)
        kind = self._type(element)
        output = Output(element.get("id") or "", name, element.get("label") or name, kind, allowed, default)
        if default is not None:
            self._check_output(element, output, default)
        return output

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
        text = self._text(element)
        try:
            cell = Cell.parse(text)
        except EngineError as error:
            self._report("dmn_bad_cell", element, text=text.strip(), reason=_reason(error))
            return None
        if column is not None:
            self._check_cell(element, cell, column)
        return cell

    def _check_cell(self, element: xml.Element, cell: Cell, column: Input) -> None:
        """What a cell compares with is of the column's type and, where values are predefined, one of them."""
        for end in cell.endpoints:
            items = end.value if type(end.value) is list else [end.value]
            if not all(cells.is_comparable(column.type, item) for item in items):
                expected = cells.title_of(column.type or "")
                self._report("dmn_cell_type", element, text=end.text, label=column.label, expected=expected)
            elif _is_bare(end.expression) and column.type == cells.TEXT:
                self._report("dmn_bare_name", element, severity="warning", text=end.text)
            elif end.constant and column.predefined is not None and column.predefined.excludes(end.value):
                self._report("dmn_not_allowed", element, severity="warning", text=end.text, label=column.label)

    def _check_output(self, element: xml.Element, output: Output, expression: Expression) -> None:
        """A fixed result is of the output's type and, where values are predefined, one of them."""
        if not expression.is_constant:
            if _is_bare(expression) and output.type == cells.TEXT:
                self._report("dmn_bare_name", element, severity="warning", text=expression.text.strip())
            return
        try:
            value = expression.evaluate({})
        except EngineError as error:
            self._report("dmn_bad_cell", element, text=expression.text.strip(), reason=_reason(error))
            return
        text = expression.text.strip()
        if not cells.is_comparable(output.type, value):
            expected = cells.title_of(output.type or "")
            self._report("dmn_cell_type", element, text=text, label=output.label, expected=expected)
        elif output.allowed and text not in output.allowed:
            self._report("dmn_not_allowed", element, severity="warning", text=text, label=output.label)

    def _check_rules(self, table: Table, element: xml.Element, required: tuple[Decision, ...]) -> None:
        """Warn of rules that say the same twice, hit together in a UNIQUE table or never hit, and of inputs that no
        rule hits where one must.
        """
        rows = list(_elements(element, "rule"))
        told = set()
        for later, earlier in repeated(table):
            told.add(later)
            self._warn("dmn_duplicate_rule", rows[later], rule=later + 1, other=earlier + 1)
        coverage = Coverage.of(table, required)
        if coverage is None:
            return
        for index, row in enumerate(rows):
            if index in told:
                continue
            if coverage.never_hits(index, first=table.hit_policy == "FIRST"):
                self._warn("dmn_never_hits", row, rule=index + 1)
            elif table.hit_policy == "UNIQUE" and (other := coverage.overlapping(index)) is not None:
                self._warn("dmn_overlap", row, rule=index + 1, other=other + 1)
        if table.hit_policy != "COLLECT" and all(output.default is None for output in table.outputs):
            for gap in coverage.gaps(MOST_GAPS):
                self._warn("dmn_gap", element, inputs=coverage.title(gap))

    # Texts and reports

    def _text(self, element: xml.Element) -> str:
        """What stands in the element's `text`, CDATA or not. Anything beside it or in it would be lost in silence."""
        texts = list(self._children(element, ("text",)))
        for lost in [*texts[1:], *(child for text in texts[:1] for child in text)]:
            self._report("dmn_unsupported", lost, tag=xml.local_name(lost))
        return (texts[0].text or "") if texts else ""

    def _expression(self, element: xml.Element, *, empty_allowed: bool = False) -> Expression | None:
        text = self._text(element)
        if not text.strip() or (empty_allowed and text.strip() == "-"):
            if not empty_allowed:
                self._report("dmn_bad_expression", element, text="", reason=Phrase("内容是空的。"))
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
            elif tag == "import":
                self._report("dmn_import", child, name=child.get("name") or child.get("locationURI") or "")
            else:
                self._report("dmn_unsupported", child, tag=tag)

    def _errors(self) -> int:
        return sum(found.severity == "error" for found in self.problems)

    def _warn(self, code: str, element: xml.Element, **facts: Any) -> None:
        self._report(code, element, severity="warning", **facts)

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


def _is_bare(expression: Expression) -> bool:
    """Whether it is nothing but the name of a variable."""
    return expression.text.strip().isidentifier() and bool(expression.names)


def _elements(parent: xml.Element, tag: str) -> Iterator[xml.Element]:
    return (child for child in parent.iterchildren("*") if xml.local_name(child) == tag)


def _reason(error: EngineError) -> str:
    return error.reason if isinstance(error, ExpressionError) else error.message
