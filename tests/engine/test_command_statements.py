"""What each command asks of its database, statement by statement: one that gains a query fails here (design §3.1).

BEGIN and savepoints are no statements. What SQLite is told in several, PostgreSQL is told in one (`engine/rows.py`):
that is a tuple below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import event, select

from engine import jobs
from engine.commands import Command
from engine.deployments import Source
from engine.services import service_task
from engine.tables import Task
from engine.testing import ProcessTest
from tests.engine.models import both, boundary, catch, end, message, one, script, service, signal, start, timer, user

Together: TypeAlias = tuple[str, ...]
Expected: TypeAlias = list[str | Together]

CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")
NEXT_TASK = ("INSERT task", "INSERT history", "UPDATE task", "UPDATE instance")
"""What a completed task leaves after which another waits."""


@contextmanager
def asked(t: ProcessTest) -> Iterator[list[str]]:
    """What the database is asked meanwhile: verbs and tables, and the commits."""
    found: list[str] = []
    database = t.session.get_bind()

    def on_execute(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(CONTROL):
            found.append(summary(statement))

    def on_commit(connection: Any) -> None:
        found.append("COMMIT")

    t.session.rollback()
    event.listen(database, "before_cursor_execute", on_execute)
    event.listen(database, "commit", on_commit)
    try:
        yield found
    finally:
        event.remove(database, "before_cursor_execute", on_execute)
        event.remove(database, "commit", on_commit)


def summary(statement: str) -> str:
    """`SELECT task`, `UPDATE task + UPDATE instance`: the verbs of a statement, each with its table."""
    found = re.findall(r"\b(INSERT|UPDATE|DELETE|LOCK)(?: INTO| FROM| TABLE)? engine_(\w+)", statement)
    found = found or re.findall(r"(SELECT)\s.*?(?:FROM engine_|pg_)(\w+?)(?:_xact_lock)?\b", statement, re.DOTALL)[:1]
    return " + ".join(f"{verb} {table}" for verb, table in found)


def on_postgresql(t: ProcessTest) -> bool:
    return t.session.get_bind().dialect.name == "postgresql"


def expected(t: ProcessTest, statements: Expected) -> list[str]:
    """The statements as this database is told them, and one commit."""
    told: list[str] = []
    for statement in statements:
        together = (statement,) if isinstance(statement, str) else statement
        told += [" + ".join(together)] if on_postgresql(t) else together
    return [*told, "COMMIT"]


def check(t: ProcessTest, statements: Expected, give: Callable[[Command], Any], actor: str | None = "clerk") -> None:
    """Give a command and compare."""
    t.session.expunge_all()
    with asked(t) as found, t.engine.command(t.session, actor=actor) as command:
        give(command)
    assert found == expected(t, statements)


def task_id(t: ProcessTest, element_id: str) -> str:
    query = select(Task.id).where(Task.element_id == element_id, Task.state == "open")
    return t.read(lambda session: session.scalars(query).one())


TWO_STEPS = one(start(), user("a"), script("s", "y = 1"), user("b"), end(), "start > a > s > b > end")
SCRIPT = one(start(), script("s", "y = x + 1"), user("b"), end(), "start > s > b > end")
FORK = one(start(), both("f"), user("a"), user("b"), user("c"), end(), "start > f", "f > a > c > end", "f > b > end")
WAITS = one(start(), user("a"), catch("c", message("M")), catch("d", signal("S")), end(), "start > a > c > d > end")
DEADLINE = one(
    start(), user("a"), boundary("t", "a", timer("PT1H")), user("b"), end(), "start > a > end", "t > b > end"
)
JOB = one(start(), service("s", "work", "n"), user("b"), end(), "start > s > b > end")


@service_task("work", title="工作", effect="external")
def work() -> int:
    return 3


@pytest.fixture
def open_test(database_url: str) -> Iterator[Callable[[bytes], ProcessTest]]:
    """`open_test(diagram)`: a test whose caches are filled, as a running application's are."""
    with ExitStack() as tests:

        def enter(diagram: bytes) -> ProcessTest:
            t = tests.enter_context(ProcessTest([diagram], services={"work": work}, database_url=database_url))
            t.cancel(t.start("p", {"x": 1}))
            return t

        yield enter


