"""The rows about looking things up in a province of filings: search, statistics, lists."""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from flask import Flask
from flask.testing import FlaskClient

from benchmarks import province
from benchmarks.databases import Database
from benchmarks.report import POSTGRESQL, Goal, Row, milliseconds, spread
from records import search
from records.tokens import issue_token
from records.users import User, user_by_username
from web.database import db

PARTS = ("锂电池", "废气治理", "无人机装配", "柔性洗衣机", "技术改造", "超薄铜箔焊接", "全自动")
"""Of project names: what many have, some, and few."""

_SEARCH = Goal("at most 50 on PostgreSQL", lambda ms: ms <= 50, only=POSTGRESQL)
_STATISTICS = Goal("at most 500 on PostgreSQL", lambda ms: ms <= 500, only=POSTGRESQL)
_LISTS = ("projects", "certificates", "enterprises")


def lookup_rows(database: Database, filings: int, repeats: int) -> list[Row]:
    """Fill a database, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        app = province.application(database.new_url(), Path(folder))
        province.fill(app, filings, province.progress_bar(f"{filings:,} filings"))
        rows = measured(app, filings, repeats)
        with app.app_context():
            db.engine.dispose()
    return rows


def measured(app: Flask, filings: int, repeats: int) -> list[Row]:
    """The rows, on a database that is filled. Each page is asked for in a context of its own, as a server does."""
    with app.app_context():
        searches = _searches(filings, repeats)
    # Pages are asked for outside this context: within one, what is known of a request would outlive it.
    return [
        *searches,
        _page(app, "statistics page of a year, ms", "/office/statistics", repeats, _STATISTICS),
        _page(app, "… of all years, by agency", f"{_ALL_YEARS}&by=agency", repeats),
        _page(app, "… of a district, all years", _ALL_YEARS, repeats, username="gx10"),
        *(_list(app, name, repeats) for name in _LISTS),
    ]


_ALL_YEARS = f"/office/statistics?issued_from={province.FIRST}&issued_to={province.LAST}"


def _searches(filings: int, repeats: int) -> list[Row]:
    """Every part of a name, by the province and by a district; the slowest of the medians is judged."""
    row = Row(f"search by a part of a project's name among {filings:,}, ms", _SEARCH)
    number = Row("… by the beginning of a code or number", _SEARCH)
    users = [_user("province"), _user("gx10")]
    for line, texts in ((row, PARTS), (number, ("2607-440704", "2400000012", "2600"))):
        medians = {
            f"{text} ({user.username})": statistics.median(_times(_finding(user, text), repeats)) * 1000
            for user in users
            for text in texts
        }
        slowest = max(medians, key=lambda key: medians[key])
        middle = statistics.median(medians.values())
        line.put(POSTGRESQL, f"{middle:.1f}, slowest {medians[slowest]:.1f} ({slowest})", medians[slowest], **medians)
    return [row, number]


def _finding(user: User, text: str) -> Callable[[], object]:
    def find() -> object:
        db.session.rollback()
        return search.find(db.session(), user, text, limit=10)

    return find


def _page(app: Flask, title: str, path: str, repeats: int, goal: Goal | None = None, username: str = "province") -> Row:
    row = Row(title, goal)
    client = _client(app, username)
    times = _times(_reading(client, path), repeats)
    row.put(POSTGRESQL, spread(times, milliseconds), statistics.median(times) * 1000, seconds=times)
    return row


def _list(app: Flask, name: str, repeats: int) -> Row:
    row = Row(f"list of {name}, page 1 / page 10, ms")
    client = _client(app, "province")
    first, tenth = (
        statistics.median(_times(_reading(client, f"/office/{name}?page={page}"), repeats)) for page in (1, 10)
    )
    row.put(POSTGRESQL, f"{milliseconds(first)} / {milliseconds(tenth)}", first=first, tenth=tenth)
    return row


def _reading(client: FlaskClient, path: str) -> Callable[[], object]:
    def read() -> object:
        answer = client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer

    return read


def _client(app: Flask, username: str) -> FlaskClient:
    client: FlaskClient = app.test_client()
    with app.app_context(), app.extensions["jigai"].engine.command(db.session()) as command:
        _token, text = issue_token(command.session, _user(username), command.now)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return client


def _user(username: str) -> User:
    user = user_by_username(db.session(), username)
    assert user is not None, username
    return user


def _times(act: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each; the first call only fills caches."""
    act()
    taken = []
    for _ in range(repeats):
        begun = perf_counter()
        act()
        taken.append(perf_counter() - begun)
    return taken
