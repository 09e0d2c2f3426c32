"""Agencies 备案机关: the authorities that file, and the province that supervises them (R50-R52)."""

from enum import IntEnum

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base
from records.encryption import EncryptedText


class AgencyLevel(IntEnum):
    """The level of an agency, which is the level digit of its certificates' numbers (domain §4.4)."""

    PROVINCE = 1
    CITY = 2
    DISTRICT = 3


class Agency(Base):
    """An authority of industry and information technology, of a province, city, district or zone."""

    __tablename__ = "agency"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[int]
    region: Mapped[str] = mapped_column(String(6), doc="GB/T 2260")
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("agency.id"))
    cert_code: Mapped[str] = mapped_column(String(4), unique=True, doc="four digits of certificate numbers")
    e_seal: Mapped[bool] = mapped_column(default=False, doc="has an electronic seal (R164)")
    can_file: Mapped[bool] = mapped_column(default=False)
    can_approve: Mapped[bool] = mapped_column(default=False)
    letters: Mapped[str | None] = mapped_column(String(16), doc="发文机关代字, such as 深工信, of its replies' numbers")
    duty_mobile: Mapped[str | None] = mapped_column(EncryptedText, doc="receives the SMS to the authority")
    active: Mapped[bool] = mapped_column(default=True)

    @property
    def may_file(self) -> bool:
        """Whether an enterprise may choose it as 备案机关 (V19): active, entitled, of a city or district."""
        return self.active and self.can_file and self.level in (AgencyLevel.CITY, AgencyLevel.DISTRICT)

    @property
    def may_approve(self) -> bool:
        """Whether it approves projects: an entitled city, or a zone that the province has entrusted (R22, R37)."""
        return self.active and self.can_approve and self.level == AgencyLevel.CITY


def filing_agencies(session: Session) -> list[Agency]:
    """The agencies an enterprise may choose, by region, cities before their districts."""
    agencies = session.scalars(select(Agency).order_by(Agency.region, Agency.level, Agency.id))
    return [agency for agency in agencies if agency.may_file]


def approving_agencies(session: Session) -> list[Agency]:
    """The agencies that approve, by region."""
    agencies = session.scalars(select(Agency).order_by(Agency.region, Agency.id))
    return [agency for agency in agencies if agency.may_approve]
