"""An engine at work on a database of its own: diagrams deployed, cases begun and continued, each command measured."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from time import perf_counter
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from benchmarks import storage
from benchmarks.databases import Database
from benchmarks.meter import Meter, Reading
from engine.commands import Engine
from engine.deployments import Source
from engine.tables import Base, Instance, Task

OPEN = select(Task.id).where(Task.instance_id == bindparam("case"), Task.state == "open")
"""The ids of a case's open tasks."""


class Running:
    """An engine without services on a fresh database. `deploying` is how long its diagrams took, in seconds."""

    def __init__(self, database: Database, *diagrams: bytes) -> None:
        self.connections = database.open()
        self.session = Session(self.connections)
        self.engine = Engine()
        Base.metadata.create_all(self.connections)
        begun = perf_counter()
        with self.engine.command(self.session) as command:
            sources = [Source(f"shape{index}.bpmn", diagram) for index, diagram in enumerate(diagrams)]
            for definition in command.deploy(sources):
                self.engine.deployments.compiled(command.session, definition.id)
        self.deploying = perf_counter() - begun

    @cached_property
    def meter(self) -> Meter:
        """Listens from the first measured command on: its listening costs a few hundredths of a statement's time."""
        return Meter(self.connections)

    def close(self) -> None:
        self.session.close()
        self.connections.dispose()

    def start(self, data: Mapping[str, Any], process: str = "p") -> tuple[str, Reading]:
        """Begin a case: its id, and what that took."""
        with self.meter.measure() as reading, self.engine.command(self.session) as command:
            case = command.start(process, data=data).id
        return case, reading

    def waiting(self, case: str) -> Sequence[str]:
        """The ids of a case's open tasks."""
        self.session.rollback()
        return self.session.scalars(OPEN, {"case": case}).all()

    def complete(self, case: str, data: Mapping[str, Any] | None = None) -> Reading:
        """Complete a task of the case; what that took, without finding the task."""
        return self.complete_task(self.waiting(case)[0], data)

    def complete_task(self, task_id: str, data: Mapping[str, Any] | None = None) -> Reading:
        with self.meter.measure() as reading, self.engine.command(self.session, actor="clerk") as command:
            command.complete(task_id, data=data)
        return reading

    def instance(self, case: str) -> Instance:
        self.session.rollback()
        self.session.expunge_all()
        return self.session.get_one(Instance, case)

    def stored(self) -> storage.Stored:
        """What the engine's tables hold. They are locked meanwhile, so this session must have let go of them."""
        self.session.rollback()
        return storage.measure(self.connections)

    def state_bytes(self, case: str) -> int:
        return len(self.instance(case).state)
