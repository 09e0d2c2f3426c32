"""项目历程: what has become of a filed project, what is still to come, and what was recorded of it (plate 05)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import url_for
from sqlalchemy import select

from engine.tables import Definition, Instance, Job
from records.calendar import local_date
from records.certificates import Certificate, CertificateStatus, InvalidReason
from records.changes import Change
from records.corrections import Correction
from records.documents import Document, DocumentStatus
from records.extensions import Extension
from records.filings import Filing
from records.papers import NAMES, Paper, papers_of
from records.progress import Progress
from records.terminations import CANCELLATION, REVOCATION
from web.api.progress import progress_view
from web.database import db
from web.identity import me
from web.pages import addresses, wording
from web.pages.columns import reasons
from web.texts import gettext as _
from web.texts import pgettext, told

Step = dict[str, Any]

_REMINDERS = ("sixty_days_left", "thirty_days_left")
"""Events of `certificate.bpmn` that wait for the days on which it reminds of the end."""


def life(
    filing: Filing, certificate: Certificate | None, records: Sequence[dict[str, Any]], *, suspended: bool
) -> list[Step]:
    """The steps from filing to archive: done (`records` among them), the one that waits, and what is planned."""
    waiting = "suspended" if suspended else "current"
    if filing.status == DocumentStatus.NOT_ACCEPTED:
        waiting = "refused"
    elif filing.editable:
        waiting = "todo"
    filed = _step(_("备案申报"), wording.day(filing.submitted_at), state="done" if filing.submission else "todo")
    issued = _step(pgettext("what was done", "签发备案证"), state=waiting)
    if certificate is None:
        return [filed, issued, *_planned(filing)]
    filed["opinion"] = "" if filing.imported else _("经受理、审核、签发")
    issued |= {"time": wording.day(certificate.issue_date), "opinion": _("有效期两年"), "state": "done"}
    return [filed, issued, *map(_recorded, records), *_built(filing, certificate)]


def records_of(certificate: Certificate) -> list[dict[str, Any]]:
    """变更记录: the changes, corrections and extensions that were granted, what each was about, and its papers."""
    session = db.session()
    granted = select(Document).where(
        Document.certificate_number == certificate.number, Document.status == DocumentStatus.ISSUED
    )
    return [
        _record(certificate, document, papers_of(session, document.id))
        for document in session.scalars(granted.order_by(Document.submitted_at, Document.id))
        if isinstance(document, Change | Correction | Extension)
    ]


def progress_of(certificate: Certificate) -> dict[str, Any]:
    """项目进展: what was told of the construction, and where more is told."""
    view = progress_view(certificate, me())
    years = [
        {
            "label": _("%(year)s年度", year=report["year"]),
            "value": _("完成投资 %(amount)s 万元", amount=wording.amount(report["invested"])),
            "note": report["stage"],
            "wide": True,
        }
        for report in view["annual_reports"]
    ]
    note = {"label": _("完工情况说明"), "value": view["completion_note"], "wide": True}
    return {
        "items": [
            {"label": _("开工时间"), "value": wording.day(view["start_date"])},
            {"label": _("完工时间"), "value": wording.day(view["completion_date"])},
            *(years or [{"label": _("年度进度报告"), "value": "", "wide": True}]),
            *([note] if view["completion_note"] else []),
        ],
        "may_tell": view["editable"],
        "url": url_for("enterprise.progress_of", number=certificate.number),
    }


def reminder_of_expiry(filing: Filing) -> date | None:
    """The day on which its procedure reminds next of the end of the certificate's validity."""
    due = (
        select(Job.due_at)
        .join(Instance, Instance.id == Job.instance_id)
        .where(Instance.business_key == filing.id, Job.kind == "timer", Job.element_id.in_(_REMINDERS))
    )
    next_one = db.session.scalar(due.order_by(Job.due_at).limit(1))
    return local_date(next_one) if next_one is not None else None


def _record(certificate: Certificate, document: Document, papers: Sequence[Paper]) -> dict[str, Any]:
    labels = _("、").join(told(row["label"]) for paper in papers for row in paper.snapshot.get("changed", ()))
    if isinstance(document, Extension):
        labels = _("有效期至 %(day)s", day=wording.day(certificate.dated_until))
    return {
        "name": told(document.TITLE),
        "number": document.number,
        "date": wording.day(papers[0].issue_date if papers else document.submitted_at),
        "about": labels,
        "url": addresses.of_document(document),
        "papers": [
            {"name": told(NAMES[paper.kind]), "url": url_for("enterprise.issued_paper", paper_id=paper.id)}
            for paper in papers
            if paper.deliverable
        ],
    }


def _recorded(record: dict[str, Any]) -> Step:
    return _step(record["name"], record["date"], record["about"])


def _planned(filing: Filing) -> Iterator[Step]:
    for act, planned in ((_("开工"), "planned_start"), (_("完工"), "planned_completion")):
        yield _plan(act, filing, planned)


def _built(filing: Filing, certificate: Certificate) -> Iterator[Step]:
    """What was told of the construction, what is still to be told, and how the certificate's life ended."""
    progress = db.session.get(Progress, certificate.number)
    started, completed = (progress.start_date, progress.completion_date) if progress else (None, None)
    years = _("、").join(str(report.year) for report in progress.reports) if progress else ""
    is_over = certificate.status == CertificateStatus.INVALID
    if started is not None:
        yield _step(_("开工"), wording.day(started))
    elif not is_over:
        yield _awaited(_("开工"), filing, "planned_start")
    if years:
        yield _step(_("年度进度报告"), opinion=years)
    elif not is_over and completed is None:
        yield _step(_("年度进度报告"), _("每年 12 月填报"), state="todo")
    if completed is not None:
        yield _step(_("完工"), wording.day(completed))
    elif not is_over:
        yield (_awaited if started is not None else _plan)(_("完工"), filing, "planned_completion")
    if is_over:
        reason = reasons().get(certificate.invalid_reason or "", "")
        yield _step(_("备案证失效"), _invalid_since(certificate), reason, state="refused")
    else:
        archived = _archived(filing)
        yield _step(_("归档"), archived, state="done" if archived else "todo")


def _archived(filing: Filing) -> str:
    """The day on which the certificate's procedure ended, with its project built and told of."""
    ended = (
        select(Instance.ended_at)
        .join(Definition)
        .where(Definition.key == "certificate", Instance.business_key == filing.id, Instance.ended_at.is_not(None))
    )
    return wording.day(db.session.scalar(ended.limit(1)))


def _invalid_since(certificate: Certificate) -> str:
    """The day on which it was cancelled or revoked, or the last one on which it held."""
    if certificate.invalid_reason == InvalidReason.EXPIRED:
        return wording.day(certificate.valid_until)
    ended = select(Document.submitted_at).where(
        Document.certificate_number == certificate.number,
        Document.kind.in_((CANCELLATION, REVOCATION)),
        Document.status == DocumentStatus.ISSUED,
    )
    return wording.day(db.session.scalar(ended.limit(1)))


def _plan(act: str, filing: Filing, planned: str) -> Step:
    return _step(act, _("计划 %(day)s", day=filing.form.get(planned) or "—"), state="todo")


def _awaited(act: str, filing: Filing, planned: str) -> Step:
    """What the enterprise is to tell next."""
    return _plan(act, filing, planned) | {"opinion": _("尚未填报"), "state": "current"}


def _step(act: str, time: str = "", opinion: str = "", *, state: str = "done") -> Step:
    return {"act": act, "time": time, "opinion": opinion, "state": state}
