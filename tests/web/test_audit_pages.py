"""审计: what was done to the system and to the cases is found, exported and verified."""

from collections.abc import Callable

from sqlalchemy import text

from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db


def test_acts_and_cases_are_found_by_who_what_and_when_and_exported(
    portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    portal.call("admin", "PUT", "/sms-texts/S19", json={"text": "{e}撤回“{p}”{k}，不用办理。"})
    filing = portal.draft()["id"]
    portal.submit(filing)
    number = portal.filing(filing)["number"]
    auditor = client_of("auditor")
    page = auditor.read("/administration/audit?actor=admin&since=2026-03-02&until=2026-03-02")
    assert "修改短信模板" in page
    assert "不用办理" in page
    assert "没有符合条件的记录" in auditor.read("/administration/audit?since=2026-03-03")
    assert "S19" in auditor.read("/administration/audit.csv?q=S19")
    cases = auditor.read(f"/administration/audit/cases?q={number}")
    assert "黄例甲（ent01）" in cases
    assert number in cases
    table = auditor.get(f"/administration/audit/cases.csv?q={number}&actor=ent01")
    assert (table.mimetype, table.text[0]) == ("text/csv", "\ufeff")
    assert number in table.text


def test_what_looks_like_a_formula_is_text_in_the_table(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    body = {"title": "=HYPERLINK(1)", "body": "正文", "publisher": "省厅"}
    assert portal.call("admin", "POST", "/bulletins", json=body).status_code == 201
    assert "'=HYPERLINK(1)" in client_of("auditor").get("/administration/audit.csv").text


def test_verifying_says_that_the_record_is_whole_and_names_what_is_not(
    portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    auditor, path = client_of("auditor"), "/administration/audit/verification"
    assert "记录完整，没有被改动" in auditor.read(path)
    with portal.app.app_context():
        db.session.execute(text("DROP TRIGGER engine_history_no_update"))
        db.session.execute(text("UPDATE engine_history SET actor = 'gx10' WHERE seq = 1"))
        db.session.commit()
    found = portal.call("auditor", "GET", "/audit/verification").get_json()
    assert found["whole"] is False
    assert "changed, or what it follows on was" in found["faults"][0]
    assert "处与写入时不同" in auditor.read(path)
    assert portal.call("admin", "GET", "/audit/verification").status_code == 403
