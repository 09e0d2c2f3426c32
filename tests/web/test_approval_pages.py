"""The pages of 项目核准 without scripts: what the enterprise and the officials see, and what a refused form keeps."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.web import applications
from tests.web.applications import APPLICANT, OFFICIAL
from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]


def task_page(portal: Portal, approval_id: str) -> str:
    return f"/tasks/{portal.task(OFFICIAL, approval_id)['id']}"


# What a task asks beside a decision


def test_a_task_asks_for_every_field_of_its_form_and_a_refused_one_keeps_what_was_typed(
    portal: Portal, client_of: ClientOf
) -> None:
    approval_id, official = applications.accepted(portal), client_of(OFFICIAL)
    page = task_page(portal, approval_id)
    official.post(f"{page}/claim", official.form(page, f"{page}/claim"))
    shown = official.read(page)
    assert re.findall(r'name="data\.(\w+)"', shown) == ["assessor", "departments", "hearing", "hearing", "hearing"]
    assert re.search(r'value="不需要" checked', shown)  # what the form begins with
    assert 'name="decision"' not in shown
    fields = official.form(page, f"{page}/complete") | {
        "data.assessor": "广东某工程咨询有限公司",
        "data.departments": "深圳市生态环境局\n\n 深圳市规划和自然资源局 \n深圳市生态环境局",
        "data.hearing": "专家评议",
        "opinion": "请评估",
    }
    refused = official.post(f"{page}/complete", fields)
    assert refused.status_code == 422
    assert "「征求意见的部门」有重复的内容" in refused.text
    for kept in ("广东某工程咨询有限公司", " 深圳市规划和自然资源局 ", 'value="专家评议" checked', ">请评估<"):
        assert kept in refused.text
    fields |= {"data.departments": "深圳市生态环境局\n深圳市规划和自然资源局"} | official.form(page, f"{page}/complete")
    told = official.post(f"{page}/complete", fields, follow=True).text
    assert "已提交：承办。" in told
    names = [task["name"] for task in portal.call(OFFICIAL, "GET", "/tasks?box=todo").get_json()["items"]]
    assert sorted(names) == [
        "登记专家评议结果",
        "登记评估结论",
        "登记部门意见（深圳市生态环境局）",
        "登记部门意见（深圳市规划和自然资源局）",
    ]
