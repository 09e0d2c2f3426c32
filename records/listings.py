"""Listings 清单: projects, certificates and enterprises as officials look them up, whole or narrowed (R183 to R185).

A query names columns and no entities: what is exported may be a million rows. Orders are total, so that pages neither
repeat nor leave out. What only gives names is joined from outside, so that a count does without it.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from records import search
from records.agencies import Agency
from records.certificates import Certificate
from records.documents import Document
from records.enterprises import Enterprise
from records.figures import ProjectFigures
from records.filings import Filing
from records.jurisdiction import sight
from records.progress import AnnualReport
from records.projects import Project
from records.regions import Region
from records.selection import Selection, conditions, document_conditions, is_city
from records.users import User

Rows = Select[*tuple[Any, ...]]
Query = Callable[[Session, User, Selection], Rows]
After = Callable[[Session, str], ColumnElement[bool] | None]
"""What comes after the row with an id, in a list's order; None where there is no such row."""

_City = aliased(Region)


def projects(session: Session, user: User, chosen: Selection) -> Rows:
    """Every project that was submitted, what was submitted last first."""
    figures = ProjectFigures
    query = _with_places(
        select(
            Project.id,
            Project.kind,
            Project.project_name,
            Project.project_code,
            Project.status,
            Project.submission,
            Project.certificate_number,
            Project.due_on,
            Enterprise.name.label("enterprise"),
            Enterprise.id.label("enterprise_id"),
            Agency.name.label("agency"),
            *_COUNTED,
        )
        .select_from(figures)
        .outerjoin(Project, Project.id == figures.document_id)
        .outerjoin(Enterprise, Enterprise.id == figures.enterprise_id)
        .outerjoin(Agency, Agency.id == figures.agency_id)
    ).where(sight(session, user, enterprise=figures.enterprise_id, agency=figures.agency_id))
    query = query.where(*conditions(chosen), *document_conditions(chosen))
    if chosen.q:
        query = query.where(search.is_project(session, chosen.q))
    return query.order_by(figures.submitted_at.desc(), figures.document_id.desc())


def projects_after(session: Session, document_id: str) -> ColumnElement[bool] | None:
    figures, last = ProjectFigures, session.get(ProjectFigures, document_id)
    if last is None:
        return None
    return tuple_(figures.submitted_at, figures.document_id) < (last.submitted_at, last.document_id)


def certificates(session: Session, user: User, chosen: Selection) -> Rows:
    """Every certificate, the latest first."""
    query = _with_places(
        select(
            Certificate.number,
            Certificate.status,
            Certificate.valid_until,
            Certificate.seal,
            Certificate.changes,
            Certificate.extended,
            Filing.project_name,
            Filing.project_code,
            Enterprise.name.label("enterprise"),
            Agency.name.label("agency"),
            *_COUNTED,
        )
        .select_from(Certificate)
        .outerjoin(Filing, Filing.id == Certificate.project_id)
        .outerjoin(ProjectFigures, ProjectFigures.document_id == Certificate.project_id)
        .outerjoin(Enterprise, Enterprise.id == Certificate.enterprise_id)
        .outerjoin(Agency, Agency.id == Certificate.agency_id)
    ).where(sight(session, user, enterprise=Certificate.enterprise_id, agency=Certificate.agency_id))
    query = query.where(*conditions(chosen), *_tagged(chosen.tag))
    if chosen.q:
        query = query.where(Certificate.project_id.in_(select(Project.id).where(search.is_project(session, chosen.q))))
    return query.order_by(Certificate.issue_date.desc(), Certificate.number.desc())


def enterprises(session: Session, user: User, chosen: Selection) -> Rows:
    """Every enterprise that has filed with somebody in sight, by name; the people in it are encrypted."""
    query = (
        select(
            Enterprise.id,
            Enterprise.name,
            Enterprise.uscc,
            Enterprise.economic_type,
            Enterprise.legal_rep,
            Enterprise.contact,
            Region.name.label("region_name"),
            _City.name.label("city_name"),
        )
        .outerjoin(Region, Region.code == Enterprise.region)
        .outerjoin(_City, (_City.code == Region.parent) & (_City.level == 2))
        .where(search.has_filed(session, user))
    )
    if chosen.region and not chosen.region.endswith("0000"):
        within = chosen.region[:4] if is_city(chosen.region) else chosen.region
        query = query.where(Enterprise.region.startswith(within, autoescape=True))
    if chosen.economic:
        query = query.where(Enterprise.economic_type.startswith(chosen.economic, autoescape=True))
    if chosen.q:
        query = query.where(search.is_enterprise(session, chosen.q))
    return query.order_by(Enterprise.name, Enterprise.id)


def enterprises_after(session: Session, enterprise_id: str) -> ColumnElement[bool] | None:
    last = session.get(Enterprise, enterprise_id)
    return tuple_(Enterprise.name, Enterprise.id) > (last.name, last.id) if last is not None else None


def overdue(session: Session, user: User, chosen: Selection) -> Rows:
    """超期督办: what an authority in sight should have decided by the day before `submitted_to`, the longest first."""
    theirs = sight(session, user, enterprise=Document.enterprise_id, agency=Document.agency_id)
    query = (
        select(Document, Enterprise.name.label("enterprise"), Agency.name.label("agency"))
        .join(Enterprise, Enterprise.id == Document.enterprise_id)
        .join(Agency, Agency.id == Document.agency_id)
        .where(theirs, Document.due_on < chosen.submitted_to)
    )
    if chosen.agency:
        query = query.where(Document.agency_id == chosen.agency)
    return query.order_by(Document.due_on, Document.id)


def economic_types(session: Session) -> list[str]:
    """经济类型 that enterprises have: 173 私营有限责任公司."""
    return list(session.scalars(select(Enterprise.economic_type).distinct().order_by(Enterprise.economic_type)))


def place(row: Any) -> str:
    """江门市江海区, of a row of a list."""
    return f"{row.city_name or ''}{row.region_name or ''}"


def years(row: Any) -> str:
    """2021、2022: the years of which a report was made."""
    return "、".join(sorted((row.years or "").split("、"))).strip("、")


def _with_places(query: Rows) -> Rows:
    """The names of where a project is built."""
    return query.outerjoin(Region, Region.code == ProjectFigures.region).outerjoin(
        _City, (_City.code == ProjectFigures.city) & (_City.code != Region.code)
    )


def _tagged(tag: str) -> list[ColumnElement[bool]]:
    tags: dict[str, Any] = {
        "changed": Certificate.changes > 0,
        "extended": Certificate.extended,
        "completed": ProjectFigures.completed_on.is_not(None),
    }
    return [tags[tag]] if tag in tags else []


_YEARS = (
    select(func.aggregate_strings(cast(AnnualReport.year, String), "、"))
    .where(AnnualReport.certificate_number == Document.certificate_number)
    .correlate(Document)
    .scalar_subquery()
)

_COUNTED = (
    ProjectFigures.submitted_at,
    ProjectFigures.total,
    ProjectFigures.division,
    ProjectFigures.issue_date,
    ProjectFigures.certificate_status,
    ProjectFigures.invalid_reason,
    ProjectFigures.started_on,
    ProjectFigures.completed_on,
    Region.name.label("region_name"),
    _City.name.label("city_name"),
    _YEARS.label("years"),
)
