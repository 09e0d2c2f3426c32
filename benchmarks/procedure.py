"""The product's own procedure on one database: filings from submission to certificate, without HTTP."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine as Connections
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.alone import Waiting
from benchmarks.meter import Meter, Reading
from engine import jobs
from engine.clock import Clock
from engine.commands import Engine
from engine.services import Registry
from engine.tables import Base, Instance, Job, Task
from records import documents
from records.assignment import RecordsAssignment
from records.certificates import Certificate
from records.encryption import configure_key
from records.filings import Filing
from records.formats import project_code_check_digit
from records.sample import load_sample
from tasks.certificates import paper_of
from tasks.papers.certificate import CertificatePaper
from tasks.procedure import submit
from web.procedures import FOLDER, sources
from web.settings import ROOT

DECISIONS = {"accept": "accept", "review_content": "approve", "sign": "issue"}
"""User task → what is decided there."""


@dataclass(frozen=True)
class People:
    """Who carries a filing through: the enterprise's user, the agency's at each user task, and the sample's project
    that is filed, by its place in the file."""

    applicant: str
    officials: Mapping[str, str]
    project: int


def _one_for_all(official: str) -> dict[str, str]:
    return dict.fromkeys(DECISIONS, official)


A07 = People("ent01", {"accept": "gx10", "review_content": "gx11", "sign": "gx12"}, 17)
A07_TOO = People("ent08", A07.officials, 7)
A06 = People("ent05", _one_for_all("gx14"), 4)


class Procedure:
    """The product without its web on a prepared database: filings to carry through."""

    def __init__(self, connections: Connections, people: People = A07, first_serial: int = 0) -> None:
        configure_key(b"benchmark" + b"." * 23)
        self.connections = connections
        self.meter = Meter(self.connections)
        self.engine = Engine(services=Registry.installed(), policy=RecordsAssignment(), clock=Clock())
        self._people = people
        self._serial = first_serial
        self._sample: dict[str, Any] = json.loads((ROOT / "data" / "sample.json").read_text(encoding="utf-8"))

    def prepare(self) -> "Procedure":
        """Make the tables, load the sample data, deploy the product's processes."""
        Base.metadata.create_all(self.connections)
        with Session(self.connections) as session, self.engine.command(session) as command:
            load_sample(command.session, self._sample, "benchmark")
            command.deploy(sources(FOLDER))
        return self

    def close(self) -> None:
        self.connections.dispose()

    def drafts(self, count: int) -> list[str]:
        """Drafts of one enterprise, each of a project of its own; their ids."""
        made = []
        with (
            Session(self.connections) as session,
            self.engine.command(session, actor=self._people.applicant) as command,
        ):
            for _ in range(count):
                form = self._form(command.now)
                filing = documents.create_draft(
                    command.session,
                    Filing(enterprise_id=self._project["enterprise"]),
                    form,
                    actor=self._people.applicant,
                    now=command.now,
                )
                made.append(filing.id)
        return made

    def submit(self, filing_id: str) -> str:
        """Submit a draft; its case."""
        with (
            Session(self.connections) as session,
            self.engine.command(session, actor=self._people.applicant) as command,
        ):
            return submit(command, command.session.get_one(Filing, filing_id)).id

    def decide(self, case: str) -> Iterator[tuple[str, Reading]]:
        """Let the officials decide, one after the other: the user task, and what completing it took."""
        for element, decision in DECISIONS.items():
            with Session(self.connections) as session:
                waiting = select(Task.id).where(Task.instance_id == case, Task.state == "open")
                task_id = session.scalars(waiting).one()
            with (
                self.meter.measure() as reading,
                Session(self.connections) as session,
                self.engine.command(session, actor=self._people.officials[element]) as command,
            ):
                command.complete(task_id, data={"decision": decision}, opinion="同意")
            yield element, reading

    def waiting(self, case: str) -> Waiting:
        """A case as it is stored now, at its one open task, for completing it without the database."""
        with Session(self.connections) as session:
            instance = session.get_one(Instance, case)
            task = session.scalars(select(Task).where(Task.instance_id == case, Task.state == "open")).one()
            spec = self.engine.deployments.compiled(session, instance.definition_id)
            given = {"decision": DECISIONS[task.element_id], "opinion": "同意"}
            return Waiting(spec.deployment, instance.definition_id, instance.state, task.token, given)

    def carry_through(self, filing_id: str) -> str:
        """A draft from submission to certificate, jobs included; its case."""
        case = self.submit(filing_id)
        self.settle(case)
        for _ in self.decide(case):
            pass
        self.settle(case)
        return case

    def settle(self, case: str) -> None:
        """Carry out what is due of the case, the certificate's paper among it, until nothing is; timers wait."""
        of_case = select(Job.id).where(Job.instance_id == case, Job.state == "due")
        with Session(self.connections) as session:
            while job_ids := session.scalars(of_case.where(Job.due_at <= self.engine.clock.now())).all():
                for job_id in job_ids:
                    jobs.carry_out(self.engine, session, job_id)
                session.rollback()

    def paper(self, case: str) -> CertificatePaper:
        """What the certificate of a case prints. Fails where the case was not issued one."""
        with Session(self.connections) as session:
            of_case = select(Certificate).join(Filing, Filing.id == Certificate.project_id)
            certificate = session.scalars(of_case.where(Filing.instance_id == case)).one()
            if certificate.paper is None:
                raise AssertionError(f"the certificate {certificate.number} has no paper")
            return paper_of(certificate)

    @property
    def _project(self) -> dict[str, Any]:
        project: dict[str, Any] = self._sample["projects"][self._people.project]["filing"]
        return project

    def _form(self, now: datetime) -> dict[str, Any]:
        """The sample's form under a project code that nobody has used, with dates that suit today."""
        self._serial += 1
        code = f"2101-{self._project['region']}-04-02-{self._serial:05d}"
        form = {name: deepcopy(value) for name, value in self._project.items() if name not in _NOT_SENT}
        return form | {
            "project_code": f"{code}{project_code_check_digit(code.replace('-', ''))}",
            "planned_start": (now + timedelta(days=60)).date().isoformat(),
            "planned_completion": (now + timedelta(days=400)).date().isoformat(),
        }


_NOT_SENT = ("fictional", "enterprise", "attachments")
