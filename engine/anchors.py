"""Anchors: the ends of all chains taken together, in one hash that follows on the anchor before (design §3.8).

A chain shows what was changed in it, not that all of it was written anew: an anchor does, and an anchor's hash that is
noted outside the database does so for the anchors themselves. No case waits for one: its row is read, never locked.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from engine.record import digest, instant
from engine.tables import NO_HASH, Anchor, AnchoredHead, Instance

EVERY = timedelta(days=1)
"""How often the carrier makes one."""


def anchor_if_due(session: Session, now: datetime) -> Anchor | None:
    """Anchor where the last anchor is old enough for the next. Any number of processes may ask at the same time."""
    if not _is_due(session, now):
        return None
    _one_at_a_time(session)
    return anchor(session, now) if _is_due(session, now) else None


def anchor(session: Session, now: datetime) -> Anchor:
    """Anchor the chains that have grown since the last time, also where none has: then that is what the anchor says."""
    _one_at_a_time(session)
    last = session.scalar(select(Anchor).order_by(Anchor.id.desc()).limit(1))
    number, previous = (last.id + 1, last.hash) if last is not None else (1, NO_HASH)
    _take_heads(session, number)
    heads = select(AnchoredHead.instance_id, AnchoredHead.seq, AnchoredHead.head)
    heads = heads.where(AnchoredHead.anchor_id == number).order_by(AnchoredHead.instance_id)
    count, root = root_of(
        (id, seq, head.hex()) for id, seq, head in session.execute(heads.execution_options(yield_per=1000))
    )
    new = Anchor(id=number, at=now, count=count, root=root, previous=previous)
    new.hash = digest(previous, {"id": number, "at": instant(now), "count": count, "root": root.hex()})
    session.add(new)
    session.flush()
    return new


def _is_due(session: Session, now: datetime) -> bool:
    last = session.scalar(select(Anchor.at).order_by(Anchor.id.desc()).limit(1))
    return last is None or last + EVERY <= now


def _one_at_a_time(session: Session) -> None:
    """SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(Anchor.__tablename__))))


def root_of(heads: Iterable[tuple[str, int, str]]) -> tuple[int, bytes]:
    """How many heads there are, and the hash over a line of text for each: case, number and hash of its last line."""
    count, hashed = 0, hashlib.sha256()
    for instance_id, seq, head in heads:
        count += 1
        hashed.update(f"{instance_id} {seq} {head}\n".encode(errors="surrogateescape"))
    return count, hashed.digest()


def _take_heads(session: Session, number: int) -> None:
    """Copy the ends of the chains that have grown, as one statement sees them, in the database."""
    anchored = select(AnchoredHead.instance_id, func.max(AnchoredHead.seq).label("seq"))
    known = anchored.group_by(AnchoredHead.instance_id).subquery()
    grown = (
        select(Instance.id, Instance.history_length, literal(number), Instance.history_head)
        .outerjoin(known, known.c.instance_id == Instance.id)
        .where(Instance.history_length > func.coalesce(known.c.seq, 0))
    )
    session.execute(insert(AnchoredHead).from_select(["instance_id", "seq", "anchor_id", "head"], grown))
