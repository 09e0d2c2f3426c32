"""Texts of short messages 短信模板 as an administrator has them: every version is kept, the last one is sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base, UtcDateTime


class SmsText(Base):
    """One version of a template's text. `text` None: the one that is delivered with the product again."""

    __tablename__ = "sms_text"
    template: Mapped[str] = mapped_column(String(8), primary_key=True, doc="S01, …")
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, doc="1, 2, … of the template")
    text: Mapped[str | None] = mapped_column(String(70))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(String(64), doc="username")


def versions(session: Session, template: str) -> Sequence[SmsText]:
    """The versions of a template, the newest first; none where nobody has changed it."""
    query = select(SmsText).where(SmsText.template == template).order_by(SmsText.version.desc())
    return session.scalars(query).all()


def chosen_text(session: Session, template: str) -> str | None:
    """What is sent instead of the delivered text, if anything."""
    query = select(SmsText.text).where(SmsText.template == template).order_by(SmsText.version.desc()).limit(1)
    return session.scalar(query)
