"""A case without a database, for tests by the thousand: `Running` drives one, dumped and loaded at every wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import state
from engine.deployments import CompiledDeployment, Source, check
from engine.elements import ProcessSpec, Token
from engine.model import Node
from engine.projection import look
from engine.workflow import Case

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def compiled(content: bytes) -> CompiledDeployment:
    """The processes of one file, which must be without fault."""
    files = check([Source("test.bpmn", content)], lambda operator: True)
    errors = [str(problem) for problem in files.problems if problem.severity == "error"]
    assert errors == []
    return CompiledDeployment(1, files, {key: number for number, key in enumerate(files.processes, 1)})


class Running:
    """A case of process `p`. With `restarted` only its bytes survive each wait."""

    def __init__(
        self,
        content: bytes | CompiledDeployment,
        data: Mapping[str, Any] | None = None,
        *,
        restarted: bool = False,
        functions: Mapping[str, Any] | None = None,
    ) -> None:
        self.deployment = compiled(content) if isinstance(content, bytes) else content
        self.restarted = restarted
        self.now = START
        self.trace: list[str] = []
        spec = self.deployment.specs["p"]
        self.case = Case(spec, self, now=self.now, business_key=None, functions=functions)
        self.case.write_root(data or {})
        self.case.start_at(spec.entries)
        self.step()

    # What a case asks of the world

    def is_external(self, operator: str) -> bool:
        return False

    def call_service(self, token: Token, operator: str, arguments: Mapping[str, Any]) -> Any:
        return None

    def called(self, node: Node, caller: ProcessSpec) -> ProcessSpec:
        return self.deployment.specs[node.called or ""]

    # Driving

    def step(self) -> None:
        began = time.perf_counter()
        self.case.do_engine_steps()
        self.run_seconds = time.perf_counter() - began
        self.trace += [line.element_id for line in self.case.lines if line.action == "completed" and line.element_id]
        self.case.lines.clear()
        if self.restarted:
            saved = state.dump(self.case)
            self.case = state.load(saved, self.deployment.specs["p"], self, self.find, now=self.now, business_key=None)
            assert state.dump(self.case) == saved

    def find(self, definition_id: int) -> ProcessSpec:
        return next(spec for spec in self.deployment.specs.values() if spec.definition_id == definition_id)

    def complete(self, element_id: str, data: Mapping[str, Any] | None = None) -> None:
        """Complete the oldest open task of an element."""
        token = next(t for t in self.case.open_user_tasks() if t.task_spec.name == element_id)
        self.case.complete_task(token, data or {})
        self.step()

    def message(self, name: str, payload: Any = None) -> None:
        self._fire([t for t in self._waiting("message") if t.internal_data["waits"]["name"] == name][:1], payload)

    def signal(self, name: str, payload: Any = None) -> None:
        self._fire([t for t in self._waiting("signal") if t.internal_data["waits"]["name"] == name], payload)

    def advance(self, **amount: float) -> None:
        """Move the time and fire what falls due meanwhile, in order."""
        until = self.now + timedelta(**amount)
        while due := sorted((t.internal_data["waits"]["due"], t.id) for t in self._waiting("timer")):
            moment, token_id = due[0]
            if moment > until:
                break
            self.now = self.case.now = moment
            self._fire([self.case.tokens[token_id]], None)
        self.now = self.case.now = until

    def _waiting(self, kind: str) -> list[Token]:
        tokens = self.case.tokens.values()
        return [t for t in tokens if t.internal_data.get("waits", {}).get("kind") == kind]

    def _fire(self, tokens: list[Token], payload: Any) -> None:
        for token in tokens:
            self.case.fire(token, payload)
        self.step()

    # Looking

    @property
    def open_tasks(self) -> list[str]:
        return [token.task_spec.name for token in self.case.open_user_tasks()]

    @property
    def incidents(self) -> dict[str, str]:
        """Element → code."""
        failed = [self.case.tokens[token] for token in look(self.case).incidents]
        return {token.task_spec.name: token.internal_data["incident"]["code"] for token in failed}

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.case.layer.values)

    @property
    def completed(self) -> bool:
        return bool(self.case.completed)
