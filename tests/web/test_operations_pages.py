"""事件: what failed is seen, corrected, tried again or left out, one or many; cases that stand still go on."""

from collections.abc import Callable

from flask import Flask

from engine.deployments import newest
from engine.history import nodes_of
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from tests.web.test_rest_jobs import begun, failed, portal, status
from web import texts
from web.database import db
from web.pages import people
from web.pages.operations import element_name
from web.runtime import runtime

__all__ = ["portal"]  # with the process `letters`, on each kind of database

ClientOf = Callable[[str], Visitor]

LIST = "/administration/incidents"


def test_an_incident_is_seen_with_its_reason_and_put_right(portal: Portal, client_of: ClientOf) -> None:
    case, admin = begun(portal), client_of("admin")
    [job] = failed(portal)
    page = admin.read(LIST)
    assert "no such address" in page
    path = f"/administration/jobs/{job['id']}"
    assert case in page
    assert path in page
    fields = admin.form(path, path) | {"decision": "retry"}
    wrong = admin.post(path, fields | {"argument.to": "a@b"})
    assert wrong.status_code == 422
    assert "「to」不是 JSON" in wrong.text
    assert 'value="a@b"' in wrong.text
    assert "已重新安排" in admin.post(path, fields | {"argument.to": '"a@b"'}, follow=True).text
    portal.settle()
    assert status(portal, case) == "completed"
    acts = portal.call("auditor", "GET", "/audit/acts?act=job.retried").get_json()["items"]
    assert [(act["actor"], act["after"]) for act in acts] == [("admin", {"corrected": ["to"]})]


def test_what_an_element_is_called_is_told_in_the_readers_language(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        definition = newest(db.session(), "certificate")
        assert definition is not None
        nodes = nodes_of(runtime().engine, db.session(), definition.id)
        task = next(node for node in nodes.values() if node.kind == "serviceTask")
        texts.texts.begin()
        assert element_name(definition, task.id) == texts.told(task.name) != task.name
        assert element_name(definition, "year_merge") == people.beside(texts.gettext("网关"), "year_merge")
        assert element_name(definition, "gone") == "gone"
        assert element_name(definition, None) == ""


def test_chosen_jobs_are_left_out_together_for_a_reason(portal: Portal, client_of: ClientOf) -> None:
    cases, admin = [begun(portal) for _ in range(2)], client_of("admin")
    chosen = {"csrf_token": admin.token(), "command_id": "c", "job": [job["id"] for job in failed(portal)]}

    def decide(**fields: str) -> str:
        return admin.client.post("/administration/jobs", data=chosen | fields, follow_redirects=True).text

    assert "请写明跳过的原因。" in decide(decision="skip")
    assert "已处理 2 项。" in decide(decision="skip", reason="改为电话")
    assert {status(portal, case) for case in cases} == {"completed"}
    assert "没有处理" in decide(decision="retry")


def test_jobs_by_state_and_suspended_cases_are_listed_and_the_auditor_only_looks(
    portal: Portal, client_of: ClientOf
) -> None:
    case, admin, auditor = begun(portal), client_of("admin"), client_of("auditor")
    [job] = failed(portal)
    assert "letter" in auditor.read("/administration/jobs?state=failed")
    assert "定时" in auditor.read("/administration/jobs?state=due")
    assert "/retry" not in auditor.read(f"/administration/jobs/{job['id']}")
    assert auditor.post(f"/administration/jobs/{job['id']}", {"decision": "retry"}).status_code == 403
    portal.call("admin", "POST", f"/instances/{case}/suspend", json={"reason": "核查"})
    resume = f"/administration/cases/{case}/resume"
    fields = admin.form("/administration/suspended", resume) | {"reason": "已核查"}
    assert "案件已恢复。" in admin.post(resume, fields, follow=True).text
    path = f"/administration/cases/{case}/retry"
    fields = admin.form(path, path)
    assert "变量应为 JSON 对象" in admin.post(path, fields | {"data": "[]"}).text
    assert admin.post(path, fields | {"data": '{"address": "a@b"}'}).status_code == 303
    portal.settle()
    assert status(portal, case) == "completed"
