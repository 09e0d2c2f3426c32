"""机构: what an administrator keeps of each, and what keeps him from it."""

from collections.abc import Callable
from typing import Any

import pytest

from records.masking import mask_phone
from tests.web.conftest import Visitor
from tests.web.portal import Portal

NEW = {
    "name": "江门市蓬江区工业和信息化主管部门",
    "level": 3,
    "region": "440703",
    "parent_id": "A05",
    "cert_code": "0703",
}


def agency(portal: Portal, id: str) -> dict[str, Any]:
    [found] = [line for line in portal.call("admin", "GET", "/agencies").get_json() if line["id"] == id]
    found.pop("id")
    return dict(found)


def test_a_new_agency_may_be_chosen_and_keeps_its_number(portal: Portal) -> None:
    answer = portal.call("admin", "POST", "/agencies", json=NEW | {"can_file": True})
    assert answer.status_code == 201, answer.text
    found = portal.call("ent01", "GET", "/lookups/agencies?q=蓬江").get_json()["items"]
    assert [item["value"] for item in found] == [answer.get_json()["id"]]
    assert (
        portal.call("admin", "PUT", "/agencies/A07", json=agency(portal, "A07") | {"e_seal": False}).status_code == 200
    )
    acts = portal.call("auditor", "GET", "/audit/acts").get_json()["items"]
    assert [(act["act"], act["after"]) for act in acts][:1] == [("agency.changed", {"e_seal": False})]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cert_code": "0704"}, "cert_code"),
        ({"cert_code": "070"}, "cert_code"),
        ({"name": "江门市工业和信息化局"}, "name"),
        ({"region": "110000"}, "region"),
        ({"level": 4}, "level"),
        ({"parent_id": None}, "parent_id"),
        ({"parent_id": "A07"}, "parent_id"),
        ({"level": 1, "parent_id": "A01"}, "parent_id"),
        ({"can_approve": True, "letters": "蓬工信"}, "can_approve"),
        ({"level": 2, "parent_id": "A01", "can_approve": True}, "letters"),
        ({"duty_mobile": "12345"}, "duty_mobile"),
    ],
)
def test_an_agency_that_does_not_fit_is_refused_by_field(portal: Portal, change: dict[str, Any], field: str) -> None:
    answer = portal.call("admin", "POST", "/agencies", json=NEW | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]


def test_duty_mobiles_are_told_in_full_to_who_edits_agencies_alone(portal: Portal) -> None:
    def mobiles(user: str) -> set[str | None]:
        return {agency["duty_mobile"] for agency in portal.call(user, "GET", "/agencies").get_json()}

    told = mobiles("admin")
    assert "19400000106" in told
    for user in ("security", "auditor"):
        assert mobiles(user) == {mask_phone(mobile) if mobile else None for mobile in told}


def test_agencies_never_report_to_each_other_in_a_circle(portal: Portal) -> None:
    answer = portal.call("admin", "PUT", "/agencies/A05", json=agency(portal, "A05") | {"parent_id": "A07"})
    assert [error["field"] for error in answer.get_json()["errors"]] == ["parent_id"]
    lower = agency(portal, "A05") | {"level": 3, "can_approve": False}
    errors = portal.call("admin", "PUT", "/agencies/A05", json=lower).get_json()["errors"]
    assert "下级机构江门市江海区工业和信息化主管部门的层级不低于所选层级。" in [error["message"] for error in errors]


def test_an_agency_is_not_closed_while_somebody_works_there_or_something_is_open(portal: Portal) -> None:
    portal.submit(portal.draft()["id"])
    answer = portal.call("admin", "PUT", "/agencies/A07", json=agency(portal, "A07") | {"active": False})
    [error] = answer.get_json()["errors"]
    assert error["message"] == "不能停用：还有未办结的任务 3、在岗人员 3。请先移交或停用。"
    empty = portal.call("admin", "POST", "/agencies", json=NEW).get_json()["id"]
    assert portal.call("admin", "PUT", f"/agencies/{empty}", json=NEW | {"active": False}).status_code == 200


def test_the_digits_of_certificates_stay_once_one_was_issued(portal: Portal) -> None:
    filing = portal.draft()["id"]
    portal.submit(filing)
    portal.issue(filing)
    answer = portal.call("admin", "PUT", "/agencies/A07", json=agency(portal, "A07") | {"cert_code": "0799"})
    assert [error["field"] for error in answer.get_json()["errors"]] == ["cert_code"]


def test_an_agency_is_changed_on_its_page_and_never_over_what_somebody_else_saved(
    portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    admin, path = client_of("admin"), "/administration/agencies/A07"
    assert "江门市江海区工业和信息化主管部门" in admin.read("/administration/agencies?q=0704")
    shown = {name: str(value or "") for name, value in agency(portal, "A07").items() if not isinstance(value, bool)}
    fields = admin.form(path, path) | shown | {"can_file": "on", "active": "on"}
    wrong = admin.post(path, fields | {"cert_code": "12"})
    assert wrong.status_code == 422
    assert "证号机构码为 4 位数字。" in wrong.text
    assert admin.post(path, fields | {"duty_mobile": "19400000999"}).status_code == 303
    assert admin.post(path, fields | {"duty_mobile": "19400000998"}).status_code == 409
    assert client_of("auditor").get(path).status_code == 403
