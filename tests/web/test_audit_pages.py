"""审计: what was done to the system and to the cases is found, exported and verified."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import cast

from flask import Flask
from sqlalchemy import text

from records.admin_acts import Act
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db
from web.pages.audit import act_words, action_words
from web.personal import LOOKED

ROOT = Path(__file__).parents[2]
WRITING = ("_note", "_give", "_leave_line", "_history", "record")
"""The engine's methods that write a line of a case; one of their first arguments says what was done."""


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
    assert "****甲（ent01）" in cases  # the account is told, the person is masked
    assert "黄例甲" not in cases
    assert number in cases
    table = auditor.get(f"/administration/audit/cases.csv?q={number}&actor=ent01")
    assert (table.mimetype, table.text[0]) == ("text/csv", "\ufeff")
    assert number in table.text
    assert "****甲（ent01）" in table.text
    assert "黄例甲" not in table.text


def test_the_acts_about_an_enterprises_account_keep_its_name_masked(
    portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    admin, page = client_of("admin"), "/accounts?q=ent01"
    renew = "/accounts/ent01/password"
    assert admin.post(renew, admin.form(page, renew)).status_code == 201
    assert "黄例甲" not in admin.read(page)
    auditor = client_of("auditor")
    assert "****甲（ent01）" in auditor.read("/administration/audit?act=account.password")
    [act] = portal.call("auditor", "GET", "/audit/acts?act=account.password").get_json()["items"]
    assert act["subject"] == "****甲（ent01）"


def test_everything_that_a_record_may_say_was_done_has_a_word_and_can_be_chosen(
    app: Flask, client_of: Callable[[str], Visitor]
) -> None:
    written = actions_written()
    assert {"completed", "undone", "claimed", "revised", "unheard", LOOKED} <= written
    with app.test_request_context():
        assert written - action_words().keys() == set()
        assert set(Act) - act_words().keys() == set()
    page = client_of("auditor").read("/administration/audit/cases")
    assert '<option value="people_shown">查看完整个人信息</option>' in page


def actions_written() -> set[str]:
    """What the program's calls that write lines of cases call what was done."""
    calls = (
        call
        for package in ("engine", "records", "tasks", "web")
        for file in (ROOT / package).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    )
    written = {LOOKED}
    for call in calls:
        name, arguments = cast(ast.Attribute, call.func).attr, call.args
        if name in WRITING:
            written |= {word for argument in arguments[:3] for word in words_of(argument)}
        elif name == "note" and len(arguments) == 2 and not isinstance(arguments[1], ast.Name):
            written |= words_of(arguments[1])
    return written


def words_of(argument: ast.expr) -> set[str]:
    """The words that an argument may be, also where a condition chooses between two."""
    if isinstance(argument, ast.IfExp):
        return words_of(argument.body) | words_of(argument.orelse)
    is_word = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    return {str(cast(ast.Constant, argument).value)} if is_word else set()


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
