"""Filings 备案申报: the enterprise's document, its submitted versions, and the rule of when it may be edited.

The form has the field names of `data/sample.json` (amounts as strings under `money`); the personal
`project_contact` is kept apart, encrypted. A case's statuses are written by the diagram's elements.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from engine.errors import CommandRefused
from engine.tables import Base, UtcDateTime, new_id
from records.agencies import Agency
from records.attachments import Attachment
from records.calendar import local_date
from records.certificates import Certificate, CertificateStatus
from records.encryption import EncryptedJson
from records.enterprises import Enterprise
from records.formats import amount_text, parse_amount
from records.serials import next_serial

_ENTERPRISE_FIELDS = ("id", "name", "uscc", "region", "economic_type", "address")
# Fields that the caller may send but that are never his to decide, or that are kept elsewhere.
_NOT_OF_THE_FORM = frozenset(("enterprise", "project_contact", "attachments", "fictional"))


class FilingStatus(StrEnum):
    """Where a filing stands (design §6)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    REVIEWED = "REVIEWED"
    ISSUED = "ISSUED"
    WITHDRAWN = "WITHDRAWN"
    NOT_ACCEPTED = "NOT_ACCEPTED"


EDITABLE = frozenset((FilingStatus.DRAFT, FilingStatus.RETURNED, FilingStatus.WITHDRAWN))
_WHY_FIXED = {
    FilingStatus.SUBMITTED: "该申报已提交，不能修改；如需修改，请先撤回。",
    FilingStatus.ACCEPTED: "该申报已被工信部门受理，不能修改。",
    FilingStatus.REVIEWED: "该申报已通过审核，不能修改。",
    FilingStatus.ISSUED: "该申报已备案，不能修改；如需修改，请申请备案变更。",
    FilingStatus.NOT_ACCEPTED: "该申报不予受理，流程已结束，不能修改；请重新申报（项目代码仍可用）。",
}
IN_PROGRESS = frozenset((FilingStatus.SUBMITTED, FilingStatus.RETURNED, FilingStatus.ACCEPTED, FilingStatus.REVIEWED))


class Filing(Base):
    """One filing from first draft to certificate; its id is the business key of its cases."""

    __tablename__ = "filing"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(32), unique=True, doc="申报编号 such as SB20211112-0018")
    enterprise_id: Mapped[str] = mapped_column(ForeignKey("enterprise.id"), index=True)
    agency_id: Mapped[str | None] = mapped_column(
        ForeignKey("agency.id"), index=True, doc="None while the form names no known agency"
    )
    status: Mapped[str] = mapped_column(String(16), default=FilingStatus.DRAFT.value, index=True)
    form: Mapped[dict[str, Any]] = mapped_column(JSON)
    project_contact: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson, doc="keys name, mobile")
    project_code: Mapped[str | None] = mapped_column(String(40), index=True)
    project_name: Mapped[str | None] = mapped_column(String(200))
    revision: Mapped[int] = mapped_column(default=1, doc="counts the saves; a save names the one it saw")
    submission: Mapped[int] = mapped_column(default=0, doc="how often it was submitted")
    instance_id: Mapped[str | None] = mapped_column(String(32), index=True, doc="the root case now or last")
    certificate_number: Mapped[str | None] = mapped_column(String(15), index=True)
    opinion: Mapped[str | None] = mapped_column(
        String(500), doc="why it was returned or not accepted; None in every other status"
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="of the latest submission")
    updated_by: Mapped[str] = mapped_column(String(64))

    enterprise: Mapped[Enterprise] = relationship()
    agency: Mapped[Agency | None] = relationship()
    versions: Mapped[list["FilingVersion"]] = relationship(
        cascade="all, delete-orphan", order_by="FilingVersion.submission"
    )

    @validates("status")
    def _known_status(self, _name: str, status: str) -> str:
        return FilingStatus(status).value

    @property
    def editable(self) -> bool:
        """Whether the enterprise may change, and submit, the form now."""
        return self.status in EDITABLE

    @property
    def deletable(self) -> bool:
        """Whether the enterprise may delete it now: what was once submitted is kept."""
        return self.status == FilingStatus.DRAFT and not self.submission

    @property
    def full_form(self) -> dict[str, Any]:
        """The form with the personal contact: for its owner, the handling authority and the rules only."""
        return {**self.form, "project_contact": dict(self.project_contact or {})}


