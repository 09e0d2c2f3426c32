"""Running analysts' scenarios: each on a database of its own, with real service tasks, by the test kit.

What a process is about comes from a `Stage`: the document a case starts with, the steps of its trade (撤回)
and the facts that can be expected of it, such as a status. Here are cases, tasks, messages and the clock.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import structlog
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.assignment import AssignmentPolicy
from engine.clock import MovableClock
from engine.commands import Command
from engine.deployments import Source
from engine.errors import BusinessRefusal, CommandRefused, EngineError
from engine.scenario_files import Block, Mistake, Scenario, ScenarioFile, ScenariosRefused, Step, moment, plain
from engine.services import Registry
from engine.tables import Instance, Task
from engine.testing import Case, ProcessTest
from engine.work import CHINA
from engine.xml import parse

log = structlog.get_logger("jigai.scenarios")

_PERSON = re.compile(r"(?P<name>[^(（]*)[(（](?P<actor>[^)）]+)[)）]\s*")
_NOTHING = "（无）"

Verb = Callable[[Command, str | None, Any], None]
"""A step of the trade: `verb(command, business_key, what stands after its name)`, in one transaction."""


class Stage(Protocol):
    """Where scenarios of a trade play."""

    registry: Registry
    clock: MovableClock
    facts_known: frozenset[str]

    @property
    def policy(self) -> AssignmentPolicy | None:
        """Who may do what."""

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """The steps of the trade."""

    def furnish(self, command: Command) -> None:
        """Put people and places into a fresh database. Done once; every scenario gets a copy."""

    def presupposes(self, process: str, start: Block) -> Hashable:
        """What `prepare` goes by; None where the case presupposes nothing. Raises `Misused`."""

    def prepare(self, test: ProcessTest, process: str, start: Block) -> None:
        """Let happen what the case presupposes, as a change does a certificate: in the database and on the clock only,
        for scenarios that presuppose the same get copies. Raises `Misused`."""

    def draft(self, command: Command, process: str, start: Block) -> str | None:
        """Make what a case is about, from a scenario's `start`; its business key. Raises `Misused`."""

    def begin(self, command: Command, process: str, business_key: str | None, start: Block) -> None:
        """Start the case, unless what was prepared has."""

    def facts(self, session: Session, process: str, business_key: str | None) -> Mapping[str, Any]:
        """What stands in the records now, by the names in `facts_known`."""


class Misused(EngineError):
    """A key or value in a scenario that its stage cannot make sense of. `path` is its place in the block."""

    code = "misused"

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class BareStage:
    """A stage without a trade: a case starts with `data` and `business_key`, and anybody may do anything."""

    policy: AssignmentPolicy | None = None
    verbs: Mapping[str, Verb] = {}
    facts_known: frozenset[str] = frozenset()

    def __init__(self, registry: Registry | None = None, clock: MovableClock | None = None) -> None:
        self.registry = registry or Registry()
        self.clock = clock or MovableClock()

    def furnish(self, command: Command) -> None:
        """Nothing is needed."""

    def presupposes(self, process: str, start: Block) -> Hashable:
        return None

    def prepare(self, test: ProcessTest, process: str, start: Block) -> None:
        """Nothing is presupposed."""

    def draft(self, command: Command, process: str, start: Block) -> str | None:
        for key in start:
            if key not in ("by", "data", "business_key"):
                raise Misused(key, f"start 没有「{key}」，可写：by、business_key、data")
        return str(start["business_key"]) if "business_key" in start else None

    def begin(self, command: Command, process: str, business_key: str | None, start: Block) -> None:
        command.start(process, data=plain(start.get("data") or {}), business_key=business_key)

    def facts(self, session: Session, process: str, business_key: str | None) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True)
class Failure:
    """What did not go as written: where it is written, and a sentence."""

    file: str
    line: int
    scenario: str
    step: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} 场景「{self.scenario}」{self.step}：{self.message}"


@dataclass(frozen=True)
class Element:
    """An element of a diagram, for the report of those that no scenario passed."""

    process: str
    id: str
    name: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.process} {self.id}" + (f"「{self.name}」" if self.name else "")


