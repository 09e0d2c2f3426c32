"""What may be done to a task, and by whom: each verb's rule once, beside the verb (design §4, §5).

The commands enforce it, the interface lists it as `allowed_actions`, the page shows exactly that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from engine.assignment import Person, Standing
from engine.tables import Instance, Task


class Objection(Enum):
    """Why somebody may not use a verb on an open task now, the least of the reasons first."""

    ALREADY_YOURS = auto()
    """They have it already: there is nothing to do."""
    NOT_YOURS = auto()
    """They do not have it."""
    TAKEN = auto()
    """Somebody else has it."""
    FORBIDDEN = auto()
    """The task belongs to a group that they are not in."""


@dataclass(frozen=True)
class Verb:
    """A verb officials know. `objection(task, person)` is None where it may be used in that person's name."""

    id: str
    title: str
    objection: Callable[[Task, Person], Objection | None]

    def in_whose_name(self, task: Task, standing: Standing) -> tuple[Person, Objection | None]:
        """The person in whose name somebody uses the verb: themselves where that is enough, else somebody they
        substitute. Where nothing is enough, the one with the least objection."""
        asked = [(person, self.objection(task, person)) for person in standing.people]
        return min(asked, key=lambda answer: answer[1].value if answer[1] else 0)


def _complete(task: Task, person: Person) -> Objection | None:
    if task.candidate_group is not None and task.candidate_group not in person.groups:
        return Objection.FORBIDDEN
    return None if task.assignee in (None, person.name) else Objection.TAKEN


def _claim(task: Task, person: Person) -> Objection | None:
    return _complete(task, person) or (Objection.ALREADY_YOURS if task.assignee == person.name else None)


def _release(task: Task, person: Person) -> Objection | None:
    return None if task.assignee == person.name else Objection.NOT_YOURS


CLAIM = Verb("claim", "认领", _claim)
COMPLETE = Verb("complete", "办理", _complete)
RELEASE = Verb("release", "放回", _release)
TRANSFER = Verb("transfer", "转办", _complete)
"""Handing a task to a colleague: whoever may do it may hand it on. The colleague must be in its group."""

VERBS: dict[str, Verb] = {verb.id: verb for verb in (CLAIM, COMPLETE, RELEASE, TRANSFER)}


def allowed(task: Task, instance: Instance, standing: Standing) -> list[str]:
    """The verbs that somebody may use on a task of a case now."""
    if task.state != "open" or instance.suspended:
        return []
    return [verb.id for verb in VERBS.values() if verb.in_whose_name(task, standing)[1] is None]


def on_behalf_of(task: Task, standing: Standing) -> str | None:
    """Whom somebody would act for if they did an open task now; None: they would in their own name, or may not."""
    person, objection = COMPLETE.in_whose_name(task, standing)
    return None if objection is not None or person is standing.person else person.name
