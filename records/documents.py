"""Documents 文书: what somebody applies for or gives notice of, from the first draft to the end of its case.

Filings, changes, extensions, cancellations and revocations lead one life and lie in one table, told apart by `kind`; a
kind's process has its name, unless the kind names another's. A document's id is the business key of its cases, and
their diagrams' elements write its status.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from sqlalchemy import JSON, ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Base, UtcDateTime, new_id
from records.agencies import Agency
from records.attachments import Attachment
from records.calendar import local_date
from records.certificates import Certificate, Clearance
from records.encryption import EncryptedJson
from records.enterprises import Enterprise
from records.serials import next_serial

_ENTERPRISE_FIELDS = ("id", "name", "uscc", "region", "economic_type", "address")


class DocumentStatus(StrEnum):
    """Where a document stands (design §6). ISSUED: what was applied for was granted, or what was told is done."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    REVIEWED = "REVIEWED"
    ISSUED = "ISSUED"
    WITHDRAWN = "WITHDRAWN"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    REFUSED = "REFUSED"
    """It was taken up, and then decided against: 不予核准."""
    TERMINATED = "TERMINATED"
    """Its certificate became invalid while it was under way."""


EDITABLE = frozenset((DocumentStatus.DRAFT, DocumentStatus.RETURNED, DocumentStatus.WITHDRAWN))
IN_PROGRESS = frozenset(
    (DocumentStatus.SUBMITTED, DocumentStatus.RETURNED, DocumentStatus.ACCEPTED, DocumentStatus.REVIEWED)
)
WITH_AUTHORITY = IN_PROGRESS - EDITABLE
"""While an authority has it, its time limit runs."""


class Document(Base):
    """One document. `form` is what the enterprise fills in; people in it are kept apart, encrypted."""

    __tablename__ = "document"
    __table_args__ = (
        # So that PostgreSQL finds by it what a code begins with, too, whatever its collation.
        Index("ix_document_project_code", "project_code", postgresql_ops={"project_code": "varchar_pattern_ops"}),
        Index("ix_document_agency", "agency_id", "submitted_at"),
    )
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[str] = mapped_column(String(32), unique=True, doc="such as SB20211112-0018")
    enterprise_id: Mapped[str] = mapped_column(ForeignKey("enterprise.id"), index=True)
    agency_id: Mapped[str | None] = mapped_column(
        ForeignKey("agency.id"), doc="None while the form names no known agency"
    )
    status: Mapped[str] = mapped_column(String(16), default=DocumentStatus.DRAFT.value, index=True)
    form: Mapped[dict[str, Any]] = mapped_column(JSON)
    project_contact: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson, doc="keys name, mobile")
    project_code: Mapped[str | None] = mapped_column(String(40))
    project_name: Mapped[str | None] = mapped_column(String(200))
    revision: Mapped[int] = mapped_column(default=1, doc="counts the saves; a save names the one it saw")
    submission: Mapped[int] = mapped_column(default=0, doc="how often it was submitted")
    instance_id: Mapped[str | None] = mapped_column(String(32), index=True, doc="the root case now or last")
    certificate_number: Mapped[str | None] = mapped_column(
        String(40), index=True, doc="of what a project got (`Clearance`), or what another document is about"
    )
    opinion: Mapped[str | None] = mapped_column(
        String(500), doc="why it was returned, not accepted, refused or terminated; None in every other status"
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True, doc="of the latest submission")
    updated_by: Mapped[str] = mapped_column(String(64))
    due_on: Mapped[date | None] = mapped_column(
        index=True, doc="the last day an authority has for it; None while it is not an authority's to decide"
    )

    enterprise: Mapped[Enterprise] = relationship()
    agency: Mapped[Agency | None] = relationship()
    versions: Mapped[list["DocumentVersion"]] = relationship(
        cascade="all, delete-orphan", order_by="DocumentVersion.submission"
    )

    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy's own

    TITLE: ClassVar[str]
    """What the procedure is called (流程类型)."""
    PROCESS: ClassVar[str | None] = None
    """The process of the kind, where it has not the kind's name."""
    NOUN: ClassVar[str] = "申请"
    """What people call the document itself."""
    PAPER: ClassVar[str] = "文书"
    """What the paper is called with which the authority answers the document."""
    HOLDS: ClassVar[type[Clearance]] = Certificate
    """What its project holds, or will once it is granted."""
    SERIES: ClassVar[str]
    """The letters its numbers begin with."""
    WHY_FIXED: ClassVar[Mapping[DocumentStatus, str]] = {}
    """Why a document of the kind may not be edited, where that is more than can be said of every kind."""
    COPIED_WHEN: ClassVar[frozenset[DocumentStatus]] = frozenset()
    """The ends after which one of the kind may be applied for again with a copy."""

    @validates("status")
    def _known_status(self, _name: str, status: str) -> str:
        return DocumentStatus(status).value

    @property
    def editable(self) -> bool:
        """Whether the enterprise may change, and submit, the form now."""
        return self.status in EDITABLE

    @property
    def deletable(self) -> bool:
        """Whether the enterprise may delete it now: what was once submitted is kept."""
        return self.status == DocumentStatus.DRAFT and not self.submission

    @property
    def copyable(self) -> bool:
        """Whether its enterprise may begin a new draft with what it says."""
        return self.status in self.COPIED_WHEN

    @property
    def process(self) -> str:
        """The process that its cases run by."""
        return self.PROCESS or self.kind

    @property
    def full_form(self) -> dict[str, Any]:
        """The form with the people in it: for its owner, the handling authority and the rules only."""
        return dict(self.form)

    @property
    def masked_form(self) -> dict[str, Any]:
        """The form with the people in it masked (R95)."""
        return dict(self.form)

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        """Take a whole new form, and from it what stands in columns."""
        self.form = dict(form)

    def case_data(self) -> dict[str, Any]:
        """The variables that the document's case begins with."""
        return {
            f"{self.process}_id": self.id,
            "enterprise": self.enterprise_id,
            "agency": self.agency_id or "",
            "project_name": self.project_name or "",
        }

    def _at_agency(self, session: Session, agency: Any) -> None:
        known = session.get(Agency, agency) if isinstance(agency, str) else None
        self.agency_id = known.id if known is not None else None


