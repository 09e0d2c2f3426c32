"""What is wrong with a diagram, for tests of what is refused."""

from __future__ import annotations

from engine.deployments import Source, check
from engine.problems import Problem


def problems(content: bytes, file: str = "test.bpmn") -> list[Problem]:
    """The errors of a file; `work` is the only service there is."""
    found = check([Source(file, content)], lambda operator: operator == "work").problems
    return [problem for problem in found if problem.severity == "error"]


def codes(content: bytes) -> list[tuple[str | None, str]]:
    """The element and code of each."""
    return [(problem.element_id, problem.code) for problem in problems(content)]
