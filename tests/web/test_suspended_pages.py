"""A suspended case on every page: it says so, its clock runs on, and it offers what is allowed and nothing else."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]

SUSPENDED = "已挂起"


def submitted(portal: Portal) -> str:
    """A filing of ent01 that waits for acceptance."""
    filing = portal.draft()
    assert portal.submit(filing["id"]).status_code == 200
    return str(filing["id"])


def returned(portal: Portal) -> str:
    """A filing of ent01 that is to be corrected."""
    filing_id = submitted(portal)
    assert portal.decide("gx10", filing_id, "return", "请补充主要设备清单").status_code == 200
    return filing_id


def tell(portal: Portal, filing_id: str, verb: str, reason: str = "") -> None:
    case = portal.filing(filing_id)["instance_id"]
    assert portal.call("admin", "POST", f"/instances/{case}/{verb}", json={"reason": reason}).status_code == 200


def row(page: str, filing_id: str, portal: Portal) -> str:
    """The row of a list that is about a filing, by its project's name."""
    name = portal.filing(filing_id)["project_name"]
    return next(found for found in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if name in found)


def actions(portal: Portal, filing_id: str) -> list[str]:
    return list(portal.filing(filing_id)["allowed_actions"])


# What is allowed


@pytest.mark.parametrize(
    ("carry", "running", "suspended"),
    [
        (submitted, ["withdraw"], []),
        (returned, ["edit", "submit", "withdraw"], ["edit"]),
    ],
)
def test_a_suspended_filing_may_be_edited_but_neither_submitted_nor_withdrawn(
    portal: Portal, carry: Callable[[Portal], str], running: list[str], suspended: list[str]
) -> None:
    filing_id = carry(portal)
    assert actions(portal, filing_id) == running
    tell(portal, filing_id, "suspend")
    assert actions(portal, filing_id) == suspended
    form = portal.form(jobs_operation=45)
    answers: dict[str, Any] = {
        "edit": portal.call("ent01", "PUT", f"/filings/{filing_id}", json=form),
        "submit": portal.submit(filing_id),
        "withdraw": portal.call("ent01", "POST", f"/filings/{filing_id}/withdraw"),
    }
    assert [act for act, answer in answers.items() if answer.status_code == 200] == suspended
    tell(portal, filing_id, "resume")
    assert actions(portal, filing_id) == running


def test_a_draft_may_be_edited_deleted_and_submitted_and_nobody_else_may_do_that(portal: Portal) -> None:
    filing_id = str(portal.draft()["id"])
    assert actions(portal, filing_id) == ["edit", "delete", "submit"]
    portal.submit(filing_id)
    assert portal.filing(filing_id, "gx10")["allowed_actions"] == []


def test_a_decided_filing_offers_its_enterprise_nothing(portal: Portal) -> None:
    filing_id = submitted(portal)
    portal.decide("gx10", filing_id, "accept")
    assert actions(portal, filing_id) == []


# The enterprise's pages


