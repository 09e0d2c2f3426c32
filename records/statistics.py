"""Statistics 查询统计: certified projects counted and added up by region, agency, industry, month, status, investment.

A project counts on the day its certificate was issued (口径：按签发日期), as it is now: granted changes included.
Working days are those of the statutory clock of the round in which it was issued: what was sent back and handed in
again began anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, case, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from engine.transactions import read_as_of_now
from records.certificates import years_later
from records.figures import ProjectFigures, ten_thousands
from records.jurisdiction import sight
from records.selection import Only, Selection, conditions, investment_class, is_city
from records.users import User


class Dimension(StrEnum):
    """What projects are told apart by. A region is a city; within a city it is a district."""

    REGION = "region"
    AGENCY = "agency"
    INDUSTRY = "industry"
    MONTH = "month"
    STATUS = "status"
    INVESTMENT = "investment"


@dataclass(frozen=True)
class Measures:
    """What is known of some projects together. Amounts are 元; `measured` are those whose working days are known."""

    filings: int = 0
    total: int = 0
    own_funds: int = 0
    domestic_loan: int = 0
    stock_bond: int = 0
    other_funds: int = 0
    jobs_construction: int = 0
    jobs_operation: int = 0
    measured: int = 0
    days: int = 0
    late: int = 0
    returned: int = 0
    started: int = 0
    completed: int = 0

    def __add__(self, other: "Measures") -> "Measures":
        return Measures(*(getattr(self, name) + getattr(other, name) for name in MEASURES))

    @property
    def hundred_millions(self) -> Decimal:
        """The investment in 亿元."""
        return hundred_millions(self.total)

    @property
    def average_days(self) -> Decimal | None:
        """Working days from a complete application to its certificate, in the mean; None where none is known."""
        return Decimal(self.days) / self.measured if self.measured else None

    @property
    def on_time(self) -> Decimal | None:
        """The share of those whose working days are known that took no more than the law gives."""
        return Decimal(self.measured - self.late) / self.measured if self.measured else None


MEASURES = tuple(field.name for field in fields(Measures))


@dataclass(frozen=True)
class Line:
    """What one region, agency … has."""

    key: str
    measures: Measures


def measure(
    session: Session, user: User, chosen: Selection, dimensions: Collection[Dimension]
) -> Mapping[Dimension, Sequence[Line]]:
    """The projects in a user's sight, by each of some dimensions. One pass over the rows serves all of them.

    The session reads as of this moment from now on, so that whatever else is counted of the projects agrees.
    """
    read_as_of_now(session)
    keys = {dimension: _key(dimension, chosen) for dimension in dimensions}
    cells = (
        _issued(session, user, chosen)
        .add_columns(*(key.label(f"by_{dimension}") for dimension, key in keys.items()), *_sums())
        .group_by(*keys.values())
        .cte("cells")
    )
    parts = [
        select(
            literal(dimension.value).label("dimension"),
            cast(cells.c[f"by_{dimension}"], String).label("key"),
            *(func.sum(cells.c[name]).label(name) for name in MEASURES),
        ).group_by(cells.c[f"by_{dimension}"])
        for dimension in dimensions
    ]
    if session.get_bind().dialect.name == "postgresql":
        # It guesses far more cells than there are, and would sort all rows on the disk for want of room to count in.
        # The settings last as long as the transaction.
        session.execute(select(func.set_config("work_mem", "64MB", True), func.set_config("jit", "off", True)))
    found: dict[Dimension, list[Line]] = {dimension: [] for dimension in dimensions}
    for dimension, key, *sums in session.execute(union_all(*parts)):
        found[Dimension(dimension)].append(Line(key or "", Measures(*(int(number or 0) for number in sums))))
    return {dimension: sorted(lines, key=_ORDER[dimension]) for dimension, lines in found.items()}


def whole(session: Session, user: User, chosen: Selection) -> Measures:
    """All of the projects in a user's sight together."""
    sums = session.execute(_issued(session, user, chosen).add_columns(*_sums())).one()
    return Measures(*(int(number or 0) for number in sums))


def hundred_millions(yuan: int) -> Decimal:
    """元 as 亿元."""
    return ten_thousands(yuan) / 10_000


def shares(counts: Sequence[int]) -> list[int]:
    """What percentage each of some counts has, in whole numbers that make 100 together: what rounding down leaves over
    goes to those that lost most by it. All are 0 where nothing is counted."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    found = [count * 100 // total for count in counts]
    lost = sorted(range(len(counts)), key=lambda n: -(counts[n] * 100 % total))
    for n in lost[: 100 - sum(found)]:
        found[n] += 1
    return found


def year_before(chosen: Selection) -> Selection | None:
    """The same period of the year before; None where no period was named."""
    if chosen.issued_from is None or chosen.issued_to is None:
        return None
    return chosen.but(issued_from=years_later(chosen.issued_from, -1), issued_to=years_later(chosen.issued_to, -1))


def months(first: date, last: date) -> list[str]:
    """Every month of a period, as keys: 202111."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    ordinals = (first.year * 12 + first.month - 1 + number for number in range(count))
    return [f"{ordinal // 12}{ordinal % 12 + 1:02d}" for ordinal in ordinals]


def by_key(lines: Sequence[Line]) -> Mapping[str, Measures]:
    """Lines by what they are about."""
    return {line.key: line.measures for line in lines}


_ORDER: Mapping[Dimension, Any] = {
    Dimension.REGION: lambda line: (-line.measures.filings, line.key),
    Dimension.AGENCY: lambda line: (-line.measures.filings, line.key),
    Dimension.INDUSTRY: lambda line: (-line.measures.total, line.key),
    Dimension.MONTH: lambda line: line.key,
    Dimension.STATUS: lambda line: (-line.measures.filings, line.key),
    Dimension.INVESTMENT: lambda line: line.key,
}


def _issued(session: Session, user: User, chosen: Selection) -> Select[Any]:
    """Nothing yet of the certified projects that a user may see."""
    figures = ProjectFigures
    theirs = sight(session, user, enterprise=figures.enterprise_id, agency=figures.agency_id)
    certified = conditions(chosen.but(only=Only.ISSUED.value))
    return select().select_from(figures).where(theirs, *certified, *conditions(Selection(only=chosen.only)))


def _key(dimension: Dimension, chosen: Selection) -> ColumnElement[Any]:
    figures = ProjectFigures
    keys: dict[Dimension, Any] = {
        Dimension.REGION: figures.region if is_city(chosen.region) else figures.city,
        Dimension.AGENCY: figures.agency_id,
        Dimension.INDUSTRY: figures.division,
        Dimension.MONTH: figures.month,
        Dimension.STATUS: func.coalesce(figures.invalid_reason, figures.certificate_status),
        Dimension.INVESTMENT: investment_class(),
    }
    found: ColumnElement[Any] = keys[dimension]
    return found


def _sums() -> list[ColumnElement[Any]]:
    figures = ProjectFigures
    told: dict[str, ColumnElement[Any]] = {
        "filings": func.count(),
        "measured": func.count(figures.days_taken),
        "days": func.sum(figures.days_taken),
        "late": func.count(case((figures.days_taken > figures.limit_days, 1))),
        "returned": func.count(case((figures.returned > 0, 1))),
        "started": func.count(figures.started_on),
        "completed": func.count(figures.completed_on),
    }
    found = {name: told[name] if name in told else func.sum(getattr(figures, name)) for name in MEASURES}
    # A sum of whole numbers is a decimal to PostgreSQL, which is slow to add up again.
    return [cast(found[name], BigInteger).label(name) for name in MEASURES]
