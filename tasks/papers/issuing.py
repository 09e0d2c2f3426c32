"""Issuing a paper: its number, its day and all that it will say, in the transaction that decides; a job prints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import CommandRefused, EngineError
from engine.services import Call, Param, service_task
from records.agencies import Agency
from records.calendar import local_date
from records.certificates import Seal, initial_seal
from records.documents import Document
from records.papers import NAMES, Paper, PaperKind, next_number, papers_of
from tasks.adapters import adapters
from tasks.documents import document_of
from tasks.papers import approval_reply, notice
from tasks.papers.press import PaperError, prove


@dataclass(frozen=True)
class IssuedPaper:
    """The paper that was issued; `e_seal` chooses how it is sealed."""

    paper_id: str
    number: str
    e_seal: bool


@service_task("paper/issue", version=1, title="出具文书", category="文书", effect="transaction")
def issue(
    kind: Annotated[str, Param(title="文书类型", description="acceptance_notice、not_accepted_notice …")],
    document_kind: Annotated[str, Param(title="事项类型", description="filing、change、approval …")],
    document_id: Annotated[str, Param(title="文书编号")],
    call: Call,
    fields: Annotated[
        dict[str, Any] | None,
        Param(title="文书内容", description="流程给出的内容，如 reason、due、number；各类文书不同"),
    ] = None,
) -> IssuedPaper:
    """Issue a paper about a document as it was submitted last; a second call finds the first.

    What `fields` must have depends on the kind (docs/reference/papers.md). Raises EngineError for what is missing.
    """
    if kind not in set(PaperKind):
        raise EngineError(f"没有文书类型「{kind}」，现有：{'、'.join(PaperKind)}。")
    asked, document = PaperKind(kind), document_of(call.session, document_kind, document_id)
    paper = _issued(call.session, document, asked) or _draw_up(call.session, document, asked, fields or {}, call.now)
    return IssuedPaper(paper.id, paper.number, paper.seal != Seal.OFFLINE_PENDING)


def hand_out(
    session: Session,
    document: Document,
    kind: PaperKind,
    number: str,
    printed: Mapping[str, Any],
    now: datetime,
) -> Paper:
    """A new paper of the document's authority. `printed` is what its kind prints beside what every paper does.

    Raises CommandRefused 422 for a character that cannot be printed, so that whoever decides learns it and not the job
    that prints; EngineError where the document has no authority, or where the number is another paper's.
    """
    agency = session.get(Agency, document.agency_id)
    if agency is None:
        raise EngineError(f"{document.TITLE} {document.number} 没有备案机关，不能出具{NAMES[kind]}。")
    if session.scalar(select(Paper.id).where(Paper.number == number)) is not None:
        raise EngineError(f"文号 {number} 已用于另一份文书，请另行编号。")
    snapshot = {
        "submission": document.submission,
        "enterprise_name": document.enterprise.name,
        "project_name": document.project_name or "",
        "project_code": document.project_code or "",
        "agency_name": agency.name,
        "specimen": adapters().specimen,
        "site_url": adapters().site_url,
        **printed,
    }
    try:
        prove(snapshot, NAMES[kind])
    except PaperError as error:
        raise CommandRefused("paper_unprintable", str(error), status=422, remedy="请改掉这个字符后再办理。") from error
    paper = Paper(
        document_id=document.id,
        kind=kind.value,
        number=number,
        issue_date=local_date(now),
        seal=initial_seal(agency).value,
        snapshot=snapshot,
    )
    session.add(paper)
    session.flush()
    return paper


def _issued(session: Session, document: Document, kind: PaperKind) -> Paper | None:
    papers = papers_of(session, document.id, kind)
    return next((paper for paper in papers if paper.snapshot["submission"] == document.submission), None)


def _draw_up(session: Session, document: Document, kind: PaperKind, fields: Mapping[str, Any], now: datetime) -> Paper:
    if kind == PaperKind.APPROVAL_REPLY:
        printed, mark = approval_reply.printed(document, fields), None
    elif kind in notice.WORDINGS:
        printed, mark = notice.words(kind, document, fields, local_date(now)), notice.WORDINGS[kind].mark
    else:
        raise EngineError(f"{NAMES[kind]}由它自己的服务出具，不能用 paper/issue。")
    wording = notice.WORDINGS.get(kind)
    if wording is not None and wording.series is not None:
        agency = session.get_one(Agency, document.agency_id)
        number = next_number(session, agency, wording.series, local_date(now))
    elif mark is not None:
        number = f"{document.number}-{mark}{len(papers_of(session, document.id, kind)) + 1}"
    elif not (number := str(fields.get("number") or "")):
        raise EngineError(f'出具{NAMES[kind]}缺少文号，请在流程图中给出 fields["number"]。')
    return hand_out(session, document, kind, number, printed, now)
