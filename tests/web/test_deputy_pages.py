"""The pages of deputies, used without scripts: 转办, 工作代理, 停用并移交, and how 待办 and the record tell of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]


@pytest.fixture
def filing_id(portal: Portal) -> str:
    """A filing that waits for 受理, in an agency with two handlers."""
    portal.hire("gx19", "孙经办", agency="A07", role="handler")
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    return filing_id


@pytest.fixture
def page(portal: Portal, filing_id: str) -> str:
    """Its task's page."""
    return f"/tasks/{portal.task('gx10', filing_id)['id']}"


def use(visitor: Visitor, page: str, verb: str, **fields: str) -> str:
    """Post a task's form; the page it leads to."""
    action = f"{page}/{verb}"
    answer = visitor.post(action, visitor.form(page, action) | fields, follow=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def name_substitute(visitor: Visitor, substitute: str, first_day: str, last_day: str) -> int:
    fields = {"substitute": substitute, "first_day": first_day, "last_day": last_day}
    return visitor.post("/substitutions", visitor.form("/substitutions", "/substitutions") | fields).status_code


def row_of(visitor: Visitor, page: str) -> str:
    """The row of a task in 待办."""
    rows = [row for row in visitor.read("/inbox/todo").split("<tr>") if page in row]
    assert len(rows) == 1
    return rows[0]


def test_a_transferred_task_says_from_whom_and_why(
    portal: Portal, filing_id: str, client_of: ClientOf, page: str
) -> None:
    official, receiver = client_of("gx10"), client_of("gx19")
    use(official, page, "claim")
    assert '<option value="gx19">孙经办</option>' in official.read(page)
    told = use(official, page, "transfer", to="gx19", reason="参加培训")
    assert "「受理」已转办给孙经办。" in told
    assert page not in told
    assert "由李经办转办：参加培训" in row_of(receiver, page)
    shown = receiver.read(page)
    assert "受理：转办给孙经办" in shown
    assert f'action="{page}/complete"' in shown
    assert "转办" not in client_of("ent01").read(f"/filings/{filing_id}")
    refused = receiver.post(f"{page}/transfer", receiver.form(page, f"{page}/transfer") | {"to": "gx11"})
    assert refused.status_code == 422
    assert "王审核不能办理「受理」" in refused.text


def test_where_there_is_no_colleague_the_page_says_so(portal: Portal, client_of: ClientOf) -> None:
    filing_id = str(portal.draft()["id"])
    portal.submit(filing_id)
    shown = client_of("gx10").read(f"/tasks/{portal.task('gx10', filing_id)['id']}")
    assert "同组没有其他在岗同事，不能转办。" in shown


def test_a_substitute_finds_the_principals_tasks_and_the_record_says_both_names(
    portal: Portal, filing_id: str, client_of: ClientOf, page: str
) -> None:
    principal, substitute = client_of("gx10"), client_of("gx12")
    use(principal, page, "claim")
    assert name_substitute(principal, "gx12", "2026-03-02", "2026-03-04") == 303
    assert "代理中" in substitute.read("/substitutions")
    row = row_of(substitute, page)
    assert "代 李经办" in row
    assert ">办理</a>" in row
    assert "你是李经办的代理人，代为办理" in substitute.read(page)
    use(substitute, page, "complete", decision="accept", opinion="同意")
    for reader, path in ((substitute, page), (client_of("ent01"), f"/filings/{filing_id}")):
        shown = reader.read(path)
        assert "赵签发（代 李经办）" in shown.replace("&ensp;", "")
    assert page in substitute.read("/inbox/done")


def test_what_a_substitute_claims_is_the_principals_when_the_days_are_over(
    client_of: ClientOf, page: str, portal: Portal
) -> None:
    principal, substitute = client_of("gx10"), client_of("gx12")
    assert name_substitute(principal, "gx12", "2026-03-02", "2026-03-02") == 303
    assert "已代李经办认领「受理」" in use(substitute, page, "claim")
    portal.clock.advance(timedelta(days=1))
    assert page not in substitute.read("/inbox/todo")
    assert ">办理</a>" in row_of(principal, page)
    assert "已到期" in principal.read("/substitutions")


def test_a_refused_substitution_keeps_what_was_typed_and_one_may_end_early(client_of: ClientOf) -> None:
    official = client_of("gx10")
    fields = official.form("/substitutions", "/substitutions") | {"substitute": "gx12", "first_day": "2026-03-09"}
    for last_day, said in (("2026-03-05", "结束日期不能早于开始日期"), ("", "起止日期没有填写完整")):
        answer = official.post("/substitutions", fields | {"last_day": last_day})
        assert answer.status_code == 422
        assert said in answer.text
        assert '<option value="gx12" selected>' in answer.text
    assert name_substitute(official, "gx12", "2026-03-09", "2026-03-13") == 303
    shown = official.read("/substitutions")
    assert "未开始" in shown
    recall = shown.split('action="/substitutions/')[1].split('"')[0]
    assert official.post(f"/substitutions/{recall}").status_code == 303
    assert "已提前结束" in official.read("/substitutions")
    assert client_of("ent01").get("/substitutions").status_code == 403


def test_an_administrator_lets_an_official_leave_in_one_act(client_of: ClientOf, page: str) -> None:
    leaver, admin, receiver = client_of("gx10"), client_of("admin"), client_of("gx19")
    use(leaver, page, "claim")
    assert "李经办" in admin.read("/staff?q=gx10")
    path = "/staff/gx10"
    appoint = admin.form(path, f"{path}/substitutions")
    appoint |= {"substitute": "gx11", "first_day": "2026-03-02", "last_day": "2026-03-04"}
    assert admin.post(f"{path}/substitutions", appoint).status_code == 303
    assert "代理中" in admin.read(path)
    fields = admin.form(path, f"{path}/deactivate") | {"reason": "调离"}
    refused = admin.post(f"{path}/deactivate", fields | {"to": "gx11"})
    assert refused.status_code == 422
    assert "王审核不能办理「受理」" in refused.text
    assert (
        "李经办的账号已停用，移交任务 1 件。"
        in admin.post(f"{path}/deactivate", fields | {"to": "gx19"}, follow=True).text
    )
    assert leaver.get("/inbox/todo").status_code == 302
    assert "由李经办转办：调离" in row_of(receiver, page)
    assert "受理：李经办移交给孙经办" in receiver.read(page)
    shown = admin.read(path)
    assert "已提前结束" in shown
    assert "待安全管理员确认" in admin.post(f"{path}/activate", admin.form(path, f"{path}/activate"), follow=True).text
    security = client_of("security")
    assert security.post(f"{path}/activate", security.form(path, f"{path}/activate")).status_code == 303
    assert client_of("gx10").get("/staff").status_code == 403
