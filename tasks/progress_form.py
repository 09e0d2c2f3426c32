"""The wire shape of a report of progress: what `POST /certificates/{number}/progress` and the page's form take.

Only the shape, as with filings: what may be told is for `tasks.progress` to say.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, fields, pre_load

_LONGEST_TEXT = 1000
"""Characters that are taken at all; how many a text may have is a rule."""


class _Shape(Schema):
    error_messages = {"unknown": "没有这个字段", "type": "应为一组字段（JSON 对象）"}  # noqa: RUF012 - marshmallow's own

    class Meta:
        unknown = RAISE


def _day() -> fields.Date:
    """A day as YYYY-MM-DD; null or empty clears it."""
    return fields.Date(load_default=None, allow_none=True, error_messages={"invalid": "应为日期，例如 2021-12-01"})


def _text() -> fields.String:
    return fields.String(
        load_default="",
        validate=lambda text: len(text) <= _LONGEST_TEXT,
        error_messages={"invalid": "应为文本", "null": "不能为 null", "validator_failed": "文字过长"},
    )


class AmountText(fields.Field[str]):
    """An amount as text; a whole JSON number is taken as it would be written."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self.make_error("invalid")


class AnnualReportForm(_Shape):
    """A line of the annual reports."""

    year = fields.Integer(
        required=True,
        strict=False,
        error_messages={"invalid": "「年度」应为四位数字", "required": "请填写「年度」", "null": "请填写「年度」"},
    )
    invested = AmountText(
        load_default="",
        metadata={"type": "string", "description": "完成投资额, 万元"},
        error_messages={"invalid": "「完成投资额」应为文本或整数", "null": "不能为 null"},
    )
    stage = _text()


class ProgressForm(_Shape):
    """Everything told of a project; what is left out is cleared."""

    start_date = _day()
    completion_date = _day()
    completion_note = _text()
    annual_reports = fields.List(
        fields.Nested(AnnualReportForm),
        load_default=list,
        error_messages={"invalid": "应为列表", "null": "不能为 null"},
    )
    revision = fields.Integer(
        load_default=None,
        allow_none=True,
        metadata={"description": "the revision that was seen; one that is no longer there is refused (409)"},
        error_messages={"invalid": "应为整数"},
    )

    @pre_load
    def empty_is_none(self, data: Any, **_kwargs: Any) -> Any:
        """A cleared field of a form is sent as an empty text, a note that nobody wrote may be null."""
        if not isinstance(data, Mapping):
            return data
        none = {name: None for name in ("start_date", "completion_date") if data.get(name) == ""}
        return {**data, **none, **({"completion_note": ""} if data.get("completion_note", "") is None else {})}
