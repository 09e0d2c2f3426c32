"""Applications for approval 项目核准, with the tender approval 招标核准 in the same case (R14 to R17, domain §2.11).

Beside the project the form has what the materials follow from (`land_use`, `merger` …), `materials` (the attachment of
each, by the material's key) and `tender` (who pays, and one row for each contract).
"""

from types import MappingProxyType
from typing import ClassVar

from records.certificates import Clearance
from records.documents import DocumentStatus
from records.projects import Project

APPROVAL = "approval"
"""The kind, and its process."""


class Reply(Clearance):
    """What an approved project holds: 核准批复. The paper with its number is among the application's."""

    __mapper_args__ = {"polymorphic_identity": APPROVAL}  # noqa: RUF012 - SQLAlchemy's own
    NOUN = "核准批复"
    NUMBER = "批复文号"
    AGAIN = "申请核准"


class Approval(Project):
    """One application from first draft to reply."""

    __mapper_args__ = {"polymorphic_identity": APPROVAL}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "项目核准"
    PAPER = Reply.NOUN
    HOLDS = Reply
    SERIES = "HZ"
    WHY_FIXED: ClassVar = MappingProxyType(
        {
            DocumentStatus.ISSUED: "该{noun}已核准，不能修改；如需修改，请申请核准变更，经核准机关书面同意。",
            DocumentStatus.NOT_ACCEPTED: "该{noun}不予受理，流程已结束，不能修改；可重新申请（项目代码仍可用）。",
        }
    )
