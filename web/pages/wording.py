"""How the pages write moments, days and amounts: in Guangdong's time, digits short."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from flask_babel import LazyString, lazy_gettext
from markupsafe import Markup

from records.calendar import SHANGHAI
from records.formats import parse_amount
from tasks.wording import grouped
from web.texts import DEFAULT, language

_BEGINS_CHINESE = re.compile(r"\W*[\u4e00-\u9fff]")

_WEEKDAYS = (
    lazy_gettext("周一"),
    lazy_gettext("周二"),
    lazy_gettext("周三"),
    lazy_gettext("周四"),
    lazy_gettext("周五"),
    lazy_gettext("周六"),
    lazy_gettext("周日"),
)


def local(moment: datetime) -> datetime:
    """The moment on a clock in Guangdong."""
    return moment.astimezone(SHANGHAI)


def day(value: date | datetime | None) -> str:
    """2021-11-15, empty for none."""
    if value is None:
        return ""
    return f"{local(value) if isinstance(value, datetime) else value:%Y-%m-%d}"


def month_day(value: date | datetime | None) -> str:
    """11-15."""
    return day(value)[5:]


def clock_time(moment: datetime | None) -> str:
    """09:02."""
    return f"{local(moment):%H:%M}" if moment else ""


def moment(value: datetime | None) -> str:
    """2021-11-15 09:02."""
    return f"{local(value):%Y-%m-%d %H:%M}" if value else ""


def short_moment(value: datetime | None) -> str:
    """11-15 09:02, as records and step strips write it."""
    return f"{local(value):%m-%d %H:%M}" if value else ""


def amount(value: Any) -> str:
    """An amount with grouped thousands; a text that is no amount stays as it was typed."""
    parsed = parse_amount(value)
    return grouped(parsed) if parsed is not None else str(value or "")


def weekday(value: date) -> str:
    """周一 to 周日."""
    return str(_WEEKDAYS[value.weekday()])


def file_size(size: int) -> str:
    """412 KB, 1.8 MB."""
    return f"{size / 1_048_576:.1f} MB" if size >= 1_048_576 else f"{max(1, round(size / 1024))} KB"


STATUSES: Mapping[str, tuple[LazyString, str, str]] = MappingProxyType(
    {
        "DRAFT": (lazy_gettext("草稿"), "pencil", "grey"),
        "SUBMITTED": (lazy_gettext("待受理"), "inbox", "amber"),
        "RESUBMITTED": (lazy_gettext("补正后重新提交"), "corner-up-left", "orange"),
        "ACCEPTED": (lazy_gettext("已受理(待审核)"), "eye-check", "blue"),
        "REVIEWED": (lazy_gettext("待签发"), "signature", "purple"),
        "ISSUED": (lazy_gettext("已完成"), "circle-check", "green"),
        "RETURNED": (lazy_gettext("退回修改"), "corner-up-left", "orange"),
        "CORRECTING": (lazy_gettext("待补正"), "corner-up-left", "orange"),
        "APPROVED": (lazy_gettext("予以核准"), "circle-check", "green"),
        "REFUSED": (lazy_gettext("不予核准"), "ban", "red"),
        "WITHDRAWN": (lazy_gettext("已撤回"), "arrow-back-up", "grey"),
        "NOT_ACCEPTED": (lazy_gettext("不予受理"), "ban", "red"),
        "TERMINATED": (lazy_gettext("已终止"), "circle-off", "grey"),
        "VALID": (lazy_gettext("有效"), "certificate", "green"),
        "LONG_TERM": (lazy_gettext("长期有效"), "infinity", "teal"),
        "INVALID": (lazy_gettext("已失效"), "circle-off", "grey"),
        "SEAL_PENDING": (lazy_gettext("待电子签章"), "rubber-stamp", "amber"),
        "LICENCE_PENDING": (lazy_gettext("电子证照登记中"), "rubber-stamp", "amber"),
        "SEALED": (lazy_gettext("电子签章"), "rosette-discount-check", "green"),
        "OFFLINE_PENDING": (lazy_gettext("待线下盖章"), "rubber-stamp", "amber"),
        "OFFLINE_DONE": (lazy_gettext("已线下盖章"), "check", "green"),
        "ON_PAPER": (lazy_gettext("纸质备案证"), "file-text", "grey"),
    }
)
"""What documents', certificates' and seals' statuses are called, with the icon and the tone of their badge."""


def status(code: str | None) -> str:
    """A status in words."""
    return str(STATUSES[code][0]) if code is not None and code in STATUSES else code or ""


def lang_of(text: str | None) -> Markup:
    """The attribute of what stands in Chinese on a page in another language: a table's own words, or stored ones."""
    foreign = language() != DEFAULT and _BEGINS_CHINESE.match(text or "")
    return Markup(' lang="zh-CN"') if foreign else Markup("")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "day": day,
    "month_day": month_day,
    "moment": moment,
    "short_moment": short_moment,
    "amount": amount,
    "lang_of": lang_of,
}
