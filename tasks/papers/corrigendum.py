"""更正说明, what an authority writes beside a certificate on which something was written wrongly.

The certificate itself is never made again (domain §6.1): the two are used together, as with the letter of a change,
whose sheet this is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.papers.change_letter import ChangeLetter


@dataclass(frozen=True, kw_only=True)
class Corrigendum(ChangeLetter):
    """Every value that is printed. `enterprise_name` and `project_name` are those before the correction."""

    name = "更正说明"

    @property
    def title(self) -> str:
        return f"关于更正{self.project_name}备案证的说明"

    def texts(self) -> Mapping[str, Any]:
        return {
            **super().texts(),
            "opening": (
                f"本机关签发的《{self.project_name}》备案证（备案证号：{self.certificate_number}，"
                f"项目代码：{self.project_code}）有文字错误，现更正如下："
            ),
            "headings": ["更正项", "原内容", "更正后内容"],
            "reason": f"更正原因：{self.reason.strip()}",
            "closing": "本次更正不改变备案项目的实质内容。其他内容仍按原备案证执行，本说明与原备案证配合使用。",
        }
