"""政策法规 and 办事指南: for everybody to read, for an administrator to write."""

from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup
from sqlalchemy import select

from engine.errors import CommandRefused
from records.articles import Article, Shelf, articles, headings, save
from records.policies import PolicyEdition
from records.roles import AdminRole
from web.database import db
from web.identity import me, require
from web.pages import commands, wording
from web.runtime import command
from web.texts import gettext as _

blueprint = Blueprint("library", __name__)

_IN_SHORT = 5  # articles of a shelf that a quick list names

# HTML in a text is text, and links lead nowhere but to pages.
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@blueprint.get("/guide")
def guide() -> str:
    """办事指南, section by section."""
    return render_template("public/guide.html", sections=_sections(Shelf.GUIDE))


@blueprint.get("/policies")
def policies() -> str:
    """The policy library, and the lists and ratios that the rules stand on with the days they are in force."""
    editions = select(PolicyEdition).order_by(PolicyEdition.kind, PolicyEdition.effective_from.desc())
    return render_template(
        "public/policies.html",
        sections=_sections(Shelf.POLICY),
        editions=[
            {"title": edition.title, "number": edition.edition, "note": _in_force(edition)}
            for edition in db.session.scalars(editions)
        ],
    )


@blueprint.get("/policies/<article_id>")
def policy(article_id: str) -> str:
    """One policy's text."""
    article = db.session.get(Article, article_id)
    if article is None or not article.published or article.shelf != Shelf.POLICY:
        raise _unknown()
    return render_template("public/policy.html", article=_shown(article))


def quick_links() -> list[dict[str, Any]]:
    """办事指南 and 政策法规 in short, as they stand beside an official's tasks (R75)."""
    found = headings(db.session())
    guide, policies = url_for("library.guide"), url_for("library.policies")
    guides = [(each.title, f"{guide}#{each.id}") for each in found if each.shelf == Shelf.GUIDE]
    laws = [(each.title, _page(each.id) if each.has_text else policies) for each in found if each.shelf == Shelf.POLICY]
    return [
        {
            "name": name,
            "icon": glyph,
            "more_url": address,
            "links": [{"title": title, "url": url} for title, url in links[:_IN_SHORT]],
        }
        for name, glyph, address, links in (
            (_("办事指南"), "book", guide, guides),
            (_("政策法规"), "scale", policies, laws),
        )
    ]


@blueprint.get("/library")
@require(AdminRole.SYSTEM)
def shelves() -> str:
    """内容维护: every article, hidden ones too."""
    names = {Shelf.POLICY: (_("政策法规"), "scale"), Shelf.GUIDE: (_("办事指南"), "book")}
    return render_template(
        "library/shelves.html",
        shelves=[
            {
                "name": name,
                "icon": glyph,
                "new_url": url_for("library.write", shelf=shelf.value),
                "rows": [
                    {
                        "title": article.title,
                        "section": article.section,
                        "number": article.number,
                        "published": article.published,
                        "updated": wording.moment(article.updated_at) if article.updated_by else _("初始内容"),
                        "url": url_for("library.edit", article_id=article.id),
                    }
                    for article in articles(db.session(), shelf, even_hidden=True)
                ],
            }
            for shelf, (name, glyph) in names.items()
        ],
    )


@blueprint.get("/library/new/<any(policy, guide):shelf>")
@require(AdminRole.SYSTEM)
def write(shelf: str) -> str:
    """A new article's form."""
    return _form(Article(id="", shelf=shelf, section="", title="", number="", body="", rank=0, published=True))


@blueprint.get("/library/<article_id>")
@require(AdminRole.SYSTEM)
def edit(article_id: str) -> str:
    """An article's form."""
    return _form(_article(article_id))


@blueprint.post("/library/new/<any(policy, guide):shelf>")
@blueprint.post("/library/<article_id>")
@require(AdminRole.SYSTEM)
def store(article_id: str = "", shelf: str = "") -> Any:
    """Save what was written. A refusal shows the form again, with what was typed."""
    user = me().username
    try:
        with command(user) as given:
            article = _article(article_id) if article_id else Article(shelf=shelf, revision=1)
            _fill(article)
            seen = request.form.get("revision", 0, type=int) if article_id else None
            save(given.session, article, seen=seen, actor=user, now=given.now)
            title = article.title
    except CommandRefused as refusal:
        if refusal.status not in (409, 422):
            raise
        db.session.rollback()
        typed = Article(id=article_id, shelf=shelf or _article(article_id).shelf)
        _fill(typed)
        typed.revision = request.form.get("revision", 0, type=int)
        return _form(typed, commands.refused(refusal)), refusal.status
    flash(_("“%(title)s”已保存。", title=title), "success")
    return redirect(url_for("library.shelves"), 303)


def _fill(article: Article) -> None:
    for name in ("section", "title", "number", "body"):
        setattr(article, name, request.form.get(name, "").strip().replace("\r\n", "\n"))
    article.rank = request.form.get("rank", 0, type=int)
    article.published = "published" in request.form


def _form(article: Article, error: str = "") -> str:
    where: dict[str, Any] = {"article_id": article.id} if article.id else {"shelf": article.shelf}
    return render_template(
        "library/form.html",
        article=article,
        is_guide=article.shelf == Shelf.GUIDE,
        error=error,
        store_url=url_for("library.store", **where),
    )


def _article(article_id: str) -> Article:
    article = db.session.get(Article, article_id)
    if article is None:
        raise _unknown()
    return article


def _unknown() -> CommandRefused:
    return CommandRefused("article_unknown", _("没有这篇内容。"), status=404)


def _sections(shelf: Shelf) -> list[dict[str, Any]]:
    found = articles(db.session(), shelf)
    return [
        {"title": title, "articles": [_shown(article) for article in group]}
        for title, group in groupby(found, key=lambda article: article.section)
    ]


def _shown(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "title": article.title,
        "section": article.section,
        "number": article.number,
        "body": Markup(_MARKDOWN.render(article.body)),  # noqa: S704  # no HTML of the writer's passes
        "url": _page(article.id) if article.body else None,
    }


def _page(article_id: str) -> str:
    """The page of a policy whose text is here."""
    return url_for("library.policy", article_id=article_id)


def _in_force(edition: PolicyEdition) -> str:
    first = wording.day(edition.effective_from)
    if edition.effective_to is None:
        return _("%(first)s 起施行", first=first)
    return _("%(first)s 至 %(last)s 施行", first=first, last=wording.day(edition.effective_to))
