"""项目进展 over the REST interface: what an enterprise tells of a filed or approved project, and reading it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from engine.commands import Command
from records.calendar import local_date
from records.certificates import CertificateStatus, Clearance
from records.formats import amount_text, parse_amount
from records.progress import Progress
from records.projects import Project
from records.users import User, UserKind
from tasks import progress as telling
from tasks.filings.findings import Finding
from tasks.progress_form import AnnualReportForm, ProgressForm
from web.api.approvals import reply_to
from web.api.certificates import visible_clearance
from web.api.documents import FindingAnswer
from web.api.idempotency import once
from web.api.problems import complaints
from web.database import db
from web.identity import me, require
from web.procedures import rules_of
from web.runtime import runtime

blueprint = Blueprint("progress", __name__, description="项目进展")


class ProgressAnswer(Schema):
    certificate = fields.String()
    status = fields.String(metadata={"description": "of the certificate"})
    project_name = fields.String()
    start_date = fields.Date(allow_none=True)
    completion_date = fields.Date(allow_none=True)
    completion_note = fields.String()
    annual_reports = fields.List(fields.Nested(AnnualReportForm))
    revision = fields.Integer(metadata={"description": "counts the saves; 0 before the first"})
    updated_at = fields.AwareDateTime(allow_none=True)
    editable = fields.Boolean(metadata={"description": "whether whoever asks may tell something now"})
    warnings = fields.List(fields.Nested(FindingAnswer))


@blueprint.route("/certificates/<number>/progress")
class CertificateProgress(MethodView):
    @require()
    @blueprint.response(200, ProgressAnswer)
    def get(self, number: str) -> dict[str, Any]:
        """What was told of a project, to its enterprise and its agency."""
        return progress_view(visible_clearance(number, me()), me())

    @require(UserKind.ENTERPRISE)
    @blueprint.arguments(ProgressForm)
    @blueprint.response(200, ProgressAnswer)
    def post(self, report: dict[str, Any], number: str) -> Any:
        """Tell of a project: everything at once, so that what is left out is cleared (R177).

        422 lists every rule that is broken; 409 an invalid certificate, or a `revision` that is no longer there.
        """
        return _told(lambda: visible_clearance(number, me()), report)


@blueprint.route("/approvals/<approval_id>/progress")
class ApprovalProgress(MethodView):
    @require()
    @blueprint.response(200, ProgressAnswer)
    def get(self, approval_id: str) -> dict[str, Any]:
        """What was told of an approved project, to its enterprise and its agency."""
        return progress_view(reply_to(approval_id, me()), me())

    @require(UserKind.ENTERPRISE)
    @blueprint.arguments(ProgressForm)
    @blueprint.response(200, ProgressAnswer)
    def post(self, report: dict[str, Any], approval_id: str) -> Any:
        """Tell of an approved project, as of a certified one."""
        return _told(lambda: reply_to(approval_id, me()), report)


def _told(find: Callable[[], Clearance], report: dict[str, Any]) -> Any:
    def give(given: Command) -> dict[str, Any]:
        held = find()
        telling.tell(given, held, report)
        return progress_view(held, me())

    return once(give, ProgressAnswer())


def progress_view(certificate: Clearance, user: User) -> dict[str, Any]:
    """What was told of a project; nothing yet is a report like any other."""
    progress = db.session.get(Progress, certificate.number)
    return {
        "certificate": certificate.number,
        "status": certificate.status,
        "project_name": db.session.get_one(Project, certificate.project_id).project_name,
        "start_date": progress.start_date if progress else None,
        "completion_date": progress.completion_date if progress else None,
        "completion_note": progress.completion_note if progress else "",
        "annual_reports": [
            {"year": report.year, "invested": amount_text(report.invested), "stage": report.stage}
            for report in (progress.reports if progress else ())
        ],
        "revision": progress.revision if progress else 0,
        "updated_at": progress.updated_at if progress else None,
        "editable": may_tell(certificate, user),
        "warnings": complaints(advice(certificate, progress)) if progress else [],
    }


def may_tell(certificate: Clearance, user: User) -> bool:
    """Whether a user may tell something of the certificate's project now."""
    own = user.kind == UserKind.ENTERPRISE and certificate.enterprise_id == user.enterprise_id
    return own and certificate.status != CertificateStatus.INVALID


def advice(certificate: Clearance, progress: Progress) -> list[Finding]:
    """What the rules of the newest deployment would have looked at again in what was told."""
    project = db.session.get_one(Project, certificate.project_id)
    report = telling.Report(
        start_date=progress.start_date,
        completion_date=progress.completion_date,
        completion_note=progress.completion_note,
        annual_reports=[telling.YearTold(r.year, amount_text(r.invested), r.stage) for r in progress.reports],
    )
    found = telling.examine(
        certificate,
        progress,
        report,
        parse_amount(project.form.get("money", {}).get("total")),
        today=today(),
        decide=rules_of(telling.PROCESS),
    )
    return [finding for finding in found if finding.severity == "warning"]


def today() -> date:
    return local_date(runtime().engine.clock.now())
