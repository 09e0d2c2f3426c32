"""Extensions 备案延期, 核准延期: one year more for a certificate or reply, once (R139 to R145, domain §2.11)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from records.approvals import Approval, Reply
from records.documents import Document, DocumentStatus, about
from records.papers import NAMES, PaperKind

LONGEST_REASON = 500


class Extension(Document):
    """An extension of what a project holds. `form` has the keys `agency` (延期审批机关) and `reason`."""

    __mapper_args__ = {"polymorphic_identity": "extension"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案延期"
    SERIES = "YQ"
    WHY_FIXED = MappingProxyType({DocumentStatus.TERMINATED: "该{noun}已终止，不能修改。"})

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        self.form = {"agency": form.get("agency") or self.agency_id or "", "reason": form.get("reason") or ""}
        self._at_agency(session, self.form["agency"])


class ApprovalExtension(Extension):
    """An extension of a reply 核准批复: 延期开工建设 (国家发展改革委令2017年第2号 第三十八条)."""

    __mapper_args__ = {"polymorphic_identity": "approval_extension"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "核准延期"
    PAPER = NAMES[PaperKind.EXTENSION_CONSENT]
    HOLDS = Reply
    PROCESS = "extension"


def extension_about(project: Document) -> Extension:
    """A new extension of what a project holds."""
    return about(ApprovalExtension if isinstance(project, Approval) else Extension, project)
