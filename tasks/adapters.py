"""The outside as this installation has it: handed over once, by whoever composes the application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.enterprises import Enterprise
from records.simulation import SimulatedProject
from tasks.platform import Amendment, Applicant, InvestmentPlatform, PlatformAnswer, SimulatedPlatform
from tasks.sms.gateway import OutboxGateway, SmsGateway


def simulated(
    projects: Mapping[str, PlatformAnswer] = MappingProxyType({}),
) -> Callable[[Session], InvestmentPlatform]:
    """The simulated platform, which finds the asking enterprise, and what was changed of a project, in the records."""

    def connect(session: Session) -> InvestmentPlatform:
        def applicant(uscc: str) -> Applicant | None:
            enterprise = session.scalar(select(Enterprise).where(Enterprise.uscc == uscc))
            if enterprise is None:
                return None
            return Applicant(enterprise.name, enterprise.uscc, enterprise.address)

        def changed(code: str) -> Amendment | None:
            project = session.get(SimulatedProject, code)
            return Amendment(project.name, project.place) if project is not None else None

        return SimulatedPlatform(projects, applicant, changed)

    return connect


@dataclass(frozen=True)
class Adapters:
    """`site_url` is where QR codes lead, without a slash at its end; `specimen` marks papers 样张 (demo).
    `sms_daily_limit` is how many messages of a template a number gets in a day (domain §7)."""

    platform: Callable[[Session], InvestmentPlatform] = field(default_factory=simulated)
    sms: SmsGateway = field(default_factory=OutboxGateway)
    sms_daily_limit: int = 50
    site_url: str = "http://127.0.0.1:8000"
    specimen: bool = False


_adapters = Adapters()


def configure(adapters: Adapters) -> None:
    """Use these from now on."""
    global _adapters
    _adapters = adapters


def adapters() -> Adapters:
    """The ones in use."""
    return _adapters
