"""Extensions over REST: one year more, once; what is refused, and who sees what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.servers import Prepare
from tests.web.portal import Portal, load_certificate


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def certificate(portal: Portal) -> str:
    """Issued on 2 March 2026: it holds until 2 March 2028."""
    return portal.certificate


def begin(portal: Portal, certificate: str, **form: Any) -> dict[str, Any]:
    body = {"certificate": certificate, "reason": "厂房消防验收延后"} | form
    answer = portal.call("ent01", "POST", "/extensions", json=body)
    assert answer.status_code == 201, answer.text
    extension: dict[str, Any] = answer.get_json()
    return extension


def submit(portal: Portal, extension_id: str) -> TestResponse:
    return portal.call("ent01", "POST", f"/extensions/{extension_id}/submit")


def grant(portal: Portal, extension_id: str) -> None:
    assert submit(portal, extension_id).status_code == 200
    for user, decision in (("gx10", "accept"), ("gx11", "approve"), ("gx12", "issue")):
        assert portal.decide(user, extension_id, decision, "同意").status_code == 200


def codes(answer: TestResponse) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.get_json()["errors"]]


def test_a_granted_extension_moves_the_last_day_by_a_year_and_everybody_can_see_it(
    portal: Portal, certificate: str
) -> None:
    extension = begin(portal, certificate)
    assert (extension["status"], extension["certificate"]) == ("DRAFT", certificate)
    assert extension["number"].startswith("YQ20260302-")
    assert extension["form"] == {"agency": "A07", "reason": "厂房消防验收延后"}
    grant(portal, extension["id"])
    assert portal.call("ent01", "GET", f"/extensions/{extension['id']}").get_json()["status"] == "ISSUED"
    found = portal.call("gx10", "GET", f"/certificates/{certificate}").get_json()
    assert (found["status"], found["valid_until"]) == ("VALID", "2029-03-02")
    public = portal.call(None, "GET", f"/verify/{found['verify_token']}").get_json()
    assert public["valid_until"] == "2029-03-02"


def test_a_check_tells_the_new_last_day_and_everything_that_stands_against_it(portal: Portal, certificate: str) -> None:
    extension = begin(portal, certificate)
    path = f"/extensions/{extension['id']}/check"
    good = portal.call("ent01", "POST", path).get_json()
    assert (good["errors"], good["computed"]) == ([], {"valid_until": "2029-03-02"})
    assert good["passed"] == good["total"]
    bad = portal.call("ent01", "POST", path, json={"agency": "A09", "reason": " "})
    assert codes(bad) == [("agency", "E06"), ("reason", "E07")]
    assert portal.call("ent01", "GET", f"/extensions/{extension['id']}").get_json()["form"]["agency"] == "A07"


def test_it_can_be_extended_once(portal: Portal, certificate: str) -> None:
    grant(portal, begin(portal, certificate)["id"])
    again = submit(portal, begin(portal, certificate)["id"])
    assert (again.status_code, codes(again)) == (422, [("certificate", "E02")])
    assert again.get_json()["errors"][0]["message"] == "备案证只能延期一次"


def test_a_second_application_beside_an_open_one_is_refused(portal: Portal, certificate: str) -> None:
    first, second = begin(portal, certificate), begin(portal, certificate)
    assert submit(portal, first["id"]).status_code == 200
    assert codes(submit(portal, second["id"])) == [("certificate", "E04")]


def test_what_construction_has_made_long_term_needs_no_extension(portal: Portal, certificate: str) -> None:
    portal.clock.advance(timedelta(days=30))
    told = portal.call("ent01", "POST", f"/certificates/{certificate}/progress", json={"start_date": "2026-03-10"})
    assert told.status_code < 300, told.text
    assert portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()["status"] == "LONG_TERM"
    assert codes(submit(portal, begin(portal, certificate)["id"])) == [("certificate", "E03")]


def test_an_invalid_certificate_cannot_be_extended(portal: Portal, certificate: str) -> None:
    draft = begin(portal, certificate)
    portal.clock.advance(timedelta(days=732))
    portal.settle()
    found = portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()
    assert (found["status"], found["invalid_reason"]) == ("INVALID", "EXPIRED")
    assert codes(submit(portal, draft["id"])) == [("certificate", "E01")]
    refused = portal.call("ent01", "POST", "/extensions", json={"certificate": certificate})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "certificate_invalid")


def test_extensions_are_their_enterprise_s_and_once_submitted_the_authority_s(portal: Portal, certificate: str) -> None:
    extension = begin(portal, certificate)
    path = f"/extensions/{extension['id']}"
    assert [portal.call(user, "GET", path).status_code for user in ("ent02", "gx10")] == [404, 404]
    assert portal.call("ent02", "POST", "/extensions", json={"certificate": certificate}).status_code == 404
    assert submit(portal, extension["id"]).status_code == 200
    assert [portal.call(user, "GET", path).status_code for user in ("gx10", "gx16")] == [200, 404]
    assert portal.call("gx10", "GET", "/extensions").get_json()["items"][0]["id"] == extension["id"]


def test_a_reminder_is_a_to_do_of_the_enterprise_that_goes_when_it_is_told(portal: Portal, certificate: str) -> None:
    portal.clock.advance(timedelta(days=61))  # the planned start was the 60th
    portal.settle()
    [task] = portal.call("ent01", "GET", "/tasks?box=todo").get_json()["items"]
    assert (task["element_id"], task["name"], task["role"]) == ("fill_start", "填报开工时间", "enterprise")
    sneaked = portal.call(
        "ent01", "POST", f"/tasks/{task['id']}/complete", json={"data": {"valid_until": "2099-01-01"}}
    )
    assert sneaked.status_code == 422
    portal.call("ent01", "POST", f"/certificates/{certificate}/progress", json={"start_date": "2026-05-01"})
    assert portal.call("ent01", "GET", "/tasks?box=todo").get_json()["items"] == []
