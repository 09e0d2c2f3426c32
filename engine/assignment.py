"""Who may do a task. The engine asks; the application answers (design §4)."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy.orm import Session


class AssignmentPolicy(Protocol):
    """Turns a lane's role into a candidate group of one case, and a person into the groups they are in today."""

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        """The candidate group of a task whose lane is `role`, in a case whose root has `variables`."""

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        """Every group a person is a member of at this moment; none for somebody who is not active."""

    def is_active(self, session: Session, actor: str) -> bool:
        """Whether a person can still be given work."""

    def display(self, session: Session, actor: str) -> str:
        """A person's name as colleagues know it."""


class Everyone:
    """No roles: whoever asks may do anything. For trying diagrams and for processes without lanes."""

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        return role

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        return frozenset()

    def is_active(self, session: Session, actor: str) -> bool:
        return True

    def display(self, session: Session, actor: str) -> str:
        return actor
