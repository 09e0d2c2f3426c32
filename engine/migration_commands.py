"""Commands that bring cases to another version of their process, one by one or many."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.deployments import newest, titled
from engine.elements import ProcessSpec
from engine.errors import CommandRefused, EngineError
from engine.migration import Finding, Plan, carry_over
from engine.phrases import Phrase
from engine.projection import look
from engine.suspension import go_on
from engine.tables import Definition, Instance
from engine.work import Work
from engine.workflow import Case

if TYPE_CHECKING:
    from engine.commands import Engine


@dataclass(frozen=True)
class Target:
    """Where cases are to go: a version, with what its elements and flows were called before where they differ.

    `called` are versions for called processes that run inside the cases, by process id; those not named stay.
    """

    version: int
    mapping: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, int] = field(default_factory=dict)


class MigrationCommands(Work):
    """Bringing a running case to another version of its process."""

    def migrate(self, instance_id: str, target: Target, reason: str = "") -> Instance:
        """Go on in another version of the diagram.

        Raises CommandRefused with everything that blocks it, as `details["blocks"]`; then nothing has changed. A
        suspended case stays suspended.
        """
        instance, case = self._open_case(instance_id, even_suspended=True)
        before = look(case)
        definition, plan = self._carry_over(instance, case, target)
        if plan.blocks:
            raise CommandRefused(
                "migration_blocked",
                _blocked(plan.blocks, target.version),
                remedy=plan.blocks[0].remedy,
                details={"blocks": [vars(block) for block in plan.blocks]},
            )
        details: dict[str, Any] = {"from": self._version(instance), "to": target.version}
        for name, value in (("mapping", dict(target.mapping)), ("called", dict(target.called)), ("reason", reason)):
            details |= {name: value} if value else {}
        self.rows.change(instance, definition_id=definition.id)
        self._note(case, "migrated", details)
        self._projection(case, instance).renew()
        if not instance.suspended:
            go_on(case)
        self._save(instance, case, before)
        return instance

    def preview_migration(self, instance_id: str, target: Target) -> Plan:
        """What `migrate` would do to a case, and what blocks it. Nothing is written."""
        instance, case = self._open_case(instance_id, even_suspended=True)
        return self._carry_over(instance, case, target)[1]

    def _carry_over(self, instance: Instance, case: Case, target: Target) -> tuple[Definition, Plan]:
        now = self.session.get_one(Definition, instance.definition_id)
        definition = self._definition(now.key, target.version)
        if definition.id == now.id and not target.called:
            raise CommandRefused("version_same", Phrase("这个案件已经是版本 {version}。", version=target.version))
        spec = self._compiled(definition.id)
        called = {key: self._compiled(self._definition(key, version).id) for key, version in target.called.items()}
        _check_mapping([self._compiled(now.id), *_running(case)], [spec, *called.values()], target.mapping)
        return definition, carry_over(case, spec, target.mapping, called)

    def _definition(self, key: str, version: int) -> Definition:
        definition = newest(self.session, key, version)
        if definition is None:
            message = Phrase("没有流程 {process}。", process=titled(key, version))
            raise CommandRefused("definition_unknown", message, status=404, remedy="请先部署它。")
        return definition

    def _version(self, instance: Instance) -> int:
        return self.session.get_one(Definition, instance.definition_id).version


@dataclass(frozen=True)
class Outcome:
    """What a migration of many did to one case: migrated, would_migrate, blocked, or refused with a `message`."""

    instance_id: str
    outcome: str
    plan: Plan
    message: str = ""


def migrate_many(
    engine: "Engine",
    session: Session,
    key: str,
    from_version: int,
    target: Target,
    *,
    actor: str | None = None,
    reason: str = "",
    preview: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> tuple[list[Outcome], str | None]:
    """Bring the open cases of one version to another, each in a transaction of its own; at most `limit`, by their ids.

    Answers with what became of each, and the cursor of those after them (None: that was all). What has been done stays
    done whatever becomes of the rest; given again it goes on with those that are still of the first version.
    """
    query = (
        select(Instance.id)
        .join(Definition, Definition.id == Instance.definition_id)
        .where(Definition.key == key, Definition.version == from_version, Instance.ended_at.is_(None))
        .order_by(Instance.id)
        .limit(limit + 1)
    )
    if cursor is not None:
        query = query.where(Instance.id > cursor)
    session.rollback()
    found = list(session.scalars(query))
    outcomes = [_one(engine, session, id, target, actor, reason, preview) for id in found[:limit]]
    return outcomes, found[limit - 1] if len(found) > limit else None


def _one(
    engine: "Engine",
    session: Session,
    instance_id: str,
    target: Target,
    actor: str | None,
    reason: str,
    preview: bool,
) -> Outcome:
    try:
        with engine.command(session, actor=actor, attended=False) as command:
            plan = command.preview_migration(instance_id, target)
            if not plan.blocks and not preview:
                command.migrate(instance_id, target, reason)
    except EngineError as error:
        return Outcome(instance_id, "refused", Plan(), error.message)
    done = "would_migrate" if preview else "migrated"
    return Outcome(instance_id, "blocked" if plan.blocks else done, plan)


def _blocked(blocks: list[Finding], version: int) -> Phrase:
    first = blocks[0]
    message = "不能迁移到版本 {version}：「{element}」{reason}"
    if len(blocks) > 1:
        message = "不能迁移到版本 {version}：「{element}」{reason}（共 {count} 处）"
    element = first.element_name or first.element_id
    return Phrase(message, version=version, element=element, reason=first.message, count=len(blocks))


def _running(case: Case) -> list[ProcessSpec]:
    """The called processes that run inside a case."""
    return [scope.spec for scope in case.subprocesses.values() if scope.spec.process is scope.spec]


def _check_mapping(old: list[ProcessSpec], new: list[ProcessSpec], mapping: Mapping[str, str]) -> None:
    """Refuse a mapping with a slip of the pen, which would do nothing, or less than was meant."""
    for code, specs, ids in (("mapping_source", old, set(mapping)), ("mapping_target", new, set(mapping.values()))):
        if unknown := sorted(ids - _ids(specs)):
            message = "映射中的 {ids} 不在原版本里。" if specs is old else "映射中的 {ids} 不在新版本里。"
            raise CommandRefused(
                code, Phrase(message, ids="、".join(unknown)), status=422, remedy="请核对元素或连线的编号。"
            )


def _ids(specs: list[ProcessSpec]) -> set[str]:
    """The ids of every element and flow of some processes."""
    nodes = [node for spec in specs for node in spec.deployment.processes[spec.name].walk()]
    return {node.id for node in nodes} | {flow.id for node in nodes for flow in (*node.incoming, *node.outgoing)}


__all__ = ["Finding", "MigrationCommands", "Outcome", "Target", "migrate_many"]
