"""Access records 登录与访问记录: who came in and from where, who could not, who was turned away. Append-only."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engine.append_only import keep
from engine.tables import Base, UtcDateTime


class Access(StrEnum):
    """What happened."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    NOT_LET_IN = "not_let_in"
    """Somebody tried to log in and could not."""
    TURNED_AWAY = "turned_away"
    """Somebody logged in asked for what they have no right to."""


class AccessRecord(Base):
    """One such event. `username` is as it was typed where nobody came in; `place` is what was asked for."""

    __tablename__ = "access_record"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    access: Mapped[str] = mapped_column(String(16))
    username: Mapped[str] = mapped_column(String(64), index=True)
    address: Mapped[str] = mapped_column(String(45), doc="IP")
    agent: Mapped[str] = mapped_column(String(200), doc="User-Agent")
    place: Mapped[str] = mapped_column(String(200))


keep(AccessRecord.__table__)  # type: ignore[arg-type]  # a mapped class's table is one
