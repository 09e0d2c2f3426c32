"""What follows the variables: conditions that may become true, moments of timers, due dates of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.elements import Token
from engine.errors import EngineError
from engine.events import awaited, first_due
from engine.expressions import Expression

if TYPE_CHECKING:
    from engine.workflow import Case


class Watching:
    """The open tokens of a case that have something like that, and the variables set since they were last looked at."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._tokens: dict[int, Token] = {}
        self.changed: set[str] = set()

    @property
    def has_conditions(self) -> bool:
        return any(_is_condition(token) for token in self._tokens.values())

    def begin(self, token: Token) -> None:
        """From now on look at what a token waits for whenever a variable in it is set, and once at the next look."""
        self._tokens[token.id] = token
        self.changed.update(_expression(token).names)

    def resume(self, token: Token) -> None:
        """A token that was watched when its case was saved."""
        self._tokens[token.id] = token

    def forget(self, token_id: int) -> None:
        self._tokens.pop(token_id, None)

    def written(self, names: Iterable[str]) -> None:
        """Some variables were set."""
        if self._tokens:
            self.changed.update(names)

    def look(self, *, at_everything: bool = False) -> bool:
        """Look at what reads the variables that were set; at rest at every condition, since some read the time.

        True where something fired or failed.
        """
        changed, self.changed = self.changed, set()
        fired = False
        for token in list(self._tokens.values()):
            if not token.is_open or not token.internal_data.keys() & {"waits", "due"}:  # it has fired, may have gone on
                self.forget(token.id)
                continue
            is_touched = not changed.isdisjoint(_expression(token).names)
            if _is_condition(token):
                fired |= (is_touched or at_everything) and self._has_become_true(token)
            elif is_touched:
                fired |= self._has_failed_to_move(token) if "waits" in token.internal_data else self._has_no_due(token)
        return fired

    def _has_become_true(self, token: Token) -> bool:
        """Whether a condition went from false to true, and so fired. It is false until its variables are there."""
        case = self._case
        waits = token.internal_data["waits"]
        condition = _expression(token)
        try:
            now = condition.names <= set(case.view(token)) and bool(case.evaluate(condition, token))
        except EngineError as error:
            self.forget(token.id)
            case.fail(token, error)
            return True
        was, waits["was"] = waits["was"], now
        if now and not was:
            self.forget(token.id)
            case.fire(token, None)
            return True
        return False

    def _has_failed_to_move(self, token: Token) -> bool:
        """Work a timer's moment out again, from when it began to wait. The repetitions of a cycle that are over stay
        over. True where the new time cannot be read.
        """
        case = self._case
        waits = token.internal_data["waits"]
        try:
            due, _, interval = first_due(awaited(token), case.evaluate(_expression(token), token), waits["since"])
        except EngineError as error:
            self.forget(token.id)
            case.fail(token, error)
            return True
        waits |= {"due": due, "interval": interval}
        return False

    def _has_no_due(self, token: Token) -> bool:
        """Work a user task's due date out again. True where it cannot be read."""
        try:
            token.task_spec.set_due_date(token)
        except EngineError as error:
            self.forget(token.id)
            self._case.fail(token, error)
            return True
        return False


def _is_condition(token: Token) -> bool:
    return bool(token.internal_data.get("waits", {}).get("kind") == "conditional")


def _expression(token: Token) -> Expression:
    if "waits" in token.internal_data:
        event = awaited(token)
        expression = event.condition or event.time
    else:
        expression = token.task_spec.node.due_date
    if expression is None:
        raise AssertionError("what is watched is worked out from variables")
    return expression
