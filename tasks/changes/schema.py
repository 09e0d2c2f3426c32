"""The wire shape of a change: which items are ticked, the new values by field of the filing, and why.

Only the shape, as with filings: a draft is stored whatever the rules say.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from engine.phrases import Phrase
from records.projects import at, put
from tasks.changes.items import FIELDS, KEYS
from tasks.filings.schema import FilingForm

LONGEST_REASON = 500
_WRONG: Any = {"null": "不能为 null", "required": "缺少这个字段", "invalid": "应为文本"}


def _known_item(key: str) -> None:
    if key not in KEYS:
        raise ValidationError(Phrase("没有变更项「{item}」", item=key))


def _not_too_long(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise ValidationError(Phrase("不能超过 {longest} 个字", longest=LONGEST_REASON))


class _Values(fields.Field[dict[str, Any]]):
    """Fields of a filing, in its shape; those that no change can reach are dropped, as clients send back what they
    read."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        loaded: dict[str, Any] = FilingForm().load(value)
        kept: dict[str, Any] = {}
        for path in FIELDS:
            if (found := at(loaded, path)) is not None:
                put(kept, path, found)
        return kept


class ChangeForm(Schema):
    """A change as `POST /changes` and `PUT /changes/{id}` take it."""

    error_messages = {"unknown": "没有这个字段", "type": "应为一组字段（JSON 对象）"}  # noqa: RUF012 - marshmallow's own

    items = fields.List(
        fields.String(validate=_known_item, error_messages=_WRONG),
        load_default=list,
        error_messages={**_WRONG, "invalid": "应为列表"},
    )
    values = _Values(load_default=dict, error_messages=_WRONG)
    reason = fields.String(load_default="", validate=_not_too_long, error_messages=_WRONG)
