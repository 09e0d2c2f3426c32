"""People in full: the names, identity numbers and phones that pages mask, for the authority that handles a document
(domain §4.5). Each look is a line in the record of the document's case, which both parties read."""

from typing import Any

from sqlalchemy import select

from engine.commands import Command
from engine.errors import CommandRefused
from engine.tables import Instance
from records.documents import DocumentVersion
from records.jurisdiction import decides
from records.projects import Project
from records.users import User

LOOKED = "people_shown"
"""What the record calls a look."""


def may_look(project: Project, user: User) -> bool:
    """Whether a user is of the authority that handles a document, in an office that decides."""
    return project.agency_id is not None and project.submission > 0 and decides(user, project.agency_id)


def look(command: Command, project: Project, user: User) -> DocumentVersion:
    """The document as it was submitted last, with its people; recorded. Raises CommandRefused 403 for anybody else."""
    if not may_look(project, user):
        raise CommandRefused(
            "forbidden", "只有办理该事项的备案机关的经办人、审核人、签发人可以查看完整个人信息。", status=403
        )
    # What was taken over from the old system has no case of its own, but its certificate has one.
    cases = select(Instance.id).where(Instance.business_key == project.id).order_by(Instance.started_at.desc())
    case = project.instance_id or command.session.scalar(cases.limit(1))
    if case is None:
        raise CommandRefused("instance_unknown", "这份申报没有案件，无法记录查看，因此不能查看。", status=409)
    command.note(case, LOOKED)
    return project.versions[-1]


def people_of(version: DocumentVersion) -> dict[str, Any]:
    """The people of a version: `legal_rep`, `contact` and `project_contact`."""
    personal = version.personal
    enterprise = personal["enterprise"]
    return {
        "legal_rep": enterprise.get("legal_rep"),
        "contact": enterprise.get("contact"),
        "project_contact": personal.get("project_contact"),
    }
