"""The decision tables at their boundaries: what each row decides, and what falls just outside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.decisions import read_decisions

RULES = Path(__file__).parents[2] / "processes" / "rules"
TODAY = date(2021, 11, 15)
EARLIEST = date(2021, 11, 18)


def decide(table: str, /, **inputs: Any) -> Any:
    """What a decision says: the one that is named as its file, or another, `file/decision`."""
    file, _slash, named = table.partition("/")
    path = RULES / f"{file}.dmn"
    decisions, problems = read_decisions(path.read_bytes(), path.name)
    assert problems == []
    [decision] = [decision for decision in decisions if decision.id == (named or file)]
    return decision.evaluate(inputs).outputs


# DMN-1


@pytest.mark.parametrize(
    ("industry", "ratio"),
    [
        ("钢铁", "0.40"),
        ("电解铝", "0.40"),
        ("水泥", "0.35"),
        ("煤炭", "0.30"),
        ("电石", "0.30"),
        ("铁合金", "0.30"),
        ("烧碱", "0.30"),
        ("焦炭", "0.30"),
        ("黄磷", "0.30"),
        ("多晶硅", "0.30"),
        ("化肥（钾肥除外）", "0.25"),
        ("玉米深加工", "0.20"),
        ("电力等其他项目", "0.20"),
    ],
)
def test_each_industry_has_one_minimum_capital_ratio(industry: str, ratio: str) -> None:
    decided = decide("minimum_capital_ratio", capital_industry=industry)["min_ratio"]
    assert Decimal(str(decided)) == Decimal(ratio)


# DMN-3

FREE = {
    "negative_list": "未列入",
    "catalogue": "允许类",
    "nature": "技术改造",
    "adds_capacity": False,
    "industry_group": "其他",
    "prd_city": False,
    "national_plan": False,
}
OVERCAPACITY = ["钢铁", "电解铝", "水泥", "平板玻璃", "船舶"]
NATURES = ["新建", "扩建", "改建", "技术改造", "迁建", "其他"]


def codes(**project: Any) -> list[str]:
    """The codes of every row that matches, without the row that merely admits."""
    return [row["code"] for row in decide("admission", **{**FREE, **project}) if row["code"]]


@pytest.mark.parametrize("catalogue", ["鼓励类", "允许类"])
def test_encouraged_and_permitted_projects_are_admitted(catalogue: str) -> None:
    [row] = decide("admission", **{**FREE, "catalogue": catalogue})
    assert row["result"] == "准入"


def test_a_prohibited_item_is_refused_whatever_else_is_said() -> None:
    [refused, _] = decide("admission", **{**FREE, "negative_list": "禁止准入"})
    assert refused == {
        "result": "拒绝",
        "code": "A1",
        "message": "属于《市场准入负面清单》禁止准入事项，不予核准、备案",
    }
    assert codes(negative_list="禁止准入", catalogue="淘汰类") == ["A1", "A2"]


def test_a_licensed_item_is_for_a_person_to_review() -> None:
    assert codes(negative_list="许可准入") == ["W1"]


@pytest.mark.parametrize(
    ("nature", "adds_capacity", "expected"),
    [
        ("新建", False, ["A3"]),
        ("扩建", False, ["A3"]),
        ("迁建", False, ["A3"]),
        ("新建", True, ["A3"]),
        ("改建", False, ["W2"]),
        ("技术改造", False, ["W2"]),
        ("技术改造", True, ["A3", "W2"]),
        ("其他", False, []),
        ("其他", True, ["A3"]),
    ],
)
def test_a_restricted_project_may_only_upgrade(nature: str, adds_capacity: bool, expected: list[str]) -> None:
    assert codes(catalogue="限制类", nature=nature, adds_capacity=adds_capacity) == expected


@pytest.mark.parametrize("group", OVERCAPACITY)
@pytest.mark.parametrize("nature", NATURES)
def test_an_overcapacity_industry_adds_no_capacity_and_else_is_reviewed(group: str, nature: str) -> None:
    assert codes(industry_group=group, nature=nature, adds_capacity=True) == ["A4"]
    assert codes(industry_group=group, nature=nature, adds_capacity=False) == ["W3"]


@pytest.mark.parametrize("adds_capacity", [True, False])
def test_ships_of_doubtful_class_are_always_reviewed_and_never_refused(adds_capacity: bool) -> None:
    assert codes(industry_group="船舶（待核实）", adds_capacity=adds_capacity) == ["W3"]


@pytest.mark.parametrize("group", ["化学制浆", "生皮制革"])
@pytest.mark.parametrize(
    ("nature", "adds_capacity", "prd_city", "expected"),
    [
        ("新建", False, True, ["A5"]),
        ("扩建", True, True, ["A5"]),
        ("技术改造", False, True, []),
        ("技术改造", True, True, ["A5"]),
        ("迁建", False, True, []),
        ("新建", True, False, []),
    ],
)
def test_the_core_of_the_delta_takes_no_new_pulp_or_leather(
    group: str, nature: str, adds_capacity: bool, prd_city: bool, expected: list[str]
) -> None:
    assert codes(industry_group=group, nature=nature, adds_capacity=adds_capacity, prd_city=prd_city) == expected


@pytest.mark.parametrize("group", ["水泥", "平板玻璃"])
def test_the_core_of_the_delta_takes_no_new_cement_or_glass(group: str) -> None:
    assert codes(industry_group=group, nature="扩建", adds_capacity=True, prd_city=True) == ["A4", "A5"]
    assert codes(industry_group=group, nature="扩建", adds_capacity=False, prd_city=True) == ["A5", "W3"]


@pytest.mark.parametrize(
    ("nature", "adds_capacity", "national_plan", "expected"),
    [
        ("新建", False, False, ["A6"]),
        ("扩建", False, False, ["A6"]),
        ("新建", False, True, []),
        ("技术改造", True, False, ["A6"]),
        ("技术改造", True, True, []),
        ("技术改造", False, False, []),
    ],
)
def test_the_core_of_the_delta_refines_more_oil_only_under_the_national_plan(
    nature: str, adds_capacity: bool, national_plan: bool, expected: list[str]
) -> None:
    project = {"nature": nature, "adds_capacity": adds_capacity, "national_plan": national_plan}
    assert codes(industry_group="原油加工", prd_city=True, **project) == expected
    assert codes(industry_group="原油加工", prd_city=False, **project) == []


def test_steel_under_the_national_plan_still_adds_no_capacity() -> None:
    steel = {"industry_group": "钢铁", "nature": "扩建", "prd_city": True}
    assert codes(**steel, adds_capacity=True, national_plan=True) == ["A4"]
    assert codes(**steel, adds_capacity=True, national_plan=False) == ["A4", "A6"]


# The industry groups DMN-3 speaks of


@pytest.mark.parametrize(
    ("group", "classes"),
    [
        ("钢铁", ["3110", "3120", "3130"]),
        ("电解铝", ["3216"]),
        ("水泥", ["3011"]),
        ("平板玻璃", ["3041"]),
        ("船舶", ["3731"]),
        ("船舶（待核实）", ["3732", "3733"]),
        ("化学制浆", ["2211", "2212"]),
        ("生皮制革", ["1910"]),
        ("原油加工", ["2511"]),
        ("其他", ["3140", "3734", "3972", "2221", "0610"]),
    ],
)
def test_a_class_belongs_to_one_industry_group(group: str, classes: list[str]) -> None:
    assert {decide("industry_group", class_code=code)["group"] for code in classes} == {group}


# DMN-4

CATEGORIES = ["能源", "原材料", "机械制造", "高新技术", "外商投资"]
RENOVATION = {
    "in_scope": True,
    "technical_transformation": True,
    "category": "无",
    "subcase": "无",
    "item_level": "无",
}


def route(**project: Any) -> tuple[str, str]:
    decided = decide("routing", **{**RENOVATION, **project})
    return decided["route"], decided["level"]


def test_what_is_not_in_the_approval_catalogue_is_filed_with_the_county() -> None:
    assert route() == ("备案", "县")


def test_what_is_no_renovation_of_industry_is_not_accepted_and_says_why() -> None:
    assert route(in_scope=False, category="能源", item_level="省") == ("不受理", "")
    assert decide("routing", **{**RENOVATION, "in_scope": False})["note"] == "不属于工信部门职责"
    decided = decide("routing", **{**RENOVATION, "technical_transformation": False})
    assert (decided["route"], decided["note"]) == ("不受理", "非技术改造项目，请到发展改革部门办理")


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize(
    ("item_level", "expected"),
    [
        ("国务院", ("转报", "国家")),
        ("国务院主管部门", ("转报", "国家")),
        ("省", ("核准", "省（已委托）")),
        ("地级以上市", ("核准", "市")),
    ],
)
def test_what_is_in_the_approval_catalogue_goes_by_its_level(
    category: str, item_level: str, expected: tuple[str, str]
) -> None:
    assert route(category=category, item_level=item_level) == expected


def test_cars_and_the_void_foreign_clause_are_filed_though_the_catalogue_names_them() -> None:
    assert route(category="机械制造", subcase="汽车", item_level="省") == ("备案", "县/市")
    assert route(category="外商投资", subcase="3亿美元以下限制类", item_level="省") == ("备案", "县/市")
    assert route(category="原材料", subcase="汽车", item_level="省") == ("核准", "省（已委托）")


# DMN-7


def dates(phase: str, start: date, completion: date = date(2022, 12, 31)) -> list[tuple[str, str]]:
    rows = decide(
        "planned_dates",
        phase=phase,
        planned_start=start,
        planned_completion=completion,
        today=TODAY,
        earliest=EARLIEST,
    )
    return [(row["result"], row["field"]) for row in rows]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (date(2021, 11, 14), ["拒绝", "提示"]),
        (date(2021, 11, 15), ["提示"]),
        (date(2021, 11, 17), ["提示"]),
        (date(2021, 11, 18), []),
    ],
)
def test_at_submission_the_start_is_not_past_and_better_three_working_days_away(
    start: date, expected: list[str]
) -> None:
    assert dates("提交", start) == [(result, "planned_start") for result in expected]


def test_at_signing_a_start_before_the_issue_date_goes_back_for_correction() -> None:
    assert dates("签发", date(2021, 11, 14)) == [("退回修改", "planned_start")]
    assert dates("签发", date(2021, 11, 15)) == []


@pytest.mark.parametrize("phase", ["提交", "签发"])
def test_completion_is_never_before_the_start(phase: str) -> None:
    start = date(2022, 3, 1)
    assert dates(phase, start, completion=date(2022, 2, 28)) == [("拒绝", "planned_completion")]
    assert dates(phase, start, completion=start) == []


def test_a_case_without_planned_dates_matches_no_row() -> None:
    """An extension is reviewed by the same called process and has none."""
    assert (
        decide(
            "planned_dates",
            phase="签发",
            planned_start=None,
            planned_completion=None,
            today=TODAY,
            earliest=TODAY,
        )
        == []
    )


# DMN-5

VALID_UNTIL = date(2023, 10, 26)
DAY_AFTER = date(2023, 10, 27)


def changed(
    status: str, start: date | None = None, completion: date | None = None, noun: str = "备案证"
) -> dict[str, Any]:
    valid_until = VALID_UNTIL if status == "有效" else None
    return decide(
        "change_dates",
        noun=noun,
        certificate_status=status,
        new_start=start,
        new_completion=completion,
        valid_until=valid_until,
    )


@pytest.mark.parametrize(
    ("start", "completion", "field"),
    [
        (None, None, None),
        (VALID_UNTIL, VALID_UNTIL, None),
        (DAY_AFTER, None, "planned_start"),
        (None, DAY_AFTER, "planned_completion"),
        (DAY_AFTER, DAY_AFTER, "planned_start"),
        (VALID_UNTIL, DAY_AFTER, "planned_completion"),
    ],
)
def test_only_a_changed_date_after_the_last_valid_day_is_refused_and_both_remedies_are_told(
    start: date | None, completion: date | None, field: str | None
) -> None:
    answer = changed("有效", start, completion)
    if field is None:
        assert answer["result"] == "允许"
        return
    assert (answer["result"], answer["field"]) == ("拒绝", field)
    assert answer["message"] == "提交失败：变更的开工/完工时间大于《备案证》的有效期，请先申请《备案证》延期再进行变更"
    assert "先申请备案证延期" in answer["remedy"]
    assert "填报开工时间" in answer["remedy"]


def test_a_long_term_certificate_bounds_no_date_and_an_invalid_one_allows_no_change() -> None:
    assert changed("长期有效", DAY_AFTER, DAY_AFTER)["result"] == "允许"
    assert changed("已失效")["message"] == "备案证已失效，不能申请变更"


@pytest.mark.parametrize(
    ("name", "content", "investment", "fields"),
    [
        (True, True, Decimal(0), ["scale_content"]),
        (True, False, Decimal(0), []),
        (False, True, Decimal("0.1999"), []),
        (False, False, Decimal("0.2"), ["money.total"]),
        (True, True, Decimal("0.35"), ["scale_content", "money.total"]),
    ],
)
def test_a_change_of_name_and_content_at_once_and_of_a_fifth_of_the_investment_are_pointed_out(
    name: bool, content: bool, investment: Decimal, fields: list[str]
) -> None:
    ticked = {"name_changed": name, "content_changed": content, "agency_changed": True}
    rows = decide("change_extent", approved=False, investment_change=investment, **ticked)
    assert [(row["result"], row["field"]) for row in rows] == [("提示", field) for field in fields]


@pytest.mark.parametrize(("start", "field"), [(VALID_UNTIL, None), (DAY_AFTER, "planned_start")])
def test_of_what_was_approved_only_the_start_is_bounded(start: date, field: str | None) -> None:
    answer = changed("有效", start, DAY_AFTER, noun="核准批复")
    assert answer["field"] == (field or "")


def test_whoever_approved_a_project_stays_its_authority() -> None:
    ticked = {"name_changed": False, "content_changed": False, "investment_change": Decimal(0)}
    [found] = decide("change_extent", approved=True, agency_changed=True, **ticked)
    assert (found["result"], found["field"]) == ("拒绝", "agency")


@pytest.mark.parametrize(("left", "code"), [(30, None), (29, "E05")])
def test_an_approval_is_extended_when_thirty_working_days_are_left(left: int, code: str | None) -> None:
    still = {"status": "有效", "extended": False, "started": False, "extension_open": False}
    assert decide("extension_eligibility", noun="核准批复", working_days_left=left, **still)["code"] == code
    assert decide("extension_eligibility", noun="备案证", working_days_left=left, **still)["code"] is None


# Project progress

ISSUED, UNTIL = date(2021, 7, 29), date(2023, 7, 29)
TOLD: dict[str, Any] = {
    "noun": "备案证",
    "start_date": date(2021, 8, 1),
    "completion_date": None,
    "start_change": "无",
    "dated_until": UNTIL,
    "invested": Decimal(0),
    "today": TODAY,
    "issue_date": ISSUED,
    "total": Decimal(3300),
}


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({}, []),
        ({"start_date": None}, []),
        # The day itself is neither too early nor too late.
        ({"start_date": TODAY, "completion_date": TODAY}, []),
        ({"start_date": date(2021, 11, 16)}, ["P01"]),
        ({"start_date": ISSUED}, []),
        ({"start_date": date(2021, 7, 28)}, ["P02"]),
        ({"start_change": "填报", "today": UNTIL}, []),
        ({"start_change": "填报", "today": date(2023, 7, 30)}, ["P03"]),
        ({"start_change": "修改", "today": date(2023, 7, 30)}, []),
        ({"start_date": None, "start_change": "清除", "today": UNTIL}, []),
        ({"start_date": None, "start_change": "清除", "today": date(2023, 7, 30)}, ["P04"]),
        ({"start_date": None, "completion_date": TODAY}, ["P05"]),
        ({"completion_date": date(2021, 8, 1)}, []),
        ({"completion_date": date(2021, 7, 31)}, ["P06"]),
        ({"completion_date": date(2021, 11, 16)}, ["P07"]),
        ({"invested": Decimal(3300)}, []),
        ({"invested": Decimal("3300.0001")}, ["P08"]),
    ],
)
def test_progress_is_told_in_its_order_and_in_its_time(told: dict[str, Any], codes: list[str]) -> None:
    assert [found["code"] for found in decide("project_progress", **TOLD | told)] == codes


def test_too_much_invested_is_only_a_hint() -> None:
    [found] = decide("project_progress", **TOLD | {"invested": Decimal(4000)})
    assert (found["result"], found["field"]) == ("提示", "annual_reports")


# DMN-2, 2a, 2b

NO_FUNDS = {
    "budget_funds": Decimal(0),
    "budget_share": Decimal(0),
    "soe_funds_controlling": False,
    "international_funds": False,
    "article4_project": False,
}


def tender(decision: str = "tender_approval", /, **inputs: Any) -> Any:
    nothing = {"needs_approval": True, **NO_FUNDS, "works": Decimal(0), "goods": Decimal(0), "services": Decimal(0)}
    return decide(f"tender_approval/{decision}", **nothing | inputs)


@pytest.mark.parametrize(
    ("funds", "total", "in_scope"), [("200", "2000", True), ("200", "2001", False), ("199.99", "500", False)]
)
def test_budget_funds_count_from_two_million_and_a_tenth_of_the_investment(
    funds: str, total: str, in_scope: bool
) -> None:
    share = Decimal(funds) / Decimal(total)
    assert bool(tender("tender_scope", budget_funds=Decimal(funds), budget_share=share)) is in_scope


@pytest.mark.parametrize("ground", ["soe_funds_controlling", "international_funds", "article4_project"])
def test_each_other_kind_of_funds_alone_makes_a_project_one_that_must_be_tendered(ground: str) -> None:
    assert len(tender("tender_scope", **{ground: True})) == 1


@pytest.mark.parametrize(("kind", "least"), [("works", "400"), ("goods", "200"), ("services", "100")])
def test_a_kind_of_contract_must_be_tendered_from_its_threshold_on(kind: str, least: str) -> None:
    assert len(tender("tender_amount", **{kind: Decimal(least)})) == 1
    assert tender("tender_amount", **{kind: Decimal(least) - Decimal("0.01")}) == []


def test_tender_approval_needs_approval_and_scope_and_amount() -> None:
    owned = {"soe_funds_controlling": True}
    large = {"works": Decimal(400)}
    assert tender(**owned, **large)["required"] is True
    assert tender(**owned)["reason"] == "未达到规模标准"
    assert tender(**large)["reason"] == "不属于依法必须招标的项目"
    assert tender(needs_approval=False, **owned, **large)["reason"] == "备案项目由项目单位依法自主确定招标事项"


# Materials of an approval

DOMESTIC = {
    "land_use": "自有",
    "land_preexamination_exempt": True,
    "foreign": False,
    "capital_increase": False,
    "merger": False,
    "state_assets": False,
}


def materials(**answers: Any) -> list[str]:
    return [row["key"] for row in decide("approval_materials", **DOMESTIC | answers)]


def test_every_application_has_its_report() -> None:
    assert materials() == ["application_report"]


def test_an_opinion_on_the_site_is_needed_where_state_land_is_allocated() -> None:
    assert materials(land_use="划拨") == ["application_report", "site_opinion"]


def test_a_pre_examination_of_the_land_is_needed_unless_it_is_exempt() -> None:
    assert materials(land_use="出让", land_preexamination_exempt=False) == ["application_report", "land_preexamination"]
    assert materials(land_use="不涉及新增用地", land_preexamination_exempt=False) == ["application_report"]


def test_investors_from_abroad_prove_who_they_are_and_what_they_intend() -> None:
    abroad = ["application_report", "registration_proof", "audited_statements", "letter_of_intent"]
    assert materials(foreign=True) == abroad
    assert materials(foreign=True, capital_increase=True) == [*abroad, "board_resolution"]
    assert materials(foreign=True, merger=True) == [*abroad, "board_resolution", "merger_chapters"]


def test_only_investors_from_abroad_confirm_state_assets_and_describe_a_merger() -> None:
    assert "state_assets_confirmation" in materials(foreign=True, state_assets=True)
    assert materials(state_assets=True, merger=True, capital_increase=True) == ["application_report"]


# Corrections


@pytest.mark.parametrize(
    ("field", "result"),
    [
        ("project_name", "可更正"),
        ("location", "可更正"),
        ("enterprise_name", "可更正"),
        ("scale_content", "可更正"),
        ("project_code", "不能更正"),
        ("money.total", "备案变更"),
        ("planned_start", "备案变更"),
        ("nature", "备案变更"),
    ],
)
def test_an_authority_corrects_words_and_nothing_of_substance(field: str, result: str) -> None:
    decided = decide("correction_scope", field=field)
    assert decided["result"] == result
    assert bool(decided["message"]) is (result != "可更正")


# DMN-8

BY_IDENTITY = {"method": "省统一身份", "account_exists": True, "trust_level": 4, "legacy_accounts": 1}
BY_PASSWORD = {"method": "账号密码", "account_exists": True, "password_enabled": True}


@pytest.mark.parametrize(
    ("told", "outcome", "words"),
    [
        (BY_IDENTITY | {"account_exists": False}, "拒绝", "注册账号后再登录"),
        (BY_IDENTITY | {"trust_level": 3}, "拒绝", "四级以下，无法登录技改系统"),
        (BY_IDENTITY | {"trust_level": 3, "legacy_accounts": 2}, "拒绝", "四级以下，无法登录技改系统"),
        (BY_IDENTITY | {"legacy_accounts": 2}, "拒绝", "需要合并账号"),
        (BY_IDENTITY, "绑定并登录", ""),
        (BY_IDENTITY | {"trust_level": 5, "legacy_accounts": 0}, "绑定并登录", ""),
        (BY_PASSWORD, "登录", "请及时授权绑定“省统一身份账号”，届时本登录方式会关闭"),
        (BY_PASSWORD | {"password_enabled": False}, "拒绝", "账号密码登录方式已关闭"),
        (BY_PASSWORD | {"account_exists": False, "password_enabled": False}, "拒绝", "账号密码登录方式已关闭"),
        (BY_PASSWORD | {"account_exists": False}, "拒绝", "账号或密码不正确"),
    ],
)
def test_who_gets_in(told: dict[str, Any], outcome: str, words: str) -> None:
    everything = {"trust_level": None, "legacy_accounts": None, "password_enabled": None} | told
    decided = decide("login", **everything)
    assert decided["outcome"] == outcome
    assert words in decided["message"]
