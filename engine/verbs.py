"""What may be done to a task, and by whom: each verb's rule once, beside the verb (design §4, §5).

The commands enforce it, the interface lists it as `allowed_actions`, the page shows exactly that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from engine.tables import Instance, Task


class Objection(Enum):
    """Why somebody may not use a verb on an open task now."""

    FORBIDDEN = auto()
    """The task belongs to a group that they are not in."""
    TAKEN = auto()
    """Somebody else has it."""
    NOT_YOURS = auto()
    """They do not have it."""
    ALREADY_YOURS = auto()
    """They have it already: there is nothing to do."""


@dataclass(frozen=True)
class Verb:
    """A verb officials know. `objection(task, actor, groups)` is None where the actor, in `groups`, may use it."""

    id: str
    title: str
    objection: Callable[[Task, str, frozenset[str]], Objection | None]


def _complete(task: Task, actor: str, groups: frozenset[str]) -> Objection | None:
    if task.candidate_group is not None and task.candidate_group not in groups:
        return Objection.FORBIDDEN
    return None if task.assignee in (None, actor) else Objection.TAKEN


def _claim(task: Task, actor: str, groups: frozenset[str]) -> Objection | None:
    return _complete(task, actor, groups) or (Objection.ALREADY_YOURS if task.assignee == actor else None)


def _release(task: Task, actor: str, groups: frozenset[str]) -> Objection | None:
    return None if task.assignee == actor else Objection.NOT_YOURS


CLAIM = Verb("claim", "认领", _claim)
COMPLETE = Verb("complete", "办理", _complete)
RELEASE = Verb("release", "放回", _release)

VERBS: dict[str, Verb] = {verb.id: verb for verb in (CLAIM, COMPLETE, RELEASE)}


def allowed(task: Task, instance: Instance, actor: str, groups: frozenset[str]) -> list[str]:
    """The verbs that `actor`, a member of `groups`, may use on a task of a case now."""
    if task.state != "open" or instance.suspended:
        return []
    return [verb.id for verb in VERBS.values() if verb.objection(task, actor, groups) is None]
