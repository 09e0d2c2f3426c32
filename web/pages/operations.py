"""事件: what failed and waits for somebody, jobs, cases that stand still; and what is decided about them."""

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import and_, func, or_, select

from engine import values
from engine.commands import Command
from engine.errors import CommandRefused, ValueRefused
from engine.history import nodes_of
from engine.job_commands import LONGEST_REASON
from engine.model import Node
from engine.tables import Definition, Incident, Instance, Job
from records.documents import Document
from records.roles import OVERSEEING, AdminRole
from tasks import operations
from web.api.jobs import decide_each
from web.database import db
from web.identity import me, require
from web.pages import addresses, commands, lists, people, wording
from web.pages.administration import blueprint, form, posted, typed
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

_STATES = ("failed", "due", "leased")


@blueprint.get("/incidents")
@require(*OVERSEEING)
def incidents() -> str:
    """What failed and waits for somebody, the oldest first."""
    # An incident of a token's job names the token.
    of_token = and_(Job.instance_id == Incident.instance_id, Job.token == Incident.token, Job.state == "failed")
    query = (
        select(Incident, Instance, Definition, Job)
        .outerjoin(Instance, Instance.id == Incident.instance_id)
        .outerjoin(Definition, Definition.id == Instance.definition_id)
        .outerjoin(Job, or_(Job.id == Incident.job_id, of_token))
        .where(Incident.resolved_at.is_(None))
    )
    if text := lists.searched():
        query = query.where(
            lists.containing(text, Incident.message, Incident.element_id, Instance.business_key, Instance.id)
        )
    found = lists.part(db.session(), query.order_by(Incident.id))
    return render_template(
        "admin/incidents.html",
        tabs=_tabs("incidents"),
        query=text,
        page=found.foot,
        may_act=_may_act(),
        form=form(None),
        longest_reason=LONGEST_REASON,
        decide_url=url_for("administration.decide_jobs"),
        rows=[_incident(*row) for row in found.rows],
    )


@blueprint.get("/jobs")
@require(*OVERSEEING)
def jobs() -> str:
    """Jobs in one state, those due first before the others."""
    state = request.args.get("state", "")
    state = state if state in _STATES else "failed"
    query = select(Job, Instance, Definition).outerjoin(Instance, Instance.id == Job.instance_id)
    query = query.outerjoin(Definition, Definition.id == Instance.definition_id).where(Job.state == state)
    found = lists.part(db.session(), query.order_by(Job.due_at, Job.rank, Job.id))
    return render_template(
        "admin/jobs.html",
        tabs=_tabs("jobs"),
        states=[
            {
                "label": state_words()[name],
                "count": _count(Job, Job.state == name),
                "url": lists.same_page(state=name, page=None),
                "active": name == state,
            }
            for name in _STATES
        ],
        page=found.foot,
        rows=[_job(*row) for row in found.rows],
    )


@blueprint.get("/suspended")
@require(*OVERSEEING)
def suspended() -> str:
    """Cases that stand still."""
    query = select(Instance, Definition).join(Definition, Definition.id == Instance.definition_id)
    found = lists.part(db.session(), query.where(Instance.status == "suspended").order_by(Instance.started_at))
    return render_template(
        "admin/suspended.html",
        tabs=_tabs("suspended"),
        page=found.foot,
        may_act=_may_act(),
        form=form(None),
        longest_reason=LONGEST_REASON,
        rows=[
            _case(instance, definition) | {"resume_url": url_for("administration.resume_case", instance_id=instance.id)}
            for instance, definition in found.rows
        ],
    )


@blueprint.get("/jobs/<job_id>")
@require(*OVERSEEING)
def job(job_id: str) -> str:
    """One job: what its service is given, and what can be decided about it."""
    return _job_page(_job_of(job_id), None)


@blueprint.post("/jobs/<job_id>")
@require(AdminRole.SYSTEM)
def decide_job(job_id: str) -> Any:
    """重试, with arguments corrected, or 跳过 for a reason. A refusal shows the page again."""

    def give(given: Command) -> dict[str, Any]:
        if typed("decision") == "skip":
            operations.skip_job(given, job_id, typed("reason"))
            return {"message": _("已跳过。")}
        operations.retry_job(given, job_id, _arguments(_job_of(job_id)))
        return {"message": _("已重新安排，很快会再试一次。")}

    answer, refusal = posted(give)
    if refusal is not None:
        return _job_page(_job_of(job_id), refusal), refusal.status
    flash(answer["message"], "success")
    return redirect(url_for("administration.incidents"), 303)


