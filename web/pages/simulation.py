"""The demo's stand-in for the provincial platform, where an enterprise changes name and place of its project (R129)."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from engine.errors import CommandRefused
from records.certificates import Clearance
from records.filings import Filing
from records.simulation import SimulatedProject
from records.users import UserKind
from tasks.adapters import adapters
from tasks.filings.examination import LONGEST_NAME
from web.api.certificates import visible_clearance
from web.database import db
from web.identity import me, require
from web.pages.enterprise import blueprint
from web.runtime import command, runtime
from web.texts import gettext as _

PLATFORM_URL = "https://www.gdtz.gov.cn/tybm/index.action"
"""The real one."""

LONGEST_PLACE = 200


def platform_url(held: Clearance) -> str:
    """Where name and place of a project are changed: in the demo on the stand-in."""
    if not runtime().settings.demo:
        return PLATFORM_URL
    return url_for("enterprise.platform_project", number=held.number)


@blueprint.get("/platform/<number>")
@require(UserKind.ENTERPRISE)
def platform_project(number: str) -> str:
    """A project as the simulated platform has it."""
    filing = _project(number)
    answer = adapters().platform(db.session()).verify(filing.project_code or "", filing.enterprise.uscc)
    if not answer.found:
        raise CommandRefused("project_unknown", _("平台上没有这个项目。"), status=404)
    return render_template(
        "enterprise/platform_project.html",
        number=number,
        code=filing.project_code,
        name=answer.name,
        place=answer.place,
        longest_name=LONGEST_NAME,
        longest_place=LONGEST_PLACE,
        back_url=url_for("enterprise.begin_change", number=number),
    )


@blueprint.post("/platform/<number>")
@require(UserKind.ENTERPRISE)
def change_platform_project(number: str) -> Any:
    """Change it there, at once: the simulated platform examines nothing."""
    filing = _project(number)
    name, place = (request.form.get(field, "").strip() for field in ("name", "place"))
    if not name or not place or len(name) > LONGEST_NAME or len(place) > LONGEST_PLACE:
        flash(_("请填写项目名称和建设地点。"), "error")
        return redirect(url_for("enterprise.platform_project", number=number), 303)
    with command(me().username) as given:
        given.session.merge(SimulatedProject(code=filing.project_code, name=name, place=place))
    flash(_("平台上的项目名称、建设地点已修改，请点击「同步」。"), "success")
    return redirect(url_for("enterprise.begin_change", number=number), 303)


def _project(number: str) -> Filing:
    if not runtime().settings.demo:
        raise NotFound
    return db.session.get_one(Filing, visible_clearance(number, me()).project_id)