@dataclass
class Report:
    """What running scenarios found. `elements` are all those of the deployed diagrams."""

    passed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    elements: dict[tuple[str, str], Element] = field(default_factory=dict)
    trodden: set[str] = field(default_factory=set)

    @property
    def uncovered(self) -> list[Element]:
        """The elements that no scenario passed, by process, in the order of the file."""
        missed = [element for (_, id), element in self.elements.items() if id not in self.trodden]
        return sorted(missed, key=lambda element: (element.file, element.line))

    def merge(self, other: Report) -> None:
        self.passed += other.passed
        self.failures += other.failures
        self.elements |= other.elements
        self.trodden |= other.trodden


def run(
    file: ScenarioFile,
    sources: list[Source],
    stage: Stage,
    tell: Callable[[str, bool], None] = lambda name, good: None,
) -> Report:
    """Play every scenario of a file against `sources`; `tell` hears of each as it ends.

    Raises DeploymentRefused where the sources cannot be deployed, ScenariosRefused for a cell that they do not have.
    """
    sources = _with_cells(file, sources)
    report = Report()
    start = file.clock or stage.clock.now()
    stage.clock.set(start)
    with ProcessTest(registry=stage.registry, policy=stage.policy, clock=stage.clock) as test:
        with test.engine.command(test.session) as command:
            deployed = command.deploy(sources)
            stage.furnish(command)
            deployment = test.engine.deployments.deployment(test.session, deployed[0].deployment_id)
        for process in deployment.processes.values():
            for node in process.walk():
                element = Element(process.id, node.id, node.name, process.file, node.line)
                report.elements[process.id, node.id] = element
        with ExitStack() as kept:
            scenes = _Scenes(file.process, stage, test, kept)
            for scenario in file.scenarios:
                play = _Play(file, scenario, stage, test)
                play.perform(scenes)
                report.trodden |= {element for case in test.cases() for element in case.trace}
                if not play.failures:
                    report.passed.append(scenario.name)
                report.failures += play.failures
                tell(scenario.name, not play.failures)
    return report


def _with_cells(file: ScenarioFile, sources: list[Source]) -> list[Source]:
    """The sources, the cells of their tables as the file has them: another policy, tried out."""
    left = dict(file.cells)
    changed = []
    for source in sources:
        root = parse(source.content, source.name)[0] if left and source.name.endswith(".dmn") else None
        found = [] if root is None else [one for one in root.iter("{*}outputEntry") if one.get("id") in left]
        for entry in found:
            entry.find("{*}text").text = str(left.pop(entry.get("id")))
        changed.append(Source(source.name, etree.tostring(root)) if found else source)
    if left:
        line, unknown = file.cells.line, "、".join(left)
        raise ScenariosRefused([Mistake(str(file.path), line, f"规则表没有输出单元格 {unknown}")])
    return changed


class _Scenes:
    """The databases in which cases begin, each with its moment: prepared once for all that presuppose the same."""

    def __init__(self, process: str, stage: Stage, test: ProcessTest, kept: ExitStack) -> None:
        self._process = process
        self._stage = stage
        self._test = test
        self._open = kept
        self._kept: dict[Hashable, tuple[sqlite3.Connection, datetime]] = {}
        self._keep(None)

    def set(self, start: Block) -> None:
        """Bring the database and the clock to where a scenario's case begins. Raises `Misused`."""
        self._copy(None)
        key = self._stage.presupposes(self._process, start)
        if key in self._kept:
            self._copy(key)
        else:
            self._stage.prepare(self._test, self._process, start)
            self._keep(key)

    def _keep(self, key: Hashable) -> None:
        copy = self._open.enter_context(closing(sqlite3.connect(":memory:")))
        _raw(self._test).backup(copy)
        self._kept[key] = copy, self._stage.clock.now()

    def _copy(self, key: Hashable) -> None:
        copy, moment = self._kept[key]
        copy.backup(_raw(self._test))
        self._stage.clock.set(moment)


def _raw(test: ProcessTest) -> sqlite3.Connection:
    """The test's SQLite connection, with nothing under way: a whole database is copied from or to it."""
    raw = cast(sqlite3.Connection, test.session.connection().connection.driver_connection)
    test.session.rollback()
    test.session.expunge_all()
    return raw


