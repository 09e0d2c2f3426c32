"""V01 to V21, one by one: the deck's sentence, the field it stands at, and what it takes to be rid of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from engine.errors import DecisionError
from records.agencies import Agency
from records.enterprises import Enterprise
from tasks.filings.examination import Examination, examine
from tests.tasks.conftest import TODAY, KnownWorld

LookAt = Callable[[Mapping[str, Any]], Examination]


def errors(examination: Examination) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.field, finding.message) for finding in examination.errors]


def warnings(examination: Examination) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.field, finding.message) for finding in examination.warnings]


def test_a_good_form_passes_all_twenty_one_rules(form: dict[str, Any], look_at: LookAt) -> None:
    examination = look_at(form)
    assert (examination.errors, examination.warnings) == ([], [])
    assert sorted(rule.code for rule in examination.passed) == [f"V{number:02}" for number in range(1, 22)]


def test_fixed_assets_class_and_region_are_computed(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"] |= {"civil": "50.5", "equipment": "600", "fixed_assets": "1"}
    assert look_at(form).computed == {
        "money": {"fixed_assets": "650.5"},
        "class_name": "某制造",
        "section": "C",
        "region": "440704",
    }


def test_an_empty_form_is_told_everything_at_once(look_at: LookAt) -> None:
    found = errors(look_at({}))
    assert {code for code, _, _ in found} == {"V13", "V18"}
    assert ("V13", "money.total", "请填写「总投资」") in found
    assert ("V13", "project_contact.mobile", "请填写「项目联系人手机」") in found
    assert ("V18", "commitment", "请阅读并同意备案承诺声明") in found


def test_v01_a_wrong_uscc(form: dict[str, Any], look_at: LookAt, enterprise: Enterprise) -> None:
    enterprise.uscc = "91350100M000100Y4A"
    assert errors(look_at(form)) == [("V01", "enterprise.uscc", "统一社会信用代码校验不通过")]


def test_v02_a_wrong_identity_number_of_the_legal_representative(
    form: dict[str, Any], look_at: LookAt, enterprise: Enterprise
) -> None:
    enterprise.legal_rep = enterprise.legal_rep | {"id_no": "440524188001010015"}
    assert errors(look_at(form)) == [("V02", "enterprise.legal_rep.id_no", "法定代表人证件号码校验不通过")]


def test_v03_wrong_mobile_numbers(form: dict[str, Any], look_at: LookAt, enterprise: Enterprise) -> None:
    enterprise.contact = enterprise.contact | {"mobile": "1940000002"}
    form["project_contact"]["mobile"] = "075012345678"
    assert errors(look_at(form)) == [
        ("V03", "enterprise.contact.mobile", "联系人手机号格式不正确"),
        ("V03", "project_contact.mobile", "联系人手机号格式不正确"),
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("2103-440704-04-02-31472", ("V04", "项目代码格式不正确")),
        ("210344070404023147233", ("V04", "项目代码格式不正确")),
        ("2103-440704-04-02-314724", ("V05", "项目代码校验码不正确")),
        ("2106-440100-04-01-237448", ("V06", "项目代码的项目类型不是技术改造")),
    ],
)
def test_v04_to_v06_a_wrong_project_code(
    form: dict[str, Any], look_at: LookAt, code: str, expected: tuple[str, str]
) -> None:
    form["project_code"] = code
    assert errors(look_at(form)) == [(expected[0], "project_code", expected[1])]


def test_v07_a_code_that_another_live_filing_holds(form: dict[str, Any], look_at: LookAt, world: KnownWorld) -> None:
    world.codes_in_use.add(form["project_code"])
    assert errors(look_at(form)) == [
        ("V07", "project_code", "该项目代码已有备案项目，不能重复申报"),
    ]


def test_v08_sources_that_do_not_add_up_name_the_difference(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"] |= {"total": "1500", "own_funds": "800", "domestic_loan": "600", "capital": "300"}
    (finding,) = look_at(form).errors
    assert (finding.code, finding.field) == ("V08", "money.total")
    assert finding.message == (
        "「总投资」金额与「自有资金」、「国内贷款」、「股票债券」、「其他资金」的总额不相等，请检查"
    )
    assert finding.detail == "四项合计 1,400 万元，相差 100 万元"


def test_v08_is_exact_to_a_yuan(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"] |= {"own_funds": "419.9999"}
    assert [finding.code for finding in look_at(form).errors] == ["V08"]
    form["money"] |= {"other_funds": "0.0001"}
    assert look_at(form).errors == []


def test_v09_capital_below_the_ratio_of_its_industry(form: dict[str, Any], look_at: LookAt) -> None:
    form["capital_industry"] = "水泥"
    (finding,) = look_at(form).errors
    assert (finding.code, finding.field) == ("V09", "money.capital")
    assert finding.message == "「项目资本金」不得低于总投资的35%（水泥项目最低资本金比例），应不少于252万元"
    assert finding.detail == "填写 200 万元，相差 52 万元"


@pytest.mark.parametrize(("capital", "refused"), [("20", False), ("19.9999", True)])
def test_v09_a_fifth_of_the_total_is_enough_for_other_projects(
    form: dict[str, Any], look_at: LookAt, capital: str, refused: bool
) -> None:
    form["money"] |= {
        "total": "100", "civil": "10", "equipment": "90", "own_funds": "100", "domestic_loan": "0",
        "annual_plan": "100", "capital": capital,
    }  # fmt: skip
    assert [finding.code for finding in look_at(form).errors] == ["V09"] * refused


def test_v09_the_least_capital_is_rounded_up(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"] |= {
        "total": "100.0001", "civil": "10", "equipment": "90", "own_funds": "100.0001", "domestic_loan": "0",
        "annual_plan": "100", "capital": "20",
    }  # fmt: skip
    (finding,) = look_at(form).errors
    assert "应不少于20.0001万元" in finding.message


def test_v09_capital_beyond_the_owners_money_is_only_warned_of(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"]["capital"] = "500"
    examination = look_at(form)
    assert examination.errors == []
    assert [(finding.code, finding.field) for finding in examination.warnings] == [("V09", "money.capital")]


def test_v10_fixed_assets_above_the_total(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"]["equipment"] = "670.0001"
    assert errors(look_at(form)) == [("V10", "money.fixed_assets", "「固定资产投资」不能大于「总投资」")]


def test_v11_a_planned_start_before_today(form: dict[str, Any], look_at: LookAt) -> None:
    form["planned_start"] = "2021-11-14"
    assert errors(look_at(form)) == [("V11", "planned_start", "「计划开工时间」不能早于申报日期")]


def test_v11_speaks_of_the_start_though_the_completion_is_still_missing(form: dict[str, Any], look_at: LookAt) -> None:
    form |= {"planned_start": "2021-11-14", "planned_completion": None}
    assert [finding.code for finding in look_at(form).errors] == ["V13", "V11"]


@pytest.mark.parametrize(("start", "warned"), [("2021-11-15", True), ("2021-11-17", True), ("2021-11-18", False)])
def test_v11_a_start_within_three_working_days_is_warned_of(
    form: dict[str, Any], look_at: LookAt, start: str, warned: bool
) -> None:
    form["planned_start"] = start
    examination = look_at(form)
    assert examination.errors == []
    assert warnings(examination) == [("V11", "planned_start", "请预留充足的审批时间")] * warned


def test_v12_a_completion_before_the_start(form: dict[str, Any], look_at: LookAt) -> None:
    form["planned_completion"] = "2021-12-19"
    assert errors(look_at(form)) == [
        ("V12", "planned_completion", "「计划竣工时间」不能早于「计划开工时间」"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("scale_content", "  ", "请填写「建设规模及内容」"),
        ("nature", "装修", "请填写「建设性质」"),
        ("catalogue", "淘汰", "请填写「产业结构调整指导目录」"),
        ("capital_industry", "手工业", "请填写「项目资本金相关行业」"),
        ("approval_category", "农业", "请填写「核准目录大类」"),
    ],
)
def test_v13_a_field_left_empty_or_with_a_choice_that_is_not_offered(
    form: dict[str, Any], look_at: LookAt, field: str, value: str, message: str
) -> None:
    form[field] = value
    assert ("V13", field, message) in errors(look_at(form))


def test_v13_a_zero_and_a_no_are_answers(form: dict[str, Any], look_at: LookAt) -> None:
    assert form["money"]["import_usd"] == "0"
    assert form["adds_capacity"] is False
    assert "V13" in {rule.code for rule in look_at(form).passed}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("annual_plan", "-1", "「年度计划投入」金额格式不正确（万元，最多4位小数）"),
        ("annual_plan", "1.00001", "「年度计划投入」金额格式不正确（万元，最多4位小数）"),
        ("annual_plan", "一百", "「年度计划投入」金额格式不正确（万元，最多4位小数）"),
        ("import_usd", "1,000", "「进口设备用汇」金额格式不正确（万美元，最多4位小数）"),
    ],
)
def test_v14_an_amount_of_the_wrong_form(
    form: dict[str, Any], look_at: LookAt, field: str, value: str, message: str
) -> None:
    form["money"][field] = value
    assert errors(look_at(form)) == [("V14", f"money.{field}", message)]


def test_v14_areas_jobs_and_lengths(form: dict[str, Any], look_at: LookAt) -> None:
    form |= {"land_area_m2": "1.234", "jobs_operation": 1_000_000, "scale_content": "建" * 1001}
    assert [(finding.code, finding.field) for finding in look_at(form).errors] == [
        ("V14", "land_area_m2"),
        ("V14", "jobs_operation"),
        ("V14", "scale_content"),
    ]


@pytest.mark.parametrize(
    ("code", "message"),
    [("9999", "国民经济行业分类不存在"), ("6110", "国民经济行业分类不属于工业和信息化领域")],
)
def test_v15_a_class_that_is_unknown_or_out_of_scope(
    form: dict[str, Any], look_at: LookAt, code: str, message: str
) -> None:
    form["class_code"] = code
    assert errors(look_at(form)) == [("V15", "class_code", message)]


def test_v15_agriculture_is_let_through_with_a_warning(form: dict[str, Any], look_at: LookAt) -> None:
    form["class_code"] = "0121"
    examination = look_at(form)
    assert examination.errors == []
    assert [finding.code for finding in examination.warnings] == ["V15"]


@pytest.mark.parametrize(
    ("changed", "rule", "message"),
    [
        ({"negative_list": "禁止准入"}, "A1", "属于《市场准入负面清单》禁止准入事项，不予核准、备案"),
        ({"catalogue": "淘汰类"}, "A2", "属于淘汰类项目，禁止投资"),
        ({"catalogue": "限制类", "nature": "扩建"}, "A3", "限制类项目禁止新建"),
        ({"catalogue": "限制类", "adds_capacity": True}, "A3", "限制类项目禁止新建"),
        (
            {"class_code": "3120", "adds_capacity": True, "national_plan": True},
            "A4",
            "产能严重过剩行业不得新增产能",
        ),
        ({"class_code": "3011", "nature": "新建"}, "A5", "珠三角核心区禁止新建、扩建"),
        (
            {"class_code": "2511", "nature": "扩建"},
            "A6",
            "珠三角核心区禁止新建、扩建国家规划外的钢铁、原油加工项目",
        ),
    ],
)
def test_v16_admission_refuses(
    form: dict[str, Any], look_at: LookAt, changed: dict[str, Any], rule: str, message: str
) -> None:
    form |= changed
    (finding,) = look_at(form).errors
    assert (finding.code, finding.message) == ("V16", message)
    assert rule in finding.detail


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"negative_list": "许可准入"}, "许可准入事项，须先取得许可"),
        ({"catalogue": "限制类"}, "限制类仅允许改造升级"),
        ({"class_code": "3120"}, "核实是否变相新增产能"),
        ({"class_code": "3732"}, "核实是否变相新增产能"),
    ],
)
def test_v16_what_needs_a_second_look_is_warned_of(
    form: dict[str, Any], look_at: LookAt, changed: dict[str, Any], message: str
) -> None:
    form |= changed
    examination = look_at(form)
    assert examination.errors == []
    assert [(finding.code, finding.message) for finding in examination.warnings] == [("V16", message)]


def test_v16_reports_every_reason(form: dict[str, Any], look_at: LookAt) -> None:
    form |= {"negative_list": "禁止准入", "catalogue": "淘汰类", "class_code": "3120", "adds_capacity": True}
    form["nature"] = "扩建"
    assert [finding.code for finding in look_at(form).errors] == ["V16"] * 4


def test_v17_a_project_of_the_approval_catalogue(form: dict[str, Any], look_at: LookAt) -> None:
    form |= {
        "approval_category": "能源",
        "approval_item": "热电站（含自备电站）",
        "approval_level": "地级以上市",
    }
    assert errors(look_at(form)) == [
        ("V17", "approval_category", "该项目属于核准目录，请办理项目核准"),
    ]


def test_v17_a_project_that_the_state_council_approves(form: dict[str, Any], look_at: LookAt) -> None:
    form |= {"approval_category": "原材料", "approval_level": "国务院"}
    assert [finding.code for finding in look_at(form).errors] == ["V17"]


def test_v17_cars_are_filed_though_they_stand_in_the_catalogue(form: dict[str, Any], look_at: LookAt) -> None:
    form |= {"approval_category": "机械制造", "approval_item": "汽车"}
    assert look_at(form).errors == []


def test_v17_a_category_without_its_level_is_asked_for_it(form: dict[str, Any], look_at: LookAt) -> None:
    form["approval_category"] = "能源"
    assert errors(look_at(form)) == [("V13", "approval_level", "请填写「核准权限层级」")]


@pytest.mark.parametrize("commitment", [False, None])
def test_v18_the_commitment_must_be_given(form: dict[str, Any], look_at: LookAt, commitment: bool | None) -> None:
    form["commitment"] = commitment
    assert errors(look_at(form)) == [("V18", "commitment", "请阅读并同意备案承诺声明")]


@pytest.mark.parametrize("agency", ["A01", "A99"])
def test_v19_an_agency_that_may_not_file_or_does_not_exist(form: dict[str, Any], look_at: LookAt, agency: str) -> None:
    form["agency"] = agency
    assert ("V19", "agency", "备案机关无备案权限") in errors(look_at(form))


def test_v19_an_agency_that_was_closed(form: dict[str, Any], look_at: LookAt, agencies: dict[str, Agency]) -> None:
    agencies[form["agency"]].active = False
    assert errors(look_at(form)) == [("V19", "agency", "备案机关无备案权限")]


def test_v20_capital_and_annual_plan_within_the_total(form: dict[str, Any], look_at: LookAt) -> None:
    form["money"] |= {"capital": "720.0001", "annual_plan": "721"}
    assert errors(look_at(form)) == [
        ("V20", "money.capital", "「项目资本金」不能大于「总投资」"),
        ("V20", "money.annual_plan", "「年度计划投入」不能大于「总投资」"),
    ]


def test_v21_a_code_of_another_district_is_warned_of(form: dict[str, Any], look_at: LookAt) -> None:
    form["agency"] = "A08"
    examination = look_at(form)
    assert examination.errors == []
    assert warnings(examination) == [
        ("V21", "agency", "项目代码所属地区与备案机关不一致，请确认"),
    ]


def test_v21_a_city_answers_for_its_districts(form: dict[str, Any], look_at: LookAt) -> None:
    form["agency"] = "A05"
    assert look_at(form).warnings == []


def test_the_figures_come_from_the_tables_and_not_from_here(
    form: dict[str, Any], enterprise: Enterprise, agencies: dict[str, Agency], world: KnownWorld
) -> None:
    def other_law(decision_id: str, **inputs: Any) -> Any:
        match decision_id:
            case "minimum_capital_ratio":
                return {"min_ratio": 0.5}
            case "admission":
                return [{"result": "拒绝", "code": "X1", "message": "半导体项目须另行报批"}]
            case "routing":
                return {"route": "转报", "level": "国家", "note": "由主管部门办理"}
            case "planned_dates":
                assert (inputs["today"], inputs["earliest"]) == (TODAY, date(2021, 11, 18))
                return [{"result": "拒绝", "field": "planned_start", "message": "冬季不得开工"}]
            case "industry_group":
                return {"group": "其他"}
        raise DecisionError(decision_id, "没有这张表")

    examination = examine(
        form, enterprise=enterprise, agency=agencies["A07"], today=TODAY, decide=other_law, lookup=world
    )
    assert errors(examination) == [
        (
            "V09",
            "money.capital",
            "「项目资本金」不得低于总投资的50%（电力等其他项目最低资本金比例），应不少于360万元",
        ),
        ("V11", "planned_start", "冬季不得开工"),
        ("V16", "class_code", "半导体项目须另行报批"),
        ("V17", "approval_category", "该项目不能在本系统备案：由主管部门办理"),
    ]
