"""An issued certificate in a browser: progress told with days, lines and the X; a cancellation that is asked about."""

from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from records.calendar import SHANGHAI, local_date
from tests.browser.people import Demo, certified
from tests.browser.test_telephone_and_keyboard import TELEPHONE, assert_no_sideways_scroll

Visit = Callable[..., Page]


@pytest.fixture
def number(site: Demo) -> str:
    """A certificate of ent01, issued today."""
    return certified(site)


def test_progress_is_told_cleared_and_told_again(visit_as: Visit, number: str) -> None:
    today = local_date(datetime.now(SHANGHAI))
    page = visit_as("ent01", f"/certificates/{number}/progress")
    start = page.get_by_role("textbox", name="项目开工时间")
    start.fill(f"{today:%Y年%m月%d日}")
    start.press("Tab")
    expect(start).to_have_value(today.isoformat())

    page.get_by_role("button", name="新增").click()
    page.get_by_role("button", name="新增").click()
    expect(page.get_by_role("textbox", name="年度")).to_have_count(2)
    page.get_by_role("button", name="删除这一年度").last.click()
    expect(page.get_by_role("textbox", name="年度")).to_have_value(str(today.year))
    page.get_by_role("textbox", name="完成投资额（万元）").fill("120.5")
    # Enter sends the form; it does not add a line.
    page.get_by_role("textbox", name="建设进程").fill("土建")
    page.get_by_role("textbox", name="建设进程").press("Enter")
    expect(page.get_by_text("的项目进展已提交。")).to_be_visible()
    expect(start).to_have_value(today.isoformat())

    clear = page.get_by_role("button", name="清除项目开工时间")
    clear.click()
    expect(start).to_have_value("")
    expect(clear).to_be_hidden()
    page.get_by_role("button", name="提交").last.click()
    expect(page.get_by_text("的项目进展已提交。")).to_be_visible()
    expect(start).to_have_value("")
    expect(page.get_by_role("textbox", name="建设进程")).to_have_value("土建")


def test_a_cancellation_is_asked_about_before_it_is_done(visit_as: Visit, number: str) -> None:
    page = visit_as("ent01", f"/certificates/{number}/cancel")
    page.get_by_label("原因").fill("市场变化，不再实施")
    page.get_by_label("附件").set_input_files(
        {"name": "决议.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 resolution"}
    )
    expect(page.get_by_text("决议.pdf")).to_be_visible()
    page.get_by_role("button", name="提交").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("注销后备案证立即失效，不能恢复。")
    dialog.get_by_role("button", name="取消").click()
    expect(page.get_by_label("原因")).to_have_value("市场变化，不再实施")
    page.get_by_role("button", name="提交").click()
    dialog.get_by_role("button", name="注销").click()
    expect(page.get_by_text("已注销，备案证已失效。")).to_be_visible()
    expect(page.get_by_role("link", name="决议.pdf", exact=True)).to_be_visible()


def test_pages_about_a_certificate_fit_a_telephone(visit_as: Visit, number: str) -> None:
    for user, paths in (
        ("ent01", ("/progress", f"/certificates/{number}/progress", "/cancellations/new", "/revocations")),
        ("gx10", ("/progress", f"/certificates/{number}/revoke", "/revocations/new", "/cancellations")),
    ):
        for path in paths:
            assert_no_sideways_scroll(visit_as(user, path, **TELEPHONE))
