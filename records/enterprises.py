"""Enterprises 企业: the applicants, with the eleven fields that prefill every filing (R94)."""

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base
from records.encryption import EncryptedJson


class Enterprise(Base):
    """A legal person. The people in it are encrypted dicts: assign a whole new dict to change one.

    `legal_rep` has the keys `name, id_type, id_no, phone` (`id_type` such as "111 居民身份证"),
    `contact` the keys `name, id_no, mobile`.
    """

    __tablename__ = "enterprise"
    __table_args__ = (Index("ix_enterprise_name", "name", "id"),)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    uscc: Mapped[str] = mapped_column(String(18), unique=True, doc="统一社会信用代码, GB 32100-2015")
    region: Mapped[str] = mapped_column(String(6), doc="GB/T 2260")
    economic_type: Mapped[str] = mapped_column(String(40), doc="code and name: 173 私营有限责任公司")
    address: Mapped[str] = mapped_column(String(200))
    legal_rep: Mapped[dict[str, Any]] = mapped_column(EncryptedJson)
    contact: Mapped[dict[str, Any]] = mapped_column(EncryptedJson)

    @property
    def personal(self) -> dict[str, Any]:
        """The people as plain dicts, for the encrypted snapshot of a submission."""
        return {"legal_rep": dict(self.legal_rep), "contact": dict(self.contact)}
