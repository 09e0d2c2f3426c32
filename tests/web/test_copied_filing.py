"""不予受理 and 复制为新申报: what was not accepted is applied for again without being typed again (R159)."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from tests.web.conftest import Visitor
from tests.web.portal import Portal

FILE = b"%PDF-1.4 what the enterprise sent"


@pytest.fixture
def refused(portal: Portal) -> str:
    """A filing of ent01 with one file, that its handler did not accept."""
    filing_id = str(portal.draft()["id"])
    file = {"file": (BytesIO(FILE), "项目说明.pdf")}
    added = portal.call("ent01", "POST", f"/filings/{filing_id}/attachments", data=file)
    assert added.status_code == 201, added.text
    assert portal.submit(filing_id).status_code == 200
    assert "copy" not in portal.filing(filing_id)["allowed_actions"]
    assert portal.decide("gx10", filing_id, "refuse", "不属于本机关权限").status_code == 200
    return filing_id


def files(portal: Portal, filing: dict[str, Any]) -> list[tuple[str, bytes]]:
    """The names and contents of a filing's files."""
    found = []
    for file in filing["attachments"]:
        with portal.call("ent01", "GET", f"/filings/{filing['id']}/attachments/{file['id']}") as answer:
            found.append((file["name"], answer.data))
    return found


def test_a_copy_is_a_draft_with_the_data_the_code_and_the_files(portal: Portal, refused: str) -> None:
    old = portal.filing(refused)
    assert old["allowed_actions"] == ["copy"]
    answer = portal.call("ent01", "POST", f"/filings/{refused}/copy")
    assert answer.status_code == 201
    new = answer.get_json()
    assert (new["status"], new["project_code"], new["submission"]) == ("DRAFT", old["project_code"], 0)
    assert new["form"] == old["form"] | {"commitment": False}
    assert files(portal, new) == files(portal, old) == [("项目说明.pdf", FILE)]


def test_the_copy_and_its_files_are_its_own(portal: Portal, refused: str) -> None:
    new = portal.call("ent01", "POST", f"/filings/{refused}/copy").get_json()
    form = new["form"] | {"commitment": True}
    for name in ("region", "class_name", "section", "catalogue_edition", "negative_list_edition"):
        form.pop(name)
    assert portal.call("ent01", "PUT", f"/filings/{new['id']}", json=form).status_code == 200
    assert portal.submit(new["id"]).status_code == 200
    assert portal.filing(refused)["status"] == "NOT_ACCEPTED"
    another = portal.call("ent01", "POST", f"/filings/{refused}/copy").get_json()
    assert portal.call("ent01", "DELETE", f"/filings/{another['id']}").status_code == 204
    assert files(portal, portal.filing(refused)) == [("项目说明.pdf", FILE)]


def test_only_its_enterprise_may_copy_it_and_only_when_it_has_ended(portal: Portal, refused: str) -> None:
    assert portal.call("ent03", "POST", f"/filings/{refused}/copy").status_code == 404
    assert portal.call("gx10", "POST", f"/filings/{refused}/copy").status_code == 403
    draft = portal.draft(project_code="2101-440704-04-02-102340")
    answer = portal.call("ent01", "POST", f"/filings/{draft['id']}/copy")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "not_copyable")


def test_the_page_offers_it_and_leads_to_the_new_form(
    portal: Portal, refused: str, client_of: Callable[[str], Visitor]
) -> None:
    enterprise = client_of("ent01")
    page, address = f"/filings/{refused}", f"/filings/{refused}/copy"
    assert "复制为新申报" in enterprise.read(page)
    fields = enterprise.form(page, address)
    first, second = (enterprise.post(address, fields) for _ in range(2))
    assert first.location == second.location
    assert "已复制为新申报" in enterprise.read(first.location)
