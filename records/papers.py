"""Papers 文书: what an authority hands out beside the certificate, such as the letter of a change (domain §6).

A paper is made once and never again; its snapshot says what it must say.
"""

import secrets
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, UtcDateTime, new_id


class PaperKind(StrEnum):
    """Which paper it is."""

    CHANGE_LETTER = "change_letter"
    NOT_ACCEPTED_NOTICE = "not_accepted_notice"


class Paper(Base):
    """One paper. `pdf` and what comes of it are there once a job has made it."""

    __tablename__ = "paper"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(40), unique=True, doc="文号")
    issue_date: Mapped[date]
    seal: Mapped[str] = mapped_column(String(16))
    verify_token: Mapped[str] = mapped_column(
        String(32), unique=True, default=lambda: secrets.token_urlsafe(18), doc="what the QR code leads to"
    )
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
