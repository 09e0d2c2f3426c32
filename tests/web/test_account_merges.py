"""账号合并: an enterprise asks without being logged in, an administrator merges, and nothing is lost (R67–R69)."""

import html
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from records.account_merges import AccountMerge
from records.login_sessions import LoginMethod, begin_session
from records.sms import OutgoingSms
from records.users import User, user_by_username
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from tests.web.test_provincial_login import SITE, Traveller
from web.database import db
from web.settings import IdentityPlatform

NAME, MOBILE = "佛山市南澜家电制造有限公司", "19400000023"
ClientOf = Callable[[str], Visitor]


@pytest.fixture
def asked(visitor: Visitor) -> str:
    """The address of a request of E03, as its enterprise reads it."""
    answer = visitor.post("/login/merge", {"enterprise_name": NAME, "mobile": MOBILE})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def for_administrators(asked: str) -> str:
    """The address of the same request as administrators read it."""
    return asked.replace("/login/merge", "/accounts/merges")


def decide(administrator: Visitor, asked: str, **fields: str) -> str:
    """The page after an administrator's decision."""
    return html.unescape(administrator.post(for_administrators(asked), fields, follow=True).text)


def user(username: str) -> User:
    found = user_by_username(db.session(), username)
    assert found is not None
    return found


def test_what_is_not_filled_in_is_asked_for_again(visitor: Visitor) -> None:
    answer = visitor.post("/login/merge", {"enterprise_name": NAME, "mobile": "123"})
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert "请填写联系人的 11 位手机号码。" in page
    assert f'value="{NAME}"' in page


def test_requests_are_limited(visitor: Visitor) -> None:
    for _ in range(5):
        visitor.post("/login/merge", {"enterprise_name": NAME, "mobile": MOBILE})
    assert visitor.post("/login/merge", {"enterprise_name": NAME, "mobile": MOBILE}).status_code == 429


def test_an_administrator_finds_the_request_among_the_tasks_and_sees_what_each_account_has(
    client_of: ClientOf, portal: Portal, asked: str
) -> None:
    portal.draft("ent03")
    portal.token("old_ent03b")
    administrator = client_of("admin")
    inbox = administrator.read("/inbox/todo")
    task = re.search(r'href="(/tasks/\w+)"', inbox)
    assert task is not None
    assert NAME in inbox
    page = administrator.get(task[1], follow_redirects=True)
    assert page.request.path == for_administrators(asked)
    text = html.unescape(page.text)
    assert "联系人手机号码一致" in text
    assert MOBILE not in text
    rows = text.split("<tr>")[-2:]
    assert ["old_ent03b" in row for row in rows] == [False, True]
    # drafts, submitted, done, read, tokens, provincial accounts
    numbers = [[int(number) for number in re.findall(r"\u2002</span>(\d+)", row)] for row in rows]
    assert numbers == [[1, 1, 0, 0, 1, 0], [0, 0, 0, 0, 1, 0]]


def test_accounts_are_found_by_enterprise_and_mobile_and_merged_without_a_request(client_of: ClientOf) -> None:
    administrator = client_of("admin")
    assert "old_ent03b" in administrator.read(f"/accounts?q=南澜&mobile={MOBILE}")
    assert "old_ent03b" in administrator.read(f"/accounts?mobile={MOBILE}")
    assert "没有找到账号" in administrator.read("/accounts?q=南澜&mobile=19400000021")
    begun = administrator.post("/accounts/merges", {"enterprise": "E03"})
    assert begun.status_code == 303
    assert "账号已合并为 ent03" in decide(administrator, begun.location, decision="merge", keep="ent03")


