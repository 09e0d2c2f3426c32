"""What an operator does to cases and jobs by hand: the engine does it, and the record of acts has it."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine import values
from engine.commands import Command
from engine.deployments import Source
from engine.migration_commands import Target
from engine.modification import Instruction
from engine.tables import Definition, Instance, Job
from records.admin_acts import Act, note


def start(
    command: Command, process_id: str, data: Mapping[str, Any], business_key: str | None, version: int | None
) -> Instance:
    """Start a case by hand."""
    instance = command.start(process_id, data=data, business_key=business_key, version=version)
    _record(command, Act.CASE_STARTED, f"案件 {instance.id}", {"definition": process_id, "business_key": business_key})
    return instance


def suspend(command: Command, instance_id: str, reason: str) -> Instance:
    """挂起 a case."""
    instance = command.suspend(instance_id, reason)
    _record(command, Act.CASE_SUSPENDED, f"案件 {instance_id}", {"reason": reason})
    return instance


def resume(command: Command, instance_id: str, reason: str) -> Instance:
    """恢复 a suspended case."""
    instance = command.resume(instance_id, reason)
    _record(command, Act.CASE_RESUMED, f"案件 {instance_id}", {"reason": reason})
    return instance


def cancel(command: Command, instance_id: str, reason: str) -> Instance:
    """终止 a case."""
    instance = command.cancel(instance_id, reason)
    _record(command, Act.CASE_CANCELLED, f"案件 {instance_id}", {"reason": reason})
    return instance


def retry_case(command: Command, instance_id: str, data: Mapping[str, Any] | None) -> Instance:
    """重试 the incidents of a case, with some variables corrected."""
    instance = command.retry(instance_id, data)
    _record(command, Act.CASE_RETRIED, f"案件 {instance_id}", {"corrected": sorted(data or {})})
    return instance


def modify(
    command: Command, instance_id: str, instructions: Iterable[Instruction], data: Mapping[str, Any], reason: str
) -> Instance:
    """Move, add and cancel tokens."""
    instance = command.modify(instance_id, instructions, data=data, reason=reason)
    _record(command, Act.CASE_MODIFIED, f"案件 {instance_id}", {"reason": reason, "corrected": sorted(data)})
    return instance


def migrate(command: Command, instance_id: str, target: Target, reason: str) -> Instance:
    """Let a case go on in another version."""
    instance = command.migrate(instance_id, target, reason)
    _record(command, Act.CASE_MIGRATED, f"案件 {instance_id}", {"reason": reason, "version": target.version})
    return instance


def retry_job(command: Command, job_id: str, arguments: Mapping[str, Any] | None = None) -> Job:
    """重试 a job, with some of its arguments corrected."""
    job = command.retry_job(job_id, arguments)
    _record(command, Act.JOB_RETRIED, _name(job), {"corrected": sorted(arguments or {})})
    return job


def skip_job(command: Command, job_id: str, reason: str, result: Any = None) -> Job:
    """跳过 a job for a reason."""
    job = command.skip_job(job_id, reason, result)
    told = {"reason": reason} | ({"result": values.to_json(result)} if result is not None else {})
    _record(command, Act.JOB_SKIPPED, _name(job), told)
    return job


def deploy(command: Command, sources: list[Source]) -> list[Definition]:
    """Deploy a set of files."""
    deployed = command.deploy(sources)
    names = [f"{definition.key} v{definition.version}" for definition in deployed]
    _record(command, Act.DEPLOYED, f"部署 {deployed[0].deployment_id}", {"definitions": names})
    return deployed


def tell(command: Command, name: str, received: list[Instance]) -> list[Instance]:
    """Note that a message or signal was given by hand, and to which cases."""
    _record(command, Act.MESSAGE_GIVEN, name, {"received_by": [instance.id for instance in received]})
    return received


def _name(job: Job) -> str:
    where = f"案件 {job.instance_id} 的 {job.element_id}" if job.instance_id else f"{job.element_id or job.kind}"
    return f"后台工作 {job.id}（{where}）"


def _record(command: Command, act: Act, subject: str, after: Mapping[str, Any]) -> None:
    note(command.session, act, subject, actor=command.actor, now=command.now, after=after)
