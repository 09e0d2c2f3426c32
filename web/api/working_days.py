"""The calendar 工作日历 over the REST interface: reading a year, changing a day, publishing a year from a CSV file."""

from datetime import date
from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import CommandRefused
from engine.phrases import Phrase
from records.calendar import Calendar, DaySource, year_days
from records.roles import AdminRole
from tasks import working_days
from web.api.idempotency import once
from web.api.problems import complaints
from web.api.schemas import ProblemLine, Strict
from web.database import db
from web.identity import require

blueprint = Blueprint("working_days", __name__, description="工作日历")

FIRST_YEAR = 1900


class Day(Schema):
    day = fields.Date()
    is_workday = fields.Boolean()
    provisional = fields.Boolean(metadata={"description": "worked out, because the year is not published"})


class YearAnswer(Schema):
    year = fields.Integer()
    published = fields.Boolean()
    days = fields.List(fields.Nested(Day))


class DayBody(Strict):
    is_workday = fields.Boolean(required=True)


class Moved(Schema):
    deadlines = fields.Integer(metadata={"description": "how many deadlines moved"})


class Published(Moved):
    published = fields.Boolean()
    days = fields.Integer(metadata={"description": "days in the file"})
    problems = fields.List(fields.Nested(ProblemLine))


@blueprint.route("/calendar/<int:year>")
class Year(MethodView):
    @require()
    @blueprint.response(200, YearAnswer)
    def get(self, year: int) -> dict[str, Any]:
        """Every day of a year."""
        return {"year": year, "published": is_published(db.session(), year), "days": days_of(db.session(), year)}


@blueprint.route("/calendar/days/<day>")
class OneDay(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.arguments(DayBody)
    @blueprint.response(200, Moved)
    def put(self, body: dict[str, Any], day: str) -> Any:
        """Let a day be worked or not. Deadlines that rest on it move."""
        return once(lambda given: {"deadlines": working_days.mark(given, day_of(day), body["is_workday"])}, Moved())


@blueprint.route("/calendar/<int:year>/publish")
class Publish(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.response(200, Published)
    def post(self, year: int) -> Any:
        """Publish a year: from a CSV file (multipart field `file`: 日期, 安排, 说明), without one as it is marked. With
        `?dry_run=true` nothing is done. 422 where the file has problems, which `dry_run` lists."""
        file = request.files.get("file")
        told = working_days.read_year(file.filename or "", file.read(), valid_year(year)) if file is not None else None
        if "dry_run" in request.args:
            problems = complaints(told.problems) if told is not None else []
            count = len(told.days) if told is not None else 0
            return {"deadlines": 0, "published": False, "days": count, "problems": problems}

        def give(given: Command) -> dict[str, Any]:
            moved = working_days.publish(given, year, told)
            return {"deadlines": moved, "published": True, "days": len(told.days) if told else 0, "problems": []}

        return once(give, Published())


def days_of(session: Session, year: int) -> list[dict[str, Any]]:
    """Every day of a year as the interface shows it."""
    calendar = Calendar(session)
    found = {day: calendar.day(day) for day in year_days(valid_year(year))}
    return [
        {"day": day, "is_workday": known.is_workday, "provisional": known.source != DaySource.PUBLISHED}
        for day, known in found.items()
    ]


def is_published(session: Session, year: int) -> bool:
    """Whether a year is published."""
    return working_days.is_published(session, valid_year(year))


def valid_year(year: int) -> int:
    """The year. Raises CommandRefused 404 for one that no calendar has."""
    if not FIRST_YEAR <= year <= date.max.year - 1:
        raise CommandRefused("year_unknown", "没有这一年的日历。", status=404)
    return year


def day_of(text: str) -> date:
    """A day of an address. Raises CommandRefused 404 for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandRefused(
            "day_unknown", Phrase("“{text}”不是日期。", text=text), status=404, remedy="写成 2021-10-26 的样子。"
        ) from None
