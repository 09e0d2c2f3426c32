"""Papers over REST: those that were issued about a document, and the PDF of one, to its enterprise and its agency."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from flask import Response, send_file
from flask.views import MethodView
from flask_smorest import Blueprint

from engine.errors import CommandRefused
from engine.phrases import Phrase
from records.approvals import Reply
from records.certificates import Certificate
from records.documents import Document
from records.electronic_seals import seal_of
from records.papers import NAMES, Paper, PaperKind
from records.users import User
from web.api.access import visible
from web.database import db
from web.identity import me, require

_P = TypeVar("_P")

blueprint = Blueprint("papers", __name__, description="文书")

PATIENCE = 5.0
"""Seconds that a download waits for the job that is making the paper."""


@blueprint.route("/papers/<paper_id>/pdf")
class PaperPdf(MethodView):
    @require()
    @blueprint.response(200, content_type="application/pdf")
    def get(self, paper_id: str) -> Response:
        """The paper. Asked for in the moment of issue, the answer waits until the job has made it."""
        return response(visible_paper(paper_id, me()))


def view(paper: Paper) -> dict[str, Any]:
    """What its parties are told of a paper."""
    return public_view(paper) | {"id": paper.id, "verify_token": paper.verify_token}


def public_view(paper: Paper) -> dict[str, Any]:
    """What the public may know of a paper: not what it says."""
    return {
        "kind": paper.kind,
        "name": NAMES[paper.kind],
        "number": paper.number,
        "issue_date": paper.issue_date,
        "agency": paper.snapshot["agency_name"],
        "enterprise": paper.snapshot["enterprise_name"],
        "project_name": paper.snapshot["project_name"],
        "pdf_sha256": paper.sha256 if paper.deliverable else None,
        "electronic_seal": electronic_seal_view(paper),
        **_standing(paper),
    }


def _standing(paper: Paper) -> dict[str, Any]:
    """How a reply that approved a project stands now; other papers have no term."""
    reply = db.session.get(Reply, paper.number) if paper.kind == PaperKind.APPROVAL_REPLY else None
    return {
        "status": reply.status if reply else None,
        "invalid_reason": reply.invalid_reason if reply else None,
        "valid_until": reply.valid_until if reply else None,
    }


def electronic_seal_view(issued: Certificate | Paper) -> dict[str, Any] | None:
    """Whose electronic seal a paper bears, and who vouches for that; None where it bears none."""
    seal = seal_of(db.session(), issued.number)
    if seal is None:
        return None
    return {
        "subject": seal.subject,
        "issuer": seal.issuer,
        "serial": seal.serial,
        "sealed_at": seal.sealed_at,
        "licence_id": seal.licence_id,
        "specimen": bool(issued.snapshot.get("specimen")),
    }


def visible_paper(paper_id: str, user: User) -> Paper:
    """A paper about a document that the user may see. Raises CommandRefused 404 for any other."""
    paper = db.session.get(Paper, paper_id)
    if paper is None:
        raise CommandRefused("paper_unknown", "没有这份文书，或者它不归你办理。", status=404)
    visible(Document, paper.document_id, user)
    return paper


def response(paper: Paper, *, download: bool = False) -> Response:
    """The PDF of a paper. Raises CommandRefused 503 when it is not made in time."""

    def made() -> Paper | None:
        found = db.session.get_one(Paper, paper_id)
        return found if found.deliverable else None

    paper_id = paper.id
    found = patiently(made, NAMES[paper.kind])
    return pdf_response(found.pdf or b"", found.number, found.sha256 or "", download=download)


def patiently(look: Callable[[], _P | None], name: str) -> _P:
    """A paper once the job has made it. Raises CommandRefused 503 when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while (paper := look()) is None:
        if time.monotonic() > deadline:
            raise CommandRefused(
                "paper_not_ready",
                Phrase("{paper}正在生成或办理电子签章，还没有完成。", paper=name),
                status=503,
                remedy="请稍候几秒后重试。",
            )
        db.session.rollback()
        time.sleep(0.1)
    return paper


def pdf_response(pdf: bytes, name: str, sha256: str, *, download: bool) -> Response:
    """A paper, to be looked at or kept under a name."""
    file = BytesIO(pdf)
    return send_file(file, mimetype="application/pdf", as_attachment=download, download_name=f"{name}.pdf", etag=sha256)
