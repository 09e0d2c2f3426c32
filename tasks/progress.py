"""Telling of a project's progress 项目进展: what may be told, keeping it, and what of it is new (domain §2.7).

Nobody approves it. The dates' rules are a decision table of the deployment, `project_progress`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.phrases import Phrase
from engine.services import Call, Decide, Param, service_task
from engine.tables import Instance
from records.calendar import local_date
from records.certificates import CertificateStatus, Clearance, held
from records.formats import parse_amount
from records.progress import LONGEST_NOTE, LONGEST_STAGE, Progress
from records.progress import save as keep
from records.projects import Project
from tasks.filings.findings import Finding, error, warning
from tasks.wording import grouped, ruled

PROCESS = "progress"
_RULES = "project_progress"


@dataclass(frozen=True)
class YearTold:
    """A line of the annual reports, as it was typed."""

    year: int
    invested: str = ""
    stage: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that an enterprise tells of a project: what it leaves out is cleared (R177).

    `revision` is the one it saw, 0 before the first; None where it does not say.
    """

    start_date: date | None = None
    completion_date: date | None = None
    completion_note: str = ""
    annual_reports: list[YearTold] = field(default_factory=list)
    revision: int | None = None


@dataclass(frozen=True)
class Saved:
    """What is told now, and what of it is new; `years` are those whose annual report is new or different."""

    start_date: date | None
    completion_date: date | None
    start_changed: bool
    completion_changed: bool
    years: list[int]


def tell(command: Command, certificate: Clearance, report: dict[str, Any]) -> Instance:
    """Begin the procedure with a report, in the shape of `Report`. What it refuses is raised, and nothing happened."""
    project = command.session.get_one(Project, certificate.project_id)
    data = {
        "project_kind": project.kind,
        "filing_id": project.id,
        "certificate_number": certificate.number,
        "enterprise": certificate.enterprise_id,
        "agency": certificate.agency_id,
        "project_name": project.project_name,
        "report": report,
        "told_by": command.actor,
    }
    return command.start(PROCESS, business_key=project.id, data=data)


@service_task("progress/save", version=1, title="校验并保存进展", category="项目进展", effect="transaction")
def save(
    certificate_number: Annotated[str, Param(title="备案证号")],
    report: Annotated[Report, Param(title="填报内容", description="开工时间、完工时间、完工情况说明、年度进度报告")],
    call: Call,
) -> Saved:
    """Check a report by every rule and put it in the place of the one before, whose version stays.

    Raises CommandRefused where the certificate is invalid or somebody else has told something meanwhile, and
    BusinessRefusal with every rule that is broken; both take the whole command back.
    """
    session = call.session
    certificate = held(session, certificate_number)
    if certificate.status == CertificateStatus.INVALID:
        message = Phrase("{noun}已失效，不能填报项目进展。", noun=certificate.NOUN)
        raise CommandRefused("certificate_invalid", message)
    before = session.get(Progress, certificate_number, populate_existing=True)
    _require_seen(before, report.revision)
    total = session.get_one(Project, certificate.project_id).form.get("money", {}).get("total")
    found = examine(certificate, before, report, parse_amount(total), today=local_date(call.now), decide=call.decide)
    if errors := [finding for finding in found if finding.severity == "error"]:
        raise BusinessRefusal(errors, code="progress_invalid", message="填报内容不符合要求，未能提交。")
    old = before.content if before is not None else _NOTHING
    progress = keep(
        session,
        certificate_number,
        start_date=report.start_date,
        completion_date=report.completion_date,
        completion_note=report.completion_note.strip(),
        reports={told.year: (_amount(told), told.stage.strip()) for told in report.annual_reports},
        actor=call.actor or "",
        now=call.now,
    )
    new = progress.content
    return Saved(
        start_date=report.start_date,
        completion_date=report.completion_date,
        start_changed=new["start_date"] != old["start_date"],
        completion_changed=new["completion_date"] != old["completion_date"],
        years=[told["year"] for told in new["annual_reports"] if told not in old["annual_reports"]],
    )


