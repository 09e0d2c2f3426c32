"""Articles 政策法规、办事指南: what everybody may read, written by an administrator (R18, R19, R191, R192)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sqlalchemy import String, Text, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Base, UtcDateTime, new_id
from records.admin_acts import Act, differing, note

LONGEST_TITLE, LONGEST_BODY = 200, 20_000

_RECORDED = ("shelf", "section", "title", "number", "body", "rank", "published")
"""What the record of acts keeps of an article, before and after."""


class Shelf(StrEnum):
    """Where an article stands."""

    POLICY = "policy"
    GUIDE = "guide"


class Article(Base):
    """A policy's entry or a guide. `body` is CommonMark; `section` gathers those that belong together."""

    __tablename__ = "article"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    shelf: Mapped[str] = mapped_column(String(8), index=True)
    section: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    number: Mapped[str] = mapped_column(String(50), default="", doc="文号")
    body: Mapped[str] = mapped_column(Text, default="")
    rank: Mapped[int] = mapped_column(default=0, doc="where it stands on its shelf")
    published: Mapped[bool] = mapped_column(default=True)
    revision: Mapped[int] = mapped_column(default=1, doc="counts the saves; a save names the one it saw")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str | None] = mapped_column(String(64), doc="None: as it came with the product")


def articles(session: Session, shelf: Shelf, *, even_hidden: bool = False) -> Sequence[Article]:
    """The articles of a shelf, in their order."""
    query = select(Article).where(Article.shelf == shelf.value).order_by(Article.rank, Article.id)
    return session.scalars(query if even_hidden else query.where(Article.published)).all()


_HEADINGS = (
    select(Article.id, Article.shelf, Article.title, Article.body != "")
    .where(Article.published)
    .order_by(Article.shelf, Article.rank, Article.id)
)


class Heading(NamedTuple):
    """An article as a list names it."""

    id: str
    shelf: str
    title: str
    has_text: bool


def headings(session: Session) -> Sequence[Heading]:
    """What is published, shelf by shelf, in their order."""
    return [Heading(*row) for row in session.execute(_HEADINGS)]


def save(session: Session, article: Article, *, seen: int | None, actor: str, now: datetime) -> None:
    """Store what was written over an article. Raises CommandRefused: 409 where another saved it meanwhile, 422 where
    something is missing or too long."""
    titled, in_section = bool(article.title.strip()), bool(article.section.strip())
    if not (titled and in_section):
        message = "请填写栏目。" if titled else "请填写标题。" if in_section else "请填写标题、栏目。"
        raise CommandRefused("article_incomplete", message, status=422)
    if len(article.title) > LONGEST_TITLE or len(article.body) > LONGEST_BODY:
        message = Phrase(
            "标题不能超过 {longest_title} 个字，正文不能超过 {longest_body} 个字。",
            longest_title=LONGEST_TITLE,
            longest_body=LONGEST_BODY,
        )
        raise CommandRefused("article_too_long", message, status=422)
    if seen is not None and seen != article.revision:
        raise CommandRefused(
            "stale_revision", "这篇内容已被别人保存过，本次没有保存。", remedy="请另开页面查看最新内容，核对后再保存。"
        )
    before = _stored(article)
    article.revision = 1 if seen is None else article.revision + 1
    article.updated_at, article.updated_by = now, actor
    session.add(article)
    session.flush()
    was, is_now = differing(before, _told(article))
    note(session, Act.ARTICLE_SAVED, article.title, actor=actor, now=now, before=was, after=is_now)


def _told(article: Article) -> dict[str, Any]:
    return {name: getattr(article, name) for name in _RECORDED}


def _stored(article: Article) -> dict[str, Any]:
    """What is there of an article before it is written over; nothing of a new one."""
    changed = ((name, inspect(article).attrs[name].history) for name in _RECORDED)
    return {name: old for name, history in changed for old in history.deleted or history.unchanged or ()}


def read_articles(path: Path) -> Iterator[Article]:
    """The articles that ship with the product."""
    for rank, entry in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")), 1):
        yield Article(**entry, rank=rank * 10, updated_at=datetime(2021, 11, 1, tzinfo=UTC))
