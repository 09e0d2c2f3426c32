"""People for tests: who is in which group, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.assignment import Person, Standing


@dataclass
class Staff:
    """An assignment policy: a lane's role is its group."""

    groups: dict[str, set[str]]
    principals: dict[str, list[str]] = field(default_factory=dict)

    def group_for(self, session: Session, role: str, variables: Mapping[str, Any]) -> str:
        return role

    def groups_of(self, session: Session, actor: str) -> frozenset[str]:
        return frozenset(self.groups.get(actor, ()))

    def standing_of(self, session: Session, actor: str, now: datetime) -> Standing:
        own, *others = (
            Person(name, self.groups_of(session, name)) for name in [actor, *self.principals.get(actor, [])]
        )
        return Standing(own, tuple(others))

    def is_active(self, session: Session, actor: str) -> bool:
        return actor in self.groups

    def display(self, session: Session, actor: str, reader: str | None = None) -> str:
        return actor
