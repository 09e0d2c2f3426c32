"""Changing what a short message says, and going back to the delivered text; every version is kept."""

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused, FieldError
from engine.phrases import Phrase
from records.admin_acts import Act, note
from records.sms_texts import SmsText, versions
from tasks.sms.texts import TEMPLATES, objections


def reword(command: Command, template: str, text: str | None) -> SmsText:
    """Let a template say `text` from now on; None: what is delivered with the product.

    Raises CommandRefused 404 for an unknown template, 409 where it says so already; BusinessRefusal for an unfit text.
    """
    if template not in TEMPLATES:
        message = Phrase("没有短信模板「{template}」。", template=template)
        raise CommandRefused("sms_template_unknown", message, status=404)
    if text is not None and (wrong := objections(template, text)):
        raise BusinessRefusal([FieldError("text", "sms_text", sentence) for sentence in wrong], message="没有保存。")
    if text == TEMPLATES[template]:
        text = None
    earlier = versions(command.session, template)
    current = earlier[0].text if earlier else None
    if text == current:
        raise CommandRefused("sms_text_same", "短信内容没有变化。")
    version = SmsText(
        template=template,
        version=len(earlier) + 1,
        text=text,
        changed_at=command.now,
        changed_by=command.actor or "",
    )
    command.session.add(version)
    command.session.flush()
    was, now = ({"text": words or TEMPLATES[template]} for words in (current, text))
    note(command.session, Act.SMS_TEXT_CHANGED, template, actor=command.actor, now=command.now, before=was, after=now)
    return version
