"""公告: the system's own notices (R57), written, published and withdrawn."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for

import tasks.bulletins
from engine.commands import Command
from engine.errors import CommandRefused
from records.announcements import Announcement
from records.roles import AdminRole
from web.api.bulletins import all_bulletins, bulletin_of
from web.database import db
from web.identity import require
from web.pages import lists, wording
from web.pages.administration import blueprint, form, posted, require_seen, typed
from web.texts import gettext as _

_FIELDS = ("title", "body", "publisher")
_PUBLISHER = "广东省工业和信息化厅"


@blueprint.get("/bulletins")
@require(AdminRole.SYSTEM)
def bulletins() -> str:
    """Every notice, the latest first."""
    found = lists.part(db.session(), all_bulletins())
    return render_template(
        "admin/bulletins.html",
        page=found.foot,
        new_url=url_for("administration.new_bulletin"),
        rows=[
            {
                "title": bulletin.title,
                "publisher": bulletin.agency_name,
                "public": bulletin.public,
                "day": wording.day(bulletin.published_at),
                "url": url_for("administration.edit_bulletin", bulletin_id=bulletin.id),
                "shown_url": url_for("public.announcement", item_id=bulletin.id) if bulletin.public else None,
            }
            for (bulletin,) in found.rows
        ],
    )


@blueprint.get("/bulletins/new")
@require(AdminRole.SYSTEM)
def new_bulletin() -> str:
    """新建公告: the form."""
    return _form(None, None)


@blueprint.get("/bulletins/<int:bulletin_id>")
@require(AdminRole.SYSTEM)
def edit_bulletin(bulletin_id: int) -> str:
    """修改公告: the form."""
    return _form(bulletin_of(db.session(), bulletin_id), None)


@blueprint.post("/bulletins/new")
@blueprint.post("/bulletins/<int:bulletin_id>")
@require(AdminRole.SYSTEM)
def store_bulletin(bulletin_id: int | None = None) -> Any:
    """Save a notice, and publish or withdraw it where that button was pressed. A refusal shows the form again."""
    then = request.form.get("then", "")

    def give(given: Command) -> dict[str, Any]:
        bulletin = bulletin_of(given.session, bulletin_id) if bulletin_id is not None else None
        if bulletin is not None:
            require_seen(_shown(bulletin))
        bulletin = tasks.bulletins.save(given, bulletin, *(typed(name) for name in _FIELDS))
        if then == "publish":
            tasks.bulletins.publish(given, bulletin)
        elif then == "withdraw":
            tasks.bulletins.withdraw(given, bulletin)
        return {"title": bulletin.title}

    answer, refusal = posted(give)
    if refusal is not None:
        return _form(bulletin_of(db.session(), bulletin_id) if bulletin_id else None, refusal), refusal.status
    said = {
        "publish": _("“%(title)s”已发布。", title=answer["title"]),
        "withdraw": _("“%(title)s”已撤下。", title=answer["title"]),
    }
    flash(said.get(then, _("“%(title)s”已保存。", title=answer["title"])), "success")
    return redirect(url_for("administration.bulletins"), 303)


def _shown(bulletin: Announcement) -> dict[str, Any]:
    return {"title": bulletin.title, "body": bulletin.body, "publisher": bulletin.agency_name or ""}


def _form(bulletin: Announcement | None, refusal: CommandRefused | None) -> str:
    there = _shown(bulletin) if bulletin is not None else {"publisher": _PUBLISHER}
    return render_template(
        "admin/bulletin_form.html",
        name=bulletin.title if bulletin is not None else "",
        public=bulletin is not None and bulletin.public,
        form=form(refusal, there if bulletin is not None else None),
        shown={name: typed(name) for name in _FIELDS} if refusal is not None else there,
        longest={
            "title": tasks.bulletins.LONGEST_TITLE,
            "body": tasks.bulletins.LONGEST_BODY,
            "publisher": tasks.bulletins.LONGEST_PUBLISHER,
        },
        post_url=url_for("administration.edit_bulletin", bulletin_id=bulletin.id)
        if bulletin is not None
        else url_for("administration.new_bulletin"),
    )
