"""Checking and submitting a filing: the platform, the rules, and what is kept of both.

`check` changes nothing and serves the button 校验 and `POST /filings/{id}/check`; `filing/validate` does the
same inside the case and keeps the result.
"""

from collections.abc import Container
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption

from engine.errors import BusinessRefusal, EngineError
from engine.services import Call, Decide, Param, service_task
from records.calendar import Calendar, local_date
from records.documents import record_submission
from records.filings import Filing
from records.industry import IndustryClass
from records.policies import PolicyKind, edition_in_force
from records.projects import Project, live_project_with_code
from records.regions import is_prd_core
from tasks.adapters import adapters
from tasks.filings.examination import Examination, examine
from tasks.filings.verification import verify

_EDITIONS = {
    "catalogue_edition": PolicyKind.INDUSTRY_CATALOGUE,
    "negative_list_edition": PolicyKind.NEGATIVE_LIST,
}


@dataclass(frozen=True)
class RecordsLookup:
    """What the rules look up, from the records; `document_id` is the document that they are asked about."""

    session: Session
    document_id: str

    def industry_class(self, code: str) -> IndustryClass | None:
        return self.session.get(IndustryClass, code)

    def code_in_use(self, project_code: str) -> bool:
        return live_project_with_code(self.session, project_code, except_id=self.document_id) is not None

    def in_prd_core(self, region: str) -> bool:
        return is_prd_core(self.session, region)

    def working_day_after(self, day: date, count: int) -> date:
        return Calendar(self.session).add(day, count)


@dataclass(frozen=True)
class Submission:
    """What the procedure goes on with."""

    agency: str
    enterprise: str
    project_name: str
    planned_start: date
    planned_completion: date


def check(
    session: Session, filing: Project, *, now: datetime, decide: Decide, codes: Container[str] | None = None
) -> Examination:
    """Everything that stands against submitting the filing now; `computed` is what submitting would set.

    With `codes` only these rules are asked: those that a filing shares with another document about a project.
    Asks the platform for the project code. Raises PlatformUnavailable. Changes nothing.
    """
    today = local_date(now)
    verification = verify(filing.full_form, filing.enterprise.uscc, adapters().platform(session))
    examination = examine(
        {**filing.full_form, **verification.fields},
        enterprise=filing.enterprise,
        agency=filing.agency,
        today=today,
        decide=decide,
        lookup=RecordsLookup(session, filing.id),
        codes=codes,
    )
    computed = {**verification.fields, **_editions(session, today), **examination.computed}
    errors = examination.errors
    if verification.findings:
        # Name and place are the platform's to give: while it refuses the code, asking for them would be noise.
        others = [finding for finding in errors if finding.field not in ("project_name", "location")]
        errors = [*verification.findings, *others]
    return replace(examination, errors=errors, computed=computed)


@service_task("filing/validate", version=1, title="校验并存档", category="备案", effect="transaction")
def validate(filing_id: Annotated[str, Param(title="申报编号")], call: Call) -> Submission:
    """Check a filing by every rule and keep it as it is submitted: a version, the editions in force, what the
    system computes. Raises BusinessRefusal with every V-code, which takes the whole command back."""
    filing = filing_of(call.session, filing_id)
    examination = check(call.session, filing, now=call.now, decide=call.decide)
    if examination.errors:
        raise BusinessRefusal(examination.errors, code="filing_invalid", message="申报内容不符合要求，未能提交。")
    keep_submitted(call, filing, examination)
    return Submission(
        agency=filing.form["agency"],
        enterprise=filing.enterprise_id,
        project_name=filing.form["project_name"],
        planned_start=date.fromisoformat(filing.form["planned_start"]),
        planned_completion=date.fromisoformat(filing.form["planned_completion"]),
    )


def filing_of(session: Session, filing_id: str, *options: ORMOption) -> Filing:
    """The filing of an id, read with `options`. Raises EngineError where there is none."""
    filing = session.get(Filing, filing_id, options=options)
    if filing is None:
        raise EngineError(f"没有申报 {filing_id}。")
    return filing


def _editions(session: Session, day: date) -> dict[str, Any]:
    """The editions in force on the day of submission, whatever the client sent."""
    editions = {name: edition_in_force(session, kind, day) for name, kind in _EDITIONS.items()}
    return {name: edition.edition if edition else None for name, edition in editions.items()}


def keep_submitted(call: Call, project: Project, examination: Examination) -> None:
    """Keep a project as it is submitted, with what the examination worked out and warned of."""
    project.form = with_computed(project.form, examination.computed)
    project.project_name = project.form["project_name"]
    findings = [asdict(finding) for finding in examination.warnings]
    record_submission(call.session, project, findings, actor=call.actor or project.updated_by, now=call.now)


def with_computed(form: dict[str, Any], computed: dict[str, Any]) -> dict[str, Any]:
    """A form with what an examination worked out."""
    money = {**form.get("money", {}), **computed.get("money", {})}
    return {**form, **computed, "money": money}
