"""What the officials' lists show, column by column: pages show it, and exports write exactly that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from records import listings
from records.approvals import APPROVAL
from records.certificates import InvalidReason
from records.documents import IN_PROGRESS
from records.figures import ten_thousands
from records.industry import divisions
from records.listings import place, years
from records.masking import mask_person
from web.pages import wording
from web.pages.inbox import status_of
from web.texts import gettext as _


@dataclass(frozen=True)
class Column:
    """A heading and what stands below it: a text, a whole number, a Decimal, a date or None."""

    heading: str
    value: Callable[[Any], Any]
    width: int = 14


@dataclass(frozen=True)
class Listing:
    """A list that can be exported. `title` and `columns` speak the language of whoever asks."""

    query: listings.Query
    title: Callable[[], str]
    columns: Callable[[], list[Column]]


def industry(code: str) -> str:
    """39 计算机、通信和其他电子设备制造业."""
    return f"{code} {divisions().get(code, '')}".strip()


def economic_type(row: Any) -> str:
    """经济类型 without its number: 私营有限责任公司."""
    return str(row.economic_type).partition(" ")[2] or str(row.economic_type)


def is_under_way(row: Any) -> bool:
    """申报进度: whether it is 进行中."""
    return row.status in IN_PROGRESS


def reasons() -> dict[str, str]:
    """Why certificates are invalid, in words."""
    return {
        InvalidReason.CANCELLED.value: _("企业注销"),
        InvalidReason.REVOKED.value: _("工信撤销"),
        InvalidReason.EXPIRED.value: _("到期自动失效"),
    }


def project_tag(row: Any) -> str:
    """项目核准, where it is no filing."""
    return _("项目核准") if row.kind == APPROVAL else ""


def certificate_tags(row: Any) -> list[str]:
    """已变更, 已延期, 已完工."""
    told = ((_("已变更"), row.changes), (_("已延期"), row.extended), (_("已完工"), row.completed_on))
    return [word for word, holds in told if holds]


def _common_columns() -> list[Column]:
    return [
        Column(_("企业名称"), lambda row: row.enterprise, 30),
        Column(_("备案机关"), lambda row: row.agency, 30),
        Column(_("建设地区"), place, 18),
        Column(_("行业"), lambda row: industry(row.division), 30),
        Column(_("总投资（万元）"), lambda row: ten_thousands(row.total)),
    ]


def _project_columns() -> list[Column]:
    return [
        Column(_("项目名称"), lambda row: row.project_name, 40),
        Column(_("项目代码"), lambda row: row.project_code, 26),
        *_common_columns(),
        Column(_("状态"), lambda row: wording.status(status_of(row))),
        Column(_("标签"), project_tag),
        Column(_("申报进度"), lambda row: _("进行中") if is_under_way(row) else _("已完成")),
        Column(_("提交日期"), lambda row: wording.local(row.submitted_at).date()),
        Column(_("备案证号"), lambda row: row.certificate_number, 20),
        Column(_("签发日期"), lambda row: row.issue_date),
        Column(_("开工时间"), lambda row: row.started_on),
        Column(_("年度进度报告"), years),
        Column(_("完工时间"), lambda row: row.completed_on),
    ]


def _certificate_columns() -> list[Column]:
    return [
        Column(_("备案证号"), lambda row: row.number, 20),
        Column(_("项目名称"), lambda row: row.project_name, 40),
        *_common_columns(),
        Column(_("状态"), lambda row: wording.status(row.status)),
        Column(_("失效原因"), lambda row: reasons().get(row.invalid_reason or "", "")),
        Column(_("标签"), lambda row: _("、").join(certificate_tags(row))),
        Column(_("签发日期"), lambda row: row.issue_date),
        Column(_("有效期至"), lambda row: row.valid_until or _("长期有效")),
        Column(_("电子证照"), lambda row: wording.status(row.seal)),
    ]


def _enterprise_columns() -> list[Column]:
    return [
        Column(_("企业名称"), lambda row: row.name, 36),
        Column(_("统一社会信用代码"), lambda row: row.uscc, 22),
        Column(_("经济类型"), economic_type, 26),
        Column(_("所在地区"), place, 18),
        Column(_("法定代表人"), lambda row: mask_person(row.legal_rep).get("name")),
        Column(_("联系人"), lambda row: mask_person(row.contact).get("name")),
        Column(_("联系电话"), lambda row: mask_person(row.contact).get("mobile"), 16),
    ]


LISTINGS: Mapping[str, Listing] = {
    "projects": Listing(listings.projects, lambda: _("项目管理"), _project_columns),
    "certificates": Listing(listings.certificates, lambda: _("备案证"), _certificate_columns),
    "enterprises": Listing(listings.enterprises, lambda: _("企业管理"), _enterprise_columns),
}
"""By the name that stands in addresses."""
