"""Changes over REST: from a certificate to the letter, what is refused, and who sees what."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from records.papers import Paper
from records.simulation import SimulatedProject
from tests.servers import Prepare
from tests.web.portal import Portal, load_certificate
from web.database import db
from web.runtime import runtime

PHONE = {"name": "黄例新", "mobile": "19400000099"}


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def certificate(portal: Portal) -> str:
    return portal.certificate


def begin(portal: Portal, certificate: str, items: list[str], values: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"certificate": certificate, "items": items, "values": values, "reason": "设备选型调整"} | more
    answer = portal.call("ent01", "POST", "/changes", json=body)
    assert answer.status_code == 201, answer.text
    change: dict[str, Any] = answer.get_json()
    return change


def grant(portal: Portal, change_id: str) -> None:
    assert portal.call("ent01", "POST", f"/changes/{change_id}/submit").status_code == 200
    for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
        assert portal.decide(user, change_id, decision, "同意").status_code == 200


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.get_json()["errors"]]


def test_a_granted_change_gives_a_letter_that_the_public_can_verify_and_leaves_the_certificate_as_it_was(
    portal: Portal, certificate: str
) -> None:
    paper = portal.call("ent01", "GET", f"/certificates/{certificate}/pdf").data
    change = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    assert (change["status"], change["certificate"]) == ("DRAFT", certificate)
    assert change["allowed_actions"] == ["edit", "delete", "submit"]
    grant(portal, change["id"])

    letter = portal.call("gx10", "GET", f"/changes/{change['id']}/letter")
    assert letter.mimetype == "application/pdf"
    assert letter.data.startswith(b"%PDF")
    assert "filename*=UTF-8''" in letter.headers["Content-Disposition"]

    filing_id = portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()["filing_id"]
    assert portal.filing(filing_id)["form"]["building_area_m2"] == "1200"
    assert portal.call("ent01", "GET", f"/certificates/{certificate}/pdf").data == paper

    token = portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()["verify_token"]
    [told] = portal.call(None, "GET", f"/verify/{token}").get_json()["letters"]
    assert told.pop("electronic_seal")["subject"] == told["agency"]
    assert told == {
        "name": "变更函",
        "number": f"2026-{certificate}-变1",
        "issue_date": "2026-03-02",
        "agency": "江门市江海区工业和信息化主管部门",
        "items": ["建筑面积"],
        "pdf_sha256": hashlib.sha256(letter.data).hexdigest(),
    }


def test_the_code_of_a_letter_leads_to_its_certificate_and_says_which_letter_it_is(
    portal: Portal, certificate: str
) -> None:
    for area in ("1200", "1300"):
        grant(portal, begin(portal, certificate, ["building_area_m2"], {"building_area_m2": area})["id"])
    with portal.app.app_context():
        tokens = {paper.number: paper.verify_token for paper in db.session.scalars(select(Paper))}
    assert sorted(tokens) == [f"2026-{certificate}-变1", f"2026-{certificate}-变2"]
    answer = portal.call(None, "GET", f"/verify/{tokens[f'2026-{certificate}-变2']}").get_json()
    assert answer["number"] == certificate
    assert answer["letter"]["number"] == f"2026-{certificate}-变2"
    assert len(answer["letters"]) == 2


def test_the_letter_of_a_change_that_is_not_granted_is_not_there(portal: Portal, certificate: str) -> None:
    change = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    assert portal.call("ent01", "GET", f"/changes/{change['id']}/letter").status_code == 404


def test_synchronising_takes_name_and_place_from_the_platform_and_ticks_the_code(
    portal: Portal, certificate: str
) -> None:
    change = begin(portal, certificate, [], {})
    path = f"/changes/{change['id']}"
    assert codes(portal.call("ent01", "POST", f"{path}/submit")) == [("items", "C01")]
    code = change["project_code"]
    with portal.app.app_context(), runtime().engine.command(db.session()) as command:
        command.session.add(SimulatedProject(code=code, name="智能化改造项目", place="江门市江海区示例路9号"))
    synced = portal.call("ent01", "POST", f"{path}/sync").get_json()
    assert synced["form"]["items"] == ["project_code"]
    assert synced["form"]["values"]["project_name"] == "智能化改造项目"
    assert synced["revision"] == 2
    assert portal.call("ent01", "POST", f"{path}/check").get_json()["errors"] == []
    grant(portal, change["id"])
    filing_id = portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()["filing_id"]
    assert portal.filing(filing_id)["project_name"] == "智能化改造项目"


def test_name_and_place_cannot_be_written_by_hand(portal: Portal, certificate: str) -> None:
    values = {"project_name": "自拟名称", "location": "自拟地点"}
    change = begin(portal, certificate, ["project_code"], values)
    answer = portal.call("ent01", "POST", f"/changes/{change['id']}/submit")
    assert codes(answer) == [("project_code", "C03")]
    assert answer.get_json()["errors"][0]["message"] == "平台上的项目信息又有变化，请重新点击同步"


def test_only_the_owner_s_form_shows_the_contact_and_an_official_reads_it_masked(
    portal: Portal, certificate: str
) -> None:
    items = ["project_contact.name", "project_contact.mobile"]
    change = begin(portal, certificate, items, {"project_contact": PHONE})
    assert change["form"]["values"]["project_contact"] == PHONE
    portal.call("ent01", "POST", f"/changes/{change['id']}/submit")
    seen = portal.call("gx10", "GET", f"/changes/{change['id']}").get_json()
    assert seen["form"]["values"]["project_contact"] == {"name": "****新", "mobile": "194****0099"}
    assert "19400000021" not in portal.call("gx10", "GET", f"/changes/{change['id']}").text


def test_who_has_no_such_certificate_cannot_change_it(portal: Portal, certificate: str) -> None:
    body = {"certificate": certificate, "items": [], "values": {}, "reason": ""}
    assert portal.call("ent02", "POST", "/changes", json=body).status_code == 404
    assert portal.call("ent01", "POST", "/changes", json={"items": []}).status_code == 422
    assert portal.call("gx10", "POST", "/changes", json=body).status_code == 403
    change = begin(portal, certificate, [], {})
    assert portal.call("ent02", "GET", f"/changes/{change['id']}").status_code == 404


def test_unknown_items_and_fields_are_refused_with_their_place(portal: Portal, certificate: str) -> None:
    body = {"certificate": certificate, "items": ["nature"], "values": {"money": {"total": 5}}, "reason": ""}
    answer = portal.call("ent01", "POST", "/changes", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.get_json()["errors"]} == {"items.0", "values.money.total"}


def test_after_the_authority_moved_the_next_change_is_the_new_one_s_and_the_old_one_keeps_what_it_decided(
    portal: Portal, certificate: str
) -> None:
    first = begin(portal, certificate, ["agency"], {"agency": "A09"})
    grant(portal, first["id"])
    assert portal.call("gx17", "GET", f"/certificates/{certificate}").status_code == 200
    assert portal.call("gx10", "GET", f"/certificates/{certificate}").status_code == 404
    second = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "5"})
    assert portal.call("ent01", "POST", f"/changes/{second['id']}/submit").status_code == 200
    assert portal.decide("gx17", second["id"], "accept").status_code == 200
    assert portal.call("gx10", "GET", f"/changes/{first['id']}").status_code == 200
    assert portal.call("gx10", "GET", f"/changes/{second['id']}").status_code == 404
