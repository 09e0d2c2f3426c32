"""What may be done to a task, and by whom: each verb's rule once, beside the verb (design §4, §5).

The commands enforce it, the interface lists it as `allowed_actions`, the page shows exactly that.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.tables import Task


@dataclass(frozen=True)
class Verb:
    """A verb officials know. `may(task, actor, groups)` is about an open task."""

    id: str
    title: str
    may: Callable[[Task, str, frozenset[str]], bool]


def _member(task: Task, actor: str, groups: frozenset[str]) -> bool:
    return task.candidate_group is None or task.candidate_group in groups


VERBS: dict[str, Verb] = {
    verb.id: verb
    for verb in (
        Verb("claim", "认领", lambda task, actor, groups: task.assignee is None and _member(task, actor, groups)),
        Verb(
            "complete",
            "办理",
            lambda task, actor, groups: task.assignee in (None, actor) and _member(task, actor, groups),
        ),
        Verb("release", "放回", lambda task, actor, groups: task.assignee == actor),
    )
}


def allowed(task: Task, actor: str, groups: frozenset[str]) -> list[str]:
    """The verbs that `actor`, a member of `groups`, may use on a task now."""
    if task.state != "open":
        return []
    return [verb.id for verb in VERBS.values() if verb.may(task, actor, groups)]
