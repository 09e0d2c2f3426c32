"""审计: who did what to the system and to the cases, as a table too, and whether the record is as it was written."""

import json
from datetime import date
from typing import Any

from flask import Response, render_template, request, url_for

from engine.tables import Definition, History
from records.admin_acts import Act, AdminAct
from records.articles import Shelf
from records.documents import Document
from records.roles import AdminRole
from records.users import user_by_username
from web.api.audit import acts, case_lines, verified
from web.database import db
from web.identity import require
from web.pages import lists, people, wording
from web.pages.administration import blueprint, table
from web.pages.operations import element_name
from web.personal import LOOKED
from web.texts import gettext as _
from web.texts import told

_MOST_ROWS = 10_000
_FILTERS = ("q", "actor", "act", "since", "until")


@blueprint.get("/audit")
@require(AdminRole.AUDIT)
def audit() -> str:
    """管理行为, the latest first."""
    found = lists.part(db.session(), acts(_asked()))
    return _page("acts", found, [_act(act) for (act,) in found.rows], act_words())


@blueprint.get("/audit/cases")
@require(AdminRole.AUDIT)
def audit_cases() -> str:
    """办理记录 of all cases, the latest first; how many there are nobody counts."""
    query = case_lines(_asked())
    found = lists.counted_part(None, lambda limit, offset: list(db.session.execute(query.limit(limit).offset(offset))))
    return _page("cases", found, [_line(*row) for row in found.rows], action_words())


@blueprint.get("/audit.csv")
@require(AdminRole.AUDIT)
def audit_table() -> Response:
    """管理行为 as a table, of the same filter."""
    shown = (_act(act) for act in db.session.scalars(acts(_asked()).limit(_MOST_ROWS)))
    return _table("acts", shown)


@blueprint.get("/audit/cases.csv")
@require(AdminRole.AUDIT)
def audit_cases_table() -> Response:
    """办理记录 as a table, of the same filter."""
    shown = (_line(*row) for row in db.session.execute(case_lines(_asked()).limit(_MOST_ROWS)))
    return _table("cases", shown)


@blueprint.get("/audit/verification")
@require(AdminRole.AUDIT)
def verify_record() -> str:
    """核验: what looking at the whole record finds."""
    return render_template("admin/verification.html", found=verified(), tabs=_tabs("verify"))


def act_words() -> dict[str, str]:
    """What administrators do, in words."""
    return {
        Act.STAFF_CREATED: _("新建账号"),
        Act.ACCOUNT_UNLOCKED: _("解除锁定"),
        Act.ACCOUNTS_MERGED: _("合并账号"),
        Act.PASSWORD_RENEWED: _("重设密码"),
        Act.TOKEN_ISSUED: _("新建令牌"),
        Act.IDENTITY_UNBOUND: _("解除绑定"),
        Act.SUBSTITUTE_APPOINTED: _("设置代理"),
        Act.SUBSTITUTE_RECALLED: _("结束代理"),
        Act.STAFF_CHANGED: _("修改人员"),
        Act.STAFF_CLOSED: _("停用账号"),
        Act.STAFF_OPENED: _("启用账号"),
        Act.GRANT_ASKED: _("申请授权"),
        Act.GRANT_CONFIRMED: _("确认授权"),
        Act.GRANT_REFUSED: _("不予确认授权"),
        Act.AGENCY_CREATED: _("新建机构"),
        Act.AGENCY_CHANGED: _("修改机构"),
        Act.CALENDAR_CHANGED: _("更改工作日"),
        Act.CALENDAR_PUBLISHED: _("公布全年工作日"),
        Act.EDITION_IMPORTED: _("导入政策版本"),
        Act.EDITION_CHANGED: _("修改政策版本"),
        Act.BULLETIN_SAVED: _("编写公告"),
        Act.BULLETIN_PUBLISHED: _("发布公告"),
        Act.BULLETIN_WITHDRAWN: _("撤下公告"),
        Act.ARTICLE_SAVED: _("编写内容"),
        Act.SMS_TEXT_CHANGED: _("修改短信模板"),
        Act.SMS_SENT_AGAIN: _("重发短信"),
        Act.SMS_SKIPPED: _("跳过短信"),
        Act.JOB_RETRIED: _("重试后台工作"),
        Act.JOB_SKIPPED: _("跳过后台工作"),
        Act.CASE_STARTED: _("启动案件"),
        Act.CASE_SUSPENDED: _("挂起案件"),
        Act.CASE_RESUMED: _("恢复案件"),
        Act.CASE_CANCELLED: _("终止案件"),
        Act.CASE_RETRIED: _("重试案件"),
        Act.CASE_MODIFIED: _("调整案件"),
        Act.CASE_MIGRATED: _("迁移案件"),
        Act.MESSAGE_GIVEN: _("发出消息"),
        Act.DEPLOYED: _("部署流程"),
    }


def action_words() -> dict[str, str]:
    """What happens to a case, in words."""
    return {
        "started": _("开始"),
        "completed": _("完成"),
        "claimed": _("认领"),
        "released": _("放回"),
        "transferred": _("转办"),
        "handed_over": _("移交"),
        "suspended": _("挂起"),
        "resumed": _("恢复"),
        "cancelled": _("终止"),
        "retried": _("重试"),
        "skipped": _("跳过"),
        "modified": _("调整"),
        "migrated": _("迁移"),
        "revised": _("重新计算期限"),
        "unheard": _("消息无人接收"),
        "undone": _("撤销已办的步骤"),
        LOOKED: _("查看完整个人信息"),
    }


