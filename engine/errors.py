"""What the engine raises. Messages are sentences for the person concerned, in Chinese, those with values as
`Phrase`, so that they can be told in another language; codes are for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.phrases import Phrase
from engine.problems import Problem

Severity = Literal["error", "warning"]


class EngineError(Exception):
    """Anything the engine refuses or fails at. `code` names the kind of failure and becomes an incident's
    code.
    """

    code: str = "engine_error"

    @property
    def message(self) -> str:
        """The sentence; where values stand in it, a `Phrase`."""
        return self.args[0] if self.args else ""


@dataclass(frozen=True)
class FieldError:
    """One complaint about one field of a document: `field` is its path in the submitted data."""

    field: str
    code: str
    message: str
    severity: Severity = "error"


class CommandRefused(EngineError):
    """A command that must not happen now: nothing was changed. `status` is the HTTP status it is answered
    with.
    """

    default_status = 409

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        remedy: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = self.default_status if status is None else status
        self.remedy = remedy
        self.details: dict[str, Any] = dict(details or {})


class BusinessRefusal(CommandRefused):
    """A document breaks the rules of the trade; `errors` holds every complaint at once."""

    default_status = 422

    def __init__(
        self,
        errors: Iterable[FieldError],
        *,
        code: str = "business_refusal",
        message: str = "",
        remedy: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message or "填写的内容有误，请按提示修改。", remedy=remedy, details=details)
        self.errors: list[FieldError] = list(errors)


class BpmnError(EngineError):
    """Raised in a service task or script to throw the BPMN error `code`, which an error event can catch."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class DeploymentRefused(EngineError):
    """A set of files that cannot be deployed; `problems` lists everything wrong with it, warnings
    included.
    """

    code = "deployment_refused"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BudgetExceeded(EngineError):
    """A command, script or expression used more steps, time or memory than it may."""

    code = "budget_exceeded"


class ValueRefused(EngineError):
    """A value that a process variable cannot hold. `path` says where it stands, such as
    `order.lines[2].price`.
    """

    code = "value_refused"

    def __init__(self, path: str, message: str) -> None:
        super().__init__(Phrase("{path}：{reason}", path=path, reason=message) if path else message)
        self.path = path


class ExpressionError(EngineError):
    """An expression, script, duration or date that cannot be read or worked out.

    `line` counts from 1 within the text of the expression, and is None where the text has one line only.
    """

    code = "expression_failed"

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else Phrase("第 {line} 行：{reason}", line=line, reason=message))
        self.reason = message
        self.line = line

    def at(self, line: int) -> ExpressionError:
        """The same error with its line."""
        return type(self)(self.reason, line)


class ExpressionTooCostly(ExpressionError, BudgetExceeded):
    """An expression or script that spent its budget of steps or of data."""

    code = "budget_exceeded"


class DecisionError(ExpressionError):
    """A decision table without an answer. `decision_id` names the table, `rules` the rules concerned, from
    1.
    """

    code = "decision_failed"

    def __init__(self, decision_id: str, message: str, rules: Iterable[int] = ()) -> None:
        super().__init__(message)
        self.decision_id = decision_id
        self.rules: tuple[int, ...] = tuple(rules)

    def at(self, line: int) -> DecisionError:
        """A table's error stands on its rules, not on a line."""
        return self
