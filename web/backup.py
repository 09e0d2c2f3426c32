"""Backups: the database as it was at one moment, the files beside it and the keys that open both; and back.

A backup is a folder: `database` (an SQLite file, or an archive of pg_dump), `files/` as they lay under var/, and
`manifest.json` with the size and SHA-256 of each. It holds keys and people's data: whoever has it can read everything.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, inspect, make_url, text

from web.settings import Settings

FORMAT = 1
_DATABASE, _FILES, _MANIFEST = "database", "files", "manifest.json"
_ATTACHMENTS = "attachments"
_KEYS = ("data.key", "secret.key")


class BackupError(Exception):
    """A backup that could not be made or brought back; the message says why, and what to do."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds. `bytes` is the size of all of it; `keys_missing` names the keys that came from the
    environment and are therefore not in it."""

    made_at: datetime
    database: str
    files: int
    bytes: int
    keys_missing: tuple[str, ...] = ()


def back_up(settings: Settings, folder: Path, now: datetime) -> Backup:
    """Write a backup into a new folder; the product may be running. Raises BackupError, leaving no folder."""
    if folder.exists():
        raise BackupError(f"{folder} exists already: name a folder that does not")
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    try:
        url = make_url(settings.database_url)
        # Files before the database and once more after it, so that what either knows of is there.
        _copy_files(settings, url, unfinished / _FILES)
        _dump(url, unfinished / _DATABASE)
        _copy_files(settings, url, unfinished / _FILES)
        if absent := _attachments_absent(url, unfinished):
            raise BackupError(f"the database names attachments that are not under {settings.var}: {', '.join(absent)}")
        contents = {
            name: {"size": path.stat().st_size, "sha256": _sha256(path)} for name, path in _contents(unfinished)
        }
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(),
            "jigai": version("jigai"),
            "database": url.get_backend_name(),
            "contents": contents,
        }
        (unfinished / _MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    kept = {name.removeprefix(f"{_FILES}/") for name in contents}
    return _described(manifest, tuple(name for name in _KEYS if name not in kept))


def restore(folder: Path, var: Path, database_url: str) -> Backup:
    """Bring a backup back to where there is neither database nor folder of files. Raises BackupError, having changed
    nothing, where the backup is not whole or something is there already."""
    manifest = _checked(folder)
    url = make_url(database_url)
    if url.get_backend_name() != manifest["database"]:
        raise BackupError(f"the backup is of {manifest['database']}, DATABASE_URL names {url.get_backend_name()}")
    if _has_tables(url):
        raise BackupError("the database has tables already: restore into an empty one")
    if var.exists() and (there := sorted(path.name for path in var.iterdir())):
        raise BackupError(f"{var} is not empty ({', '.join(there[:5])}): set JIGAI_VAR to a new folder")
    unfinished = var.with_name(var.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        shutil.copytree(folder / _FILES, unfinished)
        unfinished.chmod(0o700)
        if url.get_backend_name() == "sqlite":
            # The file's folder may be the one that is being made.
            target = Path(url.database or "")
            inside = target.is_relative_to(var)
            place = unfinished / target.relative_to(var) if inside else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / _DATABASE, place)
        else:
            _run_postgres(
                "pg_restore", url, "--exit-on-error", "--single-transaction", "--no-owner", folder / _DATABASE
            )
        if var.exists():
            var.rmdir()
        unfinished.rename(var)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return _described(manifest)


def _checked(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose every file is as it was written."""
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} is no backup: its manifest cannot be read ({error})") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{folder} has format {manifest.get('format')}; this version reads format {FORMAT}")
    contents, found = manifest["contents"], dict(_contents(folder))
    if lost := sorted(set(contents) - set(found)):
        raise BackupError(f"the backup is not whole: {', '.join(lost[:5])} is missing")
    changed = [name for name, was in contents.items() if _sha256(found[name]) != was["sha256"]]
    if changed or (changed := sorted(set(found) - set(contents))):
        raise BackupError(f"the backup is not as it was written: {', '.join(changed[:5])}")
    return manifest


def _described(manifest: dict[str, Any], keys_missing: tuple[str, ...] = ()) -> Backup:
    contents = manifest["contents"]
    return Backup(
        made_at=datetime.fromisoformat(manifest["made_at"]),
        database=manifest["database"],
        files=len(contents) - 1,
        bytes=sum(entry["size"] for entry in contents.values()),
        keys_missing=keys_missing,
    )


def _contents(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a backup but the manifest, by its name inside."""
    yield _DATABASE, folder / _DATABASE
    for path in sorted((folder / _FILES).rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _copy_files(settings: Settings, url: URL, target: Path) -> None:
    """What lies under var/, but for the database's own files and logs. What is there already is left as it is."""
    database = Path(url.database or "").name if url.get_backend_name() == "sqlite" else None
    target.mkdir(exist_ok=True)
    for path in sorted(settings.var.rglob("*")):
        copy = target / path.relative_to(settings.var)
        if path.is_dir():
            copy.mkdir(mode=0o700, exist_ok=True)
        elif path.suffix == ".log" or (database is not None and path.name.startswith(database)) or copy.exists():
            continue
        else:
            try:
                shutil.copy2(path, copy)
            except FileNotFoundError:
                continue  # deleted meanwhile: the database says whether it should be there


def _dump(url: URL, target: Path) -> None:
    if url.get_backend_name() != "sqlite":
        _run_postgres("pg_dump", url, "--format=custom", "--no-owner", f"--file={target}")
        return
    source = Path(url.database or "")
    if not source.exists():
        raise BackupError(f"there is no database at {source}")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it


def _attachments_absent(url: URL, folder: Path) -> list[str]:
    """The attachments that the database names and that were not copied."""
    if url.get_backend_name() == "sqlite":
        url = URL.create("sqlite", database=str(folder / _DATABASE))
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("attachment"):
                return []
            stored = list(connection.scalars(text("SELECT stored_name FROM attachment ORDER BY stored_name")))
    finally:
        engine.dispose()
    return [name for name in stored if not (folder / _FILES / _ATTACHMENTS / name).exists()]


def _has_tables(url: URL) -> bool:
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False
    engine = create_engine(url)
    try:
        return bool(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def _run_postgres(program: str, url: URL, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's own programs on a database. The password goes by the environment, never on the command
    line, where other users of the machine could read it."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(
            f"{program} is not on the PATH: install PostgreSQL's client programs, of the server's version"
        )
    bare = url.set(drivername="postgresql", password=None)
    environment = os.environ | ({"PGPASSWORD": url.password} if url.password else {})
    done = subprocess.run(  # noqa: S603 - one of PostgreSQL's two programs, without a shell
        [found, f"--dbname={bare.render_as_string()}", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip() or done.returncode}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
