"""What deployment and `jigai check` report: where, what is wrong, what to do about it.

A sentence is written once, in `PROBLEMS`, in Chinese and English, with the facts of the case as `{name}`
fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.decision_sentences import OF_DECISIONS
from engine.diagram_sentences import OF_DIAGRAMS
from engine.event_sentences import OF_EVENTS
from engine.sentences import Sentence

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Problem:
    """One finding about one place of one file. `line` is None only where the file could not be read at
    all.
    """

    file: str
    element_id: str | None
    element_name: str | None
    line: int | None
    code: str
    message: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        name = f"「{self.element_name}」" if self.element_name else ""
        return " ".join(part for part in (place, self.element_id, name, self.message, self.remedy) if part)

    def in_language(self, language: Language, say: Callable[[str], str] = str) -> Problem:
        """The same finding with its sentence and remedy in `language`; `say` tells texts among its facts, such as why
        an expression is wrong, in it.
        """
        return problem(
            self.code,
            file=self.file,
            element_id=self.element_id,
            element_name=self.element_name,
            line=self.line,
            severity=self.severity,
            language=language,
            **{name: say(fact) if isinstance(fact, str) else fact for name, fact in self.facts.items()},
        )


def problem(
    code: str,
    *,
    file: str,
    element: Any = None,
    element_id: str | None = None,
    element_name: str | None = None,
    line: int | None = None,
    severity: Literal["error", "warning"] = "error",
    language: Language = "zh",
    **facts: Any,
) -> Problem:
    """The problem `code` of the catalogue at a place.

    `element` is an lxml element: its id, name and line serve where they are not given. Further keywords are
    the facts that the sentence names; a missing one is a KeyError, since the sentence would be wrong
    without it.
    """
    if element is not None:
        element_id = element.get("id") if element_id is None else element_id
        element_name = element.get("name") if element_name is None else element_name
        line = element.sourceline if line is None else line
    sentence = PROBLEMS[code]
    texts = (sentence.zh, sentence.remedy_zh) if language == "zh" else (sentence.en, sentence.remedy_en)
    message, remedy = (text.format(**facts) for text in texts)
    return Problem(file, element_id, element_name, line, code, message, remedy, severity, facts)


PROBLEMS: Mapping[str, Sentence] = {**OF_DIAGRAMS, **OF_EVENTS, **OF_DECISIONS}
"""Code → sentence."""
