"""Who may do a task: the groups that the engine asks for (design §4). A lane's id is a role.

Groups are texts: `enterprise:E01`, `agency:A07:handler`. Membership is asked each time, so that a change of
office counts at once.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from records.agencies import Agency
from records.users import User, UserKind, UserRole, user_by_username

ENTERPRISE_ROLE = "enterprise"

# The user of a name while the account is open, and so is its agency.
_ACTIVE = (
    select(User.id)
    .outerjoin(Agency, Agency.id == User.agency_id)
    .where(User.username == bindparam("actor"), User.active, or_(User.agency_id.is_(None), Agency.active))
)
# One row for each of the user's roles; one without a role where there is none.
_MEMBERSHIPS = _ACTIVE.outerjoin(UserRole, UserRole.user_id == User.id).with_only_columns(
    User.kind, User.enterprise_id, User.agency_id, UserRole.role
)


def enterprise_group(enterprise_id: str) -> str:
    return f"enterprise:{enterprise_id}"


def agency_group(agency_id: str, role: str) -> str:
    return f"agency:{agency_id}:{role}"


class RecordsAssignment:
    """The engine's assignment policy, answered from users and agencies. An actor is a username."""

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        """The group that the tasks of a lane belong to in a case with these root variables.

        Raises ValueError when the case does not say which enterprise or agency it concerns.
        """
        party = "enterprise" if role == ENTERPRISE_ROLE else "agency"
        party_id = variables.get(party)
        if not isinstance(party_id, str) or not party_id:
            raise ValueError(f"the role “{role}” needs the case's variable “{party}”, which is {party_id!r}")
        return enterprise_group(party_id) if party == "enterprise" else agency_group(party_id, role)

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        """Every group the actor belongs to now; none for an administrator, an unknown name or who is not active."""
        groups = set()
        for kind, enterprise_id, agency_id, role in session.execute(_MEMBERSHIPS, {"actor": actor}):
            if kind == UserKind.ENTERPRISE and enterprise_id:
                groups.add(enterprise_group(enterprise_id))
            elif kind == UserKind.AUTHORITY and agency_id and role:
                groups.add(agency_group(agency_id, role))
        return frozenset(groups)

    def is_active(self, session: Session, actor: str) -> bool:
        """Whether the actor still works here: the account is open, and so is its agency."""
        return session.scalar(_ACTIVE, {"actor": actor}) is not None

    def display(self, session: Session, actor: str) -> str:
        """The name people read; the username itself where nobody has it (any more)."""
        user = user_by_username(session, actor)
        return actor if user is None else user.name
