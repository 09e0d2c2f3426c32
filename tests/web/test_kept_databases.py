"""Databases kept from the past are upgraded by Alembic, and their running cases end as they would have then."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from engine import values
from engine.testing import Case
from tests.engine.tampering import faults
from tests.engine.waits import take
from tests.web.keep_database import FOLDER, end_of, load, make_tables, newest, opened

FIRST, *BETWEEN, LAST = sorted(FOLDER.glob("*.json"))
SLOW = [pytest.param(file, marks=pytest.mark.slow) for file in BETWEEN]


@pytest.mark.parametrize("file", [FIRST, *SLOW, LAST], ids=lambda file: file.stem)
def test_a_database_kept_from_the_past_is_upgraded_and_its_cases_go_on(file: Path, database_url: str) -> None:
    kept = json.loads(file.read_text(encoding="utf-8"))
    make_tables(database_url, file.stem)
    load(database_url, kept["rows"])
    make_tables(database_url)
    with opened(database_url, datetime.fromisoformat(kept["now"])) as t:
        for kept_case in kept["cases"]:
            case = Case(t, kept_case["id"])
            take(t, case, kept_case["then"])
        for kept_case in kept["cases"]:
            end = end_of(Case(t, kept_case["id"]))
            assert end == kept_case["end"], kept_case["name"]
            assert values.from_json(end["data"]) == Case(t, kept_case["id"]).data
        assert faults(t) == []


def test_a_database_of_the_newest_revision_is_kept() -> None:
    assert (FOLDER / f"{newest()}.json").exists(), "run python -m tests.web.keep_database"
