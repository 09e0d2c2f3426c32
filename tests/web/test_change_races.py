"""What happens to a change when something else happens to its certificate at the same moment."""

from __future__ import annotations

from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest

from records.certificates import CertificateStatus, held
from tests.servers import Prepare
from tests.web.portal import Portal, load_certificate
from tests.web.test_rest_changes import begin, codes
from web.database import db
from web.runtime import runtime


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


@pytest.fixture
def certificate(portal: Portal) -> str:
    return portal.certificate


def end(portal: Portal, certificate: str, ready: Event | None = None, go_on: Event | None = None) -> None:
    """A certificate ends, as by revocation; `go_on` says when that is committed."""
    with portal.app.app_context(), runtime().engine.command(db.session()) as command:
        row = held(command.session, certificate)
        assert row is not None
        row.status, row.invalid_reason, row.valid_until = CertificateStatus.INVALID.value, "REVOKED", None
        command.session.flush()
        if ready is not None and go_on is not None:
            ready.set()
            go_on.wait(1)


def reviewed(portal: Portal, certificate: str) -> dict[str, Any]:
    """A change that only has to be signed."""
    change = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    assert portal.call("ent01", "POST", f"/changes/{change['id']}/submit").status_code == 200
    for user, decision in (("gx10", "accept"), ("gx11", "approve")):
        assert portal.decide(user, change["id"], decision).status_code == 200
    return change


def test_of_two_changes_submitted_at_one_moment_the_second_is_refused(portal: Portal, certificate: str) -> None:
    changes = [begin(portal, certificate, ["building_area_m2"], {"building_area_m2": area}) for area in ("1", "2")]
    token, start = portal.token("ent01"), Barrier(2)
    answers: list[Any] = []

    def submit(change_id: str) -> None:
        client = portal.app.test_client()
        start.wait()
        answers.append(client.post(f"/api/v1/changes/{change_id}/submit", headers={"Authorization": f"Bearer {token}"}))

    threads = [Thread(target=submit, args=(change["id"],)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    [loser] = [answer for answer in answers if answer.status_code == 422]
    assert codes(loser) == [("items", "C05")]
    assert loser.get_json()["errors"][0]["message"] == "该备案证有办理中的备案变更，办结后才能申请变更"
    statuses = [portal.call("ent01", "GET", f"/changes/{change['id']}").get_json()["status"] for change in changes]
    assert sorted(statuses) == ["DRAFT", "SUBMITTED"]


def test_a_change_signed_while_its_certificate_is_being_revoked_ends_without_a_letter(
    portal: Portal, certificate: str
) -> None:
    change = reviewed(portal, certificate)
    revoking, signing = Event(), Event()
    revocation = Thread(target=end, args=(portal, certificate, revoking, signing))
    revocation.start()
    revoking.wait()
    answer = portal.decide("gx12", change["id"], "issue")
    revocation.join()
    assert answer.status_code == 200
    ended = portal.call("ent01", "GET", f"/changes/{change['id']}").get_json()
    assert (ended["status"], ended["opinion"]) == ("TERMINATED", "因备案证失效终止")
    assert portal.call("ent01", "GET", f"/changes/{change['id']}/letter").status_code == 404
    filing_id = portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()["filing_id"]
    assert portal.filing(filing_id)["form"]["building_area_m2"] == "0"


def test_a_change_signed_before_its_certificate_ends_stays_granted(portal: Portal, certificate: str) -> None:
    change = reviewed(portal, certificate)
    assert portal.decide("gx12", change["id"], "issue").status_code == 200
    end(portal, certificate)
    assert portal.call("ent01", "GET", f"/changes/{change['id']}").get_json()["status"] == "ISSUED"
    assert portal.call("ent01", "GET", f"/changes/{change['id']}/letter").status_code == 200


def test_a_certificate_that_has_ended_cannot_be_changed(portal: Portal, certificate: str) -> None:
    draft = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    end(portal, certificate)
    answer = portal.call("ent01", "POST", f"/changes/{draft['id']}/submit")
    assert answer.get_json()["errors"][0]["message"] == "备案证已失效，不能申请变更"
    body = {"certificate": certificate, "items": [], "values": {}, "reason": ""}
    assert portal.call("ent01", "POST", "/changes", json=body).status_code == 409


@pytest.mark.parametrize("first", ["revocation", "signature"])
def test_of_a_revocation_and_a_signature_at_one_moment_neither_fails(
    portal: Portal, certificate: str, first: str
) -> None:
    """The whole revocation, with what it tells the cases of certificate and change; `first` begins a little earlier."""
    change = reviewed(portal, certificate)
    task = portal.task("gx12", change["id"])["id"]
    assert portal.call("gx12", "POST", f"/tasks/{task}/claim", json={}).status_code == 200
    asked = {
        "revocation": (portal.token("gx10"), f"/certificates/{certificate}/revoke", {"reason": "提供虚假信息"}),
        "signature": (portal.token("gx12"), f"/tasks/{task}/complete", {"data": {"decision": "issue"}}),
    }
    start = Barrier(2)
    answers: dict[str, Any] = {}

    def ask(name: str) -> None:
        token, path, body = asked[name]
        client = portal.app.test_client()
        start.wait()
        if name != first:
            sleep(0.005)
        answers[name] = client.post(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}, json=body)

    threads = [Thread(target=ask, args=(name,)) for name in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    portal.settle()
    assert answers["revocation"].status_code == 200, answers["revocation"].text
    assert answers["signature"].status_code in (200, 409), answers[
        "signature"
    ].text  # 409: there is nothing to sign now
    assert portal.call("ent01", "GET", f"/certificates/{certificate}").get_json()["status"] == "INVALID"
    ended = portal.call("ent01", "GET", f"/changes/{change['id']}").get_json()["status"]
    letter = portal.call("ent01", "GET", f"/changes/{change['id']}/letter").status_code
    assert (ended, letter) in {("TERMINATED", 404), ("ISSUED", 200)}
    assert portal.call("admin", "GET", "/jobs?state=failed").get_json()["items"] == []
