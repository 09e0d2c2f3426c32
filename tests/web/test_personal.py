"""People in full: for the handling authority only, and never without a line in the record."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]
IDENTITY = "44990119"  # the beginning of the legal representative's number, which a mask hides


@pytest.fixture
def filing_id(portal: Portal) -> str:
    """A filing that waits for 受理."""
    draft = str(portal.draft()["id"])
    assert portal.submit(draft).status_code == 200
    return draft


def looks(portal: Portal, filing_id: str) -> list[str]:
    """Who looked."""
    case = portal.filing(filing_id)["instance_id"]
    lines = portal.call("gx10", "GET", f"/instances/{case}/history").get_json()["items"]
    return [line["actor"] for line in lines if line["action"] == "people_shown"]


def test_who_handles_a_filing_sees_its_people_in_full_and_that_is_recorded(
    portal: Portal, client_of: ClientOf, filing_id: str
) -> None:
    official = client_of("gx10")
    page = f"/tasks/{portal.task('gx10', filing_id)['id']}"
    assert IDENTITY not in official.read(page)
    action = f"/documents/{filing_id}/people"
    shown = official.post(action, official.form(page, action))
    assert shown.status_code == 200
    assert IDENTITY in shown.text
    assert looks(portal, filing_id) == ["gx10"]
    assert "查看完整个人信息" in official.read(page)
    assert "查看完整个人信息" in client_of("ent01").read(f"/filings/{filing_id}")


def test_over_rest_a_look_is_recorded_too(portal: Portal, filing_id: str) -> None:
    people = portal.call("gx12", "POST", f"/documents/{filing_id}/people").get_json()
    assert people["legal_rep"]["id_no"].startswith(IDENTITY)
    assert people["project_contact"]["mobile"].isdigit()
    assert looks(portal, filing_id) == ["gx12"]


@pytest.mark.parametrize(
    ("user", "status"), [(None, 401), ("ent01", 403), ("ent02", 403), ("gx14", 404), ("province", 403), ("admin", 403)]
)
def test_nobody_else_does_and_nothing_is_recorded(
    portal: Portal, filing_id: str, user: str | None, status: int
) -> None:
    assert portal.call(user, "POST", f"/documents/{filing_id}/people").status_code == status
    assert looks(portal, filing_id) == []


def test_a_draft_has_nothing_to_show(portal: Portal) -> None:
    assert portal.call("gx10", "POST", f"/documents/{portal.draft()['id']}/people").status_code == 404


def test_a_look_after_the_end_is_recorded_and_the_record_stays_whole(portal: Portal, filing_id: str) -> None:
    portal.issue(filing_id)
    assert portal.call("gx11", "POST", f"/documents/{filing_id}/people").status_code == 200
    assert looks(portal, filing_id) == ["gx11"]
