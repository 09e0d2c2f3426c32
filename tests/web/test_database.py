"""Migrations and the tables that the code declares are the same thing, on both databases; what is stored lives on."""

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import Column, Connection, MetaData, insert, text
from sqlalchemy.exc import DBAPIError

from engine.audit import verification
from engine.tables import Base, UtcDateTime
from tests.web.portal import Portal
from web.database import MIGRATIONS, bring_up_to_date, db

EIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def portal(database_url: str, tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(database_url, tmp_path)
    with portal.app.app_context():
        yield portal
    portal.close()


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_make_exactly_the_tables_that_the_code_declares(portal: Portal) -> None:
    bring_up_to_date(portal.app)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_after_the_migrations_the_record_can_only_be_added_to(portal: Portal) -> None:
    bring_up_to_date(portal.app)
    with db.engine.connect() as connection:
        for table in ("engine_history", "engine_anchor", "engine_anchored_head", "admin_act", "access_record"):
            columns = Base.metadata.tables[table].c
            row = {c.name: _something(c) for c in columns if not c.nullable}
            connection.execute(insert(Base.metadata.tables[table]), [row])
            connection.commit()
            for change in (f"UPDATE {table} SET {columns[0].name} = {columns[0].name}", f"DELETE FROM {table}"):
                with pytest.raises(DBAPIError, match=f"{table} is append-only"):
                    connection.execute(text(change))
                connection.rollback()


def _something(column: Column[Any]) -> Any:
    return EIGHT if isinstance(column.type, UtcDateTime) else column.type.python_type()


def test_the_lines_of_an_old_database_get_their_chains(portal: Portal) -> None:
    upgrade(directory=str(MIGRATIONS), revision="0001")
    store_as_0001_did()
    upgrade(directory=str(MIGRATIONS), revision="0002")
    with verification(db.engine) as look:
        assert list(look.everything()) == []
    assert (look.cases, look.lines) == (300, 902)

    downgrade(directory=str(MIGRATIONS), revision="0001")
    with db.engine.connect() as connection:
        states = connection.scalars(text("SELECT state FROM engine_instance ORDER BY id")).all()
        assert [json.loads(zlib.decompress(state))["h"] for state in states] == [3] * 299 + [5]
        assert connection.scalar(text("SELECT count(*) FROM engine_history WHERE actor = 'gx10'")) == 300


def store_as_0001_did() -> None:
    """Many cases with short records, one of them longer, and every kind of thing in `details`."""
    with db.engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)

        def store(name: str, *rows: dict[str, Any]) -> None:
            connection.execute(insert(tables.tables[f"engine_{name}"]), rows)

        store("deployment", {"id": 1, "digest": "x", "created_at": EIGHT})
        definition = {"key": "filing", "version": 1, "name": "备案", "file_name": "filing.bpmn"}
        store("definition", {"id": 1, "deployment_id": 1} | definition)
        for number in range(300):
            id, length = f"{number:016d}", 5 if number == 299 else 3
            state = zlib.compress(json.dumps({"v": 1, "n": 3, "h": length, "d": {}, "t": []}).encode())
            case = {"id": id, "definition_id": 1, "status": "running", "revision": 2, "state": state}
            store("instance", case | {"started_at": EIGHT})
            line = {"instance_id": id, "element_id": None, "actor": None}
            given = {"opinion": "同意", "rate": 1.5e-7, "b": [{"$decimal": "1.20"}, None, True], "a": 2**70}
            store("history", line | {"seq": 1, "at": EIGHT, "action": "started"})
            at = EIGHT + timedelta(microseconds=1)
            by_whom = {"action": "completed", "element_id": "accept", "actor": "gx10"}
            store("history", line | by_whom | {"seq": 2, "at": at, "details": given})
            for seq in range(3, length + 1):
                at = EIGHT + timedelta(days=1, milliseconds=250)
                store("history", line | {"seq": seq, "at": at, "action": "completed", "element_id": "gateway"})
        connection.commit()


def test_projects_that_were_counted_nowhere_are_counted_where_their_code_says(portal: Portal) -> None:
    upgrade(directory=str(MIGRATIONS), revision="0019")
    with db.engine.connect() as connection:
        store_as_0019_did(connection, {"d1": "2019-440704-33-03-012345", "d2": None}, region="", city="00")
        store_as_0019_did(connection, {"d3": "2103-440605-04-02-314723"}, region="440606", city="440600")
        connection.commit()
    upgrade(directory=str(MIGRATIONS), revision="0020")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT document_id, region, city FROM project_figures ORDER BY document_id"))
        assert [tuple(row) for row in rows] == [("d1", "440704", "440700"), ("d2", "", ""), ("d3", "440606", "440600")]


def store_as_0019_did(connection: Connection, codes: dict[str, str | None], *, region: str, city: str) -> None:
    """Submitted projects with their figures, by id and project code."""
    tables = MetaData()
    tables.reflect(connection, only=("document", "enterprise", "project_figures"))
    for id, code in codes.items():
        known: dict[str, Any] = {
            "id": id, "document_id": id, "enterprise_id": id, "number": f"SB{id}", "kind": "filing", "form": "{}",
            "project_code": code, "region": region, "city": city, "name": id, "uscc": id, "submitted_at": EIGHT,
        }  # fmt: skip
        for name in ("enterprise", "document", "project_figures"):
            columns = tables.tables[name].c
            row = {c.name: known.get(c.name, _filler(c)) for c in columns if c.name in known or not c.nullable}
            connection.execute(insert(tables.tables[name]), [row])


def _filler(column: Column[Any]) -> Any:
    kind = column.type.python_type
    return EIGHT if kind is datetime else kind()
