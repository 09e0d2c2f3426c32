"""Filings 备案申报: a renovation project told to its authority, which answers with a certificate.

The form has the field names of `data/sample.json` (amounts as strings under `money`). After the issue it is the project
as it is now, every granted change included; what was submitted stays in the versions.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, TypeVarTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from records.agencies import Agency
from records.attachments import AttachmentStore, copy_attachments
from records.certificates import Certificate, CertificateStatus
from records.documents import IN_PROGRESS, Document, DocumentStatus, create_draft
from records.formats import amount_text, parse_amount
from records.masking import mask_person

# Fields that the caller may send but that are never his to decide, or that are kept elsewhere.
_NOT_OF_THE_FORM = frozenset(("enterprise", "project_contact", "attachments", "fictional"))


FILING = "filing"
"""The kind, and its process."""

_Ts = TypeVarTuple("_Ts")


class Filing(Document):
    """One filing from first draft to certificate."""

    __mapper_args__ = {"polymorphic_identity": FILING}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案申报"
    NOUN = "申报"
    SERIES = "SB"
    COPIED_WHEN = frozenset((DocumentStatus.NOT_ACCEPTED, DocumentStatus.TERMINATED))
    WHY_FIXED: ClassVar = MappingProxyType(
        {
            DocumentStatus.ISSUED: "已备案，不能修改；如需修改，请申请备案变更。",
            DocumentStatus.NOT_ACCEPTED: "不予受理，流程已结束，不能修改；请重新申报（项目代码仍可用）。",
        }
    )

    @property
    def imported(self) -> bool:
        """Whether it was filed in the old system: nothing was submitted here, so there is no case of it (R195)."""
        return self.submission > 0 and self.instance_id is None

    @property
    def full_form(self) -> dict[str, Any]:
        return {**self.form, "project_contact": dict(self.project_contact or {})}

    @property
    def masked_form(self) -> dict[str, Any]:
        return {**self.form, "project_contact": mask_person(self.project_contact)}

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        contact = form.get("project_contact")
        self.form = compute({name: value for name, value in form.items() if name not in _NOT_OF_THE_FORM})
        self.project_contact = dict(contact) if isinstance(contact, Mapping) else None
        self.project_code = _short_text(form.get("project_code"), 40)
        self.project_name = _short_text(form.get("project_name"), 200)
        self._at_agency(session, form.get("agency"))


def copy(session: Session, store: AttachmentStore, filing: Filing, *, actor: str, now: datetime) -> Filing:
    """A new draft with an ended filing's data, project code and files; the commitment is to be made anew (R159).

    Raises CommandRefused 409 while the filing has not ended without a certificate.
    """
    if not filing.copyable:
        raise CommandRefused(
            "not_copyable",
            "只有不予受理或已终止的申报可以复制为新申报。",
            remedy="草稿和退回修改的申报可以直接修改；已备案的项目请申请备案变更。",
        )
    draft = Filing(enterprise_id=filing.enterprise_id)
    create_draft(session, draft, {**filing.full_form, "commitment": False}, actor=actor, now=now)
    copy_attachments(session, store, filing.id, draft.id, actor=actor, now=now)
    return draft


def as_if(session: Session, filing: Filing, form: Mapping[str, Any]) -> Filing:
    """The filing as it would be with another form: for asking the rules, in no session and never saved."""
    imagined = Filing(id=filing.id, number=filing.number, enterprise_id=filing.enterprise_id, status=filing.status)
    imagined.enterprise = filing.enterprise
    imagined.fill(session, form)
    imagined.agency = session.get(Agency, imagined.agency_id) if imagined.agency_id else None
    return imagined


def compute(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form with what the system works out itself (R113): 固定资产投资 = 土建、公用工程及其他投资 +
    设备及技术投资; None while one of the two is no amount."""
    money = form.get("money")
    if not isinstance(money, Mapping):
        return dict(form)
    civil, equipment = parse_amount(money.get("civil")), parse_amount(money.get("equipment"))
    total = None if civil is None or equipment is None else amount_text(civil + equipment)
    return {**form, "money": {**money, "fixed_assets": total}}


def live_filing_with_code(session: Session, code: str, except_id: str | None = None) -> Filing | None:
    """Another filing that holds this project code (V07): one in progress, or issued with a certificate
    that is not invalid (domain §2.12-22).

    On PostgreSQL the code stays locked until the transaction ends, so that of two submissions at once the
    second sees the first; on SQLite a command is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(code, 0))))
    query = _live(select(Filing)).where(Filing.project_code == code).limit(1)
    return session.scalar(query if except_id is None else query.where(Filing.id != except_id))


def codes_of_live_filings(session: Session) -> set[str]:
    """Every project code that a live filing holds."""
    query = _live(select(Filing.project_code)).where(Filing.project_code.is_not(None))
    return {code for code in session.scalars(query) if code}


def _live(query: Select[*_Ts]) -> Select[*_Ts]:
    return query.outerjoin(Certificate, Certificate.filing_id == Filing.id).where(
        or_(
            Filing.status.in_(IN_PROGRESS),
            (Filing.status == DocumentStatus.ISSUED)
            & Certificate.status.is_distinct_from(CertificateStatus.INVALID.value),
        )
    )


def _short_text(value: Any, length: int) -> str | None:
    """What fits the column: a draft may hold anything, and the form keeps it whole."""
    return value[:length] if isinstance(value, str) and value else None