_D = TypeVar("_D", bound=Document)


class DocumentVersion(Base):
    """What was submitted, as it was submitted. `findings` is what the rules said; `personal` has the keys
    `enterprise` (legal_rep, contact) and `project_contact`."""

    __tablename__ = "document_version"
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    submission: Mapped[int] = mapped_column(primary_key=True)
    form: Mapped[dict[str, Any]] = mapped_column(JSON)
    enterprise: Mapped[dict[str, Any]] = mapped_column(JSON, doc="all but the people")
    personal: Mapped[dict[str, Any]] = mapped_column(EncryptedJson)
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str] = mapped_column(String(64))


class DocumentSerial(Base):
    """The last serial of a series; `day` is its name, such as SB20211112 for the documents of a day."""

    __tablename__ = "document_serial"
    day: Mapped[str] = mapped_column(String(16), primary_key=True)
    last: Mapped[int]


def about(kind: type[_D], project: Document) -> _D:
    """A document about what was filed or approved, such as a change of it: the same parties, project and number."""
    return kind(
        enterprise_id=project.enterprise_id,
        agency_id=project.agency_id,
        project_code=project.project_code,
        project_name=project.project_name,
        certificate_number=project.certificate_number,
    )


def open_documents(session: Session, certificate_number: str) -> Sequence[Document]:
    """What is applied for about a certificate and not decided yet, the oldest first."""
    query = select(Document).where(Document.certificate_number == certificate_number, Document.status.in_(IN_PROGRESS))
    return session.scalars(query.order_by(Document.number)).all()


def create_draft(session: Session, document: _D, form: Mapping[str, Any], *, actor: str, now: datetime) -> _D:
    """Keep a new draft, whatever its form holds: the rules come at submission."""
    series = f"{document.SERIES}{local_date(now):%Y%m%d}"
    document.number = f"{series}-{next_serial(session, DocumentSerial, series):04d}"
    document.status = DocumentStatus.DRAFT.value
    document.created_at = now
    _fill(session, document, form, actor, now)
    session.add(document)
    session.flush()
    return document


