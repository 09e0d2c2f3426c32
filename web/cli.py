"""`jigai`: run, deploy, check, test, administer. Exit 0 clean, 1 problems found, 2 usage (design §9)."""

import os
import shutil
import signal
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

import click
from flask import Flask
from sqlalchemy import select

from engine import anchors
from engine.audit import verification
from engine.clock import Clock
from engine.deployments import check as check_files
from engine.deployments import newest
from engine.errors import DeploymentRefused
from engine.migration_commands import Outcome, Target, migrate_many
from engine.problems import Problem
from engine.services import Registry
from engine.tables import Definition
from engine.threads import take_turns
from records.seed import seed_master_data
from web import backup, demo_identity, history, legacy, logs, reach
from web import demo as demonstration
from web.app import create_app
from web.database import bring_up_to_date, db, is_up_to_date
from web.installation import ready as _ready
from web.keys import seals
from web.people_commands import token, user
from web.procedures import deploy_product, sources
from web.runtime import runtime
from web.settings import Settings, places

_READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """jigai (技改): filing of industrial renovation projects, every procedure a BPMN diagram."""
    logs.configure()
    take_turns()


for _group in (seals, user, token):
    main.add_command(_group)


# Running


@main.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
def up(port: int, host: str) -> None:
    """Everything in one process: web pages, REST interface, jobs and timers."""
    app = create_app()
    bring_up_to_date(app)
    with app.app_context():
        with runtime().engine.command(db.session()) as command:
            seed_master_data(command.session)
        deploy_product()
    serve(app, host, port, carry=True)


@main.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--reset", is_flag=True, help="Only put the demo's data back to how they were at first.")
@click.option("--past/--no-past", default=True, help="Whether the sample's projects have lived up to today.")
def demo(port: int, host: str, reset: bool, past: bool) -> None:
    """The whole product with sample data. What was done stays until `--reset`."""
    settings = Settings.from_environment(demo=True)
    if "JIGAI_SITE_URL" not in os.environ:
        settings = replace(settings, site_url=f"http://{host}:{port}")
    unfinished = settings.var / "loading"
    if unfinished.exists():
        click.echo("loading the sample data was interrupted; beginning afresh")
        shutil.rmtree(settings.var)
    if reset:
        shutil.rmtree(settings.var, ignore_errors=True)
        click.echo("demo data removed; `make demo` starts afresh")
        return
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.var / "demo").touch()
    click.echo("preparing the demo's database …")
    app = create_app(settings)
    bring_up_to_date(app)
    demonstration.make_seals(app.extensions["jigai"].settings)
    click.echo("loading sample data and deploying processes …")
    if past and not history.has_happened(app):
        unfinished.touch()
        history.load(app, lambda progress: click.echo(f"  running the procedures of the sample's projects: {progress}"))
        unfinished.unlink()
    demonstration.load(app)
    with app.app_context():
        click.echo(f"accounts (password {demonstration.PASSWORD}):")
        for user in demonstration.accounts():
            click.echo(f"  {user.username:<8} {user.name}")
    with demo_identity.running(settings.site_url) as platform:
        if platform is None:
            click.echo("no Node.js with its packages here: the demo runs without the log-in by provincial account")
        app.extensions["jigai"] = replace(
            app.extensions["jigai"], settings=replace(settings, identity_platform=platform)
        )
        serve(app, host, port, carry=True)


@main.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
def web(port: int, host: str) -> None:
    """Only web pages and REST interface; jobs are for `jigai worker`."""
    serve(_ready(), host, port, carry=False)


@main.command()
@click.option("--concurrency", default=4, show_default=True)
def worker(concurrency: int) -> None:
    """Carry out jobs from the broker of BROKER_URL, and timers at their moment."""
    carrier = _carrier()
    carrier.start_timekeeper()
    try:
        carrier.celery.worker_main(
            ["worker", "--pool", "threads", "--concurrency", str(concurrency), "--loglevel", "WARNING"]
        )
    finally:
        carrier.stop()


@main.command()
def beat() -> None:
    """Hint the workers every second to sweep up what is due. One of these runs."""
    carrier = _carrier()
    carrier.celery.Beat(loglevel="WARNING", schedule=str(Settings.from_environment().var / "beat")).run()


def serve(app: Flask, host: str, port: int, *, carry: bool) -> None:
    """Serve until SIGINT or SIGTERM, then end cleanly: requests under way are answered first."""
    from waitress.server import create_server  # waitress is for serving only; commands start without it

    settings: Settings = app.extensions["jigai"].settings
    server = create_server(app, host=host, port=port, threads=8, ident="jigai", **behind(settings.trusted_proxy))
    carrier = app.extensions["jigai"].carrier
    if carry and settings.embedded:
        carrier.start_embedded()
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()
        raise SystemExit(0)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    click.echo(f"ready: http://{host}:{port}")
    try:
        server.run()
    except SystemExit:
        pass
    finally:
        server.close()
        carrier.stop()


