"""Clearances 凭证, what lets a project be built: a certificate 备案证 of what was filed, or a reply 核准批复 that
approves it. Its number, how long it holds, and of a certificate the paper itself.

A certificate's paper is made once and never again (R125); its snapshot says what it must say. A reply is a paper like
any other (`records.papers`).
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine.tables import Base, UtcDateTime
from records.agencies import Agency
from records.serials import go_on_after, next_serial

SERIALS_A_YEAR = 9999


class CertificateStatus(StrEnum):
    """VALID until a day, LONG_TERM once construction began in time (R172), INVALID for ever."""

    VALID = "VALID"
    LONG_TERM = "LONG_TERM"
    INVALID = "INVALID"


STATUS_WORDS: Mapping[str, str] = MappingProxyType(
    {
        CertificateStatus.VALID: "有效",
        CertificateStatus.LONG_TERM: "长期有效",
        CertificateStatus.INVALID: "已失效",
    }
)
"""What the statuses are called, also in decision tables."""


class InvalidReason(StrEnum):
    """Why a certificate became invalid."""

    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    REVOKED = "REVOKED"


class Seal(StrEnum):
    """How far the seal is. SEAL_PENDING: the agency has an electronic seal, which is not on the paper yet;
    LICENCE_PENDING: it is, and 电子证照系统 has not registered the paper yet, so that nobody gets it; SEALED: all done.
    OFFLINE_PENDING: the agency stamps by hand, and has not yet (R165). ON_PAPER: the old system issued it on paper,
    stamped; there is no file of it and never will be (R195)."""

    SEAL_PENDING = "SEAL_PENDING"
    LICENCE_PENDING = "LICENCE_PENDING"
    SEALED = "SEALED"
    OFFLINE_PENDING = "OFFLINE_PENDING"
    OFFLINE_DONE = "OFFLINE_DONE"
    ON_PAPER = "ON_PAPER"


class Licence(StrEnum):
    """Whether a certificate is there as 电子证照."""

    NONE = "NONE"
    PENDING = "PENDING"
    AT_HAND = "AT_HAND"


class NumberExhaustedError(Exception):
    """Every serial of the year is taken for this agency and class."""


class Clearance(Base):
    """What a project holds. It can be changed and extended, and its project's progress told, whichever kind it is."""

    __tablename__ = "certificate"
    __table_args__ = (Index("ix_certificate_issue_date", "issue_date", "number"),)
    number: Mapped[str] = mapped_column(String(40), primary_key=True, doc="备案证号, or the 文号 of a reply")
    kind: Mapped[str] = mapped_column(String(16), doc="that of the document which it answers")
    project_id: Mapped[str] = mapped_column(
        ForeignKey("document.id"), unique=True, doc="of the document which it answers, where the project stands"
    )
    enterprise_id: Mapped[str] = mapped_column(ForeignKey("enterprise.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agency.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), default=CertificateStatus.VALID.value)
    invalid_reason: Mapped[str | None] = mapped_column(String(32), doc="an InvalidReason")
    issue_date: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(doc="last day; None: long-term")
    extended: Mapped[bool] = mapped_column(default=False, doc="已延期; it can be extended once (R139)")
    changes: Mapped[int] = mapped_column(default=0, doc="how many changes were granted; 已变更 from the first")

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_abstract": True}  # noqa: RUF012 - SQLAlchemy's own

    NOUN: ClassVar[str]
    """What people call one of its kind, also in decision tables."""
    NUMBER: ClassVar[str]
    """What people call its number."""
    AGAIN: ClassVar[str]
    """What its project has to do once it has lapsed."""

    @property
    def dated_until(self) -> date:
        """The last day that its own validity gives it, whether or not it has become long-term since."""
        return self.valid_until or years_later(self.issue_date, 3 if self.extended else 2)


class Certificate(Clearance):
    """A certificate. `snapshot` is everything the paper prints, as it was on the day of issue."""

    # Empty in the rows of other kinds, never in a certificate's.
    seal: Mapped[str] = mapped_column(String(16), nullable=True)
    verify_token: Mapped[str] = mapped_column(
        String(32),
        unique=True,
        nullable=True,
        default=lambda: secrets.token_urlsafe(18),
        doc="what the QR code leads to",
    )
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=True)
    paper: Mapped["CertificatePaper | None"] = relationship(back_populates="certificate")

    __mapper_args__ = {"polymorphic_identity": "filing"}  # noqa: RUF012 - SQLAlchemy's own
    NOUN = "备案证"
    NUMBER = "备案证号"
    AGAIN = "备案"

    @property
    def on_paper(self) -> bool:
        """Whether it exists on paper only: nothing can be shown or downloaded."""
        return self.seal == Seal.ON_PAPER

    @property
    def deliverable(self) -> bool:
        """Whether its PDF may be had: it is made, and nothing about its seal is under way."""
        return self.paper is not None and self.seal != Seal.LICENCE_PENDING

    @property
    def licence(self) -> "Licence":
        """What the column 电子证照 says: nothing of a certificate that is stamped by hand (R167)."""
        if self.seal not in (Seal.SEAL_PENDING, Seal.LICENCE_PENDING, Seal.SEALED):
            return Licence.NONE
        return Licence.AT_HAND if self.deliverable else Licence.PENDING


class CertificatePaper(Base):
    """The PDF of a certificate, made by a job after the issue."""

    __tablename__ = "certificate_paper"
    number: Mapped[str] = mapped_column(ForeignKey("certificate.number"), primary_key=True)
    pdf: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    certificate: Mapped[Certificate] = relationship(back_populates="paper")


class CertificateSerial(Base):
    """How many serials of a year the province has used. It goes on past 9999, where the serials begin again."""

    __tablename__ = "certificate_serial"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


def held(session: Session, number: str) -> Clearance:
    """The certificate or reply as it is now, kept from others until the transaction ends."""
    session.flush()
    return session.get_one(Clearance, number, with_for_update=True, populate_existing=True)


def allocate_number(session: Session, agency: Agency, class_code: str, today: date) -> str:
    """The next 备案证号: YY, agency, class, level, the province's serial of the year (§4.4).

    Holds the year's counter until the transaction ends: call it last, and insert the certificate in the same
    transaction. After 9999 the serial begins again at 0001 and passes over numbers that are taken.
    Raises NumberExhaustedError when all of them are.
    """
    for _ in range(SERIALS_A_YEAR):
        count = next_serial(session, CertificateSerial, today.year)
        serial = (count - 1) % SERIALS_A_YEAR + 1
        number = f"{today:%y}{agency.cert_code}{class_code}{agency.level}{serial:04d}"
        if count <= SERIALS_A_YEAR or session.get(Certificate, number) is None:
            return number
    raise NumberExhaustedError(f"no serial of {today.year} is left for {agency.id} and class {class_code}")


def keep_from_allocating(session: Session, numbers: Iterable[str]) -> None:
    """Let every year's serials go on after those of the numbers, which another system allocated.

    Holds the counters of their years until the transaction ends.
    """
    last: dict[int, int] = {}
    for number in numbers:
        year, serial = 2000 + int(number[:2]), int(number[-4:])
        last[year] = max(last.get(year, 0), serial)
    for year in sorted(last):
        go_on_after(session, CertificateSerial, year, last[year])


def initial_seal(agency: Agency) -> Seal:
    """How the seal stands on the day of issue."""
    return Seal.SEAL_PENDING if agency.e_seal else Seal.OFFLINE_PENDING


def expiry(issue_date: date) -> date:
    """The last day of validity: two years later, of 29 February the 28th (domain DMN-6a)."""
    return years_later(issue_date, 2)


def years_later(day: date, years: int) -> date:
    """The same day of a later year, or 28 February where that year has no 29th."""
    try:
        if not MINYEAR <= day.year + years <= MAXYEAR:
            raise OverflowError("no calendar has that year")
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
