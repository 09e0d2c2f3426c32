"""Pages on paper: the content, without bars, menus and what one presses."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Demo, certified, draft, submitted

Visit = Callable[..., Page]

A4 = {"viewport": {"width": 642, "height": 971}}
"""What A4 has between margins of 2 cm, in pixels."""


@pytest.fixture
def number(site: Demo) -> str:
    """A certificate of ent01."""
    return certified(site)


def assert_prints(page: Page, *texts: str) -> None:
    page.emulate_media(media="print")
    for text in texts:
        expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()
    for hidden in ("header.jg-topbar", "nav.jg-side", "nav.jg-tabs-bottom", "footer.jg-foot", ".btn", ".jg-next-card"):
        expect(page.locator(hidden).locator("visible=true")).to_have_count(0)
    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels wider than the paper"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_certificate_is_printed(visit_as: Visit, number: str) -> None:
    assert_prints(visit_as("ent01", f"/certificates/{number}", **A4), "广东省技术改造投资项目备案证", "办理记录")


def test_a_task_is_printed(site: Demo, visit_as: Visit) -> None:
    filing, code = submitted(site)
    tasks = site.call("gx10", "GET", "/tasks?box=todo&limit=100")["items"]
    task = next(one["id"] for one in tasks if one["business_key"] == filing)
    page = visit_as("gx10", f"/tasks/{task}", **A4)
    assert_prints(page, code, "企业基本情况", "办理记录")


def test_statistics_are_printed_with_their_tables(visit_as: Visit, number: str) -> None:
    page = visit_as("province", "/office/statistics", **A4)
    expect(page.locator("[data-jg-chart] canvas")).to_have_count(3)
    assert_prints(page, "分类统计", "合计")
    heads = page.locator(".jg-charts .jg-card-head")
    for chart, below in zip(page.locator("[data-jg-chart] canvas").all()[:2], heads.all()[1:], strict=False):
        drawn, head = chart.bounding_box(), below.bounding_box()
        assert drawn is not None
        assert head is not None
        assert drawn["y"] + drawn["height"] <= head["y"], "a chart lies over the next one's heading"


def test_a_preview_prints_what_was_typed_a_moment_ago(site: Demo, visit_as: Visit) -> None:
    filing = draft(site)
    page = visit_as("ent01", f"/filings/{filing}/edit")
    page.get_by_role("textbox", name="建筑面积").fill("137")
    with page.context.expect_event("response", lambda answer: answer.url.endswith("/application.pdf")) as printed:
        page.get_by_role("button", name="预览申报表").click()
    assert printed.value.headers["content-type"] == "application/pdf"
    assert site.call("ent01", "GET", f"/filings/{filing}")["form"]["building_area_m2"] == "137"
