"""Certificates, and the public check of one."""

import time
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, TypeVar

from flask import Response, send_file
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine.errors import CommandRefused
from records.agencies import Agency
from records.certificates import Certificate, CertificatePaper
from records.documents import Document
from records.papers import Paper, PaperKind
from records.users import User, UserKind
from web.api.documents import CertificateAnswer, VerificationAnswer
from web.database import db
from web.identity import me, require

_P = TypeVar("_P")

blueprint = Blueprint("certificates", __name__, description="备案证")

PAPER_PATIENCE = 5.0
"""Seconds that a download waits for the job that is making the paper."""


@blueprint.route("/certificates/<number>")
class OneCertificate(MethodView):
    @blueprint.response(200, CertificateAnswer)
    @require()
    def get(self, number: str) -> dict[str, Any]:
        """A certificate, to its enterprise and its agency."""
        return certificate_view(visible_certificate(number, me()))


@blueprint.route("/certificates/<number>/pdf")
class CertificatePdf(MethodView):
    @blueprint.response(200, content_type="application/pdf")
    @require()
    def get(self, number: str) -> Response:
        """The paper. Asked for in the moment of issue, the answer waits until the job has made it."""
        return paper_response(visible_certificate(number, me()))


@blueprint.route("/verify/<token>")
class Verify(MethodView):
    @blueprint.response(200, VerificationAnswer)
    @blueprint.doc(security=[])
    def get(self, token: str) -> dict[str, Any]:
        """What a QR code leads to, that of a certificate or of a letter: public, nothing personal."""
        certificate, letter = verified(token)
        return verification_view(certificate, letter)


def certificate_view(certificate: Certificate) -> dict[str, Any]:
    agency = db.session.get_one(Agency, certificate.agency_id)
    return {
        "number": certificate.number,
        "status": certificate.status,
        "invalid_reason": certificate.invalid_reason,
        "issue_date": certificate.issue_date,
        "valid_until": certificate.valid_until,
        "seal": certificate.seal,
        "project_name": certificate.snapshot["project_name"],
        "project_code": certificate.snapshot["project_code"],
        "enterprise": certificate.snapshot["enterprise_name"],
        "agency": agency.name,
        "filing_id": certificate.filing_id,
        "verify_token": certificate.verify_token,
        "pdf_sha256": certificate.paper.sha256 if certificate.paper else None,
    }


def verification_view(certificate: Certificate, letter: Paper | None) -> dict[str, Any]:
    """What the public may know of a certificate; `letter` is the one that was asked for, if one was."""
    letters = [_letter_view(paper) for paper in letters_beside(certificate)]
    return certificate_view(certificate) | {
        "letter": _letter_view(letter) if letter is not None else None,
        "letters": letters,
    }


def verified(token: str) -> tuple[Certificate, Paper | None]:
    """The certificate that a token stands for, and the letter where the token is a letter's. Raises CommandRefused
    404 where it is nobody's."""
    certificate = db.session.scalar(select(Certificate).where(Certificate.verify_token == token))
    if certificate is not None:
        return certificate, None
    paper = db.session.scalar(select(Paper).where(Paper.verify_token == token))
    document = db.session.get_one(Document, paper.document_id) if paper is not None else None
    if document is None or document.certificate_number is None:
        raise CommandRefused("certificate_unknown", "没有查到这份备案证，它可能是伪造的。", status=404)
    return db.session.get_one(Certificate, document.certificate_number), paper


def letters_beside(certificate: Certificate) -> Sequence[Paper]:
    """The letters that are used together with a certificate, in their order (R125)."""
    query = select(Paper).join(Document, Document.id == Paper.document_id)
    return db.session.scalars(
        query.where(
            Document.certificate_number == certificate.number, Paper.kind == PaperKind.CHANGE_LETTER.value
        ).order_by(Paper.issue_date, Paper.number)
    ).all()


def _letter_view(paper: Paper) -> dict[str, Any]:
    return {
        "number": paper.number,
        "issue_date": paper.issue_date,
        "agency": paper.snapshot["agency_name"],
        "items": [row["label"] for row in paper.snapshot["changed"]],
        "pdf_sha256": paper.sha256,
    }


def visible_certificate(number: str, user: User) -> Certificate:
    """A certificate of the user's enterprise or agency. Raises CommandRefused 404 for any other."""
    certificate = db.session.get(Certificate, number)
    if certificate is not None:
        if user.kind == UserKind.ENTERPRISE and certificate.enterprise_id == user.enterprise_id:
            return certificate
        if user.kind == UserKind.AUTHORITY and certificate.agency_id == user.agency_id:
            return certificate
        if user.kind == UserKind.ADMIN:
            return certificate
    raise CommandRefused("certificate_unknown", "没有这份备案证，或者它不归你办理。", status=404)


def paper_response(certificate: Certificate, *, download: bool = False) -> Response:
    """The PDF of a certificate. Raises CommandRefused: 404 where there is only paper, 503 when not made in time."""
    if certificate.on_paper:
        raise CommandRefused(
            "certificate_on_paper",
            "这是旧系统签发的纸质备案证，没有电子文件。",
            status=404,
            remedy="请使用纸质备案证原件；可凭备案证号查验。",
        )
    number = certificate.number
    paper = patiently(lambda: db.session.get(CertificatePaper, number), "备案证")
    return pdf_response(paper.pdf, number, paper.sha256, download=download)


def patiently(look: Callable[[], _P | None], name: str) -> _P:
    """A paper once the job has made it. Raises CommandRefused 503 when that takes too long."""
    deadline = time.monotonic() + PAPER_PATIENCE
    while (paper := look()) is None:
        if time.monotonic() > deadline:
            raise CommandRefused(
                "paper_not_ready", f"{name}正在生成，还没有完成。", status=503, remedy="请稍候几秒后重试。"
            )
        db.session.rollback()
        time.sleep(0.1)
    return paper


def pdf_response(pdf: bytes, name: str, sha256: str, *, download: bool) -> Response:
    """A paper, to be looked at or kept under a name."""
    file = BytesIO(pdf)
    return send_file(file, mimetype="application/pdf", as_attachment=download, download_name=f"{name}.pdf", etag=sha256)
