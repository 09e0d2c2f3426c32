"""Writing the record of a case: each line carries a hash over itself and the line before it (design §3.8).

The form that is hashed is explained in docs/reference/record.md, so that other tools can verify it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.rows import Rows
from engine.tables import History, Instance
from engine.workflow import Line

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


def digest(previous: bytes, content: Mapping[str, Any]) -> bytes:
    """The hash of some content that follows on what `previous` is the hash of.

    What is None counts as not there, so that a column added later leaves earlier hashes as they are.
    """
    told = {name: value for name, value in content.items() if value is not None}
    told["previous"] = previous.hex()
    return hashlib.sha256(_canonical(told).encode("ascii")).digest()


def instant(at: datetime) -> str:
    """An instant as it is hashed: ISO 8601 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def write(
    rows: Rows,
    instance: Instance,
    lines: Iterable[Line],
    *,
    at: datetime,
    actor: str | None,
    on_behalf_of: str | None,
) -> None:
    """Add lines to the end of the record of a case, which is locked."""
    new: list[dict[str, Any]] = []
    moment, seq, head = instant(at), instance.history_length, instance.history_head
    for line in lines:
        seq += 1
        row: dict[str, Any] = {
            "instance_id": instance.id,
            "seq": seq,
            "at": moment,
            "action": line.action,
            "element_id": line.element_id,
            "actor": actor if line.by_actor else None,
            "on_behalf_of": on_behalf_of if line.by_actor else None,
            "before": line.before,
            "details": line.details,
        }
        head = digest(head, row)
        row["at"], row["hash"] = at, head
        new.append(row)
    if new:
        rows.add(History, new)
        rows.change(instance, history_length=seq, history_head=head)
