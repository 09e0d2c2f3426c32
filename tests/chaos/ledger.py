"""What the database says afterwards: everything that must not depend on who died, and what must never be.

Two runs of the same acts have equal ledgers, whatever was killed in between.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as Database
from sqlalchemy import NullPool, create_engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.audit import Fault, verification
from engine.tables import (
    Base,
    BufferedMessage,
    CommandReceipt,
    Definition,
    Deployment,
    History,
    Incident,
    Instance,
    Job,
    StartSubscription,
    Subscription,
    Task,
)
from engine.transactions import WRITING, prepare
from records.announcements import Announcement
from records.certificates import Certificate, CertificatePaper, CertificateSerial
from records.documents import DocumentSerial, DocumentVersion
from records.filings import Filing
from records.notices import Notice
from records.sms import OutgoingSms, SmsState
from tests.chaos.gateway import taken

_COUNTED = (Deployment, BufferedMessage, CertificatePaper, Announcement, Notice, DocumentVersion, Subscription)

_RANDOM = re.compile(r"(?<![\w-])(?:[a-z2-7]{16}|[\w-]{24})(?![\w-])")
"""An id, and the token that a certificate is looked up by."""

_BACKEND_NOTICES = 5.0
"""Seconds that PostgreSQL may need to see that a client is dead."""


@dataclass(frozen=True)
class Ledger:
    """`cases` has each case's process, status, steps and tasks; `wrong` what must never be, in sentences."""

    cases: list[Any]
    filings: list[Any]
    certificates: list[str]
    messages: list[Any]
    jobs: list[Any]
    timers: list[Any]
    incidents: list[Any]
    receipts: list[Any]
    definitions: list[Any]
    starts: list[Any]
    rows: dict[str, int]
    wrong: list[str] = field(default_factory=list, compare=False)

    def against(self, undisturbed: Ledger) -> list[str]:
        """What is wrong, or other than in the run that nothing disturbed."""
        told = list(self.wrong)
        for name in (f for f in self.__dataclass_fields__ if f != "wrong"):
            mine, expected = getattr(self, name), getattr(undisturbed, name)
            if mine != expected:
                told.append(f"{name}: {mine} instead of {expected}")
        return told


def read(url: str, gateway_log: Path) -> Ledger:
    """The ledger of a database that nobody is working on."""
    held = locks(url)
    database = prepare(create_engine(url, poolclass=NullPool))
    with verification(database) as look:
        record = list(look.everything())
    with Session(database) as session:

        def rows(*columns: Any, where: Sequence[Any] = ()) -> list[Any]:
            return sorted(tuple(row) for row in session.execute(select(*columns).where(*where)))

        return Ledger(
            cases=_cases(session),
            filings=rows(Filing.number, Filing.status, Filing.submission, Filing.revision, Filing.certificate_number),
            certificates=[number for (number,) in rows(Certificate.number)],
            messages=rows(OutgoingSms.template, OutgoingSms.state, OutgoingSms.attempts),
            jobs=rows(Job.kind, Job.state, where=[Job.kind != "timer"]),
            timers=rows(Job.element_id, Job.state, where=[Job.kind == "timer"]),
            incidents=rows(Incident.element_id, Incident.code),
            receipts=[r for r in rows(CommandReceipt.actor, CommandReceipt.key, CommandReceipt.status) if _lasting(r)],
            definitions=rows(Definition.key, Definition.version),
            starts=rows(StartSubscription.definition_id, StartSubscription.name),
            rows={
                table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in _COUNTED
            },
            wrong=[*_wrong(session, record, gateway_log), *held],
        )


def job(url: str, kind: str) -> str:
    """The id of the only job of a kind."""
    with Session(create_engine(url, poolclass=NullPool)) as session:
        return session.scalars(select(Job.id).where(Job.kind == kind)).one()


def jobs(url: str) -> int:
    """How many jobs there are to be carried out; the timers of a certificate's life wait for years."""
    with Session(create_engine(url, poolclass=NullPool)) as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.kind != "timer")) or 0


def content(url: str) -> str:
    """A digest of every row of every table; ids are told from each other by their rows, not by their letters."""
    database = prepare(create_engine(url, poolclass=NullPool))
    digest = sha256()
    with database.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = connection.exec_driver_sql(f'SELECT * FROM "{table.name}"')
            digest.update("\n".join([table.name, *sorted(_RANDOM.sub("…", repr(row)) for row in rows)]).encode())
    return digest.hexdigest()


