"""备案申报表, a filing as it is printed, and 备案承诺声明, what its enterprise commits itself to (domain §6.3, 6.4).

Both are printed when they are asked for, as PDF/A-2b; neither is kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

import typst

from tasks.papers.press import explained, press, template
from tasks.wording import long_date

NAME = "申报表"
COMMITMENT = "备案承诺声明"
PROMISES = (
    "所填报的备案信息和上传的材料真实、合法、完整、有效。",
    (
        "项目符合国家产业政策，不属于《市场准入负面清单》禁止准入事项，不属于《产业结构调整指导目录》淘汰类项目或限制类新建项目，"
        "不属于产能严重过剩行业新增产能项目，不以技术改造为名变相新增产能。"
    ),
    "项目尚未开工建设；开工前依法办理规划、用地、环境影响评价、节能审查、安全生产等手续。",
    "按规定落实固定资产投资项目最低资本金比例。",
    "按要求及时报送项目开工、建设进度和竣工信息；备案信息发生变化时，及时申请变更。",
    "如有虚假或者违反承诺，自愿承担法律责任，并接受失信惩戒。",
)
"""What an enterprise commits itself to when it files (R48, R186)."""


@dataclass(frozen=True)
class Item:
    """A labelled value; a wide one has a row of its own."""

    label: str
    value: str
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A headed part: labelled values, then lines of text."""

    title: str
    items: Sequence[Item] = ()
    lines: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ApplicationPaper:
    """Everything that the form prints."""

    title: str
    number: str
    applicant: str
    agency: str
    submitted: str
    sections: Sequence[Section]
    printed_on: date
    watermark: str | None = None


@dataclass(frozen=True, kw_only=True)
class CommitmentPaper:
    """Who commits himself, about which project. `given_on` is None before the first submission."""

    enterprise: str
    uscc: str
    project_name: str
    project_code: str
    given_on: date | None
    printed_on: date
    watermark: str | None = None
    promises: Sequence[str] = field(default=PROMISES)


def render_application(paper: ApplicationPaper) -> bytes:
    """The form as PDF. Raises UnprintableCharacter for a character without a glyph."""
    return _print("application.typ", asdict(paper), paper.printed_on, NAME)


def render_commitment(paper: CommitmentPaper) -> bytes:
    """The statement as one page of PDF, with room for the signature and the seal."""
    printed = asdict(paper) | {"given_on": long_date(paper.given_on) if paper.given_on else "　　年　　月　　日"}
    return _print("commitment.typ", printed, paper.printed_on, COMMITMENT)


def _print(layout: str, printed: dict[str, object], on: date, name: str) -> bytes:
    del printed["printed_on"]
    try:
        return press().print(template(layout), {"paper": json.dumps(printed, ensure_ascii=False)}, on)
    except typst.TypstError as error:
        raise explained(error, printed, name) from error
