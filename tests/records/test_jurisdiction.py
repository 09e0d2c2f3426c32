"""Whose matters somebody may look at, and whose he may begin something about."""

import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from records.agencies import Agency
from records.jurisdiction import decides, in_hand, in_sight, sees
from records.users import User, UserKind, UserRole

PROVINCE, CITY, ITS_DISTRICT, OTHER_CITY, OTHERS_DISTRICT = "A01", "A05", "A07", "A04", "A08"


def official(agency_id: str, role: str = "handler") -> User:
    user = User(id="UX", username="ux", name="某", kind=UserKind.AUTHORITY, agency_id=agency_id)
    user.roles = [UserRole(role=role)]
    return user


def enterprise(enterprise_id: str | None) -> User:
    return User(id="UE", username="ue", name="某", kind=UserKind.ENTERPRISE, enterprise_id=enterprise_id)


def agencies(session: Session, which: ColumnElement[bool]) -> list[str]:
    return sorted(session.scalars(select(Agency.id).where(which)))


@pytest.mark.parametrize(
    ("agency_id", "seen"),
    [(ITS_DISTRICT, [ITS_DISTRICT]), (CITY, [CITY, ITS_DISTRICT]), (OTHER_CITY, [OTHER_CITY, OTHERS_DISTRICT])],
)
def test_an_agency_sees_itself_and_what_is_below_it(session: Session, agency_id: str, seen: list[str]) -> None:
    user = official(agency_id)
    assert agencies(session, in_sight(user, enterprise=Agency.name, agency=Agency.id)) == seen
    every = agencies(session, Agency.id.is_not(None))
    assert [one for one in every if sees(session, user, enterprise_id="E01", agency_id=one)] == seen


def test_the_province_sees_every_agency_also_one_that_was_put_below_nobody(session: Session) -> None:
    session.get_one(Agency, OTHER_CITY).parent_id = None
    session.flush()
    seen = agencies(session, in_sight(official(PROVINCE), enterprise=Agency.name, agency=Agency.id))
    assert seen == agencies(session, Agency.id.is_not(None))


def test_an_enterprise_sees_its_own_only(session: Session) -> None:
    assert sees(session, enterprise("E01"), enterprise_id="E01", agency_id=CITY)
    assert not sees(session, enterprise("E01"), enterprise_id="E02", agency_id=CITY)
    assert not sees(session, enterprise(None), enterprise_id=None, agency_id=None)


def test_a_superior_looks_and_does_not_decide(session: Session) -> None:
    assert decides(official(ITS_DISTRICT), ITS_DISTRICT)
    assert not decides(official(CITY), ITS_DISTRICT)
    assert agencies(session, in_hand(official(CITY), enterprise=Agency.name, agency=Agency.id)) == [CITY]


def test_the_provinces_supervisor_decides_nothing(session: Session) -> None:
    user = official(PROVINCE, "supervisor")
    assert not decides(user)
    assert agencies(session, in_hand(user, enterprise=Agency.name, agency=Agency.id)) == []


def test_what_belongs_to_no_agency_yet_is_seen_by_none(session: Session) -> None:
    assert not sees(session, official(PROVINCE), enterprise_id="E01", agency_id=None)
