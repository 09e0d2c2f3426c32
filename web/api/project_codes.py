"""校验 of a project code: what the provincial platform says of it, for whatever tells of a project (R98 to R101)."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields

from engine.errors import BusinessRefusal
from records.projects import Project
from records.regions import full_name
from records.users import UserKind
from tasks.adapters import adapters
from tasks.filings.examination import Examination
from tasks.filings.findings import Finding
from tasks.filings.verification import verify
from web.api.access import own
from web.api.documents import PlatformView
from web.api.schemas import Strict
from web.database import db
from web.identity import me, require

_P = TypeVar("_P", bound=Project)


class VerifyBody(Strict):
    project_code = fields.String(required=True)


def route_code(
    blueprint: Blueprint, path: str, kind: type[_P], examine: Callable[[_P, dict[str, Any]], Examination]
) -> None:
    """Give a kind of project the route `verify-code` below a path such as /filings."""

    @blueprint.route(f"{path}/<document_id>/verify-code")
    class VerifyCode(MethodView):
        @require(UserKind.ENTERPRISE)
        @blueprint.arguments(VerifyBody)
        @blueprint.response(200, PlatformView)
        def post(self, body: dict[str, Any], document_id: str) -> dict[str, Any]:
            """校验: what the provincial platform says of a project code (R98 to R101)."""
            project = own(kind, document_id, me())
            form = {"project_code": body["project_code"]}
            verification = verify(form, project.enterprise.uscc, adapters().platform(db.session()))
            if verification.answer is None:
                found = examine(project, form).errors
                raise _code_refused([finding for finding in found if finding.field == "project_code"])
            if verification.findings:
                raise _code_refused(verification.findings)
            answer = verification.answer
            return {
                "found": answer.found,
                "name": answer.name,
                "place": answer.place,
                "region": answer.region,
                "region_name": full_name(db.session(), answer.region),
                "status": answer.status,
            }


def _code_refused(found: list[Finding]) -> BusinessRefusal:
    return BusinessRefusal(found, code="project_code_refused", message=found[0].message)
