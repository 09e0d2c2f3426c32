"""Certificates, and the public check of one."""

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine.errors import CommandRefused
from records.agencies import Agency
from records.certificates import Certificate, CertificatePaper, Clearance
from records.documents import Document
from records.jurisdiction import sees
from records.papers import NAMES, Paper, PaperKind
from records.users import User
from tasks.corrections import public_note
from web.api.documents import CertificateAnswer, VerificationAnswer
from web.api.papers import electronic_seal_view, patiently, pdf_response, public_view
from web.database import db
from web.identity import me, require

blueprint = Blueprint("certificates", __name__, description="备案证")


@blueprint.route("/certificates/<number>")
class OneCertificate(MethodView):
    @require()
    @blueprint.response(200, CertificateAnswer)
    def get(self, number: str) -> dict[str, Any]:
        """A certificate, to its enterprise and its agency."""
        return certificate_view(visible_certificate(number, me()))


@blueprint.route("/certificates/<number>/pdf")
class CertificatePdf(MethodView):
    @require()
    @blueprint.response(200, content_type="application/pdf")
    def get(self, number: str) -> Response:
        """The paper. Asked for in the moment of issue, the answer waits until the job has made it."""
        return paper_response(visible_certificate(number, me()))


@blueprint.route("/verify/<token>")
class Verify(MethodView):
    @blueprint.response(200, VerificationAnswer)
    @blueprint.doc(security=[])
    def get(self, token: str) -> dict[str, Any]:
        """What a QR code leads to, that of a certificate or of a paper: public, nothing personal."""
        return verification_view(verified(token))


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
        "filing_id": certificate.project_id,
        "verify_token": certificate.verify_token,
        "extended": certificate.extended,
        "pdf_sha256": certificate.paper.sha256 if certificate.paper and certificate.deliverable else None,
        "electronic_seal": electronic_seal_view(certificate),
    }


def verification_view(found: Certificate | Paper) -> dict[str, Any]:
    """What the public may know of what a code stands for: what is used together with a certificate with that, any
    other paper alone."""
    if isinstance(found, Certificate):
        return _with_letters(found, None)
    if found.kind not in (PaperKind.CHANGE_LETTER, PaperKind.CORRIGENDUM):
        return {"paper": public_view(found)}
    document = db.session.get_one(Document, found.document_id)
    return _with_letters(db.session.get_one(Certificate, document.certificate_number), found)


def _with_letters(certificate: Certificate, letter: Paper | None) -> dict[str, Any]:
    """A certificate; `letter` is the one that was asked for, if one was."""
    return certificate_view(certificate) | {
        "letter": _letter_view(letter) if letter is not None else None,
        "letters": [_letter_view(paper) for paper in letters_beside(certificate)],
        "corrections": [
            _letter_view(paper) | {"note": public_note(paper)}
            for paper in letters_beside(certificate, PaperKind.CORRIGENDUM)
        ],
    }


def verified(token: str) -> Certificate | Paper:
    """What a token stands for. Raises CommandRefused 404 where it is nobody's."""
    found = db.session.scalar(select(Certificate).where(Certificate.verify_token == token)) or db.session.scalar(
        select(Paper).where(Paper.verify_token == token)
    )
    if found is None:
        raise CommandRefused("certificate_unknown", "没有查到这份备案证或文书，它可能是伪造的。", status=404)
    return found


def letters_beside(certificate: Certificate, kind: PaperKind = PaperKind.CHANGE_LETTER) -> Sequence[Paper]:
    """The letters of a kind that are used together with a certificate, in their order (R125)."""
    query = select(Paper).join(Document, Document.id == Paper.document_id)
    return db.session.scalars(
        query.where(Document.certificate_number == certificate.number, Paper.kind == kind.value).order_by(
            Paper.issue_date, Paper.number
        )
    ).all()


def _letter_view(paper: Paper) -> dict[str, Any]:
    return {
        "name": NAMES[PaperKind(paper.kind)],
        "number": paper.number,
        "issue_date": paper.issue_date,
        "agency": paper.snapshot["agency_name"],
        "items": [row["label"] for row in paper.snapshot["changed"]],
        "pdf_sha256": paper.sha256 if paper.deliverable else None,
        "electronic_seal": electronic_seal_view(paper),
    }


def visible_certificate(number: str, user: User) -> Certificate:
    """A certificate of the user's enterprise or jurisdiction. Raises CommandRefused 404 for any other."""
    found = visible_clearance(number, user)
    if not isinstance(found, Certificate):
        raise _unknown()
    return found


def visible_clearance(number: str, user: User) -> Clearance:
    """A certificate or reply of the user's enterprise or jurisdiction. Raises CommandRefused 404 for any other."""
    found = db.session.get(Clearance, number)
    if found is not None and sees(db.session(), user, enterprise_id=found.enterprise_id, agency_id=found.agency_id):
        return found
    raise _unknown()


def _unknown() -> CommandRefused:
    return CommandRefused("certificate_unknown", "没有这份备案证，或者它不归你办理。", status=404)


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

    def made() -> CertificatePaper | None:
        found = db.session.get_one(Certificate, number)
        return found.paper if found.deliverable else None

    paper = patiently(made, "备案证")
    return pdf_response(paper.pdf, number, paper.sha256, download=download)
