"""政策版本与目录导入: which list was in force when, what stands in it, and taking over a new one."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

import tasks.editions
from engine.commands import Command
from engine.errors import CommandRefused
from records.calendar import local_date
from records.policies import PolicyEdition, PolicyEntry, PolicyKind, edition_in_force
from records.roles import AdminRole
from tasks.editions import KINDS, Content, Heading
from web.api.editions import edition_of
from web.api.problems import complaints
from web.database import db
from web.identity import me, require
from web.pages import lists, wording
from web.pages.administration import blueprint, form, posted, require_seen, typed, uploaded
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

_FIELDS = ("title", "effective_from", "effective_to")


@blueprint.get("/editions")
@require(AdminRole.SYSTEM, AdminRole.AUDIT)
def editions() -> str:
    """Every edition, the newest of each list first."""
    return _page(None)


@blueprint.post("/editions")
@require(AdminRole.SYSTEM)
def import_edition() -> Any:
    """Import an edition from a file, which `check` only looks at."""
    kind = PolicyKind(typed("kind")) if typed("kind") in set(PolicyKind) else PolicyKind.CAPITAL_RATIO
    days = {name: _day(typed(name)) for name in ("effective_from", "effective_to")}
    heading = Heading(kind, typed("edition"), typed("title"), days["effective_from"], days["effective_to"])
    content: Content | None = None
    try:
        tasks.editions.require_fit(db.session(), heading, local_date(runtime().engine.clock.now()))
        content = tasks.editions.read_content(*uploaded("file"), kind)
    except CommandRefused as refusal:
        return _page(refusal), refusal.status
    if content.problems or "check" in request.form:
        return _page(None, content), 422 if content.problems else 200
    entries = content

    def give(given: Command) -> dict[str, Any]:
        tasks.editions.take(given, heading, entries)
        return {"n": len(entries.entries)}

    answer, refused = posted(give)
    if refused is not None:
        return _page(refused), refused.status
    flash(_("已导入%(edition)s，共 %(n)s 个条目。", edition=heading.edition, n=answer["n"]), "success")
    return redirect(url_for("administration.edition", kind=kind.value, edition=heading.edition), 303)


@blueprint.get("/editions/<kind>/<edition>")
@require(AdminRole.SYSTEM, AdminRole.AUDIT)
def edition(kind: str, edition: str) -> str:
    """One edition: its entries, searched, and the form of its days."""
    return _edition_page(edition_of(db.session(), kind, edition), None)


@blueprint.post("/editions/<kind>/<edition>")
@require(AdminRole.SYSTEM)
def change_edition(kind: str, edition: str) -> Any:
    """Change what an edition is called and when it is in force. A refusal shows the form again."""

    def give(given: Command) -> dict[str, Any]:
        found = edition_of(given.session, kind, edition)
        require_seen(_shown(found))
        tasks.editions.change(given, found, typed("title"), _day(typed("effective_from")), _day(typed("effective_to")))
        return {}

    _answer, refusal = posted(give)
    if refusal is not None:
        return _edition_page(edition_of(db.session(), kind, edition), refusal), refusal.status
    flash(_("已保存。已提交的事项仍用提交当日的版本。"), "success")
    return redirect(url_for("administration.edition", kind=kind, edition=edition), 303)


def _day(text: str) -> date | None:
    """A day as it was typed; None where it is empty or no day, for the rules to tell."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _shown(found: PolicyEdition) -> dict[str, str]:
    return {name: str(getattr(found, name) or "") for name in _FIELDS}


def _page(refusal: CommandRefused | None, content: Content | None = None) -> str:
    today, counts = local_date(runtime().engine.clock.now()), tasks.editions.counted(db.session())
    order = (PolicyEdition.kind, PolicyEdition.effective_from.desc())
    in_force = {kind: edition_in_force(db.session(), kind, today) for kind in PolicyKind}
    names = {kind.value: told(name) for kind, name in KINDS.items()} | {
        PolicyKind.CAPITAL_RATIO.value: _("固定资产投资项目资本金比例")
    }
    return render_template(
        "admin/editions.html",
        rows=[
            {
                "url": url_for("administration.edition", kind=found.kind, edition=found.edition),
                "list": names[found.kind],
                "edition": found.edition,
                "title": found.title,
                "effective_from": wording.day(found.effective_from),
                "effective_to": wording.day(found.effective_to) if found.effective_to else "",
                "state": "current"
                if found is in_force[PolicyKind(found.kind)]
                else "future"
                if found.effective_from > today
                else "past",
                "entries": counts.get((found.kind, found.edition), 0),
            }
            for found in db.session.scalars(select(PolicyEdition).order_by(*order))
        ],
        form=form(refusal),
        kinds=[{"value": kind.value, "label": told(name)} for kind, name in KINDS.items()],
        shown={name: typed(name) for name in ("kind", "edition", *_FIELDS)},
        longest_edition=tasks.editions.LONGEST_EDITION,
        longest_title=tasks.editions.LONGEST_TITLE,
        may_edit=me().admin_role == AdminRole.SYSTEM,
        problems=complaints(content.problems) if content is not None else [],
        checked=_("文件没有问题，共 %(n)s 个条目。", n=len(content.entries))
        if content is not None and not content.problems
        else "",
    )


def _edition_page(found: PolicyEdition, refusal: CommandRefused | None) -> str:
    chosen = (PolicyEntry.kind == found.kind, PolicyEntry.edition == found.edition)
    query = select(PolicyEntry).where(*chosen).order_by(PolicyEntry.code)
    if text := lists.searched():
        query = query.where(lists.containing(text, PolicyEntry.code, PolicyEntry.title, PolicyEntry.category))
    part = lists.part(db.session(), query)
    return render_template(
        "admin/edition.html",
        edition=found.edition,
        title=found.title,
        list=told(KINDS.get(PolicyKind(found.kind))),
        form=form(refusal, _shown(found)),
        shown={name: typed(name) for name in _FIELDS} if refusal is not None else _shown(found),
        may_edit=me().admin_role == AdminRole.SYSTEM,
        longest_title=tasks.editions.LONGEST_TITLE,
        query=text,
        page=part.foot,
        rows=[{"code": row.code, "title": row.title, "category": row.category} for (row,) in part.rows],
        post_url=url_for("administration.change_edition", kind=found.kind, edition=found.edition),
    )
