"""A gateway for short messages that can be held to account: a file says what it was handed, one key a line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tasks.sms.gateway import Delivery, Message, Receipt


@dataclass(frozen=True)
class AccountableGateway:
    """`passing` is told before and after a message is taken. A line is written whole or not at all, and outlives
    whoever wrote it."""

    file: Path
    passing: Callable[[str], None] = lambda name: None

    name = "accountable"
    received: ClassVar[Mapping[str, Any]] = {}

    def deliveries(self, told: Any) -> list[Delivery]:
        return []

    def send(self, message: Message) -> Receipt:
        self.passing("before the gateway takes the message")
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, f"{message.key}\n".encode())
        finally:
            os.close(descriptor)
        self.passing("after the gateway took the message")
        return Receipt(reference=message.key)


def taken(file: Path) -> list[str]:
    """The keys that a gateway was handed, in order, repetitions included."""
    return file.read_text().splitlines() if file.exists() else []
