"""The pages with English chosen: nothing of the interface is left in Chinese.

What stays Chinese by decision (docs/reference/language.md) is data, whatever a record holds or the law's lists name,
and sentences of rules and messages: pages mark these with `lang`, so that a reader's software says them rightly.
"""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.tables import Base
from records.industry import divisions
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db

CHINESE = re.compile(r"[\u4e00-\u9fff]+")
UNSEEN = re.compile(r'<!--.*?-->|<textarea.*?</textarea>|\bvalue="[^"]*"', re.DOTALL)
QUOTED = re.compile(r'<(\w+)[^>]* lang="zh-CN".*?</\1>', re.DOTALL)
LINK = re.compile(r'<a [^>]*href="(/[^"#]*)"')
MASKED = re.compile(r"[\u4e00-\u9fff]\*+")
ELSEWHERE = re.compile(r"^/(static|language|logout|api|attachments|login/)|/(pdf|file|download|print|form)\b|export")
SAID_IN_CHINESE = (
    "中文",
    # Column headings and words of files that are imported, and examples of numbers, as they must be typed.
    *("代码,条目,类别", "日期,安排,说明", "休息", "上班", "2024年本", "深工信"),
    # Opinions of this test's officials.
    *("请补充设备清单", "同意"),
)
FEW = 60
"""Pages of one person, at most: lists lead to many of a kind."""


def words_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from CHINESE.findall(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from words_of(key)
            yield from words_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from words_of(part)


def data(app: Flask) -> list[str]:
    """Every Chinese word that a record holds; the longest first, so that no rest of one is left."""
    with app.app_context():
        kinds = [m.class_ for m in Base.registry.mappers if not m.class_.__tablename__.startswith("engine_")]
        rows = [row for kind in kinds for row in db.session.scalars(select(kind)).unique()]
        held = {word for name in divisions().values() for word in words_of(name)} | {
            word
            for row in rows
            for column in type(row).__mapper__.column_attrs
            for word in words_of(getattr(row, column.key))
        }
    held |= {word.removesuffix("市") for word in held}  # as statistics call a city
    return sorted((word for word in held if len(word) > 1), key=len, reverse=True)


def left_in_chinese(page: str, held: list[str]) -> set[str]:
    text = MASKED.sub("", html.unescape(QUOTED.sub("", UNSEEN.sub("", page))))
    for word in (*SAID_IN_CHINESE, *held):
        text = text.replace(word, "")
    # A single character is what a name begins with, in the round sign beside it.
    return {word for word in CHINESE.findall(text) if len(word) > 1}


def shape(path: str) -> str:
    """What pages of one kind have in common."""
    return re.sub(r"/[0-9A-Za-z-]*\d[0-9A-Za-z-]*", "/…", path.partition("?")[0])


def pages_from(visitor: Visitor, begin: str) -> Iterator[tuple[str, str]]:
    """A page, then those that its links lead to, one of each kind."""
    seen, waiting = {shape(begin)}, [begin]
    while waiting and len(seen) <= FEW:
        path = waiting.pop(0)
        answer = visitor.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        yield path, answer.text
        for link in map(html.unescape, LINK.findall(answer.text)):
            if not ELSEWHERE.search(link) and shape(link) not in seen:
                seen.add(shape(link))
                waiting.append(link)


@pytest.mark.parametrize(
    "who",
    [None, *(pytest.param(user, marks=pytest.mark.slow) for user in ("ent01", "gx10", "province", "admin"))],
)
def test_the_pages_are_wholly_in_english(
    portal: Portal, client_of: Callable[[str], Visitor], visitor: Visitor, who: str | None
) -> None:
    filing = str(portal.draft()["id"])
    portal.submit(filing)
    portal.decide("gx10", filing, "return", "请补充设备清单")
    portal.submit(filing)
    portal.issue(filing)
    reader = client_of(who) if who else visitor
    reader.get("/language/en?next=/")
    held = data(portal.app)
    found = {path: left for path, page in pages_from(reader, "/") if (left := left_in_chinese(page, held))}
    assert not found, "\n".join(f"{path}: {sorted(left)}" for path, left in found.items())


def test_the_page_says_that_it_is_in_english_and_remembers(visitor: Visitor) -> None:
    assert '<html lang="zh-CN"' in visitor.read("/")
    assert "/language/en" in visitor.read("/")
    visitor.get("/language/en?next=/contact")
    for path in ("/contact", "/"):
        assert '<html lang="en"' in visitor.read(path)
    visitor.get("/language/zh?next=/")
    assert '<html lang="zh-CN"' in visitor.read("/")
