"""The demo's past: the sample's projects come into their states by the procedures, up to the day of loading."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from engine.tables import Incident, Instance
from records.announcements import Announcement
from records.certificates import Certificate
from records.documents import Document
from records.filings import Filing
from records.seals import OfflineSeal
from tests.servers import Databases
from tests.web.portal import Portal
from web import history
from web.database import bring_up_to_date, db

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)  # a Monday, as the sample's day is


@pytest.fixture(scope="module")
def lived(sqlite_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with sqlite_databases.for_one_test() as new:
        portal = Portal(new(), tmp_path_factory.mktemp("var"), NOW)
        bring_up_to_date(portal.app)
        history.load(portal.app)
        with portal.app.app_context():
            yield portal
        portal.close()


@pytest.mark.usefixtures("lived")
def test_every_project_is_in_the_state_that_the_sample_says() -> None:
    states = Counter((document.kind, document.status) for document in db.session.scalars(select(Document)))
    assert states == {
        ("filing", "ISSUED"): 17, ("filing", "SUBMITTED"): 2, ("filing", "ACCEPTED"): 1, ("filing", "REVIEWED"): 1,
        ("filing", "RETURNED"): 1, ("filing", "NOT_ACCEPTED"): 1, ("filing", "DRAFT"): 1,
        ("approval", "ACCEPTED"): 1,
        ("change", "ISSUED"): 2, ("extension", "ISSUED"): 1, ("cancellation", "ISSUED"): 1, ("revocation", "ISSUED"): 1,
    }  # fmt: skip


@pytest.mark.usefixtures("lived")
def test_certificates_have_expired_been_extended_changed_given_up_and_taken_back() -> None:
    certificates = db.session.scalars(select(Certificate)).all()
    assert Counter(c.status for c in certificates) == {"VALID": 10, "LONG_TERM": 4, "INVALID": 3}
    assert {c.invalid_reason for c in certificates} == {None, "EXPIRED", "CANCELLED", "REVOKED"}
    assert (sum(c.extended for c in certificates), sum(c.changes for c in certificates)) == (1, 2)
    assert all(c.paper is not None for c in certificates)


@pytest.mark.usefixtures("lived")
def test_papers_without_electronic_seal_wait_are_stamped_and_are_collected() -> None:
    states = Counter(db.session.scalars(select(OfflineSeal.state)))
    assert states.keys() == {"PENDING", "STAMPED", "COLLECTED"}
    assert {c.seal for c in db.session.scalars(select(Certificate))} == {"SEALED", "OFFLINE_PENDING", "OFFLINE_DONE"}


@pytest.mark.usefixtures("lived")
def test_serials_follow_the_days_of_issue_in_every_year() -> None:
    by_day = db.session.scalars(select(Certificate.number).join(Filing).order_by(Certificate.issue_date)).all()
    for year in {number[:2] for number in by_day}:
        serials = [int(number[-4:]) for number in by_day if number.startswith(year)]
        assert serials == list(range(1, len(serials) + 1))


@pytest.mark.usefixtures("lived")
def test_it_happened_without_an_incident_and_nothing_of_it_lies_in_the_future() -> None:
    assert db.session.scalar(select(func.count(Incident.id))) == 0
    assert db.session.scalars(select(Instance).where(Instance.status.not_in(("running", "completed")))).all() == []
    latest = db.session.scalar(select(func.max(Announcement.published_at)))
    assert latest is not None
    assert latest <= NOW


def test_what_has_happened_is_not_lived_twice(lived: Portal) -> None:
    assert history.has_happened(lived.app)
