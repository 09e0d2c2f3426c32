"""Gateways over HTTP, each against a real server on this machine: taken, refused, late, broken, twice, and told of."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tasks.sms.gateway import (
    Delivery,
    GatewayFailed,
    GatewaySettings,
    Message,
    MessageRefused,
    ReportUnreadable,
    SmsGateway,
    gateway,
)

TEXT = "【广东技改监测】“某项目”已予以核准，请登录系统查看核准批复。"
MESSAGE = Message("19400000021", TEXT, "S22", {"p": "某项目"}, "case:1")


@dataclass
class Answering:
    """A gateway's other side: what it was asked, and what it answers next."""

    url: str = ""
    answers: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    hurry: threading.Event = field(default_factory=threading.Event)
    """An answer of status 0 waits for it, longer than anybody listens."""


@pytest.fixture
def other() -> Iterator[Answering]:
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answering.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, answer = answering.answers.pop(0)
            if status == 0:
                answering.hurry.wait(10)
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_request(self, *told: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answering.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield answering
    answering.hurry.set()
    server.shutdown()
    server.server_close()


def settings(other: Answering, name: str) -> GatewaySettings:
    return GatewaySettings(name, other.url, "id", "secret", "1400006666", {"S22": "T22"}, timeout=0.5)


@pytest.fixture
def own(other: Answering) -> SmsGateway:
    return gateway(settings(other, "http"))


# A gateway of one's own


def test_a_message_is_posted_with_its_key_and_the_answer_names_it(other: Answering, own: SmsGateway) -> None:
    other.answers = [(202, {"id": "m-1"})]
    assert own.send(MESSAGE).reference == "m-1"
    [(_path, headers, body)] = other.asked
    assert (headers["idempotency-key"], headers["authorization"]) == ("case:1", "Bearer secret")
    assert json.loads(body) == {"mobile": "19400000021", "text": TEXT, "template": "S22", "key": "case:1"}


def test_what_the_gateway_has_already_is_the_same_message(other: Answering, own: SmsGateway) -> None:
    other.answers = [(202, {"id": "m-1"}), (409, {"id": "m-1"})]
    assert own.send(MESSAGE) == own.send(MESSAGE)


def test_a_refusal_is_told_and_not_tried_again(other: Answering, own: SmsGateway) -> None:
    other.answers = [(422, {"message": "号码为空号"})]
    with pytest.raises(MessageRefused, match="号码为空号"):
        own.send(MESSAGE)


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (503, b"busy"), (429, {}), (401, {}), (200, b"<html>"), (200, {}), (0, None)],
    ids=["failure", "busy", "too many", "unknown", "no JSON", "no id", "no answer"],
)
def test_what_another_try_may_mend_is_tried_again(other: Answering, own: SmsGateway, answer: tuple[int, Any]) -> None:
    other.answers = [answer, (200, {"id": "m-1"})]
    with pytest.raises(GatewayFailed):
        own.send(MESSAGE)
    assert own.send(MESSAGE).reference == "m-1"
    assert {headers["idempotency-key"] for _path, headers, _body in other.asked} == {"case:1"}


def test_nobody_at_the_address_is_a_failure_that_may_pass() -> None:
    lonely = gateway(GatewaySettings("http", "http://127.0.0.1:9/", timeout=0.5))
    with pytest.raises(GatewayFailed, match="cannot be reached"):
        lonely.send(MESSAGE)


def test_receipts_say_what_arrived_and_what_did_not(own: SmsGateway) -> None:
    told = {"receipts": [{"id": "m-1", "delivered": True}, {"id": "m-2", "delivered": False, "note": "关机"}]}
    assert own.deliveries(told) == [Delivery("m-1", True), Delivery("m-2", False, "关机")]
    for nonsense in (None, {}, {"receipts": [{"delivered": True}]}):
        with pytest.raises(ReportUnreadable):
            own.deliveries(nonsense)


# 阿里云


def test_aliyun_gets_the_templates_code_and_its_places(other: Answering) -> None:
    other.answers = [(200, {"Code": "OK", "BizId": "b-1"})]
    assert gateway(settings(other, "aliyun")).send(MESSAGE).reference == "b-1"
    [(path, headers, _body)] = other.asked
    asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert asked == {
        "PhoneNumbers": "19400000021",
        "SignName": "广东技改监测",
        "TemplateCode": "T22",
        "TemplateParam": '{"p": "某项目"}',
        "OutId": "case:1",
    }
    assert headers["x-acs-action"] == "SendSms"
    assert headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=id,SignedHeaders=")


