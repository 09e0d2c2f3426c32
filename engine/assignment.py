"""Who may do a task. The engine asks; the application answers (design §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Person:
    """Somebody tasks are given to, with the groups they are a member of at this moment."""

    name: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Standing:
    """In whose names somebody may act at a moment: their own, and those of the people they substitute."""

    person: Person
    principals: tuple[Person, ...] = ()
    """Those who are substituted. Whom they substitute themselves does not count: there are no chains."""
    formerly: frozenset[str] = frozenset()
    """Names under which the person acted before: what was done under them is theirs, nothing is any more."""

    @property
    def people(self) -> tuple[Person, ...]:
        return (self.person, *self.principals)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(person.name for person in self.people)

    @property
    def groups(self) -> frozenset[str]:
        return frozenset[str]().union(*(person.groups for person in self.people))


class AssignmentPolicy(Protocol):
    """Turns a lane's role into a candidate group of one case, and a person into the groups they are in today."""

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        """The candidate group of a task whose lane is `role`, in a case whose root has `variables`."""

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        """Every group a person is a member of at this moment; none for somebody who is not active."""

    def standing_of(self, session: Session, actor: str, now: datetime) -> Standing:
        """In whose names a person may act at a moment, with the groups of each; told by one statement."""

    def is_active(self, session: Session, actor: str) -> bool:
        """Whether a person can still be given work."""

    def display(self, session: Session, actor: str, reader: str | None = None) -> str:
        """A person's name as colleagues know it; with `reader`, as that person may be told it."""


class Everyone:
    """No roles: whoever asks may do anything. For trying diagrams and for processes without lanes."""

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        return role

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        return frozenset()

    def standing_of(self, session: Session, actor: str, now: datetime) -> Standing:
        return Standing(Person(actor))

    def is_active(self, session: Session, actor: str) -> bool:
        return True

    def display(self, session: Session, actor: str, reader: str | None = None) -> str:
        return actor
