"""短信 over the REST interface: what was sent and what became of it, for operators; and what gateways tell of it."""

import hmac
from typing import Any

from flask import jsonify, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session, contains_eager

from engine.commands import Command
from engine.errors import CommandRefused
from engine.job_commands import LONGEST_REASON
from engine.phrases import Phrase
from engine.tables import Job
from records.documents import Document
from records.jurisdiction import sight
from records.masking import mask_phone
from records.roles import OVERSEEING, AdminRole
from records.sms import OutgoingSms, SmsState
from records.users import User, UserKind
from tasks.adapters import adapters
from tasks.sms.delivery import (
    TO_AUTHORITY,
    job_of,
    job_of_message,
    may_send_again,
    note_deliveries,
    send_again,
    skip,
)
from tasks.sms.gateway import ReportUnreadable
from web.api import cursors
from web.api.idempotency import once
from web.api.schemas import Paging, Strict, page_of
from web.database import db
from web.identity import require
from web.runtime import command, runtime
from web.texts import told

blueprint = Blueprint("sms", __name__, description="短信")

STUCK = "stuck"
"""What a queued message is called whose job has used up its attempts."""
STATES = (*(state.value for state in SmsState), STUCK)


class SmsQuery(Paging):
    state = fields.String(validate=validate.OneOf(STATES))
    template = fields.String(metadata={"description": "S01 to S26"})
    project = fields.String(metadata={"description": "in the project's name"})


class SmsAnswer(Schema):
    id = fields.Integer()
    template = fields.String()
    mobile = fields.String(metadata={"description": "masked"})
    text = fields.String()
    project_name = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "stuck: queued, and its job has used up its attempts"})
    note = fields.String(allow_none=True, metadata={"description": "why, where it did not go well"})
    created_at = fields.AwareDateTime()
    sent_at = fields.AwareDateTime(allow_none=True, metadata={"description": "when the gateway took it last"})
    reported_at = fields.AwareDateTime(allow_none=True, metadata={"description": "when the gateway told how it ended"})
    gateway = fields.String(allow_none=True)
    reference = fields.String(allow_none=True, metadata={"description": "the gateway's own name for it"})
    attempts = fields.Integer()
    resent = fields.Integer()
    allowed_actions = fields.List(fields.String(), metadata={"description": "of send and skip"})


SmsPage = page_of(SmsAnswer)


class SkipSmsBody(Strict):
    reason = fields.String(required=True, validate=validate.Length(1, LONGEST_REASON))


