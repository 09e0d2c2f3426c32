"""Filings 备案申报: a renovation project told to its authority, which answers with a certificate.

After the issue the form is the project as it is now, every granted change included; what was submitted stays in the
versions.
"""

from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from records.attachments import AttachmentStore, copy_attachments
from records.documents import DocumentStatus, create_draft
from records.projects import Project

FILING = "filing"
"""The kind, and its process."""


class Filing(Project):
    """One filing from first draft to certificate."""

    __mapper_args__ = {"polymorphic_identity": FILING}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案申报"
    NOUN = "申报"
    PAPER = "备案证"
    SERIES = "SB"
    COPIED_WHEN = frozenset((DocumentStatus.NOT_ACCEPTED, DocumentStatus.TERMINATED))
    WHY_FIXED: ClassVar = MappingProxyType(
        {
            DocumentStatus.ISSUED: "该{noun}已备案，不能修改；如需修改，请申请备案变更。",
            DocumentStatus.NOT_ACCEPTED: "该{noun}不予受理，流程已结束，不能修改；请重新申报（项目代码仍可用）。",
        }
    )

    @property
    def imported(self) -> bool:
        """Whether it was filed in the old system: nothing was submitted here, so there is no case of it (R195)."""
        return self.submission > 0 and self.instance_id is None


def copy(session: Session, store: AttachmentStore, filing: Filing, *, actor: str, now: datetime) -> Filing:
    """A new draft with an ended filing's data, project code and files; the commitment is to be made anew (R159).

    Raises CommandRefused 409 while the filing has not ended without a certificate.
    """
    if not filing.copyable:
        raise CommandRefused(
            "not_copyable",
            "只有不予受理或已终止的申报可以复制为新申报。",
            remedy="草稿和退回修改的申报可以直接修改；已备案的项目请申请备案变更。",
        )
    draft = Filing(enterprise_id=filing.enterprise_id)
    create_draft(session, draft, {**filing.full_form, "commitment": False}, actor=actor, now=now)
    copy_attachments(session, store, filing.id, draft.id, actor=actor, now=now)
    return draft
