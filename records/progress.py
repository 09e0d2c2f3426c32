"""Progress 项目进展: what an enterprise tells of a certified project; nobody has to approve it (R146 to R153)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Numeric, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, UtcDateTime
from records.formats import amount_text

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

    @property
    def content(self) -> dict[str, Any]:
        """What is told, as JSON."""
        return {
            "start_date": _iso(self.start_date),
            "completion_date": _iso(self.completion_date),
            "completion_note": self.completion_note,
            "annual_reports": [
                {"year": report.year, "invested": amount_text(report.invested), "stage": report.stage}
                for report in self.reports
            ],
        }


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


def save(
    session: Session,
    certificate_number: str,
    *,
    start_date: date | None,
    completion_date: date | None,
    completion_note: str,
    reports: Mapping[int, tuple[Decimal, str]],
    actor: str,
    now: datetime,
) -> Progress:
    """Put everything told of a project in the place of what was told before, and keep the version.

    `reports`: what was invested and the stage, by year. The caller holds the certificate's lock.
    """
    progress = session.get(Progress, certificate_number)
    if progress is None:
        progress = Progress(certificate_number=certificate_number, revision=0, reports=[])
        session.add(progress)
    progress.start_date, progress.completion_date = start_date, completion_date
    progress.completion_note = completion_note
    kept = {report.year: report for report in progress.reports if report.year in reports}
    for year, (invested, stage) in reports.items():
        report = kept.setdefault(year, AnnualReport(year=year))
        report.invested, report.stage = invested, stage
    progress.reports = [kept[year] for year in sorted(kept)]
    progress.revision += 1
    progress.updated_at, progress.updated_by = now, actor
    session.add(
        ProgressVersion(
            certificate_number=certificate_number,
            revision=progress.revision,
            content=progress.content,
            saved_at=now,
            saved_by=actor,
        )
    )
    session.flush()
    return progress


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
