"""The commands of the engine: each locks one case, applies, steps, writes everything, in the transaction around it.

    with engine.command(session, actor="gx10") as command:
        command.complete(task_id, data={"decision": "accept"}, opinion="同意受理")

The `with` block is the transaction: it commits once at its end, or nothing of it happened (design §3.1).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from engine.assignment import AssignmentPolicy, Everyone
from engine.case_commands import CaseCommands
from engine.clock import Clock
from engine.deployments import Deployments, Source
from engine.migration_commands import MigrationCommands
from engine.modification import Modification
from engine.services import Registry
from engine.tables import Definition
from engine.task_commands import TaskCommands
from engine.transactions import transaction


class Engine:
    """One installation: its service tasks, its policy, its clock, its compiled deployments.

    `publish` is told the ids of jobs that fell due in a committed command; it is a hint, the job table is the truth.
    """

    def __init__(
        self,
        *,
        services: Registry | None = None,
        policy: AssignmentPolicy | None = None,
        clock: Clock | None = None,
        publish: Callable[[list[str]], None] | None = None,
    ) -> None:
        self.services = services or Registry()
        self.policy = policy or Everyone()
        self.clock = clock or Clock()
        self.publish = publish or (lambda job_ids: None)
        self.deployments = Deployments(lambda operator: self.services.get(operator) is not None)

    @contextmanager
    def command(self, session: Session, *, actor: str | None = None, attended: bool = True) -> "Iterator[Command]":
        """A transaction in which commands are given on behalf of `actor` (None: the system).

        Where nobody attends, as when a job is carried out, a service's refusal is an incident: nobody could be told.
        """
        with transaction(session):
            yield Command(self, session, actor, attended=attended)


class Command(CaseCommands, TaskCommands, Modification, MigrationCommands):
    """What can be done to cases inside one transaction."""

    def deploy(self, sources: list[Source]) -> list[Definition]:
        """Deploy a set of files. Raises DeploymentRefused with every problem."""
        return self.engine.deployments.deploy(self.session, sources, self.now, self.actor)
