"""Gateways that carry short messages, behind one interface; the setting `JIGAI_SMS_GATEWAY` names one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol


class GatewayFailed(Exception):
    """The gateway did not take the message. The job that sent it tries again with the same key."""


@dataclass(frozen=True)
class Receipt:
    """A gateway's word that it has the message; `reference` is its own name for it."""

    reference: str


class SmsGateway(Protocol):
    """Takes a message for delivery. The same `key` is the same message: sent again, it is delivered once."""

    def send(self, mobile: str, text: str, key: str) -> Receipt:
        """Hand over a text, signature included. Raises GatewayFailed."""
        ...


class OutboxGateway:
    """Sends nothing: the row in `outgoing_sms`, which demo users can read, is the message."""

    def send(self, mobile: str, text: str, key: str) -> Receipt:
        return Receipt(reference=f"outbox:{key}")


GATEWAYS: Mapping[str, Callable[[], SmsGateway]] = MappingProxyType({"outbox": OutboxGateway})


def gateway(name: str) -> SmsGateway:
    """The gateway of a name. Raises ValueError naming those there are."""
    try:
        return GATEWAYS[name]()
    except KeyError:
        known = ", ".join(GATEWAYS)
        raise ValueError(f"JIGAI_SMS_GATEWAY: unknown gateway {name!r}; there are {known}") from None
