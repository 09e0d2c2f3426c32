"""Analysts' scenarios: how they are written, what is said of wrong ones, and what running them finds."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.clock import MovableClock
from engine.deployments import Source
from engine.errors import BusinessRefusal, DeploymentRefused, FieldError
from engine.scenario_files import Block, ScenariosRefused, plain, read_scenarios
from engine.scenarios import BareStage, Report, run
from engine.services import Registry
from engine.tables import Instance
from engine.testing import ProcessTest
from tests.engine import models as m

LEAVE = m.diagram(
    m.process(
        "leave",
        m.start(),
        m.service("validate", "leave/validate", "checked", days="days"),
        m.user("ask"),
        m.boundary("taken_back", "ask", m.message("take back")),
        m.xor("granted"),
        m.catch("pause", m.timer("P1D")),
        m.end("yes"),
        m.end("no"),
        m.end("gone"),
        "start > validate > ask > granted",
        "taken_back > gone",
        "granted > pause if decision == 'grant'",
        "granted > no else",
        "pause > yes",
    )
)

COMPLETE = """
process: leave
clock: 2021-11-15 09:00
given:
  三天假: {data: {days: 3}}
scenarios:
  - name: 准假，次日生效
    start: 三天假
    steps:
      - expect: {case: running, waiting: [ask]}
      - do: ask
        data: {decision: grant}
        opinion: 同意
      - expect: {waiting: [pause], data: {opinion: 同意}}
      - advance: {days: 1}
    end: 'yes'
    expect: {passed: [validate, pause], data: {decision: grant, days: 3}}
  - name: 不准
    start: {given: 三天假, data: {days: 4}}
    steps:
      - do: ask
        data: {decision: refuse}
    end: 'no'
    expect: {data: {days: 4}}
  - name: 收回
    start: {given: 三天假, business_key: 假一}
    steps:
      - message: take back
    end: gone
  - name: 天数太多，不产生案件
    start: {data: {days: 99}}
    refused: {D1: 最多30天}
