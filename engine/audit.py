"""Whether the record is as it was written: every chain, the case's row at its end, and the anchors over all of them.

Rows are read as the driver gives them: whatever was done to one must not keep the others from being looked at.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, Select, Text, cast, column, or_, select, table, true

from engine.anchors import root_of
from engine.record import digest, instant
from engine.tables import NO_HASH
from engine.transactions import AS_OF_NOW

BATCH = 500
"""Cases whose rows are held at once."""

_CASES = table("engine_instance", column("id"), column("history_length"), column("history_head"))
_PLAIN = ("instance_id", "seq", "action", "element_id", "actor", "on_behalf_of")
_LINES = table("engine_history", *map(column, (*_PLAIN, "at", "before", "details", "hash")))
_ANCHORS = table("engine_anchor", *map(column, ("id", "at", "count", "root", "previous", "hash")))
_HEADS = table("engine_anchored_head", *map(column, ("anchor_id", "instance_id", "seq", "head")))

_EVERY_LINE = select(
    *(_LINES.c[name] for name in _PLAIN),
    _LINES.c.at,
    cast(_LINES.c.before, Text),
    cast(_LINES.c.details, Text),
    _LINES.c.hash,
).order_by(_LINES.c.instance_id, _LINES.c.seq)


class What(Enum):
    """What is wrong, in words."""

    CHANGED = "changed, or what it follows on was"
    MISSING = "missing"
    TRUNCATED = "missing at the end"
    INSERTED = "inserted, the case has not written it"
    HEAD = "not the last line that the case's row names"
    UNKNOWN_CASE = "of a case that does not exist"
    NOT_AS_ANCHORED = "not as an anchor found it"
    HEADS = "not of the ends of chains that are stored for it"


@dataclass(frozen=True)
class Fault:
    """Something wrong with lines `first` to `last` of a case, or with the anchors of these numbers."""

    what: What
    instance_id: str | None
    first: int
    last: int

    def __str__(self) -> str:
        thing = "anchor" if self.instance_id is None else f"case {self.instance_id}, line"
        where = f"{thing} {self.first}" if self.first == self.last else f"{thing}s {self.first}-{self.last}"
        return f"{where}: {self.what.value}"


@contextmanager
def verification(database: Engine) -> "Iterator[Verification]":
    """Look at the record as it is at one moment, whatever is written meanwhile."""
    with database.connect() as connection:
        if database.dialect.name == "postgresql":
            yield Verification(connection.execution_options(**AS_OF_NOW[database.dialect.name]))
            return
        # SQLite reads of one moment anyway, but keeps as text what need not be any.
        driver: Any = connection.connection.driver_connection
        driver.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
        try:
            yield Verification(connection)
        finally:
            driver.text_factory = str


class Verification:
    """One look at the record; how much was looked at is counted on the way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.cases = 0
        self.lines = 0
        self.anchors = 0

    def everything(self) -> Iterator[Fault]:
        """What is wrong anywhere."""
        yield from self._chains()
        yield from self._anchors()
        yield from self._anchored(true())

    def case(self, instance_id: str) -> Iterator[Fault]:
        """What is wrong with one case, the anchors being taken as they are."""
        found = self._connection.execute(select(_CASES).where(_CASES.c.id == instance_id)).first()
        lines = self._read(_EVERY_LINE.where(_LINES.c.instance_id == instance_id))
        yield from self._chain(instance_id, found, lines)
        yield from self._anchored(_HEADS.c.instance_id == instance_id)

    def noted(self, anchor: bytes) -> bool:
        """Whether there is an anchor with this hash, which was noted outside the database."""
        return self._connection.scalar(select(_ANCHORS.c.id).where(_ANCHORS.c.hash == anchor)) is not None

    def _read(self, query: Select[Any]) -> Iterator[Any]:
        with self._connection.execute(query.execution_options(yield_per=2000)) as rows:
            yield from rows

    # Chains

    def _chains(self) -> Iterator[Fault]:
        """Every case, and every line, those of cases that there are not among them, some hundred cases at a time."""
        cases, lines = select(_CASES).order_by(_CASES.c.id).limit(BATCH), _EVERY_LINE
        while True:
            batch = {case.id: case for case in self._read(cases)}
            end = next(reversed(batch)) if len(batch) == BATCH else None
            some = lines if end is None else lines.where(_LINES.c.instance_id <= end)
            for instance_id, chain in groupby(self._read(some), key=lambda line: line[0]):
                yield from self._chain(instance_id, batch.pop(instance_id, None), chain)
            for instance_id, case in batch.items():
                yield from self._chain(instance_id, case, ())
            if end is None:
                return
            cases = select(_CASES).where(_CASES.c.id > end).order_by(_CASES.c.id).limit(BATCH)
            lines = _EVERY_LINE.where(_LINES.c.instance_id > end)

    def _chain(self, instance_id: str, case: Any | None, lines: Iterable[Any]) -> Iterator[Fault]:
        if case is None:
            numbers = [line[1] for line in lines]
            self.lines += len(numbers)
            if numbers:
                yield Fault(What.UNKNOWN_CASE, instance_id, numbers[0], numbers[-1])
            return
        self.cases += 1
        length = case.history_length if isinstance(case.history_length, int) else 0
        yield from _joined(self._links(instance_id, length, case.history_head, lines))

    def _links(self, instance_id: str, length: int, head: bytes, lines: Iterable[Any]) -> Iterator[Fault]:
        """Go along a chain. A line counts as its stored hash says, so that one that was changed is one fault, not all
        that follow."""
        expected, previous = 1, NO_HASH
        for line in lines:
            self.lines += 1
            seq, found = line[1], line[-1]
            if not _is_among(seq, length):
                number = seq if isinstance(seq, int) else 0
                yield Fault(What.INSERTED, instance_id, number, number)
                continue
            if seq > expected:
                # What this line follows on is gone: whether the line itself was changed cannot be said.
                yield Fault(What.MISSING, instance_id, expected, seq - 1)
            elif _digest_of(previous, line) != found:
                yield Fault(What.CHANGED, instance_id, seq, seq)
            expected, previous = seq + 1, found
        # Every case begins with a line; one whose row says that it has none has lost it.
        if expected <= max(length, 1):
            yield Fault(What.TRUNCATED, instance_id, expected, max(length, 1))
        elif previous != head:
            yield Fault(What.HEAD, instance_id, length, length)

    # Anchors

    def _anchors(self) -> Iterator[Fault]:
        """The anchors follow on one another, and each is of the heads that are stored for it."""
        heads = groupby(
            self._read(select(_HEADS).order_by(_HEADS.c.anchor_id, _HEADS.c.instance_id)), key=lambda head: head[0]
        )
        anchors = {anchor.id: anchor for anchor in self._read(select(_ANCHORS).order_by(_ANCHORS.c.id))}
        self.anchors = len(anchors)
        taken = {}
        for number, some in heads:
            taken[number] = root_of((id, seq, _hex(head)) for _, id, seq, head in some)
        expected, previous = 1, NO_HASH
        for number, anchor in anchors.items():
            if number > expected:
                yield Fault(What.MISSING, None, expected, number - 1)
                previous = anchor.previous
            if anchor.previous != previous or _digest_of_anchor(anchor) != anchor.hash:
                yield Fault(What.CHANGED, None, number, number)
            if taken.pop(number, root_of(())) != (anchor.count, anchor.root):
                yield Fault(What.HEADS, None, number, number)
            expected, previous = number + 1, anchor.hash
        for number in taken:
            if not _is_among(number, expected - 1):
                yield Fault(What.MISSING, None, number, number)

    def _anchored(self, which: Any) -> Iterator[Fault]:
        """What anchors found at the end of a chain is still in it."""
        same_line = (_LINES.c.instance_id == _HEADS.c.instance_id) & (_LINES.c.seq == _HEADS.c.seq)
        gone = or_(_LINES.c.hash.is_(None), _LINES.c.hash != _HEADS.c.head)
        query = select(_HEADS.c.instance_id, _HEADS.c.seq).outerjoin(_LINES, same_line).where(which, gone)
        for instance_id, seq in self._read(query.order_by(_HEADS.c.instance_id, _HEADS.c.seq)):
            yield Fault(What.NOT_AS_ANCHORED, instance_id, seq, seq)


