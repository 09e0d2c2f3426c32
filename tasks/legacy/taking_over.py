"""Taking over what the files of the old system bring: everything that is good, in the caller's transaction."""

from collections.abc import Callable, Mapping
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
from tasks.certificates import printed, public_line
from tasks.legacy import accounts, certificates, sheet
from tasks.legacy.accounts import Accounts
from tasks.legacy.certificates import Certificates, Examiner, LegacyCertificate
from tasks.legacy.sheet import Problem, Sheet

IMPORTER = "旧系统导入"
"""Who stands as the author of what was taken over."""

_ISSUED = "certificate_issued"
"""The message that begins a certificate's case; a filing's case sends the same at its end."""

_OPENING = time(9)
_CHUNK = 500  # enterprises that one query reads


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

    `tell` hears how many certificates are done. No number that is taken over will be allocated again: the counters
    of its year stand still for others until the transaction ends.
    """
    session, new = command.session, found.certificates.new
    keep_from_allocating(session, (certificate.number for certificate in new))
    session.add_all(found.accounts.enterprises)
    session.flush()
    session.add_all(found.accounts.users)
    session.flush()
    agencies = {agency.id: agency for agency in session.scalars(select(Agency))}
    enterprises = _enterprises(session, found)
    for count, certificate in enumerate(new, 1):
        _take_over(command, certificate, enterprises[certificate.uscc], agencies[certificate.agency_id])
        tell(count)


def _enterprises(session: Session, found: Findings) -> Mapping[str, Enterprise]:
    """The enterprises of the certificates, by USCC."""
    wanted = sorted({certificate.uscc for certificate in found.certificates.new})
    rows: dict[str, Enterprise] = {}
    for start in range(0, len(wanted), _CHUNK):
        query = select(Enterprise).where(Enterprise.uscc.in_(wanted[start : start + _CHUNK]))
        rows |= {enterprise.uscc: enterprise for enterprise in session.scalars(query)}
    return rows


def _take_over(command: Command, found: LegacyCertificate, enterprise: Enterprise, agency: Agency) -> None:
    session, past = command.session, found.past
    issued_at = datetime.combine(past.issue_date, _OPENING, SHANGHAI)
    filing = _filing(session, found, enterprise, issued_at)
    certificate = Certificate(
        number=found.number,
        filing_id=filing.id,
        enterprise_id=enterprise.id,
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
    session.add(certificate)
    session.flush()
    if past.start_date is not None:
        save(
            session,
            found.number,
            start_date=past.start_date,
            completion_date=past.completion_date,
            completion_note=past.completion_note,
            reports={},
            actor=IMPORTER,
            now=command.now,
        )
    if past.status != CertificateStatus.INVALID:
        session.add(public_line(AnnouncementKind.FILED, certificate, filing, at=issued_at))
        _begin_life(command, certificate, filing)


def _filing(session: Session, found: LegacyCertificate, enterprise: Enterprise, issued_at: datetime) -> Filing:
    """What was filed: issued, with the form as its only submission."""
    filing = Filing(
        id=new_id(),
        number=f"{Filing.SERIES}{found.past.issue_date:%Y%m%d}-{found.number}",
        enterprise=enterprise,
        status=DocumentStatus.ISSUED.value,
        submission=0,
        certificate_number=found.number,
        created_at=issued_at,
        updated_at=issued_at,
        updated_by=IMPORTER,
    )
    filing.fill(session, found.form)
    session.add(filing)
    session.flush()
    record_submission(session, filing, [], actor=IMPORTER, now=issued_at)
    return filing


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
