"""Selections 筛选条件: which projects a list, a figure or an export is about.

One meaning for all of them, so that every figure leads to exactly its cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, case

from records.calendar import SHANGHAI
from records.certificates import CertificateStatus, InvalidReason
from records.documents import IN_PROGRESS, DocumentStatus
from records.figures import YUAN, ProjectFigures
from records.projects import Project
from records.regions import city_code

_LONGEST = 100
_MILLION = 100 * YUAN
_CERTIFICATE, _REASON, _DOCUMENT = frozenset(CertificateStatus), frozenset(InvalidReason), frozenset(DocumentStatus)

INVESTMENTS: Mapping[str, tuple[str, int, int | None]] = MappingProxyType(
    {
        "1": ("1,000 万元以下", 0, 10 * _MILLION),
        "2": ("1,000 万元至 5,000 万元", 10 * _MILLION, 50 * _MILLION),
        "3": ("5,000 万元至 1 亿元", 50 * _MILLION, 100 * _MILLION),
        "4": ("1 亿元至 5 亿元", 100 * _MILLION, 500 * _MILLION),
        "5": ("5 亿元及以上", 500 * _MILLION, None),
    }
)
"""投资规模: what a class is called, from how many 元 on, and below how many."""


class Only(StrEnum):
    """A part of the projects that a figure counts."""

    ISSUED = "issued"
    RETURNED = "returned"
    MEASURED = "measured"
    LATE = "late"
    STARTED = "started"
    COMPLETED = "completed"


class Progress(StrEnum):
    """申报进度, as FAQ 04 has it."""

    UNDER_WAY = "under_way"
    FINISHED = "finished"


@dataclass(frozen=True)
class Selection:
    """What is asked for; what is empty narrows nothing. `region`: a province, city or district. `industry`: a division
    or a class. `status`: of the document, of its certificate, or why that is invalid. Days are days in Guangdong, both
    included. `q`: what was typed. `economic`: how an enterprise's 经济类型 begins. `tag`: how a certificate is marked.
    """

    region: str = ""
    agency: str = ""
    industry: str = ""
    investment: str = ""
    status: str = ""
    progress: str = ""
    only: str = ""
    issued_from: date | None = None
    issued_to: date | None = None
    submitted_from: date | None = None
    submitted_to: date | None = None
    q: str = ""
    economic: str = ""
    tag: str = ""

    def but(self, **changes: Any) -> "Selection":
        """The same with something else."""
        return replace(self, **changes)

    def with_period(self, today: date) -> "Selection":
        """The same; this year up to today where no day of issue is named."""
        if self.issued_from or self.issued_to:
            return self.but(issued_to=self.issued_to or today)
        return self.but(issued_from=date(today.year, 1, 1), issued_to=today)

    def as_query(self) -> dict[str, str]:
        """What is asked for, as it stands in an address."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in given if value}


def selected(query: Mapping[str, str]) -> Selection:
    """What an address asks for. What is no day or no such class asks for nothing."""
    found: dict[str, Any] = {}
    for field in fields(Selection):
        text = query.get(field.name, "").strip()[:_LONGEST]
        found[field.name] = _day(text) if field.name.endswith(("_from", "_to")) else text
    return Selection(**found)


def conditions(chosen: Selection) -> list[ColumnElement[bool]]:
    """What a row of figures must be like."""
    figures = ProjectFigures
    found: list[ColumnElement[bool]] = []
    if chosen.region and not chosen.region.endswith("0000"):
        is_city = chosen.region.endswith("00")
        found.append((figures.city if is_city else figures.region) == chosen.region)
    if chosen.agency:
        found.append(figures.agency_id == chosen.agency)
    if chosen.industry:
        found.append((figures.division if len(chosen.industry) == 2 else figures.class_code) == chosen.industry)
    if chosen.investment in INVESTMENTS:
        _words, least, below = INVESTMENTS[chosen.investment]
        found.append(figures.total >= least)
        found += [figures.total < below] if below is not None else []
    if chosen.status in _CERTIFICATE:
        found.append(figures.certificate_status == chosen.status)
    elif chosen.status in _REASON:
        found.append(figures.invalid_reason == chosen.status)
    if chosen.issued_from:
        found.append(figures.issue_date >= chosen.issued_from)
    if chosen.issued_to:
        found.append(figures.issue_date <= chosen.issued_to)
    if chosen.submitted_from:
        found.append(figures.submitted_at >= datetime.combine(chosen.submitted_from, time.min, SHANGHAI))
    if chosen.submitted_to:
        found.append(figures.submitted_at <= datetime.combine(chosen.submitted_to, time.max, SHANGHAI))
    return [*found, *_only(chosen.only)]


def document_conditions(chosen: Selection) -> list[ColumnElement[bool]]:
    """What its document must be like."""
    found: list[ColumnElement[bool]] = []
    if chosen.status in _DOCUMENT:
        found.append(Project.status == chosen.status)
    if chosen.progress == Progress.UNDER_WAY:
        found.append(Project.status.in_(IN_PROGRESS))
    elif chosen.progress == Progress.FINISHED:
        found.append(Project.status.not_in(IN_PROGRESS))
    return found


def investment_class() -> ColumnElement[str]:
    """The class that a row of figures belongs to."""
    ends = ((key, below) for key, (_words, _least, below) in INVESTMENTS.items() if below is not None)
    return case(*((ProjectFigures.total < below, key) for key, below in ends), else_=[*INVESTMENTS][-1])


def is_city(region: str) -> bool:
    """Whether a region's code is that of a city."""
    return region == city_code(region) and not region.endswith("0000")


def _only(only: str) -> list[ColumnElement[bool]]:
    figures = ProjectFigures
    parts: dict[str, ColumnElement[bool]] = {
        Only.ISSUED: figures.issue_date.is_not(None),
        Only.RETURNED: figures.returned > 0,
        Only.MEASURED: figures.days_taken.is_not(None),
        Only.LATE: figures.days_taken > figures.limit_days,
        Only.STARTED: figures.started_on.is_not(None),
        Only.COMPLETED: figures.completed_on.is_not(None),
    }
    return [parts[only]] if only in parts else []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
