"""The figures of a project follow whatever the procedures write, in the same transaction."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from records.figures import ProjectFigures
from records.formats import amount_text
from tests.web.portal import Portal
from tests.web.test_rest_changes import begin, grant
from web.database import db


def figures(portal: Portal, filing: str) -> ProjectFigures:
    with portal.app.app_context():
        return db.session.scalars(select(ProjectFigures).where(ProjectFigures.document_id == filing)).one()


def today(portal: Portal) -> date:
    return portal.clock.now().date()


def test_a_draft_has_none_and_is_counted_once_it_is_submitted(portal: Portal) -> None:
    filing = str(portal.draft()["id"])
    with portal.app.app_context():
        assert db.session.get(ProjectFigures, filing) is None
    portal.submit(filing)
    found = figures(portal, filing)
    assert (found.city, found.division, found.agency_id) == ("440700", "39", "A07")
    assert (found.total, found.issue_date, found.returned) == (7_200_000, None, 0)


def test_what_is_returned_counts_its_return_and_the_working_days_of_its_last_round(portal: Portal) -> None:
    filing = str(portal.draft()["id"])
    portal.submit(filing)
    portal.decide("gx10", filing, "return", "请补充说明")
    portal.clock.advance(timedelta(days=28))
    assert portal.submit(filing).status_code == 200
    portal.clock.advance(timedelta(days=2))
    number = portal.issue(filing)
    found = figures(portal, filing)
    assert (found.returned, found.days_taken, found.limit_days) == (1, 2, 3)
    assert (found.issue_date, found.certificate_status) == (today(portal), "VALID")
    told = {"start_date": today(portal).isoformat(), "annual_reports": []}
    assert portal.call("ent01", "POST", f"/certificates/{number}/progress", json=told).status_code == 200
    found = figures(portal, filing)
    assert (found.started_on, found.completed_on, found.certificate_status) == (today(portal), None, "LONG_TERM")


def test_a_granted_change_and_the_end_of_a_certificate_change_them(portal: Portal) -> None:
    filing = str(portal.draft()["id"])
    portal.submit(filing)
    number = portal.issue(filing)
    before = figures(portal, filing)
    money = portal.filing(filing)["form"]["money"]
    values = {
        "money": {
            "own_funds": amount_text(Decimal(money["own_funds"]) - 10),
            "other_funds": amount_text(Decimal(money["other_funds"]) + 10),
        }
    }
    grant(portal, begin(portal, number, ["money.own_funds", "money.other_funds"], values)["id"])
    found = figures(portal, filing)
    assert (found.own_funds, found.other_funds) == (before.own_funds - 100_000, before.other_funds + 100_000)
    assert (found.days_taken, found.issue_date) == (0, before.issue_date)
    portal.clock.advance(timedelta(days=800))
    portal.settle()
    found = figures(portal, filing)
    assert (found.certificate_status, found.invalid_reason) == ("INVALID", "EXPIRED")
