"""A case as bytes: what its future needs, without the diagram, and back (design §3.2).

Compressed JSON: the next token's number, the root's variables, who did which element, and for each scope its open
tokens as `[id, element, state, data]` and what has completed in it that can be undone. A called process adds its own
variables and which of them it set. Names are resolved on loading, so a state loads against any version that still has
its elements.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine import values
from engine.activities import CallActivity, SubProcess, UserTask
from engine.budget import CHARACTERS_PER_UNIT
from engine.elements import ProcessSpec, Token
from engine.errors import EngineError
from engine.phrases import Phrase
from engine.variables import Layer
from engine.workflow import Case, Outside, Scope

FORMAT = 1


class StateUnreadable(EngineError):
    """A saved state that does not fit the diagram it is loaded with."""

    code = "state_unreadable"


def dump(case: Case) -> bytes:
    """The state of a case between two commands."""
    document: dict[str, Any] = {
        "v": FORMAT,
        "n": case.next_token,
        "d": values.to_json(case.layer.values),
        "t": _tokens(case),
    }
    if case.notes and not case.completed:
        document["c"] = values.to_json(case.notes)
    if case.performers and not case.completed:
        document["p"] = case.performers
    if case.subprocesses:
        document["s"] = [_scope(scope) for scope in case.subprocesses.values()]
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), 6)


def load(
    content: bytes,
    spec: ProcessSpec,
    outside: Outside,
    find_called: Callable[[int], ProcessSpec],
    *,
    now: datetime,
    business_key: str | None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Case:
    """The case that `dump` wrote, with the specs of `spec` and of the definitions that `find_called` gives."""
    text = zlib.decompress(content)
    document = json.loads(text)
    if document["v"] != FORMAT:
        raise StateUnreadable(Phrase("案件状态的格式 {format} 无法识别。", format=document["v"]))
    case = Case(spec, outside, now=now, business_key=business_key, functions=functions)
    case.layer.held.units = len(text) // CHARACTERS_PER_UNIT
    case.next_token = document["n"]
    case.performers = document.get("p", {})
    case.layer.values.update(values.from_json(document["d"]))
    case.notes = values.from_json(document.get("c", []))
    _restore(case, case, document["t"])
    for host_id, store, tokens, *notes in document.get("s", ()):
        host = case.tokens[host_id]
        scope = _open(case, host, store, find_called)
        scope.notes = values.from_json(notes[0]) if notes else []
        case.subprocesses[host_id] = scope
        _restore(case, scope, tokens)
    case.tokens = dict(sorted(case.tokens.items()))
    case.completed = not case.tokens
    return case


def variables(content: bytes) -> dict[str, Any]:
    """The root's variables in a saved state."""
    result: dict[str, Any] = values.from_json(json.loads(zlib.decompress(content))["d"])
    return result


def _scope(scope: Scope) -> list[Any]:
    store = None
    if isinstance(scope.host.task_spec, CallActivity):
        store = [values.to_json(scope.layer.values), sorted(scope.layer.written)]
    line = [scope.parent_task_id, store, _tokens(scope)]
    if scope.notes:
        line.append(values.to_json(scope.notes))
    return line


def _tokens(scope: Case | Scope) -> list[list[Any]]:
    return [_token(token) for token in scope.tasks.values()]


def _token(token: Token) -> list[Any]:
    line: list[Any] = [token.id, token.task_spec.name, int(token.state)]
    if token.internal_data:
        line.append(values.to_json(token.internal_data))
    return line


def _open(case: Case, host: Token, store: Any, find_called: Callable[[int], ProcessSpec]) -> Scope:
    element = host.task_spec
    if isinstance(element, CallActivity):
        spec = find_called(host.internal_data["called"])
        return Scope(case, host, spec, Layer(values.from_json(store[0]), written=store[1], held=case.layer.held))
    if isinstance(element, SubProcess):
        return Scope(case, host, element.inner, case.layer_of(host))
    raise StateUnreadable(Phrase("元素 {element} 里没有子流程。", element=element.name))


def _restore(case: Case, scope: Case | Scope, lines: list[list[Any]]) -> None:
    for line in lines:
        token_id, name, state = line[:3]
        element = scope.spec.task_specs.get(name)
        if element is None:
            raise StateUnreadable(Phrase("流程图里没有元素 {element}。", element=name))
        token = Token(scope, element, None, state, token_id)
        if len(line) > 3:
            token.internal_data = values.from_json(line[3])
        case.tokens[token_id] = token
        if "arrived" in token.internal_data:
            scope.joins[name] = token
        if _follows_variables(token) and "incident" not in token.internal_data:
            case.watching.resume(token)


def _follows_variables(token: Token) -> bool:
    """Whether what it waits for, or is due by, depends on variables that may change."""
    if isinstance(token.task_spec, UserTask):
        return token.task_spec.due_date_follows and "due" in token.internal_data
    waits = token.internal_data.get("waits", {})
    return waits.get("kind") == "conditional" or "since" in waits
