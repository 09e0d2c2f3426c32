"""The pages of 项目核准 without scripts: what the enterprise and the officials see, and what a refused form keeps."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from tests.web import applications
from tests.web.applications import APPLICANT, OFFICIAL
from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]


def task_page(portal: Portal, approval_id: str) -> str:
    return f"/tasks/{portal.task(OFFICIAL, approval_id)['id']}"


# What a task asks beside a decision


def test_a_task_asks_for_every_field_of_its_form_and_a_refused_one_keeps_what_was_typed(
    portal: Portal, client_of: ClientOf
) -> None:
    approval_id, official = applications.accepted(portal), client_of(OFFICIAL)
    page = task_page(portal, approval_id)
    official.post(f"{page}/claim", official.form(page, f"{page}/claim"))
    shown = official.read(page)
    assert re.findall(r'name="data\.(\w+)"', shown) == ["assessor", "departments", "hearing", "hearing", "hearing"]
    assert re.search(r'value="不需要" checked', shown)  # what the form begins with
    assert 'name="decision"' not in shown
    fields = official.form(page, f"{page}/complete") | {
        "data.assessor": "广东某工程咨询有限公司",
        "data.departments": "深圳市生态环境局\n\n 深圳市规划和自然资源局 \n深圳市生态环境局",
        "data.hearing": "专家评议",
        "opinion": "请评估",
    }
    refused = official.post(f"{page}/complete", fields)
    assert refused.status_code == 422
    assert "「征求意见的部门」有重复的内容" in refused.text
    for kept in ("广东某工程咨询有限公司", " 深圳市规划和自然资源局 ", 'value="专家评议" checked', ">请评估<"):
        assert kept in refused.text
    fields |= {"data.departments": "深圳市生态环境局\n深圳市规划和自然资源局"} | official.form(page, f"{page}/complete")
    told = official.post(f"{page}/complete", fields, follow=True).text
    assert "已提交：承办。" in told
    names = [task["name"] for task in portal.call(OFFICIAL, "GET", "/tasks?box=todo").get_json()["items"]]
    assert sorted(names) == [
        "登记专家评议结果",
        "登记评估结论（广东某工程咨询有限公司）",
        "登记部门意见（深圳市生态环境局）",
        "登记部门意见（深圳市规划和自然资源局）",
    ]


def test_departments_asked_at_once_are_tasks_of_their_own_and_the_page_says_who_was_asked(
    portal: Portal, client_of: ClientOf
) -> None:
    approval_id, official = applications.accepted(portal), client_of(OFFICIAL)
    departments = ["深圳市生态环境局", "深圳市应急管理局"]
    applications.complete(portal, approval_id, {"departments": departments})
    inbox = official.read("/inbox/todo")
    assert set(re.findall(r"登记部门意见（(\w+)）", inbox)) == set(departments)
    tasks = portal.call(OFFICIAL, "GET", "/tasks?box=todo").get_json()["items"]
    page = next(f"/tasks/{task['id']}" for task in tasks if "生态环境局" in task["name"])
    official.post(f"{page}/claim", official.form(page, f"{page}/claim"))
    fields = official.form(page, f"{page}/complete") | {"decision": "disagree", "opinion": "选址在生态保护红线内"}
    assert "现在由郑某三（经办人）办理" in official.post(f"{page}/complete", fields, follow=True).text
    other = next(f"/tasks/{task['id']}" for task in tasks if "应急管理局" in task["name"])
    shown = official.read(other)
    assert "选址在生态保护红线内" in shown
    assert "等待反馈" in shown
    assert 'aria-current="step"' in shown.partition("<b>承办</b>")[0].rpartition("<li")[2]


# What the enterprise sees


def test_an_application_is_begun_listed_and_thrown_away(portal: Portal, client_of: ClientOf) -> None:
    user = client_of(APPLICANT)
    assert "没有办理中的核准" in user.read("/approvals")
    edit = user.post("/approvals/new").location
    page = user.read(edit)
    assert "企业投资项目核准-工业和信息化领域技术改造项目核准及招标核准" in page
    assert 'data-collection="approvals"' in page
    for section in ("用地与外资", "申请材料", "招标事项"):
        assert section in page
    assert "未命名项目" in user.read("/approvals/drafts")
    user.post(f"/approvals/{edit.split('/')[2]}/delete")
    assert user.get(edit).status_code == 404


def test_a_filing_that_needs_approval_leads_to_an_application_with_what_was_typed(
    portal: Portal, client_of: ClientOf
) -> None:
    filing = portal.draft(approval_category="能源", approval_item="其他", approval_level="省")
    found = portal.call("ent01", "POST", f"/filings/{filing['id']}/check").get_json()["errors"]
    assert [error["message"] for error in found] == ["该项目属于核准目录，请办理项目核准"]
    user = client_of("ent01")
    page = f"/approvals/new?filing={filing['id']}"
    fields = user.form(page, "/approvals/new")
    begun = user.post("/approvals/new", fields).location.split("/")[2]
    form = portal.call("ent01", "GET", f"/approvals/{begun}").get_json()["form"]
    assert (form["project_code"], form["money"]["total"]) == (filing["project_code"], filing["form"]["money"]["total"])
    assert "agency" not in form


def test_a_submitted_application_shows_its_tenders_and_materials_and_can_be_taken_back(
    portal: Portal, client_of: ClientOf
) -> None:
    approval_id, user = applications.submitted(portal), client_of(APPLICANT)
    address = f"/approvals/{approval_id}"
    page = user.read(address)
    for text in (
        "须办理招标核准",
        "第二条(二)",
        "不采用招标方式",
        "估算价未达到招标规模标准",
        "应当提交 1 份，已提交 1 份",
    ):
        assert text in page
    assert "自备热电站背压机组节能技术改造项目" in user.read("/approvals")
    user.post(f"{address}/withdraw", user.form(address, f"{address}/withdraw"))
    assert "已撤回" in user.read("/approvals/drafts")
    assert user.get(f"{address}/edit").status_code == 200


def test_a_request_for_materials_says_what_to_supply(portal: Portal, client_of: ClientOf) -> None:
    approval_id, user = applications.submitted(portal), client_of(APPLICANT)
    applications.complete(portal, approval_id, {"decision": "correct"}, "补充投资估算表")
    page = user.read(f"/approvals/{approval_id}")
    assert "一次补正全部材料后重新提交" in page
    assert re.search(r"请在 2026-\d\d-\d\d 前补正：补充投资估算表", page)
    assert "补正告知书" in page
    form = user.read(f"/approvals/{approval_id}/edit")
    assert 'data-mode="correct"' in form
    assert "要求补正" in form
    assert "待补正" in user.read("/approvals")


def test_a_granted_application_has_its_reply_on_every_page(portal: Portal, client_of: ClientOf) -> None:
    approval_id, user = applications.granted(portal), client_of(APPLICANT)
    page = user.read(f"/approvals/{approval_id}")
    number = re.search(r"深工信技改核〔2026〕\d+号", page)
    assert number is not None
    for address in ("/approvals/decided", "/archive", "/announcements/approved"):
        listed = user.read(address)
        assert "自备热电站背压机组节能技术改造项目" in listed, address
    for address in ("/approvals/decided", "/announcements/approved"):
        assert number[0] in user.read(address), address
    assert number[0] in user.read("/archive")
    paper = portal.call(APPLICANT, "GET", f"/approvals/{approval_id}/papers").get_json()[-1]
    assert number[0] in user.read(f"/verify/{paper['verify_token']}")


def test_what_is_no_matter_of_approval_leads_to_the_filing_that_took_over(portal: Portal, client_of: ClientOf) -> None:
    approval_id, user = applications.submitted(portal), client_of(APPLICANT)
    applications.complete(portal, approval_id, {"decision": "file"}, "不属于核准目录")
    notice = re.search(r'href="(/inbox/notices/\d+)"', user.read("/inbox/unread"))
    assert notice is not None
    page = user.get(notice[1], follow_redirects=True)
    assert "请继续办理备案" in page.text
    filing = re.search(r'href="(/filings/\w+)">去办理备案', page.text)
    assert filing is not None
    assert "自备热电站背压机组节能技术改造项目" in user.get(filing[1], follow_redirects=True).text


def test_a_refusal_is_told_with_its_reason(portal: Portal, client_of: ClientOf) -> None:
    approval_id, user = applications.accepted(portal), client_of(APPLICANT)
    applications.complete(portal, approval_id, {})
    applications.complete(portal, approval_id, {"decision": "reject"}, "不符合热电联产规划")
    applications.complete(portal, approval_id, {"decision": "issue"})
    page = user.read(f"/approvals/{approval_id}")
    assert "项目不予核准" in page
    assert "不符合热电联产规划" in page
    assert "不予核准决定书" in user.read("/approvals/decided")


def test_a_reply_without_an_electronic_seal_waits_for_its_stamp_and_every_page_says_so(
    portal: Portal, client_of: ClientOf
) -> None:
    """A06 has none; gx14 does everything there."""
    approval_id = applications.submitted(portal, agency="A06")
    steps: list[dict[str, Any]] = [{"decision": "accept"}, {"departments": []}, {"decision": "approve"}]
    for data in [*steps, {"decision": "issue"}]:
        task = portal.task("gx14", approval_id)["id"]
        assert portal.call("gx14", "POST", f"/tasks/{task}/claim", json={}).status_code == 200
        assert portal.call("gx14", "POST", f"/tasks/{task}/complete", json={"data": data}).status_code == 200
    enterprise, official = client_of(APPLICANT), client_of("gx14")
    official.log_in("gx14", "official")
    number = "中工信技改核〔2026〕1号"
    assert f"{number}，2026-03-02，待线下盖章" in enterprise.read(f"/approvals/{approval_id}")
    assert number in official.read("/seals")
    [entry] = portal.call("gx14", "GET", "/offline-seals").get_json()["items"]
    assert (entry["paper"], entry["paper_number"], entry["state"]) == ("核准批复", number, "PENDING")
    page = f"/seals/{entry['id']}"
    assert "批复文号" in official.read(page)
    slip = official.get(f"{page}/slip.pdf").data
    assert "批复文号" in "".join(PdfReader(BytesIO(slip)).pages[0].extract_text().split())
    told = {"stamped_on": "2026-03-02", "remark": ""}
    assert portal.call("gx14", "POST", f"/offline-seals/{entry['id']}/register", json=told).status_code == 200
    assert f"{number}，2026-03-02，已线下盖章" in enterprise.read(f"/approvals/{approval_id}")
    assert "核准批复已盖章，可领取" in enterprise.read("/inbox/unread")
