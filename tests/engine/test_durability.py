"""One command, one transaction: winners, losers, leases and costs, on SQLite and PostgreSQL (design §3.1, §3.3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from engine import jobs, state
from engine.commands import Command
from engine.deployments import Source
from engine.errors import CommandRefused
from engine.services import Call, service_task
from engine.tables import Definition, History, Instance, Job, Task
from engine.testing import ProcessTest
from tests.engine.harness import Running
from tests.engine.models import (
    boundary,
    catch,
    end,
    message,
    one,
    script,
    service,
    start,
    task,
    timer,
    times,
    user,
    xor,
)

TWO_STEPS = one(start(), user("a"), user("b"), end(), "start > a > b > end")
LOOP = one(
    start(), xor("in"), user("u"), xor("out"), end(), "start > in > u > out", "out > in if again", "out > end else"
)


def completing(task_id: str) -> Callable[[Command], str]:
    return lambda command: command.complete(task_id).id


def attempts_of(job_id: str) -> Callable[[Session], int]:
    return lambda session: session.get_one(Job, job_id).attempts


def at_once(t: ProcessTest, *actions: Callable[[Command], Any]) -> list[Any]:
    """Give commands at the same moment, each in a thread and session of its own; refusals are their results."""
    barrier = threading.Barrier(len(actions))

    def give(action: Callable[[Command], Any]) -> Any:
        with Session(t.session.get_bind()) as session:
            barrier.wait()
            try:
                with t.engine.command(session, actor=threading.current_thread().name) as command:
                    return action(command)
            except CommandRefused as refusal:
                return refusal

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(give, actions))


def open_task(t: ProcessTest, element_id: str) -> str:
    query = select(Task.id).where(Task.element_id == element_id, Task.state == "open")
    return t.read(lambda session: session.scalars(query).one())


@contextmanager
def statements(t: ProcessTest) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, commits included."""
    seen: list[str] = []
    bind = t.session.get_bind()

    def on_execute(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement.split("\n")[0])

    def on_commit(connection: Any) -> None:
        seen.append("COMMIT")

    event.listen(bind, "before_cursor_execute", on_execute)
    event.listen(bind, "commit", on_commit)
    try:
        yield seen
    finally:
        event.remove(bind, "before_cursor_execute", on_execute)
        event.remove(bind, "commit", on_commit)


def test_of_two_who_complete_one_task_one_wins_and_the_other_is_told_who_did(database_url: str) -> None:
    with ProcessTest([TWO_STEPS], database_url=database_url) as t:
        for _ in range(5):
            case = t.start("p")
            task_id = open_task(t, "a")
            results = at_once(t, *[completing(task_id)] * 2)
            refusals = [result for result in results if isinstance(result, CommandRefused)]
            assert [refusal.code for refusal in refusals] == ["task_done"]
            assert "已由" in refusals[0].message
            assert case.waiting == ["b"]
            assert case.trace == ["start", "a"]
            t.complete("b", case=case)


def test_whoever_waited_for_a_task_finds_it_as_the_first_left_it(postgresql_url: str) -> None:
    with ProcessTest([TWO_STEPS], database_url=postgresql_url) as t:
        t.start("p")
        task_id = open_task(t, "a")
        t.session.rollback()

        def second() -> CommandRefused:
            with (
                Session(t.session.get_bind()) as session,
                pytest.raises(CommandRefused) as refusal,
                t.engine.command(session, actor="second") as command,
            ):
                command.complete(task_id)
            return refusal.value

        with ThreadPoolExecutor(1) as pool:
            with t.engine.command(t.session, actor="first") as command:
                command.complete(task_id)
                waiting = pool.submit(second)
                while not t.session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                    assert not waiting.done()
            assert (waiting.result().code, waiting.result().details) == ("task_done", {"by": "first"})


def test_of_two_who_claim_one_task_one_has_it_and_the_other_is_told_who(database_url: str) -> None:
    with ProcessTest([TWO_STEPS], database_url=database_url) as t:
        for _ in range(5):
            case = t.start("p")
            task_id = open_task(t, "a")
            results = at_once(t, *[lambda command, id=task_id: command.claim(id).assignee] * 2)
            assert [result.code for result in results if isinstance(result, CommandRefused)] == ["task_taken"]
            t.cancel(case)


def test_a_completion_and_an_interrupting_message_have_one_winner(database_url: str) -> None:
    model = one(start(), user("a"), user("b"), boundary("m", "a", message("M")), task("x"), "start > a > b", "m > x")
    with ProcessTest([model], database_url=database_url) as t:
        for _ in range(5):
            case = t.start("p")
            task_id = open_task(t, "a")
            results = at_once(t, completing(task_id), lambda command: command.message("M"))
            [refusal] = [result for result in results if isinstance(result, CommandRefused)]
            if case.trace[-1] == "x":
                assert refusal.code == "task_cancelled"
            else:
                assert refusal.code == "message_unheard"
                assert case.waiting == ["b"]
                t.cancel(case)


