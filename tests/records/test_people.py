"""Users, tokens, groups, and the sample they come from."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.agencies import Agency, filing_agencies
from records.announcements import AnnouncementKind, announcements
from records.assignment import RecordsAssignment, members_of
from records.enterprises import Enterprise
from records.formats import identity_valid, mobile_valid, parse_project_code, uscc_valid
from records.industry import IndustryClass, search_classes
from records.passwords import check_password, set_password
from records.policies import PolicyKind, edition_in_force, entries
from records.regions import Region, full_name, is_prd_core
from records.sample import draft_forms, load_sample
from records.tokens import ApiToken, issue_token, token_of
from records.users import User, user_by_username
from tests.records.conftest import NOW, PASSWORD

policy = RecordsAssignment()


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_sample_is_loaded_once_however_often_it_is_asked_for(session: Session, sample: dict[str, Any]) -> None:
    models = (Agency, Enterprise, User, Region, IndustryClass)
    before = [count(session, model) for model in models]
    load_sample(session, sample, PASSWORD)
    session.commit()
    assert before == [count(session, model) for model in models]
    assert before[:4] == [12, 8, 22, 144]


def test_every_enterprise_of_the_sample_passes_the_checks_of_a_filing(session: Session) -> None:
    for enterprise in session.scalars(select(Enterprise)):
        assert uscc_valid(enterprise.uscc)
        assert identity_valid(enterprise.legal_rep["id_type"], enterprise.legal_rep["id_no"])
        assert mobile_valid(enterprise.contact["mobile"])


def test_the_demos_forms_begin_in_the_future_and_say_nothing_the_server_decides(
    sample: dict[str, Any],
) -> None:
    today = date(2026, 11, 24)
    drafts = draft_forms(sample, today)
    assert [(draft.username, draft.form["agency"]) for draft in drafts] == [
        ("ent01", "A07"),
        ("ent08", "A07"),
        ("ent03", "A08"),
    ]
    for draft in drafts:
        start = date.fromisoformat(draft.form["planned_start"])
        assert today < start < date.fromisoformat(draft.form["planned_completion"])
        code = parse_project_code(draft.form["project_code"])
        assert code is not None
        assert code.check_digit_right
        assert not {"enterprise", "catalogue_edition", "negative_list_edition"} & draft.form.keys()


def test_only_active_agencies_of_cities_and_districts_may_be_chosen(session: Session) -> None:
    session.get_one(Agency, "A07").active = False
    session.get_one(Agency, "A08").can_file = False
    chosen = [agency.id for agency in filing_agencies(session)]
    assert len(chosen) == 9
    assert not {"A01", "A07", "A08"} & set(chosen)


def test_only_the_right_password_opens_an_open_account(session: Session) -> None:
    user = user_by_username(session, "gx10")
    assert user is not None
    assert check_password(user, PASSWORD)
    assert not check_password(user, "wrong")
    assert not check_password(None, PASSWORD)
    set_password(session, user, "another one")
    assert check_password(user, "another one")
    user.active = False
    assert not check_password(user, "another one")
    user.active, user.password_hash = True, None
    assert not check_password(user, "")


def test_a_token_opens_its_users_account_and_is_not_in_the_database(session: Session) -> None:
    user = user_by_username(session, "gx10")
    assert user is not None
    token, text = issue_token(session, user, NOW, days=30)
    session.commit()
    assert token_of(session, text, NOW) is token
    assert token_of(session, text + "x", NOW) is None
    assert token_of(session, text, NOW + timedelta(days=30)) is None
    assert text not in session.scalars(select(ApiToken.digest)).all()
    user.active = False
    assert token_of(session, text, NOW) is None


def test_a_lanes_id_and_the_case_say_which_group_does_a_task(session: Session) -> None:
    variables = {"agency": "A07", "enterprise": "E01"}
    assert policy.group_for(session, "enterprise", variables) == "enterprise:E01"
    assert policy.group_for(session, "handler", variables) == "agency:A07:handler"
    assert policy.group_for(session, "rechecker", variables) == "agency:A07:rechecker"


@pytest.mark.parametrize("variables", [{}, {"agency": None}, {"agency": ""}, {"agency": 7}])
def test_a_case_without_an_agency_has_no_group_for_its_officials(session: Session, variables: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="agency"):
        policy.group_for(session, "handler", variables)


@pytest.mark.parametrize(
    ("actor", "groups"),
    [
        ("ent01", {"enterprise:E01"}),
        ("gx10", {"agency:A07:handler"}),
        ("gx13", {"agency:A10:handler", "agency:A10:reviewer", "agency:A10:signer"}),
        ("province", {"agency:A01:supervisor"}),
        ("admin", {"admin"}),
        ("nobody", set()),
    ],
)
def test_an_actor_belongs_to_the_groups_of_his_office(session: Session, actor: str, groups: set[str]) -> None:
    assert policy.groups_of(session, actor) == groups


def test_administrators_are_a_group_of_their_own(session: Session) -> None:
    assert policy.group_for(session, "admin", {}) == "admin"
    assert [user.username for user in members_of(session, "admin")] == ["admin"]


def test_who_leaves_or_whose_agency_closes_is_no_longer_active(session: Session) -> None:
    assert policy.is_active(session, "gx10")
    assert not policy.is_active(session, "nobody")
    session.get_one(Agency, "A07").active = False
    assert not policy.is_active(session, "gx10")
    assert policy.groups_of(session, "gx10") == frozenset()
    user = user_by_username(session, "ent01")
    assert user is not None
    user.active = False
    assert not policy.is_active(session, "ent01")


def test_people_see_names_and_not_usernames(session: Session) -> None:
    assert policy.display(session, "gx10") == "李经办"
    assert policy.display(session, "left.long.ago") == "left.long.ago"


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2019, 12, 31), "2011年本"),
        (date(2020, 1, 1), "2019年本"),
        (date(2024, 1, 31), "2019年本"),
        (date(2024, 2, 1), "2024年本"),
        (date(2030, 1, 1), "2024年本"),
        (date(2000, 1, 1), None),
    ],
)
def test_the_edition_in_force_is_the_days(session: Session, day: date, edition: str | None) -> None:
    found = edition_in_force(session, PolicyKind.INDUSTRY_CATALOGUE, day)
    assert (found.edition if found else None) == edition


def test_the_entries_that_ship_are_marked_as_samples(session: Session) -> None:
    found = entries(session, PolicyKind.INDUSTRY_CATALOGUE, "2019年本")
    assert {entry.category for entry in found} == {"鼓励类", "限制类", "淘汰类"}
    assert all("样例" in entry.title for entry in found)


def test_industry_classes_are_found_by_code_and_by_name(session: Session) -> None:
    assert [found.name for found in search_classes(session, "3972")] == ["半导体分立器件制造"]
    assert "3972" in [found.code for found in search_classes(session, "半导体")]
    assert search_classes(session, "%") == []
    assert len(search_classes(session, "制造", limit=5)) == 5


def test_the_table_of_classes_has_the_sections_of_the_field(session: Session) -> None:
    sections = dict(session.execute(select(IndustryClass.section, func.count()).group_by(IndustryClass.section)).all())
    assert sections.keys() == {"A", "B", "C", "D", "I"}
    assert sections["C"] == 609
    assert session.get_one(IndustryClass, "0121").section == "A"


def test_nine_cities_and_their_districts_are_the_core_of_the_delta(session: Session) -> None:
    assert session.scalar(select(func.count()).where(Region.prd_core, Region.level == 2)) == 9
    assert is_prd_core(session, "440704")
    assert is_prd_core(session, "440799")
    assert not is_prd_core(session, "440205")
    assert not is_prd_core(session, "110101")


def test_a_district_is_named_with_its_city(session: Session) -> None:
    assert full_name(session, "440704") == "江门市江海区"
    assert full_name(session, "441900") == "东莞市"
    assert full_name(session, "999999") == "999999"


def test_the_system_has_notices_from_the_start_and_no_filing_is_public_yet(session: Session) -> None:
    found = announcements(session, AnnouncementKind.INFORMATION)
    assert [item.published_at.date() for item in found] == [date(2021, 8, 3), date(2021, 7, 28)]
    assert announcements(session, AnnouncementKind.FILED) == []
