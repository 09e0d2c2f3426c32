"""The table of a change: 变更项, 原备案信息, 变更后备案信息 (R133), to be read and to be filled in."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from records.agencies import filing_agencies
from records.calendar import local_date
from records.changes import Change, Proposed
from records.documents import DocumentVersion
from records.industry import IndustryClass
from records.policies import PolicyKind, edition_in_force, entries
from records.projects import at
from tasks.changes.items import SYNCED, Item, Row, rows, worded
from tasks.changes.submission import project_changed
from web.database import db
from web.pages.sections import project_form
from web.runtime import runtime
from web.texts import told

_LONG = ("scale_content",)
_DAYS = ("planned_start", "planned_completion")
_UNITS = {"money.import_usd": "万美元", "building_area_m2": "平方米", "land_area_m2": "平方米"}


def read(
    change: Change, version: DocumentVersion | None, before: DocumentVersion | None = None
) -> list[dict[str, Any]]:
    """The lines as they were submitted, or while nothing was, as they are saved. A line that is not as it was in the
    version `before` is marked as revised."""
    proposed = Proposed.in_version(version) if version is not None else change.proposed
    filed = proposed.before if proposed.before is not None else project_changed(db.session(), change).full_form
    earlier = Proposed.in_version(before).values if before is not None else None
    return [
        {
            "field": row.field,
            "label": told(row.label),
            "old": _worded(row.field, row.old),
            "new": _worded(row.field, row.new),
            "differs": row.differs,
            "revised": earlier is not None and at(earlier, row.field) != at(proposed.values, row.field),
        }
        for row in rows(filed, proposed.items, proposed.values)
    ]


def boxes(items: Sequence[Item], ticked: list[str]) -> list[dict[str, Any]]:
    """The boxes of a project's items (R132)."""
    return [
        {"key": item.key, "label": told(item.label), "note": told(item.note), "ticked": item.key in ticked}
        for item in items
    ]


def fill_in(
    items: Sequence[Item], filed: Mapping[str, Any], ticked: list[str], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The lines of every item; those that are not ticked begin with what is on file."""
    lines = []
    for item in items:
        for row in rows(filed, [item.key], values):
            is_ticked = item.key in ticked
            lines.append(
                {
                    "item": item.key,
                    "field": row.field,
                    "label": told(row.label),
                    "carried": row.field != item.key,
                    "ticked": is_ticked,
                    "old": worded(db.session(), row.field, row.old),
                    **_control(row, row.new if is_ticked or row.field in SYNCED else row.old),
                }
            )
    return lines


def _control(row: Row, value: Any) -> dict[str, Any]:
    """What a field is filled in with."""
    shown: dict[str, Any] = {"value": "" if value is None else str(value), "kind": "text", "unit": "", "options": []}
    if row.field in SYNCED:
        return shown | {"kind": "synced", "words": str(value or "")}
    if row.field == "project_code":
        return shown | {"kind": "code"}
    if row.field in _LONG:
        return shown | {"kind": "long"}
    if row.field in _DAYS:
        return shown | {"kind": "day"}
    if row.field.startswith("money.") or row.field in _UNITS:
        return shown | {"kind": "amount", "unit": told(_UNITS.get(row.field, "万元"))}
    if row.field == "agency":
        agencies = [(agency.id, agency.name) for agency in filing_agencies(db.session())]
        return shown | {"kind": "choice", "options": agencies}
    if row.field in ("capital_industry", "catalogue"):
        return shown | {
            "kind": "choice",
            "options": [(name, told(name)) for name in project_form().field(row.field)["enum"]],
        }
    if row.field == "class_code":
        return shown | {"kind": "search", "value": worded(db.session(), row.field, value), "options": _classes()}
    if row.field == "catalogue_entry":
        return shown | {"kind": "search", "options": _catalogue_entries()}
    return shown


def _classes() -> list[tuple[str, str]]:
    found = db.session.execute(select(IndustryClass.code, IndustryClass.name).order_by(IndustryClass.code))
    return [(f"{code} {name}", "") for code, name in found]


def _catalogue_entries() -> list[tuple[str, str]]:
    session, kind = db.session(), PolicyKind.INDUSTRY_CATALOGUE
    edition = edition_in_force(session, kind, local_date(runtime().engine.clock.now()))
    return [(entry.code, entry.title) for entry in entries(session, kind, edition.edition)] if edition else []


def _worded(field: str, value: Any) -> str:
    return worded(db.session(), field, value)
