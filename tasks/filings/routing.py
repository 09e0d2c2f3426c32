"""Whether a project is approved or filed, and at which level (DMN-4)."""

from collections.abc import Mapping
from typing import Any

from engine.errors import DecisionError
from engine.services import Decide
from tasks.filings.vocabulary import NONE_OF_THEM

APPROVED, FILED = "核准", "备案"


def route(decide: Decide, *, category: str | None, item: str | None, level: str | None) -> Mapping[str, Any] | None:
    """What the table says of a renovation of industry or information technology: `route`, `level`, `note`. None where
    it needs a level of the catalogue's item that is not told."""
    try:
        answer: Mapping[str, Any] = decide(
            "routing",
            in_scope=True,
            technical_transformation=True,
            category=category or NONE_OF_THEM,
            subcase=item or NONE_OF_THEM,
            item_level=level or NONE_OF_THEM,
        )
    except DecisionError as undecided:
        if undecided.rules:
            raise  # rules that contradict each other are the table's fault, not the applicant's
        return None
    return answer
