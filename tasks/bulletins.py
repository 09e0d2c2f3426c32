"""System notices 信息公告 (R57): written, published and withdrawn by an administrator."""

from typing import Any

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused, FieldError
from engine.phrases import Phrase
from records.admin_acts import Act, differing, note
from records.announcements import Announcement, AnnouncementKind

LONGEST_TITLE = Announcement.title.type.length
LONGEST_PUBLISHER = Announcement.agency_name.type.length
LONGEST_BODY = 20_000


def save(command: Command, bulletin: Announcement | None, title: str, body: str, publisher: str) -> Announcement:
    """Write a notice, or over one, public or not. Raises BusinessRefusal with everything that is wrong."""
    limits = (("title", title, "标题", LONGEST_TITLE), ("body", body, "正文", LONGEST_BODY))
    wrong = [
        FieldError(field, "text", Phrase("请填写{noun}（不超过 {longest} 个字）。", noun=noun, longest=longest))
        for field, text, noun, longest in (*limits, ("publisher", publisher, "发布单位", LONGEST_PUBLISHER))
        if not 0 < len(text) <= longest
    ]
    if wrong:
        raise BusinessRefusal(wrong, message="公告没有保存。")
    if bulletin is None:
        bulletin = Announcement(kind=AnnouncementKind.INFORMATION.value, published_at=command.now, public=False)
        command.session.add(bulletin)
    before = _told(bulletin)
    bulletin.title, bulletin.body, bulletin.agency_name = title, body, publisher
    command.session.flush()
    was, now = differing(before, _told(bulletin))
    if now:
        _record(command, Act.BULLETIN_SAVED, bulletin, before=was, after=now)
    return bulletin


def publish(command: Command, bulletin: Announcement) -> None:
    """发布: from now on everybody reads it. Raises CommandRefused where it is public."""
    if bulletin.public:
        raise CommandRefused("bulletin_public", "这篇公告已经发布。")
    bulletin.public, bulletin.published_at = True, command.now
    command.session.flush()
    _record(command, Act.BULLETIN_PUBLISHED, bulletin)


def withdraw(command: Command, bulletin: Announcement) -> None:
    """撤下: nobody reads it any more; it can be published again. Raises CommandRefused where it is not public."""
    if not bulletin.public:
        raise CommandRefused("bulletin_hidden", "这篇公告没有发布，或者已经撤下。")
    bulletin.public = False
    command.session.flush()
    _record(command, Act.BULLETIN_WITHDRAWN, bulletin)


def _told(bulletin: Announcement) -> dict[str, Any]:
    return {"title": bulletin.title, "body": bulletin.body, "publisher": bulletin.agency_name}


def _record(command: Command, act: Act, bulletin: Announcement, **told: Any) -> None:
    note(command.session, act, bulletin.title, actor=command.actor, now=command.now, **told)
