"""Policy editions 政策版本 over the REST interface: reading, changing their days, importing one from a CSV file."""

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from records.calendar import local_date
from records.policies import PolicyEdition, PolicyEntry, PolicyKind
from records.roles import AdminRole
from tasks import editions
from web.api import cursors
from web.api.idempotency import once
from web.api.problems import complaints
from web.api.schemas import Paging, ProblemLine, Strict, page_of
from web.database import db
from web.identity import require
from web.runtime import runtime

blueprint = Blueprint("editions", __name__, description="政策版本与目录导入")


class EditionLine(Schema):
    kind = fields.String()
    edition = fields.String()
    title = fields.String()
    effective_from = fields.Date()
    effective_to = fields.Date(allow_none=True)


class EditionBody(Strict):
    title = fields.String(required=True)
    effective_from = fields.Date(required=True)
    effective_to = fields.Date(load_default=None, allow_none=True)


class ImportQuery(Strict):
    kind = fields.Enum(PolicyKind, by_value=True, required=True)
    edition = fields.String(required=True)
    title = fields.String(required=True)
    effective_from = fields.Date(required=True)
    effective_to = fields.Date(load_default=None)
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what would happen"})


class ImportAnswer(Schema):
    imported = fields.Boolean()
    entries = fields.Integer()
    problems = fields.List(fields.Nested(ProblemLine))


class EntryQuery(Paging):
    q = fields.String(load_default="")


class EntryLine(Schema):
    code = fields.String()
    title = fields.String()
    category = fields.String()


EntryPage = page_of(EntryLine)


@blueprint.route("/editions")
class Editions(MethodView):
    @require()
    @blueprint.response(200, EditionLine(many=True))
    def get(self) -> list[PolicyEdition]:
        """Every edition, the newest of each list first."""
        order = (PolicyEdition.kind, PolicyEdition.effective_from.desc())
        return list(db.session.scalars(select(PolicyEdition).order_by(*order)))


@blueprint.route("/editions/import")
class Import(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(200, ImportAnswer)
    def post(self, query: dict[str, Any]) -> Any:
        """Import an edition from a CSV file (multipart field `file`: 代码, 条目, 类别), all or nothing: `problems`
        has each line that is refused."""
        dry_run = query.pop("dry_run")
        file = request.files.get("file")
        if file is None:
            raise CommandRefused("file_missing", "没有收到文件。", status=422, remedy="请在字段 file 中上传 CSV 文件。")
        heading = editions.Heading(**query)
        content = editions.read_content(file.filename or "", file.read(), heading.kind)
        told = {"imported": False, "entries": len(content.entries), "problems": complaints(content.problems)}
        if dry_run or content.problems:
            editions.require_fit(db.session(), heading, local_date(runtime().engine.clock.now()))
            return told

        def give(given: Command) -> dict[str, Any]:
            editions.take(given, heading, content)
            return told | {"imported": True}

        return once(give, ImportAnswer())


@blueprint.route("/editions/<kind>/<edition>")
class OneEdition(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(EditionBody)
    @blueprint.response(200, EditionLine)
    def put(self, body: dict[str, Any], kind: str, edition: str) -> Any:
        """Change what an edition is called and when it is in force."""

        def give(given: Command) -> PolicyEdition:
            found = edition_of(given.session, kind, edition)
            editions.change(given, found, body["title"], body["effective_from"], body["effective_to"])
            return found

        return once(give, EditionLine())


@blueprint.route("/editions/<kind>/<edition>/entries")
class Entries(MethodView):
    @require()
    @blueprint.arguments(EntryQuery, location="query")
    @blueprint.response(200, EntryPage)
    def get(self, query: dict[str, Any], kind: str, edition: str) -> dict[str, Any]:
        """The entries of an edition, by a part of code, text or category."""
        edition_of(db.session(), kind, edition)
        chosen = (PolicyEntry.kind == kind, PolicyEntry.edition == edition)
        every = select(PolicyEntry).where(*chosen)
        rows = every.order_by(PolicyEntry.code).limit(query["limit"] + 1)
        if text := query["q"].strip():
            columns = (PolicyEntry.code, PolicyEntry.title, PolicyEntry.category)
            rows = rows.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
        if "cursor" in query:
            rows = rows.where(PolicyEntry.code > cursors.among(every, PolicyEntry.code, query["cursor"]))
        found = list(db.session.scalars(rows))
        more = len(found) > query["limit"]
        shown = found[: query["limit"]]
        return {"items": shown, "next": shown[-1].code if more else None}


def edition_of(session: Session, kind: str, edition: str) -> PolicyEdition:
    """An edition. Raises CommandRefused 404 where there is none."""
    found = session.get(PolicyEdition, (kind, edition))
    if found is None:
        raise CommandRefused("edition_unknown", "没有这个政策版本。", status=404)
    return found
