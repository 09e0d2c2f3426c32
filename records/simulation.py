"""What somebody told the simulated platform to change of a project; a real platform keeps this itself."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base


class SimulatedProject(Base):
    """A project's name and place as the simulated platform answers since they were changed there."""

    __tablename__ = "simulated_project"
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(200))
