"""Choosing a certificate: whose there are, and the fields that search a list of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, select, true

from records.agencies import Agency
from records.certificates import Certificate, CertificateStatus
from records.filings import Filing
from records.users import User, UserKind
from web.database import db
from web.pages import lists, wording

_Q = TypeVar("_Q", bound=Select[*tuple[Any, ...]])
_LONGEST = 100


@dataclass(frozen=True)
class Field:
    """A field of a search: its name in the address, its label, and the column that must contain what was typed."""

    name: str
    label: str
    column: Any


def typed(name: str) -> str:
    """What was typed into a field."""
    return request.args.get(name, "").strip()[:_LONGEST]


def narrowed(query: _Q, fields: Sequence[Field]) -> _Q:
    """The query with what was typed into the fields."""
    for field in fields:
        if text := typed(field.name):
            query = query.where(lists.containing(text, field.column))
    return query


def is_narrowed(fields: Sequence[Field]) -> bool:
    return any(typed(field.name) for field in fields)


def shown(fields: Sequence[Field]) -> list[dict[str, str]]:
    """The fields as `macros/list.html` shows them."""
    return [{"name": field.name, "label": field.label, "value": typed(field.name)} for field in fields]


def certificates_of(user: User) -> ColumnElement[bool]:
    """Whose certificates a user sees in lists: his enterprise's, or those that his agency supervises."""
    if user.kind == UserKind.ENTERPRISE:
        return Certificate.enterprise_id == user.enterprise_id
    if user.kind == UserKind.AUTHORITY:
        return Certificate.agency_id == user.agency_id
    return true()


def holding(user: User) -> Select[Certificate, Filing, Agency]:
    """The certificates that still hold, the latest first, with their project and agency."""
    return (
        select(Certificate, Filing, Agency)
        .join(Filing, Filing.id == Certificate.project_id)
        .join(Agency, Agency.id == Certificate.agency_id)
        .where(certificates_of(user), Certificate.status != CertificateStatus.INVALID.value)
        .order_by(Certificate.issue_date.desc(), Certificate.number.desc())
    )


def page(act: Mapping[str, str], certificates: Select[Certificate, Filing, Agency], endpoint: str) -> str:
    """The page on which one of some certificates is chosen (R130). `act` has the words of `enterprise/choose.html`;
    `endpoint`, which takes the certificate's number, is where the choice leads."""
    fields = [
        Field("number", _("备案证号"), Certificate.number),
        Field("name", _("项目名称"), Filing.project_name),
    ]
    found = lists.part(db.session(), narrowed(certificates, fields))
    return render_template(
        "enterprise/choose.html",
        act=act,
        fields=shown(fields),
        filtered=is_narrowed(fields),
        page=found.foot,
        rows=[
            row(certificate, filing, agency, url_for(endpoint, number=certificate.number))
            for certificate, filing, agency in found.rows
        ],
    )


def row(certificate: Certificate, filing: Filing, agency: Agency, act_url: str) -> dict[str, Any]:
    """A certificate in the list of that page."""
    return {
        "number": certificate.number,
        "name": filing.project_name,
        "url": url_for("enterprise.certificate", number=certificate.number),
        "status": certificate.status,
        "tags": tags(certificate),
        "agency": agency.name,
        "pdf_url": url_for("enterprise.paper", number=certificate.number) if certificate.paper else None,
        "issue_date": wording.day(certificate.issue_date),
        "act_url": act_url,
    }


def tags(certificate: Certificate) -> list[str]:
    """What was done to a certificate beside its status: 已变更, 已延期 (R170)."""
    return [
        word for word, done in ((_("已变更"), certificate.changes > 0), (_("已延期"), certificate.extended)) if done
    ]
