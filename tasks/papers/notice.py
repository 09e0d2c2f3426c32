"""Notices and decisions, papers of words only: every sentence that they say (domain §6.5, §2.10, §2.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import Formatter
from types import MappingProxyType
from typing import Any

from engine.errors import EngineError
from records.calendar import local_date
from records.documents import Document
from records.papers import NAMES, PaperKind
from tasks.papers.official import OfficialPaper
from tasks.wording import long_date


@dataclass(frozen=True, kw_only=True)
class Notice(OfficialPaper):
    """Every value that a notice prints: `body` has paragraphs, and lists whose items are numbered."""

    heading: str
    body: Sequence[str | Sequence[str]]

    TEMPLATE = "notice.typ"

    @property
    def name(self) -> str:
        return self.heading

    def texts(self) -> Mapping[str, Any]:
        return {"body": self.body}


@dataclass(frozen=True)
class Wording:
    """What a kind of notice says. In a text {…} is a place: of the document, or a field that its diagram gives; a text
    that is one place alone becomes a paragraph or, where the field is a list, numbered ones. `mark` stands in its
    number; without one the authority gives it a 文号 of its own, the next of the `series` or else the diagram's."""

    texts: tuple[str, ...]
    basis: str
    mark: str | None = None
    series: str | None = None


_ACT, _REGULATION, _MEASURES = (
    "《中华人民共和国行政许可法》",
    "《企业投资项目核准和备案管理条例》",
    "《企业投资项目核准和备案管理办法》",
)
_REMEDIES = (
    "如不服本决定，可以自收到本{name}之日起六十日内依法申请行政复议，"
    "也可以自收到本{name}之日起六个月内依法向人民法院提起行政诉讼。"
)
WORDINGS: Mapping[PaperKind, Wording] = MappingProxyType(
    {
        PaperKind.ACCEPTANCE_NOTICE: Wording(
            (
                (
                    "你单位于{received_on}提交的“{project}”（项目代码：{code}）{procedure}材料收悉。经审查，申请事项属于本机关"
                    "职权范围，申请材料齐全、符合法定形式。根据{basis}的规定，本机关决定自{accepted_on}起予以受理。"
                ),
                (
                    "本事项的法定办理期限为{working_days}个工作日，自受理之日起计算（受理当日不计），办理截止日期为{due_on}。"
                    "依法需要委托评估、征求公众意见或者专家评议的，所需时间不计入办理期限，由本机关另行书面告知。"
                ),
                "你单位可以凭申请编号{document}登录系统查询办理进度。",
            ),
            basis=f"{_ACT}第三十二条和{_REGULATION}",
            mark="受",
        ),
        PaperKind.CORRECTION_NOTICE: Wording(
            (
                (
                    "你单位于{received_on}提交的“{project}”（项目代码：{code}）{procedure}材料收悉。经审查，申请材料不齐全或者"
                    "不符合法定形式。根据{basis}的规定，现将需要补正的全部内容一次性告知如下："
                ),
                "{items}",
                (
                    "请你单位于{due_on}前登录系统补齐或者更正上述材料，并重新提交。补正材料齐全、符合法定形式的，"
                    "本机关依法予以受理；等待补正的时间不计入办理期限。"
                ),
            ),
            basis=f"{_ACT}第三十二条",
            mark="补",
        ),
        PaperKind.NOT_ACCEPTED_NOTICE: Wording(
            (
                (
                    "你单位于{received_on}提交的“{project}”（项目代码：{code}）{procedure}材料收悉。经审查，根据{basis}等规定，"
                    "本机关决定不予受理。理由如下："
                ),
                "{reason}",
                "{again}",
                _REMEDIES,
            ),
            basis=_REGULATION + _MEASURES,
            mark="不",
        ),
        PaperKind.PROLONGATION_NOTICE: Wording(
            (
                (
                    "你单位提交的“{project}”（项目代码：{code}）{procedure}申请，本机关已依法受理。现因下列原因，"
                    "不能在法定期限内作出决定："
                ),
                "{reason}",
                "根据{basis}的规定，经本机关负责人批准，审批期限延长{working_days}个工作日，延长后的办理截止日期为{due_on}。",
                "特此告知。",
            ),
            basis=f"{_ACT}第四十二条",
            mark="延",
        ),
        PaperKind.REFUSAL_DECISION: Wording(
            (
                "你单位报来的《{project}》（项目代码：{code}）核准申请及有关材料收悉。经依法审查，该项目存在下列情形：",
                "{reason}",
                f"上述情形不符合{{basis}}规定的核准条件。根据{_ACT}第三十八条的规定，本机关决定对该项目不予核准。",
                _REMEDIES,
            ),
            basis=f"{_REGULATION}第九条",
        ),
        PaperKind.EXTENSION_CONSENT: Wording(
            (
                (
                    "你单位于{received_on}提交的《{project}》（项目代码：{code}）延期开工建设申请收悉。该项目已由本机关核准"
                    "（批复文号：{certificate}），核准批复的有效期至{old_until}。经审查，根据{basis}的规定，"
                    "同意该项目延期开工建设，核准批复的有效期延长至{valid_until}。"
                ),
                (
                    "请你单位抓紧落实建设条件，在延长后的有效期内开工建设，并登录系统填报开工时间。开工建设只能延期一次；"
                    "在延长后的有效期内仍未开工建设的，核准批复自动失效。"
                ),
                "本决定与原核准批复配合使用，其他内容仍按原核准批复执行。",
            ),
            basis=f"{_MEASURES}第三十八条",
            series="技改核延",
        ),
    }
)
"""What every notice says."""

