"""Checking and submitting a change: its own rules, and those of a project on the project as it would be (domain §2.4).

`check` changes nothing and serves the form and `POST /changes/{id}/check`; `change/validate` does the same inside the
case, holding the certificate, and keeps the result.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any

from sqlalchemy.orm import Session

from engine.errors import BusinessRefusal, EngineError
from engine.phrases import Phrase
from engine.services import Call, Decide, Param, service_task
from records import documents
from records.approvals import Approval
from records.calendar import local_date
from records.certificates import STATUS_WORDS, Clearance, held
from records.changes import Change, Proposed
from records.filings import Filing
from records.formats import parse_amount
from records.policies import PolicyKind, edition_in_force
from records.projects import Project, as_if, at, put
from tasks.adapters import adapters
from tasks.changes.items import SYNCED, Row, merged, rows, ticked
from tasks.filings.examination import RULES, Examination, Rule, examine
from tasks.filings.findings import Finding, error, warning
from tasks.filings.submission import RecordsLookup
from tasks.filings.verification import Verification, verify
from tasks.wording import percent, ruled

CHANGED, REASON, SYNC, DATES, ALONE, EXTENT = "C01", "C02", "C03", "C04", "C05", "C06"

# What the project as it would be must meet (domain §2.4-2). Not V07, its own code, nor V11: building may have begun.
_OF_A_PROJECT = frozenset(("V03", "V08", "V09", "V10", "V12", "V13", "V14", "V15", "V16", "V19", "V20", "V21"))
# What of it only a filing must meet: who may file, and that it needs no approval.
_OF_FILINGS_ONLY = frozenset(("V19", "V21"))
# Of these, only what the change itself touches: the rest was accepted when it was filed.
_OF_TOUCHED_FIELDS = frozenset(("V03", "V13"))

CHANGE_RULES: tuple[Rule, ...] = (
    Rule(ALONE, "没有办理中的变更或延期"),
    Rule(CHANGED, "选择变更项且内容有变化"),
    Rule(REASON, "变更原因"),
    Rule(SYNC, "项目名称、建设地点已同步"),
    Rule(DATES, "变更时间在有效期内"),
    Rule(EXTENT, "变更幅度"),
    *(rule for rule in RULES if rule.code in _OF_A_PROJECT),
)
"""What is looked at, in the order of looking."""


@dataclass(frozen=True)
class ChangeSubmission:
    """What the procedure goes on with. `agency` decides: the one that the project has until then (domain §2.4-5).
    `filing_id` is the document in which the project stands."""

    kind: str
    noun: str
    filing_id: str
    certificate_number: str
    agency: str
    enterprise: str
    project_name: str


@service_task("change/validate", version=1, title="校验并存档", category="变更", effect="transaction")
def validate(change_id: Annotated[str, Param(title="变更编号")], call: Call) -> ChangeSubmission:
    """Check a change by every rule and keep it as it is submitted, with what it would change as it is on file now.

    Raises BusinessRefusal with every code, which takes the whole command back. Of two changes or extensions of one
    certificate at once the second is refused: the certificate is held meanwhile.
    """
    session = call.session
    change = change_of(session, change_id)
    certificate = held(session, change.certificate_number or "")
    project = session.get_one(Project, certificate.project_id)
    examination = check(session, change, now=call.now, decide=call.decide)
    if examination.errors:
        raise BusinessRefusal(examination.errors, code="change_invalid", message="变更内容不符合要求，未能提交。")
    change.settle(**examination.computed)
    change.agency_id, change.project_name = certificate.agency_id, project.project_name
    findings = [asdict(finding) for finding in examination.warnings]
    documents.record_submission(session, change, findings, actor=call.actor or change.updated_by, now=call.now)
    return ChangeSubmission(
        kind=change.kind,
        noun=certificate.NOUN,
        filing_id=project.id,
        certificate_number=certificate.number,
        agency=certificate.agency_id,
        enterprise=change.enterprise_id,
        project_name=project.project_name or "",
    )


def check(session: Session, change: Change, *, now: datetime, decide: Decide) -> Examination:
    """Everything that stands against submitting the change now; `computed` is what submitting would set in its form.

    Asks the platform where the project code is ticked. Raises PlatformUnavailable. Changes nothing.
    """
    certificate = session.get_one(Clearance, change.certificate_number)
    proposal = _Proposal(session, change, certificate, local_date(now), decide)
    found = list(proposal.findings())
    codes = {finding.code for finding in found}
    examined = proposal.examined()
    return replace(
        examined,
        errors=[finding for finding in (*found, *examined.errors) if finding.severity == "error"],
        warnings=[finding for finding in (*found, *examined.warnings) if finding.severity == "warning"],
        passed=[rule for rule in CHANGE_RULES[:6] if rule.code not in codes] + examined.passed,
        computed=proposal.computed(examined),
    )


def imagined(session: Session, change: Change, form: Mapping[str, Any]) -> Change:
    """The change as it would be with another form: for asking the rules, in no session and never saved."""
    other = type(change)(id=change.id, number=change.number, certificate_number=change.certificate_number)
    other.fill(session, form)
    return other


def synchronise(session: Session, change: Change) -> dict[str, Any]:
    """同步: the fields that the provincial platform now settles of the project that the change is about (R134).

    Raises BusinessRefusal where it says that there is no such project any more, and PlatformUnavailable.
    """
    verification = _asked(session, change)
    if verification.findings:
        raise BusinessRefusal(
            verification.findings, code="project_code_refused", message=verification.findings[0].message
        )
    return verification.fields


def change_of(session: Session, change_id: str) -> Change:
    """The change of an id. Raises EngineError where there is none."""
    change = session.get(Change, change_id)
    if change is None:
        raise EngineError(f"没有变更 {change_id}。")
    return change


def project_changed(session: Session, change: Change) -> Project:
    """What the change is about."""
    certificate = session.get_one(Clearance, change.certificate_number)
    return session.get_one(Project, certificate.project_id)


def table(session: Session, change: Change) -> list[Row]:
    """原备案信息 beside 变更后备案信息: against the file as it is now, or once it was submitted, as it was then."""
    proposed = change.proposed
    filed = proposed.before if proposed.before is not None else project_changed(session, change).full_form
    return rows(filed, proposed.items, proposed.values)


def _asked(session: Session, change: Change) -> Verification:
    project = project_changed(session, change)
    return verify(project.form, project.enterprise.uscc, adapters().platform(session))


@dataclass(frozen=True)
class _Proposal:
    """A change under examination."""

    session: Session
    change: Change
    certificate: Clearance
    today: date
    decide: Decide

    @cached_property
    def project(self) -> Project:
        return self.session.get_one(Project, self.certificate.project_id)

    @cached_property
    def filed(self) -> dict[str, Any]:
        return self.project.full_form

    @cached_property
    def proposed(self) -> Proposed:
        return self.change.proposed

    @cached_property
    def rows(self) -> list[Row]:
        return rows(self.filed, self.proposed.items, self.proposed.values)

    @cached_property
    def differing(self) -> dict[str, Row]:
        return {row.field: row for row in self.rows if row.differs}

    @cached_property
    def merged(self) -> dict[str, Any]:
        return merged(self.filed, self.proposed.items, self.proposed.values)

    @cached_property
    def platform(self) -> Verification | None:
        """What the platform says, where that matters."""
        return _asked(self.session, self.change) if "project_code" in self.proposed.items else None

    def findings(self) -> Iterator[Finding]:
        """What is to be said of the change as a change."""
        yield from self._alone()
        yield from self._changed()
        if not self.proposed.reason.strip():
            yield error("reason", REASON, "请填写「变更原因」")
        yield from self._synced()
        yield from self._dates()
        yield from self._extent()

    def _alone(self) -> Iterator[Finding]:
        other = documents.under_way(self.session, self.certificate.number, but=self.change.id)
        if other is not None:
            message = Phrase(
                "该{noun}有办理中的{procedure}，办结后才能申请变更", noun=self.certificate.NOUN, procedure=other.TITLE
            )
            yield error("items", ALONE, message, other.number)

    def _changed(self) -> Iterator[Finding]:
        if not ticked(self.proposed.items):
            yield error("items", CHANGED, "请选择变更项")
        elif not self.differing and not self._not_synced:
            yield error("items", CHANGED, "未发现变更内容", "变更后的内容与原备案信息相同")

    @property
    def _not_synced(self) -> bool:
        return self.platform is not None and any(at(self.proposed.values, field) is None for field in SYNCED)

    def _synced(self) -> Iterator[Finding]:
        if self.platform is None:
            return
        if self.platform.findings:
            yield from self.platform.findings
        elif self._not_synced:
            yield error("project_code", SYNC, "请先点击同步", "「项目名称」、「建设地点」由同步更新")
        elif any(at(self.proposed.values, field) != self.platform.fields.get(field) for field in SYNCED):
            yield error("project_code", SYNC, "平台上的项目信息又有变化，请重新点击同步")

    def _dates(self) -> Iterator[Finding]:
        answer = self.decide(
            "change_dates",
            noun=self.certificate.NOUN,
            certificate_status=STATUS_WORDS[self.certificate.status],
            new_start=self._new_day("planned_start"),
            new_completion=self._new_day("planned_completion"),
            valid_until=self.certificate.valid_until,
        )
        if answer["result"] == "拒绝":
            message = ruled(answer["message"], noun=self.certificate.NOUN)
            yield error(answer["field"], DATES, message, answer["remedy"])

    def _new_day(self, field: str) -> date | None:
        """A planned day that the change would set."""
        row = self.differing.get(field)
        try:
            return date.fromisoformat(row.new) if row is not None else None
        except (TypeError, ValueError):
            return None  # V13 says it

    def _extent(self) -> Iterator[Finding]:
        ratio = self._investment_change()
        answers = self.decide(
            "change_extent",
            name_changed="project_name" in self.differing,
            content_changed="scale_content" in self.differing,
            approved=isinstance(self.project, Approval),
            agency_changed="agency" in self.differing,
            investment_change=ratio,
        )
        for answer in answers:
            say = error if answer["result"] == "拒绝" else warning
            detail = ""
            if answer["field"] == "money.total":
                detail = Phrase("变化幅度 {ratio}", ratio=percent(ratio.quantize(Decimal("0.001"))))
            yield say(answer["field"], EXTENT, answer["message"], detail)

    def _investment_change(self) -> Decimal:
        """By how much of itself the total would grow or shrink."""
        old, new = (parse_amount(at(form, "money.total")) for form in (self.filed, self.merged))
        return abs(new - old) / old if old and new is not None else Decimal()

    def examined(self) -> Examination:
        """The rules of a project, on the project as it would be."""
        imagined = as_if(self.session, self.project, self.merged)
        touched = {row.field for row in self.rows}
        examination = examine(
            {**imagined.full_form, "region": self._region()},
            enterprise=self.project.enterprise,
            agency=imagined.agency,
            today=self.today,
            decide=self.decide,
            lookup=RecordsLookup(self.session, self.project.id),
            codes=self._codes,
        )

        def counts(finding: Finding) -> bool:
            if finding.field in SYNCED and self._not_synced:
                return False  # C03 says it, with what to do
            return finding.code not in _OF_TOUCHED_FIELDS or finding.field in touched

        return replace(
            examination,
            errors=list(filter(counts, examination.errors)),
            warnings=list(filter(counts, examination.warnings)),
        )

    @property
    def _codes(self) -> frozenset[str]:
        return _OF_A_PROJECT if isinstance(self.project, Filing) else _OF_A_PROJECT - _OF_FILINGS_ONLY

    def _region(self) -> Any:
        """Where the project is built: as the platform says, else as it is on file."""
        said = self.platform.fields.get("region") if self.platform is not None else None
        return said or self.filed.get("region")

    def computed(self, examined: Examination) -> dict[str, Any]:
        """What the system sets in the change: the fields that follow from what is ticked, and the file as it is."""
        computed: dict[str, Any] = {}
        if "project_code" in self.proposed.items:
            computed["region"] = self._region()
        if "class_code" in self.proposed.items:
            computed |= {name: examined.computed.get(name) for name in ("class_name", "section")}
            edition = edition_in_force(self.session, PolicyKind.INDUSTRY_CATALOGUE, self.today)
            computed["catalogue_edition"] = edition.edition if edition else None
        before: dict[str, Any] = {}
        for row in self.rows:
            put(before, row.field, row.old)
        return {"computed": computed, "before": before}
