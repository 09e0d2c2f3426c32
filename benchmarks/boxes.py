"""The rows about inboxes: what a page costs an official with a thousand tasks around, and with millions."""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from sqlalchemy import select

from benchmarks.crowd import Crowd
from benchmarks.databases import Database
from benchmarks.report import POSTGRESQL, Goal, Row, milliseconds, spread
from engine import inbox
from engine.tables import Task
from records.agencies import Agency
from records.assignment import agency_group
from records.users import User, UserKind, UserRole, user_by_username
from tests.web.portal import Portal
from web import demo
from web.api.views import standing_of
from web.database import db

PEOPLE = 100
OFFICES = 10
OFFICIAL = "crowd0-0"

_WITHIN = Goal("at most 20", lambda seconds: seconds <= 0.020, only=POSTGRESQL)
_RATIO = Goal("at most 1.3", lambda ratio: ratio <= 1.3, only=POSTGRESQL)

_EVERYTHING_AND_FREE: list[inbox.Narrowing] = [(), (Task.assignee.is_(None),)]


def inbox_rows(database: Database, few: tuple[int, int], many: tuple[int, int], repeats: int) -> list[Row]:
    """First and tenth page, as pages and over REST, and the counts, with a few and with many (open, finished) tasks."""
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(database.new_url(), Path(folder))
        portal.load()
        task = _hire(portal)
        measures = _measures(portal)
        # Pages are asked for outside this context: within one, what is known of a request would outlive it.
        with portal.app.app_context():
            agencies = list(db.session.scalars(select(Agency.id).where(Agency.id != "A07").order_by(Agency.id)))
            connection = db.engine.connect()
        offices = ["A07", *agencies[: OFFICES - 1]]
        with connection:
            crowd = Crowd(connection, task, [agency_group(office, "handler") for office in offices], PEOPLE)
            found = {}
            for numbers in (few, many):
                open_tasks, done = numbers
                crowd.grow(open_tasks, open_tasks, done)
                found[numbers] = {name: _timed(measure, repeats) for name, measure in measures.items()}
        portal.close()
    rows = []
    for name in measures:
        before, after = found[few][name], found[many][name]
        row = Row(f"{name}, {many[0]:,} open and {many[1]:,} finished tasks, ms", _WITHIN)
        row.put(POSTGRESQL, spread(after, milliseconds), statistics.median(after), seconds=statistics.median(after))
        times = statistics.median(after) / statistics.median(before)
        ratio = Row(f"… times what {few[0] // OFFICES:,} in the office cost", _RATIO)
        ratio.put(POSTGRESQL, f"{times:.2f} (from {milliseconds(statistics.median(before))})", times, ratio=times)
        rows += [row, ratio]
    return rows


def _hire(portal: Portal) -> str:
    """Fill the office, and let an enterprise file something; the task that waits there."""
    with portal.app.app_context(), portal.app.extensions["jigai"].engine.command(db.session()) as command:
        colleague = user_by_username(command.session, "gx10")
        for number in range(PEOPLE):
            name = f"crowd0-{number}"
            user = User(id=name, username=name, name=f"经办{number}", kind=UserKind.AUTHORITY.value, agency_id="A07")
            user.roles = [UserRole(role="handler")]
            user.password_hash = colleague.password_hash if colleague else None
            command.session.add(user)
    filing = portal.draft()["id"]
    portal.submit(filing)
    return str(portal.task("gx10", filing)["id"])


def _measures(portal: Portal) -> dict[str, Callable[[], None]]:
    browser = portal.app.test_client()
    page = browser.get("/login").text
    token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    answer = browser.post(
        "/login",
        data={"csrf_token": token, "username": OFFICIAL, "password": demo.PASSWORD, "entrance": "official"},
    )
    assert answer.status_code == 302, answer.status_code

    def shown(path: str) -> Callable[[], None]:
        def show() -> None:
            answer = browser.get(path)
            assert answer.status_code == 200, answer.status_code

        return show

    def of_rest(number: int) -> Callable[[], None]:
        """Follows the cursors to a page once, then asks for it again and again."""
        paths: list[str] = []

        def ask() -> None:
            if not paths:
                path = "/api/v1/tasks?box=todo&limit=20"
                for _ in range(number - 1):
                    answer = browser.get(path)
                    assert answer.status_code == 200, answer.text
                    cursor = answer.get_json()["next"]
                    path = f"/api/v1/tasks?box=todo&limit=20&cursor={cursor}"
                paths.append(path)
            assert browser.get(paths[0]).status_code == 200

        return ask

    def counted() -> None:
        with portal.app.app_context():
            session = db.session()
            user = user_by_username(session, OFFICIAL)
            assert user is not None
            inbox.counts(session, "todo", standing_of(user), _EVERYTHING_AND_FREE)

    return {
        "inbox page 1": shown("/inbox/todo"),
        "inbox page 10": shown("/inbox/todo?page=10"),
        "inbox over REST, page 1": of_rest(1),
        "inbox over REST, page 10": of_rest(10),
        "counts of an inbox": counted,
        "finished tasks, page 1": shown("/inbox/done"),
    }


def _timed(measure: Callable[[], None], repeats: int) -> list[float]:
    for _ in range(3):
        measure()
    taken = []
    for _ in range(repeats):
        begun = perf_counter()
        measure()
        taken.append(perf_counter() - begun)
    return taken
