"""What is wrong is said beside its field, and nothing that was typed is lost."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.people import Demo, draft, form_of, log_in, new_code, row

Visit = Callable[..., Page]

FUNDS = "「总投资」金额与「自有资金」、「国内贷款」、「股票债券」、「其他资金」的总额不相等，请检查"


def test_an_error_stands_beside_its_field_and_in_a_summary_that_leads_there(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit")
    total = page.get_by_role("textbox", name="总投资", exact=True)
    total.fill("750")
    page.get_by_role("region", name="保存与提交").get_by_role("button", name="校验").click()
    expect(page.locator("#form-summary")).to_be_focused()
    expect(page.locator("#form-summary")).to_contain_text(FUNDS)
    expect(total).to_have_accessible_description(re.compile(re.escape(FUNDS)))
    expect(total).to_have_attribute("aria-invalid", "true")

    link = page.get_by_role("link", name="项目总投资 · 总投资")
    element = link.element_handle()
    with page.expect_response(re.compile("/check$")):
        page.get_by_role("textbox", name="建筑面积").fill("1")
    expect(page.locator("#form-autosave")).to_contain_text("已自动保存")
    assert element is not None
    assert element.evaluate("link => link.isConnected"), "the summary was drawn anew though it says the same"

    link.click()
    expect(total).to_be_focused()
    total.fill("720")
    expect(page.locator("#form-summary")).to_be_empty()
    expect(total).not_to_have_accessible_description(re.compile(re.escape(FUNDS)))


def test_a_file_that_is_not_what_its_name_says_is_refused_with_a_sentence(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent01", f"/filings/{draft(site)}/edit")
    materials = page.get_by_role("region", name="申报材料")
    expect(page.get_by_role("link", name="申报材料 选填")).not_to_have_class(re.compile("is-done"))
    upload = materials.get_by_label("上传备案材料")
    upload.set_input_files({"name": "说明.pdf", "mimeType": "application/pdf", "buffer": b"MZ not a document"})
    refused = materials.get_by_role("listitem").filter(has_text="说明.pdf")
    expect(refused).to_contain_text("内容")
    upload.set_input_files({"name": "清单.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n"})
    expect(materials.get_by_role("button", name="删除 清单.pdf")).to_be_visible()
    expect(materials.get_by_role("button", name="删除 说明.pdf")).to_have_count(0)


def test_a_double_click_files_once(site: Demo, visit_as: Visit) -> None:
    code = new_code()
    filing = draft(site, project_code=code)
    page = visit_as("ent01", f"/filings/{filing}/edit")
    page.get_by_role("button", name="提交备案").dblclick()
    expect(page).to_have_url(re.compile(f"/filings/{filing}$"))
    expect(page.get_by_role("button", name="撤回")).to_be_visible()
    expect(row(visit_as("gx10", "/inbox/todo"), code[-6:])).to_have_count(1)


def test_a_click_before_the_form_is_there_is_not_lost(site: Demo, visit_as: Visit) -> None:
    filing = draft(site, project_code=new_code())
    page = visit_as("ent01", f"/filings/{filing}")

    held: list[Route] = []
    page.route(
        re.compile(r"/static/dist/filing-form[^/]*\.js"), lambda route: held.append(route)
    )  # Playwright marks it
    page.goto(f"{site.base}/filings/{filing}/edit", wait_until="commit")
    page.get_by_role("button", name="提交备案").click()
    assert held
    for route in held:
        route.continue_()
    expect(page).to_have_url(re.compile(f"/filings/{filing}$"))


def test_what_was_typed_into_an_ended_session_is_there_after_the_log_in(site: Demo, visit_as: Visit) -> None:
    typed = form_of(new_code())["scale_content"] + "新增自动测试分选线两条。"
    page = visit_as("ent01", f"/filings/{draft(site)}/edit")
    content = page.get_by_role("textbox", name="建设规模及内容")
    expect(content).to_be_editable()
    page.context.clear_cookies()
    content.fill(typed)
    page.get_by_role("button", name="重新登录").click()
    log_in(page, "ent01")
    expect(content).to_have_value(typed)
    expect(page.get_by_text("已恢复上次未保存的内容")).to_be_visible()
    expect(page.locator("#form-autosave")).to_contain_text("已自动保存")
