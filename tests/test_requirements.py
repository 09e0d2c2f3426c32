"""docs/requirements.md has a row for each requirement, and names only tests and scenarios that there are."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"\| R(?P<number>\d+) \| (?P<what>.+?) \| (?P<where>.*?) \| (?P<shown>.*?) \| (?P<status>\w+) \|")


def rows() -> list[dict[str, str]]:
    text = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    return [match.groupdict() for match in map(ROW.fullmatch, text.splitlines()) if match]


def test_every_requirement_has_one_row_in_its_order() -> None:
    assert [int(row["number"]) for row in rows()] == list(range(1, 196))


def test_what_is_done_says_what_fulfils_and_what_shows_it() -> None:
    for row in rows():
        assert row["status"] in ("done", "open"), row
        assert (row["status"] == "done") == bool(row["shown"]), row
        assert row["status"] == "open" or row["where"], row


def test_every_test_and_scenario_that_is_named_exists() -> None:
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    scenarios = {
        f"scenario {path.stem}: {scenario['name']}"
        for path in (ROOT / "processes" / "scenarios").glob("*.yaml")
        for scenario in yaml.safe_load(path.read_text(encoding="utf-8"))["scenarios"]
    }
    named = {shown.strip("`") for row in rows() if row["shown"] for shown in row["shown"].split("<br>")}
    assert named - tests - scenarios == set()


def test_the_number_of_those_that_are_done_is_told() -> None:
    done = sum(row["status"] == "done" for row in rows())
    assert f"{done} of 195 are done" in (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
