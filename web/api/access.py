"""Whose documents are whose: the enterprise's own, and those that an authority handles."""

from typing import TypeVar

from sqlalchemy import ColumnElement, or_

from engine.errors import CommandRefused
from records.corrections import CORRECTION
from records.documents import Document, DocumentStatus
from records.users import User, UserKind
from web.database import db

_D = TypeVar("_D", bound=Document)


def own(kind: type[_D], document_id: str, user: User) -> _D:
    """A document of the user's enterprise. Raises CommandRefused 404 for any other."""
    document = db.session.get(kind, document_id)
    if document is None or document.enterprise_id != user.enterprise_id:
        raise CommandRefused(f"{_named(kind)}_unknown", f"没有这份{kind.NOUN}，或者它不属于你的企业。", status=404)
    return document


def visible(kind: type[_D], document_id: str, user: User) -> _D:
    """A document that the user's enterprise wrote or, once it was submitted, that his agency handles."""
    document = db.session.get(kind, document_id)
    if document is not None:
        if user.kind == UserKind.ENTERPRISE and document.enterprise_id == user.enterprise_id and _is_told(document):
            return document
        if user.kind == UserKind.AUTHORITY and document.agency_id == user.agency_id and document.submission:
            return document
        if user.kind == UserKind.ADMIN:
            return document
    raise CommandRefused(f"{_named(kind)}_unknown", f"没有这份{kind.NOUN}，或者它不归你办理。", status=404)


def listed(kind: type[Document], user: User) -> ColumnElement[bool]:
    """The documents of a kind that a user finds in lists."""
    if user.kind == UserKind.ENTERPRISE:
        return (kind.enterprise_id == user.enterprise_id) & (
            (kind.kind != CORRECTION) | (kind.status == DocumentStatus.ISSUED)
        )
    if user.kind == UserKind.AUTHORITY:
        return (kind.agency_id == user.agency_id) & (kind.submission > 0)
    return or_(kind.submission > 0, kind.status == DocumentStatus.DRAFT)


def _is_told(document: Document) -> bool:
    """Whether its enterprise may know of a document: of an authority's correction once it is signed."""
    return document.kind != CORRECTION or document.status == DocumentStatus.ISSUED


def _named(kind: type[Document]) -> str:
    return str(kind.__mapper__.polymorphic_identity or "document")
