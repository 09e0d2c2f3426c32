"""工作日历: a year is published, and what runs across it gets its new deadline (design §10)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from sqlalchemy import select

from engine.tables import Instance, Job, Task
from records.documents import Document
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db

WEDNESDAY = datetime(2026, 12, 30, 2, tzinfo=UTC)
HEADER = "日期,安排,说明\n"
LONG_NEW_YEAR = HEADER + "2027-01-01,休息,元旦\n2027-01-04,休息,元旦\n2027-01-10,上班,调休\n"


def filed_at_the_end_of_2026(portal: Portal) -> str:
    """Three working days: Thursday the 31st, then Monday the 4th and Tuesday the 5th, if nothing else is published."""
    portal.clock.set(WEDNESDAY)
    filing = str(portal.draft()["id"])
    assert portal.submit(filing).status_code == 200
    return filing


def publish(portal: Portal, content: str, *, dry_run: bool = False, user: str = "admin") -> Any:
    data = {"file": (BytesIO(content.encode()), "2027.csv")}
    return portal.call(user, "POST", f"/calendar/2027/publish{'?dry_run=1' if dry_run else ''}", data=data)


def deadlines(portal: Portal, filing: str) -> tuple[date | None, datetime | None, list[datetime]]:
    """Of the document, of its open task, and of its timers."""
    with portal.app.app_context():
        case = db.session.scalars(select(Instance.id).where(Instance.business_key == filing)).one()
        task = db.session.scalars(select(Task).where(Task.state == "open", Task.instance_id == case)).one()
        timers = select(Job.due_at).where(Job.instance_id == case, Job.kind == "timer").order_by(Job.due_at)
        return db.session.get_one(Document, filing).due_on, task.due_at, list(db.session.scalars(timers))


def test_what_runs_into_a_year_gets_its_new_deadline_when_the_year_is_published(portal_on_each: Portal) -> None:
    portal = portal_on_each
    filing = filed_at_the_end_of_2026(portal)
    due_on, due_at, timers = deadlines(portal, filing)
    assert (due_on, due_at) == (date(2027, 1, 5), datetime(2027, 1, 5, 16, tzinfo=UTC))
    answer = publish(portal, LONG_NEW_YEAR)
    assert (answer.status_code, answer.get_json()["deadlines"]) == (200, 1), answer.text
    due_on, due_at, moved = deadlines(portal, filing)
    assert (due_on, due_at) == (date(2027, 1, 6), datetime(2027, 1, 6, 16, tzinfo=UTC))
    assert datetime(2027, 1, 7, 1, tzinfo=UTC) in moved  # overdue at nine of the day after
    assert datetime(2027, 1, 6, 1, tzinfo=UTC) in timers
    case = portal.filing(filing)["instance_id"]
    [line] = [
        line
        for line in portal.call("admin", "GET", f"/instances/{case}/history").get_json()["items"]
        if line["action"] == "revised"
    ]
    assert (line["actor"], line["data"]["reason"]) == ("admin", "工作日历调整")
    assert portal.call("gx10", "GET", "/calendar/2027").get_json()["published"] is True


def test_a_single_day_moves_deadlines_too_and_a_case_that_does_not_rest_on_it_stays(portal: Portal) -> None:
    filing = filed_at_the_end_of_2026(portal)
    moved = portal.call("admin", "PUT", "/calendar/days/2027-01-04", json={"is_workday": False}).get_json()
    assert moved == {"deadlines": 1}
    assert deadlines(portal, filing)[0] == date(2027, 1, 6)
    moved = portal.call("admin", "PUT", "/calendar/days/2027-02-01", json={"is_workday": False}).get_json()
    assert moved == {"deadlines": 0}
    assert portal.call("admin", "PUT", "/calendar/days/2026-12-01", json={"is_workday": True}).status_code == 422
    assert portal.call("security", "PUT", "/calendar/days/2027-03-01", json={"is_workday": True}).status_code == 403


def test_a_file_with_problems_publishes_nothing_and_names_each_line(portal: Portal) -> None:
    portal.clock.set(WEDNESDAY)
    wrong = (
        HEADER + "2027-01-01,放假,元旦\n2026-05-01,休息,劳动节\n2027-13-01,休息,\n2027-02-08,休息,\n2027-02-08,休息,\n"
    )
    assert publish(portal, wrong).status_code == 422
    problems = publish(portal, wrong, dry_run=True).get_json()["problems"]
    assert [(problem["line"], problem["column"]) for problem in problems] == [
        (2, "安排"),
        (3, "日期"),
        (4, "日期"),
        (6, "日期"),
    ]
    assert portal.call("admin", "GET", "/calendar/2027").get_json()["published"] is False
    assert publish(portal, HEADER + "2027-02-08,休息,\n", dry_run=True).get_json()["problems"][0]["message"] == (
        "没有 2027-01-01 休息"
    )


def test_the_year_is_seen_checked_and_published_on_its_page(
    portal: Portal, client_of: Callable[[str], Visitor]
) -> None:
    filed_at_the_end_of_2026(portal)
    admin, path = client_of("admin"), "/administration/calendar/2027"
    assert "暂定" in admin.read(path)
    fields: dict[str, Any] = dict(admin.form(path, path))
    told = admin.post(path, fields | {"check": "1", "file": (BytesIO(LONG_NEW_YEAR.encode()), "2027.csv")})
    assert "文件没有问题：休息 2 天，调休上班 1 天。" in told.text
    wrong = admin.post(path, fields | {"file": (BytesIO("日期\n".encode()), "2027.csv")})
    assert wrong.status_code == 422
    assert "缺少这一栏" in wrong.text
    done = admin.post(path, fields | {"file": (BytesIO(LONG_NEW_YEAR.encode()), "2027.csv")}, follow=True)
    assert "2027 年的工作日已公布。1 项办理期限已随之调整。" in done.text
    mark = admin.form(path, "/administration/calendar/days") | {"day": "2027-05-04", "kind": "rest"}
    assert "2027-05-04 已改为休息日。" in admin.post("/administration/calendar/days", mark, follow=True).text
    assert "只能维护" in admin.post("/administration/calendar/days", mark | {"day": "2090-05-04"}).text
