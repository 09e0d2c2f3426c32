"""Industry classes 国民经济行业分类 (GB/T 4754-2017), four digits, of the sections this field deals with."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base

_DATA = Path(__file__).resolve().parents[1] / "data"


class IndustryClass(Base):
    """A class of the standard: its code of four digits, name and section letter."""

    __tablename__ = "industry_class"
    code: Mapped[str] = mapped_column(String(4), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    section: Mapped[str] = mapped_column(String(1))


def read_classes(path: Path) -> list[IndustryClass]:
    """The classes of a file in the form of `data/industry_classes.csv` (section, code, name)."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            IndustryClass(code=row["code"], name=row["name"], section=row["section"]) for row in csv.DictReader(file)
        ]


def search_classes(session: Session, text: str, limit: int = 20) -> Sequence[IndustryClass]:
    """Classes whose code begins with the text or whose name contains it (R116), by code."""
    wanted = text.strip()
    return session.scalars(
        select(IndustryClass)
        .where(
            or_(
                IndustryClass.code.startswith(wanted, autoescape=True),
                IndustryClass.name.contains(wanted, autoescape=True),
            )
        )
        .order_by(IndustryClass.code)
        .limit(limit)
    ).all()


@cache
def divisions() -> Mapping[str, str]:
    """大类: the names of the divisions of the same sections, by their two digits."""
    with (_DATA / "industry_divisions.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}
