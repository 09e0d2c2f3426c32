"""Approvals over REST: what the answers ask for, whether tenders are approved too, and the way to the reply."""

from __future__ import annotations

from typing import Any

from tests.web import applications
from tests.web.applications import APPLICANT
from tests.web.portal import Portal


def check(portal: Portal, approval_id: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = portal.call(APPLICANT, "POST", f"/approvals/{approval_id}/check", **({"json": form} if form else {}))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def codes(examination: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in examination["errors"]]


def test_an_application_goes_from_draft_to_its_reply(portal: Portal) -> None:
    approval = applications.draft(portal)
    assert (approval["status"], approval["number"]) == ("DRAFT", "HZ20260302-0001")
    assert portal.call(APPLICANT, "POST", f"/approvals/{approval['id']}/submit").status_code == 200
    waiting = applications.read(portal, approval["id"])
    assert (waiting["status"], waiting["allowed_actions"]) == ("SUBMITTED", ["withdraw"])
    applications.complete(portal, approval["id"], {"decision": "accept"})
    applications.complete(portal, approval["id"], {})
    applications.complete(portal, approval["id"], {"decision": "approve"})
    applications.complete(portal, approval["id"], {"decision": "issue"})
    assert applications.read(portal, approval["id"])["status"] == "ISSUED"
    listed = portal.call("gx15", "GET", "/approvals?status=ISSUED").get_json()["items"]
    assert [item["id"] for item in listed] == [approval["id"]]


def test_a_check_says_whether_tenders_need_approval_and_on_what_ground(portal: Portal) -> None:
    approval = applications.draft(portal)
    found = check(portal, approval["id"])
    assert found["errors"] == []
    tender = found["computed"]["tender"]
    assert tender["required"]
    assert tender["basis"][0].startswith("第二条(二)")
    assert found["computed"]["foreign"] is False
    free = check(portal, approval["id"], applications.form(portal, tender={"soe_funds_controlling": False}))
    assert not free["computed"]["tender"]["required"]
    assert free["computed"]["tender"]["basis"] == ["不属于依法必须招标的项目"]


def test_the_materials_follow_the_answers_and_each_names_its_file(portal: Portal) -> None:
    approval = applications.draft(portal)
    [report] = check(portal, approval["id"])["materials"]
    assert (report["key"], report["title"]) == ("application_report", "项目申请报告")
    assert report["attachment"] == approval["attachments"][0]["id"]
    asked = applications.form(portal, land_use="划拨", land_preexamination_exempt=False)
    found = check(portal, approval["id"], asked)
    assert [one["title"] for one in found["materials"]] == ["项目申请报告", "选址意见书", "用地（海）预审意见"]
    assert {one["attachment"] for one in found["materials"]} == {None}
    assert ("materials.site_opinion", "N08") in codes(found)


def test_only_agencies_that_approve_are_offered_and_taken(portal: Portal) -> None:
    offered = portal.call(APPLICANT, "GET", "/lookups/approving-agencies?q=汕头").get_json()["items"]
    assert [item["label"] for item in offered] == ["汕头华侨经济文化合作试验区管理委员会"]
    district = portal.call(APPLICANT, "GET", "/lookups/approving-agencies?q=江海区").get_json()["items"]
    assert district == []
    approval = applications.draft(portal, agency="A07")
    assert codes(check(portal, approval["id"])) == [("agency", "N03")]
    refused = portal.call(APPLICANT, "POST", f"/approvals/{approval['id']}/submit")
    assert (refused.status_code, codes(refused.get_json())) == (422, [("agency", "N03")])
    assert applications.read(portal, approval["id"])["status"] == "DRAFT"


def test_the_platform_is_asked_for_the_project_code(portal: Portal) -> None:
    approval = applications.draft(portal)
    path = f"/approvals/{approval['id']}/verify-code"
    known = portal.call(APPLICANT, "POST", path, json={"project_code": approval["project_code"]}).get_json()
    assert known["name"] == approval["project_name"]
    assert portal.call(APPLICANT, "POST", path, json={"project_code": "2109"}).status_code == 422


def test_another_enterprise_and_another_agency_find_nothing(portal: Portal) -> None:
    approval_id = applications.submitted(portal)
    for user in ("ent01", "gx10"):
        assert portal.call(user, "GET", f"/approvals/{approval_id}").status_code == 404
