"""Taking, holding and repeating jobs: many workers, slow services, dead workers, broken cases (design §3.3)."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import jobs
from engine.errors import BpmnError
from engine.services import Call, Registry, service_task
from engine.tables import Incident, Instance, Job
from engine.testing import ProcessTest
from engine.transactions import transaction
from tests.engine.models import (
    boundary,
    catch,
    diagram,
    end,
    error,
    one,
    process,
    service,
    signal,
    start,
    task,
    throw,
    timer,
    user,
)

TIMER = one(start(), catch("w", timer("PT1H")), user("u"), "start > w > u")


def working(work: Callable[..., Any], database_url: str, **policy: Any) -> ProcessTest:
    """A process whose only task is `work` as a job."""
    declared = service_task("work", title="工作", effect="external", **policy)(lambda: work())
    model = one(start(), service("s", "work", "n"), task("on"), "start > s > on")
    return ProcessTest([model], services={"work": declared}, database_url=database_url)


def begin(t: ProcessTest) -> str:
    """Start a case without carrying its job out; the job's id."""
    with t.engine.command(t.session) as command:
        command.start("p")
    return t.read(lambda session: session.scalars(select(Job.id)).one())


def worker(t: ProcessTest, *arguments: Any) -> Any:
    with Session(t.session.get_bind()) as session:
        return jobs.carry_out_due(t.engine, session, *arguments)


def job(t: ProcessTest) -> Job:
    return t.read(lambda session: session.scalars(select(Job)).one())


# Taking


def test_workers_who_ask_at_once_share_what_is_due_and_do_each_job_once(database_url: str) -> None:
    with ProcessTest([TIMER], database_url=database_url) as t:
        cases = [t.start("p") for _ in range(24)]
        t.clock.advance(timedelta(hours=2))
        barrier = threading.Barrier(4)

        def sweep(_: int) -> int:
            barrier.wait()
            return int(worker(t))

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(sweep, range(4))) == 24
        assert [case.trace for case in cases] == [["start", "w"]] * 24


def test_a_job_that_is_hinted_and_swept_at_the_same_time_is_done_once(database_url: str) -> None:
    runs: list[None] = []
    with working(lambda: runs.append(None), database_url) as t:
        job_id = begin(t)
        barrier = threading.Barrier(3)

        def hinted(_: int) -> bool:
            with Session(t.session.get_bind()) as session:
                barrier.wait()
                return jobs.carry_out(t.engine, session, job_id)

        def swept(_: int) -> bool:
            barrier.wait()
            return bool(worker(t))

        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(each, 0) for each in (hinted, hinted, swept)]
            assert sorted(future.result() for future in done) == [False, False, True]
        assert len(runs) == 1


def test_the_oldest_job_is_done_first(database_url: str) -> None:
    with ProcessTest([one(start(), catch("w", timer("when")), "start > w")], database_url=database_url) as t:
        hours = {t.start("p", {"when": timedelta(hours=number)}).id: number for number in (3, 1, 2)}
        t.clock.advance(timedelta(hours=4))
        done: list[int] = []
        commands = t.engine.command

        @contextmanager
        def watched(session: Session, **how: Any) -> Iterator[Any]:
            before = set(session.scalars(select(Job.instance_id)))
            with commands(session, **how) as command:
                yield command
            done.extend(hours[id or ""] for id in before - set(session.scalars(select(Job.instance_id))))

        t.engine.command = watched  # type: ignore[method-assign]
        assert worker(t) == 3
        assert done == [1, 2, 3]


def test_a_case_that_somebody_works_on_does_not_hold_up_the_others(postgresql_url: str) -> None:
    with ProcessTest([TIMER], database_url=postgresql_url) as t:
        held, other = t.start("p"), t.start("p")
        t.clock.advance(timedelta(hours=2))
        with Session(t.session.get_bind()) as session, transaction(session):
            session.scalar(select(Instance.id).where(Instance.id == held.id).with_for_update())
            assert worker(t) == 1
            assert (held.waiting, other.waiting) == (["w"], ["u"])
        assert worker(t) == 1
        assert held.waiting == ["u"]


