"""政策法规 and 办事指南: everybody reads them, an administrator writes them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.web.conftest import Visitor
from tests.web.portal import Portal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def admin(app: Flask) -> Visitor:
    visitor = Visitor(app)
    visitor.log_in("admin", "official")
    return visitor


def write(admin: Visitor, address: str, **written: str) -> int:
    """Fill in an article's form and send it; whether it was taken."""
    shown = admin.form(address, address)
    fields = {"section": "备案证", "title": "标题", "body": "正文", "published": "on"}
    return admin.post(address, shown | fields | written).status_code


def test_the_nine_documents_of_the_deck_stand_in_the_policy_library(portal: Portal) -> None:
    page = portal.client.get("/policies").text
    for number in ("国务院令第673号", "国家发展改革委令2017年第2号", "粤工信规字〔2021〕2号", "国发〔2016〕72号"):
        assert number in page
    for number in ("粤府〔2017〕113号", "发改投资〔2019〕268号", "国家发展改革委令2018年第16号"):
        assert number in page
    assert "中华人民共和国招标投标法（2017年修订）" in page
    assert "广东省实施《中华人民共和国招标投标法》办法" in page


def test_a_guide_tells_how_a_filing_goes_and_that_it_is_a_notification(portal: Portal) -> None:
    page = portal.client.get("/guide").text
    assert "备案机关收到规定的全部完整信息，即为备案" in page
    assert "<ol>" in page


def test_the_guide_of_approval_says_where_it_comes_from_who_decides_and_what_is_needed(portal: Portal) -> None:
    page = portal.client.get("/guide").text
    for text in (
        "企业投资项目核准-工业和信息化领域技术改造项目核准及招标核准",
        "来源1：工业和信息化领域外商限制类技术改造项目核准（原行政许可事项）",
        "来源2：工业和信息化领域外商限制类技术改造项目招标核准（原行政许可事项）",
        "项目核准与招标核准合并办理，一文出具",
        "汕头华侨经济文化合作试验区管委会",
        "使用预算资金200万元人民币以上，并且该资金占投资额10%以上",
        "选址意见书（以划拨方式提供国有土地使用权的项目）",
        "六十日内申请行政复议",
    ):
        assert text in page, text


def test_the_contact_page_has_the_phones_and_groups_of_the_deck(portal: Portal) -> None:
    page = portal.client.get("/contact").text
    for number in ("020-83135867", "020-22041800-841", "939398917", "698101825"):
        assert number in page


def test_the_form_leads_from_the_capital_to_what_is_asked_of_it(portal: Portal) -> None:
    shown = portal.call("ent01", "GET", "/forms/filing/filing").get_json()
    [link] = shown["ui_schema"]["capital_industry"]["ui:options"]["links"]
    assert link["text"] == "项目资本金相关政策文件要求"
    page = portal.client.get(link["href"]).text
    assert "国发〔2015〕51号" in page
    assert "煤炭、电石、铁合金、烧碱、焦炭、黄磷、多晶硅项目：30%" in page


def test_the_contact_page_names_the_browsers_that_the_pages_are_built_for(portal: Portal) -> None:
    page = portal.client.get("/contact").text
    built = (ROOT / "web" / "frontend" / "build.mjs").read_text()
    for name, target in (("Chrome", "chrome"), ("Firefox", "firefox"), ("Safari", "safari")):
        found = re.search(rf'"{target}([\d.]+)"', built)
        assert found is not None
        assert re.search(rf"{name}\D*{re.escape(found[1])} 以上版本", page), name
    assert "不支持 IE 浏览器" in page


def test_an_official_has_the_guides_and_policies_beside_his_tasks(client_of: Callable[[str], Visitor]) -> None:
    page = client_of("gx10").read("/inbox/todo")
    assert '<a href="/guide#guide-filing">' in page
    assert '<a href="/policies">' in page
    assert "企业投资项目核准和备案管理条例" in page
    assert "怎样办理备案申报" not in client_of("ent01").read("/inbox/todo")


def test_what_an_administrator_writes_is_read_by_everybody(portal: Portal, admin: Visitor) -> None:
    written = {"section": "项目进展", "title": "怎样填报开工时间", "body": "1. 登录\n2. 填报", "rank": "5"}
    assert write(admin, "/library/new/guide", **written) == 303
    page = portal.client.get("/guide").text
    assert "<li>登录</li>" in page
    assert page.index("怎样填报开工时间") < page.index("怎样办理备案申报")
    [act] = portal.call("auditor", "GET", "/audit/acts").get_json()["items"]
    assert (act["act"], act["actor"], act["subject"]) == ("article.saved", "admin", "怎样填报开工时间")


def test_what_is_written_over_or_hidden_changes_what_everybody_reads(portal: Portal, admin: Visitor) -> None:
    address = "/library/guide-validity"
    assert write(admin, address, title="备案证的有效期", body="有效期**两年**。") == 303
    assert "有效期<strong>两年</strong>。" in portal.client.get("/guide").text
    shown = admin.form(address, address)
    assert (
        admin.post(address, shown | {"section": "备案证", "title": "有效期", "body": "有效期三年。"}).status_code == 303
    )
    assert "有效期三年" not in portal.client.get("/guide").text
    assert "未公开" in admin.read("/library")
    hidden, rewritten = portal.call("auditor", "GET", "/audit/acts").get_json()["items"]
    assert rewritten["before"]["body"].startswith("备案证有效期为两年。")
    assert rewritten["after"]["body"] == "有效期**两年**。"
    assert hidden["before"] == {"title": "备案证的有效期", "body": "有效期**两年**。", "published": True}
    assert hidden["after"] == {"title": "有效期", "body": "有效期三年。", "published": False}


def test_html_in_an_article_is_text(portal: Portal, admin: Visitor) -> None:
    body = "<script>alert(1)</script> [x](javascript:alert(1))"
    assert write(admin, "/library/guide-validity", body=body) == 303
    page = portal.client.get("/guide").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_a_save_over_a_newer_one_is_refused_and_keeps_what_was_typed(admin: Visitor) -> None:
    address = "/library/guide-filing"
    old = admin.form(address, address)
    assert write(admin, address) == 303
    answer = admin.post(address, old | {"section": "备案申报", "title": "标题", "body": "我写的内容"})
    assert answer.status_code == 409
    assert "这篇内容已被别人保存过" in answer.text
    assert "我写的内容" in answer.text


def test_an_article_without_a_title_is_refused_with_a_sentence(admin: Visitor) -> None:
    address = "/library/new/policy"
    answer = admin.post(address, admin.form(address, address) | {"section": "备案", "title": " ", "body": "写了很多"})
    assert answer.status_code == 422
    assert "请填写标题。" in answer.text
    assert "写了很多" in answer.text


def test_only_an_administrator_writes(app: Flask) -> None:
    official = Visitor(app)
    official.log_in("gx10", "official")
    assert official.get("/library").status_code == 403
    assert "内容维护" not in official.read("/inbox/todo")
