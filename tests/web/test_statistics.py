"""查询统计: every number against the sample's file, counted here anew; and what the page and its files show of them."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import chinese_calendar
import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from records.selection import Only, Selection
from records.statistics import Dimension, Measures, by_key, measure, shares, whole, year_before
from records.users import User, user_by_username
from tests.servers import Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, Portals
from tests.web.sample_projects import AS_OF, LIMIT, certified, load_projects
from web.database import db

Client = Callable[[str], Visitor]

EVER = Selection(issued_from=date(2019, 1, 1), issued_to=date(2021, 11, 15))
HUNDRED_MILLION = Decimal(10_000)  # 万元 in a 亿元


@pytest.fixture
def prepared() -> Prepare:
    return load_projects


@pytest.fixture
def portal(sqlite_portals: Portals, prepared: Prepare) -> Iterator[Portal]:
    with sqlite_portals.turn(prepared) as portal:
        portal.clock.set(AS_OF)
        yield portal


@pytest.fixture
def province(portal_on_each: Portal) -> Iterator[User]:
    """The province's statistician, once on SQLite and once on PostgreSQL."""
    with portal_on_each.app.app_context():
        yield official("province")


def official(username: str) -> User:
    user = user_by_username(db.session(), username)
    assert user is not None
    return user


def working_days(project: dict[str, Any]) -> int:
    """From the day of the submission, which does not count, to that of the issue."""
    first, last = (date.fromisoformat(text) for text in (project["submitted_at"], project["certificate"]["issue_date"]))
    days = (first + timedelta(days=number) for number in range(1, (last - first).days + 1))
    return sum(chinese_calendar.is_workday(day) for day in days)


def counted(some: Iterable[dict[str, Any]]) -> Measures:
    """What the sample's file says of some projects."""
    projects = list(some)
    forms = [project["filing"] for project in projects]

    def yuan(name: str) -> int:
        return int(sum(Decimal(form["money"][name]) for form in forms) * 10_000)

    return Measures(
        filings=len(projects),
        total=yuan("total"),
        own_funds=yuan("own_funds"),
        domestic_loan=yuan("domestic_loan"),
        stock_bond=yuan("stock_bond"),
        other_funds=yuan("other_funds"),
        jobs_construction=sum(form["jobs_construction"] for form in forms),
        jobs_operation=sum(form["jobs_operation"] for form in forms),
        measured=len(projects),
        days=sum(map(working_days, projects)),
        late=sum(working_days(project) > LIMIT for project in projects),
        returned=0,
        started=sum(bool((project["progress"] or {}).get("start_date")) for project in projects),
        completed=sum(bool((project["progress"] or {}).get("completion_date")) for project in projects),
    )


KEYS: dict[Dimension, Callable[[dict[str, Any]], str]] = {
    Dimension.REGION: lambda project: project["filing"]["region"][:4] + "00",
    Dimension.AGENCY: lambda project: project["filing"]["agency"],
    Dimension.INDUSTRY: lambda project: project["filing"]["class_code"][:2],
    Dimension.MONTH: lambda project: project["certificate"]["issue_date"][:7].replace("-", ""),
    Dimension.STATUS: lambda project: project["certificate"]["invalid_reason"] or project["certificate"]["status"],
    Dimension.INVESTMENT: lambda project: _class(Decimal(project["filing"]["money"]["total"])),
}


def _class(total: Decimal) -> str:
    return str(1 + sum(total >= limit for limit in (1_000, 5_000, 10_000, 50_000)))


def test_every_measure_by_every_dimension_is_what_the_sample_says(province: User) -> None:
    found = measure(db.session(), province, EVER, tuple(Dimension))
    for dimension, key in KEYS.items():
        expected = defaultdict(list)
        for project in certified():
            expected[key(project)].append(project)
        assert by_key(found[dimension]) == {name: counted(some) for name, some in expected.items()}, dimension
    assert whole(db.session(), province, EVER) == counted(certified())


def test_the_figures_of_a_page_are_of_one_moment_and_counted_in_memory(province: User) -> None:
    session = db.session()
    measure(session, province, EVER, [Dimension.REGION])
    if session.get_bind().dialect.name == "postgresql":
        settings = ("transaction_isolation", "work_mem", "jit")
        now = session.execute(select(*(func.current_setting(name) for name in settings))).one()
        assert tuple(now) == ("repeatable read", "64MB", "off")


def test_figures_of_a_city_are_told_apart_by_district(province: User) -> None:
    found = measure(db.session(), province, EVER.but(region="440700"), [Dimension.REGION])
    here = [project for project in certified() if project["filing"]["region"] == "440704"]
    assert by_key(found[Dimension.REGION]) == {"440704": counted(here)}


