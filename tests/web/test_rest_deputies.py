"""转办, 代理 and 离岗移交 over the REST interface, on SQLite and PostgreSQL: from one person to another, both named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.web.portal import Portal, load_sample

TODAY, TOMORROW = "2026-03-02", "2026-03-03"
ACCEPT = {"data": {"decision": "accept"}, "opinion": "同意"}


@pytest.fixture
def portal(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(new_database(load_sample), tmp_path)
    portal.hire("gx19", "孙经办", agency="A07", role="handler")
    yield portal
    portal.close()


@pytest.fixture
def filing_id(portal: Portal) -> str:
    """A filing that waits for 受理."""
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    return filing_id


def post(portal: Portal, user: str, path: str, **body: Any) -> Any:
    answer = portal.call(user, "POST", path, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.get_json()


def substitute(portal: Portal, actor: str, substitute: str, **body: str) -> Any:
    days = {"first_day": TODAY, "last_day": TOMORROW}
    return portal.call(actor, "POST", "/substitutions", json={"substitute": substitute} | days | body)


def history(portal: Portal, filing_id: str, user: str = "gx10") -> list[dict[str, Any]]:
    case = portal.filing(filing_id)["instance_id"]
    lines: list[dict[str, Any]] = portal.call(user, "GET", f"/instances/{case}/history").get_json()["items"]
    return lines


def has(portal: Portal, user: str, filing_id: str) -> bool:
    """Whether a task about a filing is in somebody's 待办."""
    items = portal.call(user, "GET", "/tasks?limit=100").get_json()["items"]
    return any(task["business_key"] == filing_id for task in items)


def test_a_transferred_task_is_the_colleagues_with_the_reason(portal: Portal, filing_id: str) -> None:
    task = portal.task("gx10", filing_id)
    path = f"/tasks/{task['id']}"
    others = portal.call("gx10", "GET", f"{path}/colleagues").get_json()["items"]
    assert others == [{"username": "gx19", "name": "孙经办"}]
    post(portal, "gx10", f"{path}/transfer", to="gx19", reason="参加培训")
    assert not has(portal, "gx10", filing_id)
    received = portal.task("gx19", filing_id)
    assert (received["assignee"], received["handed_by"], received["handed_reason"]) == ("gx19", "gx10", "参加培训")
    line = history(portal, filing_id)[-1]
    assert (line["action"], line["actor_name"], line["data"]) == (
        "transferred",
        "李经办",
        {"assignee": "gx19", "reason": "参加培训"},
    )
    assert [line["action"] for line in history(portal, filing_id, "ent01")].count("transferred") == 0
    seen = portal.call("ent01", "GET", f"{path}").get_json()
    assert (seen["handed_by"], seen["handed_reason"]) == (None, None)
    late = portal.call("gx10", "POST", f"{path}/transfer", json={"to": "gx19"})
    assert (late.status_code, late.get_json()["detail"]) == (409, "「受理」已由孙经办认领。")
    unfit = portal.call("gx19", "POST", f"{path}/transfer", json={"to": "gx11"})
    assert (unfit.status_code, unfit.get_json()["detail"]) == (422, "王审核不能办理「受理」。")


def test_a_substitute_does_the_principals_tasks_while_it_runs_and_the_record_names_both(
    portal: Portal, filing_id: str
) -> None:
    assert substitute(portal, "gx10", "gx12").get_json()["state"] == "RUNNING"
    task = portal.task("gx12", filing_id)
    assert (task["on_behalf_of"], task["allowed_actions"]) == ("gx10", ["claim", "complete", "transfer"])
    post(portal, "gx12", f"/tasks/{task['id']}/complete", **ACCEPT)
    decided = next(line for line in reversed(history(portal, filing_id)) if line["element_id"] == "accept")
    assert (decided["actor_name"], decided["on_behalf_of_name"]) == ("赵签发", "李经办")
    # Rework is the principal's, and the substitute's as long as he stands in.
    assert portal.decide("gx11", filing_id, "back", "请核对").status_code == 200
    assert portal.task("gx10", filing_id)["assignee"] == portal.task("gx12", filing_id)["assignee"] == "gx10"
    portal.clock.advance(timedelta(days=2))
    assert not has(portal, "gx12", filing_id)
    again = portal.task("gx10", filing_id)["id"]
    assert portal.call("gx12", "POST", f"/tasks/{again}/complete", json=ACCEPT).status_code == 403


