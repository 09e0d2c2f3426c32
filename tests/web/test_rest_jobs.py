"""An administrator's decisions about jobs over the REST interface: one, many, twice, and whose they are."""

from typing import Annotated, Any

import pytest

from engine.deployments import Source
from engine.services import Param, service_task
from tests.engine.models import boundary, one, service, start, task, timer
from tests.web.portal import Portal
from web.database import db

MODEL = one(
    start(),
    service("s", "letter", "answer", to="address"),
    boundary("b", "s", timer("P30D"), interrupting=False),
    task("on"),
    task("late"),
    "start > s > on",
    "b > late",
    id="letters",
)


@service_task("letter", title="寄信", effect="external", attempts=1)
def letter(to: Annotated[str, Param(title="收件人")]) -> str:
    if "@" not in to:
        raise OSError("no such address")
    return f"sent to {to}"


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    engine = portal_on_each.app.extensions["jigai"].engine
    engine.services.add_callable("letter", letter)
    with portal_on_each.app.app_context(), engine.command(db.session()) as command:
        command.deploy([Source("letters.bpmn", MODEL)])
    return portal_on_each


def begun(portal: Portal, address: str = "nowhere") -> str:
    answer = portal.call("admin", "POST", "/instances", json={"definition": "letters", "data": {"address": address}})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def failed(portal: Portal, **query: Any) -> list[dict[str, Any]]:
    answer = portal.call("admin", "GET", "/jobs", query_string={"state": "failed", "definition": "letters"} | query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def status(portal: Portal, case: str) -> str:
    return str(portal.call("admin", "GET", f"/instances/{case}").get_json()["status"])


def test_a_failed_job_shows_what_its_service_was_given_and_is_corrected(portal: Portal) -> None:
    case = begun(portal)
    [job] = failed(portal)
    assert (job["instance_id"], job["element_id"], job["kind"], job["state"]) == (case, "s", "service", "failed")
    assert (job["service"], job["arguments"]) == ("letter", {"to": "nowhere"})
    assert "no such address" in job["last_error"]
    assert portal.call("admin", "GET", f"/jobs/{job['id']}").get_json() == job
    answer = portal.call("admin", "POST", f"/jobs/{job['id']}/retry", json={"arguments": {"to": "a@b"}})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "due")
    assert status(portal, case) == "completed"
    assert portal.call("admin", "GET", f"/jobs/{job['id']}").status_code == 404


