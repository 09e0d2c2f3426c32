"""Whether tender approval is needed, and what stands against the rows of 招标事项 (DMN-2, R25 to R35)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.phrases import Phrase
from engine.services import Decide
from records.formats import parse_amount
from tasks.approvals.vocabulary import GOODS, KINDS, METHODS, NO_TENDER, ORGANISATIONS, SCOPES, SERVICES, WORKS
from tasks.filings.findings import Finding, error

_NOTHING: frozenset[Any] = frozenset((None, "", "—"))


@dataclass(frozen=True)
class TenderApproval:
    """What the tables say: whether it is needed, why, and on what ground each threshold is reached."""

    required: bool
    reason: str
    basis: list[str] = field(default_factory=list)


def ask(form: Mapping[str, Any], decide: Decide) -> TenderApproval | None:
    """What the tables say of a project that needs approval; None while the form lacks what they read."""
    tender = _part(form, "tender")
    total, funds = parse_amount(_part(form, "money").get("total")), parse_amount(tender.get("budget_funds"))
    flags = {name: tender.get(name) for name in ("soe_funds_controlling", "international_funds", "article4_project")}
    rows = _rows(tender)
    if not total or funds is None or None in flags.values() or not rows:
        return None
    if any(row.get("kind") in KINDS and parse_amount(row.get("estimate")) is None for row in rows):
        return None
    inputs = {"budget_funds": funds, "budget_share": funds / total, **flags, **figures(rows)}
    answer = decide("tender_approval", needs_approval=True, **inputs)
    if not answer["required"]:
        return TenderApproval(False, answer["reason"])
    hits = [*decide("tender_scope", **inputs), *decide("tender_amount", **inputs)]
    return TenderApproval(True, answer["reason"], [hit["basis"] for hit in hits])


def figures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """For each kind the largest contract, or what can be combined together where that is more (R34). 万元."""
    found = {}
    for kind in (WORKS, GOODS, SERVICES):
        own = [row for row in rows if KINDS.get(str(row.get("kind"))) == kind]
        together = [_estimate(row) for row in own if row.get("combinable") is not False]
        alone = [_estimate(row) for row in own if row.get("combinable") is False]
        found[kind] = max(sum(together, Decimal()), *alone, Decimal())
    return found


def examine(form: Mapping[str, Any], approval: TenderApproval | None) -> Iterator[Finding]:
    """What is missing or cannot be in the rows. How each is to be bought is asked only where approval is needed."""
    rows = _rows(_part(form, "tender"))
    if not rows:
        yield error("tender.rows", "N05", "请填写「招标事项」", "勘察、设计、施工、监理、重要设备、重要材料等逐项填写")
    for number, row in enumerate(rows):
        place = f"tender.rows.{number}"
        if row.get("kind") not in KINDS:
            detail = Phrase("应为{choices}之一", choices="、".join(KINDS))
            yield error(f"{place}.kind", "N05", "请选择「采购内容」", detail)
            continue
        if parse_amount(row.get("estimate")) is None:
            message = Phrase("「{kind}」的估算价格式不正确（万元，最多4位小数）", kind=row["kind"])
            yield error(f"{place}.estimate", "N05", message)
        elif approval is not None and approval.required and _estimate(row):
            yield from _bought(place, row)


def _bought(place: str, row: Mapping[str, Any]) -> Iterator[Finding]:
    if row.get("method") not in METHODS:
        yield error(f"{place}.method", "N06", Phrase("请选择「{kind}」的招标方式", kind=row["kind"]))
    elif row["method"] == NO_TENDER:
        if row.get("reason") in _NOTHING or not str(row["reason"]).strip():
            message = Phrase("「{kind}」不采用招标方式，请说明理由", kind=row["kind"])
            yield error(f"{place}.reason", "N07", message)
    else:
        if row.get("scope") not in SCOPES:
            yield error(f"{place}.scope", "N06", Phrase("请选择「{kind}」的招标范围", kind=row["kind"]))
        if row.get("org") not in ORGANISATIONS:
            yield error(f"{place}.org", "N06", Phrase("请选择「{kind}」的招标组织形式", kind=row["kind"]))


def _estimate(row: Mapping[str, Any]) -> Decimal:
    return parse_amount(row.get("estimate")) or Decimal()


def _rows(tender: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = tender.get("rows")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _part(form: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = form.get(name)
    return part if isinstance(part, Mapping) else {}
