"""An external service at work: outside of any transaction, with a session that only reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.orm import Session

from engine import values
from engine.commands import Command
from engine.errors import EngineError
from engine.leases import Leased
from engine.phrases import Phrase
from engine.services import Call
from engine.tables import Instance
from engine.transactions import PIECEMEAL, after_commit
from engine.world import run_service

if TYPE_CHECKING:
    from engine.commands import Engine

Write = Callable[[Session], None]
"""Something to be stored together with the result."""

log = structlog.get_logger("jigai.jobs")


def work(engine: Engine, bind: Any, leased: Leased, writes: list[Write]) -> Any:
    """Run the service of a job; what it wants to keep is added to `writes`. Raises EngineError in words."""
    service = engine.services.get(leased.operator)
    if service is None:
        raise EngineError(Phrase("没有名为 {service} 的服务。", service=leased.operator))
    with Session(bind.execution_options(**PIECEMEAL[bind.dialect.name])) as reading:
        instance = reading.get(Instance, leased.instance_id) if leased.instance_id else None
        deployment = None
        if instance is not None:
            deployment = engine.deployments.compiled(reading, instance.definition_id).deployment

        def decide(decision_id: str, **inputs: Any) -> Any:
            if deployment is None:
                raise EngineError("这项工作不属于任何案件，没有决策表可用。")
            return deployment.decide(decision_id, inputs)

        def enqueue(service_id: str, **params: Any) -> None:
            asked = engine.services.get(service_id)
            if asked is None:
                raise EngineError(Phrase("没有名为 {service} 的服务。", service=service_id))
            payload = {"operator": service_id, "arguments": values.to_json(params)}
            writes.append(lambda writing: _add_detached(engine, writing, payload, leased, asked.attempts))

        call = Call(
            session=reading,
            instance_id=leased.instance_id or "",
            business_key=instance.business_key if instance is not None else None,
            element_id=leased.element_id or "",
            idempotency_key=leased.idempotency_key,
            actor=None,
            now=engine.clock.now(),
            log=log.bind(case=leased.instance_id, element=leased.element_id, service=service.id),
            decide=decide,
            enqueue=enqueue,
            keep=writes.append,
        )
        return run_service(service, leased.arguments, call)


def _add_detached(engine: Engine, session: Session, payload: dict[str, Any], leased: Leased, attempts: int) -> None:
    key = f"{leased.idempotency_key}:{payload['operator']}"
    command = Command(engine, session, None)
    job_id = command.add_job("detached", payload, instance_id=leased.instance_id, key=key, attempts=attempts)
    after_commit(session, lambda: engine.publish([job_id]))
