"""The words of the application for approval: its own fields and their choices (domain §1.2, §5.5)."""

from collections.abc import Mapping
from types import MappingProxyType

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "agency": "核准机关",
        "approval_category": "核准目录大类",
        "approval_item": "核准目录事项",
        "approval_level": "核准权限层级",
        "land_use": "用地方式",
        "land_preexamination_exempt": "明确不进行用地（海）预审",
        "capital_increase": "增资项目",
        "merger": "并购项目",
        "state_assets": "以国有资产出资",
        "tender.budget_funds": "使用预算资金",
        "tender.soe_funds_controlling": "国有资金控股或主导",
        "tender.international_funds": "国际组织或外国政府资金",
        "tender.article4_project": "大型基础设施、公用事业项目",
    }
)

REQUIRED: tuple[str, ...] = tuple(LABELS)

LAND_USES = ("划拨", "出让", "租赁", "自有", "不涉及新增用地")

SCOPES = ("全部招标", "部分招标")
ORGANISATIONS = ("自行招标", "委托招标")
NO_TENDER = "不采用招标方式"
METHODS = ("公开招标", "邀请招标", NO_TENDER)

WORKS, GOODS, SERVICES = "works", "goods", "services"
KINDS: Mapping[str, str | None] = MappingProxyType(
    {
        "勘察": SERVICES,
        "设计": SERVICES,
        "施工": WORKS,
        "监理": SERVICES,
        "重要设备": GOODS,
        "重要材料": GOODS,
        "其他": None,
    }
)
"""What is bought, in the order of 招标核准意见表, and the kind whose threshold it counts for (R31 to R33)."""
