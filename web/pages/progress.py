"""项目进展: the list of filed and approved projects, and the form in which an enterprise tells of one."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from marshmallow import ValidationError
from sqlalchemy import ColumnElement, Select, and_, select, true

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from records.certificates import CertificateStatus, Clearance
from records.enterprises import Enterprise
from records.jurisdiction import in_sight
from records.progress import LONGEST_NOTE, Progress
from records.projects import Project
from records.roles import OVERSEEING
from records.users import User, UserKind
from tasks import progress as telling
from tasks.filings.findings import Finding
from tasks.progress_form import ProgressForm
from web.api.certificates import visible_clearance
from web.api.problems import complaints
from web.api.progress import may_tell, progress_view, today
from web.database import db
from web.identity import me, require
from web.pages import choosing, clearances, commands, lists, wording
from web.pages.enterprise import blueprint
from web.pages.public import invalid_reasons
from web.texts import gettext as _
from web.texts import sentences

_LINE = ("year", "invested", "stage")


@blueprint.get("/progress")
@require(UserKind.ENTERPRISE, UserKind.AUTHORITY, *OVERSEEING)
def progress() -> str:
    """项目进展 (R147): every filed or approved project with what was told of it."""
    user = me()
    chosen = request.args.get("show", "")
    kinds = _narrowings()
    query = _projects(user).where(kinds[chosen][1] if chosen in kinds else true())
    fields = [
        choosing.Field("name", _("项目名称"), Project.project_name),
        choosing.Field("number", _("编号"), Clearance.number),
        choosing.Field("enterprise", _("企业名称"), Enterprise.name),
    ]
    query = choosing.narrowed(query, fields)
    found = lists.part(db.session(), query.order_by(Clearance.issue_date.desc(), Clearance.number.desc()))
    return render_template(
        "enterprise/progress.html",
        fields=choosing.shown(fields),
        shows=[{"value": name, "label": label, "selected": name == chosen} for name, (label, _c) in kinds.items()],
        filtered=chosen in kinds or choosing.is_narrowed(fields),
        advanced=chosen in kinds or bool(choosing.typed("enterprise")),
        page=found.foot,
        rows=[_row(user, *row) for row in found.rows],
    )


@blueprint.get("/certificates/<number>/progress")
@require()
def progress_of(number: str) -> str:
    """项目进展填报; for whoever may not tell anything, what was told."""
    certificate = visible_clearance(number, me())
    view = progress_view(certificate, me())
    return _page(certificate, view, _texts(view))


@blueprint.post("/certificates/<number>/progress")
@require(UserKind.ENTERPRISE)
def tell_progress(number: str) -> Any:
    """Save what was told. What is refused is shown again as it was typed, each complaint beside its field."""
    certificate = visible_clearance(number, me())
    typed = _typed()
    if "add" in request.form:
        typed["annual_reports"].append(dict.fromkeys(_LINE, ""))
        return _page(certificate, progress_view(certificate, me()), typed)
    try:
        report = ProgressForm().load(typed)
    except ValidationError as invalid:
        return _page(certificate, progress_view(certificate, me()), typed, _complaints(invalid.messages)), 422

    def act(given: Command) -> dict[str, Any]:
        telling.tell(given, visible_clearance(number, me()), report)
        return {"message": _("“%(name)s”的项目进展已提交。", name=_name(certificate))}

    try:
        flash(commands.give(act)["message"], "success")
    except BusinessRefusal as refusal:
        errors = [error for error in refusal.errors if isinstance(error, Finding)]
        return _page(certificate, progress_view(certificate, me()), typed, errors), 422
    except CommandRefused as refusal:
        if refusal.status != 409:
            raise
        view = progress_view(certificate, me())
        return _page(certificate, view, typed, conflict=commands.refused(refusal)), 409
    return redirect(url_for("enterprise.progress_of", number=number), 303)


def _page(
    certificate: Clearance,
    view: dict[str, Any],
    typed: dict[str, Any],
    errors: list[Finding] | None = None,
    *,
    conflict: str = "",
) -> str:
    user = me()
    project = db.session.get_one(Project, certificate.project_id)
    found = complaints(errors or ())
    return render_template(
        "enterprise/progress_form.html",
        project={
            "title": _("项目进展填报") if view["editable"] else _("项目进展"),
            "name": view["project_name"],
            "enterprise": project.enterprise.name if user.kind != UserKind.ENTERPRISE else "",
            "status": certificate.status,
            "reason": invalid_reasons().get(certificate.invalid_reason or "", ""),
            "completed": view["completion_date"] is not None,
            "facts": _facts(certificate, project),
        },
        held=clearances.spoken(certificate.number),
        editable=view["editable"],
        today=wording.day(today()),
        issued=wording.day(certificate.issue_date),
        start_help=sentences(_("填写实际的开工时间"), _validity(certificate, view)),
        report=typed,
        invested=wording.amount(telling.invested([telling.YearTold(**line) for line in view["annual_reports"]])),
        total=wording.amount(project.form.get("money", {}).get("total")),
        longest_note=LONGEST_NOTE,
        errors={error["field"]: error for error in reversed(found)},
        summary=[{"target": _target(error["field"]), "text": error["message"]} for error in found],
        warnings=[_("%(message)s（%(detail)s）", **finding) for finding in view["warnings"]],
        conflict=conflict,
        updated=wording.moment(view["updated_at"]),
        command_id=commands.fresh(),
    )


def _facts(certificate: Clearance, project: Project) -> list[dict[str, Any]]:
    form = project.form
    return [
        {"label": _("计划开工时间"), "value": form.get("planned_start")},
        {"label": _("计划竣工时间"), "value": form.get("planned_completion")},
        {"label": _("签发日期"), "value": wording.day(certificate.issue_date)},
        {"label": _("有效期至"), "value": wording.day(certificate.valid_until) or _("长期有效")},
    ]


def _validity(certificate: Clearance, view: dict[str, Any]) -> str:
    """What the start date means for the certificate or reply now."""
    if not view["editable"]:
        return ""
    until, paper = wording.day(certificate.dated_until), clearances.noun(certificate)
    if view["start_date"] is None:
        return _("在有效期内（至 %(until)s）填报开工时间并提交，%(paper)s将长期有效。", until=until, paper=paper)
    if today() > certificate.dated_until:
        return _("%(paper)s原有效期（至 %(until)s）已过，开工时间可以更正，不能清除。", until=until, paper=paper)
    return _("误填的可以清除后提交；%(paper)s仍按原有效期（至 %(until)s）计算。", until=until, paper=paper)


def _texts(view: dict[str, Any]) -> dict[str, Any]:
    """What was told, as the form's fields hold it."""
    return {
        "start_date": wording.day(view["start_date"]),
        "completion_date": wording.day(view["completion_date"]),
        "completion_note": view["completion_note"],
        "annual_reports": [{name: str(line[name]) for name in _LINE} for line in view["annual_reports"]],
        "revision": str(view["revision"]),
    }


