"""A filing from an empty form to a paper that anybody can verify, and the ways back."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.people import Demo, claim, decide, fill_in, form_of, new_code, row, submitted

Visit = Callable[..., Page]


def test_a_filing_goes_from_an_empty_form_to_a_paper_that_anybody_can_verify(visit: Visit, visit_as: Visit) -> None:
    code = new_code()
    enterprise = visit_as("ent01", "/workbench")
    enterprise.get_by_role("button", name="新建备案申报").first.click()
    fill_in(enterprise, form_of(code))
    expect(enterprise.get_by_text("已填写完整，可以提交")).to_be_visible()
    name = enterprise.get_by_role("textbox", name="项目名称").input_value()
    assert code[-6:] in name
    enterprise.get_by_role("button", name="提交备案").click()
    expect(enterprise.get_by_role("heading", level=1, name=name)).to_be_visible()

    for username, outcome in (("gx10", "受理"), ("gx11", "同意"), ("gx12", "签发")):
        official = visit_as(username, "/inbox/todo")
        claim(official, name)
        decide(official, outcome, "材料齐全，同意")
        expect(official.get_by_text(f"已提交：{outcome}。")).to_be_visible()
        expect(row(official, name)).to_have_count(0)

    enterprise.reload()
    expect(enterprise.get_by_role("heading", name="广东省技术改造投资项目备案证")).to_be_visible()
    download = enterprise.get_by_role("link", name="下载", exact=True)
    while not download.is_visible():  # jobs make the file, and register it
        expect(enterprise.get_by_text(re.compile("备案证文件正在生成|电子证照正在登记"))).to_be_visible()
        enterprise.reload()
    with enterprise.expect_download() as started:
        download.click()
    assert Path(started.value.path()).read_bytes().startswith(b"%PDF")

    address = enterprise.locator("#main").get_by_role("link", name="查验").get_attribute("href")
    assert address is not None
    anybody = visit(re.sub(r"^https?://[^/]+", "", address))
    expect(anybody.get_by_role("heading", name="该备案证真实有效")).to_be_visible()
    expect(anybody.get_by_text(name)).to_be_visible()


def test_a_filing_sent_back_shows_why_and_its_handler_sees_what_has_changed(site: Demo, visit_as: Visit) -> None:
    filing, code = submitted(site)
    official = visit_as("gx10", "/inbox/todo")
    claim(official, code[-6:])
    decide(official, "退回修改", "总投资请按立项文件填写")
    expect(official.get_by_text("已提交：退回修改。")).to_be_visible()

    enterprise = visit_as("ent01", f"/filings/{filing}/edit")
    expect(enterprise.get_by_role("status").filter(has_text="退回修改")).to_contain_text("总投资请按立项文件填写")
    enterprise.get_by_role("textbox", name="总投资", exact=True).fill("730")
    enterprise.get_by_role("textbox", name="自有资金", exact=True).fill("430")
    enterprise.get_by_role("button", name="提交备案").click()
    expect(enterprise).to_have_url(re.compile(f"/filings/{filing}$"))

    official.goto("/inbox/todo")
    row(official, code[-6:]).get_by_role("link").first.click()
    total = official.get_by_role("term").filter(has_text=re.compile("^总投资")).locator("..")
    expect(total).to_contain_text(re.compile(r"720.* → .*730"))


def test_whoever_decides_after_a_withdrawal_is_told_and_keeps_the_opinion(site: Demo, visit_as: Visit) -> None:
    filing, code = submitted(site)
    official = visit_as("gx10", "/inbox/todo")
    claim(official, code[-6:])
    official.get_by_role("textbox", name="意见说明").fill("核对无误，予以受理")

    enterprise = visit_as("ent01", f"/filings/{filing}")
    enterprise.get_by_role("button", name="撤回").click()
    enterprise.get_by_role("button", name="撤回申报").click()
    expect(enterprise.get_by_role("button", name="撤回")).to_have_count(0)

    decide(official, "受理", "核对无误，予以受理")
    told = official.get_by_role("alert").filter(has_text="该申报已被企业撤回，未能受理")
    expect(told).to_contain_text("核对无误，予以受理")
    assert site.call("ent01", "GET", f"/filings/{filing}")["status"] == "WITHDRAWN"
