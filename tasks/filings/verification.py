"""校验 of a project code with the provincial platform, before the rules are asked (R98-R101).

The platform's answer is what counts for name and place. What it forbids has codes of its own, P01 to P04: the
deck numbers no such rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.phrases import Phrase
from records.formats import GUANGDONG, TECHNICAL_RENOVATION, parse_project_code
from tasks.filings.findings import Finding, error
from tasks.platform import VALID, InvestmentPlatform, PlatformAnswer

_FIELD = "project_code"


@dataclass(frozen=True)
class Verification:
    """`answer` is None where the code was not worth asking for; `fields` are the form's fields it settles."""

    answer: PlatformAnswer | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, Any]:
        if self.answer is None or not self.answer.found or self.findings:
            return {}
        return {
            "project_name": self.answer.name,
            "location": self.answer.place,
            "region": self.answer.region,
        }


def verify(form: Mapping[str, Any], uscc: str, platform: InvestmentPlatform) -> Verification:
    """Ask the platform for the form's project code in the name of the enterprise `uscc`.

    A code that is missing or malformed is not asked for: V04, V05 and V06 say so already.
    Raises PlatformUnavailable.
    """
    text = form.get(_FIELD)
    parsed = parse_project_code(text) if isinstance(text, str) else None
    if parsed is None or not parsed.check_digit_right or not parsed.technical_renovation:
        return Verification()
    answer = platform.verify(parsed.text, uscc)
    return Verification(answer, _objections(answer, uscc))


def _objections(answer: PlatformAnswer, uscc: str) -> list[Finding]:
    if not answer.found:
        return [error(_FIELD, "P01", "在广东省投资项目在线审批监管平台未查到该项目代码")]
    findings = []
    if answer.project_type != TECHNICAL_RENOVATION:
        findings.append(error(_FIELD, "V06", "项目代码的项目类型不是技术改造"))
    if answer.unit_uscc != uscc:
        findings.append(error(_FIELD, "P02", "项目代码的项目单位与申报企业不一致"))
    if answer.status != VALID:
        detail = Phrase("平台显示：{status}", status=answer.status)
        findings.append(error(_FIELD, "P03", "项目代码已不是有效状态", detail))
    if not answer.region.startswith(GUANGDONG):
        findings.append(error(_FIELD, "P04", "项目代码的建设地点不在广东省"))
    return findings