Open: TypeAlias = Callable[[bytes], ProcessTest]


def test_a_start_reads_the_definition_and_writes(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    written = ("INSERT instance", "INSERT task", "INSERT history")
    check(t, ["SELECT definition", written], lambda command: command.start("p", data={"x": 1}))


def test_a_start_that_leads_to_a_job_writes_it_with_the_rest(open_test: Open) -> None:
    t = open_test(JOB)
    check(t, ["SELECT definition", ("INSERT instance", "INSERT job", "INSERT history")], lambda c: c.start("p"))


def test_claiming_and_releasing_read_once_and_write(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    t.start("p")
    a = task_id(t, "a")
    statements: Expected = ["SELECT task", ("INSERT history", "UPDATE task", "UPDATE instance")]
    check(t, statements, lambda command: command.claim(a))
    check(t, ["SELECT task"], lambda command: command.claim(a))  # they have it already
    check(t, statements, lambda command: command.release(a))


def test_a_completion_reads_once_and_writes(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    t.start("p")
    a = task_id(t, "a")
    check(t, ["SELECT task", NEXT_TASK], lambda command: command.complete(a, data={"d": 1}, opinion="同意"))
    b = task_id(t, "b")
    check(t, ["SELECT task", ("INSERT history", "UPDATE task", "UPDATE instance")], lambda c: c.complete(b))


def test_the_next_tasks_are_known_without_asking(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    t.start("p")
    a = task_id(t, "a")

    def complete_and_tell(command: Command) -> None:
        (following,) = command.open_tasks(command.complete(a))
        told.append({column.key: getattr(following, column.key) for column in Task.__table__.columns})

    told: list[dict[str, Any]] = []
    check(t, ["SELECT task", NEXT_TASK], complete_and_tell)
    stored = t.read(lambda session: session.get_one(Task, told[0]["id"]))
    assert told == [{column.key: getattr(stored, column.key) for column in Task.__table__.columns}]


def test_where_some_were_open_before_the_open_tasks_are_asked_for(open_test: Open) -> None:
    t = open_test(FORK)
    t.start("p")
    a = task_id(t, "a")
    told: list[str] = []

    def complete_and_tell(command: Command) -> None:
        told.extend(task.element_id for task in command.open_tasks(command.complete(a)))

    check(t, ["SELECT task", NEXT_TASK, "SELECT task"], complete_and_tell)
    assert told == ["b", "c"]


def test_what_a_command_does_with_a_task_that_it_opened_is_told(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    with t.engine.command(t.session, actor="clerk") as command:
        case = command.start("p")
        (a,) = command.open_tasks(case)
        command.claim(a.id)
        assert [task.assignee for task in command.open_tasks(case)] == ["clerk"]
        command.complete(a.id)
        (b,) = command.open_tasks(case)
        assert (a.state, b.element_id) == ("done", "b")


def test_a_completion_that_leads_to_a_message_looks_for_one_that_came_too_early(open_test: Open) -> None:
    t = open_test(WAITS)
    t.start("p")
    a = task_id(t, "a")
    written = ("INSERT subscription", "INSERT history", "UPDATE task", "UPDATE instance")
    check(t, ["SELECT task", *held_name(t), "SELECT buffered_message", written], lambda c: c.complete(a))


def test_a_cancellation_takes_back_what_is_open(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    case = t.start("p")
    written = ("INSERT history", "UPDATE instance")
    check(t, ["SELECT instance", "UPDATE task", written], lambda command: command.cancel(case.id, "不需要了"))


def test_a_retry_closes_the_incident_and_writes(open_test: Open) -> None:
    t = open_test(SCRIPT)
    case = t.start("p")
    taken_up = ["SELECT instance", "UPDATE job"]  # of the case, which no token waits for
    check(t, [*taken_up, ("INSERT history", "UPDATE instance")], lambda c: c.retry(case.id))
    written = ("INSERT task", "INSERT history", "UPDATE instance")
    check(t, [*taken_up, "UPDATE incident", written], lambda c: c.retry(case.id, {"x": 1}))


def test_a_message_finds_its_receiver_and_moves_it(open_test: Open) -> None:
    t = open_test(WAITS)
    t.start("p")
    t.complete("a")
    found = ["SELECT subscription", "SELECT subscription", "SELECT instance"]
    written = ("DELETE subscription", "INSERT subscription", "INSERT history", "UPDATE instance")
    check(t, [*found, written], lambda command: command.message("M", payload={"x": 1}))


def test_a_message_nobody_waits_for_is_looked_for_twice_and_kept(open_test: Open) -> None:
    t = open_test(WAITS)
    looked_for = ["SELECT subscription", "SELECT start_subscription"]
    kept = ["DELETE buffered_message", "INSERT buffered_message"]
    statements: Expected = [*looked_for, *held_name(t), *looked_for, *kept]
    check(t, statements, lambda command: command.message("M", ttl=timedelta(days=1)))


def test_a_signal_moves_each_receiver(open_test: Open) -> None:
    t = open_test(WAITS)
    for _ in range(2):
        t.start("p")
        t.complete("a")
        t.message("M")
    moved: Expected = ["SELECT instance", ("DELETE subscription", "INSERT history", "UPDATE instance")]
    statements: Expected = ["SELECT subscription", *moved, *moved, "SELECT start_subscription"]
    check(t, statements, lambda command: command.signal("S"))


def test_a_timer_that_fires_is_one_transaction(open_test: Open) -> None:
    t = open_test(DEADLINE)
    t.start("p")
    t.clock.advance(timedelta(hours=2))
    held = ["SELECT job", "SELECT instance", "SELECT job", "SELECT instance"]
    written = ("DELETE job", "INSERT task", "INSERT history", "UPDATE instance")
    statements: Expected = [*held, "UPDATE task", written]
    assert carried_out(t) == [*expected(t, statements)]


def test_a_job_is_a_lease_the_work_and_its_result(open_test: Open) -> None:
    t = open_test(JOB)
    with t.engine.command(t.session) as command:
        command.start("p")
    leased: Expected = ["SELECT job", "SELECT instance", "SELECT job", "UPDATE job"]
    worked: Expected = ["SELECT instance"]
    held: Expected = ["SELECT instance", "SELECT job", "DELETE job", "SELECT instance"]
    written = ("DELETE job", "INSERT task", "INSERT history", "UPDATE instance")
    assert carried_out(t) == [*expected(t, leased), *worked, *expected(t, [*held, written])]


def test_deploying_the_same_files_again_reads_what_is_there(open_test: Open) -> None:
    t = open_test(TWO_STEPS)
    locked = ["LOCK deployment"] if on_postgresql(t) else []
    sources = [Source("file-1.bpmn", TWO_STEPS)]
    check(t, [*locked, "SELECT deployment", "SELECT definition"], lambda command: command.deploy(sources))


def carried_out(t: ProcessTest) -> list[str]:
    """What carrying out the one job that is due asks."""
    [job_id] = t.read(lambda session: jobs.due(session, t.clock.now()))
    t.session.expunge_all()
    with asked(t) as found:
        jobs.carry_out(t.engine, t.session, job_id)
    return found


def held_name(t: ProcessTest) -> list[str]:
    """Where there are several writers, a message's name is theirs in turn."""
    return ["SELECT advisory"] if on_postgresql(t) else []
