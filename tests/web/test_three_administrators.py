"""三员分立: who arranges, who lets in, who examines (R193); nobody is two of them, and each can do only their own."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from records.access_records import AccessRecord
from records.admin_acts import AdminAct, verify
from records.users import UserRole, user_by_username
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.cli import main
from web.database import db

ClientOf = Callable[[str], Visitor]

HANDLER: dict[str, Any] = {"name": "周经办", "mobile": "19400000301", "agency": "A07", "roles": ["handler"]}


def ask(portal: Portal, user: str, method: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = portal.call(user, method, path, **({"json": body} if method != "GET" else {}))
    assert answer.status_code == status, answer.text
    return answer.get_json()


def last_act(portal: Portal) -> AdminAct:
    with portal.app.app_context():
        return db.session.scalars(select(AdminAct).order_by(AdminAct.id.desc()).limit(1)).one()


def acts(portal: Portal) -> list[tuple[str, str | None]]:
    with portal.app.app_context():
        return [(act.act, act.actor) for act in db.session.scalars(select(AdminAct).order_by(AdminAct.id))]


def test_a_new_account_opens_when_the_security_administrator_confirms_it(portal: Portal) -> None:
    hired = ask(portal, "admin", "POST", "/staff", 201, username="gx30", **HANDLER)
    assert (hired["active"], hired["roles"]) == (False, [])
    login = {"username": "gx30", "password": hired["password"], "entrance": "official"}
    visitor = Visitor(portal.app)
    assert visitor.post("/login", login).status_code == 401
    [grant] = ask(portal, "security", "GET", "/grants")
    assert (grant["username"], grant["roles"], grant["agency"]) == ("gx30", ["handler"], "A07")
    assert portal.call("admin", "POST", f"/grants/{grant['id']}/confirm").status_code == 403
    assert ask(portal, "security", "POST", f"/grants/{grant['id']}/confirm")["state"] == "CONFIRMED"
    assert visitor.post("/login", login).status_code == 302
    assert portal.call("security", "POST", f"/grants/{grant['id']}/confirm").status_code == 409
    assert acts(portal) == [("staff.created", "admin"), ("grant.asked", "admin"), ("grant.confirmed", "security")]


def test_what_takes_roles_away_holds_at_once_and_what_gives_some_waits(portal: Portal) -> None:
    of_zone: dict[str, Any] = {"name": "吴全能", "mobile": "", "agency": "A10"}
    given_up = ask(portal, "admin", "PUT", "/staff/gx13", **of_zone, roles=["handler", "reviewer"])
    assert (given_up["roles"], given_up["grant"]) == (["handler", "reviewer"], None)
    wanted = ask(portal, "admin", "PUT", "/staff/gx13", **of_zone, roles=["reviewer", "signer"])
    assert wanted["roles"] == ["handler", "reviewer"]
    ask(portal, "security", "POST", f"/grants/{wanted['grant']}/refuse", reason="不应兼任")
    assert ask(portal, "admin", "GET", "/staff/gx13")["roles"] == ["handler", "reviewer"]
    again = ask(portal, "admin", "PUT", "/staff/gx13", **of_zone, roles=["reviewer", "signer"])
    other = ask(portal, "admin", "PUT", "/staff/gx13", **of_zone, roles=["signer", "handler"])
    assert portal.call("security", "POST", f"/grants/{again['grant']}/confirm").status_code == 409
    ask(portal, "security", "POST", f"/grants/{other['grant']}/confirm")
    assert ask(portal, "admin", "GET", "/staff/gx13")["roles"] == ["handler", "signer"]


def test_whoever_has_tasks_of_a_role_keeps_it_until_they_are_handed_over(portal: Portal) -> None:
    filing = portal.draft()["id"]
    portal.submit(filing)
    task = portal.task("gx10", filing)
    portal.call("gx10", "POST", f"/tasks/{task['id']}/claim", json={})
    wanted: dict[str, Any] = {"name": "李经办", "mobile": "", "agency": "A07", "roles": ["reviewer"]}
    refused = ask(portal, "admin", "PUT", "/staff/gx10", 422, **wanted)
    assert refused["errors"][0]["message"] == "李经办名下还有相关待办 1 件，请先移交。"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"roles": ["admin", "security"], "agency": None}, "roles"),
        ({"roles": ["admin", "handler"]}, "roles"),
        ({"roles": ["auditor"]}, "roles"),
        ({"roles": []}, "roles"),
        ({"roles": ["supervisor"]}, "roles"),
        ({"agency": "A01"}, "roles"),
        ({"agency": "A99"}, "agency"),
        ({"username": "GX 30"}, "username"),
        ({"username": "gx10"}, "username"),
        ({"mobile": "123"}, "mobile"),
        ({"name": " "}, "name"),
    ],
)
def test_an_account_that_does_not_fit_is_refused_by_field(portal: Portal, change: dict[str, Any], field: str) -> None:
    body = {"username": "gx30"} | HANDLER | change
    assert ask(portal, "admin", "POST", "/staff", 422, **body)["errors"][0]["field"] == field
    assert acts(portal) == []


def test_the_database_lets_nobody_be_two_of_the_three(portal_on_each: Portal) -> None:
    with portal_on_each.app.app_context():
        user = user_by_username(db.session(), "security")
        assert user is not None
        db.session.add(UserRole(user_id=user.id, role="auditor"))
        with pytest.raises(IntegrityError):
            db.session.flush()
        db.session.rollback()


def test_nobody_confirms_their_own_grant_and_one_of_each_administrator_stays(portal: Portal) -> None:
    wanted: dict[str, Any] = {"name": "安全管理员", "mobile": "", "agency": None, "roles": ["auditor"]}
    grant = ask(portal, "admin", "PUT", "/staff/security", **wanted)["grant"]
    assert ask(portal, "security", "POST", f"/grants/{grant}/confirm", 403)["code"] == "own_grant"
    assert ask(portal, "security", "POST", "/staff/security/close", 409, reason="试")["code"] == "own_account"
    assert ask(portal, "security", "POST", "/staff/auditor/close", 409, reason="试")["code"] == "last_administrator"


def test_the_security_administrator_closes_and_opens_accounts_at_once(portal: Portal, client_of: ClientOf) -> None:
    official = client_of("gx10")
    assert ask(portal, "security", "POST", "/staff/gx10/close", reason="账号疑似被盗")["active"] is False
    assert official.get("/inbox/todo").status_code == 302
    assert portal.call("admin", "POST", "/staff/gx10/close", json={"reason": "试"}).status_code == 403
    assert ask(portal, "admin", "POST", "/staff/gx10/activate")["active"] is False
    assert ask(portal, "security", "POST", "/staff/gx10/activate")["active"] is True
    expected = ["staff.closed", "grant.asked", "grant.confirmed"]
    assert [act for act, _actor in acts(portal)] == expected


def test_the_security_administrator_closes_and_opens_an_enterprises_account_the_same_way(
    portal: Portal, client_of: ClientOf
) -> None:
    enterprise, security = client_of("ent01"), client_of("security")
    assert portal.call("ent01", "GET", "/filings").status_code == 200
    closing, opening = "/accounts/ent01/close", "/accounts/ent01/open"
    assert client_of("admin").post(closing, {"reason": "试"}).status_code == 403
    fields = security.form("/accounts?q=ent01", closing)
    assert "请写明停用的原因。" in security.post(closing, fields | {"reason": " "}, follow=True).text
    done = security.post(closing, fields | {"reason": "账号疑似被盗"}, follow=True).text
    assert "账号 ent01 已停用，登录和访问令牌都已失效。" in done
    assert enterprise.get("/filings").status_code == 302
    assert Visitor(portal.app).log_in("ent01", "enterprise").status_code == 401
    assert client_of("admin").post(opening).status_code == 403
    security.post(opening, security.form("/accounts?q=ent01", opening))
    assert Visitor(portal.app).log_in("ent01", "enterprise").status_code == 302
    assert enterprise.get("/filings").status_code == 302
    assert portal.call("ent01", "GET", "/filings").status_code == 401
    assert acts(portal) == [("staff.closed", "security"), ("staff.opened", "security")]


def test_no_merger_opens_what_the_security_administrator_closed(portal: Portal, client_of: ClientOf) -> None:
    security, admin = client_of("security"), client_of("admin")
    for username in ("ent03", "old_ent03b"):
        assert security.post(f"/accounts/{username}/close", {"reason": "账号疑似被盗"}).status_code == 303
    merging = admin.post("/accounts/merges", {"enterprise": "E03"}).location
    assert admin.post(merging, {"decision": "merge", "keep": "ent03"}).status_code == 303
    portal.settle()
    assert Visitor(portal.app).log_in("ent03", "enterprise").status_code == 401
    assert "已合并" in html.unescape(security.post("/accounts/old_ent03b/open", follow=True).text)
    assert acts(portal)[-1] == ("account.merged", "admin")


@pytest.mark.parametrize("whose", ["security", "auditor", "admin"])
def test_an_administrators_password_is_renewed_on_the_command_line_alone(
    portal: Portal, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    admin = client_of("admin")
    assert f"/accounts/{whose}/password" not in admin.read(f"/accounts?q={whose}")
    refused = admin.post(f"/accounts/{whose}/password")
    assert refused.status_code == 403
    assert "管理员的密码不能在网页上重设" in refused.text
    assert client_of(whose).get("/staff").status_code == 200
    monkeypatch.setattr("web.installation.create_app", lambda: portal.app)
    renewed = CliRunner().invoke(main, ["user", "password", whose])
    assert renewed.exit_code == 0, renewed.output
    assert acts(portal) == [("account.password", None)]


def test_a_substitute_named_or_recalled_by_an_administrator_is_in_the_record(portal: Portal) -> None:
    days = {"first_day": "2026-03-02", "last_day": "2026-03-03"}
    own = ask(portal, "gx10", "POST", "/substitutions", 201, substitute="gx12", **days)
    ask(portal, "gx10", "POST", f"/substitutions/{own['id']}/recall")
    assert acts(portal) == []
    made = ask(portal, "admin", "POST", "/substitutions", 201, principal="gx12", substitute="gx10", **days)
    named = last_act(portal)
    assert (named.act, named.actor, named.subject) == ("substitute.appointed", "admin", "赵签发（gx12）")
    told = {"principal": "赵签发（gx12）", "substitute": "李经办（gx10）", "roles": ["signer"]} | days
    assert (named.before, named.after) == (None, told)
    ask(portal, "admin", "POST", f"/substitutions/{made['id']}/recall")
    recalled = last_act(portal)
    assert (recalled.act, recalled.before, recalled.after) == ("substitute.recalled", told, None)


def test_a_substitution_ended_because_somebody_leaves_is_in_the_record(portal: Portal) -> None:
    days = {"first_day": "2026-03-02", "last_day": "2026-03-03"}
    ask(portal, "gx10", "POST", "/substitutions", 201, substitute="gx12", **days)
    ask(portal, "admin", "POST", "/staff/gx12/deactivate")
    assert acts(portal) == [("substitute.recalled", "admin"), ("staff.closed", "admin")]


READS = {
    "admin": ["/staff", "/administration/agencies", "/administration/calendar", "/administration/incidents"],
    "security": ["/staff", "/administration/grants", "/administration/access"],
    "auditor": ["/staff", "/administration/audit", "/administration/access", "/administration/audit/verification"],
}
FORBIDDEN = {
    "admin": ["/administration/audit", "/administration/access"],
    "security": ["/administration/calendar", "/administration/audit", "/administration/incidents", "/staff/new"],
    "auditor": ["/staff/new", "/administration/agencies/new", "/administration/bulletins"],
    "gx10": ["/staff", "/administration/agencies", "/administration/grants", "/administration/audit"],
}


@pytest.mark.parametrize("user", ["admin", "security", "auditor", "gx10"])
def test_each_reads_the_pages_of_their_own_role_and_no_others(client_of: ClientOf, user: str) -> None:
    visitor = client_of(user)
    for path in READS.get(user, ()):
        assert visitor.get(path).status_code == 200, path
    for path in FORBIDDEN[user]:
        assert visitor.get(path).status_code == 403, path


@pytest.mark.parametrize("path", ["/administration/grants/1", "/staff/gx10/close"])
def test_only_the_security_administrator_decides_about_people(client_of: ClientOf, path: str) -> None:
    assert client_of("admin").post(path, {"decision": "confirm", "reason": "试"}).status_code == 403


def test_the_auditor_changes_nothing_but_logs_out(portal: Portal, client_of: ClientOf) -> None:
    auditor = client_of("auditor")
    for path in ("/staff/new", "/administration/calendar/days", "/substitutions", "/inbox/notices/1/read"):
        assert auditor.post(path, {}).status_code in (403, 404), path
    assert ask(portal, "auditor", "POST", "/filings", 403)["code"] == "auditor_reads"
    assert ask(portal, "auditor", "POST", "/jobs/retry", 403, filter={})["code"] == "auditor_reads"
    assert auditor.post("/logout").status_code == 302


def test_an_account_is_made_confirmed_and_changed_on_the_pages(portal: Portal, client_of: ClientOf) -> None:
    admin, security = client_of("admin"), client_of("security")
    fields = admin.form("/staff/new", "/staff/new") | {"username": "gx30", "name": "周经办", "agency": "A07"}
    refused = admin.post("/staff/new", fields)
    assert refused.status_code == 422
    assert "请至少选择一个审批岗位" in refused.text
    made = admin.post("/staff/new", fields | {"roles": "handler"})
    assert made.status_code == 201
    assert "首次密码" in made.text
    assert "待确认授权" in admin.read("/staff?state=waiting")
    assert "江门市江海区工业和信息化主管部门，经办人" in security.read("/administration/grants")
    [path] = set(re.findall(r'action="(/administration/grants/\d+)"', security.get("/administration/grants").text))
    fields = security.form("/administration/grants", path) | {"decision": "confirm"}
    assert "周经办的授权已确认，现在生效。" in security.post(path, fields, follow=True).text
    edit = admin.form("/staff/gx30/edit", "/staff/gx30/edit") | {"name": "周明", "agency": "A07", "roles": "handler"}
    assert "周明的信息已保存。" in admin.post("/staff/gx30/edit", edit, follow=True).text
    assert admin.post("/staff/gx30/edit", edit | {"name": "周晴", "command_id": "x"}).status_code == 409
    closing = security.form("/staff/gx30", "/staff/gx30/close") | {"reason": "试用结束"}
    assert "周明的账号已停用。" in security.post("/staff/gx30/close", closing, follow=True).text


def test_the_record_of_acts_only_grows_and_shows_what_was_changed(portal_on_each: Portal) -> None:
    ask(portal_on_each, "admin", "POST", "/staff", 201, username="gx30", **HANDLER)
    with portal_on_each.app.app_context():
        assert list(verify(db.session())) == []
        for change in ("UPDATE admin_act SET actor = 'gx10'", "DELETE FROM admin_act"):
            with pytest.raises(Exception, match="admin_act is append-only"):
                db.session.execute(text(change))
            db.session.rollback()
        on_sqlite = db.engine.dialect.name == "sqlite"
        off = "DROP TRIGGER admin_act_no_update" if on_sqlite else "DROP TRIGGER append_only ON admin_act"
        db.session.execute(text(off))
        db.session.execute(text("UPDATE admin_act SET actor = 'gx10' WHERE id = 2"))
        db.session.commit()
        assert list(verify(db.session())) == ["管理行为第 2 条被改动"]


def test_who_comes_in_and_who_does_not_is_noted(portal: Portal, client_of: ClientOf) -> None:
    visitor = Visitor(portal.app)
    visitor.post("/login", {"username": "gx10", "password": "wrong", "entrance": "official"})
    visitor.log_in("gx10", "official")
    visitor.get("/staff")
    visitor.post("/logout")
    with portal.app.app_context():
        found = db.session.scalars(select(AccessRecord).order_by(AccessRecord.id))
        noted = [(record.access, record.username, record.place) for record in found]
    assert noted == [
        ("not_let_in", "gx10", "POST /login"),
        ("logged_in", "gx10", "POST /login"),
        ("turned_away", "gx10", "GET /staff"),
        ("logged_out", "gx10", "POST /logout"),
    ]
    page = client_of("security").read("/administration/access?q=gx10&kind=not_let_in")
    assert "登录未成功" in page
    assert "GET /staff" not in page


def test_the_command_line_makes_each_of_the_three_and_nobody_who_is_two(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.installation.create_app", lambda: portal.app)
    made = CliRunner().invoke(main, ["user", "create", "sec2", "--name", "钱安全", "--role", "security"])
    assert made.exit_code == 0, made.output
    both = ["user", "create", "two", "--name", "二", "--role", "security", "--role", "auditor"]
    assert CliRunner().invoke(main, both).exit_code == 2
    assert acts(portal) == [("staff.created", None)]
    visitor = Visitor(portal.app)
    login = {"username": "sec2", "password": made.stdout.strip(), "entrance": "official"}
    assert visitor.post("/login", login).headers["Location"] == "/administration/grants"
