"""Who people are on the pages: their role in words, their place, and who stands behind a group."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.tables import Task
from records.assignment import enterprise_group
from records.enterprises import Enterprise
from records.jurisdiction import HANDLING
from records.masking import name_for
from records.roles import OfficialRole
from records.users import User, UserKind, UserRole, user_by_username
from web.identity import user_or_none
from web.texts import gettext as _

# In the order in which officials work, so that one with several roles reads 经办人、审核人、签发人.
_ROLES = tuple(OfficialRole)


def role_title(role: str | None) -> str:
    """A role as people call it; one that a diagram invented is shown as it is."""
    titles = {
        "enterprise": _("企业用户"),
        "handler": _("经办人"),
        "reviewer": _("审核人"),
        "signer": _("签发人"),
        "supervisor": _("省级监管"),
        "admin": _("系统管理员"),
        "security": _("安全管理员"),
        "auditor": _("审计管理员"),
    }
    return titles.get(role or "", role or "")


def roles_of(user: User) -> str:
    """A user's roles in words: 经办人, or 经办人、审核人."""
    if user.kind == UserKind.ENTERPRISE:
        return role_title("enterprise")
    if user.kind == UserKind.ADMIN:
        return role_title(user.admin_role)
    others = sorted(user.role_names - set(_ROLES))
    return _("、").join(role_title(role) for role in [r for r in _ROLES if r in user.role_names] + others)


def looks_on(user: User) -> bool:
    """Whether an official only looks on, as those of the province do: none of his roles decides anything."""
    return user.kind == UserKind.AUTHORITY and not user.role_names & HANDLING


def place_of(session: Session, user: User) -> str:
    """The enterprise or agency a user belongs to."""
    if user.enterprise_id:
        return session.get_one(Enterprise, user.enterprise_id).name
    return user.agency.name if user.agency else ""


def officials(session: Session, agency_id: str | None, role: str) -> list[str]:
    """The names of those who hold a role at an agency."""
    query = (
        select(User.name)
        .join(UserRole, UserRole.user_id == User.id)
        .where(User.agency_id == agency_id, UserRole.role == role, User.active)
        .order_by(User.id)
    )
    return list(session.scalars(query))


def holders(session: Session, agency_id: str | None, role: str | None, assignee: str | None = None) -> str:
    """Who has a step, or may take it: 王审核（审核人）; the role alone where nobody or many hold it."""
    title = role_title(role)
    if assignee is not None:
        return beside(name_of(session, assignee), title)
    names = officials(session, agency_id, role) if role else []
    return beside(_("、").join(names), title) if 0 < len(names) <= 2 else title


def beside(name: str, more: str) -> str:
    """A name with what tells more of it: 王审核（审核人）."""
    return _("%(name)s（%(more)s）", name=name, more=more)


def holder(session: Session, task: Task) -> str:
    """Who has an open task, or may take it; an enterprise by its name."""
    _kind, _colon, rest = (task.candidate_group or "").partition(":")
    party = rest.partition(":")[0]
    if task.candidate_group == enterprise_group(party):
        enterprise = session.get(Enterprise, party)
        return enterprise.name if enterprise is not None else role_title(task.role)
    return holders(session, party, task.role, task.assignee)


def name_of(session: Session, username: str) -> str:
    """The name of somebody, as whoever asks is told it; the username itself where nobody has it (any more)."""
    user = user_by_username(session, username)
    return shown_name(user) if user is not None else username


def shown_name(user: User) -> str:
    """A user's name as whoever asks is told it: masked where that is a person of an enterprise that is not theirs."""
    return name_for(user, user_or_none())
