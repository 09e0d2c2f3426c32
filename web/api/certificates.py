"""Certificates, and the public check of one."""

import time
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine.errors import CommandRefused
from records.agencies import Agency
from records.certificates import Certificate, CertificatePaper
from records.users import User, UserKind
from web.api.documents import CertificateAnswer, VerificationAnswer
from web.database import db
from web.identity import me, require

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
        """What a QR code leads to: public, nothing personal."""
        return certificate_view(certificate_by_token(token))


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


def certificate_by_token(token: str) -> Certificate:
    certificate = db.session.scalar(select(Certificate).where(Certificate.verify_token == token))
    if certificate is None:
        raise CommandRefused("certificate_unknown", "没有查到这份备案证，它可能是伪造的。", status=404)
    return certificate


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
    """The PDF of a certificate. Raises CommandRefused 503 when it is not made in time."""
    number, deadline = certificate.number, time.monotonic() + PAPER_PATIENCE
    while True:
        paper = db.session.get(CertificatePaper, number)
        if paper is not None:
            disposition = "attachment" if download else "inline"
            return Response(
                paper.pdf,
                mimetype="application/pdf",
                headers={"Content-Disposition": f'{disposition}; filename="{number}.pdf"', "ETag": f'"{paper.sha256}"'},
            )
        if time.monotonic() > deadline:
            raise CommandRefused(
                "paper_not_ready", "备案证正在生成，还没有完成。", status=503, remedy="请稍候几秒后重试。"
            )
        db.session.rollback()
        time.sleep(0.1)