def behind(proxy: str | None) -> dict[str, Any]:
    """What the server is told of the proxy before it: else everybody would seem to ask from there."""
    if proxy is None:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto"}
    return {"trusted_proxy": proxy, "trusted_proxy_headers": headers, "clear_untrusted_proxy_headers": True}


# Diagrams


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check(path: Path) -> None:
    """Say what is wrong with the diagrams, tables and forms at PATH; nothing is stored."""
    registry = Registry.installed()
    files = check_files(sources(path), lambda operator: registry.get(operator) is not None)
    _report(files.problems)
    if any(problem.severity == "error" for problem in files.problems):
        sys.exit(1)
    click.echo(f"{len(files.processes)} processes, {len(files.decisions)} tables, {len(files.forms)} forms: clean")


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def deploy(path: Path) -> None:
    """Deploy the files at PATH as the newest version of their processes."""
    with _ready().app_context():
        try:
            with runtime().engine.command(db.session()) as command:
                deployed = [(d.key, d.version) for d in command.deploy(sources(path))]
        except DeploymentRefused as refused:
            _report(refused.problems)
            sys.exit(1)
    for key, version in deployed:
        click.echo(f"{key} v{version}")


@main.command()
@click.argument("key")
@click.option("--from", "from_version", type=int, required=True, help="The version that the cases run on.")
@click.option("--to", "to_version", type=int, required=True, help="The version that they are to run on.")
@click.option("--map", "mapped", multiple=True, metavar="OLD=NEW", help="What an element or flow is called now.")
@click.option("--called", multiple=True, metavar="PROCESS=VERSION", help="A version for a called process inside them.")
@click.option("--reason", default="", help="Goes into the record of each case.")
@click.option("--preview", is_flag=True, help="Only say what would happen.")
def migrate(
    key: str,
    from_version: int,
    to_version: int,
    mapped: tuple[str, ...],
    called: tuple[str, ...],
    reason: str,
    preview: bool,
) -> None:
    """Bring the open cases of process KEY to another version. Exit 1 where one of them cannot go."""
    try:
        versions = {process: int(version) for process, version in _pairs(called).items()}
    except ValueError:
        raise click.BadParameter("a version is a number, as in --called review=2") from None
    target = Target(to_version, _pairs(mapped), versions)
    counts: Counter[str] = Counter()
    cursor: str | None = None
    with _ready().app_context():
        while True:
            outcomes, cursor = migrate_many(
                runtime().engine,
                db.session(),
                key,
                from_version,
                target,
                reason=reason,
                preview=preview,
                cursor=cursor,
            )
            for outcome in outcomes:
                counts[outcome.outcome] += 1
                _report_migration(outcome)
            if cursor is None:
                break
    click.echo(
        "  ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no open cases of that version"
    )
    if counts["blocked"] or counts["refused"]:
        sys.exit(1)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    split = [text.partition("=") for text in texts]
    if not all(old and equals and new for old, equals, new in split):
        raise click.BadParameter("write it as OLD=NEW")
    return {old: new for old, _, new in split}


def _report_migration(outcome: Outcome) -> None:
    click.echo(f"{outcome.instance_id}: {outcome.outcome} {outcome.message}".rstrip())
    for block in outcome.plan.blocks:
        click.echo(f"  {block.element_id} {block.element_name}: {block.message}{block.remedy} [{block.code}]", err=True)
    for change in outcome.plan.changes:
        click.echo(f"  {change.element_id} {change.element_name}: {change.message} [{change.code}]")


@main.command("test")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--coverage", is_flag=True, help="Also fail when an element of a diagram is not covered.")
def test_scenarios(path: Path, coverage: bool) -> None:
    """Run the scenarios at PATH against the diagrams beside them."""
    from web.scenarios import run  # the test kit is for this command only

    if not run(path, coverage=coverage):
        sys.exit(1)


def _report(problems: list[Problem]) -> None:
    for problem in problems:
        mark = "" if problem.severity == "error" else "（提醒）"
        click.echo(f"{mark}{problem} [{problem.code}]", err=True)


# Service tasks


@main.group()
def services() -> None:
    """The catalogue of service tasks."""


@services.command("list")
def list_services() -> None:
    """Every service task with its title."""
    for service in Registry.installed():
        click.echo(f"{service.id:<24} {service.effect:<12} {service.title}")


@services.command("show")
@click.argument("id")
def show_service(id: str) -> None:
    """One service task: its parameters, result, errors and where it stands."""
    service = Registry.installed().get(id)
    if service is None:
        raise click.BadParameter(f"there is no service {id}; `jigai services list` names them all")
    described = service.describe()
    click.echo(f"{service.id} v{service.version}  {service.title}  ({service.effect}, {service.place})")
    if described["documentation"]:
        click.echo(described["documentation"])
    for parameter in described["parameters"]:
        needed = "" if parameter["required"] else " (optional)"
        click.echo(f"  {parameter['name']}{needed}: {parameter['schema']}  {parameter['title']}")
    for code, meaning in service.errors.items():
        click.echo(f"  error {code}: {meaning}")


