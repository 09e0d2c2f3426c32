"""Gateways that carry short messages, behind one interface; the setting `JIGAI_SMS_GATEWAY` names one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

_LONGEST_NOTE = 200


class GatewayFailed(Exception):
    """The gateway did not take the message. The job that sent it tries again with the same key."""


class MessageRefused(Exception):
    """The gateway will not take the message, however often it is asked. Says why, in the gateway's words."""


class ReportUnreadable(Exception):
    """What came is not what the gateway says of deliveries."""


@dataclass(frozen=True)
class Message:
    """What is sent. `text` is the whole of it, signature included; gateways that know templates take `template` and
    `places` instead. The same `key` is the same message."""

    mobile: str
    text: str
    template: str
    places: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Receipt:
    """A gateway's word that it has the message; `reference` is its own name for it."""

    reference: str


@dataclass(frozen=True)
class Delivery:
    """How a message ended, as a gateway tells later: whether the telephone has it, else why not."""

    reference: str
    delivered: bool
    note: str = ""


@dataclass(frozen=True)
class GatewaySettings:
    """What an installation is told of its gateway. `templates` are the gateway's names of ours, by ours; `timeout` is
    in seconds. What a gateway does not need stays empty."""

    name: str = "outbox"
    url: str = ""
    key_id: str = ""
    secret: str = ""
    app_id: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0


class SmsGateway(Protocol):
    """Takes messages for delivery, and understands what comes back about them."""

    @property
    def name(self) -> str:
        """What the setting calls it."""

    @property
    def received(self) -> Mapping[str, Any]:
        """What it wants to hear when its word about deliveries has come."""

    def send(self, message: Message) -> Receipt:
        """Hand over a message. Raises GatewayFailed, MessageRefused."""
        ...

    def deliveries(self, told: Any) -> list[Delivery]:
        """What it says, as JSON, about messages that it took. Raises ReportUnreadable."""
        ...


class OutboxGateway:
    """Sends nothing: the row in `outgoing_sms`, which demo users can read, is the message."""

    name = "outbox"
    received: Mapping[str, Any] = MappingProxyType({})

    def send(self, message: Message) -> Receipt:
        return Receipt(reference=f"outbox:{message.key}")

    def deliveries(self, told: Any) -> list[Delivery]:
        raise ReportUnreadable("the outbox hears nothing of telephones")


def text(report: Any, name: str) -> str:
    """A text of a gateway's report. Raises ReportUnreadable where there is none."""
    value = report.get(name) if isinstance(report, dict) else None
    if not isinstance(value, str) or not value:
        raise ReportUnreadable(f"{name}: a text is missing")
    return value


def noted(words: Any) -> str:
    """What a gateway says of a message, as it is kept."""
    return str(words or "").strip()[:_LONGEST_NOTE]


def failure(code: str, said: object, of_the_message: tuple[str, ...]) -> MessageRefused | GatewayFailed:
    """What a cloud's error means: whether its code begins as those do that speak of the message, or of what was agreed
    about it; others may be mended by time."""
    note = noted(f"{code} {said or ''}")
    return MessageRefused(note) if code.startswith(of_the_message) else GatewayFailed(note)


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """What is imported within comes with an extra of ours. Raises ValueError saying how to install it."""
    try:
        yield
    except ImportError as error:
        raise ValueError(f"this gateway needs the extra {name}: pip install 'jigai[{name}]' ({error})") from error


def _http(settings: GatewaySettings) -> SmsGateway:
    from tasks.sms.http_gateway import HttpGateway

    return HttpGateway(settings)


def _aliyun(settings: GatewaySettings) -> SmsGateway:
    with _extra("sms-aliyun"):
        from tasks.sms.aliyun import AliyunGateway

    return AliyunGateway(settings)


def _tencent(settings: GatewaySettings) -> SmsGateway:
    with _extra("sms-tencent"):
        from tasks.sms.tencent import TencentGateway

    return TencentGateway(settings)


GATEWAYS: Mapping[str, Callable[[GatewaySettings], SmsGateway]] = MappingProxyType(
    {"outbox": lambda settings: OutboxGateway(), "http": _http, "aliyun": _aliyun, "tencent": _tencent}
)


def gateway(settings: GatewaySettings) -> SmsGateway:
    """The gateway that the settings name. Raises ValueError naming those there are, or what the settings lack."""
    if settings.name not in GATEWAYS:
        known = ", ".join(GATEWAYS)
        raise ValueError(f"JIGAI_SMS_GATEWAY: unknown gateway {settings.name!r}; there are {known}")
    return GATEWAYS[settings.name](settings)
