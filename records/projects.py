"""Projects 项目 that are applied for: what a filing and an application for approval have in common.

The form has the field names of `data/sample.json` (amounts as strings under `money`).
"""

from collections.abc import Mapping
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from records.agencies import Agency
from records.certificates import CertificateStatus, Clearance
from records.documents import IN_PROGRESS, Document, DocumentStatus
from records.formats import amount_text, parse_amount, parse_project_code
from records.masking import mask_person

# Fields that the caller may send but that are never his to decide, or that are kept elsewhere.
_NOT_OF_THE_FORM = frozenset(("enterprise", "project_contact", "attachments", "fictional"))


class Project(Document):
    """A document that tells of a whole project, the person to ask about it kept apart."""

    __mapper_args__ = {"polymorphic_abstract": True}  # noqa: RUF012 - SQLAlchemy's own

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


_P = TypeVar("_P", bound=Project)
_Ts = TypeVarTuple("_Ts")


def as_if(session: Session, project: _P, form: Mapping[str, Any]) -> _P:
    """The document as it would be with another form: for asking the rules, in no session and never saved."""
    imagined = type(project)(
        id=project.id, number=project.number, enterprise_id=project.enterprise_id, status=project.status
    )
    imagined.enterprise = project.enterprise
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


def at(form: Mapping[str, Any], path: str) -> Any:
    """What a form has at `money.total`; None where there is nothing."""
    value: Any = form
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def put(form: dict[str, Any], path: str, value: Any) -> None:
    """Set what a form has at `money.total`."""
    *parents, name = path.split(".")
    for parent in parents:
        below = form.get(parent)
        form[parent] = dict(below) if isinstance(below, Mapping) else {}
        form = form[parent]
    form[name] = value


def region_of(form: Mapping[str, Any]) -> str | None:
    """Where the project of a form is built, GB/T 2260: the platform's word, else what its code says."""
    said = form.get("region")
    if isinstance(said, str) and said.strip():
        return said
    written = form.get("project_code")
    code = parse_project_code(written) if isinstance(written, str) else None
    return code.region if code is not None else None


def live_project_with_code(session: Session, code: str, except_id: str | None = None) -> Project | None:
    """Another document that holds this project code (V07): one in progress, or granted with a certificate
    or reply that is not invalid (domain §2.12-22).

    On PostgreSQL the code stays locked until the transaction ends, so that of two submissions at once the
    second sees the first; on SQLite a command is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(code, 0))))
    query = _live(select(Project)).where(Project.project_code == code).limit(1)
    return session.scalar(query if except_id is None else query.where(Project.id != except_id))


def codes_of_live_projects(session: Session) -> set[str]:
    """Every project code that a live document holds."""
    query = _live(select(Project.project_code)).where(Project.project_code.is_not(None))
    return {code for code in session.scalars(query) if code}


def _live(query: Select[*_Ts]) -> Select[*_Ts]:
    return query.outerjoin(Clearance, Clearance.project_id == Project.id).where(
        or_(
            Project.status.in_(IN_PROGRESS),
            (Project.status == DocumentStatus.ISSUED)
            & Clearance.status.is_distinct_from(CertificateStatus.INVALID.value),
        )
    )


def _short_text(value: Any, length: int) -> str | None:
    """What fits the column: a draft may hold anything, and the form keeps it whole."""
    return value[:length] if isinstance(value, str) and value else None
