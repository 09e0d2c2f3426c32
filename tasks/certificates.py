"""Issuing a certificate: its number, what its paper will print, and the public line."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, get_type_hints

from sqlalchemy.orm import Session, joinedload

from engine.errors import BpmnError, EngineError
from engine.services import Call, Param, service_task
from records.agencies import Agency
from records.announcements import Announcement, AnnouncementKind
from records.calendar import local_date
from records.certificates import (
    Certificate,
    Clearance,
    NumberExhaustedError,
    Seal,
    allocate_number,
    expiry,
    initial_seal,
)
from records.filings import Filing
from records.projects import Project
from tasks.adapters import adapters
from tasks.filings.submission import filing_of
from tasks.papers.certificate import CertificatePaper

_WITH_PARTIES = (joinedload(Project.agency), joinedload(Project.enterprise))  # which the snapshot names


@dataclass(frozen=True)
class AllocatedCertificate:
    """What the procedure goes on with; `e_seal` chooses how the enterprise gets its paper."""

    number: str
    issue_date: date
    valid_until: date
    e_seal: bool


@service_task(
    "certificate/allocate",
    version=1,
    title="分配备案证号",
    category="证书",
    effect="transaction",
    errors={"NUMBER_EXHAUSTED": "本年度编号已用尽"},
)
def allocate(filing_id: Annotated[str, Param(title="申报编号")], call: Call) -> AllocatedCertificate:
    """Number, issue date and expiry of a filing's certificate, and the snapshot that its paper will print.

    Holds the year's counter until the command commits, so it stands as late in the procedure as it can.
    A filing that has its certificate already keeps it.
    """
    session, filing = call.session, filing_of(call.session, filing_id, *_WITH_PARTIES)
    if filing.agency is None:
        raise EngineError(f"申报 {filing.number} 没有备案机关。")
    if filing.certificate_number is not None:
        certificate = session.get_one(Certificate, filing.certificate_number)
    else:
        certificate = _issue(session, filing, filing.agency, local_date(call.now))
    return AllocatedCertificate(
        number=certificate.number,
        issue_date=certificate.issue_date,
        valid_until=expiry(certificate.issue_date),
        e_seal=filing.agency.e_seal,
    )


@service_task("announcement/publish", version=1, title="公开备案信息", category="公告", effect="transaction")
def publish(
    column: Annotated[str, Param(title="公告栏目", description="备案公开、变更公告 …")],
    certificate_number: Annotated[str, Param(title="备案证号")],
    call: Call,
    text: Annotated[str, Param(title="正文", description="公告正文；没有更多要说的不填")] = "",
    title: Annotated[str, Param(title="标题", description="不填的，标题为项目名称")] = "",
) -> None:
    """One line in a public list: project, enterprise, agency, number, as they are now; nothing personal."""
    clearance = call.session.get_one(Clearance, certificate_number)
    project = call.session.get_one(Project, clearance.project_id, options=_WITH_PARTIES)
    line = public_line(AnnouncementKind(column), clearance, project, at=call.now, text=text, title=title)
    call.session.add(line)


def public_line(
    kind: AnnouncementKind,
    clearance: Clearance,
    project: Project,
    *,
    at: datetime,
    text: str = "",
    title: str | None = None,
) -> Announcement:
    """A project's line in a public list; its title is the project's name where it has none of its own."""
    return Announcement(
        kind=kind.value,
        title=title or project.project_name,
        body=text,
        agency_name=project.agency.name if project.agency else None,
        enterprise_name=project.enterprise.name,
        certificate_number=clearance.number,
        project_name=project.project_name,
        published_at=at,
    )


def paper_of(certificate: Certificate) -> CertificatePaper:
    """The paper that the snapshot describes, whatever has changed since."""
    snapshot, types = dict(certificate.snapshot), get_type_hints(CertificatePaper)
    verify_url = f"{snapshot.pop('site_url')}/verify/{certificate.verify_token}"
    values = {name: _restored(value, types[name]) for name, value in snapshot.items()}
    return CertificatePaper(**values, verify_url=verify_url)


def _issue(session: Session, filing: Filing, agency: Agency, today: date) -> Certificate:
    try:
        number = allocate_number(session, agency, filing.form["class_code"], today)
    except NumberExhaustedError as exhausted:
        raise BpmnError("NUMBER_EXHAUSTED", f"{today.year} 年的备案证号已用尽。") from exhausted
    certificate = Certificate(
        number=number,
        project_id=filing.id,
        enterprise_id=filing.enterprise_id,
        agency_id=agency.id,
        issue_date=today,
        valid_until=expiry(today),
        seal=initial_seal(agency).value,
        snapshot=printed(filing, agency, number, today, initial_seal(agency)),
    )
    session.add(certificate)
    session.flush()
    filing.certificate_number = number
    return certificate


def printed(filing: Filing, agency: Agency, number: str, issue_date: date, seal: Seal) -> dict[str, Any]:
    """What the paper prints, as JSON: the fields of `CertificatePaper`, but the site for the address."""
    form, enterprise = filing.form, filing.enterprise
    return {
        "number": number,
        "project_code": form["project_code"],
        "enterprise_name": enterprise.name,
        "economic_type": enterprise.economic_type.partition(" ")[2] or enterprise.economic_type,
        "uscc": enterprise.uscc,
        "project_name": form["project_name"],
        "location": form["location"],
        "nature": form["nature"],
        "industry_code": f"{form['section']}{form['class_code']}",
        "industry_name": form["class_name"],
        "scale_content": form["scale_content"],
        **{name: form["money"][name] for name in _AMOUNTS},
        "planned_start": form["planned_start"],
        "planned_completion": form["planned_completion"],
        "agency_name": agency.name,
        "issue_date": issue_date.isoformat(),
        "valid_until": expiry(issue_date).isoformat(),
        "seal": seal.value,
        "specimen": adapters().specimen,
        "site_url": adapters().site_url,
    }


_AMOUNTS = tuple(name for name, kind in get_type_hints(CertificatePaper).items() if kind is Decimal)


def _restored(value: Any, kind: type) -> Any:
    """A value of the snapshot as the paper's type: dates and amounts are texts in JSON."""
    if kind is date:
        return date.fromisoformat(value)
    return value if kind is bool else kind(value)


def _certificate_of(session: Session, number: str) -> Certificate:
    certificate = session.get(Certificate, number)
    if certificate is None:
        raise EngineError(f"没有备案证 {number}。")
    return certificate
