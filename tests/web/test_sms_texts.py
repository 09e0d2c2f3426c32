"""短信模板: reworded within one message, every version kept, and sent as reworded."""

from collections.abc import Callable

import pytest

from records.sms import outbox
from tasks.sms.texts import LABELS, LONGEST, TEMPLATES, longest_length, objections, placeholders
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db

REWORDED = "{e}报来“{p}”{k}，{d}前办结。"


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_every_delivered_text_keeps_the_rule_that_a_changed_one_must_keep(template: str) -> None:
    assert objections(template, TEMPLATES[template]) == []
    assert longest_length(TEMPLATES[template]) <= LONGEST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "请填写短信内容。"),
        ("{e}已提交“{p}”{k}。", "占位符应与原文相同：{d}、{e}、{k}、{p}，不能增减或改写。"),
        ("{e}{p}{k}{d}{n}", "占位符应与原文相同"),
        ("{e!r}{p}{k}{d}", "占位符应与原文相同"),
        ("{e}{p}{k}{d}{", "花括号不成对"),
        (REWORDED + "请" * 40, "超过一条短信的 70 个字"),
        (REWORDED + "见www.gd.cn", "短信不能有网址。"),
        ("【某某】" + REWORDED, "签名【广东技改监测】由系统加在最前"),
        (REWORDED + "\n", "短信不能换行"),
    ],
)
def test_a_text_that_is_no_message_is_refused_with_a_sentence(text: str, said: str) -> None:
    assert any(said in sentence for sentence in objections("S01", text))


def test_what_is_sent_is_the_reworded_text_until_it_is_reset(portal: Portal) -> None:
    answer = portal.call("admin", "PUT", "/sms-texts/S01", json={"text": REWORDED}).get_json()
    assert (answer["text"], answer["version"]) == (REWORDED, 1)
    assert portal.call("admin", "PUT", "/sms-texts/S01", json={"text": REWORDED}).status_code == 409
    portal.submit(portal.draft()["id"])
    assert "前办结。" in sent(portal)
    assert "报来" in sent(portal)
    assert portal.call("admin", "PUT", "/sms-texts/S01", json={"text": None}).get_json()["version"] == 2
    assert portal.call("admin", "PUT", "/sms-texts/S01", json={"text": "短"}).status_code == 422
    assert portal.call("admin", "PUT", "/sms-texts/S99", json={"text": "短"}).status_code == 404
    assert portal.call("auditor", "GET", "/sms-texts").get_json()[0]["text"] == TEMPLATES["S01"]


def sent(portal: Portal) -> str:
    with portal.app.app_context():
        return outbox(db.session())[0].text


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_every_text_has_a_page_that_says_what_its_places_stand_for_and_saves(
    client_of: Callable[[str], Visitor], template: str
) -> None:
    admin, path = client_of("admin"), f"/administration/sms-texts/{template}"
    page = admin.read(path)
    for place in placeholders(template):
        assert f"{{{place}}}</code></td><td>{LABELS[place]}</td>" in page
    text = TEMPLATES[template].removesuffix("。")
    assert f"{template} 已保存。" in admin.post(path, admin.form(path, path) | {"text": text}, follow=True).text


def test_a_text_is_changed_and_reset_on_its_page(client_of: Callable[[str], Visitor]) -> None:
    admin, path = client_of("admin"), "/administration/sms-texts/S01"
    assert TEMPLATES["S26"] in admin.read("/administration/sms-texts")
    refused = admin.post(path, admin.form(path, path) | {"text": REWORDED + "请" * 40})
    assert refused.status_code == 422
    assert "请缩短" in refused.text
    assert (
        "以后发出的短信用新的内容。" in admin.post(path, admin.form(path, path) | {"text": REWORDED}, follow=True).text
    )
    assert "修改记录" in admin.read(path)
    reset = admin.form(path, path) | {"reset": "1", "text": ""}
    assert "已恢复为初始内容" in admin.post(path, reset, follow=True).text
    assert client_of("auditor").get(path).status_code == 200
