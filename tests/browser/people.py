"""What people do on the pages, by the words they read there; and what stands behind a page, over REST."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

from playwright.sync_api import Locator, Page, expect

from records.calendar import local_date
from records.formats import project_code_check_digit
from records.sample import draft_forms
from tests.web.test_demo_process import Demo
from web import demo

__all__ = ["Demo", "claim", "decide", "draft", "fill_in", "form_of", "log_in", "new_code", "row", "submitted"]


# Forms and filings


def _codes() -> Iterator[str]:
    for serial in count(50000):
        digits = f"211044070404 02{serial}".replace(" ", "")
        yield f"2110-440704-04-02-{serial}{project_code_check_digit(digits)}"


_CODES = _codes()


def new_code() -> str:
    """A good project code that no other test uses; the simulated platform has a project for it."""
    return next(_CODES)


def form_of(code: str) -> dict[str, Any]:
    """A form of ent01 that passes every rule today."""
    forms = draft_forms(demo.sample(), local_date(datetime.now().astimezone()))
    return next(one.form for one in forms if one.username == "ent01") | {"project_code": code}


def draft(site: Demo, **changes: Any) -> str:
    """The id of a new draft of ent01 that passes every rule, but for the changes."""
    return str(site.call("ent01", "POST", "/filings", form_of(new_code()) | changes)["id"])


def submitted(site: Demo) -> tuple[str, str]:
    """Id and project code of a filing of ent01 that waits for acceptance."""
    filing = draft(site)
    site.call("ent01", "POST", f"/filings/{filing}/submit")
    return filing, str(site.call("ent01", "GET", f"/filings/{filing}")["form"]["project_code"])


def certified(site: Demo) -> str:
    """The number of a certificate of ent01, issued today."""
    filing, _code = submitted(site)
    for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
        site.decide(user, filing, decision)
    return str(site.call("ent01", "GET", f"/filings/{filing}")["certificate"])


# Everybody


def log_in(page: Page, username: str) -> None:
    """Through the panel on the page, by the user's entrance."""
    panel = page.locator("#login")
    panel.get_by_role("tab", name="企业用户" if username.startswith("ent") else "审批用户").click()
    panel.get_by_role("textbox", name="账号").fill(username)
    panel.get_by_role("textbox", name="密码").fill(demo.PASSWORD)
    panel.get_by_role("button", name="登录", exact=True).click()
    # Whoever is in has no panel any more; what they have instead is folded into a menu on a telephone.
    expect(panel).to_have_count(0)


# The enterprise


def _text(page: Page, label: str, value: str) -> None:
    page.get_by_role("textbox", name=label, exact=True).fill(value)


def _choice(page: Page, group: str, label: str) -> None:
    page.get_by_role("group", name=group).get_by_role("radio", name=label, exact=True).check()


def _search(page: Page, label: str, query: str) -> None:
    """Search and take the one match."""
    page.get_by_role("combobox", name=label, exact=True).fill(query)
    page.get_by_role("listbox", name=label).get_by_role("option", name=query).click()


def fill_in(page: Page, form: dict[str, Any]) -> None:
    """Fill every required field of a new filing's form; name and place come with the code's 校验."""
    agency = next(one["name"] for one in demo.sample()["agencies"] if one["id"] == form["agency"])
    _search(page, "备案机关", agency)
    _text(page, "项目代码", form["project_code"])
    page.locator("#field-filing-project_code").get_by_role("button", name="校验", exact=True).click()
    expect(page.get_by_text("校验通过，项目名称、建设地点已同步")).to_be_visible()
    page.get_by_role("combobox", name="建设性质").select_option(form["nature"])
    _search(page, "行业分类", form["class_code"])
    _choice(page, "是否新增产能", "是" if form["adds_capacity"] else "否")
    _choice(page, "是否列入国家规划", "是" if form["national_plan"] else "否")
    _choice(page, "产业结构调整指导目录", form["catalogue"])
    _choice(page, "市场准入负面清单", form["negative_list"])
    _text(page, "建设规模及内容", form["scale_content"])
    money = form["money"]
    for label, name in (
        ("总投资", "total"),
        ("土建、公用工程及其他投资", "civil"),
        ("设备及技术投资", "equipment"),
        ("进口设备用汇", "import_usd"),
        ("年度计划投入", "annual_plan"),
        ("项目资本金", "capital"),
        ("自有资金", "own_funds"),
        ("国内贷款", "domestic_loan"),
        ("股票（债券）", "stock_bond"),
        ("其他资金", "other_funds"),
    ):
        _text(page, label, money[name])
    page.get_by_role("combobox", name="项目资本金相关行业").select_option(form["capital_industry"])
    _text(page, "计划开工时间", form["planned_start"])
    _text(page, "计划竣工时间", form["planned_completion"])
    page.get_by_role("checkbox", name="我已阅读并同意备案承诺声明").check()


# The officials


def row(page: Page, name: str) -> Locator:
    """A project's row in a list."""
    return page.get_by_role("row").filter(has_text=name)


def claim(page: Page, name: str) -> None:
    """Claim a project's task in the inbox, which opens it."""
    row(page, name).get_by_role("button", name="认领").click()
    expect(page.get_by_text("由你办理")).to_be_visible()


def decide(page: Page, outcome: str, opinion: str) -> None:
    """Choose on the task's page, give an opinion and submit."""
    page.get_by_role("radio", name=re.compile(f"^{outcome}")).check()
    page.get_by_role("textbox", name="意见说明").fill(opinion)
    page.get_by_role("button", name=f"提交：{outcome}").click()


def cut_off(page: Page) -> list[str]:
    """What cannot be read since its box is too small for it and hides the rest."""
    found: list[str] = page.evaluate(_CUT_OFF)
    return found


# A text that ends in … says so itself, and one of which a few lines are shown is meant to.
_CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((one) => {
  if (one.clientHeight <= 1 || !one.innerText?.trim() || one.closest(".visually-hidden")) return false;
  const style = getComputedStyle(one), hides = (overflow) => overflow === "hidden" || overflow === "clip";
  return hides(style.overflowY) && one.scrollHeight - one.clientHeight > 3 && style.webkitLineClamp === "none"
    || hides(style.overflowX) && one.scrollWidth - one.clientWidth > 1 && style.textOverflow !== "ellipsis";
}).map((one) => `${one.tagName.toLowerCase()}.${one.className} is cut off: ${one.innerText.trim().slice(0, 40)}`)"""
