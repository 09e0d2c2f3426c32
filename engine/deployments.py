"""Deploying sets of files: checked as a whole, stored byte for byte, versioned, compiled once and kept."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from engine import reader, structure
from engine.allowance import LONGEST_NAME
from engine.compiler import compile_process
from engine.decisions import Decision, read_decisions
from engine.elements import ProcessSpec
from engine.errors import CommandRefused, DeploymentRefused, EngineError
from engine.forms import Form, read_form
from engine.model import Diagram, EventDefinition, Node, ProcessModel
from engine.phrases import Phrase
from engine.problems import Problem, problem
from engine.tables import Definition, Deployment, DeploymentFile, StartSubscription

KEPT_FILES = 100
"""Files whose content stays read, the latest ones."""


@dataclass(frozen=True)
class Source:
    """A file to deploy: its name as diagrams refer to it, and its bytes."""

    name: str
    content: bytes


@dataclass(eq=False)
class FileSet:
    """What a set of files says, read and checked together."""

    diagrams: list[Diagram] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def processes(self) -> dict[str, ProcessModel]:
        return {process.id: process for diagram in self.diagrams for process in diagram.processes}

    def decide(self, decision_id: str, variables: Mapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
        """The outputs of a decision of this set."""
        decision = self.decisions.get(decision_id)
        if decision is None:
            raise EngineError(Phrase("没有决策 {decision}。", decision=decision_id))
        return decision.evaluate(variables, functions=functions).outputs


class CompiledDeployment(FileSet):
    """A deployment ready to run: its processes as specs, its tables and forms."""

    def __init__(self, id: int, files: FileSet, definitions: Mapping[str, int]) -> None:
        super().__init__(files.diagrams, files.decisions, files.forms)
        self.id = id
        self.definition_ids = tuple(definitions.values())
        self.specs: dict[str, ProcessSpec] = {}
        for key, model in files.processes.items():
            spec = compile_process(model)
            spec.definition_id = definitions.get(key)
            spec.deployment = self
            self.specs[key] = spec

    @cached_property
    def processes(self) -> dict[str, ProcessModel]:
        """The same, which changes no more."""
        return super().processes


def check(
    sources: Iterable[Source],
    find_service: structure.FindService,
    is_deployed: Callable[[str, int | None], bool] = lambda key, version: False,
) -> FileSet:
    """Read a set of files and find everything that is wrong with it; nothing is stored."""
    files = FileSet()
    places: dict[str, str] = {}
    names: set[str] = set()
    for source in sources:
        if source.name in names:
            files.problems.append(problem("duplicate_file", file=source.name, line=1, name=source.name))
        if len(source.name) > LONGEST_NAME:
            too_long = problem("name_too_long", file=source.name, line=1, attribute="name", limit=LONGEST_NAME)
            files.problems.append(too_long)
        names.add(source.name)
        read, problems = _read(source)
        if isinstance(read, Diagram):
            files.diagrams.append(read)
        elif isinstance(read, Form):
            files.forms[source.name] = read
        for decision in read if isinstance(read, tuple) else ():
            if decision.id in files.decisions:
                files.problems.append(
                    problem("duplicate_decision", file=source.name, line=1, id=decision.id, other=places[decision.id])
                )
            files.decisions[decision.id] = decision
            places[decision.id] = source.name
        files.problems.extend(problems)
    found = structure.check(files.diagrams, files.decisions, files.forms, find_service)
    # A decision is not called missing while a table that could be it cannot be read.
    unread = any(p.severity == "error" and p.file.lower().endswith(".dmn") for p in files.problems)
    files.problems.extend(p for p in found if not (unread and p.code == "decision_unknown"))
    files.problems.extend(_unknown_calls(files, is_deployed))
    for process in files.processes.values():
        files.problems.extend(structure.concurrent_writes(process))
    if not files.processes and not any(p.severity == "error" for p in files.problems):
        files.problems.append(problem("no_process", file="、".join(sorted(names)) or "（空）", line=1))
    files.problems.sort(key=lambda p: (p.file, p.line or 0))
    return files


@lru_cache(maxsize=KEPT_FILES)
def _read(source: Source) -> tuple[Diagram | tuple[Decision, ...] | Form | None, tuple[Problem, ...]]:
    """What a file says by itself, and what is wrong with it. Nothing changes it afterwards, so that it is read once for
    every version of a procedure that has the same file."""
    suffix = source.name.rsplit(".", 1)[-1].lower()
    read: Diagram | tuple[Decision, ...] | Form | None
    if suffix == "bpmn":
        read, problems = reader.read(source.content, source.name)
    elif suffix == "dmn":
        decisions, problems = read_decisions(source.content, source.name)
        read = tuple(decisions)
    elif suffix == "json":
        read, problems = read_form(source.content, source.name)
    else:
        read, problems = None, [problem("unknown_file", file=source.name)]
    return read, tuple(problems)


def _unknown_calls(files: FileSet, is_deployed: Callable[[str, int | None], bool]) -> Iterable[Problem]:
    processes = files.processes
    for process in processes.values():
        for node in process.walk():
            if node.called is None:
                continue
            is_beside = node.called in processes and node.binding != "version"
            if is_beside and not structure.has_plain_start(processes[node.called]):
                yield problem(
                    "called_without_start",
                    file=process.file,
                    element_id=node.id,
                    element_name=node.name,
                    line=node.line,
                    process=node.called,
                )
            is_known = node.binding != "deployment" and is_deployed(node.called, node.called_version)
            if not (is_beside or is_known):
                yield problem(
                    "called_process_unknown",
                    file=process.file,
                    element_id=node.id,
                    element_name=node.name,
                    line=node.line,
                    process=titled(node.called, node.called_version),
                )


class Deployments:
    """The deployments of one database, compiled ones kept in memory: a deployment never changes."""

    def __init__(self, find_service: structure.FindService) -> None:
        self._find_service = find_service
        self._compiled: dict[int, CompiledDeployment] = {}
        self._deployment_of: dict[int, int] = {}
        self._lock = threading.Lock()

    def check(self, session: Session, sources: Iterable[Source]) -> FileSet:
        """As `check`, knowing the processes that are deployed already."""
        return check(sources, self._find_service, lambda *key: newest(session, *key) is not None)

    def deploy(
        self, session: Session, sources: list[Source], now: datetime, actor: str | None
    ) -> tuple[list[Definition], bool]:
        """Store a set of files as the newest version of each of its processes, and whether that was new.

        The same bytes again give the versions that exist. Raises DeploymentRefused with every problem.
        """
        _one_at_a_time(session)
        digest = _digest(sources)
        known = session.scalar(select(Deployment).where(Deployment.digest == digest))
        if known is not None:
            of_it = select(Definition).where(Definition.deployment_id == known.id).order_by(Definition.key)
            return list(session.scalars(of_it)), False
        files = self.check(session, sources)
        if any(p.severity == "error" for p in files.problems):
            raise DeploymentRefused(files.problems)
        deployment = Deployment(digest=digest, created_at=now, created_by=actor)
        session.add(deployment)
        session.flush()
        session.add_all(DeploymentFile(deployment_id=deployment.id, name=s.name, content=s.content) for s in sources)
        definitions = [self._define(session, deployment, process) for process in files.processes.values()]
        session.flush()
        self._forget(deployment.id)
        self._keep(CompiledDeployment(deployment.id, files, {d.key: d.id for d in definitions}))
        return sorted(definitions, key=lambda definition: definition.key), True

    def _forget(self, deployment_id: int) -> None:
        """Let go of an earlier deployment of the same number whose transaction was rolled back."""
        with self._lock:
            self._compiled.pop(deployment_id, None)
            for definition_id, of in list(self._deployment_of.items()):
                if of == deployment_id:
                    del self._deployment_of[definition_id]

    def _keep(self, compiled: CompiledDeployment) -> CompiledDeployment:
        with self._lock:
            self._deployment_of.update((id, compiled.id) for id in compiled.definition_ids)
            return self._compiled.setdefault(compiled.id, compiled)

    def _define(self, session: Session, deployment: Deployment, process: ProcessModel) -> Definition:
        version = session.scalar(select(func.max(Definition.version)).where(Definition.key == process.id)) or 0
        definition = Definition(
            deployment_id=deployment.id, key=process.id, version=version + 1, name=process.name, file_name=process.file
        )
        session.add(definition)
        session.flush()
        older = select(Definition.id).where(Definition.key == process.id, Definition.id != definition.id)
        for subscription in session.scalars(
            select(StartSubscription).where(StartSubscription.definition_id.in_(older))
        ):
            session.delete(subscription)
        for node in process.nodes.values():
            for element_id, event in _beginning(process, node):
                session.add(
                    StartSubscription(
                        definition_id=definition.id, element_id=element_id, kind=event.kind, name=event.name or ""
                    )
                )
        return definition

    def compiled(self, session: Session, definition_id: int) -> ProcessSpec:
        """The specs of a definition."""
        deployment_id = self._deployment_of.get(definition_id)
        if deployment_id is None:
            definition = session.get(Definition, definition_id)
            if definition is None:
                message = Phrase("没有流程定义 {definition}。", definition=definition_id)
                raise CommandRefused("definition_unknown", message, status=404)
            deployment_id = self._deployment_of[definition_id] = definition.deployment_id
        for spec in self.deployment(session, deployment_id).specs.values():
            if spec.definition_id == definition_id:
                return spec
        raise AssertionError("a definition is one of its deployment's processes")

    def deployment(self, session: Session, deployment_id: int) -> CompiledDeployment:
        """A deployment, compiled; the first call for it reads its files."""
        compiled = self._compiled.get(deployment_id)
        if compiled is not None:
            return compiled
        stored = session.scalars(
            select(DeploymentFile).where(DeploymentFile.deployment_id == deployment_id).order_by(DeploymentFile.name)
        )
        files = check([Source(f.name, f.content) for f in stored], lambda operator: True, lambda key, version: True)
        definitions = session.scalars(select(Definition).where(Definition.deployment_id == deployment_id))
        return self._keep(CompiledDeployment(deployment_id, files, {d.key: d.id for d in definitions}))

    def called(self, session: Session, node: Node, caller: ProcessSpec) -> ProcessSpec:
        """The process that the call activity `node` of `caller` names, in the version that its binding says."""
        process_id = node.called or ""
        if node.binding in ("nearest", "deployment"):
            spec: ProcessSpec | None = caller.deployment.specs.get(process_id)
            if spec is not None:
                return spec
            if node.binding == "deployment":
                raise EngineError(Phrase("本次部署中没有被调用的流程 {process}。", process=process_id))
        definition = newest(session, process_id, node.called_version)
        if definition is None:
            raise EngineError(Phrase("找不到被调用的流程 {process}。", process=titled(process_id, node.called_version)))
        return self.compiled(session, definition.id)


def _beginning(process: ProcessModel, node: Node) -> Iterator[tuple[str, EventDefinition]]:
    """Where a message or signal that `node` waits for begins a case: there, or at what follows a gateway."""
    if node.kind == "eventBasedGateway" and node.instantiate:
        targets = [process.nodes[flow.target] for flow in node.outgoing]
    else:
        targets = [node] if node.kind == "startEvent" or node.instantiate else []
    for target in targets:
        if target.event is not None and target.event.kind in ("message", "signal", "timer"):
            yield target.id, target.event


def _one_at_a_time(session: Session) -> None:
    """Deployments follow each other, so that versions do. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {Deployment.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


_NEWEST = select(Definition).where(Definition.key == bindparam("key")).order_by(Definition.version.desc()).limit(1)


def newest(session: Session, key: str, version: int | None = None) -> Definition | None:
    """The newest version of a process, or the one asked for."""
    if version is not None:
        return session.scalar(_NEWEST.where(Definition.version == version), {"key": key})
    return session.scalar(_NEWEST, {"key": key})


def titled(process_id: str, version: int | None) -> str:
    """A process as sentences call it: by its id, and by the version where one is meant."""
    return process_id if version is None else Phrase("{process} 的版本 {version}", process=process_id, version=version)


def _digest(sources: Iterable[Source]) -> str:
    listed = sorted((s.name, hashlib.sha256(s.content).hexdigest()) for s in sources)
    return hashlib.sha256(json.dumps(listed, ensure_ascii=False).encode("utf-8")).hexdigest()
