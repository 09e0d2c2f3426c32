"""Keeps running cases for the tests of all later versions: `python -m tests.engine.keep_fixtures`.

For each way of waiting (`tests.engine.waits`) one file in `fixtures/<format of the state>/`: the diagram, the state as
readable JSON, what the case does next, and what becomes of it. Run it when `engine.state.FORMAT` changes, or when a way
of waiting is added; files of earlier formats stay as they are, for they are what is in databases out there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine import state, values
from tests.engine.waits import WAITS, Wait, document_of, opened, take

FOLDER = Path(__file__).parent / "fixtures"


def recorded(wait: Wait) -> dict[str, Any]:
    """A case at its wait, and the end it comes to."""
    with opened(wait.file) as t:
        case = t.start("p", wait.data)
        take(t, case, wait.before)
        instance = case.instance
        kept = {
            "diagram": wait.file.decode().split("\n"),
            "now": t.clock.now().isoformat(),
            "status": instance.status,
            "state": document_of(instance),
            "waiting": case.waiting,
            "then": list(wait.after),
        }
        passed = len(case.trace)
        take(t, case, wait.after)
        end = {"status": case.status, "trace": case.trace[passed:], "data": values.to_json(case.data)}
        return kept | {"end": end | {"incidents": [[i.element_id, i.code] for i in case.incidents]}}


def main() -> None:
    folder = FOLDER / str(state.FORMAT)
    folder.mkdir(parents=True, exist_ok=True)
    for name, wait in WAITS.items():
        text = json.dumps(recorded(wait), ensure_ascii=False, indent=1, sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
