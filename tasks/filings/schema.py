"""The wire shape of a filing: field names and types of `data/sample.json`, amounts as texts.

Only the shape: a draft is stored whatever the rules say. Wrong types and unknown fields are refused (422),
with Chinese messages at each field. What the server sets itself may be sent along, as clients do that send
back what they read, and is ignored.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load

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


def _text(longest: int) -> fields.String:
    def not_too_long(value: str) -> None:
        if len(value) > longest:
            raise ValidationError(f"不能超过 {longest} 个字")

    return fields.String(
        allow_none=True,
        validate=not_too_long,
        error_messages={**_OPTIONAL, "invalid": "应为文本", "invalid_utf8": "应为 UTF-8 文本"},
    )


class _Flag(fields.Field[bool]):
    """JSON true or false, and nothing that only resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("应为 true 或 false")
        return value


class _Count(fields.Field[int]):
    """A whole JSON number; texts and fractions are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("应为整数")
        return value


class _Day(fields.Field[str]):
    """A day as YYYY-MM-DD, kept as it is written; empty while it is not chosen."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            if value == "" or date.fromisoformat(value).isoformat() == value:
                return str(value)
        except (TypeError, ValueError):
            pass
        raise ValidationError("应为日期，例如 2021-12-01")


class _Shape(Schema):
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


class Money(_Shape):
    """Amounts in 万元, `import_usd` in 万美元. Texts, so that what was typed is what is stored."""

    dropped = frozenset(("fixed_assets",))

    total = _text(30)
    civil = _text(30)
    equipment = _text(30)
    own_funds = _text(30)
    domestic_loan = _text(30)
    stock_bond = _text(30)
    other_funds = _text(30)
    capital = _text(30)
    annual_plan = _text(30)
    import_usd = _text(30)


class ProjectContact(_Shape):
    """项目联系人 (R121)."""

    name = _text(50)
    mobile = _text(30)


def _nested(part: Callable[[], Schema]) -> fields.Nested:
    return fields.Nested(part, error_messages={**_OPTIONAL, "type": _UNKNOWN["type"]})


class FilingForm(_Shape):
    """A filing as `POST /filings` and `PUT /filings/{id}` take it; every field may be missing in a draft."""

    dropped = SET_BY_SERVER

    agency = _text(16)
    project_code = _text(40)
    project_name = _text(200)
    location = _text(200)
    scale_content = _text(2000)
    class_code = _text(8)
    nature = _text(16)
    catalogue = _text(16)
    catalogue_entry = _text(200)
    negative_list = _text(16)
    negative_list_entry = _text(200)
    adds_capacity = _Flag(allow_none=True)
    national_plan = _Flag(allow_none=True)
    approval_category = _text(16)
    approval_item = _text(100)
    approval_level = _text(16)
    building_area_m2 = _text(20)
    land_area_m2 = _text(20)
    jobs_construction = _Count(allow_none=True)
    jobs_operation = _Count(allow_none=True)
    capital_industry = _text(32)
    money = _nested(Money)
    planned_start = _Day(allow_none=True)
    planned_completion = _Day(allow_none=True)
    project_contact = _nested(ProjectContact)
    commitment = _Flag(allow_none=True)
