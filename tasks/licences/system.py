"""What is asked of 电子证照系统, by whatever stands behind it: a simulator, or the system itself over HTTP."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from engine.errors import EngineError


@dataclass(frozen=True, kw_only=True)
class Licence:
    """A paper as it is registered. `pdf` is the sealed file, `sha256` its fingerprint."""

    number: str
    title: str
    holder: str
    holder_uscc: str
    project_name: str
    project_code: str
    issuer: str
    issue_date: date
    sha256: str
    pdf: bytes = field(repr=False)


class LicencesUnavailable(EngineError):
    """The system did not answer, or not in a way that says what became of it: the job tries again with its key."""

    code = "licences_unavailable"

    def __init__(self, why: str) -> None:
        super().__init__(f"电子证照系统暂时无法登记：{why}。")


class LicenceRefused(Exception):
    """The system does not register this paper, and will not when it is asked again. The message is what it says."""


class LicenceSystem(Protocol):
    """Registers papers. The same `key` is the same paper: sent again, it is registered once."""

    def register(self, licence: Licence, key: str) -> str:
        """What the system calls the licence. Raises LicencesUnavailable, LicenceRefused."""
        ...


@dataclass(frozen=True)
class SimulatedLicences:
    """A system in this process, which calls a paper by its number, unless its `outage` is `down` or `refusing`."""

    outage: str | None = None

    def register(self, licence: Licence, key: str) -> str:
        if self.outage == "down":
            raise LicencesUnavailable("没有应答（模拟故障）")
        if self.outage == "refusing":
            raise LicenceRefused("证照目录中没有该证照类型（模拟退件）")
        return f"SIM-{hashlib.sha256(licence.number.encode()).hexdigest()[:20].upper()}"