def locks(url: str, patience: float = _BACKEND_NOTICES) -> list[str]:
    """Who holds anything, in sentences: where nobody does, a writer comes through at once."""
    database = prepare(create_engine(url, poolclass=NullPool))
    if database.dialect.name == "sqlite":
        return _writer_is_kept_out(database)
    deadline = time.monotonic() + patience
    while held := _held(database):
        if time.monotonic() > deadline:
            return held
        time.sleep(0.01)
    return []


def _writer_is_kept_out(database: Database) -> list[str]:
    with database.connect() as connection:
        connection.connection.cursor().execute("PRAGMA busy_timeout=0")
        try:
            connection.execution_options(**WRITING["sqlite"]).exec_driver_sql("SELECT 1")
        except OperationalError as error:
            return [f"a writer is kept out: {error.orig}"]
    return []


def _held(database: Database) -> list[str]:
    of_this = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    query = f"SELECT locktype, mode FROM pg_locks WHERE pid <> pg_backend_pid() AND {of_this}"
    with database.connect() as connection:
        return [f"a lock is left: {kind} {mode}" for kind, mode in connection.exec_driver_sql(query)]


def _lasting(receipt: Any) -> bool:
    """The keys of what follows a death name tasks, which differ."""
    return not receipt[1].startswith("finish-")


def _cases(session: Session) -> list[Any]:
    definitions = {d.id: d.key for d in session.scalars(select(Definition))}
    steps: dict[str, list[Any]] = {}
    for line in session.scalars(select(History).order_by(History.instance_id, History.seq)):
        steps.setdefault(line.instance_id, []).append((line.action, line.element_id, line.actor))
    tasks: dict[str, list[Any]] = {}
    for task in session.scalars(select(Task).order_by(Task.instance_id, Task.token)):
        tasks.setdefault(task.instance_id, []).append((task.element_id, task.state, task.completed_by))
    return sorted(
        (definitions[case.definition_id], case.status, case.revision, steps.get(case.id, []), tasks.get(case.id, []))
        for case in session.scalars(select(Instance))
    )


def _wrong(session: Session, record: list[Fault], gateway_log: Path) -> list[str]:
    """What must never be, whatever the run."""
    told = [f"the record is not whole: {fault}" for fault in record]
    open_now = Counter(
        tuple(row) for row in session.execute(select(Task.instance_id, Task.element_id).where(Task.state == "open"))
    )
    told += [f"a task is open {count} times: {element}" for (_, element), count in open_now.items() if count > 1]

    serials = sorted(int(number[-4:]) for number in session.scalars(select(Certificate.number)))
    told += _consecutive("certificate", serials, session.scalars(select(CertificateSerial.last)).all())
    filed = sorted(int(number[-4:]) for number in session.scalars(select(Filing.number)))
    told += _consecutive("filing", filed, session.scalars(select(DocumentSerial.last)).all())
    issued = session.execute(
        select(Filing.number, func.count(Certificate.number))
        .outerjoin(Certificate, Certificate.project_id == Filing.id)
        .where(Filing.status == "ISSUED")
        .group_by(Filing.number)
    )
    told += [f"filing {number} is issued and has {count} certificates" for number, count in issued if count != 1]

    sent = dict(session.execute(select(OutgoingSms.key, OutgoingSms.state)).all())
    handed = taken(gateway_log)
    told += [f"a short message was sent without a row: {key}" for key in handed if key not in sent]
    told += [
        f"a short message is said to be sent and was not: {key}"
        for key, state in sent.items()
        if state == SmsState.SENT and key not in handed
    ]
    return told


def _consecutive(what: str, numbers: list[int], counters: Any) -> list[str]:
    """Numbers of one year or day: each once, none left out, and the counter at the last."""
    expected = list(range(1, len(numbers) + 1))
    told = [f"{what} numbers are {numbers}"] if numbers != expected else []
    if list(counters) not in ([len(numbers)], [] if not numbers else [len(numbers)]):
        told.append(f"the counter of {what} numbers is at {list(counters)} after {len(numbers)} numbers")
    return told
