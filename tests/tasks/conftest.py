"""A filing that breaks no rule, the people and places around it, and the product's own decision tables."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.decisions import Decision, read_decisions
from engine.services import Decide
from records.agencies import Agency
from records.enterprises import Enterprise
from records.industry import IndustryClass
from records.regions import PRD_CORE_CITIES, city_code
from tasks.filings.examination import Examination, examine

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2021, 11, 15)  # a Monday


@pytest.fixture(scope="session")
def sample() -> dict[str, Any]:
    return json.loads((ROOT / "data" / "sample.json").read_text(encoding="utf-8"))


@pytest.fixture
def form(sample: dict[str, Any]) -> dict[str, Any]:
    """The form of a project that is waiting for acceptance on TODAY, good in every respect."""
    project = next(project for project in sample["projects"] if project["no"] == 18)
    return copy.deepcopy(project["filing"]) | {
        "planned_start": "2021-12-20",
        "planned_completion": "2022-12-31",
    }


class KnownWorld:
    """What the rules look up: a few classes, no code in use, weekends as the only holidays."""

    def __init__(self) -> None:
        self.codes_in_use: set[str] = set()

    def industry_class(self, code: str) -> IndustryClass | None:
        sections = {"0121": ("A", "豆类种植"), "6110": ("H", "旅游饭店"), "3011": ("C", "水泥制造")}
        if code in sections or code in ("3120", "3732", "2511", "3972", "3985", "3982"):
            section, name = sections.get(code, ("C", "某制造"))
            return IndustryClass(code=code, name=name, section=section)
        return None

    def code_in_use(self, project_code: str) -> bool:
        return project_code in self.codes_in_use

    def in_prd_core(self, region: str) -> bool:
        return city_code(region) in PRD_CORE_CITIES

    def working_day_after(self, day: date, count: int) -> date:
        while count:
            day += timedelta(days=1)
            count -= day.weekday() < 5
        return day


@pytest.fixture
def world() -> KnownWorld:
    return KnownWorld()


@pytest.fixture
def enterprise(sample: dict[str, Any], form: Mapping[str, Any]) -> Enterprise:
    item = next(item for item in sample["enterprises"] if item["id"] == form["enterprise"])
    return Enterprise(**{name: value for name, value in item.items() if name != "fictional"})


@pytest.fixture
def agencies(sample: dict[str, Any]) -> dict[str, Agency]:
    return {
        item["id"]: Agency(**{name: value for name, value in item.items() if name != "parent"})
        for item in sample["agencies"]
    }


@pytest.fixture
def look_at(
    enterprise: Enterprise, agencies: dict[str, Agency], world: KnownWorld, decide: Decide
) -> Callable[[Mapping[str, Any]], Examination]:
    """`look_at(form)`: every rule on it, with the product's own tables."""

    def look(form: Mapping[str, Any]) -> Examination:
        return examine(
            form,
            enterprise=enterprise,
            agency=agencies.get(form.get("agency") or ""),
            today=TODAY,
            decide=decide,
            lookup=world,
        )

    return look


@pytest.fixture(scope="session")
def decide() -> Decide:
    """The tables of `processes/rules`, asked as a service task asks them."""
    decisions: dict[str, Decision] = {}
    for path in sorted((ROOT / "processes" / "rules").glob("*.dmn")):
        read, problems = read_decisions(path.read_bytes(), path.name)
        assert problems == []
        decisions |= {decision.id: decision for decision in read}
    return lambda decision_id, **inputs: decisions[decision_id].evaluate(inputs).outputs
