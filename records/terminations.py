"""Cancellations 注销, by the enterprise, and revocations 撤销, by the authority: a certificate ends (R154-R161)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from records.documents import Document

CANCELLATION, REVOCATION = "cancellation", "revocation"
"""The kinds, and their processes."""
LONGEST_REASON = 500
LONGEST_GROUND = 200


class Cancellation(Document):
    """An enterprise gives up its certificate. `form` has the key `reason`."""

    __mapper_args__ = {"polymorphic_identity": CANCELLATION}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案注销"
    NOUN = "注销"
    SERIES = "ZX"

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        self.form = {"reason": form.get("reason") or ""}


class Revocation(Document):
    """An authority takes a certificate back. `form` has the keys `reason` and `ground` (法律依据)."""

    __mapper_args__ = {"polymorphic_identity": REVOCATION}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案撤销"
    NOUN = "撤销"
    SERIES = "CX"

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        self.form = {"reason": form.get("reason") or "", "ground": form.get("ground") or ""}
