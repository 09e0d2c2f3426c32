"""短信发件箱: what operators see of messages, sending again, doing without, limits, and the gateway's receipts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

import tasks.adapters
from tasks.sms.gateway import Delivery, GatewayFailed, Message, MessageRefused, Receipt, ReportUnreadable
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.runtime import runtime

ClientOf = Callable[[str], Visitor]


@dataclass
class Moody:
    """A gateway that does as it is told, and remembers the keys it took."""

    name: ClassVar[str] = "moody"
    received: ClassVar[dict[str, Any]] = {"thanks": True}
    mood: Exception | None = None
    taken: list[str] = field(default_factory=list)

    def send(self, message: Message) -> Receipt:
        if self.mood is not None:
            raise self.mood
        self.taken.append(message.key)
        return Receipt(f"r{len(self.taken)}")

    def deliveries(self, told: Any) -> list[Delivery]:
        if not isinstance(told, list):
            raise ReportUnreadable("no list")
        return [Delivery(reference, arrived, "" if arrived else "关机") for reference, arrived in told]


@pytest.fixture
def gateway(portal: Portal) -> Iterator[Moody]:
    portal.settle()  # what the sample's filings have to send
    moody, before = Moody(), tasks.adapters.adapters()
    tasks.adapters.configure(replace(before, sms=moody, sms_daily_limit=4))
    yield moody
    tasks.adapters.configure(before)


def submitted(portal: Portal) -> str:
    """A filing that makes one message S01 to Jianghai's duty mobile, on its way."""
    filing = str(portal.draft()["id"])
    assert portal.submit(filing).status_code == 200
    portal.settle()
    return filing


def the_message(portal: Portal) -> dict[str, Any]:
    """The latest."""
    return dict(portal.call("admin", "GET", "/sms").get_json()["items"][0])


def test_a_message_is_sent_under_its_key_and_receipts_tell_how_it_ended(portal: Portal, gateway: Moody) -> None:
    submitted(portal)
    message = the_message(portal)
    assert (message["state"], message["gateway"], message["reference"]) == ("sent", "moody", "r1")
    assert re.fullmatch(r"194\*{4}\d{4}", message["mobile"])
    assert (message["project_name"], message["allowed_actions"]) == ("LED封装自动化生产线技术改造项目", [])
    with portal.app.app_context():
        object.__setattr__(runtime().settings, "sms_receipt_token", "hidden")
    assert portal.call(None, "POST", "/sms/receipts/guessed", json=[["r1", False]]).status_code == 404
    assert portal.call(None, "POST", "/sms/receipts/hidden", json={}).status_code == 422
    for _ in range(2):  # a gateway may say a thing twice
        told = portal.call(None, "POST", "/sms/receipts/hidden", json=[["r1", False], ["r9", True]])
        assert (told.status_code, told.get_json()) == (200, {"thanks": True})
    message = the_message(portal)
    assert (message["state"], message["note"], message["allowed_actions"]) == ("undelivered", "关机", ["send"])
    again = portal.call("admin", "POST", f"/sms/{message['id']}/send")
    assert (again.status_code, again.get_json()["state"]) == (200, "queued")
    assert again.get_json()["sent_at"] == message["sent_at"]  # until it is sent again, and counts again
    portal.settle()
    assert (the_message(portal)["state"], the_message(portal)["resent"]) == ("sent", 1)
    assert gateway.taken[1] == f"{gateway.taken[0]}#1"
    refused = portal.call("admin", "POST", f"/sms/{message['id']}/send")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "sms_not_resendable")


def test_a_receipt_that_comes_before_the_message_is_noted_as_sent_is_asked_for_again(
    portal: Portal, gateway: Moody
) -> None:
    portal.configure(sms_receipt_token="hidden")
    filing = submitted(portal)
    gateway.mood = GatewayFailed("busy")
    portal.decide("gx10", filing, "return", "请补充设备清单")
    early = portal.call(None, "POST", "/sms/receipts/hidden", json=[["r1", True], ["r2", True]])
    assert (early.status_code, early.get_json()["code"]) == (503, "receipts_early")
    states = [one["state"] for one in portal.call("admin", "GET", "/sms?limit=2").get_json()["items"]]
    assert states == ["queued", "delivered"]  # what was known of it is noted
    gateway.mood = None
    portal.clock.advance(timedelta(hours=1))
    portal.settle()
    assert the_message(portal)["reference"] == "r2"
    again = portal.call(None, "POST", "/sms/receipts/hidden", json=[["r1", True], ["r2", True]])
    assert (again.status_code, again.get_json()) == (200, {"thanks": True})
    assert the_message(portal)["state"] == "delivered"


def test_what_the_gateway_refuses_is_not_tried_again_and_says_why(portal: Portal, gateway: Moody) -> None:
    gateway.mood = MessageRefused("isv.MOBILE_NUMBER_ILLEGAL")
    submitted(portal)
    message = the_message(portal)
    assert (message["state"], message["note"]) == ("failed", "isv.MOBILE_NUMBER_ILLEGAL")
    assert portal.call("admin", "GET", "/jobs?state=failed").get_json()["items"] == []


