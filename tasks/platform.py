"""The provincial platform 广东省投资项目在线审批监管平台, which issues project codes (domain §4.1).

An adapter: the simulator knows the codes of the sample data and, so that new users can file, answers for any
other well-formed code of type 02 with a project of the enterprise that asks.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.errors import CommandRefused
from records.formats import TECHNICAL_RENOVATION, parse_project_code

VALID = "有效"


@dataclass(frozen=True)
class PlatformAnswer:
    """What the platform says of a project code; where `found` is false, nothing but that.

    `region` is six digits of GB/T 2260, `status` 有效, 已失效 or 已办结, `project_type` two digits, 02 for
    技术改造.
    """

    found: bool
    name: str = ""
    place: str = ""
    region: str = ""
    status: str = ""
    project_type: str = ""
    unit_name: str = ""
    unit_uscc: str = ""


class PlatformUnavailable(CommandRefused):
    """The platform does not answer. Nothing was changed; trying later is all there is to do."""

    default_status = 503

    def __init__(self) -> None:
        super().__init__(
            "platform_unavailable",
            "广东省投资项目在线审批监管平台暂时无法连接，项目代码未能校验。",
            remedy="已填写的内容没有丢失，请稍后重试。",
        )


class InvestmentPlatform(Protocol):
    """校验 of a project code."""

    def verify(self, code: str, uscc: str) -> PlatformAnswer:
        """What the platform knows of `code`, asked by the enterprise `uscc`. Raises PlatformUnavailable."""
        ...


@dataclass(frozen=True)
class Applicant:
    """The asking enterprise, as the simulator needs it."""

    name: str
    uscc: str
    address: str


@dataclass(frozen=True)
class Amendment:
    """What a project is called, and where it is built, since that was changed on the platform (R129)."""

    name: str
    place: str


def _nothing_changed(_code: str) -> None:
    return None


class SimulatedPlatform:
    """A platform that knows `projects` by code, and for any other good code invents one of the enterprise
    that asks; `changed` knows what was changed of one. While `available` is false it raises PlatformUnavailable."""

    def __init__(
        self,
        projects: Mapping[str, PlatformAnswer],
        applicant: Callable[[str], Applicant | None],
        changed: Callable[[str], Amendment | None] = _nothing_changed,
        *,
        available: bool = True,
    ) -> None:
        self._projects = projects
        self._applicant = applicant
        self._changed = changed
        self.available = available

    def verify(self, code: str, uscc: str) -> PlatformAnswer:
        if not self.available:
            raise PlatformUnavailable
        answer, amendment = self._known(code, uscc), self._changed(code)
        if not answer.found or amendment is None:
            return answer
        return replace(answer, name=amendment.name, place=amendment.place)

    def _known(self, code: str, uscc: str) -> PlatformAnswer:
        if code in self._projects:
            return self._projects[code]
        parsed, applicant = parse_project_code(code), self._applicant(uscc)
        if parsed is None or applicant is None or parsed.legacy or not parsed.check_digit_right:
            return PlatformAnswer(found=False)
        if parsed.type != TECHNICAL_RENOVATION:
            return PlatformAnswer(found=False)
        return PlatformAnswer(
            found=True,
            name=f"{short_name(applicant.name)}生产线技术改造项目（{code[-6:]}）",
            place=applicant.address,
            region=parsed.region,
            status=VALID,
            project_type=parsed.type,
            unit_name=applicant.name,
            unit_uscc=applicant.uscc,
        )


def sample_projects(sample: Mapping[str, Any]) -> dict[str, PlatformAnswer]:
    """The projects of `data/sample.json` as the platform would answer for them, by code."""
    enterprises = {enterprise["id"]: enterprise for enterprise in sample["enterprises"]}
    answers: dict[str, PlatformAnswer] = {}
    for project in sample["projects"]:
        filing = project["filing"]
        unit = enterprises[filing["enterprise"]]
        answers[filing["project_code"]] = PlatformAnswer(
            found=True,
            name=filing["project_name"],
            place=filing["location"],
            region=filing["region"],
            status=VALID,
            project_type=TECHNICAL_RENOVATION,
            unit_name=unit["name"],
            unit_uscc=unit["uscc"],
        )
    return answers


def short_name(enterprise: str) -> str:
    """An enterprise's name without its place and legal form: 江门市星烁光电科技有限公司 → 星烁光电科技."""
    bare = re.sub(r"(集团)?(股份)?有限(责任)?公司$", "", re.sub(r"^[^省市]{2,3}[省市]", "", enterprise))
    return bare or enterprise
