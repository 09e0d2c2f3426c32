"""The product's own scenarios, as an analyst runs them: every path of its diagrams, every end."""

import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from engine.deployments import check
from engine.scenario_files import ScenarioFile, read_scenarios
from web import scenarios
from web.cli import main
from web.office import VERBS, Office
from web.procedures import FOLDER, sources

FILES = scenarios.scenario_files(FOLDER)
PLAYED_BY = {
    # Whatever can happen to a document on its way through the agency happens to a filing.
    "review": "filing",
    "sealing": "filing",
    "returned": "extension",
    "paper_making": "filing",
    "licensing": "filing",
    # A certificate that ends before its paper is stamped.
    "void_seal": "filing",
    # The two steps of an approval.
    "approval_acceptance": "approval",
    "approval_review": "approval",
    # What only an approval comes to: 同意延期开工的决定, and its seal.
    **dict.fromkeys(
        (
            *("issue_extension_consent", "render_extension_consent", "consent_sealed_gateway"),
            *("consent_sealed", "seal_extension_consent", "consent_handed_over"),
        ),
        "approval_extension",
    ),
    # What was returned is withdrawn after a time, where the table says so.
    **dict.fromkeys(
        ("filing_correction_overdue", "mark_correction_overdue", "post_correction_overdue", "deemed_withdrawn"),
        "filing_overdue",
    ),
    **dict.fromkeys(
        ("change_correction_overdue", "mark_change_overdue", "post_change_overdue", "change_deemed_withdrawn"),
        "change_overdue",
    ),
    # An extension that comes to nothing because the certificate meanwhile has ended.
    "not_extendable": "certificate",
    "mark_not_extendable": "certificate",
    "post_not_extendable": "certificate",
    "extension_not_possible": "certificate",
}
"""Processes and elements that the scenarios of another process go through."""


@pytest.fixture(scope="module")
def filing() -> ScenarioFile:
    path = FOLDER / "scenarios" / "filing.yaml"
    return read_scenarios(path, verbs=VERBS, facts=Office.facts_known)


def jigai_test(*arguments: Path | str) -> Result:
    result = CliRunner().invoke(main, ["test", *map(str, arguments)])
    structlog.reset_defaults()
    return result


def player(process: str, element: str) -> str:
    """The file of scenarios that is to go through an element."""
    return PLAYED_BY.get(element) or PLAYED_BY.get(process, process)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_scenarios_of_a_file_pass_and_go_through_every_element_that_is_theirs(file: Path) -> None:
    scenarios.prepare_process()
    report = scenarios.play(file)
    assert [str(failure) for failure in report.failures] == []
    assert [str(e) for e in report.uncovered if player(e.process, e.id) == file.stem] == []


def test_every_element_is_in_the_care_of_a_file_of_scenarios() -> None:
    processes = check(sources(FOLDER), lambda operator: True).processes.values()
    elements = {(process.id, node.id) for process in processes for node in process.walk()}
    assert {player(*element) for element in elements} <= {file.stem for file in FILES}
    assert PLAYED_BY.keys() <= {name for element in elements for name in element}


@pytest.mark.slow
def test_all_scenarios_pass_and_cover_every_element() -> None:
    command = [sys.executable, "-c", "from web.cli import main; main()", "test", str(FOLDER), "--coverage"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parent, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "0 个未通过" in done.stdout


def test_scenarios_that_pass_end_with_status_0() -> None:
    done = jigai_test(FOLDER / "scenarios" / "change_in_2027.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "1 个场景通过，0 个未通过" in done.stdout


def test_every_end_of_a_filing_is_the_end_of_a_scenario() -> None:
    of_filing = [path for path in FILES if path.name.startswith("filing")]
    read = [read_scenarios(path, verbs=VERBS, facts=Office.facts_known) for path in of_filing]
    diagrams = check(sources(FOLDER), lambda operator: True)
    ends = {node.id for node in diagrams.processes["filing"].nodes.values() if node.kind == "endEvent"}
    filings = [scenario for file in read if file.process == "filing" for scenario in file.scenarios]
    told = [scenario.expect.get("end") for scenario in filings if scenario.expect]
    assert {end for written in told if written for end in ([written] if isinstance(written, str) else written)} == ends


def test_every_scenario_asserts_status_papers_and_messages(filing: ScenarioFile) -> None:
    for scenario in filing.scenarios:
        told = set(scenario.expect or ())
        # One about what becomes of the certificate's seal tells of that.
        assert "certificate" in told or {"status", "papers", "messages"} <= told, scenario.name


def test_a_failing_scenario_ends_with_status_1_and_a_line_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "filing.yaml"
    file.write_text(
        f"process: filing\nfiles: [{FOLDER}]\nscenarios:\n  - name: 撤回\n"
        "    start: {by: 黄例乙(ent01), sample: 18, document: {money: {totl: 1}}}\n    end: withdrawn\n",
        encoding="utf-8",
    )
    done = jigai_test(file)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"{file}:5 场景「撤回」开始：用户 ent01 是黄例甲，不是黄例乙",
        f"{file}:5 场景「撤回」开始：申报表字段 money.totl：没有这个字段",
    ]
    assert "0 个场景通过，1 个未通过" in done.stdout


def test_with_coverage_elements_that_were_never_passed_end_with_status_1(tmp_path: Path) -> None:
    file = tmp_path / "filing.yaml"
    file.write_text(
        f"process: filing\nfiles: [{FOLDER}]\nscenarios:\n  - name: 撤回\n    start: {{by: ent01, sample: 18}}\n"
        "    steps: [{withdraw: , by: ent01}]\n    end: withdrawn\n",
        encoding="utf-8",
    )
    done = jigai_test(file, "--coverage")
    assert done.exit_code == 1
    assert "1 个场景通过，0 个未通过" in done.stdout
    assert any(line.endswith(" filing notify_offline「短信通知领证」") for line in done.stderr.splitlines())
    assert not any(" filing withdrawn" in line and "withdrawn_" not in line for line in done.stderr.splitlines())