@pytest.mark.parametrize(
    ("chosen", "holds"),
    [
        ({"region": "440605"}, lambda p: p["filing"]["region"] == "440605"),
        ({"agency": "A07"}, lambda p: p["filing"]["agency"] == "A07"),
        ({"industry": "39"}, lambda p: p["filing"]["class_code"].startswith("39")),
        ({"status": "LONG_TERM"}, lambda p: p["certificate"]["status"] == "LONG_TERM"),
        ({"status": "EXPIRED"}, lambda p: p["certificate"]["invalid_reason"] == "EXPIRED"),
        ({"investment": "2"}, lambda p: 1_000 <= Decimal(p["filing"]["money"]["total"]) < 5_000),
        ({"issued_from": date(2021, 7, 1)}, lambda p: p["certificate"]["issue_date"] >= "2021-07-01"),
        ({"only": Only.COMPLETED.value}, lambda p: bool((p["progress"] or {}).get("completion_date"))),
    ],
)
def test_a_filter_leaves_what_it_says(
    portal: Portal, chosen: dict[str, Any], holds: Callable[[dict[str, Any]], bool]
) -> None:
    with portal.app.app_context():
        assert whole(db.session(), official("province"), EVER.but(**chosen)) == counted(filter(holds, certified()))


@pytest.mark.parametrize(
    ("username", "agencies"),
    [("gx10", {"A07"}), ("gx15", {"A03"}), ("province", None), ("admin", None), ("ent01", None)],
)
def test_everybody_counts_what_lies_in_his_sight(portal: Portal, username: str, agencies: set[str] | None) -> None:
    theirs = [project for project in certified() if agencies is None or project["filing"]["agency"] in agencies]
    if username == "ent01":
        theirs = [project for project in certified() if project["filing"]["enterprise"] == "E01"]
    with portal.app.app_context():
        assert whole(db.session(), official(username), EVER) == counted(theirs)


def test_a_city_counts_its_districts(portal: Portal) -> None:
    portal.hire("gx50", "周市级", agency="A05", role="reviewer")
    with portal.app.app_context():
        district = [project for project in certified() if project["filing"]["agency"] == "A07"]
        assert whole(db.session(), official("gx50"), EVER) == counted(district)


def test_the_year_before_is_the_same_days_a_year_earlier() -> None:
    chosen = Selection(issued_from=date(2020, 1, 1), issued_to=date(2020, 2, 29))
    before = year_before(chosen)
    assert before is not None
    assert (before.issued_from, before.issued_to) == (date(2019, 1, 1), date(2019, 2, 28))
    assert year_before(Selection(issued_to=date(2020, 2, 29))) is None


def half_up(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(10) ** -places, ROUND_HALF_UP)


# The page


def test_the_page_says_its_figures_their_day_and_the_year_before(portal: Portal, client_of: Client) -> None:
    page = client_of("province").read("/office/statistics?issued_from=2021-01-01&issued_to=2021-11-15")
    this_year = counted(p for p in certified() if p["certificate"]["issue_date"] >= "2021")
    assert "数据更新于 2021-11-15 09:00" in page
    assert "口径：按签发日期" in page
    assert f"<b>{this_year.filings}<small> 项" in page
    assert f"<b>{half_up(Decimal(this_year.total) / 10**8, 1):,}<small> 亿元" in page
    assert f"<b>{half_up(Decimal(this_year.days) / this_year.measured, 1)}<small> 工作日" in page
    assert "较上年同期" in page
    assert "11 月统计至 15 日" in page


def test_every_figure_leads_to_exactly_its_cases(portal: Portal, client_of: Client) -> None:
    visitor = client_of("province")
    page = visitor.read("/office/statistics?issued_from=2021-01-01&issued_to=2021-11-15&by=industry")
    cells = re.findall(r"<td[^>]*>(?:<b>)?(<a[^>]*>)?([\d.,]+)%?<", page)
    assert len(cells) > 50
    assert {number for link, number in cells if not link} <= {"0", "0.00"}, "a figure leads nowhere"
    assert not re.search(r'class="jg-card jg-fact"(?! href="/office/projects)', page)
    found: dict[str, int] = {}
    for row in page[page.index('id="detail"') :].split("<tr")[2:]:
        linked = re.findall(r'<td[^>]*><a href="(/office/projects\?[^"]+)">([\d.,]+)<', row)
        for url, _number in linked:
            if url not in found:
                total = re.search(r"共 (\d+) 条", visitor.read(url))
                found[url] = int(total[1]) if total else 0
        assert all(found[url] for url, _number in linked)
        counts = [(url, number) for url, number in linked if re.search("only=(issued|returned|started|completed)", url)]
        filings, jobs = counts[0], counts[-2:]  # these are of the same cases
        assert {jobs[0][0], jobs[1][0]} == {filings[0]}
        for url, number in (filings, *(one for one in counts if "only=issued" not in one[0])):
            assert found[url] == int(number), url