"""


def validate(days: int) -> bool:
    if days > 30:
        raise BusinessRefusal([FieldError("days", "D1", "最多30天")])
    return True


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "leave.yaml"
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def play(written: Callable[[str], Path]) -> Callable[[str], Report]:
    def play(text: str) -> Report:
        registry = Registry()
        registry.add_callable("leave/validate", validate)
        stage = BareStage(registry, MovableClock(datetime(2021, 1, 1, tzinfo=UTC)))
        return run(read_scenarios(written(text)), [Source("leave.bpmn", LEAVE)], stage)

    return play


def says(report: Report) -> list[str]:
    """The failures without the folder that the test wrote its file in."""
    return [str(failure).rpartition("/")[2] for failure in report.failures]


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ScenariosRefused) as refused:
        read_scenarios(path)
    return [f"{mistake.line} {mistake.message}" for mistake in refused.value.mistakes]


def variant(old: str, new: str) -> str:
    assert COMPLETE.count(old) >= 1
    return COMPLETE.replace(old, new, 1)


# Playing


def test_scenarios_that_go_as_written_pass_and_cover_the_diagram(play: Callable[[str], Report]) -> None:
    report = play(COMPLETE)
    assert says(report) == []
    assert report.passed == ["准假，次日生效", "不准", "收回", "天数太多，不产生案件"]
    assert report.uncovered == []


def test_elements_that_no_scenario_passed_are_named_with_their_place(play: Callable[[str], Report]) -> None:
    text = COMPLETE[: COMPLETE.index("  - name: 收回")]
    missed = play(text).uncovered
    assert [(element.process, element.id, element.file) for element in missed] == [
        ("leave", "taken_back", "leave.bpmn"),
        ("leave", "gone", "leave.bpmn"),
    ]
    assert all(str(element.line) in str(element) for element in missed)


def test_each_scenario_has_a_database_and_a_clock_of_its_own(play: Callable[[str], Report]) -> None:
    """The second scenario sees neither the case of the first nor the day that it spent."""
    again = variant("- name: 不准", "- name: 又一次准假").replace("decision: refuse", "decision: grant")
    again = again.replace("    end: 'no'\n    expect: {data: {days: 4}}", "    expect: {waiting: [pause]}")
    assert says(play(again)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "waiting: [pause], data",
            "waiting: [ask], data",
            "leave.yaml:13 场景「准假，次日生效」第 3 步 expect：waiting[1] 应为 ask，实际为 pause",
        ),
        ("end: 'yes'", "end: 'no'", "leave.yaml:15 场景「准假，次日生效」结局：end 应为 no，实际为 yes"),
        (
            "passed: [validate, pause]",
            "passed: [validate, gone]",
            "leave.yaml:16 场景「准假，次日生效」结局：passed 缺少 [gone]",
        ),
        (
            "do: ask\n        data: {decision: refuse}",
            "do: sign\n        data: {decision: refuse}",
            (
                "leave.yaml:20 场景「不准」第 1 步 do: sign："
                "被拒绝：task_unknown 没有等待办理的任务「sign」。（此时在等待 ask）"
            ),
        ),
        (
            "data: {opinion: 同意}",
            "data: {opinon: null}",
            (
                "leave.yaml:13 场景「准假，次日生效」第 3 步 expect："
                "data 没有「opinon」，实际有：days、checked、decision、opinion"
            ),
        ),
        (
            "refused: {D1: 最多30天}",
            "refused: {D1: 最多30天}\n    expect: {waiting: null}",
            "leave.yaml:32 场景「天数太多，不产生案件」结局：没有案件，看不到 waiting",
        ),
        (
            "refused: {D1: 最多30天}",
            "refused: [D2]",
            "leave.yaml:31 场景「天数太多，不产生案件」开始：拒绝的原因应为 [D2]，实际为 D1 最多30天",
        ),
        (
            "refused: {D1: 最多30天}",
            "refused: {D1: 最多20天}",
            "leave.yaml:31 场景「天数太多，不产生案件」开始：D1 应为「最多20天」，实际为「最多30天」",
        ),
        (
            "start: {data: {days: 99}}",
            "start: {data: {days: 9}}",
            "leave.yaml:31 场景「天数太多，不产生案件」开始：应被拒绝（{D1: 最多30天}），实际成功",
        ),
        (
            "start: {data: {days: 99}}",
            "start: {date: {days: 9}}",
            ("leave.yaml:30 场景「天数太多，不产生案件」开始：start 没有「date」，可写：by、business_key、data"),
        ),
        (
            "      - message: take back\n",
            "      - message: take back\n      - message: take back\n",
            (
                "leave.yaml:28 场景「收回」第 2 步 message: take back："
                "被拒绝：message_unheard 没有案件在等待消息「take back」。"
            ),
        ),
    ],
)
def test_a_failure_says_where_which_step_what_was_expected_and_what_was_found(
    play: Callable[[str], Report], old: str, new: str, said: str
) -> None:
    assert said in says(play(variant(old, new)))


def test_what_is_expected_to_be_refused_is_asked_in_every_step(play: Callable[[str], Report]) -> None:
    text = variant("      - message: take back\n", "      - do: no_such_task\n        refused: [task_unknown]\n" * 2)
    text = text.replace("    end: gone\n", "    expect: {waiting: [ask]}\n")
    assert says(play(text)) == []


def test_an_incident_that_is_not_expected_is_a_failure(play: Callable[[str], Report]) -> None:
    (said, *_) = says(play(variant("- do: ask\n        data: {decision: refuse}", "- do: ask")))
    assert said.startswith("leave.yaml:17 场景「不准」结局：有未处理的异常：granted（")


def test_what_scenarios_presuppose_is_prepared_once_for_all_that_presuppose_the_same(
    written: Callable[[str], Path],
) -> None:
    class Prepared(BareStage):
        facts_known = frozenset(("cases", "day"))
        prepared = 0

        def presupposes(self, process: str, start: Block) -> str | None:
            return start.get("business_key")

        def prepare(self, test: ProcessTest, process: str, start: Block) -> None:
            self.prepared += 1
            with test.engine.command(test.session) as command:
                command.start(process, data={"days": 1})
            self.clock.advance(timedelta(days=1))

        def facts(self, session: Session, process: str, business_key: str | None) -> Mapping[str, Any]:
            return {"cases": session.scalar(select(func.count(Instance.id))), "day": self.clock.now().day}

    text = """
process: leave
scenarios:
  - name: 其一
    start: {business_key: 同, data: {days: 3}}
    expect: {cases: 2, day: 2}
  - name: 其二
    start: {business_key: 同, data: {days: 3}}
    expect: {cases: 2, day: 2}
  - name: 其三
    start: {business_key: 异, data: {days: 3}}
    expect: {cases: 2, day: 2}
