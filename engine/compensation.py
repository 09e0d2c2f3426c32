"""Compensation: undoing what has completed, last things first (BPMN 2.0 §10.7, §13.5.5).

A scope remembers which of its activities have completed and can be undone: those with a compensation event on their
border, and sub-processes in which something can. Throwing compensation takes these notes back, one after the other;
each is undone once. A handler works on the case's variables as they are now: there is one store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState

from engine.elements import Token

if TYPE_CHECKING:
    from engine.activities import Activity

Note = dict[str, Any]
"""`e`: the activity. `l`: its local variables, where it has any. `s`: the notes of the scope that was inside it."""


def note(activity: Activity, token: Token) -> None:
    """An activity has completed: remember it if it can be undone."""
    inside = token.internal_data.pop("undo", [])
    if activity.node.by_event or (activity.handler is None and not inside and not activity.has_undo_body):
        return
    made: Note = {"e": activity.name}
    if "local" in token.internal_data:
        made["l"] = token.internal_data["local"]
    if activity.handler is None:
        made["s"] = inside
    token.workflow.notes.append(made)


def begin(token: Token, activity: str | None) -> bool:
    """Begin to undo one activity or (None) all, for a token that threw compensation. True: there is nothing to do."""
    scope = scope_of(token)
    token.internal_data["undoing"] = [one for one in scope.notes if activity in (None, one["e"])]
    scope.notes = [one for one in scope.notes if activity not in (None, one["e"])]
    return _go_on(token, scope)


def is_under_way(token: Token) -> bool:
    """Whether a token that threw compensation has begun to undo."""
    return "undoing" in token.internal_data


def undone(token: Token) -> None:
    """What undid something is done, or was taken away: go on with what completed before it."""
    thrower = token.workflow.case.tokens.get(token.internal_data["undoes"])
    if thrower is None:
        return
    scope = scope_of(thrower)
    # A sub-process that was opened again ends by itself when nothing is left in it.
    if _go_on(thrower, scope) and scope.case.subprocesses.get(thrower.id) is None:
        thrower._set_state(TaskState.READY)
        thrower.workflow.case.agenda.append(thrower)


def give_up(token: Token) -> None:
    """The token that threw is cancelled: so is what undoes for it."""
    for other in list(token.workflow.case.tokens.values()):
        if other.internal_data.get("undoes") == token.id:
            other.cancel()


def scope_of(token: Token) -> Any:
    """The scope in which a token undoes: what is inside it, where it is a sub-process that is undone itself; else its
    own, or the one around the event sub-process it stands in.
    """
    scope = token.workflow
    inner = scope.case.subprocesses.get(token.id)
    if inner is not None:
        return inner
    while scope is not scope.case and scope.host.task_spec.node.by_event:
        scope = scope.host.workflow
    return scope


def _go_on(thrower: Token, scope: Any) -> bool:
    """Undo the next of what a token has taken on. True: nothing is left."""
    left: list[Note] = thrower.internal_data["undoing"]
    if not left:
        return True
    one = left.pop()
    activity: Activity = scope.spec.element(one["e"])
    token = scope.new_token(activity.handler or activity)
    token.internal_data["undoes"] = thrower.id
    if "l" in one:
        token.internal_data["local"] = one["l"]
    if activity.handler is not None:
        scope.begin(token)
    else:
        _undo_inside(token, activity, one["s"])
    return False


def _undo_inside(token: Token, activity: Any, notes: list[Note]) -> None:
    """Open a completed sub-process again, to undo what happened inside: its own way, or else step by step."""
    case = token.workflow.case
    token._set_state(TaskState.STARTED)
    inner = case.reopen_scope(token, activity.inner, notes)
    body = activity.inner.undo_body
    if body is not None:
        inner.begin(inner.new_token(body))
    else:
        token.internal_data["undoing"] = inner.notes
        inner.notes = []
        _go_on(token, inner)
