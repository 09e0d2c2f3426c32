"""What a process does on the stage: commands as a client gives them, jobs as a worker carries them out.

Every command goes through the whole REST interface and carries an idempotency key; given again after a death, it is
the same request. `Cast` is what a process of the product is played with.
"""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

import tasks.adapters
from engine import jobs
from engine.deployments import Source
from engine.tables import Instance, Job, Task
from records.filings import Filing
from records.sample import load_sample
from tests.chaos.boundaries import Boundaries
from tests.chaos.gateway import AccountableGateway
from tests.engine.models import catch, diagram, end, message, process, start, throw, timer
from tests.web.portal import MONDAY, Portal
from web import demo
from web.database import bring_up_to_date, db
from web.procedures import deploy_product
from web.runtime import runtime

USERS = ("ent01", "gx10", "gx11", "gx12", "admin")
OFFICIALS = {"accept": ("gx10", "accept"), "review_content": ("gx11", "approve"), "sign": ("gx12", "issue")}
"""User task → who does it, and what they decide."""

ERRAND = diagram(
    process("errand", start(), catch("hour", timer("PT1H")), throw("tell", message("arrived")), "start > hour > tell"),
    process("reception", start("arrival", message("arrived")), end("received"), "arrival > received"),
)
"""What the product's own procedures do not have: a timer, a message thrown to another process, and what it starts."""

LATER = MONDAY + timedelta(hours=3)
"""When timers have become due."""

AFTERWARDS = MONDAY + timedelta(hours=6)
"""When survivors go on: every lease is over."""

PATIENCE = 20.0
"""Seconds that work which is due may need to get done."""


class Cast(Portal):
    """The product on one database and broker, its clock, its gateway, and the boundaries it passes."""

    def __init__(self, url: str, broker_url: str, folder: Path) -> None:
        super().__init__(url, folder, broker_url=broker_url)
        parts = self.app.extensions["jigai"]
        self.engine, self.carrier = parts.engine, parts.carrier
        self.boundaries = Boundaries()
        self._hinted = self._sent = 0
        self._count_hints()
        gateway = AccountableGateway(folder / "sms.log", self.boundaries.passing)
        tasks.adapters.configure(dataclasses.replace(tasks.adapters.adapters(), sms=gateway))

    def _count_hints(self) -> None:
        publish, send = self.carrier.publish, self.carrier.celery.send_task

        def publishing(job_ids: list[str]) -> None:
            self._hinted += len(job_ids)
            publish(job_ids)

        def sending(*arguments: Any, **named: Any) -> Any:
            try:
                return send(*arguments, **named)
            finally:
                self._sent += 1

        self.engine.publish, self.carrier.celery.send_task = publishing, sending

    def close(self) -> None:
        """Let every hint be sent, by whichever thread does it, and every connection go."""
        deadline = time.monotonic() + PATIENCE
        while self._sent < self._hinted and time.monotonic() < deadline:
            time.sleep(0.001)
        super().close()

    def learn(self, tokens: dict[str, str]) -> None:
        self._tokens = dict(tokens)

    def ask(self, user: str, method: str, path: str, key: str, **kwargs: Any) -> Any:
        """One request with an idempotency key, which must succeed."""
        headers = {"Authorization": f"Bearer {self.token(user)}", "Idempotency-Key": key}
        with self.boundaries.counted():
            response = self.client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)
        assert response.status_code < 300, f"{method} {path}: {response.status_code} {response.text}"
        return response.get_json()

    def one(self, query: Any) -> Any:
        """What a query finds, which is one."""
        with self.app.app_context(), db.engine.connect() as connection:
            return connection.scalars(query).one()

    def settle(self) -> None:
        """Sweep until nothing is due; what another holds is waited for."""
        deadline = time.monotonic() + PATIENCE
        while self.due():
            self.carrier.sweep()
            assert time.monotonic() < deadline, f"still due: {self.due()}"

    def due(self) -> list[str]:
        with self.app.app_context():
            found = jobs.due(db.session(), self.clock.now())
            db.session.rollback()
        return found


# Preparing.


def prepare(cast: Cast) -> dict[str, str]:
    """Tables, sample data, processes; tokens of the users who play."""
    bring_up_to_date(cast.app)
    with cast.app.app_context():
        with runtime().engine.command(db.session()) as command:
            load_sample(command.session, demo.sample(), demo.PASSWORD)
        deploy_product()
        with runtime().engine.command(db.session()) as command:
            command.deploy([Source("errand.bpmn", ERRAND)])
    return {user: cast.token(user) for user in USERS}


# Commands.


def draft(cast: Cast) -> Any:
    return cast.ask("ent01", "POST", "/filings", "draft", json=cast.form())


def submit(cast: Cast) -> Any:
    return cast.ask("ent01", "POST", f"/filings/{cast.one(select(Filing.id))}/submit", "submit")


def withdraw(cast: Cast) -> Any:
    return cast.ask("ent01", "POST", f"/filings/{cast.one(select(Filing.id))}/withdraw", "withdraw")


def claim(cast: Cast) -> Any:
    task = cast.one(select(Task.id).where(Task.element_id == "accept"))
    return cast.ask("gx10", "POST", f"/tasks/{task}/claim", "claim", json={})


def release(cast: Cast) -> Any:
    task = cast.one(select(Task.id).where(Task.element_id == "accept"))
    return cast.ask("gx10", "POST", f"/tasks/{task}/release", "release", json={})


def accept(cast: Cast) -> Any:
    return _decide(cast, "accept")


def review(cast: Cast) -> Any:
    return _decide(cast, "review_content")


def sign(cast: Cast) -> Any:
    return _decide(cast, "sign")


