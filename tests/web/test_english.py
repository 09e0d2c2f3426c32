"""The pages with English chosen: nothing of the interface is left in Chinese.

What stays Chinese by decision (docs/reference/language.md) is data, whatever a record holds or the law's lists name,
and what notices and text messages say: pages mark these with `lang`, so that a reader's software says them rightly.
"""

import html
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.tables import Base
from records.industry import divisions
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db
from web.pages.wording import lang_of

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
STATUSES = (200, 404, 409, 422)
"""Of a page that shows what was refused; one form is saved first, and shown with what stands against it."""
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


def test_refusals_and_findings_are_told_in_english(portal: Portal, client_of: Callable[[str], Visitor]) -> None:
    portal.hire("gx99", "钱经办", agency="A07", role="handler")
    filing = str(portal.draft()["id"])
    people = {user: client_of(user) for user in ("ent01", "gx10", "admin")}
    for reader in people.values():
        reader.get("/language/en?next=/")
    refused = dict(_refused_to_official(portal, people["gx10"], filing))
    portal.submit(filing)
    number = portal.issue(filing)
    correct = f"/certificates/{number}/correct"
    refused["nothing corrected"] = people["gx10"].post(correct, people["gx10"].form(correct, correct))
    refused |= dict(_refused_to_enterprise(portal, people["ent01"], number))
    refused |= dict(_refused_to_administrator(people["admin"]))
    assert {what: answer.status_code for what, answer in refused.items() if answer.status_code not in STATUSES} == {}
    held = [*data(portal.app), "条目", "好类"]  # a file's heading, and what stands below one
    found = {what: left for what, answer in refused.items() if (left := left_in_chinese(_text_of(answer), held))}
    assert not found, "\n".join(f"{what}: {sorted(left)}" for what, left in found.items())


def _text_of(answer: TestResponse) -> str:
    """A page, or what a document says in JSON, as it is read."""
    return str(answer.get_json()) if answer.is_json else answer.text


def _refused_to_official(portal: Portal, reader: Visitor, filing: str) -> Iterator[tuple[str, TestResponse]]:
    yield "a document that is not there", reader.get("/filings/nothing")
    yield "a task that is not there", reader.get("/tasks/nothing")
    portal.submit(filing)
    page = f"/tasks/{portal.task('gx10', filing)['id']}"
    claim = reader.form(page, f"{page}/claim")
    assert portal.call("gx99", "POST", f"{page}/claim", json={}).status_code == 200
    yield "a task that was taken", reader.post(f"{page}/claim", claim)
    portal.call("gx99", "POST", f"{page}/release", json={})
    reader.post(f"{page}/claim", reader.form(page, f"{page}/claim"))
    complete = reader.form(page, f"{page}/complete")
    yield "no decision", reader.post(f"{page}/complete", complete)
    yield "no opinion", reader.post(f"{page}/complete", complete | {"decision": "return"})
    portal.call("ent01", "POST", f"/filings/{filing}/withdraw")
    yield "a filing that was withdrawn", reader.post(f"{page}/complete", complete | {"decision": "accept"})


def _refused_to_enterprise(portal: Portal, reader: Visitor, number: str) -> Iterator[tuple[str, TestResponse]]:
    draft = str(portal.call("ent01", "POST", "/filings", json={"money": {"total": "12"}}).get_json()["id"])
    headers = {"X-CSRFToken": reader.token()}
    api = f"/api/v1/filings/{draft}"
    yield "a form to be filled in", reader.client.post(f"{api}/check", headers=headers)
    yield "a form that is not filled in", reader.client.post(f"{api}/submit", headers=headers)
    yield "a form that is none", reader.client.put(api, json={"money": "12", "nothing": 1}, headers=headers)
    yield "a list's cursor", reader.client.get("/api/v1/filings?cursor=zzz")
    certificate = f"/certificates/{number}"
    for verb, typed in (
        ("cancel", {"reason": " "}),
        ("extend", {"act": "submit", "reason": " "}),
        ("change", {"act": "submit", "item": "planned_completion", "reason": " "}),
        ("progress", {"start_date": "yesterday", "year": "12", "invested": "a", "stage": ""}),
        ("progress", {"start_date": "2030-01-01"}),
    ):
        path = f"{certificate}/{verb}"
        yield f"{verb} {typed}", reader.post(path, reader.form(path, path) | typed, follow=True)
    password = {"current": "wrong", "chosen": "short", "repeated": "other"}
    yield "a password", reader.post("/account/password", password)


def _refused_to_administrator(reader: Visitor) -> Iterator[tuple[str, TestResponse]]:
    heading = {"kind": "industry_catalogue", "edition": "2026", "title": "2026", "effective_from": "2026-03-03"}
    file = "代码,条目,类别\n鼓-1,甲,鼓励类\n鼓-1,乙,鼓励类\n鼓-2,,允许类\n鼓-3,丙,好类\n"
    fields: dict[str, Any] = {"csrf_token": reader.token(), "file": (BytesIO(file.encode()), "2026.csv"), **heading}
    yield "a file", reader.client.post("/administration/editions", data=fields)
    yield "no heading", reader.post("/administration/editions")
    yield "a colleague", reader.post("/staff/new", {"username": "?", "mobile": "12"})
    yield "an agency", reader.post("/administration/agencies/new", {"region": "1", "cert_code": "a"})


def test_the_page_says_that_it_is_in_english_and_remembers(visitor: Visitor) -> None:
    assert '<html lang="zh-CN"' in visitor.read("/")
    assert "/language/en" in visitor.read("/")
    visitor.get("/language/en?next=/contact")
    for path in ("/contact", "/"):
        assert '<html lang="en"' in visitor.read(path)
    visitor.get("/language/zh?next=/")
    assert '<html lang="zh-CN"' in visitor.read("/")


def test_what_a_record_keeps_in_chinese_is_marked_on_an_english_page(app: Flask) -> None:
    for address, text, attribute in (
        ("/?lang=en", "「合计」相差 100 万元", ' lang="zh-CN"'),
        ("/?lang=en", "The sum of 合计 differs", ""),
        ("/?lang=en", None, ""),
        ("/", "「合计」相差 100 万元", ""),
    ):
        with app.test_request_context(address):
            assert lang_of(text) == attribute
