"""The commands of the engine: each locks one case, applies, steps, writes everything, in the transaction around it.

    with engine.command(session, actor="gx10") as command:
        command.complete(task_id, data={"decision": "accept"}, opinion="同意受理")

The `with` block is the transaction: it commits once at its end, or nothing of it happened (design §3.1).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine import start_timers
from engine.assignment import AssignmentPolicy, Everyone
from engine.case_commands import CaseCommands
from engine.clock import Clock
from engine.deployments import Deployments, Source
from engine.errors import CommandRefused, ValueRefused
from engine.job_commands import JobCommands
from engine.leases import LEASE
from engine.migration_commands import MigrationCommands
from engine.modification import Modification
from engine.revision import Revision
from engine.services import Registry
from engine.tables import Definition
from engine.task_commands import TaskCommands
from engine.transactions import transaction


class Engine:
    """One installation: its service tasks, its policy, its clock, its compiled deployments.

    `publish` is told the ids of jobs that fell due in a committed command, and `expect` the moment at which the first
    of its timers will; both are hints, the job table is the truth. `lease` is how long a worker's hold on a job lasts
    without a heartbeat.
    """

    def __init__(
        self,
        *,
        services: Registry | None = None,
        policy: AssignmentPolicy | None = None,
        clock: Clock | None = None,
        publish: Callable[[list[str]], None] | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        self.services = services or Registry()
        self.policy = policy or Everyone()
        self.clock = clock or Clock()
        self.publish = publish or (lambda job_ids: None)
        self.expect: Callable[[datetime], None] = lambda moment: None
        self.lease = lease
        self.deployments = Deployments(self.services.takes)

    @contextmanager
    def command(
        self,
        session: Session,
        *,
        actor: str | None = None,
        attended: bool = True,
    ) -> "Iterator[Command]":
        """A transaction in which `actor` (None: the system) gives commands.

        What only a principal of theirs may do they do as the substitute, and the record names both.
        Where nobody attends, as when a job is carried out, a service's refusal is an incident: nobody could be told.
        """
        with transaction(session):
            try:
                yield Command(self, session, actor, attended=attended)
            except ValueRefused as error:
                raise CommandRefused("value_refused", error.message, status=422, remedy="请更正这个值。") from None


class Command(CaseCommands, TaskCommands, JobCommands, Modification, Revision, MigrationCommands):
    """What can be done to cases inside one transaction."""

    def deploy(self, sources: list[Source]) -> list[Definition]:
        """Deploy a set of files, and set up what starts their processes. Raises DeploymentRefused with all problems."""
        deployed, is_new = self.engine.deployments.deploy(self.session, sources, self.now, self.actor)
        for definition in deployed if is_new else ():
            start_timers.schedule(self, definition, self._compiled(definition.id))
            self.give_kept_messages(definition)
        return deployed
