"""An approval after its reply, on the pages and over REST: progress, a change, an extension, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.web import applications
from tests.web.applications import APPLICANT, OFFICIAL
from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]
DECISIONS = ("accept", "approve", "issue")


@pytest.fixture
def number(portal: Portal) -> str:
    """The 文号 of a reply of 2 March 2026, which holds until 2 March 2028."""
    approval_id = applications.granted(portal)
    portal.settle()
    return str(applications.read(portal, approval_id)["certificate"])


def decide(portal: Portal, document_id: str) -> None:
    for decision in DECISIONS:
        assert portal.decide(OFFICIAL, document_id, decision, "同意").status_code == 200
    portal.settle()


def test_an_approved_project_is_told_of_changed_and_extended_where_certified_ones_are(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    visitor = client_of(APPLICANT)
    [approval] = portal.call(APPLICANT, "GET", "/approvals").get_json()["items"]
    page = visitor.read(f"/approvals/{approval['id']}")
    for act in ("progress", "change", "extend"):
        assert f'href="/certificates/{quote(number)}/{act}"' in page
    assert "2028-03-02" in page
    for path in ("/changes/new", "/extensions/new", "/progress"):
        assert number in visitor.read(path), path
    assert number not in visitor.read("/cancellations/new")

    extend = f"/certificates/{quote(number)}/extend"
    form = visitor.read(extend)
    assert "应当在有效期届满30个工作日前申请" in form
    assert "作出批复的核准机关" in form
    sent = {**visitor.form(extend, extend), "act": "submit", "agency": "A03", "reason": "设备供货推迟"}
    assert "核准延期" in visitor.post(extend, sent, follow=True).text
    [extension] = portal.call(APPLICANT, "GET", "/extensions").get_json()["items"]
    todo = client_of(OFFICIAL).read("/inbox/todo")
    assert "核准延期" in todo
    assert "广东省技术改造投资项目备案表" not in form
    decide(portal, extension["id"])
    papers = portal.call(APPLICANT, "GET", f"/extensions/{extension['id']}/papers").get_json()
    assert [(paper["kind"], paper["number"]) for paper in papers] == [
        ("extension_consent", "深工信技改核延〔2026〕1号")
    ]
    shown = visitor.read(f"/extensions/{extension['id']}")
    assert "延期已通过，核准批复有效期至 2029-03-02" in shown
    assert "同意延期开工的决定" in shown


def test_a_change_of_what_was_approved_has_no_other_authority_and_ends_with_a_written_consent(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    visitor, change = client_of(APPLICANT), f"/certificates/{quote(number)}/change"
    form = visitor.read(change)
    assert 'value="agency"' not in form
    assert "变更核准内容" in form
    fields = {"item": "scale_content", "scale_content": "增设余热回收系统。", "reason": "优化工艺方案", "act": "save"}
    visitor.post(change, {**visitor.form(change, change), **fields})
    [begun] = portal.call(APPLICANT, "GET", "/changes").get_json()["items"]
    assert portal.call(APPLICANT, "POST", f"/changes/{begun['id']}/submit").status_code == 200
    decide(portal, begun["id"])
    shown = visitor.read(f"/changes/{begun['id']}")
    assert "同意变更的复函" in shown
    assert "配合原核准批复使用" in shown
    letter = portal.call(APPLICANT, "GET", f"/changes/{begun['id']}/letter")
    assert letter.data.startswith(b"%PDF")
    archive = visitor.read("/archive")
    for paper in ("核准批复", "同意变更的复函"):
        assert paper in archive


def test_the_interface_tells_how_the_reply_stands_and_takes_the_projects_progress(portal: Portal, number: str) -> None:
    [approval] = portal.call(APPLICANT, "GET", "/approvals").get_json()["items"]
    path = f"/approvals/{approval['id']}"
    assert portal.call(APPLICANT, "GET", f"{path}/reply").get_json() == {
        "number": number,
        "status": "VALID",
        "invalid_reason": None,
        "issue_date": "2026-03-02",
        "valid_until": "2028-03-02",
        "extended": False,
        "changes": 0,
    }
    assert portal.call(APPLICANT, "GET", f"/certificates/{quote(number)}").status_code == 404
    portal.clock.advance(timedelta(days=30))
    told = portal.call(APPLICANT, "POST", f"{path}/progress", json={"start_date": "2026-03-20"})
    assert told.status_code == 200, told.text
    portal.settle()
    read = portal.call(OFFICIAL, "GET", f"{path}/progress").get_json()
    assert (read["start_date"], read["status"]) == ("2026-03-20", "LONG_TERM")
    refused = portal.call(APPLICANT, "POST", "/extensions", json={"certificate": number, "reason": "x"})
    extension = refused.get_json()["id"]
    answer = portal.call(APPLICANT, "POST", f"/extensions/{extension}/submit").get_json()
    assert [error["message"] for error in answer["errors"]] == ["核准批复已长期有效，无需延期"]


def test_the_check_by_qr_code_says_that_a_reply_has_lapsed(portal: Portal, client_of: ClientOf, number: str) -> None:
    [approval] = portal.call(APPLICANT, "GET", "/approvals").get_json()["items"]
    papers = portal.call(APPLICANT, "GET", f"/approvals/{approval['id']}/papers").get_json()
    token = next(paper["verify_token"] for paper in papers if paper["kind"] == "approval_reply")
    public = client_of(APPLICANT)
    assert "2028-03-02" in public.read(f"/verify/{token}")
    portal.clock.advance(timedelta(days=800))
    portal.settle()
    assert "该核准批复真实，但已失效（到期自动失效）" in public.read(f"/verify/{token}")
    assert portal.call(None, "GET", f"/verify/{token}").get_json()["paper"]["status"] == "INVALID"
    assert portal.call(None, "GET", f"/verify/{token}").get_json()["paper"]["invalid_reason"] == "EXPIRED"
