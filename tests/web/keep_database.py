"""Keeps a database with running cases for the tests of all later revisions: `python -m tests.web.keep_database`.

`fixtures/<revision>.json` holds every row of every table that has any, as they are at the newest revision, and what the
cases do next. Run it when a revision is added; files of earlier revisions stay, and are upgraded over all that follow.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_migrate import upgrade

from engine import values
from engine.clock import MovableClock
from engine.testing import Case, ProcessTest
from tests.engine.waits import START, WAITS, Step, registry, take
from tests.web.portal import Portal
from web.database import MIGRATIONS

FOLDER = Path(__file__).parent / "fixtures"

# Cases share the clock and the messages of one database: those that move neither go on first.
_NEXT: dict[str, list[Step]] = {
    name: list(wait.after)
    for name, wait in WAITS.items()
    if name != "event-sub-process-running" and "advance" not in {step[0] for step in (*wait.before, *wait.after)}
}
_NEXT |= {name: list(WAITS[name].after) for name in ("service-job", "event-sub-process-listening")}
_NEXT |= {"timer": [["advance", {"hours": 3}], ["complete", "after"]]}


def make_tables(url: str, revision: str = "head") -> None:
    """The tables as they are at a revision, made or migrated."""
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(url, Path(folder))
        with portal.app.app_context():
            upgrade(directory=str(MIGRATIONS), revision=revision)
        portal.close()


@contextmanager
def opened(url: str, now: datetime) -> Iterator[ProcessTest]:
    with ProcessTest(database_url=url, registry=registry(), clock=MovableClock(now)) as t:
        yield t


def fill(t: ProcessTest) -> dict[str, Case]:
    """A case at each wait."""
    cases = {}
    for name in _NEXT:
        wait = WAITS[name]
        [definition, *_] = [d for d in t.deploy([wait.file]) if d.key == "p"]
        cases[name] = t.start("p", wait.data, version=definition.version)
        take(t, cases[name], [] if name == "timer" else wait.before)
    return cases


def end_of(case: Case) -> dict[str, Any]:
    incidents = [[incident.element_id, incident.code] for incident in case.incidents]
    return {"status": case.status, "trace": case.trace, "data": values.to_json(case.data), "incidents": incidents}


def dump(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row, by table, in an order that foreign keys allow."""
    database = sa.create_engine(url)
    tables = sa.MetaData()
    tables.reflect(database)
    with database.connect() as connection:
        found = {
            table.name: [
                {name: _to_json(value) for name, value in row._mapping.items()}
                for row in connection.execute(sa.select(table))
            ]
            for table in tables.sorted_tables
        }
    database.dispose()
    return {name: rows for name, rows in found.items() if rows and name != "alembic_version"}


def load(url: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Put dumped rows into tables of their revision, on any kind of database."""
    database = sa.create_engine(url)
    tables = sa.MetaData()
    tables.reflect(database)
    with database.begin() as connection:
        for table in tables.sorted_tables:
            if table.name in rows:
                made = [{name: _from_json(value) for name, value in row.items()} for row in rows[table.name]]
                connection.execute(sa.insert(table), made)
                _count_on(connection, table)
    database.dispose()


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL numbers rows from a sequence, which does not see numbers that are given."""
    number = table.autoincrement_column
    if connection.dialect.name == "postgresql" and number is not None and number.server_default is not None:
        highest = sa.select(sa.func.max(number)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, number.name)
        connection.execute(sa.select(sa.func.setval(sequence, highest)))


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    return {"$date": value.isoformat()} if isinstance(value, date) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        [(tag, content)] = value.items()
        if tag == "$bytes":
            return base64.b64decode(content)
        if tag == "$datetime":
            return datetime.fromisoformat(content)
        if tag == "$date":
            return date.fromisoformat(content)
    return value


def newest() -> str:
    """The newest revision."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/kept.db"
        make_tables(url)
        with opened(url, START) as t:
            cases = fill(t)
            kept: dict[str, Any] = {"now": t.clock.now().isoformat(), "rows": dump(url)}
            for name, case in cases.items():
                take(t, case, _NEXT[name])
            kept["cases"] = [
                {"name": name, "id": case.id, "then": _NEXT[name], "end": end_of(case)} for name, case in cases.items()
            ]
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True)
    (FOLDER / f"{newest()}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