class FilingVersion(Base):
    """What was submitted, as it was submitted. `findings` is what the rules said; `personal` has the keys
    `enterprise` (legal_rep, contact) and `project_contact`."""

    __tablename__ = "filing_version"
    filing_id: Mapped[str] = mapped_column(ForeignKey("filing.id", ondelete="CASCADE"), primary_key=True)
    submission: Mapped[int] = mapped_column(primary_key=True)
    form: Mapped[dict[str, Any]] = mapped_column(JSON)
    enterprise: Mapped[dict[str, Any]] = mapped_column(JSON, doc="all but the people")
    personal: Mapped[dict[str, Any]] = mapped_column(EncryptedJson)
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str] = mapped_column(String(64))


class FilingSerial(Base):
    """The last serial of a day's 申报编号."""

    __tablename__ = "filing_serial"
    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int]


def create_draft(session: Session, enterprise_id: str, form: Mapping[str, Any], *, actor: str, now: datetime) -> Filing:
    """A new draft, whatever its form holds: the rules come at submission."""
    day = local_date(now)
    filing = Filing(
        number=f"SB{day:%Y%m%d}-{next_serial(session, FilingSerial, day):04d}",
        enterprise_id=enterprise_id,
        status=FilingStatus.DRAFT,
        created_at=now,
    )
    _fill(session, filing, form, actor, now)
    session.add(filing)
    session.flush()
    return filing


def save_draft(
    session: Session,
    filing: Filing,
    form: Mapping[str, Any],
    *,
    expected_revision: int | None = None,
    actor: str,
    now: datetime,
) -> Filing:
    """Put a whole new form in the place of the old one; a withdrawn filing becomes a draft again by it.

    Raises CommandRefused 409 when the filing may not be edited now, or when it is no longer at the revision
    that the caller saw (None: the caller did not say).
    """
    lock(session, filing)
    require_editable(filing)
    if expected_revision is not None and expected_revision != filing.revision:
        raise CommandRefused(
            "stale_revision",
            "这份申报已在别处保存过，您看到的不是最新内容，本次没有保存。",
            remedy="请另开页面查看最新内容，核对后再保存；已填写的内容仍在本页。",
            details={"revision": filing.revision},
        )
    _fill(session, filing, form, actor, now)
    filing.revision += 1
    if filing.status == FilingStatus.WITHDRAWN:
        filing.status = FilingStatus.DRAFT
    session.flush()
    return filing


def as_if(session: Session, filing: Filing, form: Mapping[str, Any]) -> Filing:
    """The filing as it would be with another form: for asking the rules, in no session and never saved."""
    imagined = Filing(id=filing.id, number=filing.number, enterprise_id=filing.enterprise_id, status=filing.status)
    imagined.enterprise = filing.enterprise
    _fill(session, imagined, form, filing.updated_by, filing.updated_at)
    imagined.agency = session.get(Agency, imagined.agency_id) if imagined.agency_id else None
    return imagined


def require_editable(filing: Filing) -> None:
    """Raises CommandRefused 409 with the reason, unless the enterprise may edit and submit the filing now."""
    if not filing.editable:
        raise CommandRefused("not_editable", _WHY_FIXED[FilingStatus(filing.status)])


def delete_draft(session: Session, filing: Filing) -> list[str]:
    """Delete a draft that was never submitted; answers with the stored names of its attachments, whose files
    the caller removes after the commit. Raises CommandRefused 409 for any other filing."""
    lock(session, filing)
    if not filing.deletable:
        raise CommandRefused("not_deletable", "该申报提交过，办理记录须留存，不能删除。")
    stored = list(session.scalars(select(Attachment.stored_name).where(Attachment.filing_id == filing.id)))
    session.execute(delete(Attachment).where(Attachment.filing_id == filing.id))
    session.delete(filing)
    session.flush()
    return stored