_AGAIN: Mapping[str, str] = MappingProxyType(
    {
        "change": "原备案证（备案证号：{certificate}）不受影响，你单位可以重新申请变更。",
        "extension": "备案证（备案证号：{certificate}）的有效期不因本次申请而改变。",
        "approval_change": "原核准批复（批复文号：{certificate}）不受影响，你单位可以重新申请变更。",
        "approval_extension": "核准批复（批复文号：{certificate}）的有效期不因本次申请而改变。",
    }
)
_APPLY_AGAIN = "你单位可以在符合规定条件后重新申报，项目代码仍可使用。"


def words(kind: PaperKind, document: Document, fields: Mapping[str, Any], today: date) -> dict[str, Any]:
    """What a notice about a document says, as `Notice` takes it. Raises EngineError naming a field that is missing."""
    wording, places = WORDINGS[kind], _places(document, today)
    places |= {"name": NAMES[kind], "basis": wording.basis, **fields}
    body: list[str | list[str]] = []
    for text in wording.texts:
        given = [place for _, place, _, _ in Formatter().parse(text) if place]
        for place in given:
            if places.get(place) in (None, "", []):
                raise EngineError(f'出具{NAMES[kind]}缺少 {place}，请在流程图中给出 fields["{place}"]。')
        alone = places[given[0]] if text == f"{{{''.join(given)}}}" else None
        body.append([str(item) for item in alone] if isinstance(alone, list) else text.format_map(_Written(places)))
    return {"heading": NAMES[kind], "body": body}


def _places(document: Document, today: date) -> dict[str, Any]:
    places = {
        "project": document.project_name,
        "code": document.project_code,
        "procedure": document.TITLE,
        "document": document.number,
        "certificate": document.certificate_number,
        "received_on": local_date(document.submitted_at or document.created_at),
        "accepted_on": today,
    }
    return places | {"again": _AGAIN.get(document.kind, _APPLY_AGAIN).format_map(places)}


class _Written(dict[str, Any]):
    """Places as they are written: days in full."""

    def __getitem__(self, place: str) -> str:
        value = super().__getitem__(place)
        return long_date(value) if isinstance(value, date) else str(value).strip()
