"""The shape of a filing on the wire: what a draft may be, and what is no filing at all."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from tasks.filings.schema import SET_BY_SERVER, FilingForm


def test_every_form_of_the_sample_is_taken(sample: dict[str, Any]) -> None:
    for project in sample["projects"]:
        form = FilingForm().load(project["filing"])
        expected = {name: value for name, value in project["filing"].items() if name not in SET_BY_SERVER}
        expected["money"] = {name: sum_ for name, sum_ in expected["money"].items() if name != "fixed_assets"}
        assert form == expected


def test_a_draft_may_be_empty_or_break_every_rule() -> None:
    assert FilingForm().load({}) == {}
    poor = {"project_code": "???", "money": {"total": "一百"}, "nature": "装修", "planned_start": ""}
    assert FilingForm().load(poor) == poor


def test_editions_and_the_enterprise_are_the_server_s_to_set() -> None:
    sent = {"enterprise": "E02", "catalogue_edition": "1999年本", "nature": "改建"}
    assert FilingForm().load(sent) == {"nature": "改建"}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"money": {"total": 100}}, {"money": {"total": ["应为文本"]}}),
        ({"money": "100"}, {"money": {"_schema": ["应为一组字段（JSON 对象）"]}}),
        ({"money": None}, {"money": ["不能为 null"]}),
        ({"jobs_operation": "30"}, {"jobs_operation": ["应为整数"]}),
        ({"jobs_operation": True}, {"jobs_operation": ["应为整数"]}),
        ({"commitment": "true"}, {"commitment": ["应为 true 或 false"]}),
        ({"planned_start": "2021-13-01"}, {"planned_start": ["应为日期，例如 2021-12-01"]}),
        ({"planned_start": 20211201}, {"planned_start": ["应为日期，例如 2021-12-01"]}),
        ({"project_contact": {"wechat": "x"}}, {"project_contact": {"wechat": ["没有这个字段"]}}),
        ({"status": "ISSUED"}, {"status": ["没有这个字段"]}),
        ({"scale_content": "建" * 2001}, {"scale_content": ["不能超过 2000 个字"]}),
        (["a"], {"_schema": ["应为一组字段（JSON 对象）"]}),
    ],
)
def test_a_wrong_shape_is_told_at_its_field(data: Any, errors: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        FilingForm().load(data)
    assert refused.value.messages == errors