def lock(session: Session, filing: Filing) -> None:
    """Read the filing afresh and keep others from changing it until the transaction ends."""
    session.flush()
    session.refresh(filing, with_for_update=True)


def compute(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form with what the system works out itself (R113): 固定资产投资 = 土建、公用工程及其他投资 +
    设备及技术投资; None while one of the two is no amount."""
    money = form.get("money")
    if not isinstance(money, Mapping):
        return dict(form)
    civil, equipment = parse_amount(money.get("civil")), parse_amount(money.get("equipment"))
    total = None if civil is None or equipment is None else amount_text(civil + equipment)
    return {**form, "money": {**money, "fixed_assets": total}}


def record_submission(
    session: Session, filing: Filing, findings: list[Any], *, actor: str, now: datetime
) -> FilingVersion:
    """Keep what is submitted now, the people in it encrypted, with what the rules said about it."""
    enterprise = filing.enterprise
    filing.submission += 1
    filing.submitted_at = filing.updated_at = now
    filing.updated_by = actor
    version = FilingVersion(
        filing_id=filing.id,
        submission=filing.submission,
        form=dict(filing.form),
        enterprise={field: getattr(enterprise, field) for field in _ENTERPRISE_FIELDS},
        personal={"enterprise": enterprise.personal, "project_contact": dict(filing.project_contact or {})},
        findings=findings,
        submitted_at=now,
        submitted_by=actor,
    )
    session.add(version)
    session.flush()
    return version


def live_filing_with_code(session: Session, code: str, except_id: str | None = None) -> Filing | None:
    """Another filing that holds this project code (V07): one in progress, or issued with a certificate
    that is not invalid (domain §2.12-22).

    On PostgreSQL the code stays locked until the transaction ends, so that of two submissions at once the
    second sees the first; on SQLite a command is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(code, 0))))
    query = (
        select(Filing)
        .outerjoin(Certificate, Certificate.filing_id == Filing.id)
        .where(
            Filing.project_code == code,
            or_(
                Filing.status.in_(IN_PROGRESS),
                (Filing.status == FilingStatus.ISSUED)
                & Certificate.status.is_distinct_from(CertificateStatus.INVALID.value),
            ),
        )
        .limit(1)
    )
    return session.scalar(query if except_id is None else query.where(Filing.id != except_id))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What changed between two forms: (field, old, new) in the order of the new form, then what it lacks.

    A field inside is named with a dot, `money.total`; an absent one counts as None, a list as one value.
    """
    before, after = dict(_flat(old)), dict(_flat(new))
    fields = [*after, *(field for field in before if field not in after)]
    pairs = ((field, before.get(field), after.get(field)) for field in fields)
    return [(field, old_value, new_value) for field, old_value, new_value in pairs if old_value != new_value]


def _flat(form: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in form.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _fill(session: Session, filing: Filing, form: Mapping[str, Any], actor: str, now: datetime) -> None:
    contact = form.get("project_contact")
    filing.form = compute({name: value for name, value in form.items() if name not in _NOT_OF_THE_FORM})
    filing.project_contact = dict(contact) if isinstance(contact, Mapping) else None
    filing.project_code = _short_text(form.get("project_code"), 40)
    filing.project_name = _short_text(form.get("project_name"), 200)
    agency = form.get("agency")
    known = session.get(Agency, agency) if isinstance(agency, str) else None
    filing.agency_id = known.id if known is not None else None
    filing.updated_at, filing.updated_by = now, actor


def _short_text(value: Any, length: int) -> str | None:
    """What fits the column: a draft may hold anything, and the form keeps it whole."""
    return value[:length] if isinstance(value, str) and value else None