_NOTHING: dict[str, Any] = {"start_date": None, "completion_date": None, "annual_reports": []}


def examine(
    certificate: Clearance,
    before: Progress | None,
    report: Report,
    total: Decimal | None,
    *,
    today: date,
    decide: Decide,
) -> list[Finding]:
    """What stands against a report, or should be looked at again; `total` is the project's 总投资."""
    found: list[Finding] = []
    answers = decide(
        _RULES,
        noun=certificate.NOUN,
        start_date=report.start_date,
        completion_date=report.completion_date,
        start_change=_change(before.start_date if before else None, report.start_date),
        dated_until=certificate.dated_until,
        invested=invested(report.annual_reports),
        today=today,
        issue_date=certificate.issue_date,
        total=total,
    )
    for answer in answers:
        kind = warning if answer["result"] == "提示" else error
        detail = _figures(report, total) if answer["field"] == "annual_reports" else ""
        message = ruled(answer["message"], noun=certificate.NOUN)
        found.append(kind(answer["field"], answer["code"], message, detail))
    return [*found, *_shape(certificate, report, today)]


def invested(annual_reports: Sequence[YearTold]) -> Decimal:
    """What was invested in all years together, in 万元."""
    return sum((_amount(told) for told in annual_reports), Decimal(0))


def _shape(certificate: Clearance, report: Report, today: date) -> Iterator[Finding]:
    """What is wrong with the note and the lines by themselves."""
    if len(report.completion_note.strip()) > LONGEST_NOTE:
        yield error("completion_note", "P09", Phrase("「完工情况说明」不能超过{longest}个字", longest=LONGEST_NOTE))
    years = sorted(told.year for told in report.annual_reports)
    twice = {year for year, lines in groupby(years) if len(list(lines)) > 1}
    for index, told in enumerate(report.annual_reports):
        place = f"annual_reports.{index}"
        if told.year in twice:
            message = Phrase("{year}年度填写了不止一行，每个年度只填一行", year=told.year)
            yield error(f"{place}.year", "P10", message)
        elif not certificate.issue_date.year <= told.year <= today.year:
            message = Phrase("「年度」应在{noun}签发的年度和今年之间", noun=certificate.NOUN)
            detail = Phrase("应为 {first} 至 {last}", first=certificate.issue_date.year, last=today.year)
            yield error(f"{place}.year", "P11", message, detail)
        if parse_amount(told.invested.strip()) is None:
            yield error(f"{place}.invested", "P12", "「完成投资额」应为不小于0的数，最多4位小数")
        if not 0 < len(told.stage.strip()) <= LONGEST_STAGE:
            message = Phrase("请填写「建设进程」，不超过{longest}个字", longest=LONGEST_STAGE)
            yield error(f"{place}.stage", "P13", message)


def _change(old: date | None, new: date | None) -> str:
    """What happens to the start date, in the words of the table."""
    if old == new:
        return "无"
    if old is None:
        return "填报"
    return "清除" if new is None else "修改"


def _figures(report: Report, total: Decimal | None) -> str:
    return Phrase(
        "累计 {invested} 万元，总投资 {total} 万元",
        invested=grouped(invested(report.annual_reports)),
        total=grouped(total or Decimal(0)),
    )


def _amount(told: YearTold) -> Decimal:
    return parse_amount(told.invested.strip()) or Decimal(0)


def _require_seen(before: Progress | None, revision: int | None) -> None:
    now = before.revision if before is not None else 0
    if revision is not None and revision != now:
        raise CommandRefused(
            "stale_revision",
            "项目进展已在别处填报过，你看到的不是最新内容，本次没有保存。",
            remedy="请刷新页面，核对后再填报。",
            details={"revision": now},
        )