def _is_among(number: Any, last: int) -> bool:
    """Whether something is one of the numbers from 1 on; it may be anything."""
    return isinstance(number, int) and 1 <= number <= last


def _joined(faults: Iterable[Fault]) -> Iterator[Fault]:
    """The same fault of lines in a row is one."""
    held: Fault | None = None
    for fault in faults:
        if held is not None and fault.what is held.what and fault.first == held.last + 1:
            held = replace(held, last=fault.last)
            continue
        if held is not None:
            yield held
        held = fault
    if held is not None:
        yield held


def _digest_of(previous: Any, line: Any) -> bytes | None:
    """The hash that a line should have; None where it holds what was never written."""
    *plain, at, before, details, _ = line
    try:
        content = dict(zip(_PLAIN, plain, strict=True))
        content |= {"at": _instant(at), "before": _parsed(before), "details": _parsed(details)}
        return digest(previous, content)
    except (AttributeError, TypeError, ValueError, RecursionError):
        return None


def _digest_of_anchor(anchor: Any) -> bytes | None:
    content = {"id": anchor.id, "at": _instant(anchor.at), "count": anchor.count, "root": _hex(anchor.root)}
    try:
        return digest(anchor.previous, content)
    except (AttributeError, TypeError, ValueError):
        return None


def _instant(at: Any) -> Any:
    """An instant as it is hashed. SQLite has it as text in UTC."""
    if isinstance(at, datetime):
        return instant(at)
    return f"{at.replace(' ', 'T')}+00:00" if isinstance(at, str) else at


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _hex(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
