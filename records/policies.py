"""Policy editions 政策版本: which list was in force on which day, and a few of its entries (domain §5.5).

A case uses the edition in force on the day it is submitted, chosen by the server.
"""

import csv
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ForeignKeyConstraint, String, Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base


class PolicyKind(StrEnum):
    """What a policy decides."""

    NEGATIVE_LIST = "negative_list"  # 市场准入负面清单
    INDUSTRY_CATALOGUE = "industry_catalogue"  # 产业结构调整指导目录
    APPROVAL_CATALOGUE = "approval_catalogue"  # 广东省政府核准的投资项目目录
    CAPITAL_RATIO = "capital_ratio"  # 固定资产投资项目最低资本金比例


class PolicyEdition(Base):
    """One edition of a policy, in force from its first to its last day, both included; no last day: still."""

    __tablename__ = "policy_edition"
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    edition: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]


class PolicyEntry(Base):
    """One entry of an edition. `category` is what the rules read: 鼓励类, 限制类, 禁止准入, 能源, …"""

    __tablename__ = "policy_entry"
    __table_args__ = (ForeignKeyConstraint(("kind", "edition"), ("policy_edition.kind", "policy_edition.edition")),)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    edition: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(32))


def edition_in_force(session: Session, kind: str, day: date) -> PolicyEdition | None:
    """The edition of a policy that is in force on a day; the newer of two, None before the first."""
    return session.scalar(
        select(PolicyEdition)
        .where(
            PolicyEdition.kind == kind,
            PolicyEdition.effective_from <= day,
            or_(PolicyEdition.effective_to.is_(None), PolicyEdition.effective_to >= day),
        )
        .order_by(PolicyEdition.effective_from.desc())
        .limit(1)
    )


def entries(session: Session, kind: str, edition: str) -> Sequence[PolicyEntry]:
    """The entries of an edition by code."""
    return session.scalars(
        select(PolicyEntry).where(PolicyEntry.kind == kind, PolicyEntry.edition == edition).order_by(PolicyEntry.code)
    ).all()


def read_editions(path: Path) -> list[PolicyEdition]:
    """The editions of a CSV file with the columns kind, edition, title, effective_from, effective_to."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            PolicyEdition(
                kind=row["kind"],
                edition=row["edition"],
                title=row["title"],
                effective_from=date.fromisoformat(row["effective_from"]),
                effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
            )
            for row in csv.DictReader(file)
        ]


def read_entries(path: Path) -> list[PolicyEntry]:
    """The entries of a CSV file with the columns kind, edition, code, title, category."""
    with path.open(encoding="utf-8", newline="") as file:
        return [PolicyEntry(**row) for row in csv.DictReader(file)]
