"""The certificate as it is printed: what it shows, that it is archival and the same every time."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from records.certificates import Seal
from tasks.papers.certificate import CertificatePaper, render
from tasks.papers.press import TextTooLong, UnprintableCharacter


@pytest.fixture
def paper() -> CertificatePaper:
    return CertificatePaper(
        number="210704397230008",
        project_code="2106-440704-04-02-601118",
        enterprise_name="江门市星烁光电科技有限公司",
        economic_type="私营有限责任公司",
        uscc="91440704MAXXX0015F",
        project_name="年产2500KK半导体LED灯珠自动化生产线技术改造项目",
        location="江门市江海区外海街道示例路1号",
        nature="技术改造",
        industry_code="C3972",
        industry_name="半导体分立器件制造",
        scale_content="对现有厂房和生产线实施技术改造，购置固晶机、焊线机等先进设备。",
        total=Decimal(3300),
        capital=Decimal(800),
        fixed_assets=Decimal("3200.5"),
        civil=Decimal("200.5"),
        equipment=Decimal(3000),
        import_usd=Decimal(50),
        own_funds=Decimal(1800),
        domestic_loan=Decimal(1500),
        stock_bond=Decimal(0),
        other_funds=Decimal(0),
        planned_start=date(2021, 12, 1),
        planned_completion=date(2022, 12, 31),
        agency_name="江门市江海区工业和信息化主管部门",
        issue_date=date(2021, 7, 29),
        valid_until=date(2023, 7, 29),
        seal=Seal.OFFLINE_PENDING,
        verify_url="https://jigai.example/verify/7Q4M2K",
    )


def pages(pdf: bytes) -> list[PageObject]:
    return list(PdfReader(BytesIO(pdf)).pages)


def text_of(pdf: bytes) -> str:
    """Everything that is printed, without white space."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages(pdf)))


def test_the_same_data_give_the_same_bytes(paper: CertificatePaper) -> None:
    first = hashlib.sha256(render(paper)).hexdigest()
    render(replace(paper, number="210704397230009"))
    assert hashlib.sha256(render(paper)).hexdigest() == first


def test_it_says_that_it_is_pdf_a_2b(paper: CertificatePaper) -> None:
    pdf = render(paper)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf


def test_it_is_dated_by_its_issue_and_not_by_the_clock(paper: CertificatePaper) -> None:
    assert b"/CreationDate(D:20210729040000Z)" in render(paper)


def test_its_fonts_are_embedded_in_part_and_readable_and_it_has_one_page(paper: CertificatePaper) -> None:
    [page] = pages(render(paper))
    resources: Any = page["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]
    assert len(fonts) == 2
    for font in fonts:
        assert re.match(r"/[A-Z]{6}\+NotoS(ans|erif)SC-", font["/BaseFont"])
        assert "/ToUnicode" in font
        assert "/FontFile3" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()


def test_it_prints_everything_it_is_given(paper: CertificatePaper) -> None:
    text = text_of(render(paper))
    for printed in (
        "备案项目编号：210704397230008",
        "项目代码：2106-440704-04-02-601118",
        "广东省技术改造投资项目备案证",
        "江门市星烁光电科技有限公司",
        "私营有限责任公司",
        "91440704MAXXX0015F",
        "年产2500KK半导体LED灯珠",
        "C3972半导体分立器件制造",
        "购置固晶机、焊线机等先进设备。",
        "3,300万元其中：项目资本金800万元",
        "固定资产投资3,200.5万元（土建、公用工程及其他投资200.5万元；设备及技术投资3,000万元，",
        "自有资金1,800国内贷款1,500股票（债券）0其他资金0（万元）",
        "2021年12月01日",
        "2022年12月31日",
        "备案机关：江门市江海区工业和信息化主管部门（章）",
        "备案日期：2021年07月29日",
        "备案证有效期为两年（至2023年07月29日）。项目两年内未开工建设且未办理延期的，备案证自动失效；",
        "不具备行政许可效力",
        "查询：jigai.example/verify/7Q4M2K",
        "广东省工业和信息化厅监制",
    ):
        assert printed in text


def test_a_renovation_is_ticked_as_renovation_and_rebuilding(paper: CertificatePaper) -> None:
    text = text_of(render(paper))
    assert "□基建□√技改□其他" in text
    assert "□新建□扩建□√改建□迁建□其他" in text


def test_an_agency_that_stamps_by_hand_has_a_place_for_its_stamp(paper: CertificatePaper) -> None:
    text = text_of(render(paper))
    assert "（盖章处）" in text
    assert "电子签章" not in text


def test_an_electronic_seal_that_is_not_applied_is_not_claimed(paper: CertificatePaper) -> None:
    text = text_of(render(replace(paper, seal=Seal.SEAL_PENDING)))
    assert "电子签章待加盖" in text
    assert "盖章处" not in text


def test_only_a_specimen_says_so(paper: CertificatePaper) -> None:
    assert "样" not in text_of(render(paper))
    specimen = text_of(render(replace(paper, specimen=True)))
    assert {"样", "张"} <= set(specimen)


@pytest.mark.parametrize(
    "long",
    [
        {"scale_content": "对现有厂房和生产线实施技术改造，购置先进的设备；" * 25},
        {"enterprise_name": "公" * 100, "project_name": "项" * 100, "location": "路" * 100},
        {
            "scale_content": "建" * 600,
            "enterprise_name": "公" * 100,
            "project_name": "项" * 100,
            "location": "路" * 100,
            "agency_name": "局" * 40,
        },
        {"scale_content": "建" * 1000, "project_name": "项" * 100, "location": "路" * 100},
        {"scale_content": "一、设备\n二、厂房\n" * 10, "project_name": "A" * 100},
    ],
    ids=["600 characters", "long names", "everything long", "1000 characters", "lines and one long word"],
)
def test_long_texts_stay_whole_on_one_page(paper: CertificatePaper, long: dict[str, Any]) -> None:
    pdf = render(replace(paper, **long))
    assert len(pages(pdf)) == 1
    text = text_of(pdf).replace("\u200b", "")
    for value in long.values():
        for character in set(value) - {"\n"}:
            assert text.count(character) >= value.count(character)


def test_what_one_page_cannot_hold_is_refused_in_words(paper: CertificatePaper) -> None:
    with pytest.raises(TextTooLong, match="无法在一页内打印"):
        render(replace(paper, scale_content="建" * 5000))


def test_rare_characters_of_names_are_printed(paper: CertificatePaper) -> None:
    render(replace(paper, enterprise_name="广东䶮喆堃昉㐂镕科技有限公司"))


@pytest.mark.parametrize(
    ("name", "character"), [("深圳市𠮷祥公司", "𠮷"), ("甲\ue000公司", "\ue000"), ("乙\x07", "\x07")]
)
def test_a_character_without_a_glyph_is_named_with_its_field(
    paper: CertificatePaper, name: str, character: str
) -> None:
    with pytest.raises(UnprintableCharacter) as refused:
        render(replace(paper, enterprise_name=name))
    assert (refused.value.character, refused.value.field) == (character, "enterprise_name")
    assert f"U+{ord(character):04X}" in str(refused.value)
