"""Passwords, log-ins and tokens: what guessing leads to, what is listed, and what ends it."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.errors import CommandRefused
from records.login_sessions import FORGOTTEN_AFTER, LoginSession
from records.passwords import LOCKED_FOR, MOST_FAILURES, set_password
from records.tokens import issue_token
from records.users import user_by_username
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from tests.web.test_statements import listening
from web import demo
from web.database import db

ClientOf = Callable[[str], Visitor]
NEW = "lantern-kettle-42"
VARYING = re.compile(r'(?:value|content)="[^"]*"')


def guess(visitor: Visitor, times: int, username: str = "gx10") -> str:
    """The last page after wrong passwords for an account."""
    for _ in range(times):
        answer = visitor.post("/login", {"username": username, "password": "wrong", "entrance": "official"})
    return html.unescape(answer.text)


def change(visitor: Visitor, current: str, chosen: str, repeated: str | None = None) -> tuple[int, str]:
    fields = {"current": current, "chosen": chosen, "repeated": chosen if repeated is None else repeated}
    answer = visitor.post("/account/password", fields)
    return answer.status_code, html.unescape(answer.text)


def give_password(portal: Portal, username: str) -> None:
    with portal.app.app_context():
        user = user_by_username(db.session(), username)
        assert user is not None
        set_password(db.session(), user, demo.PASSWORD, temporary=True)
        db.session.commit()


def new_token(visitor: Visitor, **wanted: Any) -> dict[str, Any]:
    """A token that somebody makes over the interface who has logged in."""
    made = visitor.client.post(
        "/api/v1/tokens", json={"name": "月报"} | wanted, headers={"X-CSRFToken": visitor.token()}
    )
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.get_json()
    return told


# Guessing


def test_wrong_passwords_lock_an_account_for_a_while(visitor: Visitor, portal: Portal) -> None:
    assert "账号或密码不正确" in guess(visitor, MOST_FAILURES)
    assert visitor.log_in("gx10", "official").status_code == 401
    portal.clock.advance(LOCKED_FOR)
    assert visitor.log_in("gx10", "official").status_code == 302


def test_nobody_learns_from_the_lock_which_accounts_there_are(app: Flask) -> None:
    told = [guess(Visitor(app), MOST_FAILURES + 1, username) for username in ("gx10", "nobody")]
    assert re.sub(VARYING, "", told[0]) == re.sub(VARYING, "", told[1])
    assert "连续输错 5 次，账号锁定 15 分钟" in told[0]


def test_a_right_password_makes_the_wrong_ones_forgotten(visitor: Visitor, app: Flask) -> None:
    guess(visitor, MOST_FAILURES - 1)
    assert visitor.log_in("gx10", "official").status_code == 302
    assert "账号或密码不正确" in guess(Visitor(app), 1)


def test_an_administrator_opens_a_locked_account(visitor: Visitor, client_of: ClientOf) -> None:
    guess(visitor, MOST_FAILURES)
    administrator = client_of("security")
    assert "已锁定" in administrator.read("/accounts?q=gx10")
    administrator.post("/accounts/gx10/unlock")
    assert visitor.log_in("gx10", "official").status_code == 302


# Passwords


def test_a_password_that_somebody_else_set_is_changed_before_anything_else(visitor: Visitor, portal: Portal) -> None:
    give_password(portal, "gx10")
    visitor.log_in("gx10", "official")
    answer = visitor.get("/inbox/todo?show=mine")
    assert answer.location == "/account/password?next=/inbox/todo?show%3Dmine"
    assert visitor.get("/api/v1/tasks").status_code == 403
    assert "现在的密码由他人设置" in visitor.read(answer.location)
    assert change(visitor, demo.PASSWORD, NEW)[0] == 303
    assert visitor.get("/inbox/todo").status_code == 200


def test_an_administrator_gives_a_first_password_which_is_shown_once(client_of: ClientOf, app: Flask) -> None:
    official, administrator = client_of("gx10"), client_of("admin")
    page = administrator.post("/accounts/gx10/password").text
    password = re.search(r'id="password-text">([^<]+)<', page)
    assert password is not None
    assert official.get("/inbox/todo").status_code == 302  # whoever was in is out
    visitor = Visitor(app)
    assert visitor.log_in("gx10", "official", password=password[1]).status_code == 302
    assert visitor.get("/inbox/todo").location.startswith("/account/password")


@pytest.mark.parametrize(
    ("current", "chosen", "repeated", "sentence"),
    [
        ("wrong", NEW, NEW, "原密码不正确"),
        (demo.PASSWORD, "short", "short", "新密码应有 10 至 128 个字符"),
        (demo.PASSWORD, "my-GX10-secret", "my-GX10-secret", "新密码不能包含账号"),
        (demo.PASSWORD, "Password123", "Password123", "新密码太常见"),
        (demo.PASSWORD, "1212121212", "1212121212", "新密码太常见"),
        (demo.PASSWORD, demo.PASSWORD, demo.PASSWORD, "不能与原密码相同"),
        (demo.PASSWORD, NEW, NEW + "x", "两次输入的新密码不一致"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_beside_it(
    client_of: ClientOf, current: str, chosen: str, repeated: str, sentence: str
) -> None:
    status, page = change(client_of("gx10"), current, chosen, repeated)
    assert status == 422
    assert sentence in page


def test_a_changed_password_ends_the_log_ins_elsewhere(client_of: ClientOf) -> None:
    here, elsewhere = client_of("gx10"), client_of("gx10")
    assert change(here, demo.PASSWORD, NEW)[0] == 303
    assert here.get("/inbox/todo").status_code == 200
    assert elsewhere.get("/inbox/todo").status_code == 302


# Log-ins


def test_a_log_in_elsewhere_is_listed_and_can_be_ended(client_of: ClientOf) -> None:
    here, elsewhere = client_of("gx10"), client_of("gx10")
    page = here.read("/account")
    assert page.count("账号密码</td>") == 2
    ends = re.findall(r'action="(/account/sessions/[^/"]+/end)"', page)
    assert len(ends) == 1
    assert here.post(ends[0]).status_code == 303
    assert elsewhere.get("/inbox/todo").status_code == 302
    assert here.get("/inbox/todo").status_code == 200


def test_nobody_ends_the_log_in_of_somebody_else(client_of: ClientOf) -> None:
    official = client_of("gx10")
    client_of("gx10")
    theirs = re.search(r'action="(/account/sessions/[^/"]+/end)"', official.read("/account"))
    assert theirs is not None
    assert client_of("gx11").post(theirs[1]).status_code == 404


def test_a_session_that_nobody_used_for_a_month_is_over(client_of: ClientOf, portal: Portal) -> None:
    visitor = client_of("gx10")
    assert "待办" in visitor.read("/inbox/todo")
    portal.clock.advance(FORGOTTEN_AFTER + timedelta(hours=1))
    assert visitor.get("/inbox/todo").status_code == 302


def test_logging_out_ends_the_session_and_each_log_in_is_a_new_one(visitor: Visitor, portal: Portal) -> None:
    visitor.log_in("gx10", "official")
    with visitor.client.session_transaction() as session:
        before = dict(session)
    visitor.post("/logout")
    with portal.app.app_context():
        assert db.session.scalars(select(LoginSession)).all() == []
    with visitor.client.session_transaction() as session:
        session.update(before)
    assert visitor.get("/inbox/todo").status_code == 302
    visitor.log_in("gx10", "official")
    with visitor.client.session_transaction() as session:
        assert session["_user_id"] != before["_user_id"]


def test_who_leaves_is_out_everywhere_and_stays_out(portal: Portal, client_of: ClientOf) -> None:
    official = client_of("gx10")
    assert portal.call("admin", "POST", "/staff/gx10/deactivate", json={}).status_code == 200
    assert official.get("/inbox/todo").status_code == 302
    assert portal.call("admin", "POST", "/staff/gx10/activate").status_code == 200
    assert official.get("/inbox/todo").status_code == 302


def test_a_request_asks_once_who_it_is_and_notes_its_use_now_and_then(portal: Portal, client_of: ClientOf) -> None:
    official = client_of("gx10")
    official.get("/inbox/todo")
    commits = []
    for _ in range(3):
        with portal.app.app_context(), listening(db.engine) as log:
            official.get("/api/v1/substitutions")
        commits.append(log.commits)
        assert sum("FROM login_session" in statement for statement in log.statements) == 1
        portal.clock.advance(timedelta(minutes=3))
    assert commits == [0, 0, 1]


# Tokens


def test_a_token_that_reads_changes_nothing(portal: Portal, client_of: ClientOf) -> None:
    made = new_token(client_of("ent01"), scope="read", days=90)
    bearer = {"Authorization": f"Bearer {made['text']}"}
    assert portal.client.get("/api/v1/filings", headers=bearer).status_code == 200
    refused = portal.client.post("/api/v1/filings", headers=bearer, json=portal.form())
    assert refused.status_code == 403
    assert refused.get_json()["detail"] == "这个访问令牌只能读取，不能办理或修改。"


def test_tokens_are_listed_without_their_text_and_revoked(portal: Portal, client_of: ClientOf) -> None:
    made = new_token(client_of("ent01"))
    listed = portal.call("ent01", "GET", "/tokens")
    assert made["text"] not in listed.text
    [line] = [item for item in listed.get_json()["items"] if item["name"] == "月报"]
    assert (line["scope"], line["seen_at"]) == ("read", None)
    assert portal.call("ent02", "DELETE", f"/tokens/{line['id']}").status_code == 404
    assert portal.call("ent01", "DELETE", f"/tokens/{line['id']}").status_code == 204
    bearer = {"Authorization": f"Bearer {made['text']}"}
    assert portal.client.get("/api/v1/filings", headers=bearer).status_code == 401


def test_a_token_ends_with_its_day(portal: Portal, client_of: ClientOf) -> None:
    made = new_token(client_of("ent01"), days=30)
    bearer = {"Authorization": f"Bearer {made['text']}"}
    portal.clock.advance(timedelta(days=30))
    assert portal.client.get("/api/v1/filings", headers=bearer).status_code == 401


def test_a_page_shows_a_new_token_once_and_when_it_was_used(client_of: ClientOf, portal: Portal) -> None:
    enterprise = client_of("ent01")
    page = enterprise.post("/account/tokens", {"name": "接口", "scope": "write", "days": "30"}).text
    text = re.search(r'id="token-text">([^<]+)<', page)
    assert text is not None
    again = enterprise.read("/account")
    assert text[1] not in again
    assert "没有用过" in again
    bearer = {"Authorization": f"Bearer {text[1]}"}
    assert portal.client.get("/api/v1/filings", headers=bearer).status_code == 200
    assert "没有用过" not in enterprise.read("/account")
    revoke = re.search(r'action="(/account/tokens/\w+/revoke)"', again)
    assert revoke is not None
    enterprise.post(revoke[1])
    assert portal.client.get("/api/v1/filings", headers=bearer).status_code == 401


def test_a_token_that_is_not_filled_in_is_not_made(client_of: ClientOf) -> None:
    enterprise = client_of("ent01")
    assert enterprise.post("/account/tokens", {"name": "x", "scope": "all", "days": "30"}).status_code == 422


def test_a_token_makes_no_other_token(portal: Portal) -> None:
    refused = portal.call("ent01", "POST", "/tokens", json={"name": "月报"})
    assert (refused.status_code, refused.get_json()["detail"]) == (403, "访问令牌不能用来新建访问令牌。")
    bearer = {"Authorization": f"Bearer {portal.token('ent01')}"}
    fields = {"name": "月报", "scope": "write", "days": "365"}
    assert portal.client.post("/account/tokens", headers=bearer, data=fields).status_code == 403
    assert len(portal.call("ent01", "GET", "/tokens").get_json()["items"]) == 1


@pytest.mark.parametrize("who", ["the user", "an administrator"])
def test_a_password_that_is_set_ends_the_tokens_of_its_account(portal: Portal, client_of: ClientOf, who: str) -> None:
    assert portal.call("gx10", "GET", "/tasks").status_code == 200
    if who == "the user":
        official = client_of("gx10")
        assert "访问令牌全部失效" in official.read("/account/password")
        assert change(official, demo.PASSWORD, NEW)[0] == 303
    else:
        client_of("admin").post("/accounts/gx10/password")
    assert portal.call("gx10", "GET", "/tasks").status_code == 401


def test_a_token_is_good_for_nothing_while_its_account_owes_a_password(portal: Portal) -> None:
    token = portal.token("gx10")
    with portal.app.app_context():
        user = user_by_username(db.session(), "gx10")
        assert user is not None
        user.must_change_password = True
        db.session.commit()
        with pytest.raises(CommandRefused, match="密码由他人设置，修改后才能新建访问令牌。"):
            issue_token(db.session(), user, portal.clock.now())
    refused = portal.client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "password_to_change")


# Forged requests


@pytest.mark.parametrize("kind", ["nonsense", "good"])
def test_a_token_beside_a_session_does_not_stand_in_for_its_csrf_token(
    portal: Portal, client_of: ClientOf, kind: str
) -> None:
    official, elsewhere = client_of("gx10"), client_of("gx10")
    bearer = {"Authorization": f"Bearer {portal.token('gx10') if kind == 'good' else kind}"}
    for path in ("/account/sessions/end", "/api/v1/substitutions"):
        assert official.client.post(path, headers=bearer).status_code == 400, path
    assert elsewhere.get("/inbox/todo").status_code == 200
