"""`python -m tests.chaos.served FOLDER up --port 8123`: `jigai` as always, on a clock that tests move while it runs and
on a gateway that can be held to account.

The clock is the machine's plus the seconds that FOLDER/ahead says, the same for every process that is given the folder.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

import tasks.sms.gateway
import web.cli
from engine.clock import Clock
from tests.chaos.gateway import AccountableGateway


class SharedClock(Clock):
    """Runs with the machine's, ahead of it by what a file says."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ahead"

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=float(self._file.read_text()))


def move(folder: Path, ahead: timedelta) -> None:
    """Set how far ahead of the machine's clock everybody's is; at once, for no reader sees half a file."""
    new = folder / "ahead.new"
    new.write_text(str(ahead.total_seconds()))
    new.replace(folder / "ahead")


if __name__ == "__main__":
    shared = Path(sys.argv.pop(1))
    gateways = {"outbox": lambda settings: AccountableGateway(shared / "sms.log")}
    tasks.sms.gateway.GATEWAYS = MappingProxyType(gateways)
    web.cli.create_app = partial(web.cli.create_app, clock=SharedClock(shared))
    web.cli.main()
