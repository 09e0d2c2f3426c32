"""Exports 导出 of the officials' lists: at once where they are short, else by a job that tells how far it is.

Every row of the selection is written, in the order of the page, as it stands in one moment.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

from flask_babel import force_locale
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import values
from engine.commands import Command
from engine.services import Call, Param, service_task
from engine.tables import Job
from engine.transactions import after_commit, read_as_of_now, transaction
from records.exports import Export
from records.selection import Selection, selected
from records.users import User, user_by_username
from web.database import db
from web.pages.columns import LISTINGS
from web.runtime import runtime
from web.spreadsheets import CSV, WRITERS, Sheet, csv_lines

AT_ONCE = 20_000
"""Rows that are written while whoever asks waits."""

KEPT = timedelta(days=7)
"""How long a file is there to be fetched."""

_TOLD = 5_000  # rows between two notes of how far it is
_FETCHED = 1_000
_SERVICE = "export/write"


@dataclass(frozen=True)
class Written:
    """How long the file became."""

    rows: int


def sheet(session: Session, user: User, listing: str, chosen: Selection) -> Sheet:
    """A list as a table; its rows are read while they are written, as they are now."""
    read_as_of_now(session)
    columns = LISTINGS[listing].columns()
    query = LISTINGS[listing].query(session, user, chosen).execution_options(yield_per=_FETCHED)
    rows = ([column.value(row) for column in columns] for row in session.execute(query))
    headings = [column.heading for column in columns]
    return Sheet(LISTINGS[listing].title(), headings, rows, [column.width for column in columns])


def stream(form: str, sheets: list[Sheet]) -> Iterator[bytes]:
    """Short sheets as a file's bytes: CSV line by line, a workbook, which ends with its table of contents, once it is
    written."""
    if form == CSV:
        yield from (line.encode() for line in csv_lines(sheets))
        return
    with TemporaryFile() as file:
        WRITERS[form](file, sheets)
        file.seek(0)
        while chunk := file.read(1 << 16):
            yield chunk


def begin(
    command: Command, user: User, listing: str, form: str, language: str, chosen: Selection, total: int
) -> Export:
    """Ask for a file of a long list."""
    export = Export(
        listing=listing,
        form=form,
        language=language,
        asked=chosen.as_query(),
        asked_by=user.username,
        asked_at=command.now,
        total=total,
        written=0,
    )
    command.session.add(export)
    command.session.flush()
    payload = {"operator": _SERVICE, "arguments": values.to_json({"export_id": export.id})}
    job_id = command.add_job("detached", payload, instance_id=None, key=_key(export), attempts=2)
    after_commit(command.session, lambda: command.engine.publish([job_id]))
    return export


@service_task(_SERVICE, version=1, title="写出导出文件", category="导出", effect="external", attempts=2, timeout=1800)
def write(export_id: Annotated[str, Param(title="导出编号")], call: Call) -> Written:
    """Write the file of an export, in the language in which it was asked for; it takes its name when it is whole."""
    asked = call.session.get_one(Export, export_id)
    user = user_by_username(call.session, asked.asked_by)
    if user is None or not user.active:
        raise ValueError(f"{asked.asked_by} 的账号已停用")
    _clear(call)
    place = path_of(asked)
    place.parent.mkdir(parents=True, exist_ok=True)
    begun = place.with_suffix(".part")
    with force_locale(asked.language), Session(db.engine) as reading, begun.open("wb") as file:
        table = sheet(reading, user, asked.listing, selected(asked.asked))
        counted = _Counted(export_id, table)
        WRITERS[asked.form](file, [counted.sheet])
    begun.rename(place)
    done = {"written": counted.rows, "total": counted.rows, "finished_at": runtime().engine.clock.now()}

    def finish(session: Session) -> None:
        session.execute(update(Export).where(Export.id == export_id).values(done))

    call.keep(finish)
    return Written(counted.rows)


def has_failed(session: Session, export: Export) -> bool:
    """Whether its job has used up its attempts, so that an operator has to look at it."""
    return session.scalar(select(Job.state).where(Job.idempotency_key == _key(export))) == "failed"


def path_of(export: Export) -> Path:
    """Where an export's file lies."""
    return runtime().settings.var / "exports" / f"{export.id}.{export.form}"


def file_name(listing: str, form: str, day: str) -> str:
    """项目管理-20211115.xlsx."""
    return f"{LISTINGS[listing].title()}-{day}.{form}"


class _Counted:
    """A sheet whose rows are counted as they go, so that people see how far it is."""

    def __init__(self, export_id: str, table: Sheet) -> None:
        self.rows = 0
        self._export_id = export_id
        self.sheet = Sheet(table.name, table.headings, self._count(table), table.widths)

    def _count(self, table: Sheet) -> Iterator[Any]:
        for row in table.rows:
            yield row
            self.rows += 1
            if self.rows % _TOLD == 0:
                told = update(Export).where(Export.id == self._export_id).values(written=self.rows)
                with Session(db.engine) as telling, transaction(telling):
                    telling.execute(told)


def _key(export: Export) -> str:
    return f"export:{export.id}"


def _clear(call: Call) -> None:
    """Take away the files that nobody can fetch any more."""
    for old in call.session.scalars(select(Export).where(Export.asked_at < call.now - KEPT)):
        with suppress(FileNotFoundError):
            path_of(old).unlink()
