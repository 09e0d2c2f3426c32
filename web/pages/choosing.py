"""Choosing what a project holds: that which somebody may begin something about, and the fields that search a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import render_template, request, url_for
from sqlalchemy import Select, select

from records.agencies import Agency
from records.certificates import Certificate, CertificateStatus, Clearance, Licence
from records.filings import FILING
from records.jurisdiction import in_hand
from records.papers import Paper
from records.projects import Project
from records.users import User
from web.database import db
from web.pages import addresses, clearances, lists, wording
from web.texts import gettext as _

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


def holding(user: User) -> Select[Clearance, Project, Agency]:
    """The certificates and replies that still hold and that a user may begin something about, the latest first, with
    their project and agency."""
    return (
        select(Clearance, Project, Agency)
        .join(Project, Project.id == Clearance.project_id)
        .join(Agency, Agency.id == Clearance.agency_id)
        .where(
            in_hand(user, enterprise=Clearance.enterprise_id, agency=Clearance.agency_id),
            Clearance.status != CertificateStatus.INVALID.value,
        )
        .order_by(Clearance.issue_date.desc(), Clearance.number.desc())
    )


def certified(user: User) -> Select[Clearance, Project, Agency]:
    """Of these, the certificates: only they can be ended early, and corrected."""
    return holding(user).where(Clearance.kind == FILING)


def page(act: Mapping[str, str], held: Select[Clearance, Project, Agency], endpoint: str) -> str:
    """The page on which one of what is held is chosen (R130). `act` has the words of `enterprise/choose.html`;
    `endpoint`, which takes the number, is where the choice leads."""
    fields = [
        Field("number", _("编号"), Clearance.number),
        Field("name", _("项目名称"), Project.project_name),
    ]
    found = lists.part(db.session(), narrowed(held, fields))
    return render_template(
        "enterprise/choose.html",
        act=act,
        fields=shown(fields),
        filtered=is_narrowed(fields),
        page=found.foot,
        rows=[
            row(held, project, agency, url_for(endpoint, number=held.number)) for held, project, agency in found.rows
        ],
    )


def row(held: Clearance, project: Project, agency: Agency, act_url: str) -> dict[str, Any]:
    """One of them in the list of that page."""
    pdf_url = _paper_url(held)
    return {
        "number": held.number,
        "noun": clearances.noun(held),
        "name": project.project_name,
        "url": addresses.of_clearance(held),
        "status": held.status,
        "tags": tags(held),
        "agency": agency.name,
        "licence": _licence(held, pdf_url),
        "pdf_url": pdf_url,
        "issue_date": wording.day(held.issue_date),
        "act_url": act_url,
    }


def _licence(held: Clearance, pdf_url: str | None) -> Licence:
    """What the column 电子证照 says of it."""
    if isinstance(held, Certificate):
        return held.licence
    return Licence.AT_HAND if pdf_url else Licence.NONE


def _paper_url(held: Clearance) -> str | None:
    """Where its paper is, once that is made."""
    if isinstance(held, Certificate):
        return url_for("enterprise.paper", number=held.number) if held.paper else None
    paper_id = db.session.scalar(select(Paper.id).where(Paper.number == held.number, Paper.sha256.is_not(None)))
    return url_for("enterprise.issued_paper", paper_id=paper_id) if paper_id else None


def tags(held: Clearance) -> list[str]:
    """What was done to it beside its status: 已变更, 已延期 (R170)."""
    return [word for word, done in ((_("已变更"), held.changes > 0), (_("已延期"), held.extended)) if done]
