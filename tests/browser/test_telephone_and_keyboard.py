"""The pages on a telephone, and with a keyboard alone."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import Demo, certified, cut_off, draft, row, submitted
from web import demo

Visit = Callable[..., Page]

TELEPHONE = {"viewport": {"width": 390, "height": 844}}


def assert_no_sideways_scroll(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"


def test_no_page_scrolls_sideways_on_a_telephone(site: Demo, visit: Visit, visit_as: Visit) -> None:
    assert_no_sideways_scroll(visit("/", **TELEPHONE))
    _, code = submitted(site)
    official = visit_as("gx10", "/inbox/todo", **TELEPHONE)
    assert_no_sideways_scroll(official)
    row(official, code[-6:]).get_by_role("link").first.click()
    expect(official.get_by_role("region", name="申报内容")).to_be_visible()
    assert_no_sideways_scroll(official)
    form = visit_as("ent01", f"/filings/{draft(site)}/edit", **TELEPHONE)
    expect(form.get_by_role("checkbox", name="我已阅读并同意备案承诺声明")).to_be_visible()
    assert_no_sideways_scroll(form)


def test_public_pages_fit_a_small_telephone_in_english(site: Demo, visit: Visit) -> None:
    page = visit("/language/en?next=/login", **TELEPHONE)
    number = certified(site)
    site.call("ent01", "POST", f"/certificates/{number}/cancel", {"reason": "不再实施"})
    for path in ("/login", f"/verify?number={number}"):
        for width in (390, 360):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(path)
            assert_no_sideways_scroll(page)
            assert cut_off(page) == [], path


def test_the_top_bar_stays_however_far_one_scrolls(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit")
    page.get_by_role("checkbox", name="我已阅读并同意备案承诺声明").scroll_into_view_if_needed()
    box = page.locator(".jg-topbar").bounding_box()
    assert box is not None
    assert box["y"] == 0


def test_a_project_code_is_never_cut(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit", **TELEPHONE)
    code = page.get_by_role("textbox", name="项目代码")
    expect(code).not_to_have_value("")
    for width in (390, 360, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert code.evaluate("field => field.scrollWidth <= field.clientWidth"), width


@pytest.mark.parametrize("window", [{}, TELEPHONE])
def test_nothing_of_a_form_is_cut_off(site: Demo, visit_as: Visit, window: dict[str, Any]) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit", **window)
    expect(page.get_by_role("checkbox", name="我已阅读并同意备案承诺声明")).to_be_visible()
    assert cut_off(page) == []


def test_what_tab_leads_to_is_never_hidden_under_the_bar(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit")
    bar = page.get_by_role("region", name="保存与提交").bounding_box()
    assert bar is not None
    page.get_by_role("textbox", name="项目代码").focus()
    for _ in range(25):
        page.keyboard.press("Tab")
        top, height, what = page.evaluate(
            "(({ top, height }) => [top, height, document.activeElement.outerHTML])"
            "(document.activeElement.getBoundingClientRect())"
        )
        # Of a tall field the browser brings the line into view where one types.
        assert top + min(height, 36) <= bar["y"], what


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press a key until the focus is on something, and see that it shows."""
    expect(wanted).to_be_visible()
    for _ in range(120):
        page.keyboard.press(key)
        if wanted.evaluate("wanted => wanted === document.activeElement"):
            shown = wanted.evaluate(
                "wanted => [wanted, wanted.parentElement, wanted.closest('label')].filter(Boolean).some("
                "one => getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).boxShadow !== 'none')"
            )
            assert shown, f"no focus to be seen on {wanted}"
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def test_an_official_logs_in_and_decides_with_the_keyboard_alone(site: Demo, visit: Visit) -> None:
    _, code = submitted(site)
    page = visit("/login?entrance=official")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到主要内容")).to_be_focused()
    tab_to(page, page.get_by_role("textbox", name="账号"))
    page.keyboard.type("gx10")
    tab_to(page, page.get_by_role("textbox", name="密码"))
    page.keyboard.type(demo.PASSWORD)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="待办任务").first)
    page.keyboard.press("Enter")
    tab_to(page, row(page, code[-6:]).get_by_role("link").first)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="认领"))
    page.keyboard.press("Enter")
    outcome = page.get_by_role("radio", name=re.compile("^受理"))
    # One of a group's radio buttons is reached with Tab, the others from there with the arrows.
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    if not outcome.is_checked():
        tab_to(page, outcome, key="ArrowDown")
    tab_to(page, page.get_by_role("textbox", name="意见说明"))
    page.keyboard.type("材料齐全")
    tab_to(page, page.get_by_role("button", name="提交：受理"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("已提交：受理。")).to_be_visible()


def test_an_enterprise_submits_a_filing_with_the_keyboard_alone(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit")
    tab_to(page, page.get_by_role("checkbox", name="我已阅读并同意备案承诺声明"))
    if not page.get_by_role("checkbox", name="我已阅读并同意备案承诺声明").is_checked():
        page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="提交备案"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("待受理").first).to_be_visible()
