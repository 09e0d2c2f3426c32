"""What a running case sees of the world around it: the services it may call and the processes it may begin."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from engine import values
from engine.elements import ProcessSpec, Token
from engine.errors import BusinessRefusal, CommandRefused, EngineError
from engine.model import Node
from engine.phrases import Phrase
from engine.services import Call, ServiceTask
from engine.tables import Instance
from engine.transactions import after_commit
from engine.workflow import Case

if TYPE_CHECKING:
    from engine.work import Work

log = structlog.get_logger("jigai.engine")


class ServiceFailed(EngineError):
    """A service task raised something that is neither a BPMN error nor a refusal."""

    code = "service_failed"


class Refused(EngineError):
    """A service refused, and nobody gave the command that it could be told to: its whole complaint in one sentence."""

    code = "refused"

    def __init__(self, refusal: CommandRefused) -> None:
        errors = refusal.errors if isinstance(refusal, BusinessRefusal) else ()
        super().__init__("；".join(dict.fromkeys(error.message for error in errors)) or refusal.message)


class World:
    """What one case sees of the engine, for one command."""

    def __init__(self, command: "Work", instance: Instance) -> None:
        self.command = command
        self.instance = instance

    def is_external(self, operator: str) -> bool:
        return self._service(operator).effect == "external"

    def called(self, node: Node, caller: ProcessSpec) -> ProcessSpec:
        command = self.command
        return command.engine.deployments.called(command.session, node, caller)

    def call_service(self, token: Token, operator: str, arguments: Mapping[str, Any]) -> Any:
        service = self._service(operator)
        self.command.rows.send_case()
        try:
            with self.command.session.begin_nested():
                return run_service(service, arguments, self._call(token, operator), _result_of(token))
        except CommandRefused as refusal:
            if self.command.attended:
                raise
            raise Refused(refusal) from refusal

    def _service(self, operator: str) -> ServiceTask:
        service = self.command.engine.services.get(operator)
        if service is None:
            raise EngineError(Phrase("没有名为 {service} 的服务。", service=operator))
        return service

    def _call(self, token: Token, operator: str) -> Call:
        command = self.command
        case: Case = token.workflow.case
        deployment = token.workflow.spec.process.deployment
        key = f"{self.instance.id}:{token.id}"

        def decide(decision_id: str, **inputs: Any) -> Any:
            return deployment.decide(decision_id, inputs, case.functions)

        def enqueue(service_id: str, **params: Any) -> None:
            payload = {"operator": service_id, "arguments": values.to_json(params)}
            service = self._service(service_id)
            job_id = command.add_job(
                "detached", payload, instance_id=self.instance.id, key=f"{key}:{service_id}", attempts=service.attempts
            )
            after_commit(command.session, partial(command.engine.publish, [job_id]))

        return Call(
            session=command.session,
            instance_id=self.instance.id,
            business_key=self.instance.business_key,
            element_id=token.task_spec.name,
            idempotency_key=key,
            actor=command.actor,
            now=command.now,
            log=log.bind(case=self.instance.id, element=token.task_spec.name, service=operator),
            decide=decide,
            enqueue=enqueue,
            keep=lambda write: write(command.session),
        )


def _result_of(token: Token) -> str | None:
    """The variable that a service task's result is for."""
    call = token.task_spec.node.service
    return call.result_variable if call is not None else None


def run_service(service: ServiceTask, arguments: Mapping[str, Any], call: Call, variable: str | None = None) -> Any:
    """Run a service for a variable; whatever unforeseen it raises is a `ServiceFailed` in words."""
    try:
        return service.invoke(arguments, call, variable)
    except EngineError:
        raise
    except Exception as error:  # the function is not ours: whatever it raises is an incident, not our crash
        call.log.warning("service failed", exc_info=True)
        message = Phrase(
            "服务「{service}」出错：{kind}：{said}",
            service=service.title or service.id,
            kind=type(error).__name__,
            said=str(error).strip()[:300] or "没有说明",
        )
        raise ServiceFailed(message) from error
