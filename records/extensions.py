"""Extensions 备案延期: one year more for a certificate, once (R139 to R145)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from records.documents import Document, DocumentStatus

LONGEST_REASON = 500


class Extension(Document):
    """An extension of a certificate. `form` has the keys `agency` (延期审批机关) and `reason`."""

    __mapper_args__ = {"polymorphic_identity": "extension"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案延期"
    SERIES = "YQ"
    WHY_FIXED = MappingProxyType({DocumentStatus.TERMINATED: "已终止，不能修改。"})

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        self.form = {"agency": form.get("agency") or self.agency_id or "", "reason": form.get("reason") or ""}
        self._at_agency(session, self.form["agency"])
