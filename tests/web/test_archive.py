"""我的档案: what was handed in and handed out, by project; nobody else's."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from records.papers import Paper
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db

ISSUED = (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue"))


def issue(portal: Portal) -> tuple[str, str]:
    """A filing and its certificate."""
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    for user, decision in ISSUED:
        task = portal.task(user, filing_id)["id"]
        body = {"data": {"decision": decision}, "opinion": "同意"}
        assert portal.call(user, "POST", f"/tasks/{task}/complete", json=body).status_code == 200
    return filing_id, str(portal.filing(filing_id)["certificate"])


def change(portal: Portal, number: str) -> None:
    form = {"certificate": number, "items": ["scale_content"], "values": {"scale_content": "增购检测设备两台"}}
    made = portal.call("ent01", "POST", "/changes", json=form | {"reason": "增购设备"})
    assert made.status_code == 201, made.text
    change_id = made.get_json()["id"]
    assert portal.call("ent01", "POST", f"/changes/{change_id}/submit").status_code == 200
    for user, decision in ISSUED:
        task = portal.task(user, change_id)["id"]
        body = {"data": {"decision": decision}, "opinion": "同意"}
        assert portal.call(user, "POST", f"/tasks/{task}/complete", json=body).status_code == 200


def test_a_project_s_papers_stand_together_in_their_order(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    filing_id, number = issue(portal)
    change(portal, number)
    page = client_of("ent01").read("/archive")
    order = [f"/filings/{filing_id}/application.pdf", f"/certificates/{number}/pdf", "备案变更", "变更函"]
    places = [page.index(found, page.index(number)) for found in order]
    assert places == sorted(places)


def test_a_letter_is_read_by_its_parties_and_nobody_else(
    portal: Portal, app: Flask, client_of: Callable[[str], Visitor]
) -> None:
    change(portal, issue(portal)[1])
    with app.app_context():
        paper_id = db.session.scalars(select(Paper.id)).one()
    for reader in ("ent01", "gx10"):
        assert client_of(reader).get(f"/papers/{paper_id}").data.startswith(b"%PDF"), reader
    for stranger in ("ent03", "gx14"):
        assert client_of(stranger).get(f"/papers/{paper_id}").status_code == 404, stranger


def test_an_archive_holds_only_the_enterprise_s_own(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    number = issue(portal)[1]
    assert number not in client_of("ent03").read("/archive")


def test_the_archive_is_searched_by_project_and_number(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    number = issue(portal)[1]
    assert number in client_of("ent01").read(f"/archive?q={number}")
    assert "没有符合条件的档案" in client_of("ent01").read("/archive?q=没有这样的项目")
