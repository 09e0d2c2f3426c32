"""What tests of migration ask: what becomes of a case, and what blocks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import migration
from engine.errors import CommandRefused
from engine.migration import Finding
from engine.migration_commands import Target
from engine.tables import History, Instance, Job, Subscription, Task
from engine.testing import Case, ProcessTest


def again(file: bytes) -> bytes:
    """The same diagram as another version."""
    return file + b"\n<!-- again -->"


def outcome(case: Case) -> dict[str, Any]:
    incidents = [(incident.element_id, incident.code) for incident in case.incidents]
    return {"status": case.status, "trace": case.trace, "data": case.data, "incidents": incidents}


def preview(t: ProcessTest, case: Case, version: int = 2, **mapping: str) -> migration.Plan:
    return t._command(lambda command: command.preview_migration(case.id, Target(version, mapping)))


def blocked(t: ProcessTest, case: Case, version: int = 2, mapping: Mapping[str, str] | None = None) -> list[Finding]:
    """What blocks a migration; preview and refusal say the same, and nothing has changed."""
    rows = t.read(lambda session: contents(session))
    blocks = preview(t, case, version, **(mapping or {})).blocks
    assert t.read(lambda session: contents(session)) == rows
    with pytest.raises(CommandRefused) as refused:
        t.migrate(case, version, mapping)
    assert (refused.value.code, refused.value.status) == ("migration_blocked", 409)
    assert refused.value.details["blocks"] == [vars(block) for block in blocks]
    assert t.read(lambda session: contents(session)) == rows
    assert case.version == 1
    assert all(block.message and block.remedy for block in blocks)
    return blocks


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.element_id, finding.code) for finding in findings]


def contents(session: Session) -> list[Any]:
    """Every row that a command on a case may touch."""
    tables = (Instance, Task, Job, Subscription, History)
    return [
        [
            tuple(getattr(row, column.key) for column in table.__table__.columns)
            for row in session.scalars(select(table))
        ]
        for table in tables
    ]
