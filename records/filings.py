"""Filings 备案申报: a renovation project told to its authority, which answers with a certificate.

After the issue the form is the project as it is now, every granted change included; what was submitted stays in the
versions.
"""

from types import MappingProxyType
from typing import ClassVar

from records.documents import DocumentStatus
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
    WHY_FIXED: ClassVar = MappingProxyType(
        {
            DocumentStatus.ISSUED: "已备案，不能修改；如需修改，请申请备案变更。",
            DocumentStatus.NOT_ACCEPTED: "不予受理，流程已结束，不能修改；请重新申报（项目代码仍可用）。",
        }
    )
