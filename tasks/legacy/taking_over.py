"""Taking over what the files of the old system bring: everything that is good, in the caller's transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.services import Decide
from engine.tables import new_id
from records.agencies import Agency
from records.announcements import AnnouncementKind
from records.calendar import SHANGHAI
from records.certificates import Certificate, CertificateStatus, Seal, keep_from_allocating
from records.documents import DocumentStatus, record_submission
from records.enterprises import Enterprise
from records.filings import Filing
from records.progress import save
from tasks import sheet
from tasks.certificates import printed, public_line
from tasks.legacy import accounts, certificates
from tasks.legacy.accounts import Accounts
from tasks.legacy.certificates import Certificates, Examiner, LegacyCertificate
from tasks.sheet import Problem, Sheet

IMPORTER = "旧系统导入"
"""Who stands as the author of what was taken over."""

_ISSUED = "certificate_issued"
"""The message that begins a certificate's case; a filing's case sends the same at its end."""

_OPENING = time(9)
_CHUNK = 250  # certificates that are written together


@dataclass(frozen=True)
class Findings:
    """What two files bring, and everything that stands against them, by file, line and column.

    `unreadable`: a file as a whole is refused, so that nothing can be said of its lines.
    """

    accounts: Accounts
    certificates: Certificates
    problems: list[Problem]
    refused: int
    unreadable: bool

    @property
    def known(self) -> int:
        """How many lines say what the system has."""
        return self.accounts.known + self.certificates.known

    @property
    def is_new(self) -> bool:
        """Whether there is anything to take over."""
        return bool(self.accounts.users or self.certificates.new)


def examine(
    session: Session, accounts_file: Path | None, certificates_file: Path | None, *, today: date, decide: Decide
) -> Findings:
    """Look at every line of both files. `decide` asks the tables of the deployment. Changes nothing."""
    nothing = Sheet([], [])
    people = sheet.read(accounts_file, accounts.COLUMNS) if accounts_file else nothing
    papers = sheet.read(certificates_file, certificates.COLUMNS) if certificates_file else nothing
    found_accounts = accounts.examine(session, people.lines)
    examiner = Examiner(session, found_accounts.parties, today=today, decide=decide)
    found_certificates = examiner.examine(papers.lines)
    refused = [line for line in (*people.lines, *papers.lines) if line.problems]
    in_files = [*people.problems, *papers.problems]
    return Findings(
        found_accounts,
        found_certificates,
        in_files + [problem for line in refused for problem in line.problems],
        len(refused),
        bool(in_files),
    )


def take_over(command: Command, found: Findings, tell: Callable[[int], None] = lambda done: None) -> None:
    """Write the accounts and certificates, and begin the case of every certificate that holds.

    `tell` hears from time to time how many certificates are done. No number that is taken over will be allocated again:
    the counters of its year stand still for others until the transaction ends.
    """
    session, new = command.session, found.certificates.new
    keep_from_allocating(session, (certificate.number for certificate in new))
    session.add_all(found.accounts.enterprises)
    session.flush()
    session.add_all(found.accounts.users)
    session.flush()
    agencies = {agency.id: agency for agency in session.scalars(select(Agency))}
    for start in range(0, len(new), _CHUNK):
        chunk = new[start : start + _CHUNK]
        _take_over(command, chunk, _enterprises(session, chunk), agencies)
        tell(start + len(chunk))


def _enterprises(session: Session, certificates: Sequence[LegacyCertificate]) -> Mapping[str, Enterprise]:
    """The enterprises of some certificates, by USCC."""
    query = select(Enterprise).where(Enterprise.uscc.in_({certificate.uscc for certificate in certificates}))
    return {enterprise.uscc: enterprise for enterprise in session.scalars(query)}


def _take_over(
    command: Command,
    chunk: Sequence[LegacyCertificate],
    enterprises: Mapping[str, Enterprise],
    agencies: Mapping[str, Agency],
) -> None:
    """Write what belongs to some certificates table by table, which is quicker than one after another."""
    session = command.session
    filings = [_filing(session, found, enterprises[found.uscc], agencies[found.agency_id]) for found in chunk]
    session.add_all(filings)
    session.flush()
    for filing in filings:
        record_submission(session, filing, [], actor=IMPORTER, now=filing.created_at)
    certificates = [
        _certificate(found, filing, agencies[found.agency_id]) for found, filing in zip(chunk, filings, strict=True)
    ]
    session.add_all(certificates)
    session.flush()
    for found, certificate, filing in zip(chunk, certificates, filings, strict=True):
        if found.past.start_date is not None:
            _save_progress(command, found)
        if found.past.status != CertificateStatus.INVALID:
            session.add(public_line(AnnouncementKind.FILED, certificate, filing, at=filing.created_at))
            _begin_life(command, certificate, filing)


def _filing(session: Session, found: LegacyCertificate, enterprise: Enterprise, agency: Agency) -> Filing:
    """What was filed, with its issue as the only moment that is known of it."""
    issued_at = datetime.combine(found.past.issue_date, _OPENING, SHANGHAI)
    filing = Filing(
        id=new_id(),
        number=f"{Filing.SERIES}{found.past.issue_date:%Y%m%d}-{found.number}",
        enterprise=enterprise,
        agency=agency,
        status=DocumentStatus.ISSUED.value,
        submission=0,
        certificate_number=found.number,
        created_at=issued_at,
        updated_at=issued_at,
        updated_by=IMPORTER,
    )
    filing.fill(session, found.form)
    return filing


def _certificate(found: LegacyCertificate, filing: Filing, agency: Agency) -> Certificate:
    past = found.past
    return Certificate(
        number=found.number,
        project_id=filing.id,
        enterprise_id=filing.enterprise_id,
        agency_id=agency.id,
        status=past.status.value,
        invalid_reason=past.reason.value if past.reason else None,
        issue_date=past.issue_date,
        valid_until=past.valid_until,
        extended=past.extended,
        changes=past.changes,
        seal=Seal.ON_PAPER.value,
        snapshot=printed(filing, agency, found.number, past.issue_date, Seal.ON_PAPER),
    )


def _save_progress(command: Command, found: LegacyCertificate) -> None:
    save(
        command.session,
        found.number,
        start_date=found.past.start_date,
        completion_date=found.past.completion_date,
        completion_note=found.past.completion_note,
        reports={},
        actor=IMPORTER,
        now=command.now,
    )


def _begin_life(command: Command, certificate: Certificate, filing: Filing) -> None:
    form = filing.form
    payload = {
        "filing_id": filing.id,
        "certificate_number": certificate.number,
        "agency": certificate.agency_id,
        "enterprise": certificate.enterprise_id,
        "project_name": filing.project_name,
        "valid_until": certificate.dated_until,
        "planned_start": date.fromisoformat(form["planned_start"]),
        "planned_completion": date.fromisoformat(form["planned_completion"]),
    }
    command.message(_ISSUED, correlation={"business_key": filing.id}, payload=payload)
