"""The test kit: deploy files, start cases, complete tasks, move the clock, restart, look (design §7).

    with ProcessTest(files=["filing.bpmn"], services={"certificate/allocate": lambda **_: {}}) as t:
        case = t.start("filing", data={"filing_id": "F1"})
        t.complete("accept", data={"decision": "accept"})
        assert case.waiting == ["review_content"]

Everything due happens in the caller's thread, against a real database that no other test sees.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, jobs, state
from engine.assignment import AssignmentPolicy
from engine.clock import MovableClock
from engine.commands import Command, Engine
from engine.deployments import Source
from engine.errors import CommandRefused
from engine.leases import unwatched
from engine.migration_commands import Target
from engine.modification import Instruction
from engine.phrases import Phrase
from engine.services import Registry
from engine.tables import Base, Definition, History, Incident, Instance, Job, Task
from engine.transactions import prepare, transaction

T = TypeVar("T")

TICK = timedelta(microseconds=1)
"""What a command or job takes on the test's clock, so that of two things one is always the older."""

FOREVER = 10_000
"""Jobs that one call carries out at most, so that a test of an endless process ends."""


class Case:
    """A case as the database has it at the moment each attribute is read."""

    def __init__(self, test: "ProcessTest", id: str) -> None:
        self._test = test
        self.id = id

    @property
    def instance(self) -> Instance:
        return self._test.read(lambda session: session.get_one(Instance, self.id))

    @property
    def status(self) -> str:
        """running, completed, failed, cancelled or suspended."""
        return self.instance.status

    @property
    def business_key(self) -> str | None:
        return self.instance.business_key

    @property
    def version(self) -> int:
        return self._test.read(lambda session: session.get_one(Definition, self.instance.definition_id).version)

    @property
    def data(self) -> dict[str, Any]:
        """The root's variables, after the end as they were at the end."""
        return state.variables(self.instance.state)

    @property
    def trace(self) -> list[str]:
        """The elements that completed, in order, those of called processes too."""
        query = select(History.element_id).where(History.instance_id == self.id, History.action == "completed")
        found = self._test.read(lambda session: session.scalars(query.order_by(History.seq)).all())
        return [element for element in found if element is not None]

    @property
    def waiting(self) -> list[str]:
        """User and manual tasks, catch events and running jobs, in the order in which they began to wait."""
        return self._test.read(
            lambda session: history.waiting(self._test.engine, session, session.get_one(Instance, self.id))
        )

    @property
    def incidents(self) -> list[Incident]:
        """The open ones, each with `element_id`, `code` and `message`."""
        query = select(Incident).where(Incident.instance_id == self.id, Incident.resolved_at.is_(None))
        return list(self._test.read(lambda session: session.scalars(query.order_by(Incident.id)).all()))

    def __repr__(self) -> str:
        return f"<Case {self.id} {self.status} waiting={self.waiting}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


