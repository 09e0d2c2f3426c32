"""The life of a case over the REST interface: suspended, resumed, modified, migrated, one or many."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from tests.engine.models import both, catch, end, message, one, start, user
from tests.servers import Databases
from tests.web.conftest import Visitor
from tests.web.portal import Portal, load_sample
from web.cli import main

OLD = one(start(), user("a"), user("b"), end(), "start > a > b > end")
NEW = one(start(), user("first", name="Examine"), user("b"), user("c"), end(), "start > first > b > c > end")


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


def deploy(portal: Portal, *files: bytes) -> None:
    for content in files:
        answer = portal.call("admin", "POST", "/deployments", data={"files": [(BytesIO(content), "p.bpmn")]})
        assert answer.status_code == 201, answer.text


def begin(portal: Portal, **more: Any) -> str:
    answer = portal.call("admin", "POST", "/instances", json={"definition": "p"} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def told(portal: Portal, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = portal.call("admin", "POST", path, json=body)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["detail"]
    document: dict[str, Any] = answer.get_json()
    return document


def complete(portal: Portal, case: str, element: str) -> None:
    tasks = portal.call("admin", "GET", f"/tasks?instance_id={case}").get_json()["items"]
    [task] = [task for task in tasks if task["element_id"] == element]
    assert portal.call("admin", "POST", f"/tasks/{task['id']}/complete", json={}).status_code == 200


def test_a_suspended_filing_offers_nothing_and_says_why_until_it_is_resumed(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    case = portal.filing(filing["id"])["instance_id"]
    task = portal.task("gx10", filing["id"])
    assert task["allowed_actions"] == ["claim", "complete", "transfer"]
    assert told(portal, f"/instances/{case}/suspend", reason="举报核查")["status"] == "suspended"
    assert portal.task("gx10", filing["id"])["allowed_actions"] == []
    for verb in ("claim", "complete"):
        answer = portal.call("gx10", "POST", f"/tasks/{task['id']}/{verb}", json={"data": {"decision": "accept"}})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "instance_suspended")
    withdrawal = portal.call("ent01", "POST", f"/filings/{filing['id']}/withdraw")
    assert (withdrawal.status_code, withdrawal.get_json()["code"]) == (409, "instance_suspended")
    assert told(portal, f"/instances/{case}/suspend", 409)["code"] == "instance_suspended"
    assert told(portal, f"/instances/{case}/resume", reason="核查完毕")["status"] == "running"
    assert told(portal, f"/instances/{case}/resume", 409)["code"] == "instance_not_suspended"
    portal.issue(filing["id"])
    history = portal.call("admin", "GET", f"/instances/{case}/history").get_json()["items"]
    assert [line["actor"] for line in history if line["action"] in ("suspended", "resumed")] == ["admin", "admin"]


def test_a_filing_migrated_half_way_gets_its_certificate(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    portal.decide("gx10", filing["id"], "accept")
    files = [
        (BytesIO(path.read_bytes() + (b"\n<!-- again -->" if path.suffix == ".bpmn" else b"")), path.name)
        for folder in ("", "rules", "forms")
        for path in sorted((Path("processes") / folder).iterdir())
        if path.suffix in (".bpmn", ".dmn", ".json")
    ]
    answer = portal.call("admin", "POST", "/deployments", data={"files": files})
    assert answer.status_code == 201, answer.text
    versions = {definition["key"]: definition["version"] for definition in answer.get_json()["definitions"]}
    case = portal.filing(filing["id"])["instance_id"]
    called = {key: version for key, version in versions.items() if key != "filing"}
    migrated = told(portal, f"/instances/{case}/migrate", version=versions["filing"], called=called)
    assert (migrated["version"], migrated["outcome"]) == (versions["filing"], "migrated")
    for user_, decision in (("gx11", "approve"), ("gx12", "issue")):
        assert portal.decide(user_, filing["id"], decision).status_code == 200
    assert portal.filing(filing["id"])["status"] == "ISSUED"


def test_a_migration_is_previewed_refused_by_name_and_done(portal: Portal) -> None:
    deploy(portal, OLD)
    case = begin(portal, data={"x": 1})
    deploy(portal, NEW)
    path = f"/instances/{case}/migrate"
    seen = told(portal, path, version=2, preview=True)
    assert (seen["outcome"], seen["version"], seen["changes"]) == ("blocked", 1, [])
    [block] = seen["blocks"]
    assert (block["element_id"], block["code"]) == ("a", "element_gone")
    assert block["message"]
    assert block["remedy"]
    refused = told(portal, path, 409, version=2)
    assert (refused["code"], refused["blocks"]) == ("migration_blocked", seen["blocks"])
    mapping = {"a": "first"}
    assert told(portal, path, version=2, mapping=mapping, preview=True)["outcome"] == "would_migrate"
    done = told(portal, path, version=2, mapping=mapping, reason="new law")
    assert (done["outcome"], done["version"], done["waiting"]) == ("migrated", 2, ["first"])
    assert [change["code"] for change in done["changes"]] == ["mapped", "name"]
    for element in ("first", "b", "c"):
        complete(portal, case, element)
    assert portal.call("admin", "GET", f"/instances/{case}").get_json()["status"] == "completed"


def test_many_cases_are_migrated_each_with_its_result_page_by_page(portal: Portal) -> None:
    deploy(portal, OLD)
    cases = sorted(begin(portal) for _ in range(3))
    complete(portal, cases[1], "a")
    deploy(portal, NEW)
    body: dict[str, Any] = {"definition": "p", "from_version": 1, "to_version": 2}
    seen = told(portal, "/migrations", preview=True, mapping={"a": "first"}, **body)
    assert [(item["instance_id"], item["outcome"]) for item in seen["items"]] == [
        (case, "would_migrate") for case in cases
    ]
    page = told(portal, "/migrations", limit=2, **body)
    assert [item["outcome"] for item in page["items"]] == ["blocked", "migrated"]
    page = told(portal, "/migrations", limit=2, cursor=page["next"], **body)
    assert ([item["outcome"] for item in page["items"]], page["next"]) == (["blocked"], None)
    page = told(portal, "/migrations", mapping={"a": "first"}, **body)
    assert [item["outcome"] for item in page["items"]] == ["migrated", "migrated"]
    assert told(portal, "/migrations", mapping={"a": "first"}, **body)["items"] == []


def test_tokens_are_moved_added_and_cancelled_in_one_request(portal: Portal) -> None:
    deploy(portal, one(start(), both("f"), user("a"), user("b"), user("c"), both("j"), end(),
                       "start > f > a > j > end", "f > b > j", "f > c"))  # fmt: skip
    case = begin(portal)
    path = f"/instances/{case}/modify"
    instructions = [
        {"do": "move", "token": "a", "element": "j", "flow": "a__j"},
        {"do": "cancel", "token": "c"},
        {"do": "add", "element": "b"},
    ]
    answer = told(portal, path, instructions=instructions, data={"x": 1}, reason="on paper")
    assert (answer["waiting"], answer["data"]) == (["b", "b"], {"x": 1})
    ambiguous = told(portal, path, 409, instructions=[{"do": "cancel", "token": "b"}])
    assert ambiguous["code"] == "token_ambiguous"
    second = ambiguous["tokens"][1]["token"]
    assert told(portal, path, instructions=[{"do": "cancel", "token": second}])["waiting"] == ["b"]
    for wrong in (
        [],
        [{"do": "move", "token": "b"}],
        [{"do": "cancel", "token": "b", "element": "c"}],
        [{"do": "jump", "token": "b"}],
        [{"do": "cancel", "token": True}],
    ):
        assert told(portal, path, 422, instructions=wrong)["errors"]


def test_repeated_under_its_key_a_command_answers_as_the_first_time(portal: Portal) -> None:
    deploy(portal, OLD, NEW)
    case = begin(portal, version=1)
    for path, body in (
        (f"/instances/{case}/suspend", {"reason": "r"}),
        (f"/instances/{case}/migrate", {"version": 2, "mapping": {"a": "first"}}),
        (f"/instances/{case}/resume", {"reason": "r"}),
        (f"/instances/{case}/modify", {"instructions": [{"do": "move", "token": "first", "element": "b"}]}),
    ):
        headers = {"Idempotency-Key": path}
        answers = [portal.call("admin", "POST", path, json=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
        assert answers[0].get_json() == answers[1].get_json()


def test_only_an_administrator_intervenes(portal: Portal) -> None:
    for path in (
        "instances/x/suspend",
        "instances/x/resume",
        "instances/x/modify",
        "instances/x/migrate",
        "migrations",
    ):
        body = {
            "modify": {"instructions": [{"do": "cancel", "token": 1}]},
            "migrate": {"version": 1},
            "migrations": {"definition": "p", "from_version": 1, "to_version": 2},
        }.get(path.rpartition("/")[2], {})
        assert portal.call("gx10", "POST", f"/{path}", json=body).status_code == 403
        assert portal.call(None, "POST", f"/{path}", json=body).status_code == 401
        if path != "migrations":
            assert portal.call("admin", "POST", f"/{path}", json=body).status_code == 404


def test_a_message_to_a_suspended_case_says_who_will_receive_it(portal: Portal) -> None:
    deploy(portal, one(start(), catch("m", message("M")), user("a"), "start > m > a"))
    case = begin(portal)
    told(portal, f"/instances/{case}/suspend")
    assert told(portal, "/messages", name="M")["received_by"] == [case]
    told(portal, f"/instances/{case}/resume")
    assert portal.call("admin", "GET", f"/instances/{case}").get_json()["waiting"] == ["a"]


def test_the_command_line_previews_and_migrates(
    sqlite_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_databases.for_one_test() as new:
        url = new(load_sample)
        monkeypatch.setenv("DATABASE_URL", url)
        portal = Portal(url, tmp_path)
        migrate_by_hand(portal)
        portal.close()


def migrate_by_hand(portal: Portal) -> None:
    deploy(portal, OLD)
    case = begin(portal)
    deploy(portal, NEW)

    def jigai(*arguments: str) -> Result:
        try:
            return CliRunner().invoke(main, ["migrate", "p", "--from", "1", "--to", "2", *arguments])
        finally:
            structlog.reset_defaults()  # the command's log went to a stream that is closed by now

    blocked = jigai("--preview")
    assert blocked.exit_code == 1
    assert f"{case}: blocked" in blocked.output
    assert "[element_gone]" in blocked.output
    assert jigai("--map", "a").exit_code == 2
    preview = jigai("--preview", "--map", "a=first")
    assert (preview.exit_code, "1 would_migrate" in preview.output) == (0, True)
    done = jigai("--map", "a=first")
    assert (done.exit_code, "1 migrated" in done.output) == (0, True)
    assert "no open cases" in jigai("--map", "a=first").output


def test_the_page_of_a_suspended_task_says_so_and_offers_no_button(portal: Portal) -> None:
    filing = portal.draft()
    portal.submit(filing["id"])
    task = portal.task("gx10", filing["id"])
    portal.call("gx10", "POST", f"/tasks/{task['id']}/claim", json={})
    told(portal, f"/instances/{task['instance_id']}/suspend")
    visitor = Visitor(portal.app)
    visitor.log_in("gx10", "official")
    page = visitor.read(f"/tasks/{task['id']}")
    assert "这个案件已挂起，恢复后才能办理。" in page
    assert f"/tasks/{task['id']}/complete" not in page
    assert f"/tasks/{task['id']}/release" not in page


def test_a_version_that_no_definition_can_have_is_refused(portal: Portal) -> None:
    told(portal, "/instances", 422, definition="p", version=2**70)
