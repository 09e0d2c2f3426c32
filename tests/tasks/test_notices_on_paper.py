"""Notices and decisions on paper: what each says, whatever its fields are, and what it says when one is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from engine.errors import EngineError
from records.certificates import Seal
from records.changes import Change
from records.documents import Document
from records.extensions import Extension
from records.filings import Filing
from records.papers import NAMES, PaperKind
from tasks.papers.notice import WORDINGS, Notice, words
from tasks.papers.official import render

TODAY = date(2021, 11, 16)
FIELDS: dict[PaperKind, dict[str, Any]] = {
    PaperKind.ACCEPTANCE_NOTICE: {"working_days": 20, "due_on": date(2021, 12, 14)},
    PaperKind.CORRECTION_NOTICE: {
        "items": ["项目申请报告缺少节能分析篇章。", "用地预审意见未加盖公章。"],
        "due_on": date(2021, 11, 30),
    },
    PaperKind.NOT_ACCEPTED_NOTICE: {"reason": "项目属于淘汰类，禁止投资。"},
    PaperKind.PROLONGATION_NOTICE: {
        "reason": "需要征求有关部门意见。",
        "working_days": 10,
        "due_on": date(2021, 12, 28),
    },
    PaperKind.REFUSAL_DECISION: {"reason": ["不符合行业发展规划。", "对重大公共利益产生不利影响。"]},
    PaperKind.EXTENSION_CONSENT: {"old_until": date(2021, 12, 31), "valid_until": date(2022, 12, 31)},
}
REMEDIES = "六十日内依法申请行政复议，也可以自收到本{}之日起六个月内依法向人民法院提起行政诉讼。"


def document(kind: type[Document] = Filing, **values: Any) -> Document:
    return kind(
        number="SB20211112-0018",
        project_name="半导体分立器件测试分选线技术改造项目",
        project_code="2110-440704-04-02-017173",
        certificate_number="210704397230001",
        submitted_at=datetime(2021, 11, 14, 17, tzinfo=UTC),  # already the 15th in China
        **values,
    )


def notice(kind: PaperKind, about: Document | None = None, **fields: Any) -> Notice:
    return Notice(
        **words(kind, about or document(), FIELDS[kind] | fields, TODAY),
        number="SB20211112-0018-不1",
        enterprise_name="江门市星烁光电科技有限公司",
        project_name="半导体分立器件测试分选线技术改造项目",
        project_code="2110-440704-04-02-017173",
        agency_name="江门市江海区工业和信息化主管部门",
        issue_date=TODAY,
        seal=Seal.OFFLINE_PENDING,
        verify_url="https://jigai.example/verify/abcdEFGH12345678",
    )


def pages(paper: Notice) -> list[str]:
    """The texts of the pages, without spaces and line ends."""
    return ["".join((page.extract_text() or "").split()) for page in PdfReader(BytesIO(render(paper))).pages]


SAYS = {
    PaperKind.ACCEPTANCE_NOTICE: (
        "你单位于2021年11月15日提交的“半导体分立器件测试分选线技术改造项目”（项目代码：2110-440704-04-02-017173）备案申报材料收悉",
        "本机关决定自2021年11月16日起予以受理",
        "法定办理期限为20个工作日，自受理之日起计算（受理当日不计），办理截止日期为2021年12月14日。",
    ),
    PaperKind.CORRECTION_NOTICE: (
        "第三十二条的规定，现将需要补正的全部内容一次性告知如下：1.项目申请报告缺少节能分析篇章。2.用地预审意见未加盖公章。",
        "请你单位于2021年11月30日前登录系统补齐或者更正上述材料",
    ),
    PaperKind.NOT_ACCEPTED_NOTICE: (
        "本机关决定不予受理。理由如下：项目属于淘汰类，禁止投资。",
        "你单位可以在符合规定条件后重新申报，项目代码仍可使用。",
        REMEDIES.format("不予受理通知书"),
    ),
    PaperKind.PROLONGATION_NOTICE: (
        "不能在法定期限内作出决定：需要征求有关部门意见。",
        "审批期限延长10个工作日，延长后的办理截止日期为2021年12月28日。",
    ),
    PaperKind.EXTENSION_CONSENT: (
        "该项目已由本机关核准（批复文号：210704397230001），核准批复的有效期至2021年12月31日。",
        "同意该项目延期开工建设，核准批复的有效期延长至2022年12月31日。",
        "开工建设只能延期一次",
    ),
    PaperKind.REFUSAL_DECISION: (
        "1.不符合行业发展规划。2.对重大公共利益产生不利影响。",
        "不符合《企业投资项目核准和备案管理条例》第九条规定的核准条件。",
        "本机关决定对该项目不予核准。",
        REMEDIES.format("不予核准决定书"),
    ),
}


@pytest.mark.parametrize("kind", WORDINGS)
def test_a_notice_says_what_its_kind_must_say(kind: PaperKind) -> None:
    [text] = pages(notice(kind))
    head = f"编号：SB20211112-0018-不1{NAMES[kind]}江门市星烁光电科技有限公司："
    for part in (head, *SAYS[kind], "（盖章处）", "江门市江海区工业和信息化主管部门（章）2021年11月16日"):
        assert part in text, part


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        (Change, "原备案证（备案证号：210704397230001）不受影响，你单位可以重新申请变更。"),
        (Extension, "备案证（备案证号：210704397230001）的有效期不因本次申请而改变。"),
    ],
)
def test_a_change_or_extension_that_is_not_accepted_leaves_the_certificate_as_it_is(
    kind: type[Document], again: str
) -> None:
    assert again in words(PaperKind.NOT_ACCEPTED_NOTICE, document(kind), {"reason": "材料不实。"}, TODAY)["body"]


@pytest.mark.parametrize("field", ["reason", "working_days", "due_on"])
def test_a_field_that_the_diagram_does_not_give_is_named(field: str) -> None:
    with pytest.raises(
        EngineError, match=rf'出具延长审批期限告知书缺少 {field}，请在流程图中给出 fields\["{field}"\]。'
    ):
        notice(PaperKind.PROLONGATION_NOTICE, **{field: None})


def test_a_notice_at_its_longest_is_printed_whole_on_numbered_pages() -> None:
    items = [f"第{number}份材料应补充盖章页，并与申请表所列建设规模及内容一致。" for number in range(1, 41)]
    found = pages(notice(PaperKind.CORRECTION_NOTICE, items=items))
    text = re.sub("查询：.*?监制", "", "".join(found))
    assert "".join(f"{number}.{item}" for number, item in enumerate(items, 1)) in text
    assert all(f"第{number}页，共{len(found)}页" in page for number, page in enumerate(found, 1))
    assert "（章）" in found[-1]


def test_a_notice_is_the_same_bytes_of_pdf_a_2b_and_a_demo_s_a_specimen() -> None:
    paper = replace(notice(PaperKind.NOT_ACCEPTED_NOTICE), specimen=True, seal=Seal.SEAL_PENDING)
    pdf = render(paper)
    assert pdf == render(paper)
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf
    [text] = pages(paper)
    assert "样张" in text
    assert "电子签章待加盖" in text