def test_operators_find_what_is_stuck_and_have_it_sent_or_do_without_it(
    portal: Portal, client_of: ClientOf, gateway: Moody
) -> None:
    gateway.mood = GatewayFailed("busy")
    submitted(portal)
    message = the_message(portal)
    for _ in range(10):
        if (message := the_message(portal))["state"] == "stuck":
            break
        portal.clock.advance(timedelta(hours=12))
        portal.settle()
    assert (message["state"], message["allowed_actions"]) == ("stuck", ["send", "skip"])
    operator = client_of("admin")
    assert "投递失败" in operator.read("/sms?state=stuck&template=S01&project=LED")
    assert "没有符合条件的短信" in operator.read("/sms?state=delivered")
    post = f"/sms/{message['id']}/send"
    assert "短信已交给后台重新发送。" in operator.post(post, operator.form("/sms", post), follow=True).text
    gateway.mood = None
    portal.settle()
    assert the_message(portal)["state"] == "sent"


def test_a_message_that_is_stuck_can_be_skipped_for_a_reason(portal: Portal, gateway: Moody) -> None:
    gateway.mood = GatewayFailed("busy")
    filing = portal.draft()["id"]
    assert portal.submit(filing).status_code == 200
    message = the_message(portal)
    skipped = portal.call("admin", "POST", f"/sms/{message['id']}/skip", json={"reason": "已电话通知"})
    assert (skipped.status_code, skipped.get_json()["state"], skipped.get_json()["note"]) == (
        200,
        "skipped",
        "已电话通知",
    )
    portal.settle()
    assert the_message(portal)["state"] == "skipped"
    assert gateway.taken == []


def test_a_number_gets_no_more_of_a_template_in_a_day_than_is_allowed(portal: Portal, gateway: Moody) -> None:
    filing = portal.draft()["id"]
    for _ in range(3):
        assert portal.submit(filing).status_code == 200
        assert portal.call("ent01", "POST", f"/filings/{filing}/withdraw").status_code == 200
        portal.settle()
    states = [one["state"] for one in portal.call("admin", "GET", "/sms").get_json()["items"]]
    # The sample's filings have sent two to the same number already.
    assert states[:3] == ["limited", "sent", "sent"]
    page = portal.call("admin", "GET", "/sms?state=limited").get_json()["items"]
    assert page[0]["note"] == "该号码当日已发送本模板短信 4 条"
    assert portal.call("gx10", "GET", "/sms").status_code == 403


def test_a_message_that_is_sent_again_counts_each_time_for_the_days_limit(portal: Portal, gateway: Moody) -> None:
    portal.configure(sms_receipt_token="hidden")
    submitted(portal)  # the third of its number, with the sample's two
    post = f"/sms/{the_message(portal)['id']}/send"
    for reference, after in (("r1", "sent"), ("r2", "limited")):
        portal.call(None, "POST", "/sms/receipts/hidden", json=[[reference, False]])
        assert portal.call("admin", "POST", post).status_code == 200
        portal.settle()
        assert the_message(portal)["state"] == after
    assert len(gateway.taken) == 2


def test_messages_are_sent_again_by_the_system_administrator_alone(portal: Portal, client_of: ClientOf) -> None:
    portal.settle()
    message = portal.call("admin", "GET", "/sms").get_json()["items"][0]["id"]
    for user in ("security", "auditor"):
        assert portal.call(user, "POST", f"/sms/{message}/send").status_code == 403
    assert f'action="/sms/{message}/send"' not in client_of("auditor").read("/sms")


@pytest.mark.parametrize(
    ("user", "status"), [("admin", 200), ("auditor", 200), ("security", 403), ("ent01", 403), ("gx10", 403)]
)
def test_messages_are_read_by_those_who_may_see_every_enterprises_matters(
    portal: Portal, client_of: ClientOf, user: str, status: int
) -> None:
    visitor = client_of(user)
    for demo in (True, False):
        portal.configure(demo=demo)
        assert portal.call(user, "GET", "/sms").status_code == status
        assert visitor.get("/sms").status_code == status


def test_in_the_demo_an_enterprise_reads_what_it_was_sent_and_an_official_what_his_area_was(
    portal: Portal, client_of: ClientOf
) -> None:
    filing = str(portal.draft()["id"])
    portal.submit(filing)
    portal.decide("gx10", filing, "return", "请补充设备清单")
    project = str(portal.filing(filing)["form"]["project_name"])[:12]
    told, asked = f"“{project}", "已退回修改，请登录系统查看补正意见"
    own, official, other = client_of("ent01").read("/demo/sms"), client_of("gx10"), client_of("gx16")
    assert asked in own
    assert "请在" not in own.partition("<tbody")[2]  # S01 went to the agency
    assert told not in client_of("ent02").read("/demo/sms")
    page = official.read("/demo/sms?template=S01")
    assert told in page
    assert told not in other.read("/demo/sms")
    assert told in client_of("province").read("/demo/sms")
    assert client_of("security").get("/demo/sms").status_code == 403
    assert 'href="/demo/sms"' in own
    assert "短信发件箱" not in client_of("security").read("/administration/grants")
    portal.configure(demo=False)
    assert official.get("/demo/sms").status_code == 404
    assert "/demo/sms" not in official.read("/inbox/todo")
