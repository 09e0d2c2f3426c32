"""What an authority issues beside certificates: its parties find and keep it, the public can verify it."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import Visitor
from tests.web.portal import Portal

REASON = "项目已经开工，不能备案"


@pytest.fixture
def refused(portal: Portal) -> str:
    """The id of a filing that is not accepted."""
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    assert portal.decide("gx10", filing_id, "refuse", REASON).status_code == 200
    return filing_id


def paper_of(portal: Portal, filing_id: str) -> dict[str, Any]:
    [paper] = portal.call("ent01", "GET", f"/filings/{filing_id}/papers").get_json()
    return dict(paper)


def test_a_notice_is_listed_and_downloaded_by_its_parties_and_nobody_else(portal: Portal, refused: str) -> None:
    paper, number = paper_of(portal, refused), portal.filing(refused)["number"]
    told = {name: paper[name] for name in ("kind", "name", "number", "issue_date", "agency")}
    assert told == {
        "kind": "not_accepted_notice",
        "name": "不予受理通知书",
        "number": f"{number}-不1",
        "issue_date": "2026-03-02",
        "agency": "江门市江海区工业和信息化主管部门",
    }
    for reader in ("ent01", "gx10"):
        pdf = portal.call(reader, "GET", f"/papers/{paper['id']}/pdf")
        assert hashlib.sha256(pdf.data).hexdigest() == paper["pdf_sha256"], reader
        assert portal.call(reader, "GET", f"/filings/{refused}/papers").get_json() == [paper], reader
    for stranger in ("ent03", "gx14"):
        for path in (f"/papers/{paper['id']}/pdf", f"/filings/{refused}/papers"):
            assert portal.call(stranger, "GET", path).status_code == 404, (stranger, path)
    assert portal.call("ent01", "GET", "/papers/none/pdf").status_code == 404


def test_the_public_verifies_a_notice_without_reading_what_it_says(
    portal: Portal, refused: str, visitor: Visitor
) -> None:
    paper = paper_of(portal, refused)
    public = portal.call(None, "GET", f"/verify/{paper['verify_token']}").get_json()
    assert public == {"paper": {name: paper[name] for name in paper.keys() - {"id", "verify_token"}}}
    page = visitor.read(f"/verify/{paper['verify_token']}")
    for part in (
        "该不予受理通知书真实",
        paper["number"],
        paper["enterprise"],
        paper["project_name"],
        paper["pdf_sha256"],
    ):
        assert part in page, part
    assert REASON not in page


def test_a_notice_stands_on_its_document_s_page_in_the_archive_and_on_the_official_s_page(
    portal: Portal, refused: str, client_of: Callable[[str], Visitor]
) -> None:
    paper, task = paper_of(portal, refused), portal.call("gx10", "GET", "/tasks?box=done").get_json()["items"][0]["id"]
    for reader, path in (("ent01", f"/filings/{refused}"), ("ent01", "/archive"), ("gx10", f"/tasks/{task}")):
        visitor = client_of(reader)
        page = visitor.read(path)
        assert f'/papers/{paper["id"]}"' in page, path
        assert paper["number"] in page, path
        assert visitor.get(f"/papers/{paper['id']}").data.startswith(b"%PDF")
