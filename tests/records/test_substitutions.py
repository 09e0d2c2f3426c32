"""代理: who may substitute whom, and on which days it counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from engine.assignment import Person
from engine.errors import CommandRefused
from records.agencies import Agency
from records.assignment import RecordsAssignment, members_of
from records.substitutions import Substitution, SubstitutionState, appoint, recall, recall_all, substitutions
from records.users import User, user_by_username
from tests.records.conftest import NOW

policy = RecordsAssignment()
TODAY = date(2021, 11, 15)
HANDLER, REVIEWER = "agency:A07:handler", "agency:A07:reviewer"


def user(session: Session, name: str) -> User:
    found = user_by_username(session, name)
    assert found is not None
    return found


def name_substitute(
    session: Session, principal: str, substitute: str, first: int = 0, last: int = 2, *, actor: str = "admin"
) -> Substitution:
    """From `first` to `last` days after today."""
    days = TODAY + timedelta(days=first), TODAY + timedelta(days=last)
    return appoint(session, user(session, principal), user(session, substitute), *days, actor=actor, now=NOW)


def names(session: Session, actor: str, days: int = 0) -> set[str]:
    return set(policy.standing_of(session, actor, NOW + timedelta(days=days)).names)


def test_a_substitute_stands_in_with_the_groups_of_the_principal_on_the_days_named(session: Session) -> None:
    name_substitute(session, "gx11", "gx10", 1, 2)
    assert [names(session, "gx10", days) for days in range(4)] == [
        {"gx10"},
        {"gx10", "gx11"},
        {"gx10", "gx11"},
        {"gx10"},
    ]
    standing = policy.standing_of(session, "gx10", NOW + timedelta(days=1))
    assert standing.person == Person("gx10", frozenset({HANDLER}))
    assert standing.principals == (Person("gx11", frozenset({REVIEWER})),)
    assert policy.groups_of(session, "gx10") == {HANDLER}


def test_the_days_are_those_of_guangdong(session: Session) -> None:
    name_substitute(session, "gx11", "gx10", 0, 0)
    midnight = NOW.replace(hour=16, minute=0)  # in Guangdong
    assert policy.standing_of(session, "gx10", midnight - timedelta(seconds=1)).names == {"gx10", "gx11"}
    assert policy.standing_of(session, "gx10", midnight).names == {"gx10"}


def test_nobody_stands_in_for_whom_the_principal_substitutes(session: Session) -> None:
    name_substitute(session, "gx11", "gx10")
    name_substitute(session, "gx10", "gx12")
    assert names(session, "gx12") == {"gx12", "gx10"}


def test_a_substitution_counts_while_both_are_active_in_one_agency(session: Session) -> None:
    name_substitute(session, "gx11", "gx10")
    principal, substitute = user(session, "gx11"), user(session, "gx10")
    principal.active = False
    assert names(session, "gx10") == {"gx10"}
    principal.active, substitute.active = True, False
    assert names(session, "gx10") == {"gx10"}
    assert policy.standing_of(session, "gx10", NOW).groups == frozenset()
    substitute.active, principal.agency_id = True, "A10"
    assert names(session, "gx10") == {"gx10"}
    principal.agency_id = "A07"
    assert names(session, "gx10") == {"gx10", "gx11"}
    session.get_one(Agency, "A07").active = False
    assert policy.standing_of(session, "gx10", NOW).groups == frozenset()


def test_a_substitution_may_be_recalled_and_another_named(session: Session) -> None:
    first = name_substitute(session, "gx11", "gx10")
    recall(session, first, actor="gx11", now=NOW)
    assert (first.state(TODAY), first.ended_by) == (SubstitutionState.RECALLED, "gx11")
    assert names(session, "gx10") == {"gx10"}
    with pytest.raises(CommandRefused, match="这次代理已经结束"):
        recall(session, first, actor="gx11", now=NOW)
    second = name_substitute(session, "gx11", "gx12")
    assert [found.id for found in substitutions(session, user(session, "gx11"))] == [second.id, first.id]
    assert [found.id for found in substitutions(session, None, before_id=second.id)] == [first.id]


def test_who_leaves_neither_is_substituted_nor_substitutes(session: Session) -> None:
    leaver = user(session, "gx10")
    made = [name_substitute(session, "gx11", "gx10"), name_substitute(session, "gx10", "gx12", 5, 9)]
    recall_all(session, leaver, actor="admin", now=NOW)
    assert [one.state(TODAY) for one in made] == [SubstitutionState.RECALLED] * 2


def test_a_substitution_lasts_three_months_at_most(session: Session) -> None:
    assert name_substitute(session, "gx11", "gx10", 1, 92).state(TODAY) == SubstitutionState.PLANNED
    with pytest.raises(CommandRefused, match="一次代理最长 92 天（含首尾两日）。"):
        name_substitute(session, "gx12", "gx10", 1, 93)


@pytest.mark.parametrize(
    ("principal", "substitute", "days", "code"),
    [
        ("gx11", "gx11", (0, 1), "substitute_unfit"),
        ("gx11", "gx13", (0, 1), "substitute_unfit"),
        ("gx11", "admin", (0, 1), "substitute_unfit"),
        ("ent01", "ent02", (0, 1), "principal_unfit"),
        ("gx11", "gx10", (-1, 1), "days_unfit"),
        ("gx11", "gx10", (2, 1), "days_unfit"),
        ("gx11", "gx10", (10, 102), "days_unfit"),
        ("gx12", "gx10", (2, 3), "already_substituted"),
    ],
)
def test_only_a_colleague_substitutes_and_one_at_a_time(
    session: Session, principal: str, substitute: str, days: tuple[int, int], code: str
) -> None:
    name_substitute(session, "gx12", "gx11", 3, 9)
    with pytest.raises(CommandRefused) as refused:
        name_substitute(session, principal, substitute, *days)
    assert refused.value.code == code


def test_the_members_of_a_group_are_those_who_are_active_in_it(session: Session) -> None:
    assert [found.username for found in members_of(session, HANDLER)] == ["gx10"]
    assert [found.username for found in members_of(session, "enterprise:E01")] == ["ent01"]
    user(session, "gx10").active = False
    assert list(members_of(session, HANDLER)) == []
