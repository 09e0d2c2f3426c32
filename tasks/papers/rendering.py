"""Printing the papers that were issued, each once, by a job."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.certificates import Seal
from records.papers import Paper, PaperKind
from tasks.papers.approval_reply import ApprovalReply
from tasks.papers.change_letter import ChangeConsent, ChangeLetter
from tasks.papers.corrigendum import Corrigendum
from tasks.papers.notice import WORDINGS, Notice
from tasks.papers.official import OfficialPaper, render


@dataclass(frozen=True)
class RenderedPaper:
    """The paper that was made."""

    sha256: str
    size: int


@service_task("paper/render", version=1, title="生成文书", category="文书", effect="external", timeout=30)
def render_paper(paper_id: Annotated[str, Param(title="文书")], call: Call) -> RenderedPaper:
    """Make the PDF of a paper and keep it with its SHA-256. A paper is made once: a second call finds the first."""
    paper = call.session.get(Paper, paper_id)
    if paper is None:
        raise EngineError(f"没有文书 {paper_id}。")
    if paper.pdf is not None and paper.sha256 is not None:
        return RenderedPaper(paper.sha256, len(paper.pdf))
    pdf = render(official(paper))
    sha256 = hashlib.sha256(pdf).hexdigest()

    def keep(session: Session) -> None:
        made = session.get_one(Paper, paper_id)
        made.pdf, made.sha256, made.made_at = pdf, sha256, call.now

    call.keep(keep)
    return RenderedPaper(sha256, len(pdf))


def official(paper: Paper) -> OfficialPaper:
    """The paper that the snapshot describes, whatever has changed since."""
    snapshot = dict(paper.snapshot)
    snapshot.pop("submission", None)
    verify_url = f"{snapshot.pop('site_url')}/verify/{paper.verify_token}"
    values = {
        "number": paper.number,
        "issue_date": paper.issue_date,
        "seal": Seal(paper.seal),
        "verify_url": verify_url,
    }
    return _CLASSES[PaperKind(paper.kind)].restored({**snapshot, **values})


_CLASSES: Mapping[PaperKind, type[OfficialPaper]] = MappingProxyType(
    {
        PaperKind.CHANGE_LETTER: ChangeLetter,
        PaperKind.CHANGE_CONSENT: ChangeConsent,
        PaperKind.CORRIGENDUM: Corrigendum,
        PaperKind.APPROVAL_REPLY: ApprovalReply,
        **dict.fromkeys(WORDINGS, Notice),
    }
)