def test_nothing_of_the_merged_account_is_lost(
    portal: Portal, client_of: ClientOf, visitor: Visitor, asked: str, provider: IdentityPlatform
) -> None:
    portal.configure(site_url=SITE, identity_platform=provider)
    draft = portal.draft("old_ent03b")["id"]
    token = portal.token("old_ent03b")
    with portal.app.app_context():
        begun = begin_session(
            db.session(), user("old_ent03b"), LoginMethod.PASSWORD, agent="", address="", now=portal.clock.now()
        ).id
        db.session.commit()
    assert "账号已合并为 ent03，已通知企业" in decide(client_of("admin"), asked, decision="merge", keep="ent03")
    portal.settle()

    with portal.app.app_context():
        merged, kept = user("old_ent03b"), user("ent03")
        assert (merged.active, merged.merged_into, kept.active) == (False, kept.id, True)
        message = db.session.scalars(select(OutgoingSms).order_by(OutgoingSms.id.desc())).first()
        assert message is not None
        assert (message.template, message.mobile, message.state) == ("S24", MOBILE, "sent")
    # The programs of the merged account go on, as the one that stays; its browsers do not.
    bearer = {"Authorization": f"Bearer {token}"}
    assert portal.client.get(f"/api/v1/filings/{draft}", headers=bearer).status_code == 200
    with portal.client.session_transaction() as session:
        session["_user_id"] = begun
    assert portal.client.get("/inbox/todo").status_code == 302
    assert visitor.log_in("old_ent03b", "enterprise").status_code == 401
    # Draft and notice are the enterprise's; the provincial account opens what stays.
    traveller = Traveller(portal.app)
    assert traveller.log_in_as("tyrz-0003").location == "/workbench"
    assert traveller.get(f"/filings/{draft}/edit").status_code == 200
    assert "账号合并已完成" in traveller.read("/inbox/unread")
    assert "账号合并已完成" in visitor.read(asked)


def test_what_was_done_under_the_merged_account_stays_among_what_one_has_done(
    portal: Portal, client_of: ClientOf, asked: str
) -> None:
    filing = portal.call("ent03", "GET", "/filings").get_json()["items"][0]["id"]
    portal.decide("gx16", filing, "return", "请补充")
    task = portal.task("old_ent03b", filing)["id"]
    assert portal.call("old_ent03b", "POST", f"/tasks/{task}/complete", json={"data": {}}).status_code == 200
    decide(client_of("admin"), asked, decision="merge", keep="ent03")
    done = portal.call("ent03", "GET", "/tasks?box=done").get_json()["items"]
    assert [one["id"] for one in done] == [task]


def test_what_lies_on_the_merged_accounts_desk_goes_to_the_one_that_stays(
    portal: Portal, client_of: ClientOf, asked: str
) -> None:
    filing = portal.call("ent03", "GET", "/filings").get_json()["items"][0]["id"]
    portal.decide("gx16", filing, "return", "请补充")
    task = portal.task("old_ent03b", filing)["id"]
    assert portal.call("old_ent03b", "POST", f"/tasks/{task}/claim", json={}).status_code == 200
    decide(client_of("admin"), asked, decision="merge", keep="ent03")
    assert portal.task("ent03", filing)["assignee"] == "ent03"


def test_a_refusal_is_read_by_whoever_asked(client_of: ClientOf, visitor: Visitor, asked: str) -> None:
    administrator = client_of("admin")
    assert "原因" in decide(administrator, asked, decision="refuse", reason=" ")
    assert "等待管理员处理" in visitor.read(asked)
    decide(administrator, asked, decision="refuse", reason="手机号码与登记的不一致")
    page = visitor.read(asked)
    assert "不予合并" in page
    assert "手机号码与登记的不一致" in page


def test_a_request_is_decided_once(client_of: ClientOf, portal: Portal, asked: str) -> None:
    administrator = client_of("admin")
    decide(administrator, asked, decision="merge", keep="ent03")
    assert "这份合并申请已经处理" in decide(administrator, asked, decision="refuse", reason="再看看")
    with portal.app.app_context():
        assert db.session.scalars(select(AccountMerge)).one().state == "MERGED"


@pytest.mark.parametrize("username", ["ent03", "gx10"])
def test_only_administrators_merge(client_of: ClientOf, asked: str, username: str) -> None:
    visitor = client_of(username)
    assert visitor.get("/accounts").status_code == 403
    assert visitor.post(for_administrators(asked), {"decision": "merge", "keep": "ent03"}).status_code == 403


def test_who_may_not_merge_is_offered_no_merger(client_of: ClientOf, asked: str) -> None:
    for username, offered in (("admin", True), ("security", False)):
        page = client_of(username).read("/accounts?q=南澜")
        assert ("待处理的合并申请" in page, 'action="/accounts/merges"' in page) == (offered, offered), username
