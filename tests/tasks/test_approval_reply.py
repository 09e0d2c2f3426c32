"""The reply that approves a project and its tenders: what it says, on how many pages, the same bytes every time."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from records.certificates import Seal
from records.filings import Filing
from tasks.papers.approval_reply import AMOUNTS, ApprovalReply, TenderRow, printed
from tasks.papers.official import OfficialPaper, render

LONGEST = "年产200万台（套）高效节能热电联产机组及配套自动化控制系统生产线智能化绿色化升级技术改造项目"


@pytest.fixture(scope="module")
def reply(sample: dict[str, Any]) -> ApprovalReply:
    project = next(project for project in sample["projects"] if project["no"] == 25)
    filing = project["filing"]
    amounts: dict[str, Any] = {name: Decimal(filing["money"][name]) for name in AMOUNTS}
    return ApprovalReply(
        number="深工信技改核〔2021〕1号",
        enterprise_name="深圳市示例热电有限公司",
        project_name=filing["project_name"],
        project_code=filing["project_code"],
        location=filing["location"],
        scale_content=filing["scale_content"],
        **amounts,
        planned_start=date.fromisoformat(filing["planned_start"]),
        planned_completion=date.fromisoformat(filing["planned_completion"]),
        valid_until=date(2023, 12, 1),
        tender=tuple(TenderRow.of(row) for row in project["tender"]["rows"]),
        agency_name="深圳市工业和信息化局",
        issue_date=date(2021, 12, 1),
        seal=Seal.OFFLINE_PENDING,
        verify_url="https://jigai.example/verify/abcdEFGH12345678",
    )


def pages(reply: ApprovalReply) -> list[str]:
    """The texts of the pages, without spaces and line ends."""
    return ["".join((page.extract_text() or "").split()) for page in PdfReader(BytesIO(render(reply))).pages]


def test_the_reply_approves_the_project_and_its_tenders_in_one_document(reply: ApprovalReply) -> None:
    found = pages(reply)
    text = re.sub("查询：.*?监制", "", "".join(found))
    for part in (
        "深工信技改核〔2021〕1号",
        "深圳市工业和信息化局关于自备热电站背压机组节能技术改造项目核准的批复",
        "深圳市示例热电有限公司：",
        "一、项目代码：2109-440305-04-02-925258。",
        "三、项目建设地点：深圳市南山区示例六路6号。",
        "项目总投资12,000万元，其中项目资本金4,000万元，占总投资的33.33%。资金来源：自有资金8,000万元，国内贷款4,000万元。",
        "七、项目招标内容的核准意见见附表",
        "经书面同意后方可实施",
        "十、本批复自印发之日起两年内有效，有效期至2023年12月01日。",
        "有效期届满三十个工作日前向本机关申请延期",
        "附表：招标核准意见表",
    ):
        assert part in text, part
    annex = found[-1]
    assert annex.startswith("附表招标核准意见表")
    assert "批复文号：深工信技改核〔2021〕1号" in annex
    assert "勘察√√20估算价未达到招标规模标准设计√√√160施工√√√2,300监理√√√80重要设备√√√9,100重要材料—其他—" in annex
    assert "审批部门核准意见：核准。" in annex
    assert annex.count("（盖章处）") == 1


def test_two_contracts_of_one_kind_have_a_row_each(reply: ApprovalReply) -> None:
    spare = TenderRow(kind="设计", scope="全部招标", org="自行招标", method="邀请招标", estimate=Decimal("12.5"))
    annex = pages(replace(reply, tender=(*reply.tender, spare)))[-1]
    assert "设计√√√160设计√√√12.5施工" in annex


def test_without_tenders_to_approve_there_is_no_annex(reply: ApprovalReply) -> None:
    text = "".join(pages(replace(reply, tender=())))
    assert "招标" not in text
    assert "九、本批复自印发之日起两年内有效" in text


def test_its_longest_texts_are_printed_whole(reply: ApprovalReply) -> None:
    agency = "中国（广东）自由贸易试验区深圳前海蛇口片区管理委员会"
    content = "对现有厂房和生产线实施技术改造，购置数控加工中心、自动装配线、视觉检测设备，建设能源管理中心。" * 13
    reason = "承担该项工作的单位拥有自行设计和施工的能力，依法可以不进行招标"
    long = replace(
        reply,
        agency_name=agency,
        enterprise_name="深圳市示例高效节能热电联产装备与能源综合服务股份有限公司",
        project_name=LONGEST,
        scale_content=content + "完。",
        requirements="请在施工图设计阶段落实节能审查意见。",
        tender=tuple(replace(row, reason=reason) for row in reply.tender),
    )
    found = pages(long)
    text = re.sub("查询：.*?监制", "", "".join(found))
    assert f"{agency}关于{LONGEST}核准的批复" in text
    assert content + "完。" in text
    assert "八、请在施工图设计阶段落实节能审查意见。" in text
    assert text.count(reason) == len(reply.tender)
    assert all(f"第{number}页，共{len(found)}页" in page for number, page in enumerate(found, 1))


def test_the_same_reply_is_the_same_bytes_of_pdf_a_2b(reply: ApprovalReply) -> None:
    pdf = render(reply)
    assert pdf == render(reply)
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf


def test_what_is_kept_of_an_application_prints_the_same_reply_for_ever(
    reply: ApprovalReply, sample: dict[str, Any]
) -> None:
    project = next(project for project in sample["projects"] if project["no"] == 25)
    application = Filing(form=project["filing"] | {"tender": project["tender"]})
    kept = json.loads(json.dumps(printed(application, {"valid_until": reply.valid_until})))
    shared = {field.name: getattr(reply, field.name) for field in fields(OfficialPaper)}
    assert ApprovalReply.restored(shared | kept) == reply


def test_where_no_tender_needs_approval_the_annex_is_left_out(sample: dict[str, Any]) -> None:
    project = next(project for project in sample["projects"] if project["no"] == 25)
    application = Filing(form=project["filing"] | {"tender": {**project["tender"], "required": False}})
    assert printed(application, {"valid_until": date(2023, 12, 1)})["tender"] == []
