"""How long a certificate or reply holds 有效期: DMN-6a, applied under its lock whenever something bears on it.

The row is the truth. A certificate's case, which may hear of things late or out of order, asks here instead of deciding
by what it has heard.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from sqlalchemy import select

from engine.services import Call, Param, service_task
from records.announcements import AnnouncementKind, withdraw
from records.calendar import local_date
from records.certificates import (
    STATUS_WORDS,
    CertificateStatus,
    Clearance,
    InvalidReason,
    expiry,
    held,
    years_later,
)
from records.documents import open_documents as under_way
from records.extensions import Extension
from records.progress import Progress


@dataclass(frozen=True)
class Validity:
    """`result` is the table's; `valid_until` the last day by date, also of what became long-term; `reason` says why
    it is invalid."""

    result: str
    valid_until: date
    start_date: date | None
    reason: str | None


@dataclass(frozen=True)
class Told:
    """What the enterprise has told of its project so far; `years` are those of its annual reports. `kind` is that of
    the document in which the project stands: filing or approval."""

    kind: str
    start_date: date | None
    completion_date: date | None
    years: list[int]


@service_task("certificate/assess", version=1, title="核定有效期", category="证书", effect="transaction")
def assess(certificate_number: Annotated[str, Param(title="备案证号")], call: Call) -> Validity:
    """Decide by the table 备案证有效期 how a certificate stands today, and write it down."""
    certificate, today = held(call.session, certificate_number), local_date(call.now)
    progress = call.session.get(Progress, certificate_number, populate_existing=True)
    start_date = progress.start_date if progress is not None else None
    two_years = expiry(certificate.issue_date)
    decided = call.decide(
        "certificate_validity",
        terminated=certificate.status == CertificateStatus.INVALID,
        started=start_date is not None,
        extended=certificate.extended,
        today=today,
        two_years=two_years,
        three_years=years_later(two_years, 1),
        extension_open=any(isinstance(found, Extension) for found in under_way(call.session, certificate_number)),
    )
    if certificate.status != CertificateStatus.INVALID:
        _write(certificate, decided["result"], decided["valid_until"])
        call.session.flush()
    return Validity(decided["result"], certificate.dated_until, start_date, certificate.invalid_reason)


@service_task("certificate/progress", version=1, title="读取项目进展", category="证书", effect="transaction")
def read_progress(certificate_number: Annotated[str, Param(title="备案证号")], call: Call) -> Told:
    """What has been told of a project before its certificate's case listens."""
    kind = call.session.get_one(Clearance, certificate_number).kind
    progress = call.session.get(Progress, certificate_number)
    if progress is None:
        return Told(kind, None, None, [])
    return Told(kind, progress.start_date, progress.completion_date, [report.year for report in progress.reports])


@service_task("certificate/open-documents", version=1, title="查找在办文书", category="证书", effect="transaction")
def open_documents(filing_id: Annotated[str, Param(title="申报编号")], call: Call) -> list[str]:
    """The ids of the changes and extensions under way about what a project holds."""
    certificate = call.session.scalar(select(Clearance).where(Clearance.project_id == filing_id))
    return [] if certificate is None else [found.id for found in under_way(call.session, certificate.number)]


@service_task("announcement/withdraw", version=1, title="撤下公告", category="公告", effect="transaction")
def withdraw_announcement(
    column: Annotated[str, Param(title="公告栏目", description="备案公开、变更公告 …")],
    certificate_number: Annotated[str, Param(title="备案证号")],
    call: Call,
) -> None:
    """Take a certificate's lines out of a public list."""
    withdraw(call.session, AnnouncementKind(column), certificate_number)


def _write(certificate: Clearance, result: str, valid_until: date | None) -> None:
    found = [status for status, words in STATUS_WORDS.items() if words == result]
    certificate.status = found[0] if found else CertificateStatus.VALID
    certificate.invalid_reason = InvalidReason.EXPIRED if certificate.status == CertificateStatus.INVALID else None
    certificate.valid_until = valid_until
