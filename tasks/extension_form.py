"""The wire shape of an extension: who decides, and why. A draft is stored whatever the rules say."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from engine.phrases import Phrase
from records.extensions import LONGEST_REASON

_WRONG: Any = {"null": "不能为 null", "required": "缺少这个字段", "invalid": "应为文本"}


def _not_too_long(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise ValidationError(Phrase("不能超过 {longest} 个字", longest=LONGEST_REASON))


class ExtensionForm(Schema):
    """An extension as `PUT /extensions/{id}` takes it."""

    error_messages = {"unknown": "没有这个字段", "type": "应为一组字段（JSON 对象）"}  # noqa: RUF012 - marshmallow's own

    agency = fields.String(error_messages=_WRONG, metadata={"description": "延期审批机关; left out: 备案机关"})
    reason = fields.String(load_default="", validate=_not_too_long, error_messages=_WRONG)
