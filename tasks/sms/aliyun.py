"""阿里云短信服务 (Dysmsapi 2017-05-25, SendSms), over HTTPS with its signature ACS3-HMAC-SHA256: no SDK is needed."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

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
from tasks.sms.texts import SIGNATURE

ENDPOINT = "https://dysmsapi.aliyuncs.com/"
_ALGORITHM = "ACS3-HMAC-SHA256"
_OF_THE_MESSAGE = "isv."
"""How the codes begin that speak of the message or of what was agreed about it; others may be mended by time."""


class AliyunGateway:
    """Sends by the template's code and the values of its places. The service knows no key that would make a message
    one: if its answer is lost, the message may be sent twice."""

    name = "aliyun"
    received: Mapping[str, Any] = {"code": 0, "msg": "接收成功"}

    def __init__(self, settings: GatewaySettings) -> None:
        if not (settings.key_id and settings.secret and settings.templates):
            raise ValueError("the gateway aliyun needs JIGAI_SMS_KEY_ID, JIGAI_SMS_SECRET and JIGAI_SMS_TEMPLATES")
        self._settings = settings

    def send(self, message: Message) -> Receipt:
        if message.template not in self._settings.templates:
            raise MessageRefused(f"JIGAI_SMS_TEMPLATES 没有模板 {message.template}")
        query = encoded(
            {
                "PhoneNumbers": message.mobile,
                "SignName": SIGNATURE.strip("【】"),
                "TemplateCode": self._settings.templates[message.template],
                "TemplateParam": json.dumps(dict(message.places), ensure_ascii=False),
                "OutId": message.key,
            }
        )
        url = self._settings.url or ENDPOINT
        headers = {
            "host": urlsplit(url).netloc,
            "x-acs-action": "SendSms",
            "x-acs-version": "2017-05-25",
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
        }
        signed = headers | authorization(self._settings.key_id, self._settings.secret, query, headers)
        _status, answer = ask(f"{url}?{query}", headers=signed, timeout=self._settings.timeout)
        code = str(answer.get("Code") or "")
        if code == "OK":
            return Receipt(taken(answer, "BizId"))
        said = noted(f"{code} {answer.get('Message') or ''}")
        raise MessageRefused(said) if code.startswith(_OF_THE_MESSAGE) else GatewayFailed(said)

    def deliveries(self, told: Any) -> list[Delivery]:
        if not isinstance(told, list):
            raise ReportUnreadable("a list of reports is missing")
        return [Delivery(text(one, "biz_id"), one.get("success") is True, noted(one.get("err_code"))) for one in told]


def encoded(parameters: Mapping[str, str]) -> str:
    """A canonical query: sorted, and everything escaped but letters, digits and -_.~"""
    return "&".join(f"{quote(name, safe='')}={quote(parameters[name], safe='')}" for name in sorted(parameters))


def authorization(key_id: str, secret: str, query: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that sign a POST of `query` without a body, whose other headers are `headers`."""
    digest = hashlib.sha256(b"").hexdigest()
    signed = {**headers, "x-acs-content-sha256": digest}
    names = sorted(signed)
    lines = "".join(f"{name}:{signed[name]}\n" for name in names)
    canonical = "\n".join(("POST", "/", query, lines, ";".join(names), digest))
    request = hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(secret.encode(), f"{_ALGORITHM}\n{request}".encode(), "sha256").hexdigest()
    said = f"{_ALGORITHM} Credential={key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    return {"x-acs-content-sha256": digest, "Authorization": said}
