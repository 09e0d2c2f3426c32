"""变更函 and 同意变更的复函, which grant a change and are used together with what the project holds (R125, domain §6.2,
§2.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tasks.papers.official import OfficialPaper


@dataclass(frozen=True)
class ChangedField:
    """One line of the table, in words; an empty text is printed as a dash."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class ChangeLetter(OfficialPaper):
    """Every value that the letter prints. `project_name` is the name before the change."""

    certificate_number: str
    changed: tuple[ChangedField, ...]
    reason: str

    TEMPLATE = "change_letter.typ"
    name = "变更函"

    @property
    def title(self) -> str:
        return f"关于{self.project_name}备案变更的函"

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Self:
        return cls(**{**values, "changed": tuple(ChangedField(**row) for row in values["changed"])})

    def texts(self) -> Mapping[str, Any]:
        return {
            "opening": (
                f"你单位报来的《{self.project_name}》备案变更申请收悉。根据《企业投资项目核准和备案管理条例》等有关规定，"
                f"同意你单位对备案项目（备案证号：{self.certificate_number}，项目代码：{self.project_code}）作如下变更："
            ),
            "headings": ["变更项", "原备案信息", "变更后备案信息"],
            "rows": [[row.label, row.old or "—", row.new or "—"] for row in self.changed],
            "reason": f"变更原因：{self.reason.strip()}",
            "closing": "其他内容仍按原备案证执行，本函与原备案证配合使用。",
        }


class ChangeConsent(ChangeLetter):
    """The same of what was approved (国家发展改革委令2017年第2号 第三十七条)."""

    name = "同意变更的复函"

    @property
    def title(self) -> str:
        return f"关于同意{self.project_name}变更的复函"

    def texts(self) -> Mapping[str, Any]:
        return {
            **super().texts(),
            "opening": (
                f"你单位报来的《{self.project_name}》变更申请收悉。根据《企业投资项目核准和备案管理条例》"
                "《企业投资项目核准和备案管理办法》等有关规定，经审查，"
                f"同意你单位对已核准的项目（批复文号：{self.certificate_number}，项目代码：{self.project_code}）作如下变更："
            ),
            "headings": ["变更项", "原核准内容", "变更后内容"],
            "closing": "其他内容仍按原核准批复执行，本函与原核准批复配合使用。",
        }
