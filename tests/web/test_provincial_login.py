"""省统账号登录 (DMN-8) against a real OpenID provider: who gets in, who is told what, and what is bound."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from records.admin_acts import AdminAct
from records.enterprises import Enterprise
from records.identities import Identity
from records.users import user_by_username
from tests.servers import free_port
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db
from web.settings import IdentityPlatform

SITE = "http://localhost"
REGISTRATION = "http://tyrz.gd.gov.cn/tif/sso/static/"


@pytest.fixture
def portal(portal: Portal, provider: IdentityPlatform) -> Portal:
    portal.configure(site_url=SITE, identity_platform=provider)
    return portal


class Traveller(Visitor):
    """Somebody who goes to the platform and comes back."""

    def set_out(self, path: str = "/login/identity") -> str:
        """Leave our site: the address at the platform."""
        answer = self.get(path)
        assert answer.status_code == 302, answer.text
        return str(answer.location)

    def choose(self, address: str, subject: str | None) -> str:
        """Log in at the platform with an account, or 取消: the address at which one comes back."""
        with requests.Session() as browser:
            page = browser.get(address, timeout=10)
            action = re.search(r'action="(/interaction/[^"]+)"', page.text)
            assert action is not None, page.text
            base = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
            answer = browser.post(
                base + action[1], data={"sub": subject} if subject else {}, allow_redirects=False, timeout=10
            )
            while not answer.headers["Location"].startswith(SITE):
                answer = browser.get(answer.headers["Location"], allow_redirects=False, timeout=10)
        return answer.headers["Location"].removeprefix(SITE)

    def log_in_as(self, subject: str | None, path: str = "/login/identity") -> TestResponse:
        return self.get(self.choose(self.set_out(path), subject))


@pytest.fixture
def traveller(app: Flask) -> Traveller:
    return Traveller(app)


def text_of(answer: TestResponse) -> str:
    return html.unescape(answer.text)


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/inbox/unread").status_code == 200


def read(portal: Portal, query: Callable[[], Any]) -> Any:
    with portal.app.app_context():
        return query()


def bind(portal: Portal, provider: IdentityPlatform, subject: str, username: str) -> None:
    with portal.app.app_context():
        user, now = user_by_username(db.session(), username), portal.clock.now()
        assert user is not None
        db.session.add(Identity(issuer=provider.issuer, subject=subject, user_id=user.id, bound_at=now))
        db.session.commit()


# The rows of DMN-8


def test_without_a_provincial_account_one_is_told_where_to_register(traveller: Traveller) -> None:
    answer = traveller.log_in_as(None)
    assert answer.status_code == 403
    assert "请企业先去省统一身份认证平台注册账号后再登录" in text_of(answer)
    assert "请拨打12345转省统一身份认证平台咨询" in text_of(answer)
    assert f'href="{REGISTRATION}"' in answer.text
    assert not is_in(traveller)


@pytest.mark.parametrize("subject", ["tyrz-0201", "tyrz-0301"])
def test_below_level_four_one_is_told_to_upgrade(traveller: Traveller, subject: str) -> None:
    answer = traveller.log_in_as(subject)
    assert answer.status_code == 403
    assert "省统账号级别为四级以下，无法登录技改系统，需要升级" in text_of(answer)
    assert "按照省统一身份认证平台帮助中心指引去进行升级后再登录" in text_of(answer)
    assert not is_in(traveller)


def test_with_several_legacy_accounts_one_is_sent_to_have_them_merged(traveller: Traveller, portal: Portal) -> None:
    answer = traveller.log_in_as("tyrz-0003")
    assert answer.status_code == 403
    assert "企业在旧技改系统中存在多个账号，需要合并账号" in text_of(answer)
    assert 'href="/login/merge"' in answer.text
    assert not is_in(traveller)
    assert read(portal, lambda: db.session.scalars(select(Identity)).all()) == []


@pytest.mark.parametrize(("subject", "username"), [("tyrz-0001", "ent01"), ("tyrz-0005", "ent05")])
def test_from_level_four_the_enterprises_account_is_bound_and_entered(
    traveller: Traveller, portal: Portal, subject: str, username: str
) -> None:
    answer = traveller.log_in_as(subject, "/login/identity?next=/filings")
    assert (answer.status_code, answer.location) == (302, "/filings")
    bound = read(portal, lambda: db.session.scalars(select(Identity)).one().user.username)
    assert bound == username
    assert Traveller(portal.app).log_in_as(subject).status_code == 302
    assert len(read(portal, lambda: db.session.scalars(select(Identity)).all())) == 1


def test_an_enterprise_that_is_new_here_gets_its_account(traveller: Traveller, portal: Portal) -> None:
    assert traveller.log_in_as("tyrz-0501").status_code == 302
    with portal.app.app_context():
        user = db.session.scalars(select(Identity)).one().user
        enterprise = db.session.get_one(Enterprise, user.enterprise_id)
        assert (user.username, user.name, user.password_hash) == (enterprise.uscc, "林例五", None)
        assert (enterprise.name, enterprise.region) == ("佛山市顺德新程模具有限公司", "440606")
        assert enterprise.contact["mobile"] == "19400000501"
    assert "佛山市顺德新程模具有限公司" in traveller.read("/company")


def test_a_personal_account_opens_no_enterprise_but_can_be_bound_to_ones_own(traveller: Traveller) -> None:
    answer = traveller.log_in_as("tyrz-0401")
    assert answer.status_code == 403
    assert "没有关联企业" in text_of(answer)
    traveller.log_in("ent02", "enterprise")
    link = re.search(r'href="(/login/identity\?bind=[^"]+)"', traveller.get("/account").text)
    assert link is not None
    assert traveller.log_in_as("tyrz-0401", html.unescape(link[1])).location == "/account"
    assert "省统一身份账号已绑定" in traveller.read("/account")
    traveller.post("/logout")
    assert traveller.log_in_as("tyrz-0401").location == "/workbench"


def test_another_enterprises_account_is_not_bound_to_ones_own(traveller: Traveller, portal: Portal) -> None:
    traveller.log_in("ent02", "enterprise")
    link = re.search(r'href="(/login/identity\?bind=[^"]+)"', traveller.get("/account").text)
    assert link is not None
    answer = traveller.log_in_as("tyrz-0001", html.unescape(link[1]))
    assert answer.status_code == 409
    assert "没有绑定" in text_of(answer)
    assert read(portal, lambda: db.session.scalars(select(Identity)).all()) == []


def test_who_acts_for_another_enterprise_now_does_not_enter_the_one_they_are_bound_to(
    traveller: Traveller, portal: Portal, provider: IdentityPlatform
) -> None:
    bind(portal, provider, "tyrz-0001", "ent02")
    answer = traveller.log_in_as("tyrz-0001")
    assert answer.status_code == 403
    assert "绑定的却是" in text_of(answer)
    assert not is_in(traveller)


def test_an_administrator_unbinds_a_provincial_account_and_its_next_log_in_is_to_the_right_enterprise(
    traveller: Traveller, portal: Portal, provider: IdentityPlatform, client_of: Callable[[str], Visitor]
) -> None:
    bind(portal, provider, "tyrz-0001", "ent02")
    inside = client_of("ent02")
    assert portal.call("ent02", "GET", "/filings").status_code == 200
    administrator, path = client_of("admin"), "/accounts/ent02/unbind"
    fields = administrator.form("/accounts?q=ent02", path)
    assert client_of("security").post(path, {"identity": fields["identity"]}).status_code == 403
    assert "省统一身份账号已解除绑定" in administrator.post(path, fields, follow=True).text
    again = administrator.post(path, fields | {"command_id": "another"}, follow=True).text
    assert "绑定已经解除" in again
    assert not is_in(inside)
    assert portal.call("ent02", "GET", "/filings").status_code == 401
    act = read(portal, lambda: db.session.scalars(select(AdminAct)).one())
    assert (act.act, act.actor, act.before) == (
        "account.unbound",
        "admin",
        {"identity": "…0001", "bound_on": "2026-03-02"},
    )
    assert traveller.log_in_as("tyrz-0001").status_code == 302
    assert read(portal, lambda: db.session.scalars(select(Identity)).one().user.username) == "ent01"


def test_a_link_of_another_session_binds_nothing(traveller: Traveller, app: Flask) -> None:
    other = Visitor(app)
    other.log_in("ent01", "enterprise")
    traveller.log_in("ent02", "enterprise")
    link = re.search(r'href="(/login/identity\?bind=[^"]+)"', other.get("/account").text)
    assert link is not None
    assert traveller.get(html.unescape(link[1])).location == "/account"


def test_until_the_last_day_an_enterprise_logs_in_by_password_and_is_told_to_bind(
    visitor: Visitor, portal: Portal, provider: IdentityPlatform
) -> None:
    portal.configure(identity_platform=provider, password_login_until=date(2026, 3, 2))
    assert visitor.log_in("ent01", "enterprise").status_code == 302
    assert "请及时授权绑定“省统一身份账号”，届时本登录方式会关闭" in visitor.read("/workbench")


def test_after_it_only_officials_and_administrators_do(
    visitor: Visitor, portal: Portal, provider: IdentityPlatform
) -> None:
    portal.configure(identity_platform=provider, password_login_until=date(2026, 3, 1))
    answer = visitor.log_in("ent01", "enterprise")
    assert answer.status_code == 403
    assert "账号密码登录方式已关闭" in text_of(answer)
    for username in ("gx10", "admin"):
        assert Visitor(portal.app).log_in(username, "official").status_code == 302


# What the platform must not do to us


def test_a_closed_account_stays_closed(traveller: Traveller, portal: Portal) -> None:
    with portal.app.app_context():
        user = user_by_username(db.session(), "ent01")
        assert user is not None
        user.active = False
        db.session.commit()
    answer = traveller.log_in_as("tyrz-0001")
    assert answer.status_code == 403
    assert "已停用" in text_of(answer)


def test_the_log_in_begins_and_ends_in_one_browser(traveller: Traveller, app: Flask) -> None:
    came_back = traveller.choose(traveller.set_out(), "tyrz-0001")
    stranger = Traveller(app)
    answer = stranger.get(came_back)
    assert answer.status_code == 400
    assert "不是在这个浏览器窗口里开始的" in text_of(answer)
    assert not is_in(stranger)
    assert traveller.get(came_back).status_code == 302
    assert traveller.get(came_back).status_code == 400  # a code is good once


def test_the_request_has_state_nonce_and_a_code_challenge(traveller: Traveller) -> None:
    asked = parse_qs(urlsplit(traveller.set_out()).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{SITE}/login/identity/return"]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))


def test_an_answer_of_another_issuer_is_refused(traveller: Traveller) -> None:
    came_back = traveller.choose(traveller.set_out(), "tyrz-0001")
    forged = re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", came_back)
    answer = traveller.get(forged)
    assert answer.status_code == 502
    assert "没有通过核验" in text_of(answer)


def test_an_answer_that_does_not_say_its_issuer_is_refused_where_the_platform_promises_it(
    traveller: Traveller,
) -> None:
    came_back = traveller.choose(traveller.set_out(), "tyrz-0001")
    answer = traveller.get(re.sub(r"&iss=[^&]*", "", came_back))
    assert answer.status_code == 502
    assert "没有通过核验" in text_of(answer)
    assert not is_in(traveller)


def test_an_id_token_of_another_issuer_is_refused(
    traveller: Traveller, portal: Portal, provider: IdentityPlatform
) -> None:
    portal.configure(site_url=SITE, identity_platform=replace(provider, issuer="https://other.example"))
    came_back = traveller.choose(traveller.set_out(), "tyrz-0001")
    answer = traveller.get(re.sub(r"&iss=[^&]*", "&iss=https%3A%2F%2Fother.example", came_back))
    assert answer.status_code == 502
    assert not is_in(traveller)


def test_a_platform_that_tells_no_level_is_not_believed(
    traveller: Traveller, portal: Portal, provider: IdentityPlatform
) -> None:
    portal.configure(site_url=SITE, identity_platform=replace(provider, level_claim="rank"))
    assert traveller.log_in_as("tyrz-0001").status_code == 502


def test_a_platform_that_is_away_is_told_in_a_sentence(
    visitor: Visitor, portal: Portal, provider: IdentityPlatform
) -> None:
    away = replace(provider, metadata_url=f"http://127.0.0.1:{free_port()}/.well-known/openid-configuration")
    portal.configure(site_url=SITE, identity_platform=away)
    answer = visitor.get("/login/identity")
    assert answer.status_code == 502
    assert "省统一身份认证平台暂时连接不上" in text_of(answer)
    assert "020-22041800-841" in text_of(answer)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_afterwards_one_is_sent_nowhere_else(traveller: Traveller, wanted: str) -> None:
    assert traveller.log_in_as("tyrz-0001", f"/login/identity?next={wanted}").location == "/workbench"


def test_the_log_in_page_offers_it_to_enterprises_and_leads_to_registration(visitor: Visitor) -> None:
    page = visitor.read("/login")
    for words in ("省统一身份账号登录", "注册省统账号", "账号合并申请", "届时本登录方式会关闭"):
        assert words in page
    assert visitor.get("/login/register").location == REGISTRATION


def test_without_a_platform_nothing_is_offered(visitor: Visitor, portal: Portal) -> None:
    portal.configure()
    assert "省统一身份账号登录" not in visitor.read("/login")
    assert visitor.get("/login/identity").status_code == 404
