"""Whose documents are whose: the enterprise's own, and those in an authority's jurisdiction."""

from typing import TypeVar

from sqlalchemy import ColumnElement, or_

from engine.errors import CommandRefused
from engine.phrases import Phrase
from records.corrections import CORRECTION
from records.documents import Document, DocumentStatus
from records.jurisdiction import in_sight, sees
from records.roles import OVERSEEING
from records.users import User, UserKind
from web.database import db

_D = TypeVar("_D", bound=Document)


def own(kind: type[_D], document_id: str, user: User) -> _D:
    """A document of the user's enterprise. Raises CommandRefused 404 for any other."""
    document = db.session.get(kind, document_id)
    if document is None or document.enterprise_id != user.enterprise_id:
        message = Phrase("没有这份{document}，或者它不属于你的企业。", document=kind.NOUN)
        raise CommandRefused(f"{_named(kind)}_unknown", message, status=404)
    return document


def visible(kind: type[_D], document_id: str, user: User) -> _D:
    """A document that the user's enterprise wrote or, once it was submitted, that lies in his agency's jurisdiction.

    Raises CommandRefused 404 for any other, so that ids cannot be tried out.
    """
    document = db.session.get(kind, document_id)
    if (
        document is not None
        and sees(db.session(), user, enterprise_id=document.enterprise_id, agency_id=document.agency_id)
        and _is_told(document, user)
    ):
        return document
    message = Phrase("没有这份{document}，或者它不归你办理。", document=kind.NOUN)
    raise CommandRefused(f"{_named(kind)}_unknown", message, status=404)


def listed(kind: type[Document], user: User) -> ColumnElement[bool]:
    """The documents of a kind that a user finds in lists."""
    theirs = in_sight(user, enterprise=kind.enterprise_id, agency=kind.agency_id)
    if user.kind == UserKind.ENTERPRISE:
        return theirs & or_(kind.kind != CORRECTION, kind.status == DocumentStatus.ISSUED)
    if user.kind == UserKind.AUTHORITY:
        return theirs & (kind.submission > 0)
    return or_(kind.submission > 0, kind.status == DocumentStatus.DRAFT)


def _is_told(document: Document, user: User) -> bool:
    """Whether the user's side may know of a document yet: an authority of what was submitted to it, an enterprise of an
    authority's correction once it is signed."""
    if user.kind == UserKind.ENTERPRISE:
        return document.kind != CORRECTION or document.status == DocumentStatus.ISSUED
    return user.admin_role in OVERSEEING or document.submission > 0


def _named(kind: type[Document]) -> str:
    return str(kind.__mapper__.polymorphic_identity or "document")
