"""The pages of a change without scripts: choosing, filling in beside what is on file, and reading it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.servers import Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, load_certificate
from tests.web.test_rest_changes import begin, grant

Client = Callable[[str], Visitor]


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def certificate(portal: Portal) -> str:
    return portal.certificate


def send(visitor: Visitor, path: str, act: str, items: list[str], **fields: Any) -> TestResponse:
    """Send the form of a change as its page has it, with these boxes ticked and fields filled in."""
    hidden = visitor.form(path, path)
    data: dict[str, Any] = {**hidden, "act": act, "item": items, "reason": "设备选型调整", **fields}
    return visitor.client.post(path, data=data, follow_redirects=True, content_type="multipart/form-data")


def test_the_way_from_the_menu_to_a_submitted_change(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    assert "没有申请过变更" in visitor.read("/changes")
    chosen = visitor.read("/changes/new")
    assert "请选择一个备案项目进行变更" in chosen
    path = f"/certificates/{certificate}/change"
    assert f'href="{path}"' in chosen
    page = visitor.read(path)
    assert len(re.findall(r'name="item"', page)) == 18
    assert "（同时变更项目名称、建设地点）" in page
    answer = send(visitor, path, "submit", ["building_area_m2"], building_area_m2="1200")
    assert answer.status_code == 200
    assert "变更申请已提交，等待备案机关受理。" in answer.text
    assert "1,200 平方米" in answer.text
    assert "设备选型调整" in answer.text
    assert "待受理" in visitor.read("/changes")


def test_what_is_not_ticked_is_not_changed_whatever_its_field_says(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    path = f"/certificates/{certificate}/change"
    send(client_of("ent01"), path, "save", ["land_area_m2"], land_area_m2="5", building_area_m2="1200")
    [change] = portal.call("ent01", "GET", "/changes").get_json()["items"]
    form = portal.call("ent01", "GET", f"/changes/{change['id']}").get_json()["form"]
    assert form["values"] == {"land_area_m2": "5"}


def test_a_refused_submission_is_saved_and_says_everything_at_its_place(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    path = f"/certificates/{certificate}/change"
    fields: dict[str, Any] = {"money.own_funds": "500", "planned_completion": "2031-01-01"}
    answer = send(visitor, path, "submit", ["money.own_funds", "planned_completion"], **fields, reason=" ")
    text = answer.text
    assert "有 3 处错误，改正后才能提交" in text
    assert "请填写「变更原因」" in text
    assert "（可同时勾选「总投资」）" in text
    assert "两种解决方案：先申请备案证延期" in text
    assert 'value="2031-01-01"' in text
    assert "草稿" in visitor.read("/changes")


def test_what_the_form_cannot_take_is_said_beside_its_field_and_nothing_is_saved(
    client_of: Client, certificate: str
) -> None:
    visitor = client_of("ent01")
    path = f"/certificates/{certificate}/change"
    answer = send(visitor, path, "save", ["planned_start"], planned_start="明年春天")
    assert answer.status_code == 422
    assert "应为日期，例如 2021-12-01" in answer.text
    assert "明年春天" in answer.text
    assert "没有申请过变更" in visitor.read("/changes")


def test_name_and_place_are_changed_on_the_platform_and_synchronised(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    path = f"/certificates/{certificate}/change"
    assert "请先点击同步" in send(visitor, path, "check", ["project_code"]).text
    visitor.post(f"/platform/{certificate}", {"name": "智能化改造项目", "place": "江门市江海区示例路9号"})
    edit = visitor.get(path).headers["Location"]
    synced = send(visitor, edit, "sync", ["project_code"])
    assert "已同步" in synced.text
    assert "智能化改造项目" in synced.text
    fields: dict[str, Any] = {"project_name": "智能化改造项目", "location": "江门市江海区示例路9号"}
    assert "校验通过，可以提交" in send(visitor, edit, "check", ["project_code"], **fields).text


def test_files_come_with_the_form_and_can_be_removed(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    path = f"/certificates/{certificate}/change"
    pdf = (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "说明.pdf")
    kept = send(visitor, path, "save", ["building_area_m2"], building_area_m2="1200", files=pdf)
    assert "说明.pdf" in kept.text
    edit = visitor.get(path).headers["Location"]
    [removal] = re.findall(r'value="(remove:\w+)"', kept.text)
    assert "说明.pdf" not in send(visitor, edit, removal, ["building_area_m2"], building_area_m2="1200").text
    fake = (io.BytesIO(b"nothing"), "说明.pdf")
    refused = send(visitor, edit, "save", ["building_area_m2"], building_area_m2="1300", files=fake)
    assert refused.status_code == 415
    assert "1300" in refused.text


def test_two_windows_do_not_overwrite_each_other(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    send(visitor, f"/certificates/{certificate}/change", "save", ["building_area_m2"], building_area_m2="1")
    edit = visitor.get(f"/certificates/{certificate}/change").headers["Location"]
    old = visitor.form(edit, edit)
    send(visitor, edit, "save", ["building_area_m2"], building_area_m2="2")
    late = send(visitor, edit, "save", ["building_area_m2"], building_area_m2="3", **old)
    assert late.status_code == 409
    assert "已在别处保存过" in late.text
    assert 'value="3"' in late.text


def test_one_draft_a_certificate_and_none_while_a_change_is_under_way(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    visitor = client_of("ent01")
    path = f"/certificates/{certificate}/change"
    draft = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    assert visitor.get(path).headers["Location"] == f"/changes/{draft['id']}/edit"
    portal.call("ent01", "POST", f"/changes/{draft['id']}/submit")
    assert visitor.get(path).headers["Location"] == f"/changes/{draft['id']}"
    assert "该备案证有办理中的备案变更" in visitor.read(f"/changes/{draft['id']}")
    assert visitor.get(f"/changes/{draft['id']}/edit").status_code == 302


def test_a_draft_is_deleted_and_a_submitted_change_withdrawn(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    visitor = client_of("ent01")
    draft = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    assert "变更草稿已删除。" in visitor.post(f"/changes/{draft['id']}/delete", follow=True).text
    change = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    portal.call("ent01", "POST", f"/changes/{change['id']}/submit")
    page, action = f"/changes/{change['id']}", f"/changes/{change['id']}/withdraw"
    answer = visitor.post(action, visitor.form(page, action), follow=True)
    assert "已撤回，变更申请可以修改后重新提交。" in answer.text


def test_an_official_reads_old_beside_new_with_people_masked_and_what_was_revised(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    items = ["money.total", "money.own_funds", "project_contact.mobile"]
    money = {"total": "864", "capital": "200", "annual_plan": "650", "own_funds": "564"}
    values = {"money": money, "project_contact": {"mobile": "19400000099"}}
    change = begin(portal, certificate, items, values)
    portal.call("ent01", "POST", f"/changes/{change['id']}/submit")
    portal.decide("gx10", change["id"], "return", "请核对自有资金")
    form = portal.call("ent01", "GET", f"/changes/{change['id']}").get_json()["form"]
    values["money"] = money | {"total": "870", "own_funds": "570"}
    portal.call(
        "ent01", "PUT", f"/changes/{change['id']}", json={"items": form["items"], "values": values, "reason": "增资"}
    )
    portal.call("ent01", "POST", f"/changes/{change['id']}/submit")
    page = client_of("gx10").read(f"/tasks/{portal.task('gx10', change['id'])['id']}")
    assert "变更后备案信息" in page
    assert "870 万元" in page
    assert page.count("本次修改") == 2
    assert "总投资变化达到20%，备案机关将核实变更原因" in page
    assert "变更编号 BG" in page
    assert "19400000099" not in page


def test_a_granted_change_shows_its_letter_and_marks_the_project(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    change = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    grant(portal, change["id"])
    visitor = client_of("ent01")
    page = visitor.read(f"/changes/{change['id']}")
    assert f"2026-{certificate}-变1" in page
    assert visitor.get(f"/changes/{change['id']}/letter?download=1").data.startswith(b"%PDF")
    assert f"/changes/{change['id']}/letter" in visitor.read("/changes")
    project = visitor.read(f"/certificates/{certificate}")
    assert "已变更" in project
    assert "1,200 平方米" in project
    assert "<del>0 平方米</del>" in project
    verified = client_of("ent02").read(f"/verify?number={certificate}")
    assert f"2026-{certificate}-变1" in verified


def test_the_public_list_of_changes_says_what_was_changed_and_nothing_personal(
    portal: Portal, client_of: Client, visitor: Visitor, certificate: str
) -> None:
    contact = {"project_contact": {"name": "黄例新", "mobile": "19400000099"}}
    change = begin(portal, certificate, ["project_contact.name", "project_contact.mobile"], contact)
    grant(portal, change["id"])
    [link] = re.findall(r'href="(/announcements/item/\d+)"', visitor.read("/announcements/changed"))
    page = visitor.read(link)
    assert f"变更事项：项目联系人、项目联系人手机。变更函：2026-{certificate}-变1。" in page
    assert "黄例新" not in page


def test_what_became_of_a_refused_change_is_told(portal: Portal, client_of: Client, certificate: str) -> None:
    change = begin(portal, certificate, ["building_area_m2"], {"building_area_m2": "1200"})
    portal.call("ent01", "POST", f"/changes/{change['id']}/submit")
    portal.decide("gx10", change["id"], "refuse", "属于新建项目")
    page = client_of("ent01").read(f"/changes/{change['id']}")
    assert "不予受理：属于新建项目" in page
    assert "备案证不受影响，可以重新申请变更。" in page


def test_the_agency_that_a_project_moved_to_can_read_it(portal: Portal, client_of: Client, certificate: str) -> None:
    grant(portal, begin(portal, certificate, ["agency"], {"agency": "A09"})["id"])
    official = client_of("gx17")
    [link] = set(re.findall(r'href="(/inbox/notices/\d+)"', official.read("/inbox/unread")))
    page = official.get(link, follow_redirects=True)
    assert page.status_code == 200
    assert "广州市黄埔区工业和信息化主管部门" in page.text
