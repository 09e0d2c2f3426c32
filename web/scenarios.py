"""`jigai test`: playing analysts' scenarios of the product's procedures, and telling what they found."""

import secrets
from pathlib import Path

import click

from engine.errors import DeploymentRefused
from engine.scenario_files import ScenariosRefused, read_scenarios
from engine.scenarios import Report
from engine.scenarios import run as play_all
from records import encryption
from records.account_merges import PROCESS as MERGING
from tasks.adapters import Adapters, configure, simulated
from tasks.platform import sample_projects
from web.demo import sample
from web.merge_stage import MERGE_FACTS, MERGE_VERBS, MergeStage
from web.office import VERBS, Office
from web.procedures import sources


def run(path: Path, coverage: bool = False) -> bool:
    """Play the scenarios at a path and print what they found. False where anything failed or, when `coverage`
    is asked for, an element of a diagram was never passed."""
    found = scenario_files(path)
    if not found:
        click.echo(f"{path}：没有找到场景文件（*.yaml）", err=True)
        return False
    report = Report()
    good = True
    prepare_process()
    for file in found:
        try:
            report.merge(play(file))
        except ScenariosRefused as refused:
            good = False
            click.echo(str(refused), err=True)
        except DeploymentRefused as refused:
            good = False
            click.echo(f"{file} 所测的流程不能部署：\n{refused}", err=True)
    for failure in report.failures:
        click.echo(str(failure), err=True)
    click.echo(f"{len(report.passed)} 个场景通过，{len({(f.file, f.scenario) for f in report.failures})} 个未通过")
    if coverage:
        good = _tell_coverage(report) and good
    return good and not report.failures


def scenario_files(path: Path) -> list[Path]:
    """The scenarios at a path: the file itself, or those of its folder `scenarios`, or those in it."""
    if path.is_file():
        return [path]
    inner = path / "scenarios"
    return sorted((inner if inner.is_dir() else path).glob("*.yaml"))


def play(path: Path) -> Report:
    """Play the scenarios of a file, telling of each. Raises ScenariosRefused, DeploymentRefused."""
    file = read_scenarios(path, verbs=VERBS + MERGE_VERBS, facts=Office.facts_known | MERGE_FACTS)
    folder = path.parent.parent if path.parent.name == "scenarios" else path.parent
    named = [source for name in file.files for source in sources(path.parent / name)]
    stage = MergeStage() if file.process == MERGING else Office()
    return play_all(file, named or sources(folder), stage, _tell)


def _tell(name: str, good: bool) -> None:
    click.echo(f"{'通过' if good else '未通过'}  {name}")


def _tell_coverage(report: Report) -> bool:
    missed = report.uncovered
    for element in missed:
        click.echo(f"未覆盖  {element}", err=True)
    click.echo(f"覆盖 {len(report.elements) - len(missed)}/{len(report.elements)} 个元素")
    return not missed


def prepare_process() -> None:
    """What stands in for the outside, and a key that nobody needs afterwards: this process does no more."""
    encryption.configure_key(secrets.token_bytes(encryption.KEY_BYTES))
    configure(Adapters(platform=simulated(sample_projects(sample()))))
