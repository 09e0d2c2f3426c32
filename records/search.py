"""Search 搜索: projects, certificates and enterprises by a part of their name, or by how their code or number begins;
projects also by the number of whatever was applied for, or handed out, about them.

Chinese is written without spaces, so words are no use: what is looked up is every two characters in a row. PostgreSQL
has them as an index on the name itself (`jigai_grams`), kept by the database in the statement that writes the name;
SQLite, which serves one house, reads the names. Both then compare the text itself, so they find the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import DDL, ColumnElement, Index, Text, True_, and_, event, false, func, literal, select, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.tables import Base
from records.certificates import Certificate, Clearance
from records.documents import Document
from records.enterprises import Enterprise
from records.figures import ProjectFigures
from records.jurisdiction import sight
from records.papers import Paper
from records.projects import Project
from records.users import User, UserKind

SHORTEST = 2
"""Characters: fewer are in every name."""

GRAMS = """CREATE OR REPLACE FUNCTION jigai_grams(given text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 3000 AS $$
SELECT ARRAY(SELECT substr(lower(given), n, 2) FROM generate_series(1, length(given) - 1) n) $$"""
"""Every two characters in a row of a text. The cost is what it is, so that nobody works it out for every row."""

_ON_POSTGRESQL = "postgresql"
_CODE = re.compile(r"[0-9]{4}-?[0-9-]*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{4,15}", re.ASCII)
_LETTER = re.compile(r"[0-9]{4}-([0-9]{15})(-变[0-9]*)?", re.ASCII)
_SERIAL = re.compile(r"[A-Z]{2}[0-9-]{2,24}", re.ASCII)
_SERIAL_OF_A_DAY = re.compile(r"[A-Z]{2}[0-9]{8}(-[0-9]{0,6})?", re.ASCII)
_USCC = re.compile(r"[0-9A-Z]{18}|9[0-9A-Z]{3,16}", re.ASCII)

_BRACKETS = str.maketrans("[]［］()（）", "〔〕" * 4)
"""What people type for the brackets around the year in a 文号."""

_Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]

# Two that make their tables at the same moment would both replace the function, which PostgreSQL does not allow.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('jigai_grams'))"
for _statement in (_ONE_AT_A_TIME, GRAMS):
    event.listen(Base.metadata, "before_create", DDL(_statement).execute_if(dialect=_ON_POSTGRESQL))

# The list of insertions that wait to be merged, which every search would read, is done without.
for _name, _column in (("document", Document.project_name), ("enterprise", Enterprise.name)):
    Index(
        f"ix_{_name}_grams", func.jigai_grams(_column), postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    ).ddl_if(dialect=_ON_POSTGRESQL)


_NEWEST = 2_000
_OFTEN = 10
"""A text that so many of the newest names have is a common one."""


@dataclass(frozen=True)
class Found:
    """The first of what was found, by kind, and of which kinds there is more."""

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
    named = _projects(session, user, text, some)
    theirs = sight(session, user, enterprise=Certificate.enterprise_id, agency=Certificate.agency_id)
    query = select(Certificate).where(theirs, _number_begins(Certificate.number, text))
    numbered = session.scalars(query.order_by(Certificate.number.desc()).limit(some)).all()
    parties: Sequence[Enterprise] = ()
    if user.kind != UserKind.ENTERPRISE:
        asked = select(Enterprise).where(has_filed(session, user), is_enterprise(session, text))
        parties = session.scalars(asked.order_by(Enterprise.name, Enterprise.id).limit(some)).all()
    rows: dict[str, Sequence[Any]] = {"projects": named, "certificates": numbered, "enterprises": parties}
    more = frozenset(kind for kind, found in rows.items() if len(found) > limit)
    return Found(named[:limit], numbered[:limit], parties[:limit], more)


def _projects(session: Session, user: User, text: str, some: int) -> Sequence[Project]:
    """Filings and applications for approval, by each thing they can be known by: one index serves one question."""
    theirs = sight(session, user, enterprise=Project.enterprise_id, agency=Project.agency_id)
    told = [] if user.kind == UserKind.ENTERPRISE else [Project.submission > 0]
    found: dict[str, Project] = {}
    for condition in _known_by(session, text):
        query = select(Project).where(theirs, *told, condition)
        query = query.order_by(Project.submitted_at.desc(), Project.id.desc()).limit(some)
        found |= {project.id: project for project in session.scalars(query)}
    return list(found.values())[:some]


def has_filed(session: Session, user: User) -> ColumnElement[bool]:
    """Enterprises with a project that a user may look at; every enterprise for whoever may look at everything."""
    theirs = sight(session, user, enterprise=ProjectFigures.enterprise_id, agency=ProjectFigures.agency_id)
    if isinstance(theirs, True_):
        return theirs
    return Enterprise.id.in_(select(ProjectFigures.enterprise_id).where(theirs))


def is_project(session: Session, text: str) -> ColumnElement[bool]:
    """A project that is called so, whose code or certificate's number begins so, or that a document or paper of this
    number is about."""
    name, *codes = _known_by(session, text)
    if not codes:
        return name
    asked = (select(Project.id).where(condition) for condition in (name, *codes))
    return Project.id.in_(union(*asked).scalar_subquery())


def is_enterprise(session: Session, text: str) -> ColumnElement[bool]:
    """An enterprise that is called so, or whose code is this or begins so."""
    code = text.strip().upper()
    if _USCC.fullmatch(code):
        return Enterprise.uscc.between(code, code + "Z" * (18 - len(code)))
    return _contains(session, Enterprise.name, text)


def _known_by(session: Session, text: str) -> list[ColumnElement[bool]]:
    code, number = text.strip(), _plain(text)
    serial = code.upper()
    asked = [_contains(session, Project.project_name, text, newest_first=Project.submitted_at.desc())]
    if _CODE.fullmatch(code):
        asked.append(Project.project_code.startswith(code, autoescape=True))
    if _SERIAL.fullmatch(serial) and serial[:2] in _series_of_projects():
        asked.append(Project.number.between(serial, serial + "9" * 12))
    if _NUMBER.fullmatch(number):
        asked.append(_number_begins(Project.certificate_number, number))
    if ids := _projects_numbered(session, code):
        asked.append(Project.id.in_(ids))
    return asked


def _projects_numbered(session: Session, text: str) -> Sequence[str]:
    """The ids of the projects that documents of this number are about, such as changes, or papers of this number.

    Of documents the beginning will do that names their day: there are few in a day. They are looked up first and by
    themselves, so that the database never walks a list of projects in search of them.
    """
    asked: list[ColumnElement[bool]] = []
    serial, plain = text.upper(), "".join(text.split())
    if _SERIAL_OF_A_DAY.fullmatch(serial) and serial[:2] not in _series_of_projects():
        asked.append(and_(Document.number.between(serial, serial + "9" * 12), Document.submission > 0))
    if any(character.isdecimal() for character in plain):
        written = {text, plain, plain.upper(), plain.translate(_BRACKETS)}
        asked.append(Document.id.in_(select(Paper.document_id).where(Paper.number.in_(written))))
    found: set[str] = set()
    for condition in asked:
        # What a project got knows the project; a paper about one that got nothing yet is the project's own.
        about = select(func.coalesce(Clearance.project_id, Document.id)).select_from(Document)
        about = about.outerjoin(Clearance, Clearance.number == Document.certificate_number)
        found |= set(session.scalars(about.where(condition)))
    return sorted(found)


def _series_of_projects() -> frozenset[str]:
    return frozenset(kind.SERIES for kind in Project.__subclasses__())


def _contains(
    session: Session, column: _Text, text: str, newest_first: ColumnElement[Any] | None = None
) -> ColumnElement[bool]:
    """Whether a name that `jigai_grams` is an index of has every word of what was typed.

    Where there are millions of names, `newest_first` is the order of their list: it tells whether the words are common.
    """
    words = text.split()
    same = [column.icontains(word, autoescape=True) for word in words]
    if not same:
        return false()
    if session.get_bind().dialect.name != _ON_POSTGRESQL:
        return and_(*same)
    grams = {word[n : n + 2].lower() for word in words for n in range(len(word) - 1)}
    if not grams or (newest_first is not None and _is_common(session, column, words, newest_first)):
        return and_(*same)
    return and_(func.jigai_grams(column).op("@>")(literal(sorted(grams), ARRAY(Text))), *same)


def _is_common(session: Session, column: _Text, words: Sequence[str], newest_first: ColumnElement[Any]) -> bool:
    """Whether walking the list finds what has all words sooner than the index: PostgreSQL would have to guess."""
    newest = select(column.label("name")).order_by(newest_first).limit(_NEWEST).subquery()
    having = [newest.c.name.icontains(word, autoescape=True) for word in words]
    return (session.scalar(select(func.count()).select_from(newest).where(*having)) or 0) >= _OFTEN


def _plain(text: str) -> str:
    """A certificate's number, also where that of a letter about it was typed, such as 2026-260704397230008-变1."""
    typed = text.replace(" ", "")
    letter = _LETTER.fullmatch(typed)
    return letter[1] if letter else typed


def _number_begins(column: _Text, text: str) -> ColumnElement[bool]:
    """Digits stand in the same order in every collation, so that the index of the key itself serves."""
    number = _plain(text)
    return column.between(number, number + "9" * (15 - len(number))) if _NUMBER.fullmatch(number) else false()
