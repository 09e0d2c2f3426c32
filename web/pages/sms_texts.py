"""短信模板: what each short message says, reworded within the length of one message, every version kept."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from engine.commands import Command
from engine.errors import CommandRefused
from records.roles import AdminRole
from records.sms_texts import versions
from tasks.sms.rewording import reword
from tasks.sms.texts import LABELS, LENGTHS, LONGEST, TEMPLATES
from web import texts
from web.api.sms_texts import text_view
from web.database import db
from web.identity import me, require
from web.pages import people, wording
from web.pages.administration import blueprint, form, posted, require_seen, typed
from web.texts import gettext as _
from web.texts import sentences


@blueprint.get("/sms-texts")
@require(AdminRole.SYSTEM, AdminRole.AUDIT)
def sms_texts() -> str:
    """Every message."""
    return render_template(
        "admin/sms_texts.html",
        longest=LONGEST,
        rows=[
            text_view(db.session(), template) | {"url": url_for("administration.sms_text", template=template)}
            for template in TEMPLATES
        ],
    )


@blueprint.get("/sms-texts/<template>")
@require(AdminRole.SYSTEM, AdminRole.AUDIT)
def sms_text(template: str) -> str:
    """One message: its text, and what it said before."""
    return _page(template, None)


@blueprint.post("/sms-texts/<template>")
@require(AdminRole.SYSTEM)
def reword_sms(template: str) -> Any:
    """Change a text, or go back to the delivered one. A refusal shows the form again."""
    delivered = "reset" in request.form

    def give(given: Command) -> dict[str, Any]:
        require_seen({"text": text_view(given.session, template)["text"]})
        reword(given, template, None if delivered else typed("text"))
        return {}

    _answer, refusal = posted(give)
    if refusal is not None:
        return _page(template, refusal), refusal.status
    said = _("%(name)s 已恢复为初始内容。", name=template) if delivered else _("%(name)s 已保存。", name=template)
    flash(sentences(said, _("以后发出的短信用新的内容。")), "success")
    return redirect(url_for("administration.sms_text", template=template), 303)


def _page(template: str, refusal: CommandRefused | None) -> str:
    told = text_view(db.session(), template)
    return render_template(
        "admin/sms_text.html",
        template=told,
        longest=LONGEST,
        placeholders=[
            {"name": f"{{{name}}}", "label": texts.told(LABELS[name]), "length": LENGTHS[name]}
            for name in told["placeholders"]
        ],
        form=form(refusal, {"text": told["text"]}),
        text=typed("text") if refusal is not None and "reset" not in request.form else told["text"],
        may_edit=me().admin_role == AdminRole.SYSTEM,
        versions=[
            {
                "number": version.version,
                "text": version.text or TEMPLATES[template],
                "delivered": version.text is None,
                "who": people.name_of(db.session(), version.changed_by),
                "at": wording.moment(version.changed_at),
            }
            for version in versions(db.session(), template)
        ],
        post_url=url_for("administration.reword_sms", template=template),
    )
