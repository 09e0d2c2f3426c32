"""Notices 待阅: what somebody should know without having to decide anything (R83-R87)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, Text, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.errors import CommandRefused
from engine.tables import Base, UtcDateTime


class Notice(Base):
    """A notice to a group (`enterprise:E01`, `agency:A07:handler`); who reads first reads for all."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "recipient_group", "read_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    recipient_group: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"), index=True)
    instance_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_by: Mapped[str | None] = mapped_column(String(64), doc="username")


def post(
    session: Session,
    recipient_group: str,
    title: str,
    now: datetime,
    *,
    body: str = "",
    document_id: str | None = None,
    instance_id: str | None = None,
) -> Notice:
    """Leave a notice for a group."""
    notice = Notice(
        recipient_group=recipient_group,
        title=title,
        body=body,
        document_id=document_id,
        instance_id=instance_id,
        created_at=now,
    )
    session.add(notice)
    session.flush()
    return notice


def notices(
    session: Session, groups: Collection[str], *, read: bool, limit: int = 50, before_id: int | None = None
) -> Sequence[Notice]:
    """The read 已阅 or unread 待阅 notices of these groups, newest first; `before_id` continues a list."""
    query = _of(read).order_by(Notice.id.desc()).limit(limit)
    query = query if before_id is None else query.where(Notice.id < before_id)
    return session.scalars(query, {"groups": list(groups)}).all()


def unread_count(session: Session, groups: Collection[str]) -> int:
    return session.scalar(_UNREAD_COUNT, {"groups": list(groups)}) or 0


def notice_of(session: Session, notice_id: int, groups: Collection[str]) -> Notice:
    """A notice of one of these groups. Raises CommandRefused 404 where they have no such notice."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.recipient_group not in groups:
        raise CommandRefused("notice_not_found", "没有找到这条待阅事项。", status=404)
    return notice


def mark_read(session: Session, notice_id: int, groups: Collection[str], *, actor: str, now: datetime) -> Notice:
    """Note that a member of its group read the notice; a second reading changes nothing.

    Raises CommandRefused 404 where these groups have no such notice.
    """
    notice = notice_of(session, notice_id, groups)
    if notice.read_at is None:
        notice.read_at, notice.read_by = now, actor
        session.flush()
    return notice


def _of(read: bool) -> Select[Notice]:
    unread = Notice.read_at.is_(None)
    return select(Notice).where(Notice.recipient_group.in_(bindparam("groups")), ~unread if read else unread)


_UNREAD_COUNT = _of(read=False).with_only_columns(func.count())
