"""People in full: for the handling authority only, and never without a line in the record."""

import html
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

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


def test_the_person_who_acts_for_an_enterprise_is_masked_wherever_others_read_of_it(
    portal: Portal, client_of: ClientOf, filing_id: str
) -> None:
    tasks = f"/tasks/{portal.task('gx10', filing_id)['id']}"
    number = portal.issue(filing_id)
    given = portal.call("ent01", "POST", f"/certificates/{number}/cancel", json={"reason": "不再实施"}).get_json()
    printed, cancellation = f"/filings/{filing_id}/application.pdf", f"/cancellations/{given['id']}"
    official, own = client_of("gx10"), client_of("ent01")
    for page in (tasks, printed, cancellation):
        told = text_of(official.get(page))
        assert "黄例甲" not in told, page
        assert "****甲" in told, page
    for page in (f"/filings/{filing_id}", printed, cancellation):
        assert "黄例甲" in text_of(own.get(page)), page
    history = f"/instances/{portal.filing(filing_id)['instance_id']}/history"
    for reader, name in (("gx10", "****甲"), ("auditor", "****甲"), ("ent01", "黄例甲")):
        lines = portal.call(reader, "GET", history).get_json()["items"]
        assert {line["actor_name"] for line in lines if line["actor"] == "ent01"} == {name}
        assert "李经办" in {line["actor_name"] for line in lines}


def test_nobody_learns_the_names_of_an_enterprises_people_from_its_tasks(portal: Portal, filing_id: str) -> None:
    portal.decide("gx10", filing_id, "return", "请补充设备清单")
    task = portal.task("ent01", filing_id)["id"]
    assert portal.call("gx10", "GET", f"/tasks/{task}/colleagues").get_json() == {"items": []}
    assert portal.submit(filing_id).status_code == 200
    late = portal.call("gx10", "POST", f"/tasks/{task}/complete", json={"data": {}})
    assert late.status_code == 409
    assert "由****甲于" in late.get_json()["detail"]
    received = portal.task("gx10", filing_id)["id"]
    wrong = portal.call("gx10", "POST", f"/tasks/{received}/transfer", json={"to": "ent01"})
    assert wrong.status_code == 422
    assert "****甲不能办理" in wrong.get_json()["detail"]


def text_of(answer: Any) -> str:
    """What an answer says, a page or a PDF."""
    assert answer.status_code == 200
    if answer.mimetype != "application/pdf":
        return html.unescape(answer.text.partition("<main")[2])
    return "".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages).replace("\n", "")


def test_a_draft_has_nothing_to_show(portal: Portal) -> None:
    assert portal.call("gx10", "POST", f"/documents/{portal.draft()['id']}/people").status_code == 404


def test_a_look_after_the_end_is_recorded_and_the_record_stays_whole(portal: Portal, filing_id: str) -> None:
    portal.issue(filing_id)
    assert portal.call("gx11", "POST", f"/documents/{filing_id}/people").status_code == 200
    assert looks(portal, filing_id) == ["gx11"]
