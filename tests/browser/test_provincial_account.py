"""省统账号登录 in a browser, through the demo's own platform: bound and in, or told what to do."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect


def go_to_the_platform(page: Page) -> None:
    page.locator("#login").get_by_role("link", name="省统一身份账号登录").click()
    expect(page.get_by_role("heading", name="省统一身份认证平台（演示）")).to_be_visible()


def test_an_enterprise_logs_in_with_its_provincial_account(visit: Callable[..., Page]) -> None:
    page = visit("/")
    go_to_the_platform(page)
    page.get_by_role("button", name="登录：tyrz-0006").click()
    expect(page).to_have_url(re.compile("/workbench$"))
    expect(page.get_by_role("banner")).to_contain_text("黄例己（企业用户）")
    page.get_by_role("link", name="黄例己").click()
    expect(page.get_by_text("已绑定")).to_be_visible()
    page.get_by_role("banner").get_by_role("button", name="退出系统").click()
    expect(page.locator("#login")).to_be_visible()


def test_an_enterprise_with_several_old_accounts_asks_for_them_to_be_merged(visit: Callable[..., Page]) -> None:
    page = visit("/login")
    go_to_the_platform(page)
    page.get_by_role("button", name="登录：tyrz-0003").click()
    expect(page.get_by_text("企业在旧技改系统中存在多个账号，需要合并账号。")).to_be_visible()
    page.get_by_role("link", name="账号合并申请").click()
    page.get_by_role("textbox", name="企业名称").fill("佛山市南澜家电制造有限公司")
    page.get_by_role("textbox", name="联系人手机号码").fill("19400000023")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("申请已提交，等待管理员处理")).to_be_visible()


def test_officials_are_not_offered_it(visit: Callable[..., Page]) -> None:
    panel = visit("/").locator("#login")
    panel.get_by_role("tab", name="审批用户").click()
    expect(panel.get_by_role("link", name="省统一身份账号登录")).to_be_hidden()
    expect(panel.get_by_role("button", name="登录", exact=True)).to_be_visible()