@blueprint.post("/jobs")
@require(AdminRole.SYSTEM)
def decide_jobs() -> Any:
    """重试 or 跳过 the chosen jobs, each by itself."""
    ids, reason = request.form.getlist("job")[:500], typed("reason")
    if not ids:
        flash(_("请先选择要处理的后台工作。"), "error")
    elif typed("decision") == "skip" and not reason:
        flash(_("请写明跳过的原因。"), "error")
    else:
        if typed("decision") == "skip":
            results = decide_each(ids, lambda given, job_id: operations.skip_job(given, job_id, reason))
        else:
            results = decide_each(ids, operations.retry_job)
        done = [result for result in results if result["done"]]
        flash(_("已处理 %(n)s 项。", n=len(done)), "success" if done else "warning")
        for result in results:
            if not result["done"]:
                flash(_("%(id)s 没有处理：%(why)s", id=result["id"], why=result["message"]), "error")
    return redirect(url_for("administration.incidents"), 303)


@blueprint.get("/cases/<instance_id>/retry")
@require(AdminRole.SYSTEM)
def case(instance_id: str) -> str:
    """A case whose incidents no job stands behind: to be tried again, with variables corrected."""
    return _case_page(instance_id, None)


@blueprint.post("/cases/<instance_id>/retry")
@require(AdminRole.SYSTEM)
def retry_case(instance_id: str) -> Any:
    """重试 every incident of a case. A refusal shows the page again."""

    def give(given: Command) -> dict[str, Any]:
        operations.retry_case(given, instance_id, _values(typed("data")) if typed("data") else {})
        return {}

    _answer, refusal = posted(give)
    if refusal is not None:
        return _case_page(instance_id, refusal), refusal.status
    flash(_("已重试。"), "success")
    return redirect(url_for("administration.incidents"), 303)


@blueprint.post("/cases/<instance_id>/resume")
@require(AdminRole.SYSTEM)
def resume_case(instance_id: str) -> Any:
    """恢复 a suspended case."""

    def give(given: Command) -> dict[str, Any]:
        operations.resume(given, instance_id, typed("reason", LONGEST_REASON))
        return {}

    _answer, refusal = posted(give)
    if refusal is not None:
        flash(commands.refused(refusal), "error")
    else:
        flash(_("案件已恢复。"), "success")
    return redirect(url_for("administration.suspended"), 303)


def state_words() -> dict[str, str]:
    """The states of a job, in words."""
    return {"failed": _("已失败"), "due": _("待执行"), "leased": _("执行中")}


def kind_words() -> dict[str, str]:
    """What jobs do, in words."""
    return {
        "service": _("服务任务"),
        "detached": _("附带的服务任务"),
        "timer": _("定时"),
        "message": _("消息"),
        "signal": _("信号"),
        "start": _("定时启动"),
        "parked": _("挂起期间收到"),
    }


def _tabs(active: str) -> list[dict[str, Any]]:
    entries = (
        ("incidents", _("事件"), _count(Incident, Incident.resolved_at.is_(None))),
        ("jobs", _("后台工作"), None),
        ("suspended", _("挂起的案件"), _count(Instance, Instance.status == "suspended")),
    )
    return [
        {"label": label, "count": count, "url": url_for(f"administration.{key}"), "active": key == active}
        for key, label, count in entries
    ]


def _count(model: type[Any], *which: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*which)) or 0


def _may_act() -> bool:
    return me().admin_role == AdminRole.SYSTEM


def _case(instance: Instance | None, definition: Definition | None) -> dict[str, Any]:
    """A case in short, with the page of its document."""
    if instance is None or definition is None:
        return {"case": "", "process": "", "about": "", "url": None}
    document = db.session.get(Document, instance.business_key) if instance.business_key else None
    return {
        "case": instance.id,
        "process": told(definition.name),
        "about": (document.project_name or told(document.TITLE))
        if document is not None
        else instance.business_key or "",
        "url": addresses.of_document(document) if document is not None else None,
        "started": wording.moment(instance.started_at),
    }


def element_name(definition: Definition | None, element_id: str | None) -> str:
    """What an element is called in its diagram, in the reader's language; what it is, with its id, where it has no
    name."""
    if definition is None or element_id is None:
        return element_id or ""
    node = nodes_of(runtime().engine, db.session(), definition.id).get(element_id)
    if node is None:
        return element_id
    is_named = node.name not in ("", element_id)
    return told(node.name) if is_named else people.beside(_what(node), element_id)


