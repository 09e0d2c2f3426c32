"""The wire shape of a filing: field names and types of `data/sample.json`, amounts as texts.

Only the shape: a draft is stored whatever the rules say. Wrong types and unknown fields are refused (422),
with Chinese messages at each field. What the server sets itself may be sent along, as clients do that send
back what they read, and is ignored.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load

from engine.phrases import Phrase

SET_BY_SERVER = frozenset(
    (
        "fictional",
        "enterprise",
        "region",
        "class_name",
        "section",
        "catalogue_edition",
        "negative_list_edition",
        "attachments",
    )
)

_UNKNOWN = {"unknown": "没有这个字段", "type": "应为一组字段（JSON 对象）"}
_OPTIONAL = {"null": "不能为 null", "required": "缺少这个字段"}


def text(longest: int) -> fields.String:
    """A text of at most so many characters."""

    def not_too_long(value: str) -> None:
        if len(value) > longest:
            raise ValidationError(Phrase("不能超过 {longest} 个字", longest=longest))

    return fields.String(
        allow_none=True,
        validate=not_too_long,
        error_messages={**_OPTIONAL, "invalid": "应为文本", "invalid_utf8": "应为 UTF-8 文本"},
    )


class Flag(fields.Field[bool]):
    """JSON true or false, and nothing that only resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("应为 true 或 false")
        return value


class Count(fields.Field[int]):
    """A whole JSON number; texts and fractions are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("应为整数")
        return value


class Day(fields.Field[str]):
    """A day as YYYY-MM-DD, kept as it is written; empty while it is not chosen."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            if value == "" or date.fromisoformat(value).isoformat() == value:
                return str(value)
        except (TypeError, ValueError):
            pass
        raise ValidationError("应为日期，例如 2021-12-01")


class Shape(Schema):
    """A part of the form: unknown fields are refused in Chinese, those of the server dropped before."""

    error_messages = _UNKNOWN
    dropped: frozenset[str] = frozenset()

    class Meta:
        unknown = RAISE

    @pre_load
    def drop(self, data: Any, **_kwargs: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {name: value for name, value in data.items() if name not in self.dropped}


class Money(Shape):
    """Amounts in 万元, `import_usd` in 万美元. Texts, so that what was typed is what is stored."""

    dropped = frozenset(("fixed_assets",))

    total = text(30)
    civil = text(30)
    equipment = text(30)
    own_funds = text(30)
    domestic_loan = text(30)
    stock_bond = text(30)
    other_funds = text(30)
    capital = text(30)
    annual_plan = text(30)
    import_usd = text(30)


class ProjectContact(Shape):
    """项目联系人 (R121)."""

    name = text(50)
    mobile = text(30)


def nested(part: Callable[[], Schema]) -> fields.Nested:
    """A part of the form that has a shape of its own."""
    return fields.Nested(part, error_messages={**_OPTIONAL, "type": _UNKNOWN["type"]})


class ProjectForm(Shape):
    """A project as it is applied for; every field may be missing in a draft."""

    dropped = SET_BY_SERVER

    agency = text(16)
    project_code = text(40)
    project_name = text(200)
    location = text(200)
    scale_content = text(2000)
    class_code = text(8)
    nature = text(16)
    catalogue = text(16)
    catalogue_entry = text(200)
    negative_list = text(16)
    negative_list_entry = text(200)
    adds_capacity = Flag(allow_none=True)
    national_plan = Flag(allow_none=True)
    approval_category = text(16)
    approval_item = text(100)
    approval_level = text(16)
    building_area_m2 = text(20)
    land_area_m2 = text(20)
    jobs_construction = Count(allow_none=True)
    jobs_operation = Count(allow_none=True)
    capital_industry = text(32)
    money = nested(Money)
    planned_start = Day(allow_none=True)
    planned_completion = Day(allow_none=True)
    project_contact = nested(ProjectContact)


class FilingForm(ProjectForm):
    """A filing as `POST /filings` and `PUT /filings/{id}` take it."""

    commitment = Flag(allow_none=True)
