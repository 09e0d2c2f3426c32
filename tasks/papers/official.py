"""Official papers: what an authority says under its name, its date and its seal, as PDF/A-2b.

The same data give the same bytes. What they have in common stands here and in `official.typ`; each has a module and a
template of its own beside them.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

import typst

from records.certificates import Seal
from tasks.papers.press import Sheet, explained, press, qr_code, template
from tasks.wording import long_date


@dataclass(frozen=True, kw_only=True)
class OfficialPaper(ABC):
    """What every official paper prints; a kind of paper adds its own values."""

    number: str
    enterprise_name: str
    project_name: str
    project_code: str
    agency_name: str
    issue_date: date
    seal: Seal
    verify_url: str
    specimen: bool = False

    TEMPLATE: ClassVar[str]
    """The file beside this one that lays it out."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call a paper of its kind."""

    @property
    def title(self) -> str:
        """What it is headed with."""
        return self.name

    @abstractmethod
    def texts(self) -> Mapping[str, Any]:
        """The texts that only this kind's template places, each as it is printed."""

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Self:
        """A paper of values of which its own are as JSON keeps them."""
        return cls(**values)


def render(paper: OfficialPaper) -> bytes:
    """The paper, on as many pages as it needs. Raises `UnprintableCharacter` for a character without a glyph."""
    return compose(paper).pdf


def compose(paper: OfficialPaper) -> Sheet:
    """What `render` gives, with where things stand on it."""
    layout = template(paper.TEMPLATE)
    inputs = {"paper": json.dumps(_printed(paper), ensure_ascii=False), "qr": qr_code(paper.verify_url)}
    try:
        return Sheet(press().print(layout, inputs, paper.issue_date), layout, inputs)
    except typst.TypstError as error:
        raise explained(error, vars(paper), paper.name) from error


def _printed(paper: OfficialPaper) -> dict[str, Any]:
    return {
        "title": paper.title,
        "number": paper.number,
        "enterprise": paper.enterprise_name,
        "project_code": paper.project_code,
        "agency": paper.agency_name,
        "issue_date": long_date(paper.issue_date),
        "verify_address": re.sub(r"^https?://", "", paper.verify_url),
        "issuer": "广东省工业和信息化厅监制",
        "seal_circle": paper.seal is Seal.OFFLINE_PENDING,
        "seal_note": "电子签章待加盖" if paper.seal is Seal.SEAL_PENDING else None,
        "watermark": "样张" if paper.specimen else None,
        **paper.texts(),
    }
