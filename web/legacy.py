"""`jigai import-legacy`: what the old system had, from CSV files (docs/reference/legacy-import.md)."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.commands import Engine
from engine.services import Registry
from records.calendar import local_date
from tasks.legacy.taking_over import Findings, examine, take_over
from tasks.sheet import Problem
from web.database import db
from web.procedures import rules_of
from web.runtime import runtime

_SHOWN = 20
_HEADINGS = ("文件", "行号", "栏目", "问题", "处理办法")


def run(
    accounts: Path | None,
    certificates: Path | None,
    *,
    dry_run: bool,
    skip_refused: bool,
    quiet: bool,
    report: Path | None,
) -> bool:
    """Import the files of the old system in one transaction, and say what was found. False where a line is refused.

    Where anything is refused nothing is imported, unless `skip_refused` leaves those lines out. `quiet` sends no short
    message about what the cases of the certificates find at their beginning.
    """
    engine, session, takes = runtime().engine, db.session(), False
    if quiet:
        engine = Engine(services=_without_sms(engine.services), policy=engine.policy, clock=engine.clock)
    if dry_run:  # outside a command, in which nobody else could write on SQLite
        found = _look(session, accounts, certificates, engine.clock.now())
        session.rollback()
    else:
        try:
            with engine.command(session) as command:
                found = _look(session, accounts, certificates, command.now)
                takes = not found.unreadable and (skip_refused or not found.problems)
                if takes:
                    take_over(command, found, lambda done: click.echo(f"  已写入 {done} 份备案证", err=True))
        except IntegrityError as error:
            told = "somebody wrote the same account, enterprise or certificate meanwhile"
            raise click.ClickException(f"nothing was imported: {told}; start the import again") from error
    _say(found, imported=takes)
    _list(found.problems, report)
    return not found.problems


def _look(session: Session, accounts: Path | None, certificates: Path | None, now: datetime) -> Findings:
    return examine(session, accounts, certificates, today=local_date(now), decide=rules_of("filing"))


def _without_sms(services: Registry) -> Registry:
    def say_nothing(**_told: object) -> None:
        return None

    return Registry(replace(task, function=say_nothing) if task.id == "sms/queue" else task for task in services)


def _say(found: Findings, *, imported: bool) -> None:
    """What happened, or would have."""
    accounts, certificates = found.accounts, found.certificates
    waiting = sum(not user.active for user in accounts.users)
    new = f"企业 {len(accounts.enterprises)} 家，账号 {len(accounts.users)} 个（其中待合并 {waiting} 个）"
    new += f"，备案证 {len(certificates.new)} 份"
    verb = "已导入：" if imported else "可以导入："
    click.echo(f"{verb}{new}" if found.is_new else "没有新的内容，未作任何更改。")
    if found.known:
        click.echo(f"系统中已有，未作更改：{found.known} 行")
    if found.refused:
        click.echo(f"未通过检查：{found.refused} 行")
    if found.is_new and not imported:
        click.echo("本次没有写入任何内容。")


def _list(problems: Sequence[Problem], report: Path | None) -> None:
    """Every problem into the report, or the first of them on the screen."""
    if report is not None:
        with report.open("w", encoding="utf-8-sig", newline="") as file:  # with a BOM, so that Excel reads it
            writer = csv.writer(file)
            writer.writerow(_HEADINGS)
            writer.writerows((p.file, p.line, p.column, p.message, p.remedy) for p in problems)
        click.echo(f"问题清单共 {len(problems)} 条，已写入 {report}")
        return
    for problem in problems[:_SHOWN]:
        place = f"{problem.file} 第 {problem.line} 行" + (f"「{problem.column}」" if problem.column else "")
        click.echo(f"{place}：{problem.message}。{problem.remedy}。", err=True)
    if len(problems) > _SHOWN:
        click.echo(f"还有 {len(problems) - _SHOWN} 条，用 --report 写入文件查看。", err=True)
