"""The materials of an application: which are needed follows from the answers (R38 to R44)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.phrases import Phrase
from engine.services import Decide
from tasks.approvals.vocabulary import LAND_USES
from tasks.filings.findings import Finding, error

_ANSWERS = ("land_preexamination_exempt", "capital_increase", "merger", "state_assets")


@dataclass(frozen=True)
class Material:
    """One material: its key, what it is called, and what it must contain."""

    key: str
    title: str
    note: str


def needed(form: Mapping[str, Any], *, foreign: bool, decide: Decide) -> list[Material]:
    """The materials that the table asks for; none while the form lacks an answer that it reads."""
    answers = {name: form.get(name) for name in _ANSWERS}
    if form.get("land_use") not in LAND_USES or None in answers.values():
        return []
    rows = decide("approval_materials", land_use=form["land_use"], foreign=foreign, **answers)
    return [Material(row["key"], row["title"], row["note"]) for row in rows]


def is_foreign(economic_type: str) -> bool:
    """Whether an enterprise has investors from abroad, Hong Kong, Macao or Taiwan: codes 2xx and 3xx (§5.3)."""
    return economic_type[:1] in ("2", "3")


def examine(form: Mapping[str, Any], materials: list[Material], attachments: Collection[str]) -> Iterator[Finding]:
    """What is missing; `attachments` are the ids of the files that the application has."""
    given = form.get("materials")
    given = given if isinstance(given, Mapping) else {}
    for material in materials:
        if given.get(material.key) not in attachments:
            message = Phrase("请上传「{material}」", material=material.title)
            yield error(f"materials.{material.key}", "N08", message, material.note)
