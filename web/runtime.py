"""What one running application is made of, beside Flask: the engine, its carrier, the adapters to the outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from engine.carrier import Carrier
from engine.clock import Clock
from engine.commands import Command, Engine
from engine.services import Registry
from records.assignment import RecordsAssignment
from records.attachments import AttachmentStore
from web.database import db
from web.settings import Settings


@dataclass(frozen=True)
class Runtime:
    """The parts, by name."""

    settings: Settings
    engine: Engine
    carrier: Carrier
    attachments: AttachmentStore


def build(app: Flask, settings: Settings, clock: Clock | None = None) -> Runtime:
    """Put the parts together for an application whose database is open."""
    engine = Engine(services=Registry.installed(), policy=RecordsAssignment(), clock=clock, lease=settings.lease)

    @contextmanager
    def sessions() -> Iterator[Session]:
        with app.app_context(), Session(db.engine) as session:
            yield session

    carrier = Carrier(settings.broker_url, engine, sessions)
    engine.publish = carrier.publish
    return Runtime(settings, engine, carrier, AttachmentStore(settings.var / "attachments"))


def runtime() -> Runtime:
    """The current application's."""
    return cast(Runtime, current_app.extensions["jigai"])


@contextmanager
def command(actor: str | None) -> Iterator[Command]:
    """A transaction of the current request on behalf of somebody."""
    with runtime().engine.command(db.session(), actor=actor) as given:
        yield given
