"""Which case a message is for (design §7), and the messages that nobody waits for yet.

A key is made of the values of a message's correlation properties. A case's key is read from its variables when it
begins to wait; a message's is read, by the same expressions, from what was given with it. An event without properties
takes any message of its name, but none that names another case's business key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, delete, func, or_, select, union_all
from sqlalchemy.orm import Session

from engine import values
from engine.elements import ProcessSpec
from engine.errors import EngineError
from engine.model import EventDefinition
from engine.tables import BufferedMessage, Instance, Subscription
from engine.workflow import key_text

log = structlog.get_logger("jigai.engine")


@dataclass(frozen=True)
class Offer:
    """A message looking for its receiver. `key` is what a case that threw it gave it; from outside there is none."""

    name: str
    correlation: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = None
    key: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        """What the keys of waiting events are read from."""
        return {**(self.payload if isinstance(self.payload, dict) else {}), **self.key, **self.correlation}

    def keys_for(self, event: EventDefinition, functions: Mapping[str, Callable[..., Any]]) -> set[str]:
        """The keys with which a case may wait at `event` for this message."""
        given = self.fields
        keys = {key_text(self.key)}
        if all(p.read.names <= given.keys() for p in event.correlation):
            try:
                keys.add(key_text({p.name: p.read.evaluate(given, functions) for p in event.correlation}))
            except EngineError:
                log.info("correlation key not readable", message=self.name)
        return {key for key in keys if key is not None}

    def fits(self, event: EventDefinition, waits_with: str | None, business_key: str | None, functions: Any) -> bool:
        """Whether a case that waits at `event` with a key is a receiver."""
        if waits_with is None:
            return self.business_key in (None, business_key) or business_key is None
        return waits_with in self.keys_for(event, functions)

    @property
    def business_key(self) -> str | None:
        given = {**self.key, **self.correlation}.get("business_key")
        return None if given is None else str(given)

    def business_key_for(self, event: EventDefinition, functions: Mapping[str, Callable[..., Any]]) -> str | None:
        """That of a case which begins at `event`: given as such, or what the message's property of that name reads."""
        read = next((p.read for p in event.correlation if p.name == "business_key"), None)
        given = self.fields
        if self.business_key is not None or read is None or not read.names <= given.keys():
            return self.business_key
        try:
            found = read.evaluate(given, functions)
        except EngineError:
            log.info("business key not readable", message=self.name)
            return None
        return None if found is None else str(found)


def receivers(
    session: Session,
    offer: Offer,
    compiled: Callable[[int], ProcessSpec],
    functions: Mapping[str, Callable[..., Any]],
) -> Iterable[tuple[str, int]]:
    """The cases and tokens that wait for a message, the one that waits longest first."""
    named = (Subscription.kind == "message", Subscription.name == offer.name)
    definitions = list(session.scalars(_waited_for_in(offer.name)))
    keys = {
        key
        for definition_id in definitions
        for catches in compiled(definition_id).events.values()
        for event in catches.all
        if event.kind == "message" and event.name == offer.name
        for key in offer.keys_for(event, functions)
    }
    if not definitions:
        return []
    of_any_case = or_(Instance.business_key.is_(None), Instance.business_key == offer.business_key)
    found = (
        select(Subscription.created_at, Subscription.instance_id, Subscription.token)
        .join(Instance, Instance.id == Subscription.instance_id)
        .where(*named, Subscription.definition_id.in_(definitions))
    )
    # Two queries in one, since a condition on either would be looked for among all who wait.
    addressed = found.where(Subscription.correlation.in_(keys))
    unaddressed = found.where(Subscription.correlation.is_(None))
    if offer.business_key is not None:
        unaddressed = unaddressed.where(of_any_case)
    either = union_all(addressed, unaddressed).subquery()
    in_order = select(either.c.instance_id, either.c.token).order_by(
        either.c.created_at, either.c.instance_id, either.c.token
    )
    return [(instance_id, token) for instance_id, token in session.execute(in_order)]


def _waited_for_in(name: str) -> Select[int]:
    """The definitions whose cases wait for a message: one look into the index for each, however many cases wait."""
    least = select(func.min(Subscription.definition_id).label("id")).where(
        Subscription.kind == "message", Subscription.name == name
    )
    found = least.cte("found", recursive=True)
    following = least.where(Subscription.definition_id > found.c.id).scalar_subquery()
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    return select(found.c.id).where(found.c.id.is_not(None))


def keep(session: Session, offer: Offer, now: datetime, ttl: timedelta) -> None:
    """Keep a message that nobody waits for, and let go of those whose time is over."""
    let_go(session, now)
    session.add(
        BufferedMessage(
            name=offer.name,
            correlation=values.to_json(dict(offer.correlation)),
            payload=values.to_json(offer.payload),
            expires_at=now + ttl,
        )
    )
    session.flush()


def let_go(session: Session, now: datetime) -> int:
    """Delete the kept messages whose time to live is over, each with a line in the log; how many they were."""
    expired = delete(BufferedMessage).where(BufferedMessage.expires_at <= now)
    gone = session.execute(
        expired.returning(BufferedMessage.name, BufferedMessage.correlation, BufferedMessage.expires_at)
    ).all()
    for name, correlation, expired_at in gone:
        # Values may be somebody's name or number; what they are called is enough to ask the sender.
        log.warning("kept message expired unheard", message=name, keys=sorted(correlation), expired_at=str(expired_at))
    return len(gone)


def kept(session: Session, names: Iterable[str], now: datetime) -> list[tuple[BufferedMessage, Offer]]:
    """The kept messages of some names, oldest first, held until the transaction ends."""
    for name in sorted(set(names)):
        hold(session, name)
    found = session.scalars(
        select(BufferedMessage)
        .where(BufferedMessage.name.in_(set(names)), BufferedMessage.expires_at > now)
        .order_by(BufferedMessage.id)
        .with_for_update()
    )
    return [(m, Offer(m.name, values.from_json(m.correlation), values.from_json(m.payload))) for m in found]


def hold(session: Session, name: str) -> None:
    """One at a time for a message's name: a case that begins to wait and a message to be kept must not miss each other.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"message:{name}"))))
