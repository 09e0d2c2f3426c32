"""Tables whose rows are only ever added: the database itself refuses to change or remove one, as far as it can.

Whoever may alter tables can take the triggers away; what they then do to a row is found by `engine.audit`.
"""

from typing import Any

from sqlalchemy import Connection, Table, event, text

_FUNCTION = (
    "CREATE OR REPLACE FUNCTION engine_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
)


def keep(table: Table) -> None:
    """From a table's creation on, nothing but INSERT is possible on it."""
    event.listen(table, "after_create", _add_triggers)


def _add_triggers(table: Table, connection: Connection, **_: Any) -> None:
    statements = _on_sqlite(table) if connection.dialect.name == "sqlite" else _on_postgresql(table)
    for statement in statements:
        connection.execute(text(statement))


def _on_postgresql(table: Table) -> list[str]:
    trigger = f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name}"
    return [_FUNCTION, f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION engine_append_only()"]


def _on_sqlite(table: Table) -> list[str]:
    same_key = " AND ".join(f"{column.name} = NEW.{column.name}" for column in table.primary_key)
    refused = {
        "update": f"BEFORE UPDATE ON {table.name}",
        "delete": f"BEFORE DELETE ON {table.name}",
        # REPLACE removes the row that is there without asking the trigger for DELETE.
        "replace": f"BEFORE INSERT ON {table.name} WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same_key})",  # noqa: S608 - our own names
    }
    return [
        f"CREATE TRIGGER {table.name}_no_{name} {when} BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
        for name, when in refused.items()
    ]
