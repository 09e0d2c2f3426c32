"""Tasks in numbers: offices full of people with a great many open and finished tasks, made in the database itself.

The cases behind them are one real case many times over, so that pages show what they always show.
"""

import sys
from collections.abc import Iterator

from sqlalchemy import Connection, text

STEP = 250_000
"""Rows a statement, so that something moves meanwhile."""

_CASES = """
INSERT INTO engine_instance
       (id, definition_id, business_key, status, revision, state, history_length, history_head, started_at)
SELECT 'c' || lpad(n::text, 15, '0'), definition_id, business_key, 'running', 1, state, history_length, history_head,
       started_at
FROM engine_instance, generate_series(CAST(:first AS integer), CAST(:last AS integer)) n
WHERE id = :model
"""

_TASKS = """
WITH given AS (
    SELECT CAST(:cases AS integer) AS cases, CAST(:offices AS integer) AS offices, CAST(:people AS integer) AS people,
           CAST(:state AS text) AS state, CAST(:groups AS text[]) AS groups)
INSERT INTO engine_task
       (id, instance_id, definition_id, token, element_id, name, role, candidate_group, assignee, state, created_at,
        due_at, ended_at, completed_by)
SELECT left(given.state, 1) || lpad(n::text, 15, '0'), 'c' || lpad((n % cases)::text, 15, '0'), definition_id,
       n / cases + 2, element_id, name, role, groups[1 + n % offices],
       CASE WHEN given.state = 'done' OR n % 500 = 0 THEN 'crowd' || n % offices || '-' || (n / offices) % people END,
       given.state, created_at - (n % 20000) * interval '1 minute',
       created_at + (n % 14400 - 4320) * interval '1 minute',
       CASE WHEN given.state = 'done' THEN created_at - (n % 500000) * interval '1 minute' END,
       CASE WHEN given.state = 'done' THEN 'crowd' || n % offices || '-' || (n / offices) % people END
FROM given, engine_task, generate_series(CAST(:first AS integer), CAST(:last AS integer)) n
WHERE engine_task.id = :model
"""


class Crowd:
    """Groups of `people` each, who share the tasks evenly. Those of the first are called crowd0-0, crowd0-1, …"""

    def __init__(self, connection: Connection, task: str, groups: list[str], people: int) -> None:
        self._connection = connection
        self._task = task
        self._groups = groups
        self._people = people
        self._cases = self._open = self._done = 0

    def grow(self, cases: int, open_tasks: int, done_tasks: int) -> None:
        """Bring the numbers to these, telling how far it is."""
        model = self._connection.scalar(text("SELECT instance_id FROM engine_task WHERE id = :id"), {"id": self._task})
        # Rows of one table only point at rows that are made here: nothing is to be checked.
        self._connection.execute(text("SET session_replication_role = replica"))
        for first, last in self._steps("cases", self._cases, cases):
            self._connection.execute(text(_CASES), {"first": first, "last": last, "model": model})
        self._cases = cases
        self._open = self._add("open", self._open, open_tasks)
        self._done = self._add("done", self._done, done_tasks)
        self._connection.execute(text("SET session_replication_role = DEFAULT"))
        self._connection.commit()
        print("  sorting …", end="\r", file=sys.stderr, flush=True)
        with self._connection.engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE engine_task"))
            connection.execute(text("VACUUM ANALYZE engine_instance"))
            # What was just written is on its way to the disk for minutes: of that no box is to be told.
            connection.execute(text("CHECKPOINT"))

    def _add(self, state: str, has: int, wanted: int) -> int:
        for first, last in self._steps(f"{state} tasks", has, wanted):
            self._connection.execute(
                text(_TASKS),
                {
                    "state": state,
                    "first": first,
                    "last": last,
                    "cases": self._cases,
                    "offices": len(self._groups),
                    "people": self._people,
                    "groups": self._groups,
                    "model": self._task,
                },
            )
        return wanted

    def _steps(self, what: str, has: int, wanted: int) -> Iterator[tuple[int, int]]:
        for first in range(has, wanted, STEP):
            last = min(first + STEP, wanted)
            yield first, last - 1
            self._connection.commit()
            share = (last - has) / (wanted - has)
            bar = "█" * round(30 * share)
            print(f"  {what:<12} {bar:<30} {last:>9,} of {wanted:,}", end="\r", file=sys.stderr, flush=True)
        print(" " * 78, end="\r", file=sys.stderr, flush=True)