def test_of_many_messages_each_has_a_receiver_of_its_own(database_url: str) -> None:
    with ProcessTest([one(start(), catch("m", message("M")), "start > m")], database_url=database_url) as t:
        cases = [t.start("p") for _ in range(4)]
        results = at_once(t, *[lambda command: [instance.id for instance in command.message("M")]] * 4)
        assert sorted(id for result in results for id in result) == sorted(case.id for case in cases)
        assert {case.status for case in cases} == {"completed"}


def test_a_message_to_be_kept_and_a_case_that_begins_to_wait_never_miss_each_other(database_url: str) -> None:
    model = one(start(), user("u"), catch("m", message("M")), "start > u > m")
    with ProcessTest([model], database_url=database_url) as t:
        for _ in range(8):
            case = t.start("p")
            task_id = open_task(t, "u")
            at_once(
                t,
                completing(task_id),
                lambda command: command.message("M", ttl=timedelta(hours=1)),
            )
            assert case.status == "completed"


def test_the_same_files_deployed_at_once_are_one_version(database_url: str) -> None:
    with ProcessTest(database_url=database_url) as t:
        source = Source("p.bpmn", TWO_STEPS)
        other = Source("p.bpmn", LOOP)

        def deploy(source: Source) -> Callable[[Command], Any]:
            return lambda command: [(d.key, d.version) for d in command.deploy([source])]

        results = at_once(t, *[deploy(source)] * 2, *[deploy(other)] * 2)
        assert results[0] == results[1]
        assert results[2] == results[3]
        assert sorted(version for [(_, version)] in results) == [1, 1, 2, 2]
        assert t.read(lambda session: session.scalar(select(func.count(Definition.id)))) == 2


def test_a_deployment_that_was_rolled_back_is_forgotten(database_url: str) -> None:
    with ProcessTest(database_url=database_url) as t:

        def stumble() -> None:
            with t.engine.command(t.session) as command:
                command.deploy([Source("p.bpmn", one(user("first")))])
                command.start("p")
                raise RuntimeError("the machine stumbles")

        with pytest.raises(RuntimeError):
            stumble()
        t.deploy([one(user("second"))])
        assert t.start("p").waiting == ["second"]


def test_a_command_that_fails_leaves_nothing_of_itself(database_url: str) -> None:
    def work(call: Call) -> None:
        call.session.add(Definition(deployment_id=1, key="written", version=1, name="", file_name=""))
        call.session.flush()
        raise CommandRefused("no", "不行")

    with ProcessTest(
        [one(start(), user("u"), service("s"), "start > u > s")], services={"work": work}, database_url=database_url
    ) as t:
        case = t.start("p")
        before = t.read(lambda session: session.scalar(select(func.count()).select_from(History)))
        with pytest.raises(CommandRefused):
            t.complete("u", {"x": 1})
        assert t.read(lambda session: session.scalar(select(func.count()).select_from(History))) == before
        assert t.read(lambda session: session.scalar(select(Definition.id).where(Definition.key == "written"))) is None
        assert (case.waiting, case.data) == (["u"], {})
        assert t.read(lambda session: session.scalars(select(Task.state)).all()) == ["open"]


def test_whoever_reads_after_a_command_sees_all_of_it(database_url: str) -> None:
    with ProcessTest([TWO_STEPS], database_url=database_url) as t:
        case = t.start("p")
        t.complete("a", {"x": 1})
        with Session(t.session.get_bind()) as session:
            rows = session.execute(select(Task.element_id, Task.state).order_by(Task.token)).all()
            assert [tuple(row) for row in rows] == [("a", "done"), ("b", "open")]
            assert session.get_one(Instance, case.id).revision == 2


