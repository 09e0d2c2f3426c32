"""待阅: what somebody is told without having to act (domain §2.13)."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.services import Call, Param, service_task
from records.agencies import Agency, AgencyLevel
from records.assignment import ENTERPRISE_ROLE, agency_group, enterprise_group
from records.notices import post
from tasks.documents import document_of
from tasks.wording import month_day

# Event → title, body. {p} project, {k} procedure, {n} certificate number, {a} agency, {e} enterprise,
# {w} the paper that answers the document, {h} what the project holds, {no} what its number is called, {g} what to do
# once it has lapsed, {d} and {date} the day the diagram gives, without and with its year,
# {y} its year.
_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "issued": ("“{p}”已备案", "备案证号 {n}，备案机关 {a}。可在「我的备案证」查看和下载。"),
        "withdrawn": ("“{p}”{k}已撤回", "{e}已撤回，不再办理；修改后重新提交的，另行受理。"),
        "not_accepted": (
            "“{p}”{k}不予受理",
            "{a}不予受理，理由和救济途径见不予受理通知书。可重新申报，项目代码仍可用。",
        ),
        "change_issued": ("“{p}”{k}已通过", "{w}已出具，与原{h}配合使用。可在「变更管理」查看和下载。"),
        "change_not_accepted": (
            "“{p}”{k}不予受理",
            "{a}不予受理，理由和救济途径见不予受理通知书。{h}不受影响，可重新申请变更。",
        ),
        "collectable": ("“{p}”{w}已盖章，可领取", "{a}已在{w}上盖章，请凭领取人身份证件到该机关领取。{no} {n}。"),
        "corrected": (
            "“{p}”备案证已更正",
            "{a}更正了备案证 {n} 的文字错误，出具了更正说明，与原备案证配合使用。可在「我的档案」查看和下载。",
        ),
        "correction_refused": ("“{p}”备案更正未签发", "签发人不同意更正，原因见办理记录。备案证 {n} 的内容不变。"),
        "agency_changed": ("“{p}”备案机关已变更为贵单位", "备案证号 {n}，今后的事项由贵单位办理。"),
        "terminated": ("“{p}”{k}已终止", "因{h}失效终止。"),
        "cancelled": ("“{p}”备案证已注销", "{e}已注销备案证 {n}，备案证已失效。原因可在「注销管理」查看。"),
        "revoked": ("“{p}”备案已撤销", "{a}已撤销备案，备案证 {n} 已失效。原因可在「撤销管理」查看。"),
        "start_told": ("“{p}”已填报开工时间", "{e}填报的开工时间是 {date}。可在「项目进展」查看。"),
        "start_cleared": ("“{p}”已清除开工时间", "{e}清除了原来填报的开工时间。可在「项目进展」查看。"),
        "completion_told": ("“{p}”已填报完工时间", "{e}填报的完工时间是 {date}。可在「项目进展」查看。"),
        "completion_cleared": ("“{p}”已清除完工时间", "{e}清除了原来填报的完工时间。可在「项目进展」查看。"),
        "report_told": ("“{p}”已填报年度进度报告", "{e}已填报年度进度报告。可在「项目进展」查看。"),
        "near_due": ("“{p}”{k}临近办理时限", "应在 {d} 前办结，请尽快办理。"),
        "overdue": ("“{p}”{k}超过办理时限", "{a}应在 {d} 前办结，现已超期。"),
        "extended": ("“{p}”{k}已通过", "{h} {n} 的有效期延长至 {date}，请按时开工并填报开工时间。"),
        "not_extended": ("“{p}”{k}未通过", "{h} {n} 的有效期仍至 {date}，理由和救济途径见不予受理通知书。"),
        "extension_lapsed": (
            "“{p}”{k}已终止",
            "退回修改后逾期未重新提交，视为未申请。{h} {n} 的有效期仍至 {date}。",
        ),
        "not_extendable": ("“{p}”{k}已终止", "{h} {n} 的状态已变化，不能再延期，原因见办理记录。"),
        "expired": (
            "“{p}”{h}到期自动失效",
            "{h} {n} 于 {date} 到期，有效期内未填报开工时间，已自动失效。如需建设请重新{g}。",
        ),
        "correction_overdue": (
            "“{p}”{k}已视为撤回",
            "退回修改后逾期未重新提交，视为撤回。内容仍保留，可以修改后重新提交。",
        ),
        "approval_accepted": ("“{p}”核准申请已受理", "{a}已受理，法定办结日 {d}。受理通知书可在「我的档案」下载。"),
        "approval_not_accepted": (
            "“{p}”核准申请不予受理",
            "{a}不予受理，原因见通知书。可重新申请，项目代码仍可用。",
        ),
        "approval_to_filing": (
            "“{p}”不属于核准范围，请办理备案",
            "{a}已把申请内容转为备案草稿，可在「项目备案」的草稿箱继续填写并提交。",
        ),
        "approval_lapsed": ("“{p}”核准申请逾期未补正", "未在 {d} 前补正材料，申请终止。可重新申请，项目代码仍可用。"),
        "approval_deemed": (
            "“{p}”核准申请视为受理",
            "受理审查期限已满，未告知申请人补正或者不予受理，自收到申请材料之日起即为受理，审批期限从该日起算。",
        ),
        "approval_prolonged": ("“{p}”核准期限已延长", "经{a}负责人批准延长审批期限，办结日为 {d}。"),
        "approval_issued": ("“{p}”已予以核准", "核准批复已出具，可在「我的档案」查看和下载。"),
        "approval_refused": ("“{p}”不予核准", "不予核准决定书已出具，理由和救济途径见决定书。"),
        "assessment_late": ("“{p}”委托评估逾期", "评估应在 {d} 前完成，请督促评估机构。"),
        "report_missing": ("“{p}”逾期未报{y}年度进度报告", "企业未在次年1月31日前填报{y}年度进度报告。"),
    }
)

PROVINCE, SUPERVISOR = "province", "supervisor"
"""Who reads what the province should know, and the role that does."""


@service_task("notice/post", version=1, title="送待阅", category="通知", effect="transaction")
def post_notice(
    event: Annotated[str, Param(title="事件", description="issued、not_accepted、near_due …")],
    document_kind: Annotated[str, Param(title="事项类型", description="filing、change、extension …")],
    document_id: Annotated[str, Param(title="文书编号")],
    receiver: Annotated[str, Param(title="收件人", description="enterprise，province，或备案机关的角色如 handler")],
    call: Call,
    day: Annotated[date | None, Param(title="日期", description="待阅中写明的日期")] = None,
) -> None:
    """Leave a notice about a document for its enterprise, for a role of its agency, or for the province."""
    document = document_of(call.session, document_kind, document_id)
    if event not in _TEXTS:
        raise EngineError(f"没有待阅事件「{event}」，现有：{'、'.join(_TEXTS)}。")
    if receiver == ENTERPRISE_ROLE:
        group = enterprise_group(document.enterprise_id)
    elif receiver == PROVINCE:
        group = agency_group(_province(call.session).id, SUPERVISOR)
    elif document.agency_id is not None:
        group = agency_group(document.agency_id, receiver)
    else:
        raise EngineError(f"申报 {document.number} 没有备案机关，不能送待阅。")
    words = {
        "p": document.project_name or "未命名项目",
        "k": document.TITLE,
        "d": month_day(day) if day else "",
        "date": day.isoformat() if day else "",
        "y": str(day.year) if day else "",
        "n": document.certificate_number or "",
        "a": document.agency.name if document.agency else "备案机关",
        "e": document.enterprise.name,
        "w": document.PAPER,
        "h": document.HOLDS.NOUN,
        "no": document.HOLDS.NUMBER,
        "g": document.HOLDS.AGAIN,
    }
    title, body = (text.format_map(words) for text in _TEXTS[event])
    post(
        call.session,
        group,
        title,
        call.now,
        body=body,
        document_id=document.id,
        instance_id=call.instance_id,
    )


def _province(session: Session) -> Agency:
    """The agency above all others."""
    found = session.scalar(select(Agency).where(Agency.level == AgencyLevel.PROVINCE).limit(1))
    if found is None:
        raise EngineError("没有省级机关，不能送待阅。")
    return found
