"""The main job over the REST interface: a filing goes from draft to a certificate that can be verified."""

import hashlib
import io
from threading import Barrier, Thread

import pytest

from tests.web.portal import Portal


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


def test_a_filing_goes_from_draft_to_a_certificate_that_can_be_verified(portal: Portal) -> None:
    filing = portal.draft()
    assert filing["status"] == "DRAFT"
    assert portal.submit(filing["id"]).status_code == 200
    assert portal.filing(filing["id"])["status"] == "SUBMITTED"

    assert portal.decide("gx10", filing["id"], "accept", "同意受理").status_code == 200
    assert portal.filing(filing["id"])["status"] == "ACCEPTED"
    assert portal.decide("gx11", filing["id"], "approve", "同意").status_code == 200
    assert portal.filing(filing["id"])["status"] == "REVIEWED"
    assert portal.decide("gx12", filing["id"], "issue", "同意签发").status_code == 200

    issued = portal.filing(filing["id"])
    assert issued["status"] == "ISSUED"
    number = issued["certificate"]
    assert number == "260704397230001"
    certificate = portal.call("ent01", "GET", f"/certificates/{number}").get_json()
    assert (certificate["status"], certificate["issue_date"], certificate["valid_until"]) == (
        "VALID",
        "2026-03-02",
        "2028-03-02",
    )
    pdf = portal.call("ent01", "GET", f"/certificates/{number}/pdf")
    assert pdf.mimetype == "application/pdf"
    assert hashlib.sha256(pdf.data).hexdigest() == certificate["pdf_sha256"]
    public = portal.call(None, "GET", f"/verify/{certificate['verify_token']}").get_json()
    assert public["number"] == number
    assert public["status"] == "VALID"
    assert "contact" not in str(public)
    case = portal.call("admin", "GET", f"/instances/{issued['instance_id']}").get_json()
    assert (case["status"], case["incidents"]) == ("completed", [])


