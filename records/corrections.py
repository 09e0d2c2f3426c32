"""Corrections 更正: an authority sets right what was written wrongly on a certificate; nothing of substance changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from records.documents import Document

CORRECTION = "correction"
"""The kind, and its process."""
LONGEST_REASON = 500


@dataclass(frozen=True)
class Corrected:
    """One text that is set right: `old` as it is on file."""

    field: str
    old: str
    new: str


class Correction(Document):
    """An authority's correction of a certificate. `form` has the keys `texts` (what is to be written, by field),
    `reason`, and once submitted `before` (the same fields as they were on file)."""

    __mapper_args__ = {"polymorphic_identity": CORRECTION}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案更正"
    NOUN = "更正"
    PAPER = "更正说明"
    SERIES = "GZ"

    @property
    def corrected(self) -> list[Corrected]:
        """What a submitted correction sets right."""
        before: Mapping[str, str] = self.form.get("before", {})
        return [Corrected(field, old, self.form["texts"][field]) for field, old in before.items()]

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        texts = form.get("texts")
        self.form = {
            "texts": {str(field): str(text or "") for field, text in texts.items()}
            if isinstance(texts, Mapping)
            else {},
            "reason": str(form.get("reason") or ""),
        }

    def settle(self, before: Mapping[str, str]) -> None:
        """Keep of what is submitted only what differs, with what it replaces."""
        texts = {field: self.form["texts"][field].strip() for field in before}
        self.form = {**self.form, "texts": texts, "before": dict(before)}