class _Stop(Exception):
    """A scenario that cannot go on: what its next steps build on did not happen."""


class _Play:
    """One scenario on one database."""

    def __init__(self, file: ScenarioFile, scenario: Scenario, stage: Stage, test: ProcessTest) -> None:
        self.file = file
        self.scenario = scenario
        self.stage = stage
        self.test = test
        self.key: str | None = None
        self.process = file.process
        self.failures: list[Failure] = []
        self.where = "开始"
        self.line = scenario.start.line

    @property
    def case(self) -> Case | None:
        """The case of the scenario, or of the process that a step names; of several the open one, else the latest."""
        cases = self.test.cases(self.process)
        if self.process == self.file.process:
            cases = [case for case in cases if case.business_key == self.key]
            if self.key is None:
                return cases[0] if cases else None
        return max(cases, key=lambda case: (case.instance.ended_at is None, case.instance.started_at), default=None)

    def perform(self, scenes: _Scenes) -> None:
        try:
            self.begin(scenes)
            for number, step in enumerate(self.scenario.steps, 1):
                self.where, self.line = f"第 {number} 步 {step}", step.line
                self.process = str(step.options.get("of") or self.file.process)
                self.take(step)
            self.process = self.file.process
            self.where, self.line = "结局", self.scenario.line
            self.look_at_the_end()
        except _Stop:
            return
        except Exception as error:  # whatever breaks in one scenario, the others are played
            log.exception("scenario broke off", scenario=self.scenario.name)
            self.fail(f"出现意外错误 {type(error).__name__}：{error}", self.line)

    def begin(self, scenes: _Scenes) -> None:
        start = self.scenario.start
        actor = self.person(start.get("by"), start.line_of("by"))
        with self.meaning(start):
            scenes.set(start)
            with self.test.engine.command(self.test.session, actor=actor) as command:
                self.key = self.stage.draft(command, self.file.process, start)
        before = self.test.cases()
        refused = self.scenario.refused

        def give(command: Command) -> None:
            self.stage.begin(command, self.file.process, self.key, start)

        with self.meaning(start):
            self.attempt(lambda: self.command(give, actor), refused, self.scenario.refused_line)
        if refused is not None and (more := len(self.test.cases()) - len(before)):
            self.fail(f"被拒绝的提交不应产生案件，实际有 {more} 件", self.scenario.line)

    def take(self, step: Step) -> None:
        options = step.options
        actor = self.person(step.by, options.line_of("by"))
        if step.kind == "expect":
            self.expect(step.target)
            return
        if step.kind == "advance":
            self.advance(step.target)
            return
        if step.kind == "restart":
            self.test.restart()
            return
        with self.meaning(options):
            self.attempt(lambda: self.act(step, actor), options.get("refused"), options.line_of("refused"))

    def advance(self, target: Mapping[str, Any]) -> None:
        """Move the clock on, by a length of time or to a moment."""
        if "to" not in target:
            self.test.advance(**target)
            return
        left = moment(target["to"]) - self.test.clock.now()
        if left <= timedelta(0):
            self.fail(f"现在已经是 {self.test.clock.now().astimezone(CHINA):%Y-%m-%d %H:%M}", self.line)
            raise _Stop
        self.test.advance(seconds=left.total_seconds())

    def act(self, step: Step, actor: str | None) -> None:
        options = step.options
        if step.kind == "do":
            if actor is None and self.stage.policy is not None:
                raise Misused("do", "请用 by 写明由谁办理，如 李经办(gx10)")
            opinion, data = options.get("opinion"), plain(options.get("data"))
            self.test.complete(step.target, data, self.case, actor=actor, opinion=opinion)
        elif step.kind == "message":
            correlation = plain(options.get("correlation") or ({"business_key": self.key} if self.key else None))
            payload = plain(options.get("payload"))
            self.command(lambda c: c.message(step.target, correlation=correlation, payload=payload), actor)
        elif step.kind == "signal":
            self.test.signal(step.target, plain(options.get("payload")))
        elif step.kind == "retry":
            self.test.retry(self.the_case(), plain(options.get("data")))
        elif step.kind == "skip":
            self.test.skip(self.the_case(), str(options.get("reason") or ""), element_id=step.target)
        else:
            verb = self.stage.verbs[step.kind]
            self.command(lambda c: verb(c, self.key, step.target), actor)

    def look_at_the_end(self) -> None:
        expected = self.scenario.expect or Block({}, self.scenario.line, {})
        incidents = self.case.incidents if self.case is not None else []
        if incidents and "incidents" not in expected:
            stuck = "、".join(f"{incident.element_id}（{incident.message}）" for incident in incidents)
            self.fail(f"有未处理的异常：{stuck}", self.line)
        self.expect(expected)

    # What happens

    def command(self, give: Callable[[Command], Any], actor: str | None) -> None:
        """Give a command and carry out what it makes due."""
        with self.test.engine.command(self.test.session, actor=actor) as command:
            give(command)
        self.test.advance()

    def attempt(self, act: Callable[[], None], refused: Any, line: int) -> None:
        """Act, or see that acting is refused, for the reasons expected, and leaves everything as it was."""
        before = self.state()
        try:
            act()
        except CommandRefused as refusal:
            if refused is None:
                self.fail(f"被拒绝：{_sentence(refusal)}{self.standing()}", self.line)
                raise _Stop from None
            for difference in _refusal_differences(plain(refused), refusal):
                self.fail(difference, line)
            if self.state() != before:
                self.fail("被拒绝的操作不应改变案件", line)
            return
        if refused is not None:
            self.fail(f"应被拒绝（{_shown(plain(refused))}），实际成功", line)
            raise _Stop

    def standing(self) -> str:
        """Where the case stands, for a sentence about a step that does not fit it."""
        waiting = self.case.waiting if self.case is not None else []
        return f"（此时在等待 {'、'.join(waiting)}）" if waiting else ""

    def state(self) -> dict[str, int]:
        """The revision of every case."""
        query = select(Instance.id, Instance.revision)
        rows = self.test.read(lambda session: session.execute(query).all())
        return {row.id: row.revision for row in rows}

    @contextmanager
    def meaning(self, block: Block) -> Iterator[None]:
        """What the stage cannot make sense of, and what the engine cannot do, is told with its place."""
        try:
            yield
        except Misused as mistake:
            self.fail(mistake.message, block.line_of(mistake.path))
            raise _Stop from None
        except CommandRefused as refusal:
            self.fail(f"被拒绝：{_sentence(refusal)}", self.line)
            raise _Stop from None
        except EngineError as error:
            self.fail(error.message, self.line)
            raise _Stop from None

    def person(self, written: Any, line: int) -> str | None:
        """The user of `李经办(gx10)` or `gx10`; a name that is not that user's is a failure."""
        if written is None:
            return None
        match = _PERSON.fullmatch(str(written))
        actor = match["actor"].strip() if match else str(written)
        name = match["name"].strip() if match else ""
        policy = self.stage.policy
        if policy is not None:
            if not self.test.read(lambda session: policy.is_active(session, actor)):
                self.fail(f"没有用户 {actor}", line)
                raise _Stop
            real = self.test.read(lambda session: policy.display(session, actor))
            if name and name != real:
                self.fail(f"用户 {actor} 是{real}，不是{name}", line)
        return actor

    # What is expected

    def expect(self, expected: Mapping[str, Any]) -> None:
        found = dict(self.facts(expected))
        for key, value in expected.items():
            line = expected.line_of(key) if isinstance(expected, Block) else self.line
            if key not in found:
                self.fail(f"没有案件，看不到 {key}", line)
                continue
            for difference in _differences(key, plain(value), found[key]):
                self.fail(difference, line)

    def facts(self, wanted: Iterable[str]) -> Iterator[tuple[str, Any]]:
        names = set(wanted)
        if names & self.stage.facts_known:
            trade = self.test.read(lambda session: self.stage.facts(session, self.file.process, self.key))
            yield from ((name, plain(value)) for name, value in trade.items() if name in names)
        case = self.case
        if case is None:
            return
        looks: dict[str, Callable[[], Any]] = {
            "case": lambda: case.status,
            "waiting": lambda: case.waiting,
            "assignee": lambda: self.assignee(case),
            "passed": lambda: set(case.trace),
            "end": lambda: self.end(case),
            "data": lambda: plain(case.data),
            "incidents": lambda: [
                {"element": incident.element_id, "code": incident.code, "message": incident.message}
                for incident in case.incidents
            ],
        }
        yield from ((name, look()) for name, look in looks.items() if name in names)

    def assignee(self, case: Case) -> Any:
        query = select(Task.assignee).where(Task.instance_id == case.id, Task.state == "open").order_by(Task.id)
        people = list(self.test.read(lambda session: session.scalars(query).all()))
        return people[0] if len(people) == 1 else people

    def end(self, case: Case) -> Any:
        """The end event of the root process at which the case ended, several if tokens ended at several."""
        if case.status != "completed":
            return None
        definition_id = case.instance.definition_id
        spec = self.test.read(lambda session: self.test.engine.deployments.compiled(session, definition_id))
        nodes = spec.deployment.processes[self.process].nodes
        ends = [id for id in case.trace if id in nodes and nodes[id].kind == "endEvent"]
        return ends[0] if len(ends) == 1 else ends

    def the_case(self) -> Case:
        if self.case is None:
            raise Misused("retry", "没有案件")
        return self.case

    def fail(self, message: str, line: int) -> None:
        self.failures.append(Failure(str(self.file.path), line, self.scenario.name, self.where, message))


