"""The form of an application for approval on a telephone: materials that follow the answers, and the tables' answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from playwright.sync_api import Page, expect

from records.sample import application_of
from tests.browser.people import Demo, new_code
from web import demo

Visit = Callable[..., Page]

TELEPHONE = {"width": 390, "height": 844}
_NOT_TYPED_YET = (
    "land_use",
    "land_preexamination_exempt",
    "materials",
    "tender",
    "fictional",
    "enterprise",
    "attachments",
)


def draft(site: Demo) -> str:
    """The id of a draft of ent06 in which everything but land, materials and tenders is filled in."""
    form = application_of(demo.sample()["projects"][24])
    for name in _NOT_TYPED_YET:
        form.pop(name)
    year = datetime.now().astimezone().year + 1
    form |= {"project_code": new_code(), "planned_start": f"{year}-03-01", "planned_completion": f"{year + 1}-06-30"}
    return str(site.call("ent06", "POST", "/approvals", form)["id"])


def _answer(page: Page, group: str, label: str) -> None:
    page.get_by_role("group", name=group).get_by_role("radio", name=label, exact=True).check()


def test_materials_follow_the_answers_and_tenders_are_judged_while_they_are_typed(site: Demo, visit_as: Visit) -> None:
    page = visit_as("ent06", f"/approvals/{draft(site)}/edit", viewport=TELEPHONE)
    expect(page.get_by_text("回答「用地与外资」的全部问题后，这里列出应当提交的材料。")).to_be_visible()
    _answer(page, "用地方式", "划拨")
    _answer(page, "明确不进行用地（海）预审", "否")
    expect(page.get_by_text("按以上回答应当提交 3 份，已上传 0 份。")).to_be_visible()
    for title in ("项目申请报告", "选址意见书", "用地（海）预审意见"):
        file: Any = {"name": f"{title}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
        page.get_by_label(title, exact=True).set_input_files(file)
        expect(page.get_by_text(f"{title}.pdf")).to_be_visible()
    expect(page.get_by_text("按以上回答应当提交 3 份，已上传 3 份。")).to_be_visible()

    page.get_by_role("textbox", name="使用预算资金").fill("0")
    _answer(page, "国有资金控股或主导", "是")
    _answer(page, "国际组织或外国政府资金", "否")
    _answer(page, "大型基础设施、公用事业项目", "否")
    for estimate in ("20", "399.99"):
        page.get_by_role("button", name="新增采购内容").click()
        page.get_by_role("textbox", name="估算价").last.fill(estimate)
    page.get_by_role("combobox", name="第 2 行采购内容").select_option("施工")
    expect(page.get_by_text("不须办理招标核准")).to_be_visible()
    page.get_by_role("textbox", name="第 2 行估算价").fill("400")
    expect(page.get_by_text("第五条(一)：施工单项合同估算价在400万元人民币以上")).to_be_visible()

    page.get_by_role("combobox", name="第 1 行招标方式").select_option("不采用招标方式")
    page.get_by_role("textbox", name="第 1 行不采用招标方式的理由").fill("估算价未达到招标规模标准")
    page.get_by_role("button", name="新增采购内容").click()
    page.get_by_role("button", name="删除第 3 行").click()
    page.get_by_role("button", name="校验", exact=True).last.click()
    expect(page.get_by_role("alert").get_by_text("请选择「施工」的招标方式")).to_be_visible()
    page.get_by_role("combobox", name="第 2 行招标范围").select_option("全部招标")
    page.get_by_role("combobox", name="第 2 行招标组织形式").select_option("委托招标")
    page.get_by_role("combobox", name="第 2 行招标方式").select_option("公开招标")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.get_by_role("button", name="提交申请").click()
    expect(page).to_have_url(re.compile(r"/approvals/\w+$"))
    expect(page.get_by_text("待受理")).to_be_visible()
    expect(page.get_by_text("应当提交 3 份，已提交 3 份")).to_be_visible()