def _typed() -> dict[str, Any]:
    """The posted form. A line in which nothing stands is none."""
    form = request.form
    lines = zip(*(form.getlist(name) for name in _LINE), strict=False)
    return {
        "start_date": form.get("start_date", ""),
        "completion_date": form.get("completion_date", ""),
        # Browsers send line ends as two characters, and count them as one.
        "completion_note": form.get("completion_note", "").replace("\r\n", "\n"),
        "annual_reports": [
            {name: text.strip() for name, text in zip(_LINE, line, strict=True)} for line in lines if any(line)
        ],
        "revision": form.get("revision") or None,
    }


def _complaints(messages: Any, path: str = "") -> list[Finding]:
    """marshmallow's nested complaints as findings."""
    if isinstance(messages, dict):
        inner = (_complaints(below, f"{path}.{name}" if path else str(name)) for name, below in messages.items())
        return [finding for found in inner for finding in found]
    return [Finding(path, "shape", message) for message in messages]


def _target(field: str) -> str:
    """The id of the control that a complaint is about."""
    return field.replace(".", "-")


def _projects(user: User) -> Select[Clearance, Project, Enterprise, Progress]:
    """Every filed or approved project that a user may look at."""
    query = (
        select(Clearance, Project, Enterprise, Progress)
        .join(Project, Project.id == Clearance.project_id)
        .join(Enterprise, Enterprise.id == Clearance.enterprise_id)
        .outerjoin(Progress, Progress.certificate_number == Clearance.number)
    )
    return query.where(in_sight(user, enterprise=Clearance.enterprise_id, agency=Clearance.agency_id))


def _narrowings() -> dict[str, tuple[str, ColumnElement[bool]]]:
    """填报情况, as the advanced search offers it."""
    live = Clearance.status != CertificateStatus.INVALID.value
    return {
        "unstarted": (_("未填报开工时间"), and_(live, Progress.start_date.is_(None))),
        "building": (_("建设中"), and_(live, Progress.start_date.is_not(None), Progress.completion_date.is_(None))),
        "completed": (_("已完工"), Progress.completion_date.is_not(None)),
        "invalid": (_("已失效"), ~live),
    }


def _row(
    user: User, certificate: Clearance, project: Project, enterprise: Enterprise, progress: Progress | None
) -> dict[str, Any]:
    years = [report.year for report in progress.reports] if progress else []
    return {
        "url": url_for("enterprise.progress_of", number=certificate.number),
        "name": project.project_name,
        "number": certificate.number,
        "enterprise": enterprise.name if user.kind != UserKind.ENTERPRISE else "",
        "status": certificate.status,
        "start": wording.day(progress.start_date) if progress else "",
        "years": _("、").join(_("%(year)s年度", year=year) for year in years),
        "completion": wording.day(progress.completion_date) if progress else "",
        "may_tell": may_tell(certificate, user),
    }


def _name(certificate: Clearance) -> str:
    return db.session.get_one(Project, certificate.project_id).project_name or _("未命名项目")
