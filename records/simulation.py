"""What somebody told the simulated outside: what the platform is to answer of a project, and which system is down."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base


class SimulatedProject(Base):
    """A project's name and place as the simulated platform answers since they were changed there."""

    __tablename__ = "simulated_project"
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(200))


OUTAGES: Mapping[str, tuple[str, ...]] = MappingProxyType({"licences": ("down", "refusing"), "keys": ("down", "none")})
"""How simulated systems can fail: 电子证照系统, and the keys of the agencies' seals."""


class SimulatedOutage(Base):
    """A simulated system that does not do what it is asked; `kind` is one of its `OUTAGES`."""

    __tablename__ = "simulated_outage"
    system: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
