"""Printing what was issued, certificates and other papers, each once, by a job; and where its PDF is kept.

Diagrams name a certificate by its number and another paper by its id: `paper_id` is either.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.certificates import Certificate, CertificatePaper, Seal
from records.papers import Paper, PaperKind
from tasks.certificates import paper_of
from tasks.papers import certificate as certificates
from tasks.papers import official as officials
from tasks.papers.approval_reply import ApprovalReply
from tasks.papers.change_letter import ChangeConsent, ChangeLetter
from tasks.papers.corrigendum import Corrigendum
from tasks.papers.notice import WORDINGS, Notice
from tasks.papers.official import OfficialPaper
from tasks.papers.press import Sheet

Issued = Certificate | Paper


@dataclass(frozen=True)
class RenderedPaper:
    """The paper that was made."""

    sha256: str
    size: int


@service_task("certificate/render", version=1, title="生成备案证", category="证书", effect="external", timeout=30)
def render_certificate(certificate_number: Annotated[str, Param(title="备案证号")], call: Call) -> RenderedPaper:
    """`paper/render` of a certificate, as the diagrams say it whose cases began before papers were sealed."""
    return render_paper(certificate_number, call)


@service_task("paper/render", version=1, title="生成文书", category="文书", effect="external", timeout=30)
def render_paper(
    paper_id: Annotated[str, Param(title="文书", description="备案证号，或者其他文书的标识")], call: Call
) -> RenderedPaper:
    """Make the PDF of a paper and keep it with its SHA-256. A paper is made once: a second call finds the first."""
    found = issued(call.session, paper_id)
    if (pdf := kept(found)) is None:
        pdf = sheet_of(found, Seal(found.seal)).pdf
        call.keep(lambda session: keep(session, paper_id, pdf, call.now))
    return RenderedPaper(fingerprint(pdf), len(pdf))


def issued(session: Session, paper_id: str) -> Issued:
    """The certificate of a number, or the paper of an id. Raises EngineError where it is neither."""
    found = session.get(Certificate, paper_id) or session.get(Paper, paper_id)
    if found is None:
        raise EngineError(f"没有备案证或文书 {paper_id}。")
    return found


def sheet_of(found: Issued, seal: Seal) -> Sheet:
    """The paper as its snapshot describes it, whatever has changed since; of the seal as it says."""
    if isinstance(found, Certificate):
        return certificates.compose(replace(paper_of(found), seal=seal))
    return officials.compose(replace(official(found), seal=seal))


def kept(found: Issued) -> bytes | None:
    """The PDF of a paper, once it is made."""
    if isinstance(found, Certificate):
        return found.paper.pdf if found.paper is not None else None
    return found.pdf


def keep(session: Session, paper_id: str, pdf: bytes, made_at: datetime) -> None:
    """Keep the PDF of a paper."""
    found = issued(session, paper_id)
    if isinstance(found, Certificate):
        found.paper = CertificatePaper(pdf=pdf, sha256=fingerprint(pdf), made_at=made_at)
    else:
        found.pdf, found.sha256, found.made_at = pdf, fingerprint(pdf), made_at


def discard(session: Session, found: Issued) -> None:
    """Drop the PDF of a paper, so that it is made anew."""
    if isinstance(found, Paper):
        found.pdf = found.sha256 = found.made_at = None
    elif found.paper is not None:
        session.delete(found.paper)
    session.flush()
    session.expire(found)


def fingerprint(pdf: bytes) -> str:
    """What the verification page shows of a PDF: its SHA-256, hexadecimal."""
    return hashlib.sha256(pdf).hexdigest()


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
