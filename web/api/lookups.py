"""Lists that forms search in."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields

from records.agencies import Agency, approving_agencies, filing_agencies
from records.calendar import local_date
from records.industry import search_classes
from records.policies import PolicyKind, edition_in_force, entries
from records.regions import full_name
from web.api.documents import LookupAnswer
from web.api.schemas import Strict
from web.database import db
from web.identity import require
from web.runtime import runtime

blueprint = Blueprint("lookups", __name__, description="Lists that forms search in")

MOST = 30


class Search(Strict):
    q = fields.String(load_default="")


class PolicySearch(Search):
    kind = fields.Enum(PolicyKind, by_value=True, required=True)


@blueprint.route("/lookups/agencies")
class Agencies(MethodView):
    @require()
    @blueprint.arguments(Search, location="query")
    @blueprint.response(200, LookupAnswer)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Agencies that may file, by a part of their name, or the one of an id."""
        found = [a for a in filing_agencies(db.session()) if _is_meant(a, query["q"])]
        return _items((a.id, a.name, {2: "市级", 3: "县（区）级"}.get(a.level, "")) for a in found[:MOST])


@blueprint.route("/lookups/approving-agencies")
class ApprovingAgencies(MethodView):
    @require()
    @blueprint.arguments(Search, location="query")
    @blueprint.response(200, LookupAnswer)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Agencies that approve (R22, R37): cities and zones entrusted by the province."""
        session = db.session()
        found = [a for a in approving_agencies(session) if _is_meant(a, query["q"])]
        return _items((a.id, a.name, full_name(session, a.region)) for a in found[:MOST])


@blueprint.route("/lookups/industry-classes")
class IndustryClasses(MethodView):
    @require()
    @blueprint.arguments(Search, location="query")
    @blueprint.response(200, LookupAnswer)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Classes of GB/T 4754 by code or name (R116)."""
        found = search_classes(db.session(), query["q"], MOST)
        return _items((c.code, f"{c.code} {c.name}", f"门类 {c.section}") for c in found)


@blueprint.route("/lookups/policy-entries")
class PolicyEntries(MethodView):
    @require()
    @blueprint.arguments(PolicySearch, location="query")
    @blueprint.response(200, LookupAnswer)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Entries of a policy list in the edition in force today, by a part of code or title."""
        session = db.session()
        edition = edition_in_force(session, query["kind"], local_date(runtime().engine.clock.now()))
        if edition is None:
            return {"items": []}
        found = [e for e in entries(session, query["kind"], edition.edition) if query["q"] in f"{e.code} {e.title}"]
        return _items((e.code, e.title, e.category or "") for e in found[:MOST])


def _is_meant(agency: Agency, query: str) -> bool:
    return query in agency.name or query == agency.id


def _items(rows: Any) -> dict[str, Any]:
    return {"items": [{"value": value, "label": label, "hint": hint} for value, label, hint in rows]}