def test_timers_do_not_wait_behind_the_work_of_a_service(database_url: str) -> None:
    """The timekeeper asks for short jobs alone, whatever else is due before."""
    declared = service_task("work", title="工作", effect="external")(lambda: None)
    model = one(start(), service("s"), boundary("b", "s", timer("PT1H"), interrupting=False), "start > s")
    with ProcessTest([model], services={"work": declared}, database_url=database_url) as t:
        begin_at = t.clock.now()
        with t.engine.command(t.session) as command:
            command.start("p")
        t.clock.advance(timedelta(hours=1))
        assert t.read(lambda session: jobs.next_due(session, jobs.AT_ONCE)) == begin_at + timedelta(hours=1)
        assert worker(t, jobs.AT_ONCE) == 1
        assert job(t).kind == "service"


def test_looking_for_work_where_there_is_none_writes_nothing(database_url: str) -> None:
    with ProcessTest([TIMER], database_url=database_url) as t:
        t.start("p")
        other = Session(t.session.get_bind())
        with other, t.engine.command(other):  # whoever wrote would wait for this one, on SQLite
            assert worker(t) == 0


# Holding


def test_a_slow_service_keeps_its_lease_by_heartbeats(database_url: str) -> None:
    with working(lambda: time.sleep(0.5), database_url, timeout=60) as t:
        t.engine.lease = timedelta(seconds=0.15)
        job_id = begin(t)
        leases: list[Any] = []
        with ThreadPoolExecutor(1) as pool, Session(t.session.get_bind()) as mine:
            doing = pool.submit(jobs.carry_out, t.engine, mine, job_id)
            while not doing.done():
                t.clock.advance(timedelta(seconds=0.02))
                with Session(t.session.get_bind()) as session:
                    leases += session.scalars(select(Job.due_at)).all()
                time.sleep(0.02)
            assert doing.result() is True
        assert len(set(leases)) >= 4
        assert t.cases()[0].status == "completed"


def test_a_dead_worker_s_job_is_taken_over_when_its_short_lease_is_over(database_url: str) -> None:
    class Killed(BaseException):
        """What is left of a worker that was killed: nothing."""

    lives = [Killed()]

    def work() -> int:
        if lives:
            raise lives.pop()
        return 7

    with working(work, database_url, timeout=3600) as t:
        job_id = begin(t)
        with pytest.raises(Killed), Session(t.session.get_bind()) as session:
            jobs.carry_out(t.engine, session, job_id)
        assert worker(t) == 0
        t.clock.advance(timedelta(seconds=31))
        assert worker(t) == 1
        assert t.cases()[0].data == {"n": 7}


def test_a_paused_worker_that_lost_its_lease_stops_waiting_and_its_result_is_refused(database_url: str) -> None:
    release = threading.Event()
    results = iter([1, 2])

    def work() -> int:
        result = next(results)
        if result == 1:
            release.wait(20)
        return result

    with working(work, database_url, timeout=60) as t:
        t.engine.lease = timedelta(seconds=0.3)
        job_id = begin(t)
        with ThreadPoolExecutor(1) as pool, Session(t.session.get_bind()) as mine:
            first = pool.submit(jobs.carry_out, t.engine, mine, job_id)
            while job(t).state != "leased":
                time.sleep(0.01)
            with t.engine.command(t.session) as command:  # as if its heartbeats had not come for long
                command.session.execute(update(Job).values(due_at=command.now - timedelta(seconds=1)))
            assert worker(t) == 1
            assert first.result(5) is True
            release.set()
        [case] = t.cases()
        assert case.data == {"n": 2}
        assert case.trace == ["start", "s", "on"]


def test_a_service_that_does_not_end_in_its_time_limit_has_failed_and_is_heard_no_more(database_url: str) -> None:
    release = threading.Event()
    kept: list[str] = []

    def work(call: Call) -> int:
        call.keep(lambda session: kept.append("late"))
        release.wait(20)
        return 1

    declared = service_task("work", title="工作", effect="external", timeout=0.2, attempts=1)(work)
    with ProcessTest(
        [one(start(), service("s", "work", "n"), "start > s")], services={"work": declared}, database_url=database_url
    ) as t:
        begin(t)
        began = time.monotonic()
        assert worker(t) == 1
        assert time.monotonic() - began < 5
        release.set()
        [case] = t.cases()
        assert [(i.element_id, i.code) for i in case.incidents] == [("s", "service_timed_out")]
        assert "0.2 秒" in case.incidents[0].message
        assert (case.data, kept) == ({}, [])


