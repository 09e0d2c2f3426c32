"""Progress 项目进展: what an enterprise tells of a certified project; nobody has to approve it (R146 to R153)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, UtcDateTime

LONGEST_NOTE = 200
LONGEST_STAGE = 200


class Progress(Base):
    """When construction of a certificate's project began and ended. There is no row before the first report."""

    __tablename__ = "progress"
    certificate_number: Mapped[str] = mapped_column(ForeignKey("certificate.number"), primary_key=True)
    start_date: Mapped[date | None]
    completion_date: Mapped[date | None]
    completion_note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    revision: Mapped[int] = mapped_column(default=1, doc="counts the saves; a save names the one it saw")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str] = mapped_column(String(64))

    reports: Mapped[list["AnnualReport"]] = relationship(cascade="all, delete-orphan", order_by="AnnualReport.year")


class AnnualReport(Base):
    """年度进度报告: one line a year."""

    __tablename__ = "annual_report"
    certificate_number: Mapped[str] = mapped_column(ForeignKey("progress.certificate_number"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    invested: Mapped[Decimal] = mapped_column(Numeric(14, 4), doc="完成投资额, 万元, of that year")
    stage: Mapped[str] = mapped_column(String(LONGEST_STAGE), doc="建设进程")


class ProgressVersion(Base):
    """What was saved, each time it was: corrections are versioned (domain §2.7)."""

    __tablename__ = "progress_version"
    certificate_number: Mapped[str] = mapped_column(ForeignKey("certificate.number"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_by: Mapped[str] = mapped_column(String(64))
