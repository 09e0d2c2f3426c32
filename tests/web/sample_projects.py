"""The sample's 25 projects put into the records as they stood on its day, without living through the procedures."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from records.agencies import Agency
from records.calendar import SHANGHAI
from records.certificates import Certificate, Seal
from records.clocks import Purpose, begin
from records.documents import Document
from records.filings import Filing
from records.progress import save
from records.sample import load_sample
from tasks.certificates import printed
from tasks.documents import KINDS
from tests.web.portal import Portal
from web import demo
from web.database import bring_up_to_date, db
from web.procedures import FOLDER, sources
from web.runtime import runtime

AS_OF = datetime(2021, 11, 15, 1, tzinfo=UTC)
"""Nine in the morning of the sample's day in Guangdong."""

LIMIT = 3
"""Working days of a review."""


def projects() -> list[dict[str, Any]]:
    """What the file says."""
    found: list[dict[str, Any]] = demo.sample()["projects"]
    return found


def certified() -> list[dict[str, Any]]:
    return [project for project in projects() if project.get("certificate")]


def load_projects(url: str) -> None:
    """A database with all of them, on the sample's day."""
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(url, Path(folder), AS_OF)
        bring_up_to_date(portal.app)
        with portal.app.app_context(), runtime().engine.command(db.session()) as command:
            load_sample(command.session, demo.sample(), demo.PASSWORD)
            command.deploy(sources(FOLDER))
            for project in projects():
                _put(command.session, project)
        portal.close()


def _put(session: Session, project: dict[str, Any]) -> None:
    form, state = project["filing"], project["state"]
    submitted = project["submitted_at"]
    moment = _morning(submitted or "2021-11-12")
    document: Document = KINDS[project.get("process", "filing")](
        id=f"P{project['no']:02d}",
        number=f"SB-{project['no']:04d}",
        enterprise_id=form["enterprise"],
        status=state,
        submission=1 if submitted else 0,
        submitted_at=moment if submitted else None,
        created_at=moment,
        updated_at=moment,
        updated_by="test",
    )
    document.fill(session, {**form, "agency": form["agency"]})
    document.due_on = date(2021, 11, 11) if project.get("overdue") else None
    session.add(document)
    session.flush()
    if submitted:
        begin(session, document, Purpose.REVIEW, limit_days=LIMIT, warn_after=2, day=date.fromisoformat(submitted))
    if told := project.get("certificate"):
        assert isinstance(document, Filing)
        issued = date.fromisoformat(told["issue_date"])
        certificate = Certificate(
            number=told["no"],
            project_id=document.id,
            enterprise_id=document.enterprise_id,
            agency_id=document.agency_id,
            status=told["status"],
            invalid_reason=told["invalid_reason"],
            issue_date=issued,
            valid_until=date.fromisoformat(told["valid_until"]) if told["valid_until"] else None,
            seal=told["seal"],
            extended="已延期" in told["tags"],
            changes=int("已变更" in told["tags"]),
            snapshot=printed(
                document, session.get_one(Agency, document.agency_id), told["no"], issued, Seal(told["seal"])
            ),
        )
        document.certificate_number = certificate.number
        session.add(certificate)
        session.flush()
        _tell(session, certificate, project.get("progress") or {})


def _tell(session: Session, certificate: Certificate, progress: dict[str, Any]) -> None:
    if not progress.get("start_date"):
        return
    save(
        session,
        certificate.number,
        start_date=_day(progress["start_date"]),
        completion_date=_day(progress.get("completion_date")),
        completion_note=progress.get("completion_note") or "",
        reports={one["year"]: (Decimal(one["invested"]), one["progress"]) for one in progress["annual_reports"]},
        actor="test",
        now=AS_OF,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _morning(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(9), SHANGHAI)
