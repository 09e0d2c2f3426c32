"""Filters 筛选 of the officials' lists and figures: the fields that `macros/list.html` shows for a selection."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.agencies import Agency, AgencyLevel
from records.certificates import CertificateStatus
from records.documents import DocumentStatus
from records.industry import divisions
from records.jurisdiction import in_sight
from records.listings import economic_types
from records.regions import Region
from records.selection import INVESTMENTS, Only, Progress, Selection
from records.users import User
from web.pages import wording
from web.pages.columns import industry, reasons
from web.texts import gettext as _
from web.texts import told

_OF_DOCUMENTS = (
    DocumentStatus.SUBMITTED,
    DocumentStatus.RETURNED,
    DocumentStatus.ACCEPTED,
    DocumentStatus.REVIEWED,
    DocumentStatus.ISSUED,
    DocumentStatus.WITHDRAWN,
    DocumentStatus.NOT_ACCEPTED,
    DocumentStatus.REFUSED,
    DocumentStatus.TERMINATED,
)


class Fields:
    """The fields for somebody's selection, by what they are called in an address."""

    def __init__(self, session: Session, user: User, chosen: Selection) -> None:
        self._session, self._user, self._chosen = session, user, chosen

    def of(self, *names: str) -> list[dict[str, Any]]:
        """Some of them, in this order; one that has nothing to choose from is left out."""
        return [field for name in names if (field := getattr(self, f"_{name}")()) is not None]

    def _q(self) -> dict[str, Any]:
        return {
            "name": "q",
            "label": _("关键词"),
            "kind": "search",
            "value": self._chosen.q,
            "hint": _("项目名称、代码或证号"),
        }

    def _company(self) -> dict[str, Any]:
        return self._q() | {"hint": _("企业名称或统一社会信用代码")}

    def _region(self) -> dict[str, Any]:
        names = {region.code: region for region in self._session.scalars(select(Region).order_by(Region.code))}
        options = [_option("440000", _("全省"))]
        for code, region in names.items():
            if region.level == AgencyLevel.CITY:
                options.append(_option(code, region.name))
        city = f"{self._chosen.region[:4]}00"
        below = [region for region in names.values() if region.parent == city and region.level == AgencyLevel.DISTRICT]
        options += [_option(region.code, region.name, names[city].name) for region in below]
        return _select("region", _("建设地区"), options, self._chosen.region or "440000")

    def _agency(self) -> dict[str, Any] | None:
        theirs = in_sight(self._user, enterprise=Agency.id, agency=Agency.id)
        query = select(Agency).where(theirs, Agency.can_file).order_by(Agency.region, Agency.level, Agency.id)
        agencies = self._session.scalars(query).all()
        if len(agencies) < 2:
            return None
        return self._any("agency", _("备案机关"), _("全部机关"), {agency.id: agency.name for agency in agencies})

    def _industry(self) -> dict[str, Any]:
        return self._any("industry", _("行业"), _("全部行业"), {code: industry(code) for code in divisions()})

    def _investment(self) -> dict[str, Any]:
        named = {key: told(words) for key, (words, _least, _below) in INVESTMENTS.items()}
        return self._any("investment", _("投资规模"), _("全部规模"), named)

    def _status(self) -> dict[str, Any]:
        """Of documents and of their certificates."""
        field = self._certificate_status()
        of_documents = [_option(status.value, wording.status(status), _("申报")) for status in _OF_DOCUMENTS]
        first, *rest = field["options"]
        rest = [option | {"group": _("备案证")} for option in rest]
        return field | {"options": [first, *of_documents, *rest]}

    def _certificate_status(self) -> dict[str, Any]:
        words = {status.value: wording.status(status) for status in CertificateStatus}
        words |= {reason: _("已失效：%(why)s", why=why) for reason, why in reasons().items()}
        return self._any("status", _("状态"), _("全部状态"), words)

    def _progress(self) -> dict[str, Any]:
        words = {Progress.UNDER_WAY.value: _("进行中"), Progress.FINISHED.value: _("已完成")}
        return self._any("progress", _("申报进度"), _("全部"), words)

    def _only(self) -> dict[str, Any]:
        words = {
            Only.ISSUED.value: _("已签发备案证"),
            Only.RETURNED.value: _("退回修改过"),
            Only.LATE.value: _("超期办结"),
            Only.MEASURED.value: _("有办理时限记录"),
            Only.STARTED.value: _("已填报开工"),
            Only.COMPLETED.value: _("已填报完工"),
        }
        return self._any("only", _("范围"), _("全部"), words)

    def _tag(self) -> dict[str, Any]:
        words = {"changed": _("已变更"), "extended": _("已延期"), "completed": _("已完工")}
        return self._any("tag", _("标签"), _("全部"), words)

    def _economic(self) -> dict[str, Any]:
        types = economic_types(self._session)
        return self._any("economic", _("经济类型"), _("全部类型"), {name.partition(" ")[0]: name for name in types})

    def _issued_from(self) -> dict[str, Any]:
        return _day("issued_from", _("签发日期从"), self._chosen.issued_from)

    def _issued_to(self) -> dict[str, Any]:
        return _day("issued_to", _("至"), self._chosen.issued_to)

    def _submitted_from(self) -> dict[str, Any]:
        return _day("submitted_from", _("提交日期从"), self._chosen.submitted_from)

    def _submitted_to(self) -> dict[str, Any]:
        return _day("submitted_to", _("至"), self._chosen.submitted_to)

    def _any(self, name: str, label: str, all_of_them: str, words: Mapping[str, str]) -> dict[str, Any]:
        options = [_option("", all_of_them), *(_option(value, word) for value, word in words.items())]
        return _select(name, label, options, getattr(self._chosen, name))


def _select(name: str, label: str, options: Iterable[dict[str, str]], value: str) -> dict[str, Any]:
    return {"name": name, "label": label, "kind": "select", "options": list(options), "value": value}


def _option(value: str, label: str, group: str = "") -> dict[str, str]:
    return {"value": value, "label": label, "group": group}


def _day(name: str, label: str, value: date | None) -> dict[str, Any]:
    return {"name": name, "label": label, "kind": "day", "value": wording.day(value)}
