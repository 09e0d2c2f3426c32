"""The outside as this installation has it: handed over once, by whoever composes the application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.enterprises import Enterprise
from records.simulation import SimulatedOutage, SimulatedProject
from tasks.keyring import Keyring, MadeOnDemand, OutOfReach
from tasks.licences.system import LicenceSystem, SimulatedLicences
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


def simulated_licences(session: Session) -> LicenceSystem:
    """The simulated 电子证照系统, which fails while the records say so."""
    return SimulatedLicences(_outage(session, "licences"))


def simulated_keys(session: Session) -> Keyring:
    """A key for every agency that asks, unless the records say that there is none (`none`), or no way to it."""
    outage = _outage(session, "keys")
    return _keys if outage is None else OutOfReach(no_key=outage == "none")


def _outage(session: Session, system: str) -> str | None:
    found = session.get(SimulatedOutage, system)
    return found.kind if found is not None else None


_keys = MadeOnDemand()


@dataclass(frozen=True)
class Adapters:
    """`site_url` is where QR codes lead, without a slash at its end; `specimen` marks papers 样张 (demo).
    `sms_daily_limit` is how many messages of a template a number gets in a day (domain §7)."""

    platform: Callable[[Session], InvestmentPlatform] = field(default_factory=simulated)
    licences: Callable[[Session], LicenceSystem] = simulated_licences
    keys: Callable[[Session], Keyring] = simulated_keys
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
