"""Who may do a task: the groups that the engine asks for (design §4). A lane's id is a role.

Groups are texts: `enterprise:E01`, `agency:A07:handler`. Membership is asked each time, so that a change of
office counts at once.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from records.agencies import Agency
from records.users import User, UserKind, user_by_username

ENTERPRISE_ROLE = "enterprise"


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
        """Every group the actor belongs to now; none for an administrator or an unknown name."""
        user = user_by_username(session, actor)
        if user is None or not _active(session, user):
            return frozenset()
        if user.kind == UserKind.ENTERPRISE and user.enterprise_id:
            return frozenset((enterprise_group(user.enterprise_id),))
        if user.kind == UserKind.AUTHORITY and user.agency_id:
            return frozenset(agency_group(user.agency_id, role) for role in user.role_names)
        return frozenset()

    def is_active(self, session: Session, actor: str) -> bool:
        """Whether the actor still works here: the account is open, and so is its agency."""
        user = user_by_username(session, actor)
        return user is not None and _active(session, user)

    def display(self, session: Session, actor: str) -> str:
        """The name people read; the username itself where nobody has it (any more)."""
        user = user_by_username(session, actor)
        return actor if user is None else user.name


def _active(session: Session, user: User) -> bool:
    agency = session.get(Agency, user.agency_id) if user.agency_id else None
    return user.active and (agency is None or agency.active)