def test_the_next_task_is_there_when_complete_answers(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    answer = portal.decide("gx10", filing["id"], "accept").get_json()
    assert [task["name"] for task in answer["tasks"]] == ["审核"]
    assert answer["instance"]["waiting"] == ["review_content"]


def test_a_return_goes_back_to_the_same_officials_after_the_correction(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    portal.decide("gx10", filing["id"], "return", "请补充设备清单")
    returned = portal.filing(filing["id"])
    assert (returned["status"], returned["opinion"], returned["editable"]) == ("RETURNED", "请补充设备清单", True)

    corrected = portal.form(scale_content="购置测试分选机 26 台、编带机 8 台。")
    saved = portal.call("ent01", "PUT", f"/filings/{filing['id']}", json=corrected)
    assert saved.status_code == 200, saved.text
    assert portal.submit(filing["id"]).status_code == 200
    again = portal.filing(filing["id"])
    assert (again["status"], again["submission"], again["opinion"]) == ("SUBMITTED", 2, None)
    assert portal.task("gx10", filing["id"])["assignee"] == "gx10"
    assert portal.issue(filing["id"])


def test_a_refused_filing_ends_and_its_project_code_may_be_used_again(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    portal.decide("gx10", filing["id"], "refuse", "不属于本机关管辖")
    assert portal.filing(filing["id"])["status"] == "NOT_ACCEPTED"
    assert portal.call("ent01", "PUT", f"/filings/{filing['id']}", json=portal.form()).status_code == 409
    another = portal.draft()
    assert portal.submit(another["id"]).status_code == 200


def test_the_same_project_code_cannot_be_filed_twice(portal: Portal) -> None:
    portal.submit(portal.draft()["id"])
    answer = portal.submit(portal.draft()["id"])
    assert answer.status_code == 422
    assert [error["code"] for error in answer.get_json()["errors"]] == ["V07"]


def test_a_refusal_names_every_rule_at_once_and_leaves_no_case(portal: Portal) -> None:
    bad = portal.form(money={"own_funds": "1"}, planned_start="2020-01-01", commitment=False)
    filing = portal.call("ent01", "POST", "/filings", json=bad).get_json()
    answer = portal.submit(filing["id"])
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    codes = {error["code"] for error in answer.get_json()["errors"]}
    assert {"V08", "V11", "V18"} <= codes
    after = portal.filing(filing["id"])
    assert (after["status"], after["instance_id"], after["submission"]) == ("DRAFT", None, 0)


def test_an_opinion_is_required_to_return(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    answer = portal.decide("gx10", filing["id"], "return")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["opinion"]
    assert portal.filing(filing["id"])["status"] == "SUBMITTED"


def test_withdrawing_makes_the_filing_editable_again_and_takes_the_task_away(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    portal.call("gx10", "POST", f"/tasks/{task['id']}/claim", json={})
    assert portal.call("ent01", "POST", f"/filings/{filing['id']}/withdraw").status_code == 200
    withdrawn = portal.filing(filing["id"])
    assert (withdrawn["status"], withdrawn["editable"]) == ("WITHDRAWN", True)

    late = portal.call(
        "gx10", "POST", f"/tasks/{task['id']}/complete", json={"data": {"decision": "accept"}, "opinion": ""}
    )
    assert late.status_code == 409
    assert late.get_json()["detail"] == "该申报已被企业撤回，未能受理。"
    assert portal.submit(filing["id"]).status_code == 200


def test_a_withdrawal_after_the_first_decision_is_too_late(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    portal.decide("gx10", filing["id"], "accept")
    answer = portal.call("ent01", "POST", f"/filings/{filing['id']}/withdraw")
    assert answer.status_code == 409
    assert answer.get_json()["detail"] == "该申报已被工信部门审核，不能撤回。"


def test_acceptance_and_withdrawal_at_one_moment_have_one_winner(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    portal.call("gx10", "POST", f"/tasks/{task['id']}/claim", json={})
    tokens = {user: portal.token(user) for user in ("gx10", "ent01")}
    start, answers = Barrier(2), {}

    def ask(user: str, path: str, body: dict[str, object] | None) -> None:
        client = portal.app.test_client()
        start.wait()
        answers[user] = client.post(f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {tokens[user]}"})

    accept = {"data": {"decision": "accept"}, "opinion": "同意"}
    threads = [
        Thread(target=ask, args=("gx10", f"/tasks/{task['id']}/complete", accept)),
        Thread(target=ask, args=("ent01", f"/filings/{filing['id']}/withdraw", None)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
    loser = next(answer for answer in answers.values() if answer.status_code == 409).get_json()["detail"]
    status = portal.filing(filing["id"])["status"]
    assert (status, loser) in (
        ("ACCEPTED", "该申报已被工信部门审核，不能撤回。"),
        ("WITHDRAWN", "该申报已被企业撤回，未能受理。"),
    )


def test_two_officials_at_once_have_one_winner(portal: Portal) -> None:
    portal.hire("gx10b", "刘经办", agency="A07", role="handler")
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    assert portal.call("gx10b", "POST", f"/tasks/{task['id']}/claim", json={}).status_code == 200
    late = portal.call("gx10", "POST", f"/tasks/{task['id']}/claim", json={})
    assert (late.status_code, late.get_json()["detail"]) == (409, "「受理」已由刘经办认领。")
    body = {"data": {"decision": "accept"}, "opinion": ""}
    assert portal.call("gx10", "POST", f"/tasks/{task['id']}/complete", json=body).status_code == 409
    assert portal.call("gx10b", "POST", f"/tasks/{task['id']}/release", json={}).status_code == 200
    assert portal.call("gx10", "POST", f"/tasks/{task['id']}/complete", json=body).status_code == 200


def test_a_repeated_request_answers_as_the_first_time(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    body = {"data": {"decision": "accept"}, "opinion": "同意"}
    path, headers = f"/tasks/{task['id']}/complete", {"Idempotency-Key": "press-1"}
    first = portal.call("gx10", "POST", path, json=body, headers=headers)
    second = portal.call("gx10", "POST", path, json=body, headers=headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.get_json() == second.get_json()
    other = portal.call("gx10", "POST", path, json={"data": {"decision": "refuse"}}, headers=headers)
    assert other.status_code == 422


def test_a_task_that_is_done_says_who_did_it(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    portal.decide("gx10", filing["id"], "accept")
    answer = portal.call("gx10", "POST", f"/tasks/{task['id']}/complete", json={"data": {"decision": "accept"}})
    assert answer.status_code == 409
    assert answer.get_json()["detail"].startswith("「受理」已由李经办于")


@pytest.mark.parametrize(
    ("user", "status"), [(None, 401), ("ent02", 404), ("gx13", 404), ("gx11", 403), ("province", 403)]
)
def test_only_who_may_completes_a_task(portal: Portal, user: str | None, status: int) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    answer = portal.call(user, "POST", f"/tasks/{task['id']}/complete", json={"data": {"decision": "accept"}})
    assert answer.status_code == status, answer.text


def test_another_enterprise_does_not_see_a_filing(portal: Portal) -> None:
    filing = portal.draft()
    assert portal.call("ent02", "GET", f"/filings/{filing['id']}").status_code == 404
    assert portal.call("gx10", "GET", f"/filings/{filing['id']}").status_code == 404
    portal.submit(filing["id"])
    seen = portal.call("gx10", "GET", f"/filings/{filing['id']}").get_json()
    assert seen["form"]["project_contact"]["mobile"] == "194****0021"
    assert seen["enterprise"]["legal_rep"]["id_no"].startswith("*****")


def test_a_save_does_not_overwrite_what_another_window_saved(portal: Portal) -> None:
    filing = portal.draft()
    path, seen = f"/filings/{filing['id']}", {"If-Match": f'"{filing["revision"]}"'}
    assert portal.call("ent01", "PUT", path, json=portal.form(jobs_operation=1), headers=seen).status_code == 200
    late = portal.call("ent01", "PUT", path, json=portal.form(jobs_operation=2), headers=seen)
    assert late.status_code == 409
    assert portal.filing(filing["id"])["form"]["jobs_operation"] == 1


def test_json_of_the_wrong_shape_is_refused_by_field(portal: Portal) -> None:
    answer = portal.call("ent01", "POST", "/filings", json={"money": {"total": 5}, "colour": "red"})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.get_json()["errors"]} == {"money.total", "colour"}
    assert portal.call("ent01", "POST", "/filings", data="{", content_type="application/json").status_code == 400


def test_a_diagram_that_is_not_xml_is_refused_with_its_place(portal: Portal) -> None:
    answer = portal.call(
        "admin",
        "POST",
        "/deployments",
        data={"files": [(io.BytesIO(b"no xml"), "bad.bpmn")]},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    [error] = answer.get_json()["errors"]
    assert (error["file"], error["code"]) == ("bad.bpmn", "not_xml")


def test_the_interface_can_be_read_about_without_logging_in(portal: Portal) -> None:
    document = portal.client.get("/api/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/filings/{document_id}/submit" in document["paths"]
    page = portal.client.get("/api/docs")
    assert page.status_code == 200
    for path in document["paths"]:
        assert path in page.text
