"""The officials' lists and the search: what they show, to whom, and what the files of them hold."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from records.enterprises import Enterprise
from records.filings import Filing
from tests.servers import Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, Portals
from tests.web.sample_projects import AS_OF, certified, load_projects, projects
from tests.web.test_certificate_pages import menu
from web.database import db
from web.pages import exports
from web.spreadsheets import Sheet, csv_lines

Client = Callable[[str], Visitor]

SUBMITTED = [project for project in projects() if project["submitted_at"]]

_LABELS = {"提交", "签发", "开工", "年度", "完工", "未填写", "—", "查看填报情况", "查看"}
"""What stands on a page beside what it says of a row."""


@pytest.fixture
def prepared() -> Prepare:
    return load_projects


@pytest.fixture
def portal(sqlite_portals: Portals, prepared: Prepare) -> Iterator[Portal]:
    with sqlite_portals.turn(prepared) as portal:
        portal.clock.set(AS_OF)
        yield portal


def shown(page: str) -> int:
    """How many rows a list has."""
    total = re.search(r"共 (\d+) 条", page)
    return int(total[1]) if total else 0


def export(visitor: Visitor, listing: str, form: str, **asked: str) -> TestResponse:
    answer = visitor.post(f"/office/exports/{listing}", {"form": form, **asked})
    assert answer.status_code == 200
    return answer


def rows_of(answer: Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode().removeprefix("\ufeff"))))


# The province


def test_the_province_looks_things_up_and_acts_on_nothing(portal: Portal, client_of: Client) -> None:
    official = client_of("province")
    page = official.read("/office/overdue")
    assert menu(page)[:5] == ["查询统计", "超期督办", "项目管理", "备案证", "企业管理"]
    assert "待办任务" not in menu(page)
    assert "超期 2 个工作日" in page
    number = certified()[3]["certificate"]["no"]
    for path in (f"/certificates/{number}", "/filings/P04", "/filings/P24"):
        detail = official.read(path)
        main = detail[detail.index('<main id="main"') : detail.index("</main>")]
        assert 'method="post"' not in main, path
        assert not re.search(r"/(revoke|correct|extend|change|cancel)\b", main), path
    refused = portal.call("province", "POST", f"/certificates/{number}/revoke", json={"reason": "测试", "ground": ""})
    assert refused.status_code in (403, 404)


# Lists


def test_each_sees_the_projects_of_his_jurisdiction(portal: Portal, client_of: Client) -> None:
    portal.hire("gx50", "周市级", agency="A05", role="reviewer")
    of_district = [project for project in SUBMITTED if project["filing"]["agency"] == "A07"]
    assert shown(client_of("province").read("/office/projects")) == len(SUBMITTED)
    for username in ("gx10", "gx50"):
        assert shown(client_of(username).read("/office/projects")) == len(of_district), username
    assert client_of("ent01").get("/office/projects").status_code == 403
    assert client_of("gx15").get("/office/enterprises/E01").status_code == 404


def test_projects_lead_to_their_details_and_what_was_told_of_them(client_of: Client) -> None:
    page = client_of("gx10").read("/office/projects?only=completed")
    assert shown(page) == 1
    assert "LED封装自动化生产线技术改造项目" in page
    assert "2021-04-06" in page
    assert "2021-10-28" in page
    assert f'href="/certificates/{certified()[3]["certificate"]["no"]}/progress"' in page
    assert "查看填报情况" in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=RETURNED", sum(p["state"] == "RETURNED" for p in SUBMITTED)),
        ("progress=under_way", sum(p["state"] in ("SUBMITTED", "ACCEPTED", "REVIEWED", "RETURNED") for p in SUBMITTED)),
        ("region=440700", sum(p["filing"]["region"].startswith("4407") for p in SUBMITTED)),
        ("q=生产线", sum("生产线" in p["filing"]["project_name"] for p in SUBMITTED)),
        ("q=" + SUBMITTED[0]["filing"]["project_code"], 1),
        ("submitted_from=2021-11-01", sum(p["submitted_at"] >= "2021-11-01" for p in SUBMITTED)),
        ("investment=4", sum(Decimal(p["filing"]["money"]["total"]) >= 10_000 for p in SUBMITTED)),
        ("issued_to=nonsense", len(SUBMITTED)),
    ],
)
def test_a_filter_of_the_list_leaves_what_it_says(client_of: Client, query: str, count: int) -> None:
    assert shown(client_of("province").read(f"/office/projects?{query}")) == count


def test_certificates_are_listed_with_their_state_and_marks(client_of: Client) -> None:
    province = client_of("province")
    assert shown(province.read("/office/certificates")) == len(certified())
    extended = province.read("/office/certificates?tag=extended")
    assert shown(extended) == sum("已延期" in p["certificate"]["tags"] for p in certified())
    assert shown(province.read("/office/certificates?status=REVOKED")) == 1


def test_enterprises_are_listed_with_the_people_in_them_masked(portal: Portal, client_of: Client) -> None:
    official = client_of("gx10")
    page, detail = official.read("/office/enterprises"), official.read("/office/enterprises/E01")
    assert "江门市星烁光电科技有限公司" in page
    assert "东莞市启衡精密机械有限公司" not in page
    with portal.app.app_context():
        contact = db.session.get_one(Enterprise, "E01").contact
    for text in (page, detail):
        assert contact["name"] not in text
        assert contact["mobile"] not in text
        assert f"****{contact['name'][-1]}" in text
    assert "LED封装自动化生产线技术改造项目" in detail


# Files


def test_a_list_is_exported_as_it_is_shown_all_of_it_and_in_its_order(client_of: Client) -> None:
    province = client_of("province")
    page = province.read("/office/projects?only=issued")
    names = re.findall(r'<td class="jg-table-name"><a[^>]*>([^<]+)</a>', page)
    lines = rows_of(export(province, "projects", "csv", only="issued"))
    assert [line[0] for line in lines[1:]] == names
    book = load_workbook(io.BytesIO(export(province, "projects", "xlsx", only="issued").data), read_only=True)
    rows = list(book.active.iter_rows(values_only=True))
    assert list(rows[0]) == lines[0]
    assert len(rows) == len(lines)
    total = lines[0].index("总投资（万元）")
    assert [Decimal(str(row[total])) for row in rows[1:]] == [Decimal(line[total]) for line in lines[1:]]


@pytest.mark.parametrize("listing", ["projects", "certificates", "enterprises"])
def test_the_file_of_a_list_says_what_its_page_says_and_nothing_else(client_of: Client, listing: str) -> None:
    province = client_of("province")
    page = province.read(f"/office/{listing}")
    rows = re.findall(r"<tr>(.*?)</tr>", page[page.index("<tbody>") : page.index("</tbody>")], re.DOTALL)
    lines = rows_of(export(province, listing, "csv"))[1:]
    assert len(rows) > 5
    for row, line in zip(rows, lines, strict=False):
        assert _told(re.split(r"<[^>]+>", row)) - _LABELS == _told(line), line[0]


def _told(texts: Iterable[str]) -> set[str]:
    parts = (part for text in texts for part in html.unescape(text).replace(",", "").split("、"))
    return {part.strip() for part in parts} - {""}


def test_an_exported_list_holds_no_more_than_its_reader_may_see(client_of: Client) -> None:
    lines = rows_of(export(client_of("gx10"), "certificates", "csv"))
    assert {line[3] for line in lines[1:]} == {"江门市江海区工业和信息化主管部门"}
    people = rows_of(export(client_of("gx10"), "enterprises", "csv"))
    assert all(line[4].startswith("****") for line in people[1:])


def test_what_was_typed_never_becomes_a_formula(portal: Portal, client_of: Client) -> None:
    with portal.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE enterprise SET name = '=HYPERLINK(1)' WHERE id = 'E01'")
    assert rows_of(export(client_of("gx10"), "enterprises", "csv", q="HYPERLINK"))[1][0] == "'=HYPERLINK(1)"
    book = load_workbook(io.BytesIO(export(client_of("gx10"), "enterprises", "xlsx", q="HYPERLINK").data))
    assert book.active["A2"].value == "=HYPERLINK(1)"
    assert book.active["A2"].data_type == "s"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("+750.0%", "+750.0%"),
        ("-12", "-12"),
        ("+1,234.5%", '"+1,234.5%"'),
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-2*A1", "'-2*A1"),
        ("+86-750-1234567", "'+86-750-1234567"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (Decimal("0.70"), "0.70"),
        (Decimal(7_200_000) / 10_000, "720"),
        (1234, "1234"),
    ],
)
def test_a_csv_keeps_numbers_as_they_are_shown_and_makes_no_formulas(value: object, written: str) -> None:
    *_before, line = csv_lines([Sheet("", ["x"], [[value]])])
    assert line == f"{written}\r\n"


def test_a_long_list_is_written_by_a_job_and_fetched_by_whoever_asked(
    portal: Portal, client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 10)
    province = client_of("province")
    begun = province.post("/office/exports/projects", {"form": "csv"})
    assert begun.status_code == 303
    page = begun.headers["Location"]
    waiting = province.read(page)
    assert "正在导出" in waiting
    assert "data-jg-again" in waiting
    assert province.get(f"{page}/file").status_code == 404
    portal.settle()
    done = province.read(page)
    assert "导出已完成" in done
    assert "data-jg-again" not in done
    with province.get(f"{page}/file") as file:
        assert len(rows_of(file)) == len(SUBMITTED) + 1
    assert client_of("gx10").get(f"{page}/file").status_code == 404


# Search


@pytest.fixture
def on_each(portal_on_each: Portal) -> Portal:
    portal_on_each.clock.set(AS_OF)
    return portal_on_each


def found(portal: Portal, username: str, text: str) -> dict[str, list[str]]:
    answer = portal.call(username, "GET", f"/search?q={text}")
    assert answer.status_code == 200, answer.text
    return {kind: [one["id"] for one in some] for kind, some in answer.get_json().items()}


def test_search_finds_names_codes_and_numbers_in_sight(on_each: Portal) -> None:
    issued = certified()[3]
    number, code = issued["certificate"]["no"], issued["filing"]["project_code"]
    for text in ("LED封装", "led封装", "封装 生产线", code, code[:11], number):
        assert "P04" in found(on_each, "gx10", text)["projects"], text
        assert "P04" in found(on_each, "ent01", text)["projects"], text
        assert "P04" not in found(on_each, "gx15", text)["projects"], text
        assert "P04" not in found(on_each, "ent02", text)["projects"], text
    assert found(on_each, "province", number)["certificates"] == [number]
    assert number in found(on_each, "province", number[:8])["certificates"]
    assert found(on_each, "province", f"2026-{number}-变1")["certificates"] == [number]
    with on_each.app.app_context():
        filed = db.session.get_one(Filing, "P04").number
        uscc = db.session.get_one(Enterprise, "E01").uscc
    for serial in (filed, filed[:8], filed.lower()):
        assert "P04" in found(on_each, "gx10", serial)["projects"], serial
    for code in (uscc, uscc[:10]):
        assert "E01" in found(on_each, "gx10", code)["enterprises"], code
    assert found(on_each, "gx10", "星烁")["enterprises"] == ["E01"]
    assert found(on_each, "ent01", "星烁")["enterprises"] == []
    assert found(on_each, "province", "装封") == {"projects": [], "certificates": [], "enterprises": []}
    assert found(on_each, "province", "100%")["projects"] == []


def test_a_draft_is_found_by_its_enterprise_alone(on_each: Portal) -> None:
    draft = next(project for project in projects() if project["state"] == "DRAFT")
    name, owner = draft["filing"]["project_name"], f"ent{draft['filing']['enterprise'][1:]}"
    assert found(on_each, owner, name)["projects"] == [f"P{draft['no']:02d}"]
    assert found(on_each, "province", name)["projects"] == []


def test_the_box_in_the_top_bar_leads_to_the_results_by_kind(client_of: Client) -> None:
    for username in ("gx10", "ent01"):
        visitor = client_of(username)
        assert 'action="/search"' in visitor.read("/inbox/todo")
        page = visitor.read("/search?q=LED封装")
        assert 'href="/filings/P04"' in page
        assert "请至少输入两个字" in visitor.read("/search?q=灯")
        assert "没有找到“没有这样的项目”" in visitor.read("/search?q=没有这样的项目")


# REST


def test_rest_lists_go_on_where_the_last_page_ended(on_each: Portal) -> None:
    for path, count in (("projects", len(SUBMITTED)), ("enterprises", 8)):
        seen: list[str] = []
        cursor = ""
        while True:
            answer = on_each.call("province", "GET", f"/{path}?limit=7{cursor}").get_json()
            seen += [item["id"] for item in answer["items"]]
            if answer["next"] is None:
                break
            cursor = f"&cursor={answer['next']}"
        assert len(seen) == len(set(seen)) == count, path
    assert on_each.call("province", "GET", "/projects?cursor=nothing").status_code == 422
    assert on_each.call("ent01", "GET", "/projects").status_code == 403


def test_rest_tells_the_statistics_of_a_period(on_each: Portal) -> None:
    answer = on_each.call("province", "GET", "/statistics?by=status&issued_from=2021-01-01").get_json()
    this_year = [project for project in certified() if project["certificate"]["issue_date"] >= "2021"]
    assert answer["whole"]["filings"] == len(this_year)
    assert Decimal(answer["whole"]["total"]) == sum(Decimal(p["filing"]["money"]["total"]) for p in this_year)
    assert sum(item["filings"] for item in answer["items"]) == len(this_year)
    assert on_each.call("province", "GET", "/statistics?by=weather").status_code == 422
    assert on_each.call("ent01", "GET", "/statistics").status_code == 403