class ProcessTest:
    """An engine on a fresh database. Entering deploys `files` and raises DeploymentRefused where they are wrong."""

    def __init__(
        self,
        files: Iterable[str | Path | bytes] = (),
        services: Mapping[str, Callable[..., Any]] | None = None,
        database_url: str | None = None,
        *,
        registry: Registry | None = None,
        policy: AssignmentPolicy | None = None,
        clock: MovableClock | None = None,
    ) -> None:
        self._sources = [_source(file, index) for index, file in enumerate(files)]
        self._registry = Registry(registry or ())
        for name, function in (services or {}).items():
            self._registry.add_callable(name, function)
        self._policy = policy
        self._database_url = database_url
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.clock = clock or MovableClock()

    def __enter__(self) -> "ProcessTest":
        if self._database_url is None:
            self._folder = tempfile.TemporaryDirectory(prefix="jigai-test-", ignore_cleanup_errors=True)
            file = Path(self._folder.name) / "test.db"
            file.write_bytes(_empty_database(frozenset(Base.metadata.tables)))
            self._database_url = f"sqlite:///{file}"
        self._open()
        try:
            if self._folder is None:
                with transaction(self.session):
                    Base.metadata.create_all(self.session.connection())
            if self._sources:
                with self.engine.command(self.session) as command:
                    command.deploy(self._sources)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def _open(self) -> None:
        self._database = prepare(sqlalchemy.create_engine(self._database_url or ""))
        self.session = Session(self._database)
        self.engine = Engine(services=self._registry, policy=self._policy, clock=self.clock)

    def _close(self) -> None:
        self.session.close()
        self._database.dispose()
        if self._folder is not None:
            self._folder.cleanup()

    # Commands

    def deploy(self, files: Iterable[str | Path | bytes]) -> list[Definition]:
        """Deploy further files, or further versions of the first."""
        sources = [_source(file, index) for index, file in enumerate(files)]
        return self._command(lambda command: command.deploy(sources))

    def start(
        self,
        process_id: str,
        data: Mapping[str, Any] | None = None,
        version: int | None = None,
        business_key: str | None = None,
    ) -> Case:
        """Start a case and carry out whatever is due."""
        instance_id = self._command(
            lambda command: command.start(process_id, data=data, business_key=business_key, version=version).id
        )
        self._settle()
        return Case(self, instance_id)

    def complete(
        self,
        element_id: str,
        data: Mapping[str, Any] | None = None,
        case: Case | None = None,
        *,
        actor: str | None = None,
        opinion: str | None = None,
    ) -> None:
        """Complete the waiting user task of an element, the one that waits longest if there are several."""
        query = select(Task.id).where(Task.element_id == element_id, Task.state == "open")
        if case is not None:
            query = query.where(Task.instance_id == case.id)
        task_id = self.read(lambda session: session.scalar(query.order_by(Task.created_at, Task.token).limit(1)))
        if task_id is None:
            raise CommandRefused(
                "task_unknown", Phrase("没有等待办理的任务「{element}」。", element=element_id), status=404
            )
        self._command(lambda command: command.complete(task_id, data=data, opinion=opinion), actor)
        self._settle()

    def message(
        self,
        name: str,
        correlation: Mapping[str, Any] | None = None,
        payload: Mapping[str, Any] | None = None,
        ttl: timedelta | None = None,
    ) -> None:
        """Send a message from outside. Raises CommandRefused when nobody waits for it and it has no time to live."""
        self._command(lambda command: command.message(name, correlation=correlation, payload=payload, ttl=ttl))
        self._settle()

    def signal(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """Send a signal from outside to everyone who waits for it."""
        self._command(lambda command: command.signal(name, payload=payload))
        self._settle()

    def cancel(self, case: Case, reason: str = "") -> None:
        """End a case at once."""
        self._command(lambda command: command.cancel(case.id, reason))
        self._settle()

    def suspend(self, case: Case, reason: str = "") -> None:
        """Let a case stand still until it is resumed."""
        self._command(lambda command: command.suspend(case.id, reason))
        self._settle()

    def resume(self, case: Case, reason: str = "") -> None:
        """Let a suspended case go on, with what came meanwhile."""
        self._command(lambda command: command.resume(case.id, reason))
        self._settle()

    def migrate(
        self,
        case: Case,
        version: int,
        mapping: Mapping[str, str] | None = None,
        called: Mapping[str, int] | None = None,
        reason: str = "",
    ) -> None:
        """Bring a case to another version of its diagram. Raises CommandRefused with everything that blocks it."""
        target = Target(version, mapping or {}, called or {})
        self._command(lambda command: command.migrate(case.id, target, reason))
        self._settle()

    def modify(
        self, case: Case, *instructions: Instruction, data: Mapping[str, Any] | None = None, reason: str = ""
    ) -> None:
        """Move, add and cancel tokens of a case by hand."""
        self._command(lambda command: command.modify(case.id, instructions, data=data, reason=reason))
        self._settle()

    def retry(self, case: Case, data: Mapping[str, Any] | None = None) -> None:
        """Correct the case's variables and try its incidents again."""
        self._command(lambda command: command.retry(case.id, data))
        self._settle()

    def skip(self, case: Case, reason: str, result: Any = None, *, element_id: str | None = None) -> None:
        """Do without what a case waits for later, the oldest job of `element_id` if that is given: a service task is
        completed with `result`, a timer fires at once. Raises CommandRefused where it waits for no job.
        """
        query = select(Job.id).where(Job.instance_id == case.id).order_by(Job.due_at, Job.token).limit(1)
        if element_id is not None:
            query = query.where(Job.element_id == element_id)
        job_id = self.read(lambda session: session.scalar(query))
        self._command(lambda command: command.skip_job(job_id or "", reason, result))
        self._settle()

    def advance(self, **amount: float) -> None:
        """Move the clock by `timedelta(**amount)`, stopping at each moment at which something falls due."""
        target = self.clock.now() + timedelta(**amount)
        while True:
            self._settle()
            following = self.read(jobs.next_due)
            if following is None or following > target:
                break
            self.clock.set(max(following, self.clock.now()))
        self.clock.set(max(target, self.clock.now()))

    def restart(self) -> None:
        """Drop every cache and object; only the database remains."""
        self.session.close()
        self._database.dispose()
        self._open()

    # Looking

    def cases(self, process_id: str | None = None) -> list[Case]:
        """Every case, oldest first, also those begun by a message or signal."""
        query = select(Instance.id).join(Definition, Definition.id == Instance.definition_id)
        if process_id is not None:
            query = query.where(Definition.key == process_id)
        found = self.read(lambda session: session.scalars(query.order_by(Instance.started_at, Instance.id)).all())
        return [Case(self, instance_id) for instance_id in found]

    def read(self, look: Callable[[Session], T]) -> T:
        """What `look` finds in the database as it is now."""
        self.session.rollback()
        self.session.expunge_all()
        return look(self.session)

    def _command(self, give: Callable[[Command], T], actor: str | None = None) -> T:
        self.clock.advance(TICK)
        with self.engine.command(self.session, actor=actor) as command:
            return give(command)

    def _settle(self) -> None:
        """Carry out everything due now, and whatever that makes due."""
        for _ in range(FOREVER):
            waiting = self.read(lambda session: jobs.due(session, self.clock.now(), 1))
            if not waiting:
                return
            self.clock.advance(TICK)
            jobs.carry_out(self.engine, self.session, waiting[0], watch=unwatched)
        raise AssertionError(f"still something due after {FOREVER} jobs: the process does not come to rest")


@cache
def _empty_database(tables: frozenset[str]) -> bytes:
    """The file of an SQLite database with `tables`, which are all that are known now. Making them takes longer than
    most tests do, so it is done once."""
    database = sqlalchemy.create_engine("sqlite://")
    Base.metadata.create_all(database, [Base.metadata.tables[name] for name in tables])
    with database.connect() as connection:
        file = cast(sqlite3.Connection, connection.connection.driver_connection).serialize()
    database.dispose()
    return file


def _source(file: str | Path | bytes, index: int) -> Source:
    if isinstance(file, bytes):
        return Source(f"file-{index + 1}.{_suffix(file)}", file)
    path = Path(file)
    return Source(path.name, path.read_bytes())


def _suffix(content: bytes) -> str:
    """What kind of file some bytes are, for those that have no name."""
    head = content[:2000]
    if head.lstrip()[:1] in (b"{", b"["):
        return "json"
    return "dmn" if b"/DMN/" in head else "bpmn"


__all__ = ["Case", "ProcessTest"]
