"""Analysts' scenarios as they are written: YAML with the line of every key, anything unknown refused.

    process: filing
    clock: 2021-11-15 09:00        # in Guangdong
    given:
      一份申报: {by: 黄例甲(ent01), sample: 18}
    scenarios:
      - name: 一次通过
        start: 一份申报
        steps:
          - do: accept
            by: 李经办(gx10)
            data: {decision: accept}
        end: issued
        expect: {status: ISSUED}

Texts stay texts (0121, 2021-11-15 09:00); only whole numbers, decimals, true, false, null and dates are
more than that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from engine.errors import EngineError
from engine.work import CHINA

STEPS: Mapping[str, frozenset[str]] = {
    "do": frozenset(("by", "of", "data", "opinion", "refused")),
    "message": frozenset(("by", "correlation", "payload", "refused")),
    "signal": frozenset(("payload",)),
    "advance": frozenset(),
    "retry": frozenset(("data",)),
    "skip": frozenset(("reason",)),
    "restart": frozenset(),
    "expect": frozenset(("of",)),
}
"""The steps that every process has, and what may stand beside each."""

STEPS_OF_A_TRADE = frozenset(("by", "refused"))
"""What may stand beside a step that the trade adds."""

FACTS = frozenset(("case", "waiting", "assignee", "passed", "end", "data", "incidents"))
"""What can be expected of any case; the trade adds its own."""

DURATIONS = frozenset(("weeks", "days", "hours", "minutes", "seconds"))


@dataclass(frozen=True)
class Mistake:
    """Something wrong with how a scenario is written."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.message}"


class ScenariosRefused(EngineError):
    """A file of scenarios that cannot be run; `mistakes` lists everything wrong with it."""

    code = "scenarios_refused"

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


class Block(dict[str, Any]):
    """A mapping of the file that knows where it and each of its keys stand."""

    def __init__(self, values: Mapping[str, Any], line: int, lines: Mapping[str, int]) -> None:
        super().__init__(values)
        self.line = line
        self.lines = dict(lines)

    def over(self, base: Mapping[str, Any]) -> Block:
        """This block's values over those of `base`, blocks inside joined in the same way."""
        joined = dict(base)
        lines = dict(base.lines) if isinstance(base, Block) else {}
        for key, value in self.items():
            below = joined.get(key)
            both = isinstance(value, Block) and isinstance(below, Mapping)
            joined[key] = value.over(below) if both else value
        return Block(joined, self.line, lines | self.lines)

    def line_of(self, path: str) -> int:
        """The line of `document.money.total`, or of the part of it that is written."""
        key, _, rest = path.partition(".")
        if key not in self:
            return self.line
        value = self[key]
        inner = value.line_of(rest) if rest and isinstance(value, Block) and rest.partition(".")[0] in value else None
        return inner or self.lines.get(key, self.line)


@dataclass(frozen=True)
class Step:
    """One thing that happens, or is looked at. `kind` is its first key, `target` what stands there."""

    kind: str
    target: Any
    line: int
    by: str | None = None
    options: Block = field(default_factory=lambda: Block({}, 0, {}))

    def __str__(self) -> str:
        return f"{self.kind}: {self.target}" if isinstance(self.target, str) else self.kind


@dataclass(frozen=True)
class Scenario:
    """One way a case can go. `refused` says why it never begins, and `refused_line` where that is written."""

    name: str
    line: int
    start: Block
    steps: tuple[Step, ...] = ()
    refused: Any = None
    refused_line: int = 0
    expect: Block | None = None


@dataclass(frozen=True)
class ScenarioFile:
    """A file of scenarios of one process. `files` are the paths to deploy as it names them; empty: the whole
    folder above. `cells` are entries of decision tables that say something else here, by their ids."""

    path: Path
    process: str
    clock: datetime | None
    files: tuple[str, ...]
    cells: Block
    scenarios: tuple[Scenario, ...]


def read_scenarios(path: Path, *, verbs: Collection[str] = (), facts: Collection[str] = ()) -> ScenarioFile:
    """A file of scenarios; `verbs` and `facts` are the steps and expectations that the trade adds.

    Raises ScenariosRefused with every mistake.
    """
    return _Reader(path, frozenset(verbs), FACTS | frozenset(facts)).file()


