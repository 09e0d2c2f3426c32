"""备案申报表 and 备案承诺声明 as they are printed, read back from their PDF."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from tests.web.conftest import Visitor
from tests.web.portal import Portal


@pytest.fixture
def submitted(portal: Portal) -> str:
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    return filing_id


def text_of(answer: Any) -> str:
    assert answer.mimetype == "application/pdf"
    return "".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages).replace("\n", "")


def test_the_form_prints_every_section_the_promises_and_what_was_done(
    submitted: str, client_of: Callable[[str], Visitor]
) -> None:
    text = text_of(client_of("ent01").get(f"/filings/{submitted}/application.pdf"))
    for heading in ("企业基本情况", "项目基本情况", "资金来源及构成", "施工计划", "附件清单", "备案承诺", "办理记录"):
        assert heading in text, heading
    assert "江门市星烁光电科技有限公司" in text
    assert "如有虚假或者违反承诺" in text
    assert "提交备案申报" in text


def test_people_are_printed_in_full_for_whoever_may_edit_them_and_masked_once_it_is_handed_in(
    portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    filing_id = str(portal.draft()["id"])
    path = f"/filings/{filing_id}/application.pdf"
    assert "19400000021" in text_of(client_of("ent01").get(path))
    assert portal.submit(filing_id).status_code == 200
    for username in ("ent01", "gx10"):
        masked = text_of(client_of(username).get(path))
        assert "19400000021" not in masked, username
        assert "194****0021" in masked, username


def test_nobody_else_prints_it(submitted: str, client_of: Callable[[str], Visitor]) -> None:
    assert client_of("ent03").get(f"/filings/{submitted}/application.pdf").status_code == 404
    assert client_of("gx14").get(f"/filings/{submitted}/application.pdf").status_code == 404
    assert client_of("ent03").get(f"/filings/{submitted}/commitment.pdf").status_code == 404


def test_the_statement_names_project_code_and_enterprise_and_leaves_room_to_sign(
    submitted: str, portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    answer = client_of("ent01").get(f"/filings/{submitted}/commitment.pdf")
    assert len(PdfReader(BytesIO(answer.data)).pages) == 1
    text = text_of(answer)
    for expected in ("备案承诺声明", portal.filing(submitted)["project_code"], "法定代表人（签字）", "单位（章）"):
        assert expected in text, expected


def test_a_draft_can_be_printed_before_it_is_submitted(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    filing_id = str(portal.draft()["id"])
    assert "未提交" in text_of(client_of("ent01").get(f"/filings/{filing_id}/application.pdf"))


def test_the_filings_page_offers_both(submitted: str, client_of: Callable[[str], Visitor]) -> None:
    page = client_of("ent01").read(f"/filings/{submitted}")
    assert f'href="/filings/{submitted}/application.pdf"' in page
    assert f'href="/filings/{submitted}/commitment.pdf"' in page