@blueprint.route("/sms")
class Messages(MethodView):
    @require(*OVERSEEING)
    @blueprint.arguments(SmsQuery, location="query")
    @blueprint.response(200, SmsPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Messages, the latest first; numbers are masked."""
        rows = chosen(query.get("state", ""), query.get("template", ""), query.get("project", ""))
        if (cursor := query.get("cursor")) is not None:
            rows = rows.where(OutgoingSms.id < cursors.number(cursor))
        found = db.session.execute(rows.limit(query["limit"] + 1)).all()
        shown = found[: query["limit"]]
        more = len(found) > len(shown)
        return {"items": [view(*row) for row in shown], "next": str(shown[-1][0].id) if more else None}


@blueprint.route("/sms/<int:sms_id>/send")
class SendAgain(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.response(200, SmsAnswer)
    def post(self, sms_id: int) -> Any:
        """Have a message sent (again) that did not arrive."""

        def give(given: Command) -> dict[str, Any]:
            message = held(given, sms_id)
            send_again(given, message)
            return view(message, job_of(given.session, message))

        return once(give, SmsAnswer())


@blueprint.route("/sms/<int:sms_id>/skip")
class Skip(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(SkipSmsBody)
    @blueprint.response(200, SmsAnswer)
    def post(self, body: dict[str, Any], sms_id: int) -> Any:
        """Do without a message that is not sent yet, for a reason."""

        def give(given: Command) -> dict[str, Any]:
            message = held(given, sms_id)
            skip(given, message, body["reason"])
            return view(message, None)

        return once(give, SmsAnswer())


@blueprint.route("/sms/receipts/<token>")
class Receipts(MethodView):
    @blueprint.response(200)
    @blueprint.doc(security=[])
    def post(self, token: str) -> Any:
        """What the gateway tells of deliveries, in its own words, at the address that only it knows."""
        known = runtime().settings.sms_receipt_token
        if not known or not hmac.compare_digest(token.encode(), known.encode()):
            raise CommandRefused("receipts_unknown", "没有这个地址。", status=404)
        gateway = adapters().sms
        try:
            with command(None) as given:
                understood = note_deliveries(given.session, gateway, request.get_json(silent=True), given.now)
        except ReportUnreadable as unreadable:
            message = Phrase("不是短信网关的回执：{why}", why=str(unreadable))
            raise CommandRefused("receipts_unreadable", message, status=422) from unreadable
        if not understood:
            raise CommandRefused("receipts_early", "有的短信还没有登记为已发送，请稍后再发一次回执。", status=503)
        return jsonify(dict(gateway.received))


def chosen(state: str, template: str, project: str) -> Select[OutgoingSms, Job]:
    """Messages with the job that still has them, the latest first. What is empty narrows nothing."""
    stuck = and_(OutgoingSms.state == SmsState.QUEUED.value, Job.state == "failed")
    conditions: dict[str, ColumnElement[bool]] = {
        "": true(),
        STUCK: stuck,
        SmsState.QUEUED: and_(OutgoingSms.state == SmsState.QUEUED.value, or_(Job.id.is_(None), Job.state != "failed")),
    }
    query = (
        select(OutgoingSms, Job)
        .outerjoin(Job, job_of_message())
        .outerjoin(Document, Document.id == OutgoingSms.document_id)
        .options(contains_eager(OutgoingSms.document))
        .where(conditions.get(state, OutgoingSms.state == state))
        .order_by(OutgoingSms.id.desc())
    )
    if template:
        query = query.where(OutgoingSms.template == template)
    if project:
        query = query.where(Document.project_name.icontains(project, autoescape=True))
    return query


def readable(session: Session, user: User) -> ColumnElement[bool]:
    """Which messages a user may read: those about what lies in his sight; an enterprise those that it was sent."""
    in_sight = sight(session, user, enterprise=Document.enterprise_id, agency=Document.agency_id)
    if user.kind == UserKind.ENTERPRISE:
        return and_(in_sight, OutgoingSms.template.not_in(TO_AUTHORITY))
    return in_sight


def view(message: OutgoingSms, job: Job | None) -> dict[str, Any]:
    """A message as operators see it."""
    stuck = message.state == SmsState.QUEUED and job is not None and job.state == "failed"
    may = {"send": may_send_again(message, job), "skip": message.state == SmsState.QUEUED and job is not None}
    return {
        "id": message.id,
        "template": message.template,
        "mobile": mask_phone(message.mobile),
        "text": message.text,
        "project_name": message.document.project_name if message.document else None,
        "state": STUCK if stuck else message.state,
        "note": told(job.last_error if stuck and job is not None else message.note) or None,
        "created_at": message.created_at,
        "sent_at": message.sent_at,
        "reported_at": message.reported_at,
        "gateway": message.gateway,
        "reference": message.reference,
        "attempts": message.attempts,
        "resent": message.resent,
        "allowed_actions": [act for act, allowed in may.items() if allowed],
    }


def held(given: Command, sms_id: int) -> OutgoingSms:
    """A message, kept from others until the transaction ends. Raises CommandRefused 404 where there is none."""
    message = given.session.get(OutgoingSms, sms_id, with_for_update=True, populate_existing=True)
    if message is None:
        raise CommandRefused("sms_unknown", "没有这条短信。", status=404)
    return message
