"""The house itself: its lock files, its layers, and the servers that all other tests stand on."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Page
from sqlalchemy import create_engine, text

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "records", "tasks", "web")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

SAYING = frozenset(
    (
        *("CommandRefused", "BusinessRefusal", "FieldError", "ValidationError"),
        *("Finding", "Hint", "Rule", "error", "warning", "Phrase"),
    )
)
"""What is called with sentences for people."""
SENTENCES = frozenset(("message", "remedy", "detail"))
IN_CHINESE_ALONE = re.compile(r"tasks/(legacy|papers|keyring\.py)")
"""Papers and the words of the command line have one language."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    return {canonical(name): version for name, version in (line.split("==") for line in lines)}


def test_constraints_pin_every_package_and_name_no_registry() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted}  # type: ignore[index]  # always
    assert names - {project["name"]} <= pinned().keys()
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_package_lock_holds_checksums_and_no_download_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_front_end_versions_are_exact() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    versions = {*package["dependencies"].values(), *package["devDependencies"].values()}
    assert {version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == set()


def test_imports_run_from_web_to_engine_only() -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    outcome = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "benchmarks", "scripts"])
def test_no_module_is_longer_than_600_lines(package: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / package).rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > 600} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_refusals_and_findings_say_can_be_told_in_another_language(package: str) -> None:
    """A sentence with values in it is a `Phrase`, whose pattern the catalogue has; an f-string is Chinese for ever."""
    said = [
        f"{name}:{sentence.lineno}"
        for path in (ROOT / package).rglob("*.py")
        if not IN_CHINESE_ALONE.match(name := path.relative_to(ROOT).as_posix())
        for node in ast.walk(ast.parse(path.read_text()))
        for sentence in sentences_in(node)
        if any(is_chinese(part) for part in ast.walk(sentence))
    ]
    assert said == []


def sentences_in(node: ast.AST) -> list[ast.expr]:
    """The expressions in which a statement or call says something to people."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        named = [keyword.value for keyword in node.keywords if called in SAYING or keyword.arg in SENTENCES]
        return [*node.args, *named] if called in SAYING else named
    if isinstance(node, ast.Assign) and {getattr(target, "id", "") for target in node.targets} & SENTENCES:
        return [node.value]
    return []


def is_chinese(part: ast.AST) -> bool:
    """Whether it is an f-string in Chinese."""
    return isinstance(part, ast.JoinedStr) and any(
        isinstance(text, ast.Constant) and CHINESE.search(str(text.value)) for text in part.values
    )


def test_a_database_is_empty_and_writable(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE one (n INTEGER)"))
        connection.execute(text("INSERT INTO one VALUES (1)"))
        assert connection.scalar(text("SELECT count(*) FROM one")) == 1
    engine.dispose()


def test_a_prepared_database_is_prepared_once_and_copied(new_database: Callable[..., str]) -> None:
    calls: list[str] = []

    def prepare(url: str) -> None:
        calls.append(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE one (n INTEGER)"))
        engine.dispose()

    for url in (new_database(prepare), new_database(prepare)):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO one VALUES (1)"))
            assert connection.scalar(text("SELECT count(*) FROM one")) == 1
        engine.dispose()
    assert len(calls) == 1


def test_valkey_answers_and_is_empty(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")


def test_chromium_draws_chinese(page: Page) -> None:
    page.set_content("<p lang='zh-CN'><span>备案</span><b style='font-family: monospace'>ii</b></p>")
    width = page.evaluate("document.querySelector('span').getBoundingClientRect().width")
    # Two full-width glyphs of 16 pixels; without a font there are boxes of another width.
    assert width == pytest.approx(32, abs=1)