class _Reader:
    def __init__(self, path: Path, verbs: frozenset[str], facts: frozenset[str]) -> None:
        self.path = path
        self.verbs = verbs
        self.facts = facts
        self.mistakes: list[Mistake] = []

    def file(self) -> ScenarioFile:
        try:
            content = _load(self.path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "不是 UTF-8 文本"
            line = mark.line + 1 if mark else 1
            raise ScenariosRefused([Mistake(str(self.path), line, f"不是有效的 YAML：{reason}")]) from None
        if not isinstance(content, Block):
            raise ScenariosRefused([Mistake(str(self.path), 1, "最外层应为 process、given、scenarios 等键")])
        self.known(content, {"process", "files", "cells", "clock", "given", "scenarios"}, "文件最外层")
        given = self.block(content, "given")
        for name, value in given.items():
            if not isinstance(value, Block):
                self.wrong(given.lines[name], f"given 中的「{name}」应为一组键")
        scenarios = tuple(self.scenario(item, content, given) for item in self.items(content, "scenarios"))
        if not scenarios:
            self.wrong(content.line_of("scenarios"), "没有场景：请在 scenarios 下写至少一个")
        self.no_namesakes(scenarios)
        read = ScenarioFile(
            self.path,
            self.text(content, "process"),
            self.clock(content),
            tuple(str(name) for name in self.items(content, "files")),
            self.block(content, "cells"),
            scenarios,
        )
        if self.mistakes:
            raise ScenariosRefused(sorted(self.mistakes, key=lambda mistake: mistake.line))
        return read

    def scenario(self, block: Any, content: Block, given: Block) -> Scenario:
        if not isinstance(block, Block):
            self.wrong(content.line_of("scenarios"), "每个场景应为一组键：name、start、steps、end、expect")
            return Scenario("", content.line, Block({}, content.line, {}))
        self.known(block, {"name", "start", "steps", "refused", "end", "expect"}, "场景")
        expect = self.block(block, "expect") if "expect" in block else None
        if "end" in block:
            end = Block({"end": block["end"]}, block.lines["end"], {"end": block.lines["end"]})
            expect = end.over(expect or {})
        if expect is not None:
            self.known(expect, self.facts, "expect")
        elif "refused" not in block:
            self.wrong(block.line, "没有写明结局：请写 end、expect 或 refused")
        return Scenario(
            name=self.text(block, "name"),
            line=block.line,
            start=self.start(block, given),
            steps=tuple(self.step(item, block) for item in self.items(block, "steps")),
            refused=block.get("refused"),
            refused_line=block.line_of("refused"),
            expect=expect,
        )

    def start(self, block: Block, given: Block) -> Block:
        """What a scenario begins with: a block of `given` by its name, or one of its own over such a one."""
        written = block.get("start") or Block({}, block.line, {})
        if isinstance(written, str):
            written = Block({"given": written}, block.lines["start"], {"given": block.lines["start"]})
        if not isinstance(written, Block):
            self.wrong(block.lines["start"], "start 应为 given 中的名字，或一组键")
            return Block({}, block.line, {})
        own = Block({k: v for k, v in written.items() if k != "given"}, written.line, written.lines)
        name = written.get("given")
        if name is None:
            return own
        if not isinstance(given.get(name), Block):
            self.wrong(written.line_of("given"), f"given 中没有「{name}」，现有：{'、'.join(given) or '（空）'}")
            return own
        return own.over(given[name])

    def step(self, block: Any, scenario: Block) -> Step:
        kinds = {*STEPS, *self.verbs}
        kind = next(iter(block), "") if isinstance(block, Block) else ""
        if not isinstance(block, Block) or kind not in kinds:
            line = block.line if isinstance(block, Block) else scenario.line_of("steps")
            self.wrong(line, f"不认识的步骤「{kind or block}」，每步的第一个键应为：{'、'.join(sorted(kinds))}")
            return Step("", None, line)
        self.known(block, {kind, *STEPS.get(kind, STEPS_OF_A_TRADE)}, f"步骤 {kind} 旁边")
        target = block[kind]
        if kind in ("do", "message", "signal") and not isinstance(target, str):
            self.wrong(block.line, f"{kind} 后应写元素或消息的 id")
        if kind == "expect":
            self.known(self.block(block, "expect"), self.facts, "expect")
        if kind == "advance" and not self.is_duration(target):
            units = "、".join(sorted(DURATIONS))
            self.wrong(
                block.line, f"advance 后应写时长，如 {{days: 3}}；单位：{units}；或时刻，如 {{to: 2023-11-16 09:00}}"
            )
        by = block.get("by")
        if by is not None and not isinstance(by, str):
            self.wrong(block.line_of("by"), "by 后应写办理人，如 李经办(gx10)")
        return Step(kind, target, block.line, by if isinstance(by, str) else None, block)

    def no_namesakes(self, scenarios: tuple[Scenario, ...]) -> None:
        first: dict[str, int] = {}
        for scenario in scenarios:
            if first.setdefault(scenario.name, scenario.line) != scenario.line:
                self.wrong(scenario.line, f"场景「{scenario.name}」与第 {first[scenario.name]} 行的重名")

    def clock(self, content: Block) -> datetime | None:
        written = content.get("clock")
        if written is None:
            return None
        try:
            return moment(written)
        except ValueError:
            self.wrong(content.lines["clock"], f"clock 应为北京时间，如 2021-11-15 09:00，现为「{written}」")
            return None

    def known(self, block: Block, keys: Collection[str], where: str) -> None:
        for key in block:
            if key not in keys:
                self.wrong(block.lines[key], f"{where}没有「{key}」，可写：{'、'.join(sorted(keys))}")

    def text(self, block: Block, key: str) -> str:
        value = block.get(key)
        if not isinstance(value, str) or not value:
            self.wrong(block.line_of(key), f"请写 {key}")
            return ""
        return value

    def block(self, block: Block, key: str) -> Block:
        value = block.get(key)
        if value is not None and not isinstance(value, Block):
            self.wrong(block.lines[key], f"{key} 应为一组键")
        return value if isinstance(value, Block) else Block({}, block.line_of(key), {})

    def items(self, block: Block, key: str) -> list[Any]:
        value = block.get(key)
        if value is not None and not isinstance(value, list):
            self.wrong(block.lines[key], f"{key} 应为列表，每项以 - 开头")
        return value if isinstance(value, list) else []

    def is_duration(self, target: Any) -> bool:
        if not isinstance(target, Block) or not target:
            return False
        if set(target) == {"to"}:
            return _is_moment(target["to"])
        if not DURATIONS.issuperset(target):
            return False
        amounts = [amount for amount in target.values() if type(amount) in (int, float)]
        return len(amounts) == len(target) and timedelta(**target) > timedelta(0)

    def wrong(self, line: int, message: str) -> None:
        self.mistakes.append(Mistake(str(self.path), line, message))


def moment(written: Any) -> datetime:
    """A moment as it is written, Beijing time; of a day alone its beginning. Raises ValueError."""
    return datetime.fromisoformat(str(written)).replace(tzinfo=CHINA)


def _is_moment(written: Any) -> bool:
    try:
        moment(written)
    except ValueError:
        return False
    return True


class _Loader(yaml.SafeLoader):
    """YAML without what surprises: `no`, `on` and 0121 are texts, nothing is an alias of anything."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's way: a table of the class, written below

    def fetch_alias(self) -> None:
        raise yaml.scanner.ScannerError(None, None, "不支持别名，请用 given", self.get_mark())


_SCALARS = (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?[0-9]+\.[0-9]+", "-0123456789"),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "0123456789"),
)
for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def _load(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _value(loader, node)
    finally:
        loader.dispose()


def _value(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in _pairs(node):
            lines[key] = value[0]
            values[key] = _value(loader, value[1])
        return Block(values, node.start_mark.line + 1, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item) for item in node.value]
    try:
        return loader.construct_object(node)
    except ValueError:  # 2021-02-30
        raise yaml.constructor.ConstructorError(None, None, f"没有 {node.value} 这一天", node.start_mark) from None


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, tuple[int, yaml.Node]]]:
    seen = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "键应为文字", key.start_mark)
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"「{key.value}」写了两次", key.start_mark)
        seen.add(key.value)
        yield key.value, (key.start_mark.line + 1, value)


def plain(value: Any) -> Any:
    """A value of the file as data: blocks as plain mappings, dates as ISO texts."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
