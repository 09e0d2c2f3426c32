"""线下领取登记单, what whoever collects a hand-stamped paper signs at the counter (domain §6.5), as PDF/A-2b.

It is printed when it is asked for and not kept. What is not registered yet is left blank, to be filled in by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import typst

from tasks.papers.press import explained, press, template
from tasks.wording import long_date

NAME = "线下领取登记单"
_NOTES = (
    "领取人凭本人身份证件领取；代企业领取的，还应出示企业出具的介绍信或者授权委托书。",
    "领取人核对文书内容和公章无误后签字，本登记单由备案机关存档。",
)


@dataclass(frozen=True, kw_only=True)
class CollectionSlip:
    """Every value that the slip prints; `holding` is what the number of the project's certificate or reply is called,
    and that number; `collector` has the keys name, id_type and id_no, masked, or none yet."""

    paper: str
    paper_number: str
    holding: tuple[str, str]
    project_name: str
    project_code: str
    enterprise_name: str
    uscc: str
    agency_name: str
    issue_date: date
    stamped_on: date | None
    collected_on: date | None
    collector: Mapping[str, Any]
    remark: str
    printed_on: date
    specimen: bool = False


def render_slip(slip: CollectionSlip) -> bytes:
    """The slip as one page of PDF. Raises UnprintableCharacter for a character without a glyph."""
    printed = _printed(slip)
    try:
        inputs = {"paper": json.dumps(printed, ensure_ascii=False)}
        return press().print(template("collection_slip.typ"), inputs, slip.printed_on)
    except typst.TypstError as error:
        raise explained(error, vars(slip), NAME) from error


def _printed(slip: CollectionSlip) -> dict[str, Any]:
    """The texts that the template places, each as it is printed."""
    person = slip.collector
    return {
        "title": NAME,
        "number": slip.paper_number,
        "agency": slip.agency_name,
        "parts": [
            {
                "title": "文书",
                "rows": [
                    ["文书名称", slip.paper],
                    ["文书编号", slip.paper_number],
                    [*slip.holding],
                    ["项目名称", slip.project_name],
                    ["项目代码", slip.project_code],
                    ["企业名称", slip.enterprise_name],
                    ["统一社会信用代码", slip.uscc],
                    ["签发日期", long_date(slip.issue_date)],
                    ["盖章日期", long_date(slip.stamped_on) if slip.stamped_on else ""],
                ],
            },
            {
                "title": "领取",
                "rows": [
                    ["领取人姓名", person.get("name", "")],
                    ["证件类型", person.get("id_type", "")],
                    ["证件号码", person.get("id_no", "")],
                    ["领取日期", long_date(slip.collected_on) if slip.collected_on else ""],
                    ["备注", slip.remark],
                ],
            },
        ],
        "notes": _NOTES,
        "signatures": ["领取人（签字）：", "经办人（签字）："],
        "printed": f"打印日期：{long_date(slip.printed_on)}",
        "watermark": "样张" if slip.specimen else None,
    }
