"""腾讯云短信 (sms 2021-01-11, SendSms), over HTTPS with its signature TC3-HMAC-SHA256: no SDK is needed."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from tasks.sms.gateway import (
    Delivery,
    GatewayFailed,
    GatewaySettings,
    Message,
    MessageRefused,
    Receipt,
    ReportUnreadable,
)
from tasks.sms.http_gateway import ask, noted, taken, text
from tasks.sms.texts import SIGNATURE, TEMPLATES

ENDPOINT = "https://sms.tencentcloudapi.com/"
_ALGORITHM, _SERVICE, _TYPE = "TC3-HMAC-SHA256", "sms", "application/json; charset=utf-8"
_REGION = "ap-guangzhou"
_LATER = ("InternalError", "RequestLimitExceeded", "AuthFailure", "ResourceUnavailable")
"""How the codes begin that say nothing of the message."""


class TencentGateway:
    """Sends by the template's id and the values of its places, in the order of our text. The service knows no key that
    would make a message one: if its answer is lost, the message may be sent twice."""

    name = "tencent"
    received: Mapping[str, Any] = {"result": 0, "errmsg": "OK"}

    def __init__(self, settings: GatewaySettings) -> None:
        if not (settings.key_id and settings.secret and settings.app_id and settings.templates):
            needed = "JIGAI_SMS_KEY_ID, JIGAI_SMS_SECRET, JIGAI_SMS_APP_ID and JIGAI_SMS_TEMPLATES"
            raise ValueError(f"the gateway tencent needs {needed}")
        self._settings = settings

    def send(self, message: Message) -> Receipt:
        if message.template not in self._settings.templates:
            raise MessageRefused(f"JIGAI_SMS_TEMPLATES 没有模板 {message.template}")
        order = [place for _, place, _, _ in Formatter().parse(TEMPLATES[message.template]) if place]
        body = json.dumps(
            {
                "PhoneNumberSet": [f"+86{message.mobile}"],
                "SmsSdkAppId": self._settings.app_id,
                "SignName": SIGNATURE.strip("【】"),
                "TemplateId": self._settings.templates[message.template],
                "TemplateParamSet": [message.places[place] for place in order],
                "SessionContext": message.key,
            }
        ).encode()
        url, now = self._settings.url or ENDPOINT, datetime.now(UTC)
        signed = authorization(self._settings.key_id, self._settings.secret, _SERVICE, urlsplit(url).netloc, body, now)
        headers = {
            "Content-Type": _TYPE,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Region": _REGION,
            "X-TC-Timestamp": str(int(now.timestamp())),
            "Authorization": signed,
        }
        _status, answer = ask(url, headers=headers, data=body, timeout=self._settings.timeout)
        said = answer.get("Response")
        response = said if isinstance(said, dict) else {}
        statuses = response.get("SendStatusSet") or [response.get("Error") or {}]
        code = str(statuses[0].get("Code") or "")
        if code == "Ok":
            return Receipt(taken(statuses[0], "SerialNo"))
        note = noted(f"{code} {statuses[0].get('Message') or ''}")
        raise GatewayFailed(note) if not code or code.startswith(_LATER) else MessageRefused(note)

    def deliveries(self, told: Any) -> list[Delivery]:
        if not isinstance(told, list):
            raise ReportUnreadable("a list of reports is missing")
        return [
            Delivery(text(one, "sid"), one.get("report_status") == "SUCCESS", noted(one.get("errmsg"))) for one in told
        ]


def authorization(key_id: str, secret: str, service: str, host: str, body: bytes, now: datetime) -> str:
    """The header that signs a JSON `body` posted to a service's host."""
    names = "content-type;host"
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(("POST", "/", "", f"content-type:{_TYPE}\nhost:{host}\n", names, digest))
    day = f"{now:%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    request = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    to_sign = f"{_ALGORITHM}\n{int(now.timestamp())}\n{scope}\n{request}"
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    return f"{_ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