def _what(node: Node) -> str:
    if node.kind.endswith("Gateway"):
        return _("网关")
    return _("事件") if node.kind.endswith("Event") else _("步骤")


def _incident(
    incident: Incident, instance: Instance | None, definition: Definition | None, job: Job | None
) -> dict[str, Any]:
    act_url = None
    if job is not None:
        act_url = url_for("administration.job", job_id=job.id)
    elif instance is not None and _may_act():
        act_url = url_for("administration.case", instance_id=instance.id)
    return _case(instance, definition) | {
        "element": element_name(definition, incident.element_id),
        "message": told(incident.message),
        "code": incident.code,
        "at": wording.moment(incident.created_at),
        "attempts": job.attempts if job is not None else None,
        "job": job.id if job is not None else None,
        "act_url": act_url,
    }


def _job(job: Job, instance: Instance | None, definition: Definition | None) -> dict[str, Any]:
    return _case(instance, definition) | {
        "job": job.id,
        "job_url": url_for("administration.job", job_id=job.id),
        "kind": kind_words().get(job.kind, job.kind),
        "service": _service_name(job.payload.get("operator", "")),
        "element": element_name(definition, job.element_id),
        "due": wording.moment(job.due_at),
        "attempts": job.attempts,
        "error": told(job.last_error),
    }


def _service_name(operator: str) -> str:
    """What a service task is called in the catalogue; its id where it is not, or no longer, registered."""
    service = runtime().engine.services.get(operator)
    return told(service.title) if service is not None and service.title else operator


def _job_of(job_id: str) -> Job:
    found = db.session.get(Job, job_id)
    if found is None:
        raise CommandRefused("job_unknown", _("没有这项后台工作，或者它已经完成。"), status=404)
    return found


def _job_page(job: Job, refusal: CommandRefused | None) -> str:
    instance = db.session.get(Instance, job.instance_id) if job.instance_id else None
    definition = db.session.get(Definition, instance.definition_id) if instance is not None else None
    arguments = job.payload.get("arguments", {})
    return render_template(
        "admin/job.html",
        job=_job(job, instance, definition) | {"state": state_words().get(job.state, job.state)},
        form=form(refusal),
        arguments=[
            {"name": f"argument.{name}", "label": name, "value": request.form.get(f"argument.{name}", _text(value))}
            for name, value in arguments.items()
        ],
        reason=typed("reason"),
        longest_reason=LONGEST_REASON,
        may_retry=_may_act() and job.state == "failed",
        may_skip=_may_act(),
        post_url=url_for("administration.decide_job", job_id=job.id),
    )


def _arguments(job: Job) -> dict[str, Any] | None:
    """The arguments that were changed on the page; None where none was."""
    changed = {}
    for name, value in job.payload.get("arguments", {}).items():
        given = request.form.get(f"argument.{name}")
        if given is not None and given.strip() != _text(value):
            changed[name] = _value(name, given)
    return changed or None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _value(name: str, text: str) -> Any:
    try:
        return values.from_json(json.loads(text))
    except (ValueError, ValueRefused):
        message = _('「%(name)s」不是 JSON：文字要加双引号，例如 "A07"。', name=name)
        raise CommandRefused("value_unreadable", message, status=422) from None


def _values(text: str) -> dict[str, Any]:
    read = _value(_("变量"), text)
    if not isinstance(read, dict):
        raise CommandRefused("value_unreadable", _('变量应为 JSON 对象，例如 {"agency": "A07"}。'), status=422)
    return read


def _case_page(instance_id: str, refusal: CommandRefused | None) -> str:
    instance = db.session.get(Instance, instance_id)
    if instance is None:
        raise CommandRefused("instance_unknown", _("没有这个案件。"), status=404)
    open_ones = (Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
    definition = db.session.get(Definition, instance.definition_id)
    return render_template(
        "admin/case_retry.html",
        case=_case(instance, definition),
        incidents=[
            {
                "element": element_name(definition, found.element_id),
                "message": told(found.message),
                "at": wording.moment(found.created_at),
            }
            for found in db.session.scalars(select(Incident).where(*open_ones).order_by(Incident.id))
        ],
        form=form(refusal),
        data=typed("data"),
        post_url=url_for("administration.retry_case", instance_id=instance.id),
    )
