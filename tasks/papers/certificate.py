"""广东省技术改造投资项目备案证, the certificate of a filing, as PDF/A-2b (domain §6.1).

The same data give the same bytes, so a certificate's SHA-256 can be recomputed at any time. Everything
printed is in `CertificatePaper`; the layout is `certificate.typ` beside this file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import typst

from records.certificates import Seal
from tasks.papers.press import Sheet, explained, press, qr_code, template
from tasks.wording import grouped, long_date

TITLE = "广东省技术改造投资项目备案证"
CATEGORIES = ("基建", "技改", "其他")
NATURES = ("新建", "扩建", "改建", "迁建", "其他")

# The form knows 技术改造 as a nature of its own; the paper's box for it is 改建, beside the category 技改.
_BOX_OF_NATURE = {"技术改造": "改建"}


@dataclass(frozen=True, kw_only=True)
class CertificatePaper:
    """Every value that the certificate prints. Amounts are 万元 (`import_usd` 万美元), dates without time."""

    number: str
    project_code: str
    enterprise_name: str
    economic_type: str
    uscc: str
    project_name: str
    location: str
    nature: str
    industry_code: str
    industry_name: str
    scale_content: str
    total: Decimal
    capital: Decimal
    fixed_assets: Decimal
    civil: Decimal
    equipment: Decimal
    import_usd: Decimal
    own_funds: Decimal
    domestic_loan: Decimal
    stock_bond: Decimal
    other_funds: Decimal
    planned_start: date
    planned_completion: date
    agency_name: str
    issue_date: date
    valid_until: date
    seal: Seal
    verify_url: str
    remark: str = ""
    category: str = "技改"
    specimen: bool = False


def render(paper: CertificatePaper) -> bytes:
    """The certificate as one page of PDF/A-2b with its fonts embedded; the same `paper` gives the same bytes.

    Raises `UnprintableCharacter` for a character without a glyph, `TextTooLong` when one page cannot hold it.
    """
    return compose(paper).pdf


def compose(paper: CertificatePaper) -> Sheet:
    """What `render` gives, with where things stand on it."""
    layout = template("certificate.typ")
    inputs = {"paper": json.dumps(_printed(paper), ensure_ascii=False), "qr": qr_code(paper.verify_url)}
    for attempt in count():
        tried = {**inputs, "attempt": str(attempt)}
        try:
            return Sheet(press().print(layout, tried, paper.issue_date), layout, tried)
        except typst.TypstError as error:
            if "page full" not in error.message:
                raise explained(error, vars(paper), "备案证") from error
    raise AssertionError("the template ends the attempts")


def _printed(paper: CertificatePaper) -> dict[str, Any]:
    """The texts that the template places, each as it is printed."""

    def boxes(names: tuple[str, ...], chosen: str) -> list[dict[str, Any]]:
        chosen = chosen if chosen in names else "其他"
        return [{"name": name, "chosen": name == chosen} for name in names]

    return {
        "title": TITLE,
        "number": paper.number,
        "project_code": paper.project_code,
        "enterprise_name": paper.enterprise_name,
        "economic_type": paper.economic_type,
        "uscc": paper.uscc,
        "project_name": paper.project_name,
        "location": paper.location,
        "categories": boxes(CATEGORIES, paper.category),
        "natures": boxes(NATURES, _BOX_OF_NATURE.get(paper.nature, paper.nature)),
        "industry": f"{paper.industry_code} {paper.industry_name}",
        "scale_content": paper.scale_content.strip(),
        "investment": [
            {"text": grouped(paper.total), "strong": True},
            {"text": " 万元　其中：项目资本金 ", "strong": False},
            {"text": grouped(paper.capital), "strong": True},
            {"text": " 万元", "strong": False},
        ],
        "fixed_assets": (
            f"固定资产投资 {grouped(paper.fixed_assets)} 万元（"
            f"土建、公用工程及其他投资 {grouped(paper.civil)} 万元；"
            f"设备及技术投资 {grouped(paper.equipment)} 万元，"
            f"进口设备用汇 {grouped(paper.import_usd)} 万美元）"
        ),
        "funds": (
            f"自有资金 {grouped(paper.own_funds)}　国内贷款 {grouped(paper.domestic_loan)}　"
            f"股票（债券）{grouped(paper.stock_bond)}　其他资金 {grouped(paper.other_funds)}（万元）"
        ),
        "planned_start": long_date(paper.planned_start),
        "planned_completion": long_date(paper.planned_completion),
        "remark": paper.remark or "—",
        "agency": paper.agency_name,
        "issue_date": long_date(paper.issue_date),
        "notes": [
            (
                f"备案证有效期为两年（至{long_date(paper.valid_until)}）。"
                "项目两年内未开工建设且未办理延期的，备案证自动失效；"
                "项目在备案证有效期内开工建设的，备案证长期有效。"
            ),
            (
                "备案证明文件仅代表备案机关确认收到建设单位项目备案信息，不具备行政许可效力；"
                "项目开工前应依法办理其他手续。"
            ),
            "备案信息发生变化的应及时办理变更；企业对备案信息的真实性、合法性、完整性负责。",
        ],
        "verify_address": re.sub(r"^https?://", "", paper.verify_url),
        "issuer": "广东省工业和信息化厅监制",
        "seal_circle": paper.seal is Seal.OFFLINE_PENDING,
        "seal_note": "电子签章待加盖" if paper.seal is Seal.SEAL_PENDING else None,
        "watermark": "样张" if paper.specimen else None,
    }