def test_a_service_sees_in_its_thread_what_the_application_keeps_beside_it(database_url: str) -> None:
    beside = contextvars.ContextVar("beside", default="nothing")
    with working(beside.get, database_url) as t:
        begin(t)
        beside.set("context")
        assert worker(t) == 1
        assert t.cases()[0].data == {"n": "context"}


def test_a_worker_that_does_not_know_the_service_says_so_and_tries_as_often_as_any(database_url: str) -> None:
    with working(lambda: None, database_url, attempts=2) as t:
        begin(t)
        t.engine.services = Registry()
        assert worker(t) == 1
        assert "work" in (job(t).last_error or "")
        t.advance(hours=1)
        assert [i.element_id for i in t.cases()[0].incidents] == ["s"]


# Repeating


def test_attempts_lie_further_apart_each_time_and_never_at_the_same_moment_for_all() -> None:
    for attempts, longest in ((1, 5), (2, 20), (3, 80), (9, 3600), (50, 3600)):
        pauses = [jobs.pause(attempts).total_seconds() for _ in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
        assert len(set(pauses)) > 150


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_job_that_always_fails_has_just_its_attempts(database_url: str, attempts: int) -> None:
    runs: list[None] = []

    def work() -> None:
        runs.append(None)
        raise OSError("never")

    with working(work, database_url, attempts=attempts) as t:
        case = t.start("p")
        t.advance(days=2)
        assert len(runs) == attempts
        assert (job(t).state, job(t).attempts) == ("failed", attempts)
        assert [i.code for i in case.incidents] == ["service_failed"]


def test_what_cannot_be_stored_with_a_result_counts_as_a_failed_attempt(database_url: str) -> None:
    def work(call: Call) -> None:
        call.keep(lambda session: session.add(Incident(id=1, code="x", message="张三")))

    declared = service_task("work", title="工作", effect="external", attempts=2)(work)
    with ProcessTest(
        [one(start(), service("s"), "start > s")], services={"work": declared}, database_url=database_url
    ) as t:
        t.start("p")
        t.advance(days=1)
        failed = job(t).id
        [incident] = t.read(lambda session: session.scalars(select(Incident)).all())
        assert (incident.code, incident.job_id) == ("job_failed", failed)
        assert "IntegrityError" in incident.message
        assert "张三" not in incident.message


def test_a_case_that_cannot_be_read_becomes_an_incident_and_lets_the_others_pass(database_url: str) -> None:
    with ProcessTest([TIMER], database_url=database_url) as t:
        broken, whole = t.start("p"), t.start("p")
        state = broken.instance.state
        with t.engine.command(t.session) as command:
            command.session.execute(update(Instance).where(Instance.id == broken.id).values(state=b"spoilt"))
        t.advance(hours=1)
        assert whole.waiting == ["u"]
        t.advance(hours=1)
        assert [(i.code, i.element_id) for i in broken.incidents] == [("job_failed", "w")]
        with t.engine.command(t.session) as command:
            command.session.execute(update(Instance).where(Instance.id == broken.id).values(state=state))
        t.retry(broken)
        assert (broken.waiting, broken.incidents) == (["u"], [])


def test_a_bpmn_error_of_a_job_leaves_no_row_where_it_is_caught_and_a_failed_one_where_not(database_url: str) -> None:
    def work() -> None:
        raise BpmnError("E")

    declared = service_task("work", title="工作", effect="external")(work)
    caught = one(start(), service("s"), boundary("b", "s", error("E")), "start > s", id="caught")
    uncaught = one(start(), service("s"), "start > s", id="uncaught")
    with ProcessTest([caught, uncaught], services={"work": declared}, database_url=database_url) as t:
        assert t.start("caught").status == "completed"
        assert t.read(lambda session: session.scalar(select(func.count(Job.id)))) == 0
        assert [i.code for i in t.start("uncaught").incidents] == ["uncaught_error"]
        assert job(t).state == "failed"


def test_what_a_case_throws_is_delivered_once_however_many_deliver(database_url: str) -> None:
    model = diagram(
        process("p", start(), throw("t", signal("S")), end("e"), "start > t > e"),
        process("q", start("s", signal("S")), user("u"), "s > u"),
    )
    with ProcessTest([model], database_url=database_url) as t:
        with t.engine.command(t.session) as command:
            for _ in range(4):
                command.start("p")
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(lambda _: worker(t), range(4))) == 4
        assert len(t.cases("q")) == 4
