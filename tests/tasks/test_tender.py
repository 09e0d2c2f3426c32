"""What the tables of tender approval are asked with (DMN-2, R34), and what is asked of each contract."""

from decimal import Decimal
from typing import Any

from tasks.approvals.materials import is_foreign
from tasks.approvals.tender import TenderApproval, examine, figures

REQUIRED = TenderApproval(required=True, reason="", basis=[])


def contract(kind: str, estimate: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "estimate": estimate, "combinable": True, **more}


def test_contracts_of_one_kind_that_can_be_combined_are_summed() -> None:
    rows = [contract("勘察", "60"), contract("设计", "50"), contract("施工", "399.99")]
    assert figures(rows) == {"works": Decimal("399.99"), "goods": 0, "services": 110}


def test_contracts_that_cannot_be_combined_stand_alone() -> None:
    rows = [contract("勘察", "60", combinable=False), contract("设计", "50", combinable=False)]
    assert figures(rows)["services"] == 60


def test_equipment_and_materials_are_goods_and_what_is_else_counts_for_nothing() -> None:
    rows = [contract("重要设备", "150"), contract("重要材料", "60"), contract("其他", "900")]
    assert figures(rows) == {"works": 0, "goods": 210, "services": 0}


def test_scope_organisation_and_method_are_asked_of_each_contract_that_costs_something() -> None:
    found = examine(
        {"tender": {"rows": [contract("施工", "2300", method="公开招标"), contract("重要材料", "0")]}}, REQUIRED
    )
    assert [(finding.field, finding.code) for finding in found] == [
        ("tender.rows.0.scope", "N06"),
        ("tender.rows.0.org", "N06"),
    ]


def test_nothing_is_asked_of_how_to_buy_where_tender_approval_is_not_needed() -> None:
    form = {"tender": {"rows": [contract("施工", "2300")]}}
    assert list(examine(form, TenderApproval(required=False, reason="未达到规模标准"))) == []


def test_what_is_bought_and_for_how_much_is_always_asked() -> None:
    found = examine({"tender": {"rows": [{"kind": "园林"}, {"kind": "施工", "estimate": "约两千万"}]}}, None)
    assert [finding.field for finding in found] == ["tender.rows.0.kind", "tender.rows.1.estimate"]


def test_investors_from_hong_kong_macao_and_taiwan_count_as_from_abroad() -> None:
    kinds = ("151 国有独资公司", "230 港澳台商独资经营企业", "310 中外合资经营企业")
    assert [is_foreign(kind) for kind in kinds] == [False, True, True]
