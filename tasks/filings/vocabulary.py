"""The words of the filing form: what its fields are called and which choices they have (domain §1.7, §5.5).

Choices that a decision table lists (项目资本金相关行业) are that table's to know and are not repeated here.
"""

from collections.abc import Mapping
from types import MappingProxyType

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "agency": "备案机关",
        "project_code": "项目代码",
        "project_name": "项目名称",
        "location": "建设地点",
        "scale_content": "建设规模及内容",
        "building_area_m2": "建筑面积",
        "land_area_m2": "占地面积",
        "jobs_construction": "项目建设期间预计带动就业岗位",
        "jobs_operation": "项目建成投产后预计带动就业岗位",
        "class_code": "国民经济行业分类",
        "nature": "建设性质",
        "catalogue": "产业结构调整指导目录",
        "catalogue_entry": "指导目录条目",
        "negative_list": "市场准入负面清单",
        "adds_capacity": "是否新增产能",
        "national_plan": "是否列入国家规划",
        "approval_category": "核准目录大类",
        "approval_item": "核准目录事项",
        "approval_level": "核准权限层级",
        "capital_industry": "项目资本金相关行业",
        "money.total": "总投资",
        "money.civil": "土建、公用工程及其他投资",
        "money.equipment": "设备及技术投资",
        "money.fixed_assets": "固定资产投资",
        "money.import_usd": "进口设备用汇",
        "money.capital": "项目资本金",
        "money.annual_plan": "年度计划投入",
        "money.own_funds": "自有资金",
        "money.domestic_loan": "国内贷款",
        "money.stock_bond": "股票债券",
        "money.other_funds": "其他资金",
        "planned_start": "计划开工时间",
        "planned_completion": "计划竣工时间",
        "project_contact.name": "项目联系人",
        "project_contact.mobile": "项目联系人手机",
        "commitment": "备案承诺声明",
    }
)

AMOUNTS: tuple[str, ...] = tuple(
    field for field in LABELS if field.startswith("money.") and field != "money.fixed_assets"
)

REQUIRED: tuple[str, ...] = (
    "agency",
    "project_code",
    "project_name",
    "location",
    "scale_content",
    "class_code",
    "nature",
    "catalogue",
    "negative_list",
    "adds_capacity",
    "national_plan",
    "capital_industry",
    *AMOUNTS,
    "planned_start",
    "planned_completion",
    "project_contact.name",
    "project_contact.mobile",
)

# No approval: what the routing table reads where the form names no category of the approval catalogue.
NONE_OF_THEM = "无"

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "nature": ("新建", "扩建", "改建", "技术改造", "迁建", "其他"),
        "catalogue": ("鼓励类", "允许类", "限制类", "淘汰类"),
        "negative_list": ("未列入", "许可准入", "禁止准入"),
        "approval_category": (NONE_OF_THEM, "能源", "原材料", "机械制造", "高新技术", "外商投资"),
    }
)
