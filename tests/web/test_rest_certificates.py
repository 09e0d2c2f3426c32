"""An issued certificate over the REST interface: progress that is told of it, and its end by either party."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from records.progress import ProgressVersion
from tests.servers import Prepare
from tests.web.portal import Portal, load_certificate
from web.database import db

REASON = {"reason": "市场变化，企业决定不再实施"}


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


@pytest.fixture
def number(portal: Portal) -> str:
    """A certificate of ent01, issued by the officials of Jianghai on 2026-03-02."""
    return portal.certificate


def tell(portal: Portal, number: str, user: str = "ent01", **report: Any) -> TestResponse:
    return portal.call(user, "POST", f"/certificates/{number}/progress", json=report)


def at_once(portal: Portal, *asked: tuple[str, str, dict[str, Any]]) -> list[TestResponse]:
    """The answers to requests (user, path, body) that arrive in one moment."""
    tokens = [portal.token(user) for user, _path, _body in asked]
    start = Barrier(len(asked))
    answers: dict[int, TestResponse] = {}

    def ask(place: int) -> None:
        _user, path, body = asked[place]
        client = portal.app.test_client()
        start.wait()
        headers = {"Authorization": f"Bearer {tokens[place]}"}
        answers[place] = client.post(f"/api/v1{path}", json=body, headers=headers)

    threads = [Thread(target=ask, args=(place,)) for place in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    portal.settle()
    return [answers[place] for place in range(len(asked))]


# Progress


def test_nothing_told_yet_is_a_report_like_any_other(portal: Portal, number: str) -> None:
    told = portal.call("ent01", "GET", f"/certificates/{number}/progress").get_json()
    assert (told["start_date"], told["annual_reports"], told["revision"], told["editable"]) == (None, [], 0, True)


def test_what_an_enterprise_tells_its_authority_reads(portal: Portal, number: str) -> None:
    portal.clock.advance(timedelta(days=30))
    reports = [{"year": 2026, "invested": "715.50", "stage": "设备安装"}]
    answer = tell(portal, number, start_date="2026-03-20", completion_note="", annual_reports=reports, revision=0)
    assert answer.status_code == 200, answer.text
    told = portal.call("gx10", "GET", f"/certificates/{number}/progress").get_json()
    assert (told["start_date"], told["revision"], told["editable"]) == ("2026-03-20", 1, False)
    assert told["annual_reports"] == [{"year": 2026, "invested": "715.5", "stage": "设备安装"}]
    assert tell(portal, number, "gx10").status_code == 403
    assert portal.call("ent03", "GET", f"/certificates/{number}/progress").status_code == 404
    assert tell(portal, number, "ent03").status_code == 404


def test_what_is_left_out_is_cleared_and_every_version_stays(portal: Portal, number: str) -> None:
    tell(portal, number, start_date="2026-03-02", completion_date="2026-03-02")
    assert tell(portal, number, start_date="2026-03-02").get_json()["completion_date"] is None
    assert tell(portal, number, start_date="").get_json()["start_date"] is None
    with portal.app.app_context():
        versions = db.session.scalars(select(ProgressVersion).order_by(ProgressVersion.revision)).all()
        assert [version.content["completion_date"] for version in versions] == ["2026-03-02", None, None]
        assert {version.saved_by for version in versions} == {"ent01"}


def test_a_refused_report_names_every_rule_and_changes_nothing(portal: Portal, number: str) -> None:
    answer = tell(
        portal,
        number,
        start_date="2026-03-03",
        completion_date="2026-03-01",
        annual_reports=[{"year": 2025, "invested": "1.23456", "stage": " "}],
    )
    assert answer.status_code == 422
    errors = {error["code"]: error["field"] for error in answer.get_json()["errors"]}
    assert errors == {
        "P01": "start_date",
        "P06": "completion_date",
        "P11": "annual_reports.0.year",
        "P12": "annual_reports.0.invested",
        "P13": "annual_reports.0.stage",
    }
    assert portal.call("ent01", "GET", f"/certificates/{number}/progress").get_json()["revision"] == 0


@pytest.mark.parametrize(
    ("report", "field"),
    [
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"annual_reports": [{"invested": "1", "stage": "土建"}]}, "annual_reports.0.year"),
        ({"annual_reports": [{"year": "去年"}]}, "annual_reports.0.year"),
        ({"annual_reports": [{"year": 2026, "invested": 1.5}]}, "annual_reports.0.invested"),
        ({"opened": "2026-03-02"}, "opened"),
    ],
)
def test_what_is_no_report_is_refused_at_its_field(
    portal: Portal, number: str, report: dict[str, Any], field: str
) -> None:
    answer = tell(portal, number, **report)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]


def test_too_much_invested_is_taken_with_a_warning(portal: Portal, number: str) -> None:
    answer = tell(portal, number, annual_reports=[{"year": 2026, "invested": 99999, "stage": "土建"}])
    assert answer.status_code == 200
    assert [warning["code"] for warning in answer.get_json()["warnings"]] == ["P08"]


def test_of_two_reports_at_once_that_saw_the_same_the_second_is_refused(portal: Portal, number: str) -> None:
    path = f"/certificates/{number}/progress"
    notes = ("第一份", "第二份")
    answers = at_once(portal, *(("ent01", path, {"completion_note": note, "revision": 0}) for note in notes))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    told = portal.call("ent01", "GET", path).get_json()
    winner = next(answer for answer in answers if answer.status_code == 200).get_json()
    assert (told["completion_note"], told["revision"]) == (winner["completion_note"], 1)


# The end of a certificate


def test_an_enterprise_cancels_its_certificate(portal: Portal, number: str) -> None:
    answer = portal.call("ent01", "POST", f"/certificates/{number}/cancel", json=REASON)
    assert answer.status_code == 200, answer.text
    cancellation = answer.get_json()
    assert (cancellation["status"], cancellation["form"], cancellation["certificate"]) == ("ISSUED", REASON, number)
    certificate = portal.call("ent01", "GET", f"/certificates/{number}").get_json()
    assert (certificate["status"], certificate["invalid_reason"]) == ("INVALID", "CANCELLED")
    public = portal.call(None, "GET", f"/verify/{certificate['verify_token']}").get_json()
    assert (public["status"], public["invalid_reason"]) == ("INVALID", "CANCELLED")
    # Its authority finds it; the project code may be used again.
    listed = portal.call("gx10", "GET", "/cancellations").get_json()["items"]
    assert [item["id"] for item in listed] == [cancellation["id"]]
    assert portal.submit(portal.draft()["id"]).status_code == 200


def test_a_cancellation_may_begin_as_a_draft(portal: Portal, number: str) -> None:
    draft = portal.call("ent01", "POST", "/cancellations", json={"certificate": number}).get_json()
    path = f"/cancellations/{draft['id']}"
    assert draft["allowed_actions"] == ["edit", "delete", "submit"]
    checked = portal.call("ent01", "POST", f"{path}/check").get_json()
    assert [error["code"] for error in checked["errors"]] == ["T01"]
    assert portal.call("ent01", "POST", f"{path}/submit").status_code == 422
    assert portal.call("ent01", "PUT", path, json=REASON).status_code == 200
    assert portal.call("ent01", "POST", f"{path}/submit").get_json()["status"] == "ISSUED"
    assert portal.call("ent03", "POST", "/cancellations", json={"certificate": number}).status_code == 404


def test_an_authority_revokes_what_it_supervises(portal: Portal, number: str) -> None:
    body = {"reason": "备案信息与实际不符", "ground": "条例第十九条"}
    answer = portal.call("gx12", "POST", f"/certificates/{number}/revoke", json=body)
    assert answer.status_code == 200, answer.text
    revocation = answer.get_json()
    assert (revocation["status"], revocation["form"]) == ("ISSUED", body)
    certificate = portal.call("ent01", "GET", f"/certificates/{number}").get_json()
    assert (certificate["status"], certificate["invalid_reason"]) == ("INVALID", "REVOKED")
    for reader in ("ent01", "gx10"):
        assert [item["id"] for item in portal.call(reader, "GET", "/revocations").get_json()["items"]] == [
            revocation["id"]
        ]
        assert portal.call(reader, "GET", f"/revocations/{revocation['id']}").status_code == 200
    assert portal.call("ent03", "GET", f"/revocations/{revocation['id']}").status_code == 404


def test_nobody_else_ends_a_certificate(portal: Portal, number: str) -> None:
    portal.hire("gx10s", "陈监管", agency="A07", role="supervisor")
    for user, way, status in (
        ("ent03", "cancel", 404),
        ("gx10", "cancel", 403),
        ("ent01", "revoke", 403),
        ("gx16", "revoke", 404),
        ("gx10s", "revoke", 403),
        ("admin", "revoke", 403),
    ):
        answer = portal.call(user, "POST", f"/certificates/{number}/{way}", json=REASON)
        assert answer.status_code == status, (user, way, answer.text)
    assert portal.call("ent01", "GET", f"/certificates/{number}").get_json()["status"] == "VALID"


def test_a_cancellation_and_a_revocation_at_once_have_one_winner(portal: Portal, number: str) -> None:
    answers = at_once(
        portal,
        ("ent01", f"/certificates/{number}/cancel", REASON),
        ("gx10", f"/certificates/{number}/revoke", REASON),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409).get_json()
    assert loser["code"] == "certificate_invalid"
    won = "CANCELLED" if answers[0].status_code == 200 else "REVOKED"
    assert portal.call("ent01", "GET", f"/certificates/{number}").get_json()["invalid_reason"] == won
    ended = [
        len(portal.call("gx10", "GET", f"/{kind}?limit=5").get_json()["items"])
        for kind in ("cancellations", "revocations")
    ]
    assert sum(ended) == 1


def test_a_revocation_while_something_is_told_leaves_one_of_two_orders(portal: Portal, number: str) -> None:
    told, revoked = at_once(
        portal,
        ("ent01", f"/certificates/{number}/progress", {"start_date": "2026-03-02"}),
        ("gx10", f"/certificates/{number}/revoke", REASON),
    )
    assert revoked.status_code == 200
    kept = portal.call("gx10", "GET", f"/certificates/{number}/progress").get_json()
    assert (told.status_code, kept["start_date"]) in ((200, "2026-03-02"), (409, None))
    assert kept["status"] == "INVALID"


def test_the_same_request_twice_is_one_cancellation(portal: Portal, number: str) -> None:
    answers = [
        portal.call("ent01", "POST", f"/certificates/{number}/cancel", json=REASON, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].get_json()["id"] == answers[1].get_json()["id"]