def test_the_page_of_a_suspended_filing_says_so_and_has_no_withdrawal(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    page, action = f"/filings/{filing_id}", f"/filings/{filing_id}/withdraw"
    assert action in user.read(page)
    fields = user.form(page, action)
    tell(portal, filing_id, "suspend", "等待上级答复")
    shown = user.read(page)
    assert f"{SUSPENDED}：等待上级答复" in shown
    assert "自 03-02 10:00 起挂起" in shown
    assert "恢复前不能撤回" in shown
    assert action not in shown
    assert "这个案件已挂起，暂时不能办理。管理员恢复后可以继续。" in user.post(action, fields, follow=True).text
    tell(portal, filing_id, "resume", "已答复")
    assert action in user.read(page)


def test_a_decided_filing_that_is_suspended_is_not_told_what_it_could_not_do_anyway(
    portal: Portal, client_of: ClientOf
) -> None:
    filing_id = submitted(portal)
    portal.decide("gx10", filing_id, "accept")
    tell(portal, filing_id, "suspend")
    shown = client_of("ent01").read(f"/filings/{filing_id}")
    assert SUSPENDED in shown
    assert "恢复前不能" not in shown


def test_a_returned_filing_that_is_suspended_can_be_saved_and_has_no_button_to_submit(
    portal: Portal, client_of: ClientOf
) -> None:
    filing_id, user = returned(portal), client_of("ent01")
    edit = f"/filings/{filing_id}/edit"
    assert 'data-jg-form="submit"' in user.read(edit)
    tell(portal, filing_id, "suspend", "举报核查")
    shown = user.read(edit)
    assert 'data-jg-form="save"' in shown
    assert 'data-jg-form="submit"' not in shown
    assert 'data-held="true"' in shown
    assert f"{SUSPENDED}：举报核查" in shown
    assert "恢复前不能提交、撤回。修改的内容可以保存。" in shown
    assert "按意见修改并保存，恢复后重新提交" in user.read(f"/filings/{filing_id}")


def test_the_enterprise_reads_when_and_why_but_not_who(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = submitted(portal), client_of("ent01")
    tell(portal, filing_id, "suspend", "等待上级答复")
    tell(portal, filing_id, "resume", "上级已答复")
    shown = user.read(f"/filings/{filing_id}")
    history = shown[shown.index("办理记录") :]
    assert history.index("<b>挂起</b>") < history.index("等待上级答复") < history.index("<b>恢复</b>")
    assert "上级已答复" in history
    assert "系统管理员" not in shown
    case = portal.filing(filing_id)["instance_id"]
    told = portal.call("ent01", "GET", f"/instances/{case}/history").get_json()["items"]
    assert [line["actor"] for line in told if line["action"] in ("started", "suspended", "resumed")] == [
        "ent01",
        None,
        None,
    ]
    assert "系统管理员" not in user.get(f"/instances/{case}/diagram").get_data(as_text=True)


def test_the_enterprise_s_lists_say_which_filing_is_suspended(portal: Portal, client_of: ClientOf) -> None:
    filing_id, user = returned(portal), client_of("ent01")
    lists = ("/filings", "/filings/drafts", "/inbox/todo")
    assert not any(SUSPENDED in user.read(path) for path in (*lists, "/workbench"))
    tell(portal, filing_id, "suspend")
    assert all(SUSPENDED in row(user.read(path), filing_id, portal) for path in lists)
    assert SUSPENDED in user.read("/workbench")


# The official's pages


def test_the_task_of_a_suspended_case_says_since_when_by_whom_and_why(portal: Portal, client_of: ClientOf) -> None:
    filing_id, official = submitted(portal), client_of("gx10")
    page = f"/tasks/{portal.task('gx10', filing_id)['id']}"
    official.post(f"{page}/claim", official.form(page, f"{page}/claim"))
    tell(portal, filing_id, "suspend", "举报核查")
    shown = official.read(page)
    assert f"{SUSPENDED}：举报核查" in shown
    assert "系统管理员于 03-02 10:00 挂起，恢复前不能办理。" in shown
    assert f"{page}/complete" not in shown
    assert f"{page}/release" not in shown
    assert "李经办 办理中" not in shown
    assert "由 李经办 认领" not in shown


def test_the_record_names_who_suspended_and_resumed_and_why(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    task = portal.task("gx10", filing_id)["id"]
    tell(portal, filing_id, "suspend", "举报核查")
    tell(portal, filing_id, "resume", "核查完毕")
    shown = client_of("gx10").read(f"/tasks/{task}")
    history = shown[shown.index('id="history"') :]
    assert history.index("核查完毕") < history.index("举报核查"), "the newest first"
    assert re.search(r"<b>挂起</b>\s*系统管理员", history)
    assert re.search(r"<b>恢复</b>\s*系统管理员", history)
    assert SUSPENDED not in shown


def test_a_row_of_the_inbox_says_suspended_and_leads_to_reading_only(portal: Portal, client_of: ClientOf) -> None:
    filing_id, official = submitted(portal), client_of("gx10")
    page = f"/tasks/{portal.task('gx10', filing_id)['id']}"
    tell(portal, filing_id, "suspend")
    free = row(official.read("/inbox/todo"), filing_id, portal)
    tell(portal, filing_id, "resume")
    official.post(f"{page}/claim", official.form(page, f"{page}/claim"))
    assert "办理</a>" in row(official.read("/inbox/todo"), filing_id, portal)
    tell(portal, filing_id, "suspend")
    mine = row(official.read("/inbox/todo"), filing_id, portal)
    for shown in (free, mine):
        assert SUSPENDED in shown
        assert "待受理" in shown
        assert "查看</a>" in shown
        assert "办理</a>" not in shown
        assert "/claim" not in shown


def test_a_decision_sent_from_a_page_older_than_the_suspension_keeps_the_opinion(
    portal: Portal, client_of: ClientOf
) -> None:
    filing_id, official = submitted(portal), client_of("gx10")
    page = f"/tasks/{portal.task('gx10', filing_id)['id']}"
    official.post(f"{page}/claim", official.form(page, f"{page}/claim"))
    fields = official.form(page, f"{page}/complete")
    tell(portal, filing_id, "suspend")
    answer = official.post(f"{page}/complete", fields | {"decision": "accept", "opinion": "信息完整"})
    assert answer.status_code == 409
    assert "管理员恢复后可以继续。" in answer.text
    assert "信息完整" in answer.text


def test_the_clock_of_a_suspended_case_runs_on_and_says_so(portal: Portal, client_of: ClientOf) -> None:
    filing_id, official = submitted(portal), client_of("gx10")
    page = f"/tasks/{portal.task('gx10', filing_id)['id']}"
    assert "时限照常计算" not in official.read(page)
    tell(portal, filing_id, "suspend")
    portal.clock.advance(timedelta(days=3))
    for shown in (official.read(page), row(official.read("/inbox/todo"), filing_id, portal)):
        assert "今日到期" in shown
        assert "截止 03-05" in shown
        assert "挂起期间时限照常计算" in shown
    assert page in official.read("/inbox/todo?show=today")


def test_what_an_official_has_done_says_that_the_case_is_suspended_now(portal: Portal, client_of: ClientOf) -> None:
    filing_id = submitted(portal)
    portal.decide("gx10", filing_id, "accept")
    tell(portal, filing_id, "suspend")
    assert SUSPENDED in row(client_of("gx10").read("/inbox/done"), filing_id, portal)
