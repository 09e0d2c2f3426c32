"""The 18 things of a filing that can be changed (R132), what each carries with it, and how old stands beside new."""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from records.agencies import Agency
from records.filings import Filing
from records.formats import parse_amount, parse_area
from records.industry import IndustryClass
from records.masking import mask_person
from records.projects import Project, at, put
from tasks.filings.vocabulary import LABELS
from tasks.wording import grouped, long_date

SYNCED = ("project_name", "location")
"""What only the provincial platform can change (R129)."""


@dataclass(frozen=True)
class Item:
    """One box to tick: `key` is the filing's field, `carried` those that change with it, so that no change is
    impossible: another total needs other parts of it, another industry another ratio and catalogue. `computed` are
    those that the system sets with it."""

    key: str
    carried: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    note: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.key]

    @property
    def fields(self) -> tuple[str, ...]:
        """What the row of the table holds, in its order."""
        return (self.key, *self.carried)


ITEMS: tuple[Item, ...] = (
    Item("agency"),
    Item("project_code", SYNCED, computed=("region",), note="同时变更项目名称、建设地点"),
    Item("scale_content"),
    Item("building_area_m2"),
    Item("land_area_m2"),
    Item(
        "class_code",
        ("capital_industry", "catalogue", "catalogue_entry"),
        computed=("class_name", "section", "catalogue_edition"),
        note="同时变更项目资本金相关行业、指导目录",
    ),
    Item("money.total", ("money.capital", "money.annual_plan"), note="同时变更项目资本金、年度计划投入"),
    Item("money.civil"),
    Item("money.equipment"),
    Item("money.import_usd"),
    Item("money.own_funds"),
    Item("money.domestic_loan"),
    Item("money.stock_bond"),
    Item("money.other_funds"),
    Item("planned_start"),
    Item("planned_completion"),
    Item("project_contact.name"),
    Item("project_contact.mobile"),
)


def items_of(project: Project) -> tuple[Item, ...]:
    """What can be changed of a project: whoever approved one also decides on its changes (令2017年第2号 第三十七条)."""
    return ITEMS if isinstance(project, Filing) else tuple(item for item in ITEMS if item.key != "agency")


KEYS = frozenset(item.key for item in ITEMS)
FIELDS: tuple[str, ...] = tuple(field for item in ITEMS for field in item.fields)
"""Every field that a change can reach, in the order of the table."""

_DATES = ("planned_start", "planned_completion")


@dataclass(frozen=True)
class Row:
    """One line of the table: a field as it is on file, and as it is to be."""

    field: str
    label: str
    old: Any
    new: Any

    @property
    def differs(self) -> bool:
        return _comparable(self.field, self.old) != _comparable(self.field, self.new)


def ticked(items: Collection[str]) -> list[Item]:
    """The items of these keys, in the order of the deck; keys that are none are passed over."""
    return [item for item in ITEMS if item.key in items]


def rows(filed: Mapping[str, Any], items: Collection[str], values: Mapping[str, Any]) -> list[Row]:
    """The table 变更项 / 原备案信息 / 变更后备案信息 of the ticked items (R133)."""
    return list(_rows(filed, items, values))


def _rows(filed: Mapping[str, Any], items: Collection[str], values: Mapping[str, Any]) -> Iterator[Row]:
    for item in ticked(items):
        for field in item.fields:
            old = at(filed, field)
            # The code itself stays: what the platform changes is the name and the place.
            new = old if field == "project_code" else at(values, field)
            yield Row(field, LABELS[field], old, new)


def merged(filed: Mapping[str, Any], items: Collection[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The filing's form with the ticked items as they are to be. Neither form is changed."""
    form = deepcopy(dict(filed))
    for row in _rows(filed, items, values):
        put(form, row.field, row.new)
    for item in ticked(items):
        form |= {field: values[field] for field in item.computed if field in values}
    return form


def worded(session: Session, field: str, value: Any) -> str:
    """A value in words, as a letter and a page say it; people are masked (R95)."""
    if value is None or value == "":
        return ""
    if field == "agency":
        agency = session.get(Agency, value)
        return agency.name if agency is not None else str(value)
    if field == "class_code":
        industry = session.get(IndustryClass, value)
        return f"{value} {industry.name}" if industry is not None else str(value)
    if field.startswith("project_contact."):
        name = field.rpartition(".")[2]
        return str(mask_person({name: value})[name])
    if field.startswith("money."):
        amount = parse_amount(value)
        unit = "万美元" if field == "money.import_usd" else "万元"
        return f"{grouped(amount)} {unit}" if amount is not None else str(value)
    if field.endswith("_m2"):
        area = parse_area(value)
        return f"{grouped(area)} 平方米" if area is not None else str(value)
    if field in _DATES and (day := _day(value)) is not None:
        return long_date(day)
    return str(value)


def _comparable(field: str, value: Any) -> Any:
    """A value so that 700 and 700.00 are the same, and nothing is the same as an empty text."""
    if isinstance(value, str):
        value = value.strip()
    if value in (None, ""):
        return None
    if field.startswith("money."):
        amount = parse_amount(value)
        return value if amount is None else amount
    if field.endswith("_m2"):
        area = parse_area(value)
        return value if area is None else area
    return value


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
