"""Who may do a task: the groups that the engine asks for (design §4). A lane's id is a role.

Groups are texts: `enterprise:E01`, `agency:A07:handler`, and `admin` of the system's administrators. Membership and
substitution are asked each time, so that a change of office counts at once, and a substitution ends by its date.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from engine.assignment import Person, Standing
from records.agencies import Agency
from records.calendar import local_date
from records.masking import name_for
from records.roles import AdminRole
from records.substitutions import PRINCIPALS
from records.users import User, UserKind, UserRole, user_by_username

ENTERPRISE_ROLE, ADMIN_ROLE = "enterprise", AdminRole.SYSTEM.value

# Users while their account is open, and so is their agency.
_OPEN = and_(User.active, or_(User.agency_id.is_(None), Agency.active))
_ALL_ACTIVE = select(User.id).outerjoin(Agency, Agency.id == User.agency_id).where(_OPEN)
_ACTIVE = _ALL_ACTIVE.where(User.username == bindparam("actor"))
# One row for each of a user's roles; one without a role where there is none.
_ROLES = (User.kind, User.enterprise_id, User.agency_id, UserRole.role)
_MEMBERSHIPS = _ACTIVE.outerjoin(UserRole, UserRole.user_id == User.id).with_only_columns(*_ROLES)
# The same of the user and of everybody they substitute, and the accounts that were merged into theirs: found by their
# ids, so that no other user is looked at.
_MINE = select(User.id).where(User.username == bindparam("actor", type_=String))
_MERGED = select(User.id).where(User.merged_into == _MINE.scalar_subquery())
_THEIRS = union_all(_MINE, PRINCIPALS, _MERGED).subquery()
_STANDING = (
    select(User.username, User.merged_into, *_ROLES)
    .outerjoin(Agency, Agency.id == User.agency_id)
    .join(_THEIRS, _THEIRS.c.id == User.id)
    .outerjoin(UserRole, UserRole.user_id == User.id)
    .where(or_(_OPEN, User.merged_into.is_not(None)))
    .order_by(User.username)
)


def enterprise_group(enterprise_id: str) -> str:
    return f"enterprise:{enterprise_id}"


def agency_group(agency_id: str, role: str) -> str:
    return f"agency:{agency_id}:{role}"


def members_of(session: Session, group: str) -> Sequence[User]:
    """Who is in a group now, by their names."""
    query = _ALL_ACTIVE.with_only_columns(User).order_by(User.name, User.id)
    if group == ADMIN_ROLE:
        return session.scalars(query.where(User.roles.any(UserRole.role == ADMIN_ROLE))).all()
    party, party_id, *role = group.split(":")
    if party == ENTERPRISE_ROLE:
        return session.scalars(query.where(User.kind == UserKind.ENTERPRISE, User.enterprise_id == party_id)).all()
    of_agency = query.where(User.kind == UserKind.AUTHORITY, User.agency_id == party_id)
    return session.scalars(of_agency.where(User.roles.any(UserRole.role.in_(role)))).all()


def _groups(kind: str, enterprise_id: str | None, agency_id: str | None, role: str | None) -> Iterator[str]:
    """The group that a user with a role is in, if that is one."""
    if kind == UserKind.ENTERPRISE and enterprise_id:
        yield enterprise_group(enterprise_id)
    elif kind == UserKind.AUTHORITY and agency_id and role:
        yield agency_group(agency_id, role)
    elif kind == UserKind.ADMIN and role == ADMIN_ROLE:
        yield ADMIN_ROLE


class RecordsAssignment:
    """The engine's assignment policy, answered from users and agencies. An actor is a username."""

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        """The group that the tasks of a lane belong to in a case with these root variables.

        Raises ValueError when the case does not say which enterprise or agency it concerns.
        """
        if role == ADMIN_ROLE:
            return ADMIN_ROLE
        party = "enterprise" if role == ENTERPRISE_ROLE else "agency"
        party_id = variables.get(party)
        if not isinstance(party_id, str) or not party_id:
            raise ValueError(f"the role “{role}” needs the case's variable “{party}”, which is {party_id!r}")
        return enterprise_group(party_id) if party == "enterprise" else agency_group(party_id, role)

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        """Every group the actor belongs to now; none for an unknown name or who is not active."""
        return frozenset(group for row in session.execute(_MEMBERSHIPS, {"actor": actor}) for group in _groups(*row))

    def standing_of(self, session: Session, actor: str, now: datetime) -> Standing:
        """The actor and those whom he substitutes on this day, with their groups; principals of his own agency only,
        who are active. Nobody who is not active himself stands in for anybody. What was done under accounts that were
        merged into the actor's is the actor's."""
        groups: dict[str, set[str]] = {}
        agencies: dict[str, str | None] = {}
        formerly: set[str] = set()
        asked = {"actor": actor, "today": local_date(now)}
        for username, merged_into, kind, enterprise_id, agency_id, role in session.execute(_STANDING, asked):
            if merged_into is not None:
                formerly.add(username)
                continue
            groups.setdefault(username, set()).update(_groups(kind, enterprise_id, agency_id, role))
            agencies[username] = agency_id
        if actor not in groups:
            return Standing(Person(actor))
        people = {name: Person(name, frozenset(found)) for name, found in groups.items()}
        principals = (people[name] for name in people if name != actor and agencies[name] == agencies[actor])
        return Standing(people[actor], tuple(principals), frozenset(formerly))

    def is_active(self, session: Session, actor: str) -> bool:
        """Whether the actor still works here: the account is open, and so is its agency."""
        return session.scalar(_ACTIVE, {"actor": actor}) is not None

    def display(self, session: Session, actor: str, reader: str | None = None) -> str:
        """The name people read, `reader` perhaps masked; the username itself where nobody has it (any more)."""
        user = user_by_username(session, actor)
        if user is None:
            return actor
        return name_for(user, user_by_username(session, reader)) if reader is not None else user.name
