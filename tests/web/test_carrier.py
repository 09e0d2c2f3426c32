"""Celery in this process carries a job out at once; the sweeper is for what it missed."""

import threading
import time
from contextlib import nullcontext
from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from engine import jobs, timekeeper
from engine.carrier import Carrier
from engine.commands import Engine
from engine.tables import Anchor, Job
from tests.servers import free_port
from tests.web.portal import Portal
from web.database import db
from web.runtime import runtime


def waiting(portal: Portal) -> int:
    with portal.app.app_context():
        found = len(jobs.due(db.session(), portal.clock.now()))
        db.session.rollback()
        return found


def test_the_embedded_worker_carries_out_what_a_command_published(portal: Portal) -> None:
    filing = portal.draft()
    with portal.app.app_context():
        carrier = runtime().carrier
        runtime().engine.publish = carrier.publish
        carrier.start_embedded()
    try:
        headers = {"Authorization": f"Bearer {portal.token('ent01')}"}
        assert portal.client.post(f"/api/v1/filings/{filing['id']}/submit", headers=headers).status_code == 200
        deadline = time.monotonic() + 15
        while waiting(portal):
            assert time.monotonic() < deadline, "the worker did not take the job"
            time.sleep(0.02)
    finally:
        carrier.stop()


def test_the_sweeper_finds_a_job_whose_hint_was_lost(portal: Portal) -> None:
    filing = portal.draft()
    headers = {"Authorization": f"Bearer {portal.token('ent01')}"}
    portal.client.post(f"/api/v1/filings/{filing['id']}/submit", headers=headers)
    assert waiting(portal) == 1
    assert portal.app.extensions["jigai"].carrier.sweep() == 1
    assert waiting(portal) == 0


def test_every_timekeeper_looks_after_the_record_and_anchors_it_once_a_day(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "HOUSEKEEPING", 0.0)
    carrier = portal.app.extensions["jigai"].carrier
    keepers = [timekeeper.Timekeeper(carrier.engine, carrier._sessions) for _ in range(2)]
    for hours in (0, 1, 22, 1, 24):
        portal.clock.advance(timedelta(hours=hours))
        for keeper in keepers:
            keeper.look()
    with portal.app.app_context():
        found = db.session.execute(select(Anchor.id, Anchor.at).order_by(Anchor.id)).all()
        db.session.rollback()
    days = [timedelta(0), timedelta(days=1), timedelta(days=2)]
    assert [(id, at - found[0].at) for id, at in found] == list(enumerate(days, 1))


class Away:
    """A broker that does not answer, and then refuses."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, name: str, args: list[str]) -> None:
        self.release.wait(10)
        raise OperationalError("connection refused")


def test_a_broker_that_is_away_does_not_fail_the_command_that_has_happened() -> None:
    carrier = Carrier(f"redis://127.0.0.1:{free_port()}", Engine(), nullcontext)  # type: ignore[arg-type]  # no session
    carrier.celery.send_task = away = Away()  # a client that looks for its broker does so for seconds
    with capture_logs() as logged:
        began = time.monotonic()
        carrier.publish(["one", "two"])
        assert time.monotonic() - began < 1
        away.release.set()
        carrier.stop()
    assert [line["job"] for line in logged] == ["one", "two"]


def test_the_embedded_worker_repeats_a_job_whose_hint_and_worker_were_lost(portal: Portal) -> None:
    filing = portal.draft()
    headers = {"Authorization": f"Bearer {portal.token('ent01')}"}
    portal.client.post(f"/api/v1/filings/{filing['id']}/submit", headers=headers)
    with portal.app.app_context():
        with runtime().engine.command(db.session()) as command:
            command.session.execute(update(Job).values(state="leased", lease="dead", attempts=1))
        carrier = runtime().carrier
        carrier.start_embedded()
    try:
        deadline = time.monotonic() + 15
        while waiting(portal):
            assert time.monotonic() < deadline, "nobody asked for a sweep"
            time.sleep(0.02)
    finally:
        carrier.stop()


def test_an_error_of_the_database_does_not_say_what_was_to_be_stored(portal: Portal) -> None:
    with portal.app.app_context(), pytest.raises(IntegrityError) as failed:
        db.session.execute(insert(Job).values(id="one", kind="张三"))
    assert "张三" not in str(failed.value)
