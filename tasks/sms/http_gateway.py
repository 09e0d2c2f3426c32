"""A gateway of one's own that speaks HTTP, such as a province's message platform behind a small bridge.

What it must answer stands in docs/how-to/connect-an-sms-gateway.md.
"""

from collections.abc import Mapping
from typing import Any

import requests

from tasks.sms.gateway import (
    Delivery,
    GatewayFailed,
    GatewaySettings,
    Message,
    MessageRefused,
    Receipt,
    ReportUnreadable,
    noted,
    text,
)

_TAKEN, _TAKEN_BEFORE = frozenset((200, 201, 202)), 409
_LATER = frozenset((401, 403, 407, 408, 425, 429))
"""Nothing is wrong with the message: who asks, or how often, is."""


class HttpGateway:
    """Posts a message as JSON; the header `Idempotency-Key` makes it one however often it is posted."""

    name = "http"
    received: Mapping[str, Any] = {"received": True}

    def __init__(self, settings: GatewaySettings) -> None:
        if not settings.url:
            raise ValueError("JIGAI_SMS_URL: the gateway http needs the address that messages are posted to")
        self._settings = settings

    def send(self, message: Message) -> Receipt:
        headers = {"Idempotency-Key": message.key}
        if self._settings.secret:
            headers["Authorization"] = f"Bearer {self._settings.secret}"
        body = {"mobile": message.mobile, "text": message.text, "template": message.template, "key": message.key}
        status, answer = _ask(self._settings.url, headers=headers, body=body, timeout=self._settings.timeout)
        if status in _TAKEN or status == _TAKEN_BEFORE:
            return Receipt(_taken(answer, "id"))
        if status in _LATER:
            raise GatewayFailed(f"the gateway answered {status}: {noted(answer.get('message'))}")
        raise MessageRefused(noted(answer.get("message")) or f"HTTP {status}")

    def deliveries(self, told: Any) -> list[Delivery]:
        reports = told.get("receipts") if isinstance(told, dict) else None
        if not isinstance(reports, list):
            raise ReportUnreadable("receipts: a list is missing")
        return [Delivery(text(one, "id"), one.get("delivered") is True, noted(one.get("note"))) for one in reports]


def _ask(url: str, *, headers: Mapping[str, str], timeout: float, body: Any) -> tuple[int, dict[str, Any]]:
    """Post JSON, and read a JSON object: the status and the answer. Raises GatewayFailed for what another try may mend:
    no connection, no answer within `timeout` seconds, a failure of the other side, an answer that is no JSON."""
    try:
        response = requests.post(url, headers=dict(headers), json=body, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        raise GatewayFailed(f"the gateway cannot be reached: {type(error).__name__}") from error
    if response.status_code >= 500:
        raise GatewayFailed(f"the gateway answered {response.status_code}")
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise GatewayFailed(f"the gateway's answer {response.status_code} is no JSON object")
    return response.status_code, answer


def _taken(answer: Mapping[str, Any], name: str) -> str:
    """The gateway's own name of a message that it took. Raises GatewayFailed where it does not say."""
    reference = answer.get(name)
    if not isinstance(reference, str) or not reference:
        raise GatewayFailed(f"the gateway's answer lacks {name}")
    return reference