def test_a_substitution_is_named_by_the_official_or_an_administrator_and_recalled(portal: Portal) -> None:
    made = substitute(portal, "gx10", "gx12")
    assert made.status_code == 201
    assert substitute(portal, "gx10", "gx11").status_code == 409
    assert substitute(portal, "gx11", "gx12", principal="gx10").status_code == 403
    assert substitute(portal, "ent01", "gx12").status_code == 403
    assert substitute(portal, "admin", "gx11", principal="gx12").status_code == 201
    assert substitute(portal, "gx11", "gx13").status_code == 422
    assert substitute(portal, "gx11", "nobody").status_code == 404
    [mine] = portal.call("gx10", "GET", "/substitutions").get_json()["items"]
    assert (mine["principal"]["name"], mine["substitute"]["name"]) == ("李经办", "赵签发")
    first = portal.call("admin", "GET", "/substitutions?limit=1").get_json()
    assert len(first["items"]) == 1
    rest = portal.call("admin", "GET", f"/substitutions?limit=1&cursor={first['next']}").get_json()
    assert ([found["id"] for found in rest["items"]], rest["next"]) == ([mine["id"]], None)
    path = f"/substitutions/{mine['id']}/recall"
    assert portal.call("gx12", "POST", path).status_code == 404
    assert post(portal, "gx10", path)["state"] == "RECALLED"
    assert portal.call("gx10", "POST", path).status_code == 409


def test_a_leavers_tasks_go_to_a_colleague_with_the_account_in_one_act(portal: Portal, filing_id: str) -> None:
    substitute(portal, "gx10", "gx12")
    task = portal.task("gx10", filing_id)
    post(portal, "gx10", f"/tasks/{task['id']}/claim")
    assert portal.call("gx11", "POST", "/staff/gx10/deactivate", json={}).status_code == 403
    unfit = portal.call("admin", "POST", "/staff/gx10/deactivate", json={"to": "gx11"})
    assert (unfit.status_code, unfit.get_json()["detail"]) == (422, "王审核不能办理「受理」。")
    assert portal.call("gx10", "GET", "/tasks").status_code == 200  # nothing has happened
    elsewhere = portal.call("admin", "POST", "/staff/gx10/deactivate", json={"to": "gx13"})
    assert elsewhere.status_code == 422
    left = post(portal, "admin", "/staff/gx10/deactivate", to="gx19", reason="调离")
    assert (left["active"], left["handed"], left["open_tasks"]) == (False, 1, 0)
    assert portal.call("gx10", "GET", "/tasks").status_code == 401
    assert portal.task("gx19", filing_id)["handed_by"] == "gx10"
    assert not has(portal, "gx12", filing_id)
    line = history(portal, filing_id, "gx19")[-1]
    assert (line["action"], line["actor"], line["data"], line["before"]) == (
        "handed_over",
        "admin",
        {"assignee": "gx19", "reason": "调离"},
        {"assignee": "gx10"},
    )
    # Left without a receiver, the tasks are for whoever of the group takes them.
    assert post(portal, "security", "/staff/gx10/activate")["active"] is True
    assert portal.call("gx10", "GET", "/tasks").status_code == 401  # its tokens have ended
    portal.forget("gx10")
    assert post(portal, "admin", "/staff/gx19/deactivate")["handed"] == 1
    assert portal.task("gx10", filing_id)["assignee"] is None


def test_officials_find_their_colleagues_and_an_administrator_everybody(portal: Portal) -> None:
    post(portal, "admin", "/staff/gx12/deactivate")
    mine = portal.call("gx10", "GET", "/staff").get_json()["items"]
    assert [found["username"] for found in mine] == ["gx10", "gx11", "gx19"]
    all_of_them = portal.call("admin", "GET", "/staff?agency=A07&limit=3").get_json()
    assert [(found["username"], found["active"]) for found in all_of_them["items"]] == [
        ("gx10", True),
        ("gx11", True),
        ("gx12", False),
    ]
    assert portal.call("admin", "GET", f"/staff?agency=A07&cursor={all_of_them['next']}").get_json()["next"] is None
    assert portal.call("ent01", "GET", "/staff").status_code == 403
