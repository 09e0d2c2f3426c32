"""The examination of a filing: V01 to V21 (domain §4.6), everything found at once, each at its field.

Thresholds, ratios and lists stand in decision tables and are asked through `decide`; here are formats, sums
and required fields only. A question to a table is asked when the form has all that the table reads.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Any, Protocol

from engine.errors import DecisionError
from engine.phrases import Phrase
from engine.services import Decide
from records.agencies import Agency
from records.enterprises import Enterprise
from records.formats import (
    ProjectCode,
    amount_text,
    identity_valid,
    jobs_valid,
    mobile_valid,
    organisation_code_valid,
    parse_amount,
    parse_area,
    parse_project_code,
    uscc_valid,
)
from records.industry import IndustryClass
from records.projects import region_of
from tasks.filings.findings import Finding, Hint, error, warning
from tasks.filings.routing import APPROVED, FILED, route
from tasks.filings.vocabulary import AMOUNTS, CHOICES, LABELS, REQUIRED
from tasks.wording import grouped, percent

# GB/T 4754 sections of industry and information technology, and those let through with a warning (§4.6).
SECTIONS_IN_SCOPE = frozenset("BCDI")
SECTIONS_TO_CONFIRM = frozenset("A")

# Working days an authority has for a filing: a planned start before they are over leaves it no time (R120).
WORKING_DAYS_OF_REVIEW = 3

LONGEST_CONTENT = 1000  # characters of 建设规模及内容, which one page of certificate must hold
LONGEST_NAME = 100

_SOURCES = ("money.own_funds", "money.domestic_loan", "money.stock_bond", "money.other_funds")
_YUAN = Decimal("0.0001")  # of 万元
_CODE_OF_DATE = {"planned_start": "V11", "planned_completion": "V12"}


class Lookup(Protocol):
    """What the rules must find out beside the form."""

    def industry_class(self, code: str) -> IndustryClass | None: ...

    def code_in_use(self, project_code: str) -> bool:
        """Whether another live filing holds the code (V07)."""
        ...

    def in_prd_core(self, region: str) -> bool: ...

    def working_day_after(self, day: date, count: int) -> date: ...


@dataclass(frozen=True)
class Rule:
    """One line of the list a page shows: the code and what is looked at."""

    code: str
    title: str


@dataclass(frozen=True)
class Examination:
    """`computed` has the fields the server sets, nested as in the form: `money.fixed_assets`, `class_name`,
    `section`, `region`. `passed` are the rules that found nothing, `hints` the figures that rules work with."""

    errors: list[Finding]
    warnings: list[Finding]
    passed: list[Rule]
    computed: dict[str, Any] = field(default_factory=dict)
    hints: list[Hint] = field(default_factory=list)


def examine(
    form: Mapping[str, Any],
    *,
    enterprise: Enterprise,
    agency: Agency | None,
    today: date,
    decide: Decide,
    lookup: Lookup,
    codes: Container[str] | None = None,
) -> Examination:
    """Every rule on one form, or only those with these codes. `agency` is the one the form names, None where
    there is no such agency.

    `form` has the shape of `FilingForm`, with the platform's name and place already in it. Changes nothing.
    """
    case = _Case(form, enterprise, agency, today, decide, lookup)
    findings: list[Finding] = []
    passed: list[Rule] = []
    for rule, look in _RULES:
        if codes is not None and rule.code not in codes:
            continue
        found = list(look(case))
        findings += found
        if not found:
            passed.append(rule)
    return Examination(
        errors=[finding for finding in findings if finding.severity == "error"],
        warnings=[finding for finding in findings if finding.severity == "warning"],
        passed=passed,
        computed=case.computed(),
        hints=list(_capital_hints(case)),
    )


@dataclass(frozen=True)
class _Case:
    """One form under examination, and what several rules read from it."""

    form: Mapping[str, Any]
    enterprise: Enterprise
    agency: Agency | None
    today: date
    decide: Decide
    lookup: Lookup

    def value(self, path: str) -> Any:
        """What the form has at `money.total`; None where there is nothing, or only blanks."""
        value: Any = self.form
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return None if isinstance(value, str) and not value.strip() else value

    def amount(self, path: str) -> Decimal | None:
        return parse_amount(self.value(path))

    def day(self, path: str) -> date | None:
        try:
            return date.fromisoformat(self.value(path))
        except (TypeError, ValueError):
            return None

    def chosen(self, path: str) -> str | None:
        """The choice made at `path`, if it is one that the form offers."""
        value = self.value(path)
        return value if value in CHOICES[path] else None

    @cached_property
    def code(self) -> ProjectCode | None:
        text = self.value("project_code")
        return parse_project_code(text) if isinstance(text, str) else None

    @cached_property
    def industry(self) -> IndustryClass | None:
        code = self.value("class_code")
        return self.lookup.industry_class(code) if isinstance(code, str) else None

    @cached_property
    def in_scope(self) -> bool:
        return self.industry is not None and self.industry.section in SECTIONS_IN_SCOPE | SECTIONS_TO_CONFIRM

    @cached_property
    def fixed_assets(self) -> Decimal | None:
        """固定资产投资 = 土建、公用工程及其他投资 + 设备及技术投资 (R113)."""
        civil, equipment = self.amount("money.civil"), self.amount("money.equipment")
        return None if civil is None or equipment is None else civil + equipment

    @cached_property
    def region(self) -> str | None:
        return region_of(self.form)

    def computed(self) -> dict[str, Any]:
        computed: dict[str, Any] = {}
        if self.fixed_assets is not None:
            computed["money"] = {"fixed_assets": amount_text(self.fixed_assets)}
        if self.industry is not None:
            computed |= {"class_name": self.industry.name, "section": self.industry.section}
        if self.region is not None:
            computed["region"] = self.region
        return computed


def _uscc(case: _Case) -> Iterator[Finding]:
    if not uscc_valid(case.enterprise.uscc):
        yield error("enterprise.uscc", "V01", "统一社会信用代码校验不通过")
    elif not organisation_code_valid(case.enterprise.uscc):
        # Codes from before the standard are known to break the inner check digit, so this never refuses.
        yield warning("enterprise.uscc", "V01", "统一社会信用代码中的主体标识码校验不通过，请确认")


def _legal_representative(case: _Case) -> Iterator[Finding]:
    person = case.enterprise.legal_rep
    if not identity_valid(str(person.get("id_type", "")), str(person.get("id_no", ""))):
        yield error("enterprise.legal_rep.id_no", "V02", "法定代表人证件号码校验不通过")


def _mobiles(case: _Case) -> Iterator[Finding]:
    if not mobile_valid(str(case.enterprise.contact.get("mobile", ""))):
        yield error("enterprise.contact.mobile", "V03", "联系人手机号格式不正确")
    mobile = case.value("project_contact.mobile")
    if mobile is not None and not mobile_valid(mobile):
        yield error("project_contact.mobile", "V03", "联系人手机号格式不正确")


def _code_format(case: _Case) -> Iterator[Finding]:
    if case.value("project_code") is not None and case.code is None:
        yield error("project_code", "V04", "项目代码格式不正确", "应为 24 位，形如 2103-440704-04-02-314723")


def _code_check_digit(case: _Case) -> Iterator[Finding]:
    if case.code and not case.code.check_digit_right:
        yield error("project_code", "V05", "项目代码校验码不正确")


def _code_type(case: _Case) -> Iterator[Finding]:
    if case.code and not case.code.technical_renovation:
        detail = Phrase("代码中的项目类型为 {type}，技术改造为 02", type=case.code.type)
        yield error("project_code", "V06", "项目代码的项目类型不是技术改造", detail)


def _code_free(case: _Case) -> Iterator[Finding]:
    if case.code and case.lookup.code_in_use(case.code.text):
        yield error("project_code", "V07", "该项目代码已有备案项目，不能重复申报")


def _funds(case: _Case) -> Iterator[Finding]:
    total = case.amount("money.total")
    sources = [case.amount(path) for path in _SOURCES]
    if total is None or None in sources:
        return
    together = sum((amount for amount in sources if amount is not None), Decimal())
    if together != total:
        yield error(
            "money.total",
            "V08",
            "「总投资」金额与「自有资金」、「国内贷款」、「股票债券」、「其他资金」的总额不相等，请检查",
            Phrase(
                "四项合计 {together} 万元，相差 {gap} 万元",
                together=grouped(together),
                gap=grouped(abs(together - total)),
            ),
        )


def _capital_hints(case: _Case) -> Iterator[Hint]:
    """The ratio that the table asks for, and how far the form meets it (plate 04)."""
    industry = case.value("capital_industry")
    try:
        ratio = _minimum_ratio(case, industry) if isinstance(industry, str) else None
    except DecisionError:
        return
    if ratio is None:
        return
    yield Hint("capital_industry", Phrase("最低资本金比例 {ratio}", ratio=percent(ratio)))
    total, capital = case.amount("money.total"), case.amount("money.capital")
    if total and capital is not None and capital >= (least := _least_capital(total, ratio)):
        message = Phrase(
            "占总投资 {share}，不低于最低比例 {ratio}（{least} 万元）",
            share=percent((capital / total).quantize(Decimal("0.001"))),
            ratio=percent(ratio),
            least=grouped(least),
        )
        yield Hint("money.capital", message, kept=True)


def _minimum_ratio(case: _Case, industry: str) -> Decimal:
    return Decimal(str(case.decide("minimum_capital_ratio", capital_industry=industry)["min_ratio"]))


def _least_capital(total: Decimal, ratio: Decimal) -> Decimal:
    return (total * ratio).quantize(_YUAN, ROUND_CEILING)


def _capital_ratio(case: _Case) -> Iterator[Finding]:
    industry = case.value("capital_industry")
    if not isinstance(industry, str):
        return
    try:
        ratio = _minimum_ratio(case, industry)
    except DecisionError as undecided:
        if undecided.rules:
            raise  # rules that contradict each other are the table's fault, not the applicant's
        yield error("capital_industry", "V13", _please("capital_industry"), "请从列出的行业中选择")
        return
    total, capital = case.amount("money.total"), case.amount("money.capital")
    if total is None or capital is None:
        return
    least = _least_capital(total, ratio)
    if capital < least:
        projects = industry if industry.endswith("项目") else Phrase("{industry}项目", industry=industry)
        yield error(
            "money.capital",
            "V09",
            Phrase(
                "「项目资本金」不得低于总投资的{ratio}（{projects}最低资本金比例），应不少于{least}万元",
                ratio=percent(ratio),
                projects=projects,
                least=grouped(least),
            ),
            Phrase("填写 {capital} 万元，相差 {gap} 万元", capital=grouped(capital), gap=grouped(least - capital)),
        )
    shares = [case.amount("money.own_funds"), case.amount("money.stock_bond")]
    owned = sum((share for share in shares if share is not None), Decimal())
    if None not in shares and owned < capital <= total:
        yield warning(
            "money.capital",
            "V09",
            "「项目资本金」大于「自有资金」与「股票债券」之和，请确认",
            Phrase("两项合计 {together} 万元", together=grouped(owned)),
        )


def _fixed_assets(case: _Case) -> Iterator[Finding]:
    total, fixed = case.amount("money.total"), case.fixed_assets
    if total is not None and fixed is not None and fixed > total:
        yield error(
            "money.fixed_assets",
            "V10",
            "「固定资产投资」不能大于「总投资」",
            Phrase("固定资产投资 {fixed} 万元，总投资 {total} 万元", fixed=grouped(fixed), total=grouped(total)),
        )


def _planned(case: _Case, field_path: str) -> Iterator[Finding]:
    """What the table of planned dates says about one of the two."""
    start, completion = case.day("planned_start"), case.day("planned_completion")
    if start is None or (completion is None and field_path == "planned_completion"):
        return
    answers = case.decide(
        "planned_dates",
        phase="提交",
        planned_start=start,
        # A completion still to be chosen is no reason to keep silent about the start.
        planned_completion=completion or start,
        today=case.today,
        earliest=case.lookup.working_day_after(case.today, WORKING_DAYS_OF_REVIEW),
    )
    refused = [answer for answer in answers if answer["result"] != "提示" and answer["field"] == field_path]
    advised = [answer for answer in answers if answer["result"] == "提示" and answer["field"] == field_path]
    for answer in refused:
        yield error(field_path, _CODE_OF_DATE[field_path], answer["message"])
    if not refused:
        for answer in advised:
            yield warning(field_path, _CODE_OF_DATE[field_path], answer["message"])


def _planned_start(case: _Case) -> Iterator[Finding]:
    yield from _planned(case, "planned_start")


def _planned_completion(case: _Case) -> Iterator[Finding]:
    yield from _planned(case, "planned_completion")


def _required(case: _Case) -> Iterator[Finding]:
    for path in REQUIRED:
        value = case.value(path)
        if value is None:
            synced = path in ("project_name", "location")
            detail = "请通过校验「项目代码」来同步获取「项目名称」、「建设地点」" if synced else ""
            yield error(path, "V13", _please(path), detail)
        elif path in CHOICES and value not in CHOICES[path]:
            detail = Phrase("应为{choices}之一", choices="、".join(CHOICES[path]))
            yield error(path, "V13", _please(path), detail)
    category = case.value("approval_category")
    if category is not None and category not in CHOICES["approval_category"]:
        yield error("approval_category", "V13", _please("approval_category"), "请从列出的大类中选择")
    for path in ("planned_start", "planned_completion"):
        if case.value(path) is not None and case.day(path) is None:
            yield error(path, "V13", _please(path), "应为日期，例如 2021-12-01")


def _quantities(case: _Case) -> Iterator[Finding]:
    for path in AMOUNTS:
        if case.value(path) is not None and case.amount(path) is None:
            message = Phrase(
                "「{field}」金额格式不正确（{unit}，最多4位小数）",
                field=LABELS[path],
                unit="万美元" if path == "money.import_usd" else "万元",
            )
            yield error(path, "V14", message)
    for path in ("building_area_m2", "land_area_m2"):
        if case.value(path) is not None and parse_area(case.value(path)) is None:
            yield error(path, "V14", Phrase("「{field}」格式不正确（平方米，最多2位小数）", field=LABELS[path]))
    for path in ("jobs_construction", "jobs_operation"):
        if case.value(path) is not None and not jobs_valid(case.value(path)):
            yield error(path, "V14", Phrase("「{field}」应为 0 至 999999 的整数", field=LABELS[path]))
    for path, longest in (("scale_content", LONGEST_CONTENT), ("project_name", LONGEST_NAME)):
        text = case.value(path)
        if isinstance(text, str) and len(text) > longest:
            message = Phrase("「{field}」不能超过 {longest} 个字", field=LABELS[path], longest=longest)
            yield error(path, "V14", message, Phrase("现有 {length} 个字", length=len(text)))


def _industry(case: _Case) -> Iterator[Finding]:
    code = case.value("class_code")
    if code is None:
        return
    if case.industry is None:
        yield error("class_code", "V15", "国民经济行业分类不存在")
    elif not case.in_scope:
        yield error("class_code", "V15", "国民经济行业分类不属于工业和信息化领域", case.industry.name)
    elif case.industry.section in SECTIONS_TO_CONFIRM:
        message = "国民经济行业分类通常不属于工业和信息化领域，请确认"
        yield warning("class_code", "V15", message, case.industry.name)


_ADMISSION_FIELDS = {
    "A1": "negative_list",
    "W1": "negative_list",
    "A2": "catalogue",
    "A3": "catalogue",
    "W2": "catalogue",
}


def _admission(case: _Case) -> Iterator[Finding]:
    inputs = {name: case.chosen(name) for name in ("negative_list", "catalogue", "nature")}
    flags = {name: case.value(name) for name in ("adds_capacity", "national_plan")}
    if None in inputs.values() or None in flags.values() or case.industry is None or case.region is None:
        return
    answers = case.decide(
        "admission",
        **inputs,
        **flags,
        industry_group=case.decide("industry_group", class_code=case.industry.code)["group"],
        prd_city=case.lookup.in_prd_core(case.region),
    )
    for answer in answers:
        # The table may gain rows that this code has never heard of: they stand at the field all rules share.
        place = _ADMISSION_FIELDS.get(answer["code"], "class_code")
        if answer["result"] == "拒绝":
            detail = Phrase("产业政策准入规则 {rule}", rule=answer["code"])
            yield error(place, "V16", answer["message"], detail)
        elif answer["result"] == "人工复核":
            detail = Phrase("产业政策准入规则 {rule}，备案机关将人工复核", rule=answer["code"])
            yield warning(place, "V16", answer["message"], detail)


def _routing(case: _Case) -> Iterator[Finding]:
    if case.industry is None or case.code is None:
        return
    if not case.in_scope or not case.code.technical_renovation:
        return  # V15 or V06 has said it, with the field to change
    answer = route(
        case.decide,
        category=case.chosen("approval_category"),
        item=case.value("approval_item"),
        level=case.value("approval_level"),
    )
    if answer is None:
        yield error("approval_level", "V13", _please("approval_level"))
    elif answer["route"] == APPROVED:
        yield error("approval_category", "V17", "该项目属于核准目录，请办理项目核准", answer["note"])
    elif answer["route"] != FILED:
        yield error("approval_category", "V17", Phrase("该项目不能在本系统备案：{note}", note=answer["note"]))


def _commitment(case: _Case) -> Iterator[Finding]:
    if case.value("commitment") is not True:
        yield error("commitment", "V18", "请阅读并同意备案承诺声明")


def _agency(case: _Case) -> Iterator[Finding]:
    if case.value("agency") is not None and (case.agency is None or not case.agency.may_file):
        detail = case.agency.name if case.agency else "没有这个机关"
        yield error("agency", "V19", "备案机关无备案权限", detail)


def _parts_of_the_total(case: _Case) -> Iterator[Finding]:
    total = case.amount("money.total")
    for path in ("money.capital", "money.annual_plan"):
        amount = case.amount(path)
        if total is not None and amount is not None and amount > total:
            message = Phrase("「{field}」不能大于「总投资」", field=LABELS[path])
            detail = Phrase("填写 {amount} 万元，总投资 {total} 万元", amount=grouped(amount), total=grouped(total))
            yield error(path, "V20", message, detail)


def _place(case: _Case) -> Iterator[Finding]:
    if case.code is None or case.agency is None:
        return
    # A city's authority answers for all its districts: 440700 covers 440704.
    territory = case.agency.region
    while territory.endswith("00"):
        territory = territory[:-2]
    if not case.code.region.startswith(territory):
        yield warning(
            "agency",
            "V21",
            "项目代码所属地区与备案机关不一致，请确认",
            Phrase(
                "项目代码属 {code_region}，备案机关属 {agency_region}",
                code_region=case.code.region,
                agency_region=case.agency.region,
            ),
        )


def _please(path: str) -> str:
    return Phrase("请填写「{field}」", field=LABELS[path])


_RULES: tuple[tuple[Rule, Callable[[_Case], Iterator[Finding]]], ...] = (
    (Rule("V13", "必填项"), _required),
    (Rule("V01", "统一社会信用代码"), _uscc),
    (Rule("V02", "法定代表人证件号码"), _legal_representative),
    (Rule("V03", "联系人手机号"), _mobiles),
    (Rule("V04", "项目代码格式"), _code_format),
    (Rule("V05", "项目代码校验码"), _code_check_digit),
    (Rule("V06", "项目类型为技术改造"), _code_type),
    (Rule("V07", "项目代码未被占用"), _code_free),
    (Rule("V14", "金额和数量格式"), _quantities),
    (Rule("V08", "资金来源合计等于总投资"), _funds),
    (Rule("V09", "最低资本金比例"), _capital_ratio),
    (Rule("V10", "固定资产投资不大于总投资"), _fixed_assets),
    (Rule("V20", "资本金和年度计划不大于总投资"), _parts_of_the_total),
    (Rule("V11", "计划开工时间"), _planned_start),
    (Rule("V12", "计划竣工时间"), _planned_completion),
    (Rule("V15", "国民经济行业分类"), _industry),
    (Rule("V16", "产业政策准入"), _admission),
    (Rule("V17", "备案权限范围"), _routing),
    (Rule("V18", "备案承诺声明"), _commitment),
    (Rule("V19", "备案机关权限"), _agency),
    (Rule("V21", "备案机关属地"), _place),
)

RULES: tuple[Rule, ...] = tuple(rule for rule, _look in _RULES)
"""What is looked at, in the order of looking: pages list what passed by it."""
