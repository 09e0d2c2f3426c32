"""Jurisdiction 管辖: whose matters somebody may look at, beside those whom he acts for (design §4, R52, R183-R185).

An enterprise sees its own. An official sees his agency's and those of the agencies below it; one of the province
everybody's. The administrators of the system and of the audit see all (`records/roles.py`). Acting is another
matter: tasks go to groups (`records/assignment.py`), and what an official begins himself, such as 撤销, concerns
his own agency alone.
"""

from sqlalchemy import ColumnElement, ScalarSelect, case, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from records.agencies import Agency, AgencyLevel
from records.roles import OVERSEEING, OfficialRole
from records.users import User, UserKind

HANDLING = frozenset((OfficialRole.HANDLER, OfficialRole.REVIEWER, OfficialRole.SIGNER))
"""The roles in which an official decides for his agency."""

_Owner = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


def agencies_seen_from(agency_id: str) -> ScalarSelect[str]:
    """The ids of an agency and of all that are below it, however far; of a province's, every agency's."""
    province = select(Agency.id).where(Agency.id == agency_id, Agency.level == AgencyLevel.PROVINCE).exists()
    tree = select(Agency.id).where(or_(Agency.id == agency_id, province)).cte("seen_agencies", recursive=True)
    tree = tree.union(select(Agency.id).join(tree, Agency.parent_id == tree.c.id))
    return select(tree.c.id).scalar_subquery()


def in_sight(user: User, *, enterprise: _Owner, agency: _Owner) -> ColumnElement[bool]:
    """Which rows a user may look at, by the columns that say whose they are."""
    kind = UserKind(user.kind)
    if user.admin_role in OVERSEEING:
        return true()
    if kind == UserKind.ENTERPRISE and user.enterprise_id is not None:
        return enterprise == user.enterprise_id
    if kind == UserKind.AUTHORITY and user.agency_id is not None:
        return agency.in_(agencies_seen_from(user.agency_id))
    return false()


def sight(session: Session, user: User, *, enterprise: _Owner, agency: _Owner) -> ColumnElement[bool]:
    """The same for a question about very many rows: an official's agencies are named one by one, so that the database
    knows how many rows are theirs before it decides how to look for them."""
    if UserKind(user.kind) != UserKind.AUTHORITY:
        return in_sight(user, enterprise=enterprise, agency=agency)
    theirs = in_sight(user, enterprise=Agency.id, agency=Agency.id)
    told = session.execute(select(Agency.id, case((theirs, 1), else_=0))).all()
    mine = [agency_id for agency_id, is_mine in told if is_mine]
    return true() if len(mine) == len(told) else agency.in_(mine)


def sees(session: Session, user: User, *, enterprise_id: str | None, agency_id: str | None) -> bool:
    """Whether a user may look at what belongs to this enterprise and this agency."""
    kind = UserKind(user.kind)
    if user.admin_role in OVERSEEING:
        return True
    if kind == UserKind.ENTERPRISE:
        return user.enterprise_id is not None and enterprise_id == user.enterprise_id
    if user.agency_id is None or agency_id is None:
        return False
    if agency_id == user.agency_id:
        return True
    return bool(
        session.scalar(
            select(
                select(Agency.id)
                .where(Agency.id == agency_id, Agency.id.in_(agencies_seen_from(user.agency_id)))
                .exists()
            )
        )
    )


def in_hand(user: User, *, enterprise: _Owner, agency: _Owner) -> ColumnElement[bool]:
    """Which rows a user may begin something about: those of his enterprise, or of the very agency he decides for."""
    if user.kind == UserKind.ENTERPRISE and user.enterprise_id is not None:
        return enterprise == user.enterprise_id
    if decides(user):
        return agency == user.agency_id
    return false()


def decides(user: User, agency_id: str | None = None) -> bool:
    """Whether a user's office lets him decide for his agency; with `agency_id`, for that one."""
    if user.kind != UserKind.AUTHORITY or user.agency_id is None or not user.role_names & HANDLING:
        return False
    return agency_id is None or agency_id == user.agency_id
