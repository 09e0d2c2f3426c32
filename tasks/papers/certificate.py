"""广东省技术改造投资项目备案证, the certificate of a filing, as PDF/A-2b (domain §6.1).

The same data give the same bytes, so a certificate's SHA-256 can be recomputed at any time. Everything
printed is in `CertificatePaper`; the layout is `certificate.typ` beside this file.
"""

from __future__ import annotations

import io
import json
import re
import threading
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, cast

import pylopdf_fonts_zh_cn as typefaces
import segno
import typst

from records.certificates import Seal
from tasks.wording import grouped, long_date

TITLE = "广东省技术改造投资项目备案证"
CATEGORIES = ("基建", "技改", "其他")
NATURES = ("新建", "扩建", "改建", "迁建", "其他")

# The form knows 技术改造 as a nature of its own; the paper's box for it is 改建, beside the category 技改.
_BOX_OF_NATURE = {"技术改造": "改建"}
_BEIJING = timezone(timedelta(hours=8))
_TEMPLATE = Path(__file__).with_name("certificate.typ")


class PaperError(ValueError):
    """A certificate that cannot be printed as its data stand. The message is Chinese and names the place."""


class UnprintableCharacter(PaperError):
    """A character that neither typeface has. `character` and `field` (of `CertificatePaper`) name it."""

    def __init__(self, character: str, field: str | None) -> None:
        self.character = character
        self.field = field
        where = f"（{field}）" if field else ""
        super().__init__(f"备案证字体缺少字符「{character}」（U+{ord(character):04X}）{where}，无法生成备案证")


class TextTooLong(PaperError):
    """Texts that do not fit one page even at the smallest readable size."""

    def __init__(self) -> None:
        super().__init__("备案证内容过长，无法在一页内打印，请精简「建设规模及内容」")


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
    inputs = {"paper": json.dumps(_printed(paper), ensure_ascii=False), "qr": _qr_code(paper.verify_url)}
    # Typst writes the time in UTC: noon is on the day of issue in both zones.
    issued = datetime.combine(paper.issue_date, time(12), _BEIJING)
    for attempt in count():
        try:
            return _press().print({**inputs, "attempt": str(attempt)}, issued)
        except typst.TypstError as error:
            if "page full" not in error.message:
                raise _explained(error, paper) from error
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


def _qr_code(url: str) -> str:
    """The QR code of `url` as SVG without a border: the page's white is its quiet zone."""
    buffer = io.BytesIO()
    segno.make_qr(url, error="m").save(buffer, kind="svg", border=0, dark="#14203a", xmldecl=False, nl=False)
    return buffer.getvalue().decode()


class _Press:
    """One Typst compiler kept with its fonts loaded. It serves one thread at a time, hence the lock."""

    def __init__(self) -> None:
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[typefaces.serif_path().parent],
        )
        # Without its typefaces Typst prints an empty form and does not complain.
        if absent := {"Noto Serif SC", "Noto Sans SC"} - set(fonts.families()):
            raise PaperError(f"缺少字体：{'、'.join(sorted(absent))}")
        self._template = _TEMPLATE.read_bytes()
        self._compiler = typst.Compiler(font_paths=fonts, ignore_system_fonts=True)
        self._lock = threading.Lock()

    def print(self, inputs: dict[str, str], timestamp: datetime) -> bytes:
        with self._lock:
            pdf = self._compiler.compile(
                self._template, format="pdf", pdf_standards="a-2b", sys_inputs=inputs, timestamp=timestamp
            )
        return cast(bytes, pdf)  # other formats give other types


@cache
def _press() -> _Press:
    return _Press()


def _explained(error: typst.TypstError, paper: CertificatePaper) -> Exception:
    """Typst's complaint as one that the people concerned understand; unknown complaints stay as they are."""
    if "no smaller size" in error.message:
        return TextTooLong()
    missing = re.search(r'the text `"(.+?)"` could not be displayed', error.message)
    if missing is None:
        return error
    character = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), missing[1])[0]
    for field in fields(paper):
        value = getattr(paper, field.name)
        if isinstance(value, str) and character in value:
            return UnprintableCharacter(character, field.name)
    return UnprintableCharacter(character, None)
