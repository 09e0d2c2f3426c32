"""Applications for approval in tests: the sample's power station of ent06, approved by gx15 at Shenzhen."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from records.sample import application_of
from tests.web.portal import Portal
from web import demo

APPLICANT, OFFICIAL = "ent06", "gx15"
_SET_BY_SERVER = ("fictional", "enterprise", "attachments")


def form(portal: Portal, **changes: Any) -> dict[str, Any]:
    """A form that passes every rule on the clock's day but for its material; `tender` is merged."""
    made = application_of(demo.sample()["projects"][24])
    for name in (*_SET_BY_SERVER, "materials"):
        made.pop(name)
    today = portal.clock.now().date()
    made |= {
        "planned_start": (today + timedelta(days=90)).isoformat(),
        "planned_completion": (today + timedelta(days=500)).isoformat(),
    }
    made["tender"] |= changes.pop("tender", {})
    return made | changes


def upload(portal: Portal, approval_id: str, name: str = "项目申请报告.pdf") -> str:
    """Attach a file; its id."""
    file = {"file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), name)}
    answer = portal.call(APPLICANT, "POST", f"/approvals/{approval_id}/attachments", data=file)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def draft(portal: Portal, **changes: Any) -> dict[str, Any]:
    """A draft with its report, ready to be submitted, with some fields changed."""
    whole = form(portal, **changes)
    begun = portal.call(APPLICANT, "POST", "/approvals", json=whole)
    assert begun.status_code == 201, begun.text
    approval_id = begun.get_json()["id"]
    whole.setdefault("materials", {"application_report": upload(portal, approval_id)})
    saved = portal.call(APPLICANT, "PUT", f"/approvals/{approval_id}", json=whole)
    assert saved.status_code == 200, saved.text
    body: dict[str, Any] = saved.get_json()
    return body


def submitted(portal: Portal, **changes: Any) -> str:
    """The id of an application that waits to be examined."""
    approval_id = str(draft(portal, **changes)["id"])
    answer = portal.call(APPLICANT, "POST", f"/approvals/{approval_id}/submit")
    assert answer.status_code == 200, answer.text
    return approval_id


def read(portal: Portal, approval_id: str) -> dict[str, Any]:
    body: dict[str, Any] = portal.call(APPLICANT, "GET", f"/approvals/{approval_id}").get_json()
    return body


def complete(portal: Portal, approval_id: str, data: dict[str, Any], opinion: str = "") -> None:
    """Complete the official's one task about an application."""
    task = portal.task(OFFICIAL, approval_id)
    body = {"data": data, "opinion": opinion or None}
    answer = portal.call(OFFICIAL, "POST", f"/tasks/{task['id']}/complete", json=body)
    assert answer.status_code == 200, answer.text


def accepted(portal: Portal, **changes: Any) -> str:
    """The id of an application that was taken up and waits to be planned."""
    approval_id = submitted(portal, **changes)
    complete(portal, approval_id, {"decision": "accept"})
    return approval_id


def granted(portal: Portal) -> str:
    """The id of an application that was approved, with its tenders."""
    approval_id = accepted(portal)
    complete(portal, approval_id, {})
    complete(portal, approval_id, {"decision": "approve"})
    complete(portal, approval_id, {"decision": "issue"})
    return approval_id