def test_an_enterprise_has_no_such_page(portal: Portal, client_of: Client) -> None:
    assert client_of("ent01").get("/office/statistics").status_code == 403


def test_the_files_hold_what_the_page_shows(portal: Portal, client_of: Client) -> None:
    visitor = client_of("province")
    query = "issued_from=2021-01-01&issued_to=2021-11-15&by=agency"
    page = visitor.read(f"/office/statistics?{query}")
    detail = page[page.index('id="detail"') :]
    shown = [re.findall(r">([^<>]+)</a>|<td[^>]*>([^<]+)</td>", row) for row in detail.split("<tr")[2:]]
    first = [one or other for one, other in shown[0]]
    book = load_workbook(io.BytesIO(visitor.get(f"/office/statistics.xlsx?{query}").data), read_only=True)
    rows = list(book["分类统计"].iter_rows(values_only=True))
    assert rows[1][0] == first[0]
    assert [f"{rows[1][1]:,}", f"{rows[1][2]:,.2f}"] == first[1:3]
    assert len(rows) == len(shown) + 1
    months = list(book["按月"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in months] == [f"{n}月" for n in range(1, 12)]
    answer = visitor.get(f"/office/statistics.csv?{query}")
    # A server sends no header with other letters; Flask's test client would.
    assert answer.headers["Content-Disposition"].encode("ascii").startswith(b"attachment; filename*=UTF-8''")
    text = answer.data.decode()
    assert text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert lines[-1][:2] == ["合计", str(rows[-1][1])]


# Rounding


YEAR = "issued_from=2021-01-01&issued_to=2021-11-15"


@pytest.fixture
def halves(portal: Portal) -> None:
    """Four filings of one agency and year, whose figures lie halfway between two that can be shown."""
    some = [project for project in certified() if project["certificate"]["issue_date"] >= "2021"][:4]
    figures = zip(some, (392_500_000, 19_500_000, 50_500_000, 0), (1, 1, 1, 2), strict=True)
    with portal.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE project_figures SET issue_date = NULL")
        for project, total, days in figures:
            connection.exec_driver_sql(
                f"UPDATE project_figures SET issue_date = '2021-03-01', month = 202103, agency_id = 'A07', "
                f"total = {total}, own_funds = {total}, days_taken = {days}, limit_days = 3, "
                f"city = '4401{project['no']:02d}' WHERE document_id = 'P{project['no']:02d}'"
            )


def test_what_lies_halfway_is_rounded_upwards_on_the_page_and_in_its_charts(halves: None, client_of: Client) -> None:
    page = client_of("province").read(f"/office/statistics?{YEAR}&by=agency")
    assert "<b>4.6<small> 亿元" in page  # 4.625
    assert "<b>1.3<small> 工作日" in page  # 1.25
    assert re.findall(r'data-value="(\d+\.\d\d)" data-label="([^"]+)"', page[: page.index('id="industries-table"')])[
        -4:
    ] == [("3.93", "3.93"), ("0.20", "0.20"), ("0.51", "0.51"), ("0.00", "0.00")]
    assert ">4.63<" in page[page.index('id="detail"') :]


def test_the_files_have_the_decimals_that_the_page_shows(halves: None, client_of: Client) -> None:
    visitor = client_of("province")
    with_decimals = visitor.get(f"/office/statistics.csv?{YEAR}&by=region").data.decode().splitlines()
    detail = [line.split(",")[1:8] for line in with_decimals[with_decimals.index("分类统计") + 2 :]]
    assert [line[1] for line in detail] == ["3.93", "0.20", "0.51", "0.00", "4.63"]
    assert detail[-1] == ["4", "4.63", "4.63", *detail[-1][3:6], "1.3"]
    book = load_workbook(io.BytesIO(visitor.get(f"/office/statistics.xlsx?{YEAR}&by=region").data))
    cells = [row[2] for row in book["分类统计"].iter_rows(min_row=2)]
    assert [(cell.value, cell.number_format) for cell in cells[-2:]] == [(0, "#,##0.00"), (4.63, "#,##0.00")]
    [total] = [row for row in book["概况"].iter_rows() if row[0].value == "总投资"]
    assert (total[1].value, total[1].number_format) == (4.6, "#,##0.0")


@pytest.mark.parametrize(
    ("counts", "percents"),
    [
        ((1, 1, 1), [34, 33, 33]),
        ((1, 1, 6), [13, 12, 75]),  # each rounded for itself: 13, 13, 75
        ((995, 4, 1), [100, 0, 0]),
        ((7, 0, 0), [100, 0, 0]),
        ((0, 0, 0), [0, 0, 0]),
    ],
)
def test_shares_make_a_hundred_together(counts: tuple[int, ...], percents: list[int]) -> None:
    assert shares(counts) == percents