class Interruptible:
    """A service that lets the test do something while it works."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None
        self.runs = 0

    def __call__(self) -> int:
        self.runs += 1
        run = self.runs
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return run


def job_test(work: Callable[..., Any], database_url: str, **policy: Any) -> ProcessTest:
    declared = service_task("work", title="工作", effect="external", **policy)(lambda: work())
    model = one(start(), service("s", "work", "n"), task("on"), "start > s > on")
    return ProcessTest([model], services={"work": declared}, database_url=database_url)


def test_a_job_belongs_to_one_worker_until_its_lease_is_over(database_url: str) -> None:
    work = Interruptible()
    with job_test(work, database_url) as t:

        def another() -> None:
            with Session(t.session.get_bind()) as session:
                assert jobs.due(session, t.clock.now()) == []
                job_id = session.scalars(select(Job.id)).one()
                session.rollback()
                assert jobs.carry_out(t.engine, session, job_id) is False

        work.meanwhile = another
        case = t.start("p")
        assert work.runs == 1
        assert case.data == {"n": 1}


def test_the_late_result_of_a_lost_lease_is_refused(database_url: str) -> None:
    work = Interruptible()
    with job_test(work, database_url, timeout=60) as t:

        def another_after_the_lease() -> None:
            t.clock.advance(timedelta(minutes=2))
            with Session(t.session.get_bind()) as session:
                [job_id] = jobs.due(session, t.clock.now())
                session.rollback()
                assert jobs.carry_out(t.engine, session, job_id) is True

        work.meanwhile = another_after_the_lease
        case = t.start("p")
        assert work.runs == 2
        assert case.data == {"n": 2}
        assert case.trace == ["start", "s", "on"]


def test_the_result_for_a_cancelled_case_is_refused(database_url: str) -> None:
    work = Interruptible()
    with job_test(work, database_url) as t:

        def cancel() -> None:
            with Session(t.session.get_bind()) as session, t.engine.command(session) as command:
                command.cancel(session.scalars(select(Instance.id)).one())

        work.meanwhile = cancel
        case = t.start("p")
        assert (case.status, case.trace) == ("cancelled", ["start"])


def test_an_attempt_that_never_reports_counts_as_one(database_url: str) -> None:
    class Killed(BaseException):
        """What is left of a worker that was killed: nothing."""

    def dies() -> None:
        raise Killed

    with job_test(dies, database_url, attempts=2, timeout=60) as t:
        with pytest.raises(Killed):
            t.start("p")
        [case] = t.cases()
        for _ in range(2):
            t.restart()
            t.clock.advance(timedelta(minutes=2))
            [job_id] = t.read(lambda session: jobs.due(session, t.clock.now()))
            if t.read(attempts_of(job_id)) < 2:
                with pytest.raises(Killed):
                    jobs.carry_out(t.engine, t.session, job_id)
            else:
                jobs.carry_out(t.engine, t.session, job_id)
        assert [i.element_id for i in case.incidents] == ["s"]
        assert "2" in case.incidents[0].message
        assert t.read(lambda session: jobs.due(session, t.clock.now())) == []


def test_the_key_of_a_job_is_the_same_in_every_attempt(database_url: str) -> None:
    keys: list[str] = []

    def work(call: Call) -> None:
        keys.append(call.idempotency_key)
        if len(keys) < 3:
            raise OSError("again")

    declared = service_task("work", title="工作", effect="external")(work)
    with ProcessTest(
        [one(start(), service("s"), "start > s")], services={"work": declared}, database_url=database_url
    ) as t:
        t.start("p")
        t.advance(hours=1)
        assert len(keys) == 3
        assert len(set(keys)) == 1


def test_two_workers_fire_a_timer_once(database_url: str) -> None:
    with ProcessTest(
        [one(start(), catch("w", timer("PT1H")), user("u"), "start > w > u")], database_url=database_url
    ) as t:
        case = t.start("p")
        t.clock.advance(timedelta(hours=2))
        [job_id] = t.read(lambda session: jobs.due(session, t.clock.now()))
        barrier = threading.Barrier(2)

        def worker(_: int) -> bool:
            with Session(t.session.get_bind()) as session:
                barrier.wait()
                return jobs.carry_out(t.engine, session, job_id)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(worker, range(2))) == [False, True]
        assert case.trace == ["start", "w"]
        assert case.waiting == ["u"]


def test_a_completion_is_one_commit_and_few_statements(database_url: str) -> None:
    with ProcessTest([TWO_STEPS], database_url=database_url) as t:
        t.start("p", {"x": 1})
        t.complete("a")
        t.start("p", {"x": 1})
        task_id = open_task(t, "a")
        t.session.rollback()
        with statements(t) as seen, t.engine.command(t.session, actor="gx10") as command:
            command.complete(task_id, data={"decision": "accept"}, opinion="同意")
        assert seen.count("COMMIT") == 1
        sent = [statement for statement in seen if statement not in ("COMMIT", "BEGIN IMMEDIATE")]
        assert len(sent) <= 6, "\n".join(sent)


def test_text_that_the_database_cannot_read_in_json_is_kept_in_the_record(database_url: str) -> None:
    with ProcessTest([TWO_STEPS], database_url=database_url) as t:
        case = t.start("p")
        t.complete("a", {"x": "before\0after", "y": r"\u0000"})
        assert (case.waiting, case.data) == (["b"], {"x": "before\0after", "y": r"\u0000"})
        given = select(History.details).where(History.element_id == "a")
        assert t.read(lambda session: session.scalars(given).one()) == case.data


def test_the_state_of_a_case_does_not_grow_with_its_age() -> None:
    case = Running(LOOP, restarted=True)
    sizes = []
    for _ in range(2_000):
        case.complete("u", {"again": True})
        sizes.append(len(state.dump(case.case)))
    assert sizes[-1] <= sizes[9] + 8
    assert sizes[-1] < 250
    assert case.open_tasks == ["u"]


def test_finished_instances_of_a_loop_leave_nothing_in_the_state() -> None:
    case = Running(one(start(), user("u", times("300", sequential=True)), "start > u"), restarted=True)
    sizes = []
    for _ in range(200):
        case.complete("u")
        sizes.append(len(state.dump(case.case)))
    assert sizes[-1] <= sizes[5] + 8


def test_a_long_way_of_scripts_is_one_command(sqlite_url: str) -> None:
    names = [f"s{n}" for n in range(500)]
    model = one(start(), *(script(name, "n = n + 1") for name in names), "start > " + " > ".join(names))
    with ProcessTest([model], database_url=sqlite_url) as t:
        assert t.start("p", {"n": 0}).data == {"n": 500}
