"""How many bytes the engine's tables hold."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from engine.tables import Base

TABLES = tuple(sorted(name for name in Base.metadata.tables if name.startswith("engine_")))


@dataclass(frozen=True)
class Stored:
    """Bytes: of the rows alone, and of the pages that they and their indexes take."""

    rows: int
    pages: int

    def since(self, earlier: "Stored", cases: int) -> "Stored":
        """What one of `cases` has added."""
        return Stored((self.rows - earlier.rows) // cases, (self.pages - earlier.pages) // cases)


def measure(database: Engine) -> Stored:
    """What is stored now, after what was deleted or overwritten has been cleared away."""
    return _on_postgresql(database) if database.dialect.name == "postgresql" else _on_sqlite(database)


def _on_postgresql(database: Engine) -> Stored:
    with database.connect() as connection:
        connection.execute(text(f"VACUUM FULL {', '.join(TABLES)}"))
        rows = pages = 0
        for table in TABLES:
            rows += connection.scalar(text(f"SELECT coalesce(sum(pg_column_size(t.*)), 0) FROM {table} t")) or 0
            pages += connection.scalar(text(f"SELECT pg_total_relation_size('{table}')")) or 0
    return Stored(int(rows), int(pages))


def _on_sqlite(database: Engine) -> Stored:
    """SQLite's own account of its pages, one row for each table and index."""
    of_the_engine = "(SELECT name FROM sqlite_schema WHERE tbl_name LIKE 'engine\\_%' ESCAPE '\\' AND type = '{}')"
    total = "SELECT coalesce(sum({}), 0) FROM dbstat('main', 1) WHERE name IN {}"
    with database.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("BEGIN")
        rows = connection.scalar(text(total.format("payload", of_the_engine.format("table"))))
        tables = connection.scalar(text(total.format("pgsize", of_the_engine.format("table"))))
        indexes = connection.scalar(text(total.format("pgsize", of_the_engine.format("index"))))
    return Stored(int(rows or 0), int(tables or 0) + int(indexes or 0))
