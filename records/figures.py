"""Figures 项目统计数据: what lists and statistics count of a project, one narrow row each.

A project is told in a form, a certificate, a progress and a clock; counting a million of them needs columns. This
module alone writes the rows: whatever is flushed of a project, its certificate or its progress is written here in the
same transaction, so no writer can forget it. How a document stands (`DocumentStatus`) is a column of its own already.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ForeignKey, Index, String, event, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base, UtcDateTime
from records.calendar import Calendar
from records.certificates import Certificate
from records.clocks import clock_of, read
from records.formats import parse_amount
from records.progress import Progress
from records.projects import Project, at, region_of
from records.regions import city_code

YUAN = 10_000
"""元 in a 万元: an amount has four decimals at most, so it is a whole number of 元."""

MONEY = ("total", "own_funds", "domestic_loan", "stock_bond", "other_funds")
"""What is added up of a project's money: the investment, and where it comes from (资金来源)."""


class ProjectFigures(Base):
    """A project that was submitted, in figures. Amounts are whole 元.

    What has to do with a certificate is None before there is one; what has to do with a clock, of one that the old
    system issued. `month` is that of the issue, as 202111; `division` the first two digits of the class.
    """

    __tablename__ = "project_figures"
    __table_args__ = (
        Index("ix_project_figures_submitted", "submitted_at", "document_id"),
        Index("ix_project_figures_agency", "agency_id", "submitted_at", "document_id"),
        Index("ix_project_figures_parties", "agency_id", "enterprise_id"),
        Index("ix_project_figures_issued", "issue_date"),
        Index("ix_project_figures_agency_issued", "agency_id", "issue_date"),
    )
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(String(16), index=True)
    agency_id: Mapped[str | None] = mapped_column(String(16))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime, doc="of the latest submission")
    region: Mapped[str] = mapped_column(String(6), doc="where it is built, GB/T 2260; empty: nobody can tell")
    city: Mapped[str] = mapped_column(String(6))
    division: Mapped[str] = mapped_column(String(2))
    class_code: Mapped[str] = mapped_column(String(4))
    total: Mapped[int] = mapped_column(BigInteger)
    own_funds: Mapped[int] = mapped_column(BigInteger)
    domestic_loan: Mapped[int] = mapped_column(BigInteger)
    stock_bond: Mapped[int] = mapped_column(BigInteger)
    other_funds: Mapped[int] = mapped_column(BigInteger)
    jobs_construction: Mapped[int]
    jobs_operation: Mapped[int]
    returned: Mapped[int] = mapped_column(default=0, doc="how often it was sent back to be corrected")
    issue_date: Mapped[date | None]
    month: Mapped[int | None]
    certificate_status: Mapped[str | None] = mapped_column(String(16))
    invalid_reason: Mapped[str | None] = mapped_column(String(32))
    limit_days: Mapped[int | None] = mapped_column(doc="working days that the authority had in the round of the issue")
    days_taken: Mapped[int | None] = mapped_column(doc="working days that it took of them")
    started_on: Mapped[date | None]
    completed_on: Mapped[date | None]


_T = TypeVar("_T", bound=Base)

_OF_PROJECT = ("form", "agency_id", "submission")
_OF_CERTIFICATE = ("status", "invalid_reason", "issue_date")
_OF_PROGRESS = ("start_date", "completion_date")


def yuan(amount: Any) -> int:
    """An amount in 万元, as forms write it, in whole 元; nothing where it is no amount."""
    parsed = parse_amount(amount)
    return int(parsed * YUAN) if parsed is not None else 0


def ten_thousands(amount: int) -> Decimal:
    """元 as 万元."""
    return Decimal(amount) / YUAN


def count_return(session: Session, document_id: str) -> None:
    """A document was sent back: told by whoever writes its status, which is a statement and no flush."""
    session.execute(
        update(ProjectFigures)
        .where(ProjectFigures.document_id == document_id)
        .values(returned=ProjectFigures.returned + 1)
        .execution_options(synchronize_session=False)
    )


@event.listens_for(Session, "after_flush")
def _keep(session: Session, _flush: Any) -> None:
    """Write what was flushed. In this order: a certificate's figures stand in its project's row."""
    flushed = [*session.new, *session.dirty]
    for project in _told(flushed, Project, _OF_PROJECT):
        if project.submission and project.submitted_at:
            _put(session, project)
    for certificate in _told(flushed, Certificate, _OF_CERTIFICATE):
        _set(session, certificate.project_id, _of_certificate(session, certificate))
    for progress in _told(flushed, Progress, _OF_PROGRESS):
        filing_id = select(Certificate.project_id).where(Certificate.number == progress.certificate_number)
        told = {"started_on": progress.start_date, "completed_on": progress.completion_date}
        _set(session, filing_id.scalar_subquery(), told)


def _told(flushed: Iterable[object], kind: type[_T], columns: tuple[str, ...]) -> list[_T]:
    """What of a kind was new or changed in some columns."""
    rows = [row for row in flushed if isinstance(row, kind)]
    return [row for row in rows if any(inspect(row).attrs[name].history.has_changes() for name in columns)]


def _put(session: Session, project: Project) -> None:
    table = ProjectFigures.__table__
    values = {"document_id": project.id, "returned": 0, **_of_project(project)}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(values)  # type: ignore[arg-type]  # a mapped class's table is a Table
    session.execute(
        statement.on_conflict_do_update(index_elements=["document_id"], set_=_of_project(project)),
        execution_options={"synchronize_session": False},
    )


def _set(session: Session, document_id: Any, values: dict[str, Any]) -> None:
    session.execute(
        update(ProjectFigures)
        .where(ProjectFigures.document_id == document_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _of_project(project: Project) -> dict[str, Any]:
    form = project.form
    region, class_code = (region_of(form) or "")[:6], str(form.get("class_code") or "")[:4]
    return {
        "enterprise_id": project.enterprise_id,
        "agency_id": project.agency_id,
        "submitted_at": project.submitted_at,
        "region": region,
        "city": city_code(region) if region else "",
        "division": class_code[:2],
        "class_code": class_code,
        **{name: yuan(at(form, f"money.{name}")) for name in MONEY},
        **{name: _count(form.get(name)) for name in ("jobs_construction", "jobs_operation")},
    }


def _of_certificate(session: Session, certificate: Certificate) -> dict[str, Any]:
    values: dict[str, Any] = {
        "certificate_status": certificate.status,
        "invalid_reason": certificate.invalid_reason,
        "issue_date": certificate.issue_date,
        "month": certificate.issue_date.year * 100 + certificate.issue_date.month,
    }
    if certificate in session.new:
        clock = clock_of(session, certificate.project_id)
        if clock is not None:
            reading = read(Calendar(session), clock, certificate.issue_date)
            values |= {"limit_days": reading.limit, "days_taken": reading.used}
    return values


def _count(number: Any) -> int:
    return number if isinstance(number, int) and not isinstance(number, bool) else 0
