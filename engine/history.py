"""Reading what happened to a case, and where it stands: names are those of the diagram version it runs on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.activities import UserTask
from engine.commands import Command, Engine
from engine.elements import Token
from engine.model import Node
from engine.tables import History, Instance


@dataclass(frozen=True)
class HistoryLine:
    """One line: `action` is started, completed, claimed, released, transferred, handed_over, cancelled or retried.

    `data` is what was given; `before` has the values that it replaced, by the same names.
    """

    seq: int
    at: datetime
    action: str
    element_id: str | None
    element_name: str | None
    element_kind: str | None
    actor: str | None
    on_behalf_of: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)


def lines(engine: Engine, session: Session, instance: Instance) -> list[HistoryLine]:
    """Everything that happened to a case, oldest first."""
    nodes = nodes_of(engine, session, instance.definition_id)
    rows = session.scalars(select(History).where(History.instance_id == instance.id).order_by(History.seq))
    return [
        HistoryLine(
            seq=row.seq,
            at=row.at,
            action=row.action,
            element_id=row.element_id,
            element_name=nodes[row.element_id].name if row.element_id in nodes else row.element_id,
            element_kind=nodes[row.element_id].kind if row.element_id in nodes else None,
            actor=row.actor,
            on_behalf_of=row.on_behalf_of,
            data=row.details or {},
            before=row.before or {},
        )
        for row in rows
    ]


def waiting(engine: Engine, session: Session, instance: Instance) -> list[str]:
    """The elements at which a case waits: user and manual tasks, catch events, running jobs, oldest first.

    Events armed on an activity's border or in a scope do not count: the case does not stand on them.
    """
    if instance.status in ("completed", "cancelled"):
        return []
    case = Command(engine, session, None).restore(instance)
    return [token.task_spec.name for token in case.tokens.values() if _waits(token)]


def _waits(token: Token) -> bool:
    data = token.internal_data
    if "incident" in data or "host" in data or "of" in data or data.get("listener"):
        return False
    return (
        "waits" in data or "parts" in data or (token.state == TaskState.READY and isinstance(token.task_spec, UserTask))
    )


def nodes_of(engine: Engine, session: Session, definition_id: int) -> dict[str | None, Node]:
    """The elements of every process that was deployed together with a definition, by id."""
    spec = engine.deployments.compiled(session, definition_id)
    return {node.id: node for process in spec.deployment.processes.values() for node in process.walk()}