def _differences(path: str, expected: Any, found: Any) -> Iterator[str]:
    """What differs: of a mapping the keys that are written, of a list every item in its order."""
    if isinstance(found, set):
        missing = [item for item in (expected if isinstance(expected, list) else [expected]) if item not in found]
        if missing:
            yield f"{path} 缺少 {_shown(missing)}"
    elif isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key in found:
                yield from _differences(f"{path}.{key}", value, found[key])
            else:
                yield f"{path} 没有「{key}」，实际有：{'、'.join(found) or _NOTHING}"
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (item, other) in enumerate(zip(expected, found, strict=True), 1):
            yield from _differences(f"{path}[{number}]", item, other)
    elif expected != found and not _same_text(expected, found):
        yield f"{path} 应为 {_shown(expected)}，实际为 {_shown(found)}"


def _same_text(expected: Any, found: Any) -> bool:
    """Amounts are texts in the records and numbers in the file."""
    numbers = isinstance(expected, int | float) and not isinstance(expected, bool) and isinstance(found, str)
    return numbers and str(expected) == found


def _shown(value: Any) -> str:
    if value is None or value == []:
        return _NOTHING
    if isinstance(value, list):
        return "[" + "，".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + "，".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal_differences(expected: Any, refusal: CommandRefused) -> Iterator[str]:
    """What differs from the codes that are written; where each has a sentence, from those too."""
    sentences: dict[str, list[str]] = {}
    for code, message in _reasons(refusal):
        sentences.setdefault(code, []).append(message)
    codes = [expected] if isinstance(expected, str) else list(expected)
    if set(codes) != set(sentences):
        yield f"拒绝的原因应为 {_shown(sorted(codes))}，实际为 {_sentence(refusal)}"
    elif isinstance(expected, dict):
        for code, written in expected.items():
            wanted = written if isinstance(written, list) else [written]
            missing = [sentence for sentence in wanted if sentence not in sentences[code]]
            if missing:
                yield f"{code} 应为{_quoted(missing)}，实际为{_quoted(sentences[code])}"


def _quoted(sentences: Iterable[Any]) -> str:
    return "".join(f"「{sentence}」" for sentence in sentences)


def _reasons(refusal: CommandRefused) -> list[tuple[str, str]]:
    if isinstance(refusal, BusinessRefusal):
        return [(error.code, error.message) for error in refusal.errors]
    return [(refusal.code, refusal.message)]


def _sentence(refusal: CommandRefused) -> str:
    return "；".join(f"{code} {message}" for code, message in _reasons(refusal))
