"""What a page says of a case that stands still: since when and why; to officials also by whom."""

from engine.history import HistoryLine
from records.documents import Document
from tasks import procedure
from web.database import db
from web.pages import people, wording
from web.pages.course import Course
from web.texts import gettext as _
from web.texts import sentences


def to_official(course: Course) -> dict[str, str] | None:
    """Title and text of the notice for those who handle a case; None while it is not suspended."""
    line = _suspended(course)
    if line is None:
        return None
    who = people.name_of(db.session(), line.actor) if line.actor else _("系统")
    time = wording.short_moment(line.at)
    return _notice(line, _("%(who)s于 %(time)s 挂起，恢复前不能办理。", who=who, time=time))


def to_enterprise(course: Course, document: Document) -> dict[str, str] | None:
    """The notice for the enterprise: when and why, not by whom, and what it can do and cannot do meanwhile."""
    line = _suspended(course)
    if line is None:
        return None
    told = [_("自 %(time)s 起挂起。", time=wording.short_moment(line.at))]
    words = {"submit": _("提交"), "withdraw": _("撤回")}
    if held := procedure.held(db.session(), document):
        told.append(_("恢复前不能%(acts)s。", acts=_("、").join(words[act] for act in held)))
    if "edit" in procedure.allowed(db.session(), document):
        told.append(_("修改的内容可以保存。"))
    return _notice(line, sentences(*told))


def _suspended(course: Course) -> HistoryLine | None:
    """The line of the record that let the case stand still."""
    if not course.instance.suspended:
        return None
    return next(line for line in reversed(course.lines) if line.action == "suspended")


def _notice(line: HistoryLine, text: str) -> dict[str, str]:
    reason = str(line.data.get("reason") or "")
    return {"title": _("已挂起：%(reason)s", reason=reason) if reason else _("已挂起"), "text": text}
