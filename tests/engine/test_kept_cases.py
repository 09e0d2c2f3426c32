"""Cases kept from the past go on: every state of every format ever written loads, and ends as it did then.

Where a test here fails, cases in our users' databases would, too. The cure is in `engine.state`, not in the files.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import state, values
from engine.projection import Open, look
from engine.tables import NO_HASH, Definition, Instance
from engine.testing import Case, ProcessTest
from tests.engine.keep_fixtures import FOLDER, recorded
from tests.engine.waits import WAITS, opened, packed, take

KEPT = sorted(FOLDER.glob("*/*.json"))


def revived(t: ProcessTest, kept: dict[str, Any]) -> Case:
    """A kept case in a database of today. Its rows follow from its state."""
    t.clock.set(datetime.fromisoformat(kept["now"]))
    with t.engine.command(t.session) as command:
        definition = command.session.scalars(select(Definition).where(Definition.key == "p")).one()
        instance = Instance(
            definition_id=definition.id,
            status=kept["status"],
            state=packed(kept["state"]),
            started_at=command.now,
            history_length=0,
            history_head=NO_HASH,
        )
        command.session.add(instance)
        command.session.flush()
        case = command.restore(instance)
        command._projection(case, instance).write(Open(), look(case))
        command.rows.send()
        return Case(t, instance.id)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_case_kept_from_the_past_goes_on_to_the_end_it_had(file: Path) -> None:
    kept = json.loads(file.read_text(encoding="utf-8"))
    with opened("\n".join(kept["diagram"]).encode()) as t:
        case = revived(t, kept)
        assert (case.status, case.waiting) == (kept["status"], kept["waiting"])
        t.restart()
        take(t, case, kept["then"])
        end = kept["end"]
        assert case.trace == end["trace"]
        assert case.data == values.from_json(end["data"])
        assert (case.status, [[i.element_id, i.code] for i in case.incidents]) == (end["status"], end["incidents"])


def test_every_way_of_waiting_is_kept_in_the_format_of_today() -> None:
    kept = {file.stem for file in (FOLDER / str(state.FORMAT)).glob("*.json")}
    assert kept == set(WAITS), "run python -m tests.engine.keep_fixtures"


@pytest.mark.parametrize("name", WAITS)
def test_a_state_written_today_is_what_the_format_says(name: str) -> None:
    """A state that is written differently is another format: raise FORMAT, load both, keep fixtures of the new one."""
    kept = json.loads((FOLDER / str(state.FORMAT) / f"{name}.json").read_text(encoding="utf-8"))
    assert recorded(WAITS[name])["state"] == kept["state"]
