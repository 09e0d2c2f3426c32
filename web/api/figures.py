"""What lies in somebody's jurisdiction over REST: projects, enterprises, statistics; and search for everybody."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from engine.inbox import bad_cursor
from records import listings, search
from records.calendar import local_date
from records.certificates import CertificateStatus, InvalidReason
from records.documents import DocumentStatus
from records.figures import MONEY, ten_thousands
from records.formats import amount_text
from records.listings import place, years
from records.masking import mask_person
from records.selection import INVESTMENTS, Only, Progress, Selection
from records.statistics import Dimension, Measures, measure
from records.users import UserKind
from web.api.schemas import Paging, Strict, page_of
from web.database import db
from web.identity import me, require
from web.runtime import runtime

blueprint = Blueprint("figures", __name__, description="项目管理、企业管理、查询统计、搜索")

_FOUND = 10
_STATUSES = [*DocumentStatus, *CertificateStatus, *InvalidReason]


class SelectionQuery(Strict):
    """Which projects; what is left out narrows nothing."""

    region = fields.String(metadata={"description": "GB/T 2260: a city or a district"})
    agency = fields.String()
    industry = fields.String(metadata={"description": "GB/T 4754: two or four digits"})
    investment = fields.String(validate=validate.OneOf([*INVESTMENTS]))
    status = fields.String(
        validate=validate.OneOf(_STATUSES), metadata={"description": "of the document or certificate, or why invalid"}
    )
    progress = fields.String(validate=validate.OneOf([*Progress]))
    part = fields.String(data_key="only", attribute="only", validate=validate.OneOf([*Only]))
    issued_from = fields.Date()
    issued_to = fields.Date()
    submitted_from = fields.Date()
    submitted_to = fields.Date()


class ProjectsQuery(Paging, SelectionQuery):
    q = fields.String(validate=validate.Length(2, 100))


class EnterprisesQuery(Paging, Strict):
    q = fields.String(validate=validate.Length(2, 100))
    region = fields.String()
    economic = fields.String(metadata={"description": "how its 经济类型 begins: 173"})


class StatisticsQuery(SelectionQuery):
    by = fields.String(load_default=Dimension.REGION.value, validate=validate.OneOf([*Dimension]))


class SearchQuery(Strict):
    q = fields.String(required=True, validate=validate.Length(2, 100))


class ProjectLine(Schema):
    id = fields.String()
    kind = fields.String(metadata={"description": "filing or approval"})
    project_name = fields.String(allow_none=True)
    project_code = fields.String(allow_none=True)
    status = fields.String()
    enterprise = fields.String()
    agency = fields.String(allow_none=True)
    place = fields.String()
    total = fields.String(metadata={"description": "万元"})
    submitted_at = fields.AwareDateTime()
    certificate = fields.String(allow_none=True)
    certificate_status = fields.String(allow_none=True)
    issue_date = fields.Date(allow_none=True)
    started_on = fields.Date(allow_none=True)
    years = fields.String(metadata={"description": "of which a report was made"})
    completed_on = fields.Date(allow_none=True)


ProjectPage = page_of(ProjectLine)


class EnterpriseLine(Schema):
    id = fields.String()
    name = fields.String()
    uscc = fields.String()
    economic_type = fields.String()
    place = fields.String()
    legal_rep = fields.String(metadata={"description": "masked"})
    contact = fields.String(metadata={"description": "masked"})


EnterprisePage = page_of(EnterpriseLine)


class MeasuresAnswer(Schema):
    filings = fields.Integer()
    total = fields.String(metadata={"description": "万元, as the other amounts"})
    own_funds = fields.String()
    domestic_loan = fields.String()
    stock_bond = fields.String()
    other_funds = fields.String()
    jobs_construction = fields.Integer()
    jobs_operation = fields.Integer()
    measured = fields.Integer(metadata={"description": "filings whose working days are known"})
    average_days = fields.Float(allow_none=True, metadata={"description": "working days"})
    on_time = fields.Float(allow_none=True, metadata={"description": "a share, 0 to 1"})
    late = fields.Integer()
    returned = fields.Integer()
    started = fields.Integer()
    completed = fields.Integer()


class MeasuresLine(MeasuresAnswer):
    key = fields.String(metadata={"description": "a region's code, an agency's id, a month as 202111 …"})


class StatisticsAnswer(Schema):
    at = fields.AwareDateTime()
    by = fields.String()
    items = fields.List(fields.Nested(MeasuresLine))
    whole = fields.Nested(MeasuresAnswer)


class FoundProject(Schema):
    id = fields.String()
    kind = fields.String()
    name = fields.String(allow_none=True, attribute="project_name")
    code = fields.String(allow_none=True, attribute="project_code")
    status = fields.String()


class FoundCertificate(Schema):
    id = fields.String(attribute="number")
    name = fields.String(allow_none=True, attribute="snapshot.project_name")


class FoundEnterprise(Schema):
    id = fields.String()
    name = fields.String()


class SearchAnswer(Schema):
    projects = fields.List(fields.Nested(FoundProject))
    certificates = fields.List(fields.Nested(FoundCertificate))
    enterprises = fields.List(fields.Nested(FoundEnterprise))


@blueprint.route("/projects")
class Projects(MethodView):
    @require(UserKind.AUTHORITY, UserKind.ADMIN)
    @blueprint.arguments(ProjectsQuery, location="query")
    @blueprint.response(200, ProjectPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """项目管理: what was submitted in the jurisdiction of whoever asks, the latest first."""
        return _page(query, listings.projects, listings.projects_after, _project)


@blueprint.route("/enterprises")
class Enterprises(MethodView):
    @require(UserKind.AUTHORITY, UserKind.ADMIN)
    @blueprint.arguments(EnterprisesQuery, location="query")
    @blueprint.response(200, EnterprisePage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """企业管理: who has filed in the jurisdiction of whoever asks, by name."""
        return _page(query, listings.enterprises, listings.enterprises_after, _enterprise)


@blueprint.route("/statistics")
class Statistics(MethodView):
    @require(UserKind.AUTHORITY, UserKind.ADMIN)
    @blueprint.arguments(StatisticsQuery, location="query")
    @blueprint.response(200, StatisticsAnswer)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """查询统计: certified projects by their day of issue, as they are now; of this year where no day is named."""
        now, by = runtime().engine.clock.now(), Dimension(query.pop("by"))
        chosen = Selection(**query).with_period(local_date(now))
        lines = measure(db.session(), me(), chosen, [by])[by]
        return {
            "at": now,
            "by": by.value,
            "items": [{"key": line.key, **_measures(line.measures)} for line in lines],
            "whole": _measures(_sum(lines)),
        }


@blueprint.route("/search")
class Search(MethodView):
    @require()
    @blueprint.arguments(SearchQuery, location="query")
    @blueprint.response(200, SearchAnswer)
    def get(self, query: dict[str, Any]) -> search.Found:
        """The first of what is called so, or whose code or number begins so, and may be looked at."""
        return search.find(db.session(), me(), query["q"].strip(), limit=_FOUND)


def _page(query: dict[str, Any], listing: listings.Query, after: listings.After, line: Any) -> dict[str, Any]:
    limit, cursor = query.pop("limit"), query.pop("cursor", None)
    session = db.session()
    rows = listing(session, me(), Selection(**query))
    if cursor is not None:
        following = after(session, cursor)
        if following is None:
            raise bad_cursor()
        rows = rows.where(following)
    found = list(session.execute(rows.limit(limit + 1)))
    shown = found[:limit]
    return {"items": [line(row) for row in shown], "next": shown[-1].id if len(found) > limit else None}


def _project(row: Any) -> dict[str, Any]:
    return {
        **row._asdict(),
        "place": place(row),
        "total": amount_text(ten_thousands(row.total)),
        "certificate": row.certificate_number,
        "years": years(row),
    }


def _enterprise(row: Any) -> dict[str, Any]:
    people = {name: mask_person(getattr(row, name)).get("name", "") for name in ("legal_rep", "contact")}
    return {**row._asdict(), "place": place(row), **people}


def _measures(told: Measures) -> dict[str, Any]:
    return {
        **told.__dict__,
        **{name: amount_text(ten_thousands(getattr(told, name))) for name in MONEY},
        "average_days": told.average_days,
        "on_time": told.on_time,
    }


def _sum(lines: Any) -> Measures:
    return sum((line.measures for line in lines), Measures())