def test_a_retry_needs_no_body(portal: Portal) -> None:
    begun(portal)
    [job] = failed(portal)
    assert portal.call("admin", "POST", f"/jobs/{job['id']}/retry").status_code == 200
    assert portal.call("admin", "POST", f"/jobs/{job['id']}/retry", json={}).status_code == 200


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("retry", {"arguments": {"to": 5}}, 422, "arguments_invalid"),
        ("retry", {"argument": {}}, 422, "invalid"),
        ("skip", {}, 422, "invalid"),
        ("skip", {"reason": "  "}, 422, "reason_missing"),
    ],
)
def test_what_is_wrong_with_a_decision_is_answered_as_a_problem(
    portal: Portal, verb: str, body: dict[str, Any], status: int, code: str
) -> None:
    begun(portal)
    [job] = failed(portal)
    answer = portal.call("admin", "POST", f"/jobs/{job['id']}/{verb}", json=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["detail"]
    assert code == "invalid" or problem["code"] == code
    assert failed(portal) == [job]


def test_a_skipped_job_completes_its_task_with_the_result_once_for_each_key(portal: Portal) -> None:
    case = begun(portal)
    [job] = failed(portal)
    for _ in range(2):
        answer = portal.call(
            "admin",
            "POST",
            f"/jobs/{job['id']}/skip",
            json={"reason": "已电话通知", "result": "phoned"},
            headers={"Idempotency-Key": "k1"},
        )
        assert (answer.status_code, answer.get_json()["state"]) == (200, "skipped")
    shown = portal.call("admin", "GET", f"/instances/{case}").get_json()
    assert (shown["status"], shown["data"]["answer"], shown["incidents"]) == ("completed", "phoned", [])
    actions = [line["action"] for line in portal.call("admin", "GET", f"/instances/{case}/history").get_json()["items"]]
    assert "skipped" in actions
    again = portal.call("admin", "POST", f"/jobs/{job['id']}/skip", json={"reason": "again"})
    assert (again.status_code, again.get_json()["code"]) == (404, "job_unknown")


def test_a_timer_is_fired_by_skipping_it(portal: Portal) -> None:
    case = begun(portal)
    due = portal.call("admin", "GET", "/jobs", query_string={"state": "due", "kind": "timer", "instance_id": case})
    [job] = due.get_json()["items"]
    assert job["element_id"] == "b"
    assert "service" not in job
    assert portal.call("admin", "POST", f"/jobs/{job['id']}/skip", json={"reason": "提前"}).status_code == 200
    lines = portal.call("admin", "GET", f"/instances/{case}/history").get_json()["items"]
    assert "late" in [line["element_id"] for line in lines if line["action"] == "completed"]


def test_many_jobs_are_retried_or_skipped_each_with_a_result_of_its_own(portal: Portal) -> None:
    cases = [begun(portal) for _ in range(3)]
    ids = [job["id"] for job in failed(portal)]
    body: dict[str, Any] = {"ids": [ids[0], "unknown", ids[0]], "reason": "不需要"}
    items = portal.call("admin", "POST", "/jobs/skip", json=body).get_json()["items"]
    assert [(item["id"], item["done"], item["code"]) for item in items] == [
        (ids[0], True, None),
        ("unknown", False, "job_unknown"),
    ]
    assert "没有" in items[1]["message"]
    assert sorted(status(portal, case) for case in cases) == ["completed", "running", "running"]
    items = portal.call("admin", "POST", "/jobs/retry", json={"filter": {"element_id": "s"}}).get_json()["items"]
    assert sorted(item["id"] for item in items if item["done"]) == sorted(ids[1:])
    assert len(failed(portal)) == 2
    body = {"filter": {"definition": "letters"}, "reason": "不需要"}
    for _ in range(2):
        answer = portal.call("admin", "POST", "/jobs/skip", json=body, headers={"Idempotency-Key": "bulk"})
        assert sorted(item["id"] for item in answer.get_json()["items"]) == sorted(ids[1:])
    assert [status(portal, case) for case in cases] == ["completed"] * 3
    assert failed(portal) == []


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["a"], "filter": {}}, {"filter": {"colour": "red"}}])
def test_many_jobs_are_named_in_one_way(portal: Portal, body: dict[str, Any]) -> None:
    answer = portal.call("admin", "POST", "/jobs/retry", json=body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_jobs_are_for_administrators(portal: Portal) -> None:
    begun(portal)
    [job] = failed(portal)
    for user, expected in (("gx10", 403), ("ent01", 403), (None, 401)):
        for method, path in (
            ("GET", "/jobs"),
            ("GET", f"/jobs/{job['id']}"),
            ("POST", f"/jobs/{job['id']}/retry"),
            ("POST", f"/jobs/{job['id']}/skip"),
            ("POST", "/jobs/retry"),
            ("POST", "/jobs/skip"),
        ):
            body: dict[str, Any] = {} if job["id"] in path else {"ids": ["a"]}
            body |= {"reason": "x"} if path.endswith("skip") else {}
            answer = portal.call(user, method, path, json=body if method == "POST" else None)
            assert answer.status_code == expected, (user, method, path, answer.text)
    assert failed(portal) == [job]


def test_a_message_s_name_and_time_to_live_have_limits(portal: Portal) -> None:
    for body in ({"name": "x" * 201, "ttl": 5}, {"name": "M", "ttl": 10**12}):
        assert portal.call("admin", "POST", "/messages", json=body).status_code == 422
