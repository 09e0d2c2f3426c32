"""Announcements 公告: the public lists that the processes feed, and the system's own notices (R56, R57)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.tables import Base, UtcDateTime


class AnnouncementKind(StrEnum):
    """The public lists, under the names on the page."""

    FILED = "备案公开"
    APPROVED = "核准公开"
    CHANGED = "变更公告"
    CANCELLED = "注销公告"
    REVOKED = "撤销公告"
    EXTENDED = "延期公告"
    INFORMATION = "信息公告"


class Announcement(Base):
    """One public line, with a body where there is more to say. Holds no personal data."""

    __tablename__ = "announcement"
    __table_args__ = (Index(None, "kind", "published_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    agency_name: Mapped[str | None] = mapped_column(String(100))
    enterprise_name: Mapped[str | None] = mapped_column(String(100))
    certificate_number: Mapped[str | None] = mapped_column(ForeignKey("certificate.number"))
    project_name: Mapped[str | None] = mapped_column(String(200))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime, doc="of what is not public: when it was written")
    public: Mapped[bool] = mapped_column(default=True, doc="False: a notice of the system, still written or withdrawn")


def announcements(session: Session, kind: str, limit: int = 20, offset: int = 0) -> Sequence[Announcement]:
    """The announcements of a public list, newest first."""
    return session.scalars(
        select(Announcement)
        .where(Announcement.kind == kind, Announcement.public)
        .order_by(Announcement.published_at.desc(), Announcement.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()


def withdraw(session: Session, kind: AnnouncementKind, certificate_number: str) -> None:
    """Take a certificate's lines out of a list."""
    session.execute(
        delete(Announcement).where(
            Announcement.kind == kind.value, Announcement.certificate_number == certificate_number
        )
    )
