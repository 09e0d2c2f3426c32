"""业务办理 of officials: where they begin, what they find there, and in which menu (R72 to R75)."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.web.conftest import Visitor
from tests.web.portal import Portal
from tests.web.test_certificate_pages import menu

Client = Callable[[str], Visitor]


def test_an_official_begins_at_the_workbench_with_four_entries_and_quick_links(client_of: Client) -> None:
    official = client_of("gx14")
    assert official.log_in("gx14", "official").headers["Location"] == "/office"
    page = official.read("/office")
    entries = page[page.index('class="jg-entries"') :]
    assert re.findall(r"<b>([^<]+)</b>", entries)[:4] == ["企业管理", "项目管理", "备案证", "查询统计"]
    for word in ("待办", "待阅", "暂无待办事项", "查看更多", "办事指南", "政策法规", "怎样办理备案申报"):
        assert word in page
    tasks, business = ["待办任务", "已办任务", "待阅任务", "已阅任务"], ["企业管理", "项目管理", "备案证", "查询统计"]
    assert menu(page)[:8] == [*tasks, *business]


def test_the_task_box_shows_project_procedure_and_day(portal: Portal, client_of: Client) -> None:
    filing = str(portal.draft()["id"])
    assert portal.submit(filing).status_code == 200
    name = portal.filing(filing)["form"]["project_name"]
    page = client_of("gx10").read("/office")
    assert re.search(rf"{name}</b><small>备案申报[^<]*</small>.*?{portal.clock.now():%Y-%m-%d}", page, re.DOTALL)


def test_what_is_to_be_read_stands_in_its_own_tab(portal: Portal, client_of: Client) -> None:
    filing = str(portal.draft()["id"])
    portal.submit(filing)
    assert portal.call("ent01", "POST", f"/filings/{filing}/withdraw").status_code == 200
    page = client_of("gx10").read("/office?box=notices")
    assert "备案申报已撤回" in page[page.index('<ul class="jg-tasks">') :]
