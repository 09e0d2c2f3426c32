"""Values of a running case that rest on something outside which has changed, such as a deadline on the calendar."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine import values
from engine.projection import look
from engine.variables import Layer
from engine.work import Work, accepted
from engine.workflow import Case


class Revision(Work):
    """Putting another value in the place of one, wherever a case has it."""

    def revise(self, instance_id: str, old: Mapping[str, Any], new: Mapping[str, Any], reason: str) -> int:
        """Let every variable that is the object `old` be `new`: in the case, in the processes it called, in loops.
        What follows the variables follows, timers and due dates. Answers how many they were.

        A suspended case is revised, too: what falls due meanwhile is held as it always is.
        """
        was, now = accepted(old), accepted(new)
        instance, case = self._open_case(instance_id, even_suspended=True)
        before = look(case)
        found = [
            (layer, name) for layer in _layers(case) for name, value in layer.values.items() if _is_same(value, was)
        ]
        if not found:
            return 0
        for layer, name in found:
            case.set_in(layer, {name: now})
        names = sorted({name for _layer, name in found})
        details = {"reason": reason, "data": dict.fromkeys(names, values.to_json(now))}
        self._note(case, "revised", details, before={"data": dict.fromkeys(names, values.to_json(was))})
        case.do_engine_steps()
        self._save(instance, case, before)
        return len(found)


def _layers(case: Case) -> Iterator[Layer]:
    """Every layer of a case, once: the stores of its processes, and what instances and activities have of their own."""
    stores = {id(scope.layer.values): scope.layer for scope in (case, *case.subprocesses.values())}
    yield from stores.values()
    for token in case.tokens.values():
        if "local" in token.internal_data:
            yield case.layer_of(token)


def _is_same(value: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(value, dict) and value == wanted
