"""导出: the button below a list, and the page that tells how far a long export is."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from records.exports import Export
from records.selection import selected
from records.users import UserKind
from web.database import db
from web.identity import me, require
from web.pages import exports, lists, wording
from web.pages.columns import LISTINGS
from web.reach import Reach
from web.runtime import command, runtime
from web.spreadsheets import MIMETYPES, XLSX
from web.texts import gettext as _
from web.texts import language

blueprint = Blueprint("exports", __name__, url_prefix="/office/exports")

_MOST_SHOWN = 20


@blueprint.post("/<any(projects, certificates, enterprises):listing>")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def begin(listing: str) -> Any:
    """Export what the form asks for, all of it: a short list is the answer, a long one becomes a job."""
    user, session = me(), db.session()
    form = request.form.get("form", XLSX)
    if form not in MIMETYPES:
        raise NotFound
    chosen = selected(request.form)
    total = lists.count(session, LISTINGS[listing].query(session, user, chosen))
    if total > exports.AT_ONCE:
        with command(user.username) as given:
            asked = exports.begin(given, me(), listing, form, language(), chosen, total).id
        return redirect(url_for("exports.page", export_id=asked), 303)
    table = exports.sheet(session, user, listing, chosen)
    return attachment(form, exports.file_name(listing, form, _today()), exports.stream(form, [table]))


@blueprint.get("/<export_id>")
@require(UserKind.AUTHORITY, UserKind.ADMIN, reach=Reach.OWN)
def page(export_id: str) -> str:
    """How far an export is; the page asks again by itself until it is done."""
    export = _own(export_id)
    others = select(Export).where(Export.asked_by == me().username).order_by(Export.asked_at.desc()).limit(_MOST_SHOWN)
    return render_template(
        "office/export.html",
        export=_shown(export),
        others=[_shown(other) for other in db.session.scalars(others) if other.id != export.id],
    )


@blueprint.get("/<export_id>/file")
@require(UserKind.AUTHORITY, UserKind.ADMIN, reach=Reach.OWN)
def file(export_id: str) -> Response:
    """The file, to whoever asked for it."""
    export = _own(export_id)
    place = exports.path_of(export)
    if export.finished_at is None or not place.exists():
        raise NotFound
    name = exports.file_name(export.listing, export.form, wording.day(export.asked_at))
    return send_file(place, mimetype=MIMETYPES[export.form], as_attachment=True, download_name=name)


def attachment(form: str, name: str, chunks: Any) -> Response:
    """A file that is written while it is sent."""
    answer = Response(chunks, mimetype=MIMETYPES[form])
    # A header has Latin letters only: a name of others goes as RFC 5987 writes it, which Werkzeug leaves to callers.
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _own(export_id: str) -> Export:
    export = db.session.get(Export, export_id)
    if export is None or export.asked_by != me().username:
        raise NotFound
    return export


def _shown(export: Export) -> dict[str, Any]:
    done = export.finished_at is not None
    asked: dict[str, Any] = dict(export.asked)
    return {
        "url": url_for("exports.page", export_id=export.id),
        "title": LISTINGS[export.listing].title(),
        "form": export.form.upper(),
        "asked_at": wording.moment(export.asked_at),
        "written": export.written,
        "total": export.total,
        "percent": min(99, export.written * 100 // max(1, export.total)) if not done else 100,
        "done": done,
        "failed": not done and exports.has_failed(db.session(), export),
        "file_url": url_for("exports.file", export_id=export.id) if done and exports.path_of(export).exists() else None,
        "back_url": url_for(f"office.{export.listing}", **asked),
        "kept": _("文件保留 %(n)s 天", n=exports.KEPT.days),
    }


def _today() -> str:
    return wording.day(runtime().engine.clock.now())
