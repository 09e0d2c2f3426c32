"""Certificates that live: issued by the product's own procedures, then told of progress, moved through years."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import select

from engine.clock import MovableClock
from engine.commands import Command
from engine.scenario_files import Block, moment
from engine.tables import Instance, Job, Task
from engine.testing import Case, ProcessTest
from engine.work import CHINA
from records import encryption
from records.certificates import Certificate
from records.documents import Document
from records.notices import Notice
from records.progress import save
from records.sms import OutgoingSms
from tasks import progress
from tasks.adapters import Adapters, configure, simulated
from tasks.platform import sample_projects
from web.demo import sample
from web.office import Office
from web.procedures import FOLDER, sources

ENTERPRISE = "ent01"


class Life:
    """One certificate and what happens to it. Times are written as in scenarios: `2023-11-16 09:00`, Beijing time."""

    def __init__(self, test: ProcessTest, filing_id: str) -> None:
        self.test = test
        self.filing_id = filing_id

    @property
    def case(self) -> Case:
        """The certificate's case: the open one, else the latest."""
        cases = [case for case in self.test.cases("certificate") if case.business_key == self.filing_id]
        return max(cases, key=lambda case: (case.instance.ended_at is None, case.instance.started_at))

    @property
    def certificate(self) -> Certificate:
        query = select(Certificate).where(Certificate.project_id == self.filing_id)
        return self.test.read(lambda session: session.scalars(query).one())

    @property
    def standing(self) -> tuple[Any, ...]:
        """Status, why it is invalid, and the last day."""
        certificate = self.certificate
        return certificate.status, certificate.invalid_reason, certificate.valid_until

    @property
    def todo(self) -> list[str]:
        """The elements of the enterprise's open tasks about its certificate."""
        query = (
            select(Task.element_id)
            .join(Instance, Instance.id == Task.instance_id)
            .where(Task.state == "open", Task.role == "enterprise", Instance.business_key == self.filing_id)
            .order_by(Task.created_at, Task.token)
        )
        return self.test.read(lambda session: list(session.scalars(query)))

    @property
    def messages(self) -> list[str]:
        """The templates of every short message but those about the filing itself."""
        query = select(OutgoingSms.template).order_by(OutgoingSms.id)
        templates = self.test.read(lambda session: list(session.scalars(query)))
        for of_filing in ("S01", "S04"):
            templates.remove(of_filing)
        return templates

    @property
    def notices(self) -> list[tuple[str, str]]:
        """Everything to be read: the group and the title."""
        query = select(Notice.recipient_group, Notice.title).order_by(Notice.id)
        return self.test.read(lambda session: [(group, title) for group, title in session.execute(query)])

    @property
    def due(self) -> set[str]:
        """The timers that are set, each as `element 2023-11-16 00:00`."""
        query = select(Job.element_id, Job.due_at).where(Job.instance_id == self.case.id, Job.kind == "timer")
        rows = self.test.read(lambda session: session.execute(query).all())
        return {f"{element} {due.astimezone(CHINA):%Y-%m-%d %H:%M}" for element, due in rows}

    def until(self, when: str, *, restart: bool = False) -> None:
        """Let time go by; with `restart` the program ends then, and begins again."""
        self.test.advance(seconds=(moment(when) - self.test.clock.now()).total_seconds())
        if restart:
            self.test.restart()

    def tell(
        self, *, start: str | None = None, completion: str | None = None, years: Mapping[int, int] | None = None
    ) -> None:
        """项目进展: everything there is to tell, as the enterprise's form has it."""
        reports = [{"year": year, "invested": str(sum_), "stage": "设备安装"} for year, sum_ in (years or {}).items()]
        told = {"start_date": _day(start), "completion_date": _day(completion), "annual_reports": reports}
        certificate = self.certificate
        self.command(lambda command: progress.tell(command, certificate, told))

    def keep(self, *, start: str, completion: str | None = None, years: Mapping[int, int] | None = None) -> None:
        """What telling writes, while its messages are still under way."""
        certificate, day = self.certificate, self.test.clock.now()
        reports = {year: (Decimal(sum_), "设备安装") for year, sum_ in (years or {}).items()}

        def write(command: Command) -> None:
            save(
                command.session,
                certificate.number,
                start_date=_day(start),
                completion_date=_day(completion),
                completion_note="",
                reports=reports,
                actor=ENTERPRISE,
                now=day,
            )

        self.command(write)

    def end(self, reason: str) -> None:
        """What a revocation or cancellation writes, without its message."""

        def write(command: Command) -> None:
            certificate = command.session.get_one(Certificate, self.certificate.number)
            certificate.status, certificate.invalid_reason = "INVALID", reason

        self.command(write)

    def send(self, name: str, **payload: Any) -> None:
        """A message about the certificate."""
        correlation = {"business_key": self.filing_id}
        self.command(lambda command: command.message(name, correlation=correlation, payload=payload))

    def command(self, give: Callable[[Command], Any], actor: str = ENTERPRISE) -> Any:
        with self.test.engine.command(self.test.session, actor=actor) as command:
            result = give(command)
        self.test.advance()
        return result

    def task(self, element_id: str) -> str:
        """The id of the open task of an element."""
        query = select(Task.id).where(Task.element_id == element_id, Task.state == "open")
        return self.test.read(lambda session: session.scalars(query).one())

    def document(self, document_id: str) -> Document:
        return self.test.read(lambda session: session.get_one(Document, document_id))


@contextmanager
def life(
    issued: str = "2021-11-15 09:00",
    planned: tuple[str, str] | None = None,
    database_url: str | None = None,
) -> Iterator[Life]:
    """A certificate that is issued at a moment, for a project planned from one day to another."""
    encryption.configure_key(b"l" * encryption.KEY_BYTES)
    configure(Adapters(platform=simulated(sample_projects(sample()))))
    office = Office()
    office.clock = MovableClock(moment(issued))
    test = ProcessTest(registry=office.registry, policy=office.policy, clock=office.clock, database_url=database_url)
    key = (issued, planned)
    with test:
        if database_url is None and key in _ISSUED:
            copy, filing_id, now = _ISSUED[key]
            copy.backup(_raw(test))
            office.clock.set(now)
        else:
            filing_id = _issue(test, office, planned)
            if database_url is None:
                copy = sqlite3.connect(":memory:")
                _raw(test).backup(copy)
                _ISSUED[key] = copy, filing_id, office.clock.now()
        yield Life(test, filing_id)


_ISSUED: dict[Any, tuple[sqlite3.Connection, str, datetime]] = {}
"""Databases with a certificate that was just issued: the way there is the same for many tests."""


def _issue(test: ProcessTest, office: Office, planned: tuple[str, str] | None) -> str:
    with test.engine.command(test.session) as command:
        command.deploy(sources(FOLDER))
        office.furnish(command)
    start: dict[str, Any] = {"by": ENTERPRISE, "sample": 18}
    if planned is not None:
        start["document"] = {"planned_start": planned[0], "planned_completion": planned[1]}
    block = Block(start, 0, {})
    office.prepare(test, "certificate", block)
    test.advance()
    with test.engine.command(test.session) as command:
        return office.draft(command, "certificate", block)


def _raw(test: ProcessTest) -> sqlite3.Connection:
    raw = cast(sqlite3.Connection, test.session.connection().connection.driver_connection)
    test.session.rollback()
    test.session.expunge_all()
    return raw


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
