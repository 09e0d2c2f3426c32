"""Where to go next: only to pages of this site."""

from typing import Any
from urllib.parse import urlsplit

from flask import url_for

from records.certificates import Certificate, Clearance
from records.documents import Document
from records.filings import FILING
from records.roles import AdminRole
from records.users import User, UserKind

_OF_ADMINISTRATORS = {
    AdminRole.SYSTEM: "official.staff",
    AdminRole.SECURITY: "administration.grants",
    AdminRole.AUDIT: "administration.audit",
}


def safe(address: str | None) -> str | None:
    """The address if it leads to a page of this site, else None."""
    if not address or not address.startswith("/") or "\\" in address or any(c < " " for c in address):
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc or address.startswith("//") else address


def of_document(document: Document) -> str:
    """The page of a document, by its procedure."""
    named: dict[str, Any] = {f"{document.process}_id": document.id}
    return url_for(f"enterprise.{document.process}", **named)


def of_clearance(clearance: Clearance) -> str:
    """The page of what a project holds: the certificate's own, or that of the application which was approved."""
    if isinstance(clearance, Certificate):
        return url_for("enterprise.certificate", number=clearance.number)
    return url_for("enterprise.approval", approval_id=clearance.project_id)


def form_of(document: Document) -> str:
    """The page where its enterprise fills it in."""
    edit = "edit" if document.kind == FILING else f"edit_{document.process}"
    named: dict[str, Any] = {f"{document.process}_id": document.id}
    return url_for(f"enterprise.{edit}", **named)


def home_of(user: User) -> str:
    """Where a user begins."""
    if user.admin_role is not None:
        return url_for(_OF_ADMINISTRATORS[user.admin_role])
    return url_for("enterprise.workbench" if user.kind == UserKind.ENTERPRISE else "office.home")