def save_draft(
    session: Session,
    document: _D,
    form: Mapping[str, Any],
    *,
    expected_revision: int | None = None,
    actor: str,
    now: datetime,
) -> _D:
    """Put a whole new form in the place of the old one; a withdrawn document becomes a draft again by it.

    Raises CommandRefused 409 when the document may not be edited now, or when it is no longer at the revision
    that the caller saw (None: the caller did not say).
    """
    lock(session, document)
    require_editable(document)
    if expected_revision is not None and expected_revision != document.revision:
        raise CommandRefused(
            "stale_revision",
            Phrase("这份{noun}已在别处保存过，您看到的不是最新内容，本次没有保存。", noun=document.NOUN),
            remedy="请另开页面查看最新内容，核对后再保存；已填写的内容仍在本页。",
            details={"revision": document.revision},
        )
    _fill(session, document, form, actor, now)
    document.revision += 1
    if document.status == DocumentStatus.WITHDRAWN:
        document.status = DocumentStatus.DRAFT
    session.flush()
    return document


def _fill(session: Session, document: Document, form: Mapping[str, Any], actor: str, now: datetime) -> None:
    document.fill(session, form)
    document.updated_at, document.updated_by = now, actor


def require_editable(document: Document) -> None:
    """Raises CommandRefused 409 with the reason, unless the enterprise may edit and submit the document now."""
    if not document.editable:
        message = {**_WHY_FIXED, **document.WHY_FIXED}[DocumentStatus(document.status)]
        raise CommandRefused("not_editable", Phrase(message, noun=document.NOUN))


_WHY_FIXED = {
    DocumentStatus.SUBMITTED: "该{noun}已提交，不能修改；如需修改，请先撤回。",
    DocumentStatus.ACCEPTED: "该{noun}已被工信部门受理，不能修改。",
    DocumentStatus.REVIEWED: "该{noun}已通过审核，不能修改。",
    DocumentStatus.ISSUED: "该{noun}已办结，不能修改。",
    DocumentStatus.NOT_ACCEPTED: "该{noun}不予受理，流程已结束，不能修改。",
    DocumentStatus.REFUSED: "该{noun}不予核准，流程已结束，不能修改。",
    DocumentStatus.TERMINATED: "该{noun}因备案证失效已终止，不能修改。",
}
"""What is said of a document that cannot be edited, where its kind does not say it otherwise."""


def delete_draft(session: Session, document: Document) -> list[str]:
    """Delete a draft that was never submitted; answers with the stored names of its attachments, whose files
    the caller removes after the commit. Raises CommandRefused 409 for any other document."""
    lock(session, document)
    if not document.deletable:
        message = Phrase("该{noun}提交过，办理记录须留存，不能删除。", noun=document.NOUN)
        raise CommandRefused("not_deletable", message)
    stored = list(session.scalars(select(Attachment.stored_name).where(Attachment.document_id == document.id)))
    session.execute(delete(Attachment).where(Attachment.document_id == document.id))
    session.delete(document)
    session.flush()
    return stored


def lock(session: Session, document: Document) -> None:
    """Read the document afresh and keep others from changing it until the transaction ends."""
    session.flush()
    session.refresh(document, with_for_update=True)


def under_way(session: Session, certificate_number: str, *, but: str | None = None) -> Document | None:
    """A document about a certificate that an authority has or has returned; `but` is the id of one not meant.

    Whoever holds the certificate's row finds what is true until his transaction ends.
    """
    query = select(Document).where(Document.certificate_number == certificate_number, Document.status.in_(IN_PROGRESS))
    return session.scalar(query.where(Document.id != (but or "")).order_by(Document.submitted_at).limit(1))


def record_submission(
    session: Session, document: Document, findings: list[Any], *, actor: str, now: datetime
) -> DocumentVersion:
    """Keep what is submitted now, the people in it encrypted, with what the rules said about it."""
    enterprise = document.enterprise
    document.submission += 1
    document.submitted_at = document.updated_at = now
    document.updated_by = actor
    version = DocumentVersion(
        document_id=document.id,
        submission=document.submission,
        form=dict(document.form),
        enterprise={field: getattr(enterprise, field) for field in _ENTERPRISE_FIELDS},
        personal={"enterprise": enterprise.personal, "project_contact": dict(document.project_contact or {})},
        findings=findings,
        submitted_at=now,
        submitted_by=actor,
    )
    session.add(version)
    return version


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