# The old system


@main.command("import-legacy")
@click.option("--accounts", type=_READABLE, help="CSV of the old system's accounts.")
@click.option("--certificates", type=_READABLE, help="CSV of the old system's certificates.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--skip-refused", is_flag=True, help="Import the lines that are in order although others are not.")
@click.option("--no-sms", is_flag=True, help="Send no short messages about what the import itself finds.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write every problem to this CSV.")
def import_legacy(
    accounts: Path | None,
    certificates: Path | None,
    dry_run: bool,
    skip_refused: bool,
    no_sms: bool,
    report: Path | None,
) -> None:
    """Take over the old system's accounts and certificates: all of it, or nothing. Exit 1 where a line is refused."""
    if accounts is None and certificates is None:
        raise click.UsageError("give --accounts, --certificates or both")
    with _ready().app_context():
        good = legacy.run(
            accounts, certificates, dry_run=dry_run, skip_refused=skip_refused, quiet=no_sms, report=report
        )
    if not good:
        sys.exit(1)


# Health


@main.group()
def audit() -> None:
    """The record of what happened."""


@audit.command("anchor")
def anchor_audit() -> None:
    """Anchor the chains of all cases now, as happens daily, and print the anchor's hash: note it elsewhere."""
    with _ready().app_context(), runtime().engine.command(db.session()) as command:
        new = anchors.anchor(command.session, command.now)
        click.echo(f"anchor {new.id} of {new.count} cases: {new.hash.hex()}")


@audit.command("verify")
@click.option("--case", "case_id", metavar="ID", help="Only the record of one case.")
@click.option("--noted", metavar="HASH", help="An anchor's hash that was noted elsewhere: it must be there.")
def verify_audit(case_id: str | None, noted: str | None) -> None:
    """Say what in the record is not as it was written: lines, the cases' rows at their end, anchors."""
    begun = perf_counter()
    with _ready().app_context(), verification(db.engine) as look:
        wrong = 0
        for fault in look.case(case_id) if case_id is not None else look.everything():
            click.echo(str(fault), err=True)
            wrong += 1
        if case_id is not None and not (wrong or look.cases):
            raise click.BadParameter(f"there is no case {case_id}")
        if noted is not None and not look.noted(_hash(noted)):
            click.echo(f"no anchor has the hash {noted}", err=True)
            wrong += 1
    seen = f"{look.cases} cases, {look.lines} lines, {look.anchors} anchors"
    click.echo(f"{seen} in {perf_counter() - begun:.1f} s: {f'{wrong} problems' if wrong else 'the record is whole'}")
    sys.exit(1 if wrong else 0)


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise click.BadParameter(f"{text} is not a hash in hexadecimal digits") from None


@main.command()
def access() -> None:
    """Print who may ask for what, as docs/reference/access.md has it."""
    click.echo(reach.document(create_app()), nl=False)


@main.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
def make_backup(folder: Path) -> None:
    """Write a backup into the new FOLDER: database, files, keys. The product may go on running."""
    try:
        made = backup.back_up(Settings.from_environment(), folder.resolve(), Clock().now())
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{made.database} and {made.files} files, {made.bytes / 1e6:.1f} MB: {folder}")
    for key in made.keys_missing:
        click.echo(f"{key} is not in it: the key comes from the environment, keep it elsewhere", err=True)


@main.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore_backup(folder: Path) -> None:
    """Bring the backup in FOLDER back into JIGAI_VAR and DATABASE_URL, which must be empty."""
    var, database = places(os.environ)
    try:
        found = backup.restore(folder.resolve(), var, database)
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"restored {found.database} and {found.files} files of {found.made_at:%Y-%m-%d %H:%M} UTC")
    click.echo("`jigai up` starts it; `jigai audit verify` says whether the record is whole")


@main.command()
def doctor() -> None:
    """Say whether this installation can work: database, tables, processes, services."""
    problems = []
    app = create_app()
    with app.app_context():
        try:
            if not is_up_to_date(app):
                problems.append("database: no tables, or those of another version: start `jigai up` on it once")
            keys = sorted(set(db.session.scalars(select(Definition.key))))
            click.echo(f"database: {db.engine.dialect.name}; processes: {', '.join(keys) or 'none'}")
            if newest(db.session(), "filing") is None:
                problems.append("the process `filing` is not deployed: run `jigai deploy processes`")
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what the command is asked for
            problems.append(f"database: {error.__class__.__name__}: {str(error).splitlines()[0]}")
    click.echo(f"services: {len(list(Registry.installed()))}")
    for problem in problems:
        click.echo(f"problem: {problem}", err=True)
    sys.exit(1 if problems else 0)


def _carrier() -> Any:
    return _ready().extensions["jigai"].carrier