def _decide(cast: Cast, element: str) -> Any:
    user, decision = OFFICIALS[element]
    task = cast.one(select(Task.id).where(Task.element_id == element))
    body = {"data": {"decision": decision}, "opinion": "同意"}
    return cast.ask(user, "POST", f"/tasks/{task}/complete", element, json=body)


def begin(cast: Cast, key: str = "begin") -> Any:
    return cast.ask("admin", "POST", "/instances", key, json={"definition": "errand", "data": {}})


def cancel(cast: Cast) -> Any:
    case = cast.one(select(Instance.id))
    return cast.ask("admin", "POST", f"/instances/{case}/cancel", "cancel", json={"reason": "不办了"})


def tell(cast: Cast) -> Any:
    """A message from outside, which starts a case."""
    body = {"name": "arrived", "correlation": {}, "payload": {}}
    return cast.ask("admin", "POST", "/messages", "tell", json=body)


def deploy(cast: Cast) -> Any:
    changed = ERRAND.replace(b"PT1H", b"PT2H")
    data = {"files": [(io.BytesIO(changed), "errand.bpmn")]}
    return cast.ask("admin", "POST", "/deployments", "deploy", data=data, content_type="multipart/form-data")


# Jobs.


def _carry_out(cast: Cast, act: str, job_id: str | None) -> bool:
    """Whether this worker did the job: the one named, or else the only one of its kind."""
    job_id = job_id or cast.one(select(Job.id).where(Job.kind == KINDS[act]))
    with cast.boundaries.counted():
        return bool(cast.carrier.carry_out(job_id))


def deliver_sms(cast: Cast, job_id: str | None = None) -> bool:
    return _carry_out(cast, "deliver_sms", job_id)


def make_paper(cast: Cast, job_id: str | None = None) -> bool:
    return _carry_out(cast, "make_paper", job_id)


def fire_timer(cast: Cast, job_id: str | None = None) -> bool:
    return _carry_out(cast, "fire_timer", job_id)


def hand_over_message(cast: Cast, job_id: str | None = None) -> bool:
    return _carry_out(cast, "hand_over_message", job_id)


def sweep(cast: Cast) -> int:
    """Everything that is due, in one go: short messages, a paper, a timer."""
    with cast.boundaries.counted():
        return cast.carrier.sweep()


def settle(cast: Cast) -> None:
    cast.settle()


# The end.


def finish(cast: Cast) -> None:
    """Carry everything on until nothing is open: jobs as the sweeper does, tasks as the officials do."""
    cast.settle()
    while tasks := _open(cast):
        for task, element in tasks:
            user, decision = OFFICIALS[element]
            body = {"data": {"decision": decision}, "opinion": "同意"}
            cast.ask(user, "POST", f"/tasks/{task}/complete", f"finish-{task}", json=body)
        cast.settle()
    with cast.app.app_context(), db.engine.connect() as connection:
        cases = connection.scalars(select(Instance.id)).all()
    for case in cases:
        cast.ask("admin", "GET", f"/instances/{case}", "")
        cast.ask("admin", "GET", f"/instances/{case}/history", "")


def recover(cast: Cast, again: str | None) -> None:
    """What happens after a death: a client, who had no answer, asks again, and once more; later all goes on."""
    if again is not None:
        given = ACTS[again](cast)
        assert ACTS[again](cast) == given, "a command given again answers otherwise"
    cast.clock.set(AFTERWARDS)
    finish(cast)


def _open(cast: Cast) -> list[tuple[str, str]]:
    with cast.app.app_context(), db.engine.connect() as connection:
        query = select(Task.id, Task.element_id).where(Task.state == "open")
        return [(task, element) for task, element in connection.execute(query)]


COMMANDS: tuple[Callable[[Cast], Any], ...] = (
    draft,
    submit,
    claim,
    release,
    accept,
    review,
    sign,
    withdraw,
    begin,
    cancel,
    tell,
    deploy,
)
KINDS: dict[str, str] = {
    "deliver_sms": "detached",
    "make_paper": "service",
    "fire_timer": "timer",
    "hand_over_message": "message",
}
"""Act → the kind of job that it carries out."""

WORK: tuple[Callable[..., Any], ...] = (deliver_sms, make_paper, fire_timer, hand_over_message, sweep)
_OTHERS: tuple[Callable[..., Any], ...] = (prepare, settle, finish, recover)
ACTS: dict[str, Callable[..., Any]] = {act.__name__: act for act in (*COMMANDS, *WORK, *_OTHERS)}

SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "drafted": ("loaded", ("draft",)),
    "submitted": ("drafted", ("submit",)),
    "claimed": ("submitted", ("claim",)),
    "accepted": ("submitted", ("accept",)),
    "reviewed": ("accepted", ("review",)),
    "signed": ("reviewed", ("sign",)),
    "waiting": ("loaded", ("begin",)),
    "told": ("waiting", ("fire_timer",)),
    "busy": ("signed", ("begin",)),
}
"""Scene → the one before it, and what happened in between."""

LATE = ("fire_timer", "hand_over_message", "sweep")
"""Acts that are played later than the others: a timer needs its time."""

OPENS_ON: dict[str, str] = {
    "draft": "loaded",
    "submit": "drafted",
    "claim": "submitted",
    "release": "claimed",
    "accept": "claimed",
    "review": "accepted",
    "sign": "reviewed",
    "withdraw": "submitted",
    "begin": "loaded",
    "cancel": "waiting",
    "tell": "loaded",
    "deploy": "waiting",
    "deliver_sms": "submitted",
    "make_paper": "signed",
    "fire_timer": "waiting",
    "hand_over_message": "told",
    "sweep": "busy",
}
"""Act → the scene in which it is played."""
