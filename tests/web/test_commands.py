"""`jigai`: what its commands have in common."""

from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from web.cli import main

NEED_TABLES = [
    ["audit", "verify"],
    ["audit", "anchor"],
    ["deploy", "processes"],
    ["migrate", "filing", "--from", "1", "--to", "2"],
    ["token", "create", "gx10"],
    ["user", "list"],
    ["web"],
    ["worker"],
    ["beat"],
]


@pytest.mark.parametrize("arguments", NEED_TABLES, ids=" ".join)
def test_a_database_that_is_not_ready_is_told_in_a_sentence(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    result = CliRunner().invoke(main, arguments)
    structlog.reset_defaults()
    assert result.exit_code == 2
    assert "start `jigai up` on it once" in result.output


def test_the_doctor_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    result = CliRunner().invoke(main, ["doctor"])
    structlog.reset_defaults()
    assert result.exit_code == 1
    assert "start `jigai up` on it once" in result.output
