"""Short messages: what they say, how long they may be, and where they go."""

from __future__ import annotations

import pytest

from tasks.sms.gateway import GatewaySettings, Message, OutboxGateway, gateway
from tasks.sms.texts import LONGEST, SIGNATURE, TEMPLATES, compose

LONGEST_VALUES = {
    "e": "汕头市华侨经济文化合作试验区某某科技股份有限公司",
    "p": "年产2500KK半导体LED灯珠自动化生产线技术改造项目（三期）",
    "k": "备案申报",
    "d": "2024-12-31",
    "n": "210704397230008",
    "a": "汕头华侨经济文化合作试验区管理委员会",
    "y": "2024",
    "h": "核准批复",
    "g": "申请核准",
    "w": "同意变更的复函",
}


def test_the_messages_of_every_procedure_are_there() -> None:
    assert sorted(TEMPLATES) == [f"S{number:02d}" for number in range(1, 27)]


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_message_is_never_longer_than_one(template: str) -> None:
    text = compose(template, **LONGEST_VALUES)
    assert text.startswith(SIGNATURE)
    assert len(text) <= LONGEST


def test_short_names_are_sent_whole() -> None:
    text = compose("S01", e="星烁光电", p="LED灯珠技术改造项目", k="备案申报", d="11月18日")
    assert text == "【广东技改监测】星烁光电已提交“LED灯珠技术改造项目”备案申报，请在11月18日前办结。"


def test_a_long_project_name_is_cut_to_fourteen_characters() -> None:
    text = compose("S04", **LONGEST_VALUES)
    assert text == "【广东技改监测】“年产2500KK半导体LED…”已备案，证号210704397230008，可登录系统下载电子备案证。"


def test_a_name_with_braces_is_only_a_name() -> None:
    assert "“{n}项目”" in compose("S04", p="{n}项目", n="210704397230008")


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        compose("S05", p="某项目", n="210704397230008")


def test_the_default_gateway_keeps_messages_in_the_outbox() -> None:
    carrier = gateway(GatewaySettings())
    assert isinstance(carrier, OutboxGateway)
    message = Message("19400000021", "text", "S02", {}, "case-1:notify")
    assert carrier.send(message) == carrier.send(message)


def test_an_unknown_gateway_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'pigeon'; there are outbox"):
        gateway(GatewaySettings(name="pigeon"))
