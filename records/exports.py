"""Exports 导出: long lists that are written by a job, and how far it has come."""

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, UtcDateTime, new_id


class Export(Base):
    """A file that somebody asked for. `asked` is the selection as an address has it; `written` rows of `total` are
    done. The file has the export's id as its name; `finished_at` says that it is whole."""

    __tablename__ = "export"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    listing: Mapped[str] = mapped_column(String(16))
    form: Mapped[str] = mapped_column(String(4), doc="csv or xlsx")
    language: Mapped[str] = mapped_column(String(8))
    asked: Mapped[dict[str, str]] = mapped_column(JSON)
    asked_by: Mapped[str] = mapped_column(String(64), index=True, doc="username")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    total: Mapped[int]
    written: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