"""
    registry = Registry()
    registry.add_callable("leave/validate", validate)
    stage = Prepared(registry, MovableClock(datetime(2021, 1, 1, tzinfo=UTC)))
    file = read_scenarios(written(text), facts=Prepared.facts_known)
    report = run(file, [Source("leave.bpmn", LEAVE)], stage)
    assert says(report) == []
    assert (len(report.passed), stage.prepared) == (3, 2)


def test_whatever_breaks_in_one_scenario_the_others_are_played(written: Callable[[str], Path]) -> None:
    class Broken(BareStage):
        facts_known = frozenset(("status",))

        def facts(self, session: Session, process: str, business_key: str | None) -> Mapping[str, Any]:
            raise ZeroDivisionError("no facts")

    registry = Registry()
    registry.add_callable("leave/validate", validate)
    text = variant("end: gone", "expect: {status: x}")
    report = run(
        read_scenarios(written(text), facts=Broken.facts_known), [Source("leave.bpmn", LEAVE)], Broken(registry)
    )
    assert [line.partition("：")[2] for line in says(report)] == ["出现意外错误 ZeroDivisionError：no facts"]
    assert len(report.passed) == 3


def test_scenarios_of_files_that_cannot_be_deployed_raise_what_is_wrong(
    written: Callable[[str], Path],
) -> None:
    with pytest.raises(DeploymentRefused):
        run(read_scenarios(written(COMPLETE)), [Source("leave.bpmn", LEAVE)], BareStage())


# Writing


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clock:", "clok:", "2 文件最外层没有「clok」，可写：cells、clock、files、given、process、scenarios"),
        ("clock: 2021-11-15 09:00", "clock: 明天", "2 clock 应为北京时间，如 2021-11-15 09:00，现为「明天」"),
        ("start: 三天假", "start: 五天假", "7 given 中没有「五天假」，现有：三天假"),
        ("      - do: ask\n", "      - doo: ask\n", "10 不认识的步骤「doo」"),
        (
            "opinion: 同意",
            "opinon: 同意",
            "12 步骤 do 旁边没有「opinon」，可写：by、data、do、of、opinion、refused",
        ),
        ("{waiting: [pause],", "{wating: [pause],", "13 expect没有「wating」"),
        ("advance: {days: 1}", "advance: {day: 1}", "14 advance 后应写时长，如 {days: 3}"),
        ("advance: {days: 1}", "advance: 1", "14 advance 后应写时长，如 {days: 3}"),
        ("    end: gone\n", "", "24 没有写明结局：请写 end、expect 或 refused"),
        ("- name: 收回", "- name: 不准", "24 场景「不准」与第 17 行的重名"),
        ("    end: gone\n", "    end: gone\n    end: gone\n", "29 不是有效的 YAML：「end」写了两次"),
        (
            "{data: {days: 3}}",
            "&x {data: {days: 3}}\n  别名: *x",
            "5 不是有效的 YAML：不支持别名，请用 given",
        ),
        ("process: leave", "process:", "1 请写 process"),
    ],
)
def test_a_mistake_in_writing_is_refused_with_its_line(
    written: Callable[[str], Path], old: str, new: str, said: str
) -> None:
    found = mistakes(written(variant(old, new)))
    assert any(mistake.startswith(said) for mistake in found), found


def test_every_mistake_of_a_file_is_told_at_once(written: Callable[[str], Path]) -> None:
    text = variant("opinion: 同意", "opinon: 同意").replace("end: gone", "edn: gone")
    assert [found.partition(" ")[0] for found in mistakes(written(text))] == ["12", "24", "28"]


def test_texts_that_look_like_something_else_stay_texts(written: Callable[[str], Path]) -> None:
    text = variant("{days: 3}", "{a: 0121, b: no, c: 2021-11-15, d: 12:30, e: 0.5, f: true, g: ~, h: -7}")
    (first, *_) = read_scenarios(written(text)).scenarios
    assert plain(first.start["data"]) == {
        "a": "0121",
        "b": "no",
        "c": "2021-11-15",
        "d": "12:30",
        "e": 0.5,
        "f": True,
        "g": None,
        "h": -7,
    }


def test_what_is_not_yaml_is_refused_with_its_line(written: Callable[[str], Path]) -> None:
    (found,) = mistakes(written("process: leave\nscenarios: [\n"))
    assert found.startswith("3 不是有效的 YAML")


def test_a_block_lies_over_another_key_by_key() -> None:
    base = Block({"a": Block({"b": 1, "c": 2}, 1, {"b": 1, "c": 2}), "d": 3}, 1, {"a": 1, "d": 3})
    over = Block({"a": Block({"c": 9}, 7, {"c": 8})}, 7, {"a": 7}).over(base)
    assert plain(over) == {"a": {"b": 1, "c": 9}, "d": 3}
    assert over.line_of("a.c") == 8
    assert over.line_of("a.unknown") == 7
