"""Search 搜索: projects, certificates and enterprises by a part of their name, or by how their code or number begins.

Chinese is written without spaces, so words are no use: what is looked up is every two characters in a row. PostgreSQL
has them as an index on the name itself (`jigai_grams`), kept by the database in the statement that writes the name;
SQLite, which serves one house, reads the names. Both then compare the text itself, so they find the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import DDL, ColumnElement, Index, Select, Text, and_, event, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.tables import Base
from records.certificates import Certificate
from records.documents import Document
from records.enterprises import Enterprise
from records.figures import ProjectFigures
from records.filings import Filing
from records.jurisdiction import in_sight
from records.projects import Project
from records.users import User, UserKind

SHORTEST = 2
"""Characters: fewer are in every name."""

GRAMS = """CREATE OR REPLACE FUNCTION jigai_grams(given text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT coalesce(array_agg(DISTINCT substr(lower(given), n, 2)), '{}') FROM generate_series(1, length(given) - 1) n $$"""
"""Every two characters in a row of a text."""

_ON_POSTGRESQL = "postgresql"
_CODE = re.compile(r"[0-9A-Za-z-]{4,}")

event.listen(Base.metadata, "before_create", DDL(GRAMS).execute_if(dialect=_ON_POSTGRESQL))

# The list of insertions that wait to be merged, which every search would read, is done without.
for _name, _column in (("document", Document.project_name), ("enterprise", Enterprise.name)):
    Index(
        f"ix_{_name}_grams", func.jigai_grams(_column), postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    ).ddl_if(dialect=_ON_POSTGRESQL)


@dataclass(frozen=True)
class Found:
    """The first of what was found, by kind, and whether there is more of it."""

    projects: Sequence[Project]
    certificates: Sequence[Certificate]
    enterprises: Sequence[Enterprise]
    more: frozenset[str]

    @property
    def nothing(self) -> bool:
        return not (self.projects or self.certificates or self.enterprises)


def find(session: Session, user: User, text: str, *, limit: int) -> Found:
    """What a user may look at and is called so, the latest first."""
    some = limit + 1
    named = session.scalars(projects(session, user, text).limit(some)).all()
    numbered = session.scalars(certificates(user, text).limit(some)).all()
    parties: Sequence[Enterprise] = ()
    if user.kind != UserKind.ENTERPRISE:
        parties = session.scalars(enterprises(session, user, text).limit(some)).all()
    rows: dict[str, Sequence[Any]] = {"projects": named, "certificates": numbered, "enterprises": parties}
    more = frozenset(kind for kind, found in rows.items() if len(found) > limit)
    return Found(named[:limit], numbered[:limit], parties[:limit], more)


def projects(session: Session, user: User, text: str) -> Select[Project]:
    """Filings and applications for approval by name, code or certificate number."""
    theirs = in_sight(user, enterprise=Project.enterprise_id, agency=Project.agency_id)
    told = [] if user.kind == UserKind.ENTERPRISE else [Project.submission > 0]
    query = select(Project).where(theirs, *told, is_project(session, text))
    return query.order_by(Project.submitted_at.desc().nulls_last(), Project.id.desc())


def certificates(user: User, text: str) -> Select[Certificate]:
    """Certificates by number."""
    theirs = in_sight(user, enterprise=Certificate.enterprise_id, agency=Certificate.agency_id)
    query = select(Certificate).where(theirs, _number_begins(Certificate.number, text))
    return query.order_by(Certificate.issue_date.desc(), Certificate.number.desc())


def enterprises(session: Session, user: User, text: str) -> Select[Enterprise]:
    """Enterprises that have filed with somebody in sight, by name or 统一社会信用代码."""
    query = select(Enterprise).where(has_filed(user), is_enterprise(session, text))
    return query.order_by(Enterprise.name, Enterprise.id)


def has_filed(user: User) -> ColumnElement[bool]:
    """Enterprises with a project that a user may look at."""
    theirs = in_sight(user, enterprise=ProjectFigures.enterprise_id, agency=ProjectFigures.agency_id)
    return select(ProjectFigures.document_id).where(ProjectFigures.enterprise_id == Enterprise.id, theirs).exists()


def is_project(session: Session, text: str) -> ColumnElement[bool]:
    """A project that is called so."""
    return or_(
        contains(session, Project.project_name, text),
        _begins(Project.project_code, text),
        _number_begins(Project.certificate_number, text),
    )


def is_certificate(session: Session, text: str) -> ColumnElement[bool]:
    """A certificate with such a number, or of a project that is called so; the query has `Filing` beside it."""
    return or_(contains(session, Filing.project_name, text), _number_begins(Certificate.number, text))


def is_enterprise(session: Session, text: str) -> ColumnElement[bool]:
    """An enterprise that is called so, or has this code."""
    return or_(contains(session, Enterprise.name, text), Enterprise.uscc == text.strip().upper())


def contains(
    session: Session, column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str
) -> ColumnElement[bool]:
    """Whether a text that `jigai_grams` is an index of has every word of what was typed."""
    words = text.split()
    same = [column.icontains(word, autoescape=True) for word in words]
    if session.get_bind().dialect.name == _ON_POSTGRESQL:
        grams = {word[n : n + 2].lower() for word in words for n in range(len(word) - 1)}
        if grams:
            same.append(func.jigai_grams(column).op("@>")(literal(sorted(grams), ARRAY(Text))))
    return and_(*same) if same else false()


def _begins(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    code = text.strip()
    return column.startswith(code.upper(), autoescape=True) if _CODE.fullmatch(code) else false()


def _number_begins(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str
) -> ColumnElement[bool]:
    """Digits stand in the same order in every collation, so that the index of the key itself serves."""
    number = text.replace(" ", "")
    if not (number.isascii() and number.isdecimal() and 4 <= len(number) <= 15):
        return false()
    return column.between(number, number + "9" * (15 - len(number)))
