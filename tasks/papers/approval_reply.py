"""核准批复, the reply that approves a project, with 招标核准意见表 where its tenders are approved too: one document
for both (一文出具, R16; domain §2.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from engine.errors import EngineError
from records.documents import Document
from records.formats import parse_amount
from tasks.approvals.vocabulary import KINDS, METHODS, NO_TENDER, ORGANISATIONS, SCOPES
from tasks.papers.official import OfficialPaper
from tasks.wording import grouped, long_date, percent

_CHOICES = (
    ("招标范围", "scope", SCOPES),
    ("招标组织形式", "org", ORGANISATIONS),
    ("招标方式", "method", tuple(method for method in METHODS if method != NO_TENDER)),
)
_WIDTH, _LARGEST_MARK = 150, 27  # millimetres of a line, points of the head


@dataclass(frozen=True, kw_only=True)
class TenderRow:
    """What is approved for one contract. `estimate` is 万元; what is not chosen is empty or a dash."""

    kind: str
    scope: str = ""
    org: str = ""
    method: str = ""
    estimate: Decimal = Decimal(0)
    reason: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A row as a form or a snapshot has it; other keys are not printed."""
        texts = {name: str(row.get(name) or "") for name in ("kind", "scope", "org", "method", "reason")}
        return cls(**texts, estimate=parse_amount(row.get("estimate")) or Decimal(0))


@dataclass(frozen=True, kw_only=True)
class ApprovalReply(OfficialPaper):
    """Every value that the reply prints. Amounts are 万元. `tender` is empty where no tender is to be approved;
    `requirements` is what the authority adds to what it always requires."""

    location: str
    scale_content: str
    total: Decimal
    capital: Decimal
    own_funds: Decimal
    domestic_loan: Decimal
    stock_bond: Decimal
    other_funds: Decimal
    planned_start: date
    planned_completion: date
    valid_until: date
    tender: tuple[TenderRow, ...] = ()
    tender_opinion: str = "核准。请严格按照核准的招标范围、招标组织形式和招标方式依法开展招标。"
    requirements: str = ""

    TEMPLATE = "approval_reply.typ"
    name = "核准批复"

    @property
    def title(self) -> str:
        return f"{self.agency_name}关于{self.project_name}核准的批复"

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Self:
        amounts = {name: Decimal(values[name]) for name in AMOUNTS}
        days = {name: date.fromisoformat(values[name]) for name in DAYS}
        tender = tuple(TenderRow.of(row) for row in values.get("tender", ()))
        return cls(**{**values, **amounts, **days, "tender": tender})

    def texts(self) -> Mapping[str, Any]:
        points = [point for point in self._points() if point]
        return {
            "mark_size": min(_LARGEST_MARK, _WIDTH / 0.3528 / (len(self.agency_name) + 1) - 1.5),
            "body": [
                (
                    f"你单位报来的《{self.project_name}》核准申请及有关材料收悉。根据《中华人民共和国行政许可法》"
                    "《企业投资项目核准和备案管理条例》《企业投资项目核准和备案管理办法》等规定，经审查，"
                    "同意核准该项目，现批复如下："
                ),
                *(f"{_ORDINALS[index]}、{point}" for index, point in enumerate(points)),
            ],
            "annex": self._annex() if self.tender else None,
        }

    def _points(self) -> list[str]:
        funds = {
            "自有资金": self.own_funds,
            "国内贷款": self.domestic_loan,
            "股票（债券）": self.stock_bond,
            "其他资金": self.other_funds,
        }
        sources = "，".join(f"{name}{grouped(amount)}万元" for name, amount in funds.items() if amount)
        share = f"，占总投资的{percent((self.capital / self.total).quantize(Decimal('0.0001')))}" if self.total else ""
        return [
            f"项目代码：{self.project_code}。",
            f"项目建设单位：{self.enterprise_name}。",
            f"项目建设地点：{self.location}。",
            f"项目建设规模及内容：{self.scale_content.strip()}",
            f"项目计划于{long_date(self.planned_start)}开工，{long_date(self.planned_completion)}竣工。",
            (
                f"项目总投资{grouped(self.total)}万元，其中项目资本金{grouped(self.capital)}万元{share}。"
                + (f"资金来源：{sources}。" if sources else "")
            ),
            "项目招标内容的核准意见见附表，请据此依法组织招标。" if self.tender else "",
            self.requirements.strip(),
            (
                "请你单位在项目开工建设前，依法办理规划许可、土地使用、环境影响评价、节能审查、安全生产等手续；"
                "不得以技术改造为名变相新增产能。"
            ),
            (
                "如需变更本批复确定的建设地点，或者对建设规模、建设内容作较大变更，应当在变更前向本机关提出书面申请，"
                "经书面同意后方可实施。"
            ),
            (
                f"本批复自印发之日起两年内有效，有效期至{long_date(self.valid_until)}。在有效期内未开工建设、需要延期开工的，"
                "应当在有效期届满三十个工作日前向本机关申请延期；开工建设只能延期一次，期限最长不超过一年。"
                "有效期内未开工建设，也未申请延期或者延期未获批准的，本批复自动失效。"
            ),
        ]

    def _annex(self) -> dict[str, Any]:
        rows: list[TenderRow] = []
        for kind in KINDS:
            rows += [row for row in self.tender if row.kind == kind] or [TenderRow(kind=kind)]
        return {
            "reference": "附表：招标核准意见表",
            "label": "附表",
            "title": "招标核准意见表",
            "head": [f"项目名称：{self.project_name}", f"建设单位：{self.enterprise_name}　　批复文号：{self.number}"],
            "columns": {
                "kind": "项目",
                "groups": [{"name": name, "choices": choices} for name, _field, choices in _CHOICES],
                "untendered": "不采用\n招标方式",
                "estimate": "招标估算\n金额（万元）",
                "note": "备注",
            },
            "rows": [_row(row) for row in rows],
            "opinion_label": "审批部门核准意见：",
            "opinion": self.tender_opinion,
        }


def printed(application: Document, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a reply to an application prints beside what every paper does, as JSON.

    The form has the fields of a filing and under `tender` whether approval is `required`, and its `rows`. Of the
    fields `valid_until` is needed; `tender_opinion` and `requirements` may be given. Raises EngineError naming what is
    missing.
    """
    form, until = application.form, fields.get("valid_until")
    if not isinstance(until, date):
        raise EngineError('出具核准批复缺少 valid_until，请在流程图中给出 fields["valid_until"]，值为日期。')
    own = ("location", "scale_content", "planned_start", "planned_completion")
    tender = form.get("tender") or {}
    rows = tender.get("rows") or () if tender.get("required") else ()
    return {
        **{name: form[name] for name in own},
        **{name: form["money"][name] for name in AMOUNTS},
        "valid_until": until.isoformat(),
        "tender": [{**vars(TenderRow.of(row)), "estimate": str(TenderRow.of(row).estimate)} for row in rows],
        **{name: fields[name] for name in ("tender_opinion", "requirements") if fields.get(name)},
    }


DAYS = ("planned_start", "planned_completion", "valid_until")
AMOUNTS = ("total", "capital", "own_funds", "domestic_loan", "stock_bond", "other_funds")
_ORDINALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一")


def _row(row: TenderRow) -> dict[str, Any]:
    ticks = [getattr(row, field) == choice for _name, field, choices in _CHOICES for choice in choices]
    return {
        "kind": row.kind,
        "ticks": [*ticks, row.method == NO_TENDER],
        "estimate": grouped(row.estimate) if row.estimate else "—",
        "note": row.reason,
    }
