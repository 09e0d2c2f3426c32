"""Regions 行政区划 of Guangdong (GB/T 2260), and which cities are the Pearl River Delta core 珠三角核心区."""

import json
from pathlib import Path

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base

# 粤府〔2020〕71号, "一核一带一区": Guangzhou, Shenzhen, Zhuhai, Foshan, Jiangmen, Zhaoqing, Huizhou,
# Dongguan, Zhongshan.
PRD_CORE_CITIES = frozenset(("440100", "440300", "440400", "440600", "440700", "441200", "441300", "441900", "442000"))


class Region(Base):
    """A division: level 1 the province, 2 a city, 3 a district or county."""

    __tablename__ = "region"
    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    parent: Mapped[str | None] = mapped_column(ForeignKey("region.code"))
    level: Mapped[int]
    prd_core: Mapped[bool] = mapped_column(default=False, doc="in a city of the core, or such a city itself")


def read_regions(path: Path) -> list[Region]:
    """The divisions of a file in the form of `data/regions.json`, parents first."""
    items = json.loads(path.read_text(encoding="utf-8"))["items"]
    regions = [
        Region(
            code=item["code"],
            name=item["name"],
            parent=item["parent"],
            level=_level(item["code"]),
            prd_core=city_code(item["code"]) in PRD_CORE_CITIES,
        )
        for item in items
    ]
    return sorted(regions, key=lambda region: region.level)


def city_code(code: str) -> str:
    """The code of the city a division lies in: 440704 → 440700."""
    return code[:4] + "00"


def is_prd_core(session: Session, code: str) -> bool:
    """Whether a place lies in the Pearl River Delta core. A code that is not listed counts by its city."""
    region = session.get(Region, code) or session.get(Region, city_code(code))
    return region is not None and region.prd_core


def full_name(session: Session, code: str) -> str:
    """The name with the city's before it, such as 江门市江海区; the code itself where it is unknown."""
    region = session.get(Region, code)
    if region is None:
        return code
    parent = session.get(Region, region.parent) if region.level == 3 and region.parent else None
    return f"{parent.name if parent else ''}{region.name}"


def _level(code: str) -> int:
    if code.endswith("0000"):
        return 1
    return 2 if code.endswith("00") else 3
