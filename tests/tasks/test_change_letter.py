"""The letter of a change: what is printed, on as many pages as it needs, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from records.certificates import Seal
from tasks.papers.change_letter import ChangedField, ChangeLetter
from tasks.papers.official import render
from tasks.papers.press import UnprintableCharacter

LETTER = ChangeLetter(
    number="2022-210704397230001-变1",
    enterprise_name="江门市星烁光电科技有限公司",
    project_name="半导体分立器件测试分选线技术改造项目",
    project_code="2110-440704-04-02-017173",
    certificate_number="210704397230001",
    changed=(ChangedField("总投资", "720 万元", "800 万元"), ChangedField("占地面积", "", "1,200 平方米")),
    reason="设备选型调整",
    agency_name="江门市江海区工业和信息化主管部门",
    issue_date=date(2022, 3, 1),
    seal=Seal.SEAL_PENDING,
    verify_url="https://jigai.example/verify/abcdEFGH12345678",
)


def pages(letter: ChangeLetter) -> list[str]:
    """The texts of the pages, without spaces and line ends."""
    return ["".join((page.extract_text() or "").split()) for page in PdfReader(BytesIO(render(letter))).pages]


def test_the_letter_says_what_is_changed_and_that_it_is_used_with_the_certificate() -> None:
    [text] = pages(LETTER)
    for part in (
        "编号：2022-210704397230001-变1",
        "关于半导体分立器件测试分选线技术改造项目备案变更的函",
        "江门市星烁光电科技有限公司：",
        "同意你单位对备案项目（备案证号：210704397230001，项目代码：2110-440704-04-02-017173）作如下变更：",
        "变更项原备案信息变更后备案信息",
        "总投资720万元800万元",
        "占地面积—1,200平方米",
        "变更原因：设备选型调整",
        "其他内容仍按原备案证执行，本函与原备案证配合使用。",
        "江门市江海区工业和信息化主管部门（章）",
        "2022年03月01日",
        "电子签章待加盖",
        "查询：jigai.example/verify/abcdEFGH12345678",
    ):
        assert part in text, part
    assert "样张" not in text


def test_the_same_letter_is_the_same_bytes() -> None:
    assert render(LETTER) == render(LETTER)


def test_a_long_change_takes_more_pages_each_with_its_number_and_the_headings() -> None:
    content = "购置测试分选一体机12台，新增视觉检测设备6台。" * 40
    long = replace(LETTER, changed=(ChangedField("建设规模及内容", content, content + "完。"),))
    found = pages(long)
    assert len(found) > 1
    assert all(f"第{number}页，共{len(found)}页" in text for number, text in enumerate(found, 1))
    assert all("变更后备案信息" in text for text in found[:2])
    assert "（章）" in found[-1]


def test_an_agency_that_stamps_by_hand_gets_a_place_for_it_and_the_demo_a_watermark() -> None:
    [text] = pages(replace(LETTER, seal=Seal.OFFLINE_PENDING, specimen=True))
    assert "（盖章处）" in text
    assert "样张" in text
    assert "电子签章" not in text


def test_a_character_without_a_glyph_is_named() -> None:
    with pytest.raises(UnprintableCharacter, match=r"变更函字体缺少字符「🏭」（U\+1F3ED）（reason）"):
        render(replace(LETTER, reason="迁厂🏭"))
