"""The pages of an extension without scripts: choosing, the form, reading it, and what officials see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from tests.servers import Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, load_certificate
from tests.web.test_rest_extensions import begin, grant

Client = Callable[[str], Visitor]


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def certificate(portal: Portal) -> str:
    return portal.certificate


def send(visitor: Visitor, path: str, act: str, reason: str = "厂房消防验收延后", agency: str = "A07") -> TestResponse:
    """Send the form as its page has it."""
    hidden = visitor.form(path, path)
    return visitor.post(path, {**hidden, "act": act, "reason": reason, "agency": agency}, follow=True)


def test_the_way_from_the_menu_to_a_submitted_extension(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    assert "延期管理" in visitor.read("/workbench")
    assert "没有申请过延期" in visitor.read("/extensions")
    chosen = visitor.read("/extensions/new")
    assert "请选择一个备案项目进行备案证有效期延期（如需延期项目竣工时间，请做备案变更。）" in chosen
    path = f"/certificates/{certificate}/extend"
    assert f'href="{path}"' in chosen
    page = visitor.read(path)
    assert "广东省技术改造投资项目备案表（申请延期）" in page
    assert 'value="2029-03-02" readonly' in page
    assert page.index("江门市江海区工业和信息化主管部门</option>") < page.index("江门市工业和信息化局</option>")
    assert "系统自动为备案证有效期增加一年，企业无需填写有效期" in page
    answer = send(visitor, path, "submit")
    assert answer.status_code == 200
    assert "延期申请已提交，等待审批机关受理。" in answer.text
    assert "厂房消防验收延后" in answer.text
    assert "待受理" in visitor.read("/extensions")


def test_a_refused_submission_keeps_what_was_typed_and_nothing_else(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    answer = send(visitor, f"/certificates/{certificate}/extend", "submit", reason="  ", agency="A09")
    assert answer.status_code == 422
    assert "请填写「延期原因」" in answer.text
    assert "「延期审批机关」应为备案机关或其上级机关" in answer.text
    assert "没有申请过延期" in visitor.read("/extensions")


def test_a_draft_is_saved_edited_and_deleted(client_of: Client, certificate: str) -> None:
    visitor = client_of("ent01")
    path = f"/certificates/{certificate}/extend"
    assert "已保存。" in send(visitor, path, "save", reason="").text
    edit = visitor.get(path).headers["Location"]
    assert edit.endswith("/edit")
    stale = visitor.form(edit, edit)
    assert "已保存。" in send(visitor, edit, "save", reason="资金未到位").text
    late = visitor.post(edit, {**stale, "act": "save", "reason": "另一个窗口", "agency": "A07"})
    assert late.status_code == 409
    assert "另一个窗口" in late.text
    assert "草稿" in visitor.read("/extensions")
    visitor.post(edit.replace("/edit", "/delete"))
    assert "没有申请过延期" in visitor.read("/extensions")


def test_what_was_granted_shows_on_the_certificate_and_cannot_be_asked_for_again(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    visitor = client_of("ent01")
    assert "申请延期" in visitor.read(f"/certificates/{certificate}")
    extension = begin(portal, certificate)
    grant(portal, extension["id"])
    page = visitor.read(f"/extensions/{extension['id']}")
    assert "延期已通过，备案证有效期至 2029-03-02" in page
    found = visitor.read(f"/certificates/{certificate}")
    assert "2029-03-02" in found
    assert "已延期1年" in found
    assert "申请延期" not in found
    answer = visitor.get(f"/certificates/{certificate}/extend", follow_redirects=True)
    assert "备案证只能延期一次。" in answer.text
    assert "已延期" in visitor.read("/extensions/new")


def test_an_official_reads_what_is_asked_for_and_after_a_return_what_has_changed(
    portal: Portal, client_of: Client, certificate: str
) -> None:
    extension = begin(portal, certificate)
    portal.call("ent01", "POST", f"/extensions/{extension['id']}/submit")
    handler = client_of("gx10")
    page = handler.get(f"/extensions/{extension['id']}", follow_redirects=True).text
    assert "延期后有效期至" in page
    assert "2029-03-02" in page
    assert "厂房消防验收延后" in page
    assert portal.decide("gx10", extension["id"], "return", "请写明具体原因").status_code == 200
    visitor = client_of("ent01")
    edit = f"/extensions/{extension['id']}/edit"
    assert "请写明具体原因" in visitor.read(edit)
    assert "延期申请已提交" in send(visitor, edit, "submit", reason="设备到货推迟").text
    page = handler.get(f"/extensions/{extension['id']}", follow_redirects=True).text
    assert "<ins>设备到货推迟</ins>" in page


def test_an_extension_is_withdrawn_on_its_page(portal: Portal, client_of: Client, certificate: str) -> None:
    extension = begin(portal, certificate)
    portal.call("ent01", "POST", f"/extensions/{extension['id']}/submit")
    visitor = client_of("ent01")
    path = f"/extensions/{extension['id']}"
    hidden = visitor.form(path, f"{path}/withdraw")
    answer = visitor.post(f"{path}/withdraw", hidden, follow=True)
    assert "已撤回，延期申请可以修改后重新提交。" in answer.text


def test_a_reminder_leads_to_the_form_that_answers_it(portal: Portal, client_of: Client, certificate: str) -> None:
    portal.clock.advance(timedelta(days=61))
    portal.settle()
    visitor = client_of("ent01")
    assert "填报开工时间" in visitor.read("/workbench")
    [task] = portal.call("ent01", "GET", "/tasks?box=todo").get_json()["items"]
    answer = visitor.get(f"/tasks/{task['id']}")
    assert answer.headers["Location"] == f"/certificates/{certificate}/progress"
    assert visitor.get(answer.headers["Location"]).status_code == 200
