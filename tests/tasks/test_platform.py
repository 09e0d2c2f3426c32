"""校验 of a project code, against the simulated platform."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks.filings.verification import verify
from tasks.platform import (
    Applicant,
    PlatformAnswer,
    PlatformUnavailable,
    SimulatedPlatform,
    sample_projects,
    short_name,
)

E01 = Applicant("江门市星烁光电科技有限公司", "91440704MAXXX0015F", "江门市江海区外海街道示例路1号")
KNOWN = "2110-440704-04-02-017173"
UNKNOWN = "2103-440704-04-02-314723"


@pytest.fixture
def platform(sample: dict[str, Any]) -> SimulatedPlatform:
    return SimulatedPlatform(sample_projects(sample), {E01.uscc: E01}.get)


def test_the_sample_knows_its_own_codes(platform: SimulatedPlatform) -> None:
    answer = platform.verify(KNOWN, E01.uscc)
    assert (answer.found, answer.name) == (True, "半导体分立器件测试分选线技术改造项目")
    assert (answer.unit_uscc, answer.region, answer.status) == (E01.uscc, "440704", "有效")


def test_any_other_good_code_of_type_02_is_a_project_of_the_asking_enterprise(
    platform: SimulatedPlatform,
) -> None:
    answer = platform.verify(UNKNOWN, E01.uscc)
    assert answer == PlatformAnswer(
        found=True,
        name="星烁光电科技生产线技术改造项目（314723）",
        place=E01.address,
        region="440704",
        status="有效",
        project_type="02",
        unit_name=E01.name,
        unit_uscc=E01.uscc,
    )


@pytest.mark.parametrize(
    "code",
    ["2103-440704-04-02-314724", "2106-440100-04-01-237448", "2019-440605-38-03-999999", "hello"],
    ids=["wrong check digit", "another type", "unknown code of the old form", "no code"],
)
def test_other_codes_are_not_found(platform: SimulatedPlatform, code: str) -> None:
    assert platform.verify(code, E01.uscc) == PlatformAnswer(found=False)


def test_a_platform_that_does_not_answer_says_so_in_chinese(platform: SimulatedPlatform) -> None:
    platform.available = False
    with pytest.raises(PlatformUnavailable, match="暂时无法连接") as refused:
        platform.verify(KNOWN, E01.uscc)
    assert refused.value.status == 503


def test_name_place_and_region_are_the_platform_s(platform: SimulatedPlatform) -> None:
    verification = verify({"project_code": KNOWN, "project_name": "我的项目"}, E01.uscc, platform)
    assert verification.findings == []
    assert verification.fields == {
        "project_name": "半导体分立器件测试分选线技术改造项目",
        "location": "江门市江海区外海街道示例路1号",
        "region": "440704",
    }


@pytest.mark.parametrize("code", [None, "", "2103", "2103-440704-04-02-314724"])
def test_a_malformed_code_is_not_asked_for(platform: SimulatedPlatform, code: str | None) -> None:
    platform.available = False
    assert verify({"project_code": code}, E01.uscc, platform).answer is None


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"found": False}, "P01", "在广东省投资项目在线审批监管平台未查到该项目代码"),
        ({"project_type": "01"}, "V06", "项目代码的项目类型不是技术改造"),
        ({"unit_uscc": "91441900MAXXX00237"}, "P02", "项目代码的项目单位与申报企业不一致"),
        ({"status": "已失效"}, "P03", "项目代码已不是有效状态"),
        ({"region": "430100"}, "P04", "项目代码的建设地点不在广东省"),
    ],
)
def test_what_the_platform_says_against_a_code_stands_at_the_code(
    platform: SimulatedPlatform, change: dict[str, Any], code: str, message: str
) -> None:
    known = {UNKNOWN: replace(platform.verify(UNKNOWN, E01.uscc), **change)}
    verification = verify({"project_code": UNKNOWN}, E01.uscc, SimulatedPlatform(known, {E01.uscc: E01}.get))
    assert [(finding.code, finding.field, finding.message) for finding in verification.findings] == [
        (code, "project_code", message)
    ]
    assert verification.fields == {}


def test_a_short_name_leaves_out_place_and_legal_form() -> None:
    assert short_name("东莞市启衡精密机械有限公司") == "启衡精密机械"
    assert short_name("广东省某某集团股份有限公司") == "某某"
    assert short_name("有限公司") == "有限公司"
