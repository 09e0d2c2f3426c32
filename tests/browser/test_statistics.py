"""查询统计 in a browser: charts beside their tables, wide and on a telephone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Demo, certified
from tests.browser.test_telephone_and_keyboard import TELEPHONE, assert_no_sideways_scroll

Visit = Callable[..., Page]

WIDE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(autouse=True)
def issued(site: Demo) -> None:
    """There is a certificate to be counted."""
    certified(site)


@pytest.mark.parametrize("window", [WIDE, TELEPHONE], ids=["1280", "390"])
def test_charts_are_drawn_from_tables_that_a_button_shows(visit_as: Visit, window: dict[str, object]) -> None:
    page = visit_as("province", "/office/statistics", **window)
    charts = page.locator("[data-jg-chart] canvas")
    expect(charts).to_have_count(3)
    table = page.get_by_role("table", name="备案项目数与总投资")
    # For a screen reader the table is there before anybody asks for it.
    expect(table.get_by_role("row")).not_to_have_count(0)
    button = page.get_by_role("button", name="查看数据表")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".jg-chart-table.is-beside")).to_have_count(0)
    assert_no_sideways_scroll(page)
    button.click()
    expect(page.locator(".jg-chart-table.is-beside")).to_have_count(3)


def test_a_bar_leads_to_its_cases(visit_as: Visit) -> None:
    page = visit_as("province", "/office/statistics", **WIDE)
    first = page.locator("#regions-table tbody tr").first
    count = first.locator("td").first.inner_text()
    chart = page.locator("[data-jg-chart='bars']").first
    box = chart.bounding_box()
    assert box is not None
    # The longest bar is the uppermost and begins right of the names.
    rows = page.locator("#regions-table tbody tr").count()
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + 14 + (box["height"] - 34) / rows / 2)
    page.wait_for_url("**/office/projects?**")
    expect(page.get_by_text(f"共 {count} 条")).to_be_visible()


def test_the_box_in_the_top_bar_finds_a_project(visit_as: Visit) -> None:
    page = visit_as("gx10", "/office", **WIDE)
    box = page.get_by_role("searchbox", name="搜索项目、证号").first
    box.fill("技术改造")
    box.press("Enter")
    expect(page.get_by_role("heading", name="“技术改造”的搜索结果")).to_be_visible()
    expect(page.get_by_role("heading", name="项目", exact=False).first).to_be_visible()
