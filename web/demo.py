"""The demonstration: sample agencies, enterprises and users, and a few filings on their way.

Filings come to be by running the procedure, as everywhere; only people and offices are loaded.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from records import documents
from records.calendar import local_date
from records.filings import Filing
from records.sample import draft_forms, load_sample
from records.users import User
from tasks import procedure
from tasks.adapters import simulated
from tasks.platform import InvestmentPlatform, sample_projects
from web.database import db
from web.procedures import deploy_product
from web.runtime import runtime
from web.settings import ROOT, Settings

SAMPLE = ROOT / "data" / "sample.json"
PASSWORD = "jigai-demo"  # noqa: S105 - the demo's open secret, printed and shown on its log-in page
ACCOUNTS = ("ent01", "ent08", "ent03", "gx10", "gx11", "gx12", "admin", "security", "auditor")


@cache
def sample() -> dict[str, Any]:
    """The fictional data of `data/sample.json`."""
    data: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return data


def platform(settings: Settings) -> Callable[[Session], InvestmentPlatform]:
    """The simulated platform; in the demo it knows the sample's projects."""
    return simulated(sample_projects(sample()) if settings.demo else {})


def make_seals(settings: Settings) -> None:
    """A key, of the demonstration's own authority, for each of the sample's agencies with an electronic seal."""
    keyring = settings.keyring
    for agency in sample()["agencies"]:
        if agency.get("e_seal") and keyring.key_of(agency["id"]) is None:
            keyring.make(agency["id"], agency["name"])


def load(app: Flask) -> None:
    """Bring an empty database to where the demo begins. What is there already is left as it is."""
    with app.app_context():
        parts = runtime()
        with parts.engine.command(db.session()) as command:
            load_sample(command.session, sample(), PASSWORD)
        deploy_product()
        if db.session.scalar(select(Filing.id).limit(1)) is None:
            _file(parts.engine.clock.now() - timedelta(minutes=5))


def accounts() -> list[User]:
    """The users that the log-in page offers in demo mode."""
    found = {user.username: user for user in db.session.scalars(select(User).where(User.username.in_(ACCOUNTS)))}
    return [found[name] for name in ACCOUNTS if name in found]


def _file(now: Any) -> None:
    """File the sample's forms as their enterprises would."""
    for form in draft_forms(sample(), local_date(now)):
        with runtime().engine.command(db.session(), actor=form.username) as command:
            filing = documents.create_draft(
                command.session,
                Filing(enterprise_id=form.enterprise_id),
                form.form,
                actor=form.username,
                now=command.now,
            )
            procedure.submit(command, filing)
