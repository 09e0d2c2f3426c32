"""短信发件箱: what was sent to whom and what became of it. Operators have a message sent again, or do without it; in
the demo enterprises and officials may read what would have been sent about their own matters."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, true
from werkzeug.exceptions import NotFound

from engine.commands import Command
from engine.errors import CommandRefused
from engine.job_commands import LONGEST_REASON
from engine.tables import Job
from records.roles import OVERSEEING, AdminRole
from records.sms import OutgoingSms
from records.users import UserKind
from tasks.sms.delivery import send_again, skip
from tasks.sms.texts import TEMPLATES
from web.api.sms import STATES, chosen, held, readable, view
from web.database import db
from web.identity import me, require
from web.pages import choosing, commands, lists, wording
from web.pages.enterprise import blueprint
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told


@blueprint.get("/sms")
@require(*OVERSEEING)
def sms_outbox() -> str:
    """The messages, the latest first, narrowed by state, template and project."""
    return _page(true())


@blueprint.get("/demo/sms")
@require(UserKind.ENTERPRISE, UserKind.AUTHORITY)
def demo_sms() -> str:
    """In the demo: the messages to one's own enterprise, or about what lies in an official's sight."""
    if not runtime().settings.demo:
        raise NotFound
    return _page(readable(db.session(), me()))


def _page(which: ColumnElement[bool]) -> str:
    state, template, project = (choosing.typed(name) for name in ("state", "template", "project"))
    state = state if state in STATES else ""
    found = lists.part(db.session(), chosen(state, template, project).where(which))
    return render_template(
        "enterprise/sms_outbox.html",
        demo=runtime().settings.demo,
        project=project,
        states=[{"value": name, "label": label, "selected": name == state} for name, label in _states().items()],
        templates=[{"value": name, "label": name, "selected": name == template} for name in TEMPLATES],
        filtered=bool(state or template or project),
        page=found.foot,
        rows=[_row(me().admin_role == AdminRole.SYSTEM, *row) for row in found.rows],
        longest_reason=LONGEST_REASON,
    )


@blueprint.post("/sms/<int:sms_id>/<any(send, skip):verb>")
@require(AdminRole.SYSTEM)
def act_on_sms(sms_id: int, verb: str) -> Any:
    """Have a message sent again, or do without it."""

    def give(given: Command) -> dict[str, Any]:
        message = held(given, sms_id)
        if verb == "send":
            send_again(given, message)
        else:
            skip(given, message, request.form.get("reason", ""))
        return {}

    try:
        commands.give(give)
    except CommandRefused as refusal:
        flash(told(refusal.message), "error")
    else:
        flash(_("短信已交给后台重新发送。") if verb == "send" else _("短信已跳过，不再发送。"), "success")
    return redirect(url_for("enterprise.sms_outbox"), 303)


def _states() -> dict[str, str]:
    return {
        "queued": _("待发送"),
        "stuck": _("投递失败"),
        "sent": _("已发送"),
        "delivered": _("已送达"),
        "undelivered": _("未送达"),
        "failed": _("网关拒绝"),
        "limited": _("超过每日上限"),
        "skipped": _("已跳过"),
    }


def _row(operator: bool, message: OutgoingSms, job: Job | None) -> dict[str, Any]:
    shown = view(message, job)
    allowed = shown["allowed_actions"] if operator else []
    return shown | {
        "state_label": _states()[shown["state"]],
        "time": wording.moment(message.reported_at or message.sent_at or message.created_at),
        "send_url": url_for("enterprise.act_on_sms", sms_id=message.id, verb="send") if "send" in allowed else None,
        "skip_url": url_for("enterprise.act_on_sms", sms_id=message.id, verb="skip") if "skip" in allowed else None,
        "command_id": commands.fresh(),
    }
