"""The pages, used without scripts: who may see what, what a form does, and what a refused one keeps."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]

PUBLIC = ("/", "/login", "/announcements", "/announcements/filed", "/guide", "/policies", "/contact", "/verify")
OF_ENTERPRISE = ("/workbench", "/filings", "/filings/drafts", "/certificates", "/company")
OF_EVERYBODY = ("/inbox/todo", "/inbox/done", "/inbox/unread", "/inbox/read", "/demo/sms")


def submitted(portal: Portal) -> str:
    """A filing of ent01 that waits for acceptance."""
    filing = portal.draft()
    assert portal.submit(filing["id"]).status_code == 200
    return str(filing["id"])


def task_page(portal: Portal, user: str, filing_id: str) -> str:
    return f"/tasks/{portal.task(user, filing_id)['id']}"


def claim(visitor: Visitor, page: str) -> None:
    assert visitor.post(f"{page}/claim", visitor.form(page, f"{page}/claim")).status_code == 303


def decide(visitor: Visitor, page: str, decision: str, opinion: str = "") -> Any:
    """Claim a task and complete it with the form of its page."""
    claim(visitor, page)
    fields = visitor.form(page, f"{page}/complete")
    return visitor.post(f"{page}/complete", fields | {"decision": decision, "opinion": opinion}, follow=True)


# Who may see what


def test_everybody_may_read_the_public_pages(visitor: Visitor) -> None:
    for path in PUBLIC:
        assert "技术改造" in visitor.read(path), path


def test_an_enterprise_has_its_pages_and_the_boxes(client_of: ClientOf) -> None:
    user = client_of("ent01")
    for path in OF_ENTERPRISE + OF_EVERYBODY:
        assert "黄例甲" in user.read(path), path


def test_an_official_has_the_boxes(client_of: ClientOf) -> None:
    user = client_of("gx10")
    for path in OF_EVERYBODY:
        assert "李经办" in user.read(path), path


def test_whoever_is_not_logged_in_is_led_to_the_log_in_and_back(visitor: Visitor) -> None:
    for path in OF_ENTERPRISE + OF_EVERYBODY:
        assert visitor.get(path).location == f"/login?next={path}"


def test_another_enterprise_finds_nothing(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    case = portal.filing(filing_id)["instance_id"]
    other = client_of("ent03")
    for path in (f"/filings/{filing_id}", f"/filings/{filing_id}/edit", f"/instances/{case}/diagram"):
        assert other.get(path).status_code == 404
    assert other.post(f"/filings/{filing_id}/withdraw").status_code == 404
    assert other.get(task_page(portal, "gx10", filing_id)).status_code == 404
    assert portal.filing(filing_id)["status"] == "SUBMITTED"


def test_an_official_may_not_open_an_enterprise_page(client_of: ClientOf) -> None:
    answer = client_of("gx10").get("/workbench")
    assert answer.status_code == 403
    assert "没有权限" in answer.text


# Logging in


def test_the_wrong_entrance_is_named(visitor: Visitor) -> None:
    answer = visitor.log_in("gx10", "enterprise")
    assert answer.status_code == 403
    assert "该账号是审批用户，请从「审批用户」入口登录。" in answer.text


def test_a_wrong_password_does_not_say_which_entrance_is_right(visitor: Visitor) -> None:
    answer = visitor.log_in("gx10", "enterprise", password="wrong")
    assert answer.status_code == 401
    assert "账号或密码不正确。" in answer.text
    assert "审批用户」入口" not in answer.text
    assert 'value="gx10"' in answer.text


def test_after_logging_in_nobody_is_led_elsewhere(visitor: Visitor) -> None:
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert visitor.log_in("ent01", "enterprise", next=evil).location == "/workbench"
        visitor.post("/logout")


def test_after_logging_in_one_is_back_where_one_was(visitor: Visitor) -> None:
    assert visitor.log_in("ent01", "enterprise", next="/filings/drafts?page=2").location == "/filings/drafts?page=2"


def test_passwords_cannot_be_tried_out(visitor: Visitor) -> None:
    answers = [visitor.log_in("gx10", "official", password=f"wrong{n}").status_code for n in range(21)]
    assert answers[-1] == 429


def test_logging_out_ends_the_session(client_of: ClientOf) -> None:
    user = client_of("ent01")
    user.post("/logout")
    assert user.get("/workbench").status_code == 302


def test_a_form_without_token_is_refused(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    answer = client_of("ent01").post(f"/filings/{filing_id}/withdraw", {"csrf_token": "forged"})
    assert answer.status_code == 400
    assert "页面已过期" in answer.text
    assert portal.filing(filing_id)["status"] == "SUBMITTED"


# The enterprise


def test_a_new_filing_is_a_draft_with_the_contact_filled_in(portal: Portal, client_of: ClientOf) -> None:
    user = client_of("ent01")
    edit = user.post("/filings/new").location
    assert "广东省技术改造投资项目备案" in user.read(edit)
    filing = portal.filing(edit.split("/")[2])
    assert filing["form"]["project_contact"]["name"] == "黄例甲"
    user.post(f"/filings/{filing['id']}/delete")
    assert user.get(edit).status_code == 404


def test_people_are_masked_wherever_they_are_read(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    person = portal.form()["project_contact"]
    for page in (
        client_of("ent01").read(f"/filings/{filing_id}"),
        client_of("gx10").read(task_page(portal, "gx10", filing_id)),
        client_of("ent01").read("/company"),
    ):
        assert person["mobile"] not in page
        assert "****甲" in page


def test_a_submitted_filing_is_read_and_not_edited(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    answer = client_of("ent01").get(f"/filings/{filing_id}/edit", follow_redirects=True)
    assert answer.request.path == f"/filings/{filing_id}"
    assert "该申报已提交，不能修改；如需修改，请先撤回。" in answer.text


def test_a_filing_is_withdrawn_from_its_page(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    page, action = f"/filings/{filing_id}", f"/filings/{filing_id}/withdraw"
    answer = user.post(action, user.form(page, action), follow=True)
    assert answer.request.path == f"{page}/edit"
    assert "已撤回，申报回到草稿箱" in answer.text
    assert portal.filing(filing_id)["status"] == "WITHDRAWN"
    assert "撤回" in user.read(page)


def test_a_withdrawal_that_comes_too_late_says_so(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    page, action = f"/filings/{filing_id}", f"/filings/{filing_id}/withdraw"
    fields = user.form(page, action)
    portal.decide("gx10", filing_id, "accept")
    answer = user.post(action, fields, follow=True)
    assert "该申报已被工信部门审核，不能撤回。" in answer.text
    assert action not in answer.text


def test_a_page_older_than_the_latest_submission_withdraws_nothing(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    page, action = f"/filings/{filing_id}", f"/filings/{filing_id}/withdraw"
    fields = user.form(page, action)
    portal.decide("gx10", filing_id, "return", "请补充设备清单")
    assert portal.submit(filing_id).status_code == 200
    assert "不是最新内容" in user.post(action, fields, follow=True).text
    assert portal.filing(filing_id)["status"] == "SUBMITTED"


def test_a_returned_filing_shows_who_returned_it_and_why(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    portal.decide("gx10", filing_id, "return", "请补充主要设备清单")
    assert "请补充主要设备清单" in user.read(f"/filings/{filing_id}/edit")
    assert "请补充主要设备清单" in user.read(f"/filings/{filing_id}")
    assert user.get(task_page(portal, "ent01", filing_id)).location == f"/filings/{filing_id}/edit"
    assert "修改并重新提交" in user.read("/workbench")


# The official


def test_counts_agree_with_the_lists(portal: Portal, client_of: ClientOf) -> None:
    submitted(portal)
    official = client_of("gx10")
    page = official.read("/inbox/todo")
    figures = dict(re.findall(r"<b>(\d+)</b><span>(?:<svg.*?</svg>)?([^<]+)</span>", page)[::-1])
    assert {label: int(n) for n, label in figures.items()}
    total = int(re.search(r"共 (\d+) 条", page)[1])  # type: ignore[index]  # the list has a foot
    assert len(set(re.findall(r'action="/tasks/(\w+)/claim"', page))) == total
    assert f'<span class="jg-count">{total}<' in page


def test_a_filing_goes_through_three_officials_to_its_certificate(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    ahead = client_of("ent01").read(f"/filings/{filing_id}")
    steps = re.findall(r'class="jg-step-dot".*?<b>(.*?)</b>', ahead, re.DOTALL)
    # Nothing is stamped by hand where a seal is kept.
    assert steps == ["提交备案申报", "受理", "审核", "签发", "备案完成"]
    answer = decide(client_of("gx10"), task_page(portal, "gx10", filing_id), "accept")
    assert "已提交：受理。" in answer.text
    assert "现在由王审核（审核人）办理" in answer.text
    decide(client_of("gx11"), task_page(portal, "gx11", filing_id), "approve")
    answer = decide(client_of("gx12"), task_page(portal, "gx12", filing_id), "issue")
    number = portal.filing(filing_id)["certificate"]
    assert f"备案证号 {number}" in answer.text
    portal.settle()

    enterprise = client_of("ent01")
    assert number in enterprise.read("/certificates")
    page = enterprise.read(f"/certificates/{number}")
    assert "查看电子备案证" in page
    acts = re.findall(r'<li class="is-(\w+)"><span class="jg-timeline-dot".*?<b>(.*?)</b>', page, re.DOTALL)
    ways = [("done", act) for act in ("提交备案申报", "受理", "审核：同意", "签发", "备案完成")]
    assert [act for act in acts if act in ways] == ways
    assert "returned" not in dict(acts)
    assert enterprise.get(f"/certificates/{number}/pdf").mimetype == "application/pdf"
    assert "已备案" in enterprise.read("/inbox/unread")
    assert number in enterprise.read("/announcements/filed")
    assert client_of("ent03").get(f"/certificates/{number}").status_code == 404

    token = portal.call("ent01", "GET", f"/certificates/{number}").get_json()["verify_token"]
    for page in (f"/verify/{token}", f"/verify?number={number}", f"/verify?number={token}"):
        assert "该备案证真实有效" in enterprise.read(page)


def crumbs(page: str) -> list[str]:
    """The way to a page, as its head tells it."""
    (line,) = re.findall(r'<ol class="jg-crumbs">.*?</ol>', page, re.DOTALL)
    return re.findall(r">([^<>]+)</(?:a|span)>", line)


def test_a_task_is_found_under_the_box_that_has_it(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    page = task_page(portal, "gx10", filing_id)
    assert crumbs(client_of("gx10").read(page)) == ["业务办理", "待办任务", "受理"]
    decide(client_of("gx10"), page, "accept")
    assert crumbs(client_of("gx10").read(page)) == ["业务办理", "已办任务", "受理"]
    assert crumbs(client_of("gx11").read(page)) == ["业务办理", "受理"]


def test_opening_a_notice_reads_it(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    portal.issue(filing_id)
    notice = re.search(r'href="(/inbox/notices/\d+)"', user.read("/inbox/unread"))
    assert notice is not None
    assert user.get(notice[1]).location == f"/filings/{filing_id}"
    assert notice[1] not in user.read("/inbox/unread")
    assert notice[1] in user.read("/inbox/read")


def test_a_token_opens_a_notice_without_reading_it_and_marks_it_by_a_post(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    portal.issue(filing_id)
    notice = re.search(r'href="(/inbox/notices/\d+)"', user.read("/inbox/unread"))
    assert notice is not None
    by_token = {"Authorization": f"Bearer {portal.token('ent01')}"}
    asked = portal.client.get(notice[1], headers=by_token)
    assert (asked.status_code, asked.location) == (302, f"/filings/{filing_id}")
    assert portal.client.get("/inbox/notices/999999", headers=by_token).status_code == 404
    assert notice[1] in user.read("/inbox/unread")
    assert portal.client.post(f"{notice[1]}/read", headers=by_token).status_code == 303
    assert notice[1] not in user.read("/inbox/unread")


def test_outcomes_are_those_of_the_form(portal: Portal, client_of: ClientOf) -> None:
    page, official = task_page(portal, "gx10", submitted(portal)), client_of("gx10")
    assert 'value="accept"' not in official.read(page)
    claim(official, page)
    shown = official.read(page)
    assert re.findall(r'name="decision" value="(\w+)"', shown) == ["accept", "return", "refuse"]
    assert "选择退回修改、不予受理时必填" in shown
    assert 'data-next="王审核（审核人）"' in shown


def test_an_outcome_without_its_opinion_keeps_the_choice(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    answer = decide(client_of("gx10"), task_page(portal, "gx10", filing_id), "return")
    assert answer.status_code == 422
    assert "请填写「意见说明」" in answer.text
    assert re.search(r'value="return" required checked', answer.text)
    assert portal.filing(filing_id)["status"] == "SUBMITTED"


def test_the_slower_of_two_officials_keeps_the_opinion(portal: Portal, client_of: ClientOf) -> None:
    portal.hire("gx99", "钱经办", agency="A07", role="handler")
    filing_id, official = submitted(portal), client_of("gx10")
    page = task_page(portal, "gx10", filing_id)
    claim(official, page)
    fields = official.form(page, f"{page}/complete")
    official.post(f"{page}/release", official.form(page, f"{page}/release"))
    portal.decide("gx99", filing_id, "accept")
    answer = official.post(f"{page}/complete", fields | {"decision": "return", "opinion": "缺少设备清单"})
    assert answer.status_code == 409
    assert "「受理」已由钱经办于" in answer.text
    assert "缺少设备清单" in answer.text


def test_deciding_on_a_withdrawn_filing_keeps_the_opinion(portal: Portal, client_of: ClientOf) -> None:
    filing_id, official = submitted(portal), client_of("gx10")
    page = task_page(portal, "gx10", filing_id)
    claim(official, page)
    fields = official.form(page, f"{page}/complete")
    assert portal.call("ent01", "POST", f"/filings/{filing_id}/withdraw").status_code == 200
    answer = official.post(f"{page}/complete", fields | {"decision": "accept", "opinion": "信息完整"})
    assert answer.status_code == 409
    assert "该申报已被企业撤回，未能受理" in answer.text
    assert "信息完整" in answer.text


def test_a_double_click_completes_once(portal: Portal, client_of: ClientOf) -> None:
    filing_id, official = submitted(portal), client_of("gx10")
    page = task_page(portal, "gx10", filing_id)
    claim(official, page)
    fields = official.form(page, f"{page}/complete") | {"decision": "accept", "opinion": "同意"}
    answers = [official.post(f"{page}/complete", fields, follow=True) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("已提交：受理。" in answer.text for answer in answers)
    assert portal.filing(filing_id)["status"] == "ACCEPTED"
    changed = official.post(f"{page}/complete", fields | {"decision": "refuse"})
    assert changed.status_code == 409


def test_a_session_that_ended_shows_the_opinion_again(portal: Portal, client_of: ClientOf) -> None:
    official = client_of("gx10")
    page = task_page(portal, "gx10", submitted(portal))
    claim(official, page)
    fields = official.form(page, f"{page}/complete") | {"decision": "return", "opinion": "请核对总投资"}
    official.client.delete_cookie("session")
    answer = official.client.post(f"{page}/complete", data=fields, headers={"Referer": f"http://localhost{page}"})
    assert answer.status_code == 401
    assert "请核对总投资" in answer.text
    assert f"/login?next={page}" in answer.text


def test_what_was_changed_since_the_last_submission_is_marked(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    portal.decide("gx10", filing_id, "return", "请核对建设内容")
    form = portal.form(jobs_operation=45)
    assert portal.call("ent01", "PUT", f"/filings/{filing_id}", json=form).status_code == 200
    assert portal.submit(filing_id).status_code == 200
    page = client_of("gx10").read(task_page(portal, "gx10", filing_id))
    assert "<del>30 人</del> → <ins>45 人</ins>" in page
    assert "第 2 次提交" in page
    assert "补正后重新提交" in page
    assert "只看修改过的 1 项" in page


def test_the_clock_counts_working_days(portal: Portal, client_of: ClientOf) -> None:
    official = client_of("gx10")
    page = task_page(portal, "gx10", submitted(portal))
    for after, left in ((0, 3), (1, 3), (1, 2), (1, 1)):
        portal.clock.advance(timedelta(days=after))
        assert ("今日到期" if left == 1 else f"剩 {left} 个工作日") in official.read(page)
        row = official.read("/inbox/todo").partition(f'href="{page}"')[2].partition("</tr>")[0]
        assert row.count('<i class="is-left">') == left
    portal.clock.advance(timedelta(days=4))
    assert "超期 2 个工作日" in official.read(page)
    assert page in official.read("/inbox/todo?show=overdue")
    assert page not in official.read("/inbox/todo?show=today")


# The diagram


def test_the_diagram_says_what_is_done_and_where_the_case_stands(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    portal.decide("gx10", filing_id, "accept")
    case = portal.filing(filing_id)["instance_id"]
    course = client_of("ent01").get(f"/instances/{case}/diagram").get_json()
    outer, inner, *others = course["diagrams"]
    assert [other["key"] for other in others] == ["paper_making"]
    assert (outer["key"], inner["key"], course["open"]) == ("filing", "review", "review")
    assert outer["elements"]["review"] == "current"
    assert outer["elements"]["validate"] == "done"
    assert inner["elements"] | {"accept": "done", "review_content": "current"} == inner["elements"]
    assert "sign" not in inner["elements"]
    assert "accept_gateway_to_mark_accepted" in inner["flows"]
    assert "accept_gateway_to_refused" not in inner["flows"]
    assert inner["xml"].startswith("<?xml")


def test_a_round_before_the_return_is_not_shown_as_done(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    portal.decide("gx10", filing_id, "accept")
    portal.decide("gx11", filing_id, "return", "请补充")
    portal.submit(filing_id)
    case = portal.filing(filing_id)["instance_id"]
    inner = client_of("ent01").get(f"/instances/{case}/diagram").get_json()["diagrams"][1]
    assert inner["elements"] == {"received": "done", "accept": "current"}


# What goes wrong


def test_an_unknown_page_says_what_to_do(visitor: Visitor) -> None:
    answer = visitor.get("/nowhere")
    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text


def test_an_unforeseen_error_has_a_number(app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> str:
        raise RuntimeError("broken")

    monkeypatch.setitem(app.view_functions, "library.guide", broken)
    answer = visitor.get("/guide")
    assert answer.status_code == 500
    assert re.search(r"E-[0-9A-Z]{8}", answer.text)
    assert "broken" not in answer.text


def test_the_language_is_remembered(app: Flask, visitor: Visitor) -> None:
    assert visitor.get("/language/en?next=/guide").location == "/guide"
    assert 'lang="en"' in visitor.get("/guide").text
    assert visitor.get("/language/xx").status_code == 404
