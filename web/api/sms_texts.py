"""Texts of short messages 短信模板 over the REST interface."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.phrases import Phrase
from records.roles import AdminRole
from records.sms_texts import versions
from tasks.sms.rewording import reword
from tasks.sms.texts import SIGNATURE, TEMPLATES, longest_length, placeholders
from web.api.idempotency import once
from web.api.schemas import Strict
from web.database import db
from web.identity import require

blueprint = Blueprint("sms_texts", __name__, description="短信模板")


class TextBody(Strict):
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "null: what is delivered with the product again"}
    )


class TextLine(Schema):
    template = fields.String()
    text = fields.String()
    delivered = fields.String(metadata={"description": "the text that comes with the product"})
    signature = fields.String(metadata={"description": "put before it"})
    placeholders = fields.List(fields.String())
    longest = fields.Integer(metadata={"description": "characters, where all it names is as long as it may be"})
    version = fields.Integer(metadata={"description": "how often it was changed"})


@blueprint.route("/sms-texts")
class Texts(MethodView):
    @require(AdminRole.SYSTEM, AdminRole.AUDIT)
    @blueprint.response(200, TextLine(many=True))
    def get(self) -> list[dict[str, Any]]:
        """Every text that is sent, S01 to S26."""
        return [text_view(db.session(), template) for template in TEMPLATES]


@blueprint.route("/sms-texts/<template>")
class OneText(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(TextBody)
    @blueprint.response(200, TextLine)
    def put(self, body: dict[str, Any], template: str) -> Any:
        """Change a text. 422 says what is wrong with it."""

        def give(given: Command) -> dict[str, Any]:
            reword(given, template, body["text"])
            return text_view(given.session, template)

        return once(give, TextLine())


def text_view(session: Session, template: str) -> dict[str, Any]:
    """A template as the interface shows it. Raises CommandRefused 404 where there is none."""
    if template not in TEMPLATES:
        message = Phrase("没有短信模板「{template}」。", template=template)
        raise CommandRefused("sms_template_unknown", message, status=404)
    changed = versions(session, template)
    text = (changed[0].text if changed else None) or TEMPLATES[template]
    return {
        "template": template,
        "text": text,
        "delivered": TEMPLATES[template],
        "signature": SIGNATURE,
        "placeholders": sorted(placeholders(template)),
        "longest": longest_length(text),
        "version": len(changed),
    }
