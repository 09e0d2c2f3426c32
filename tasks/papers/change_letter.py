"""变更函, the letter that grants a change and is used together with the certificate (R125, domain §6.2), as PDF/A-2b.

The same data give the same bytes. Everything printed is in `ChangeLetter`; the layout is `change_letter.typ`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import typst

from records.certificates import Seal
from tasks.papers.press import explained, press, qr_code
from tasks.wording import long_date

_TEMPLATE = Path(__file__).with_name("change_letter.typ").read_bytes()


@dataclass(frozen=True)
class ChangedField:
    """One line of the table, in words; an empty text is printed as a dash."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class ChangeLetter:
    """Every value that the letter prints. `project_name` is the name before the change."""

    number: str
    enterprise_name: str
    project_name: str
    project_code: str
    certificate_number: str
    changed: tuple[ChangedField, ...]
    reason: str
    agency_name: str
    issue_date: date
    seal: Seal
    verify_url: str
    specimen: bool = False


def render(letter: ChangeLetter) -> bytes:
    """The letter, on as many pages as its table needs. Raises `UnprintableCharacter`."""
    inputs = {"paper": json.dumps(_printed(letter), ensure_ascii=False), "qr": qr_code(letter.verify_url)}
    try:
        return press().print(_TEMPLATE, inputs, letter.issue_date)
    except typst.TypstError as error:
        raise explained(error, vars(letter), "变更函") from error


def _printed(letter: ChangeLetter) -> dict[str, Any]:
    """The texts that the template places, each as it is printed."""
    return {
        "title": f"关于{letter.project_name}备案变更的函",
        "number": letter.number,
        "enterprise": letter.enterprise_name,
        "opening": (
            f"你单位报来的《{letter.project_name}》备案变更申请收悉。根据《企业投资项目核准和备案管理条例》等有关规定，"
            f"同意你单位对备案项目（备案证号：{letter.certificate_number}，项目代码：{letter.project_code}）作如下变更："
        ),
        "headings": ["变更项", "原备案信息", "变更后备案信息"],
        "rows": [[row.label, row.old or "—", row.new or "—"] for row in letter.changed],
        "reason": f"变更原因：{letter.reason.strip()}",
        "closing": "其他内容仍按原备案证执行，本函与原备案证配合使用。",
        "agency": letter.agency_name,
        "issue_date": long_date(letter.issue_date),
        "verify_address": re.sub(r"^https?://", "", letter.verify_url),
        "issuer": "广东省工业和信息化厅监制",
        "seal_circle": letter.seal is Seal.OFFLINE_PENDING,
        "seal_note": "电子签章待加盖" if letter.seal is Seal.SEAL_PENDING else None,
        "watermark": "样张" if letter.specimen else None,
        "project_code": letter.project_code,
    }
