"""Search and lists find a project by the number of any document about it, and of any paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from records.documents import Document
from records.papers import Paper
from records.terminations import Cancellation
from tests.servers import Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, load_certificate
from tests.web.test_rest_changes import begin, grant
from web.database import db


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def project(portal_on_each: Portal) -> str:
    return live(portal_on_each)


def live(portal: Portal) -> str:
    """The id of a filing with a granted change and a cancellation."""
    grant(portal, begin(portal, portal.certificate, ["building_area_m2"], {"building_area_m2": "1200"})["id"])
    told = portal.call("ent01", "POST", f"/certificates/{portal.certificate}/cancel", json={"reason": "不再实施"})
    assert told.status_code == 200, told.text
    return str(portal.call("ent01", "GET", f"/certificates/{portal.certificate}").get_json()["filing_id"])


def numbers(portal: Portal) -> list[str]:
    """What stands on documents and papers, and how people type it."""
    with portal.app.app_context():
        about = Document.certificate_number == portal.certificate
        documents = list(db.session.scalars(select(Document.number).where(about)))
        papers = list(db.session.scalars(select(Paper.number)))
        cancelled = db.session.scalars(select(Cancellation.number)).one()
    assert {number[:2] for number in documents} == {"SB", "BG", "ZX"}
    assert papers
    return [*documents, *papers, cancelled.lower(), f" {cancelled} ", cancelled[:10], cancelled[:13]]


def found(portal: Portal, user: str, path: str, text: str) -> list[str]:
    answer = portal.call(user, "GET", path, query_string={"q": text}).get_json()
    return [one["id"] for one in answer["projects" if path == "/search" else "items"]]


def test_a_project_is_found_by_every_number_of_its_documents(portal_on_each: Portal, project: str) -> None:
    portal = portal_on_each
    for text in numbers(portal):
        for user in ("gx10", "province", "ent01"):
            assert found(portal, user, "/search", text) == [project], (user, text)
        assert found(portal, "gx10", "/projects", text) == [project], text
        for user in ("gx15", "ent02"):
            assert found(portal, user, "/search", text) == [], (user, text)


def test_a_number_that_was_given_to_no_document_finds_nothing(portal_on_each: Portal, project: str) -> None:
    for text in ("BG20991231-0001", "ZX", "深工信技改核〔2099〕1号", "2099-260704397230001-更1"):
        assert found(portal_on_each, "province", "/search", text) == [], text


def test_a_notice_is_found_however_its_brackets_are_typed(portal_on_each: Portal, project: str) -> None:
    with portal_on_each.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE paper SET number = '深工信技改核〔2026〕1号'")
    for text in ("深工信技改核〔2026〕1号", "深工信技改核[2026]1号", "深工信技改核（2026） 1 号"):
        assert found(portal_on_each, "gx10", "/search", text) == [project], text


def test_a_document_that_is_not_handed_in_leads_nobody_to_its_project(portal_on_each: Portal) -> None:
    portal = portal_on_each
    draft = begin(portal, portal.certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    assert found(portal, "gx10", "/search", draft["number"]) == []


def test_the_lists_of_a_kind_find_their_rows_by_number(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    live(portal)
    about = select(Document).where(Document.certificate_number == portal.certificate)
    with portal.app.app_context():
        numbers = {document.kind: document.number for document in db.session.scalars(about)}
    enterprise, official = client_of("ent01"), client_of("gx10")
    for visitor, path, kind in (
        (enterprise, "/filings", "filing"),
        (enterprise, "/archive", "filing"),
        (enterprise, "/changes", "change"),
        (official, "/cancellations", "cancellation"),
        (official, "/office/projects", "cancellation"),
        (official, "/office/certificates", "change"),
    ):
        assert portal.certificate in visitor.read(f"{path}?q={numbers[kind]}"), path
        assert portal.certificate not in visitor.read(f"{path}?q={numbers[kind][:10]}-9999"), path
