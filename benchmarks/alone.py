"""The engine without its database: what a completion costs when the case is bytes before and bytes after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from engine import state
from engine.deployments import CompiledDeployment
from engine.elements import ProcessSpec, Token
from engine.model import Node
from engine.projection import look


@dataclass(frozen=True)
class Waiting:
    """A case as it is stored, and the user task that is completed in it."""

    deployment: CompiledDeployment
    definition_id: int
    state: bytes
    token: int
    given: Mapping[str, Any]

    def complete(self) -> float:
        """Read, complete, step, look at what is open, write: seconds it took."""
        begun = perf_counter()
        spec = self.find(self.definition_id)
        case = state.load(self.state, spec, self, self.find, now=datetime.now(UTC), business_key="F1")
        before = look(case)
        case.complete_task(case.tokens[self.token], self.given)
        case.do_engine_steps()
        after = look(case)
        state.dump(case)
        taken = perf_counter() - begun
        if after.incidents or before.tasks == after.tasks:
            raise AssertionError("the case did not go on")
        return taken

    def find(self, definition_id: int) -> ProcessSpec:
        return next(spec for spec in self.deployment.specs.values() if spec.definition_id == definition_id)

    # What the case asks of the world: services do nothing, they are not the engine's.

    def is_external(self, operator: str) -> bool:
        return False

    def call_service(self, token: Token, operator: str, arguments: Mapping[str, Any]) -> Any:
        return None

    def called(self, node: Node, caller: ProcessSpec) -> ProcessSpec:
        return self.deployment.specs[node.called or ""]


def complete_all(waiting: Sequence[Waiting], repeats: int) -> list[float]:
    """Seconds of each completion, those of different tasks in turn."""
    for one in waiting:
        one.complete()
    return [one.complete() for _ in range(repeats) for one in waiting]