def _tabs(active: str) -> list[dict[str, Any]]:
    entries = (
        ("acts", _("管理行为"), url_for("administration.audit")),
        ("cases", _("办理记录"), url_for("administration.audit_cases")),
        ("access", _("登录记录"), url_for("administration.access_records")),
        ("verify", _("核验"), url_for("administration.verify_record")),
    )
    return [{"label": label, "url": url, "active": key == active} for key, label, url in entries]


def _asked() -> dict[str, Any]:
    """The filter in the address."""
    asked: dict[str, Any] = {name: request.args.get(name, "").strip()[:100] for name in ("q", "actor", "act")}
    for name in ("since", "until"):
        try:
            asked[name] = date.fromisoformat(request.args.get(name, ""))
        except ValueError:
            asked[name] = None
    return asked


def _page(shown: str, found: lists.Part, rows: list[dict[str, Any]], words: dict[str, str]) -> str:
    typed: dict[str, Any] = {name: request.args.get(name, "") for name in _FILTERS}
    address = "administration.audit_table" if shown == "acts" else "administration.audit_cases_table"
    return render_template(
        "admin/audit.html",
        tabs=_tabs(shown),
        shown=shown,
        typed=typed,
        filtered=any(typed.values()),
        acts=[{"value": str(value), "label": label} for value, label in words.items()],
        csv_url=url_for(address, **{name: text for name, text in typed.items() if text}),
        page=found.foot,
        rows=rows,
    )


def _act(act: AdminAct) -> dict[str, Any]:
    return {
        "number": act.id,
        "at": wording.moment(act.at),
        "who": _name(act.actor) if act.actor else _("命令行"),
        "act": act_words().get(Act(act.act), act.act),
        "subject": act.subject,
        "before": _told(act.before),
        "after": _told(act.after),
    }


def _line(line: History, definition: Definition, document: Document | None) -> dict[str, Any]:
    who = _name(line.actor) if line.actor else _("系统")
    place = element_name(definition, line.element_id)
    if line.on_behalf_of:
        who = _("%(who)s（代 %(principal)s）", who=who, principal=_name(line.on_behalf_of))
    return {
        "number": f"{line.instance_id} {line.seq}",
        "at": wording.moment(line.at),
        "who": who,
        "act": " ".join(part for part in (action_words().get(line.action, line.action), place) if part),
        "subject": f"{told(definition.name)} {document.number if document is not None else line.instance_id}",
        "before": _told(line.before),
        "after": _told(line.details),
    }


def _name(username: str) -> str:
    """A name with the username beside it: names may be shared, masked, and change."""
    user = user_by_username(db.session(), username)
    return people.beside(people.shown_name(user), username) if user is not None else username


def _told(told: dict[str, Any] | None) -> str:
    """What the record has of something, name by name."""
    words = field_words()
    return _("；").join(
        _("%(name)s：%(value)s", name=words.get(name, name), value=_value(value))
        for name, value in (told or {}).items()
    )


def _value(value: Any) -> str:
    if value is None or value in ("", []):
        return _("无")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if value in tuple(Shelf):
        return _("办事指南") if value == Shelf.GUIDE else _("政策法规")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _("、").join(people.role_title(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def field_words() -> dict[str, str]:
    """What the record names, in words; what is not here is shown as it is."""
    return {
        "name": _("名称"),
        "mobile": _("手机号码"),
        "agency": _("单位"),
        "roles": _("岗位"),
        "active": _("在用"),
        "reason": _("原因"),
        "handed": _("移交任务"),
        "to": _("移交给"),
        "principal": _("被代理人"),
        "substitute": _("代理人"),
        "first_day": _("开始日期"),
        "last_day": _("结束日期"),
        "identity": _("省统一身份账号"),
        "bound_on": _("绑定日期"),
        "scope": _("权限"),
        "expires_on": _("有效期至"),
        "level": _("层级"),
        "region": _("行政区划代码"),
        "parent_id": _("上级机构"),
        "cert_code": _("证号机构码"),
        "can_file": _("办理备案"),
        "can_approve": _("办理核准"),
        "letters": _("发文机关代字"),
        "e_seal": _("有电子签章"),
        "duty_mobile": _("值班手机号码"),
        "workday": _("工作日"),
        "workdays_changed": _("有变化的日期"),
        "deadlines": _("调整的办理期限"),
        "title": _("标题"),
        "body": _("正文"),
        "publisher": _("发布单位"),
        "entries": _("条目"),
        "effective_from": _("施行日期"),
        "effective_to": _("失效日期"),
        "text": _("内容"),
        "corrected": _("更正的内容"),
        "definition": _("流程"),
        "definitions": _("流程"),
        "version": _("版本"),
        "opinion": _("意见"),
        "data": _("数据"),
        "assignee": _("办理人"),
        "shelf": _("类别"),
        "section": _("栏目"),
        "number": _("文号"),
        "rank": _("排序"),
        "published": _("已发布"),
        "revision": _("保存次数"),
        "job": _("作业"),
    }


def _table(name: str, rows: Any) -> Response:
    headings = (_("编号"), _("时间"), _("人员"), _("行为"), _("对象"), _("之前"), _("之后"))
    names = ("number", "at", "who", "act", "subject", "before", "after")
    return table(f"audit-{name}.csv", headings, ([row[name] for name in names] for row in rows))