def test_aliyun_refuses_for_the_message_and_fails_for_itself(other: Answering) -> None:
    carrier = gateway(settings(other, "aliyun"))
    other.answers = [
        (400, {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "非法手机号"}),
        (400, {"Code": "Throttling"}),
    ]
    with pytest.raises(MessageRefused, match="非法手机号"):
        carrier.send(MESSAGE)
    with pytest.raises(GatewayFailed, match="Throttling"):
        carrier.send(MESSAGE)
    with pytest.raises(MessageRefused, match="没有模板 S01"):
        carrier.send(replace(MESSAGE, template="S01"))
    told = [{"biz_id": "b-1", "success": True}, {"biz_id": "b-2", "success": False, "err_code": "UNDELIVERED"}]
    assert carrier.deliveries(told) == [Delivery("b-1", True), Delivery("b-2", False, "UNDELIVERED")]
    with pytest.raises(ReportUnreadable):
        carrier.deliveries({"biz_id": "b-1"})


# 腾讯云


def test_tencent_gets_the_templates_id_and_its_places_in_order(other: Answering) -> None:
    other.answers = [(200, {"Response": {"RequestId": "r-1", "SendStatusSet": [{"SerialNo": "s-1", "Code": "Ok"}]}})]
    assert gateway(settings(other, "tencent")).send(MESSAGE).reference == "s-1"
    [(_path, headers, body)] = other.asked
    assert json.loads(body) == {
        "PhoneNumberSet": ["+8619400000021"],
        "SmsSdkAppId": "1400006666",
        "SignName": "广东技改监测",
        "TemplateId": "T22",
        "TemplateParamSet": ["某项目"],
        "SessionContext": "case:1",
    }
    assert headers["x-tc-action"] == "SendSms"


def test_tencent_refuses_for_the_message_and_fails_for_itself(other: Answering) -> None:
    carrier = gateway(settings(other, "tencent"))
    black = {"Code": "FailedOperation.PhoneNumberInBlacklist", "Message": "在黑名单中"}
    other.answers = [
        (200, {"Response": {"RequestId": "r-1", "SendStatusSet": [black]}}),
        (200, {"Response": {"RequestId": "r-2", "Error": {"Code": "InternalError", "Message": "busy"}}}),
    ]
    with pytest.raises(MessageRefused, match="在黑名单中"):
        carrier.send(MESSAGE)
    with pytest.raises(GatewayFailed, match="InternalError"):
        carrier.send(MESSAGE)
    told = [{"sid": "s-1", "report_status": "SUCCESS"}, {"sid": "s-2", "report_status": "FAIL", "errmsg": "MK:0010"}]
    assert carrier.deliveries(told) == [Delivery("s-1", True), Delivery("s-2", False, "MK:0010")]


# Both clouds


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
@pytest.mark.parametrize(
    "answer", [(500, {}), (503, b"busy"), (200, b"<html>"), (200, {}), (0, None)],
    ids=["failure", "busy", "no JSON", "no id", "no answer"],
)  # fmt: skip
def test_a_cloud_that_fails_by_itself_is_asked_again_by_the_job_and_not_by_its_sdk(
    other: Answering, name: str, answer: tuple[int, Any]
) -> None:
    other.answers = [answer]
    with pytest.raises(GatewayFailed):
        gateway(settings(other, name)).send(MESSAGE)
    assert len(other.asked) == 1


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
def test_without_its_extra_a_cloud_says_how_to_install_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"tasks.sms.{name}", raising=False)
    for package in ("alibabacloud_dysmsapi20170525.client", "tencentcloud.sms.v20210111.models"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf"pip install 'jigai\[sms-{name}\]'"):
        gateway(GatewaySettings(name))


@pytest.mark.parametrize("name", ["http", "aliyun", "tencent"])
def test_a_gateway_says_which_settings_it_lacks(name: str) -> None:
    with pytest.raises(ValueError, match="JIGAI_SMS_"):
        gateway(GatewaySettings(name))
