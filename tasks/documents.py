"""Documents in procedures: finding the one that a case is about, and writing the status that its diagram names."""

from typing import Annotated

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.approvals import Approval
from records.changes import ApprovalChange, Change
from records.corrections import Correction
from records.documents import WITH_AUTHORITY, Document, DocumentStatus
from records.extensions import ApprovalExtension, Extension
from records.figures import count_return
from records.filings import Filing
from records.terminations import Cancellation, Revocation

KINDS: dict[str, type[Document]] = {
    str(kind.__mapper__.polymorphic_identity): kind
    for kind in (
        *(Filing, Approval, Change, ApprovalChange, Extension, ApprovalExtension),
        *(Cancellation, Revocation, Correction),
    )
}
"""What kinds of documents there are, by name."""


@service_task("document/status", version=1, title="登记状态", category="文书", effect="transaction")
def write_status(
    document_kind: Annotated[str, Param(title="事项类型", description="filing、change、extension …")],
    document_id: Annotated[str, Param(title="文书编号")],
    status: Annotated[str, Param(title="状态", description="SUBMITTED、RETURNED、ACCEPTED …")],
    call: Call,
    opinion: Annotated[str | None, Param(title="意见", description="为什么退回、不予受理或终止")] = None,
) -> None:
    """Write the status that the diagram names, and the reason where it gives one. Nothing else writes a status."""
    kind = kind_of(document_kind)
    columns = {"status": DocumentStatus(status).value, "opinion": opinion or None, "updated_at": call.now}
    if DocumentStatus(status) not in WITH_AUTHORITY:
        columns["due_on"] = None
    # A few columns need no form read; a document that the session has read already follows.
    written = call.session.scalar(update(kind).where(kind.id == document_id).values(columns).returning(kind.id))
    if written is None:
        raise _unknown(kind, document_id)
    if status == DocumentStatus.RETURNED:
        count_return(call.session, document_id)


def document_of(session: Session, kind: str, document_id: str, *options: ORMOption) -> Document:
    """The document that a case is about. Raises EngineError for a kind or id that there is not."""
    found = session.get(kind_of(kind), document_id, options=options)
    if found is None:
        raise _unknown(kind_of(kind), document_id)
    return found


def kind_of(name: str) -> type[Document]:
    """The kind of a name. Raises EngineError where there is none."""
    if name not in KINDS:
        raise EngineError(f"没有事项类型「{name}」，现有：{'、'.join(KINDS)}。")
    return KINDS[name]


def _unknown(kind: type[Document], document_id: str) -> EngineError:
    return EngineError(f"没有{kind.TITLE} {document_id}。")
