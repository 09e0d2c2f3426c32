"""The engine's tables. `Base` is the one declarative base of the product: `records/` builds on it, too.

Instants are stored in UTC and come back aware on every database. Ids are 16 letters of base 32: short in an
index, safe in an address, impossible to guess.
"""

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from engine import append_only

NO_HASH = bytes(32)
"""What the first line of a chain follows on."""

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the product."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware when it goes in, stored as UTC, aware (UTC) when it comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """A fresh id: 80 random bits as 16 lower-case letters and digits."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


class Deployment(Base):
    """A set of files deployed together; they belong together and never change (design §3.7)."""

    __tablename__ = "engine_deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str | None] = mapped_column(String(64))


class DeploymentFile(Base):
    """One file of a deployment, byte for byte."""

    __tablename__ = "engine_deployment_file"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("engine_deployment.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Definition(Base):
    """One version of one executable process."""

    __tablename__ = "engine_definition"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("engine_deployment.id"), index=True)
    key: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    file_name: Mapped[str] = mapped_column(String(200))


class Instance(Base):
    """A case: one running or ended execution of a definition. `state` is what the future needs."""

    __tablename__ = "engine_instance"
    __table_args__ = (
        Index("ix_engine_instance_business_key", "business_key"),
        Index("ix_engine_instance_status", "status", "started_at"),
    )
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    definition_id: Mapped[int] = mapped_column(ForeignKey("engine_definition.id"), index=True)
    business_key: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    revision: Mapped[int] = mapped_column(default=0)
    state: Mapped[bytes] = mapped_column(LargeBinary)
    history_length: Mapped[int] = mapped_column(default=0)
    history_head: Mapped[bytes] = mapped_column(LargeBinary, default=NO_HASH)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def suspended(self) -> bool:
        """Whether the case stands still until it is resumed."""
        return self.status == "suspended"


_SHARES = {
    "free": "state = 'open' AND assignee IS NULL",
    "held": "state = 'open' AND assignee IS NOT NULL",
    "done": "state = 'done'",
}


def _only(share: str) -> dict[str, Any]:
    """What makes an index one of some rows only, on both databases."""
    return {"sqlite_where": text(_SHARES[share]), "postgresql_where": text(_SHARES[share])}


class Task(Base):
    """A user or manual task: open in an inbox, then a line among the done ones."""

    __tablename__ = "engine_task"
    __table_args__ = (
        # One for each share of a box, in its order (engine/inbox.py); a task is in one of them at a time.
        Index("ix_engine_task_free", "candidate_group", "due_at", "created_at", "id", **_only("free")),
        Index("ix_engine_task_held", "assignee", "due_at", "created_at", "id", **_only("held")),
        Index("ix_engine_task_done", "completed_by", "ended_at", "id", **_only("done")),
        # Of a long case's tasks nearly all are done: without the state, finding the open ones would read them all.
        Index("ix_engine_task_instance", "instance_id", "state", "token"),
    )
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    instance_id: Mapped[str] = mapped_column(ForeignKey("engine_instance.id"))
    definition_id: Mapped[int] = mapped_column(ForeignKey("engine_definition.id"))
    token: Mapped[int]
    element_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str | None] = mapped_column(String(64))
    candidate_group: Mapped[str | None] = mapped_column(String(128))
    assignee: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default="open")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handed_by: Mapped[str | None] = mapped_column(String(64), doc="who had it before, where the assignee got it so")
    handed_reason: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_by: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)


# Written into the statement: of a parameter, a planner does not know that the index is of these rows.
IS_OPEN = Task.state == literal("open", literal_execute=True)
IS_DONE = Task.state == literal("done", literal_execute=True)


class Job(Base):
    """Something that happens later: a timer, an asynchronous service task, a message, a delivery.

    The row is the truth, a broker's message only a hint (design §3.3). A finished job's row is deleted; one that
    has used up its attempts stays as state `failed` beside its incident.
    """

    __tablename__ = "engine_job"
    __table_args__ = (
        Index("ix_engine_job_due", "state", "due_at"),
        Index("ix_engine_job_instance", "instance_id"),
    )
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("engine_instance.id"))
    token: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(10))
    element_id: Mapped[str | None] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    idempotency_key: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="due")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rank: Mapped[int] = mapped_column(default=0, server_default="0")
    """Which goes first of jobs due at one moment: they are begun in the order in which they came to be."""
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=1)
    lease: Mapped[str | None] = mapped_column(String(16))
    last_error: Mapped[str | None] = mapped_column(Text)


class Subscription(Base):
    """A message or signal that a case waits for. `correlation` is canonical JSON, or null: the name alone matches."""

    __tablename__ = "engine_subscription"
    __table_args__ = (Index("ix_engine_subscription_name", "kind", "name", "definition_id", "correlation"),)
    instance_id: Mapped[str] = mapped_column(ForeignKey("engine_instance.id"), primary_key=True)
    token: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("engine_definition.id"))
    element_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200))
    correlation: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StartSubscription(Base):
    """A message, signal or timer that starts a case of the newest version of a definition."""

    __tablename__ = "engine_start_subscription"
    definition_id: Mapped[int] = mapped_column(ForeignKey("engine_definition.id"), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200), index=True)


class BufferedMessage(Base):
    """A message nobody waited for yet, kept while its time to live lasts."""

    __tablename__ = "engine_buffered_message"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    correlation: Mapped[dict[str, Any]] = mapped_column(JSON)
    payload: Mapped[Any] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Incident(Base):
    """Something an operator must look at: what failed, on which element, in a sentence."""

    __tablename__ = "engine_incident"
    __table_args__ = (Index("ix_engine_incident_instance", "instance_id", "resolved_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("engine_instance.id"))
    token: Mapped[int | None]
    job_id: Mapped[str | None] = mapped_column(String(16))
    element_id: Mapped[str | None] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class History(Base):
    """An append-only line: what happened to a case, where, when, by whom (design §3.8).

    `details` is what was given, `before` what of it was there until then; `hash` chains a line to the one before it.
    """

    __tablename__ = "engine_history"
    __table_args__ = (Index("ix_engine_history_at", "at"),)
    instance_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(16))
    element_id: Mapped[str | None] = mapped_column(String(200))
    actor: Mapped[str | None] = mapped_column(String(64))
    on_behalf_of: Mapped[str | None] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Anchor(Base):
    """Append-only: where the chains of all cases stood at a moment, in one hash that follows on the anchor before."""

    __tablename__ = "engine_anchor"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AnchoredHead(Base):
    """Append-only: the end of one case's chain, as an anchor found it."""

    __tablename__ = "engine_anchored_head"
    __table_args__ = (Index("ix_engine_anchored_head_anchor", "anchor_id", "instance_id"),)
    instance_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    anchor_id: Mapped[int]
    head: Mapped[bytes] = mapped_column(LargeBinary)


append_only.keep(Base.metadata.tables["engine_history"])
append_only.keep(Base.metadata.tables["engine_anchor"])
append_only.keep(Base.metadata.tables["engine_anchored_head"])


class CommandReceipt(Base):
    """The answer a command gave under its idempotency key; repeated, it answers the same again."""

    __tablename__ = "engine_command_receipt"
    actor: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
