"""`jigai test`: analysts' scenarios of filings, with the sample's people and the installed service tasks.

A scenario's `start` names the user (`by`) and a project of `data/sample.json` (`sample`), and what differs:
fields of the form (`document`) and of the enterprise (`enterprise`).
"""

import secrets
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import MovableClock
from engine.commands import Command
from engine.errors import DeploymentRefused
from engine.scenario_files import Block, ScenariosRefused, plain, read_scenarios
from engine.scenarios import Misused, Report, Verb
from engine.scenarios import run as play
from engine.services import Registry
from engine.tables import Instance
from engine.work import CHINA
from records import documents, encryption
from records.announcements import Announcement
from records.assignment import RecordsAssignment, enterprise_group
from records.certificates import Certificate
from records.enterprises import Enterprise
from records.filings import FILING, Filing
from records.notices import Notice
from records.sample import load_sample
from records.sms import OutgoingSms
from records.users import user_by_username
from tasks import procedure
from tasks.adapters import Adapters, configure, simulated
from tasks.filings.schema import FilingForm
from tasks.platform import sample_projects
from web.demo import PASSWORD, sample
from web.procedures import sources

OPENING = time(9)  # of the day the sample was made
VERBS = ("submit", "withdraw", "file")
ENTERPRISE, AUTHORITY = "企业", "备案机关"  # who gets messages and notices


def run(path: Path, coverage: bool = False) -> bool:
    """Play the scenarios at a path and print what they found. False where anything failed or, when `coverage`
    is asked for, an element of a diagram was never passed."""
    found = scenario_files(path)
    if not found:
        click.echo(f"{path}：没有找到场景文件（*.yaml）", err=True)
        return False
    report = Report()
    good = True
    _prepare_process()
    for file in found:
        try:
            report.merge(_play(file))
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


def _play(path: Path) -> Report:
    file = read_scenarios(path, verbs=VERBS, facts=FilingStage.facts_known)
    folder = path.parent.parent if path.parent.name == "scenarios" else path.parent
    named = [source for name in file.files for source in sources(path.parent / name)]
    return play(file, named or sources(folder), FilingStage(), _tell)


def _tell(name: str, good: bool) -> None:
    click.echo(f"{'通过' if good else '未通过'}  {name}")


def _tell_coverage(report: Report) -> bool:
    missed = report.uncovered
    for element in missed:
        click.echo(f"未覆盖  {element}", err=True)
    click.echo(f"覆盖 {len(report.elements) - len(missed)}/{len(report.elements)} 个元素")
    return not missed


def _prepare_process() -> None:
    """What stands in for the outside, and a key that nobody needs afterwards: this process does no more."""
    encryption.configure_key(secrets.token_bytes(encryption.KEY_BYTES))
    configure(Adapters(platform=simulated(sample_projects(sample()))))


class FilingStage:
    """The sample's enterprises and officials; a case is about a filing."""

    facts_known = frozenset(
        ("status", "opinion", "warnings", "submissions", "papers", "messages", "notices", "announcements")
    )

    def __init__(self) -> None:
        self.registry = Registry.installed()
        self.policy = RecordsAssignment()
        opening = datetime.combine(date.fromisoformat(sample()["as_of"]), OPENING, CHINA)
        self.clock = MovableClock(opening)
        self.verbs: Mapping[str, Verb] = {name: getattr(self, f"_{name}") for name in VERBS}

    def furnish(self, command: Command) -> None:
        load_sample(command.session, sample(), PASSWORD)

    def draft(self, command: Command, start: Block) -> str:
        _only(start, ("by", "sample", "document", "enterprise"), "start")
        user = _applicant(command, "by")
        _amend_enterprise(user.enterprise, _group(start, "enterprise"))
        form = _form(_project(start.get("sample")), _group(start, "document"), "document")
        return documents.create_draft(
            command.session, Filing(enterprise_id=user.enterprise.id), form, actor=user.username, now=command.now
        ).id

    def begin(self, command: Command, process: str, business_key: str | None, start: Block) -> Instance:
        if process != FILING:
            raise Misused("", f"这里只能提交 {FILING}，不能开始 {process}")
        return procedure.submit(command, _filing(command.session, business_key))

    def facts(self, session: Session, business_key: str | None) -> Mapping[str, Any]:
        filing = _filing(session, business_key)
        certificates = session.scalars(select(Certificate).where(Certificate.filing_id == filing.id))
        messages = session.scalars(select(OutgoingSms).order_by(OutgoingSms.id))
        notices = session.scalars(select(Notice).where(Notice.document_id == filing.id).order_by(Notice.id))
        numbered = select(Announcement).where(Announcement.certificate_number.is_not(None))
        return {
            "status": filing.status,
            "opinion": filing.opinion,
            "warnings": [finding["code"] for finding in filing.versions[-1].findings] if filing.versions else [],
            "submissions": filing.submission,
            "papers": [_paper(certificate) for certificate in certificates],
            "messages": [
                {"template": m.template, "to": _receiver(filing, m.mobile), "text": m.text, "state": m.state}
                for m in messages
            ],
            "notices": [
                {"to": _reader(filing, notice.recipient_group), "title": notice.title, "body": notice.body}
                for notice in notices
            ],
            "announcements": [
                {"column": a.kind, "project": a.project_name, "certificate": a.certificate_number}
                for a in session.scalars(numbered.order_by(Announcement.id))
            ],
        }

    def _submit(self, command: Command, business_key: str | None, changes: Any) -> None:
        """修改后重新提交: save what changed in the form, and submit."""
        filing = _filing(command.session, business_key)
        if changes is not None:
            form = _form(filing.full_form, _group({"submit": changes}, "submit"), "submit")
            documents.save_draft(command.session, filing, form, actor=command.actor or "", now=command.now)
        procedure.submit(command, filing)

    def _withdraw(self, command: Command, business_key: str | None, nothing: Any) -> None:
        """撤回."""
        procedure.withdraw(command, _filing(command.session, business_key))

    def _file(self, command: Command, business_key: str | None, block: Any) -> None:
        """另报一份: submit another filing, of the user of the step."""
        another = _group({"file": block}, "file")
        _only(another, ("sample", "document"), "file", "file.")
        user = _applicant(command, "file")
        form = _form(_project(another.get("sample")), _group(another, "document"), "file.document")
        filing = documents.create_draft(
            command.session, Filing(enterprise_id=user.enterprise.id), form, actor=user.username, now=command.now
        )
        procedure.submit(command, filing)


@dataclass(frozen=True)
class _Applicant:
    username: str
    enterprise: Enterprise


def _applicant(command: Command, place: str) -> _Applicant:
    user = user_by_username(command.session, command.actor or "")
    enterprise = command.session.get(Enterprise, user.enterprise_id) if user and user.enterprise_id else None
    if user is None or enterprise is None:
        raise Misused(place, "请用 by 写明由哪个企业用户申报，如 黄例甲(ent01)")
    return _Applicant(user.username, enterprise)


def _group(block: Mapping[str, Any], key: str, place: str = "") -> Mapping[str, Any]:
    """The keys below a key; none where it is not written."""
    value = block.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise Misused(place + key, f"{key} 应为一组键")
    return value or {}


def _only(block: Mapping[str, Any], keys: Collection[str], name: str, place: str = "") -> None:
    for key in block:
        if key not in keys:
            raise Misused(place + key, f"{name} 没有「{key}」，可写：{'、'.join(keys)}")


def _amend_enterprise(enterprise: Enterprise, changes: Mapping[str, Any]) -> None:
    """Give the enterprise other particulars; people's are joined with those it has."""
    for key, value in changes.items():
        if key == "uscc":
            enterprise.uscc = str(value)
        elif key in ("legal_rep", "contact"):
            setattr(enterprise, key, {**getattr(enterprise, key), **plain(_group(changes, key, "enterprise."))})
        else:
            raise Misused(f"enterprise.{key}", f"企业信息没有「{key}」，可写：uscc、legal_rep、contact")


def _project(number: Any) -> dict[str, Any]:
    """The form of a project of the sample."""
    for project in sample()["projects"]:
        if project["no"] == number:
            return deepcopy(project["filing"])
    raise Misused("sample", f"样例数据中没有第 {number} 号项目")


def _form(base: Mapping[str, Any], changes: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The form `base` with changed fields, in the shape that the REST interface takes."""
    try:
        loaded: dict[str, Any] = FilingForm().load(_changed(base, plain(changes)))
    except ValidationError as invalid:
        path, message = _first(invalid.messages)
        raise Misused(f"{place}.{path}", f"申报表字段 {path}：{message}") from None
    return loaded


def _changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes over a form. Where the form has texts for numbers, numbers become texts."""
    form = dict(base)
    for key, value in changes.items():
        below = form.get(key)
        if isinstance(value, Mapping):
            form[key] = _changed(below if isinstance(below, Mapping) else {}, value)
        elif isinstance(below, str) and isinstance(value, int | float) and not isinstance(value, bool):
            form[key] = str(value)
        else:
            form[key] = value
    return form


def _first(messages: Any) -> tuple[str, str]:
    """The first complaint of marshmallow's nested ones, and the path of its field."""
    path = []
    while isinstance(messages, Mapping):
        name, messages = next(iter(messages.items()))
        path.append(str(name))
    return ".".join(path), str(messages[0] if isinstance(messages, list) else messages)


def _filing(session: Session, business_key: str | None) -> Filing:
    return session.get_one(Filing, business_key)


def _paper(certificate: Certificate) -> dict[str, Any]:
    """What is printed, and whether the PDF is made."""
    return certificate.snapshot | {
        "status": certificate.status,
        "pdf": certificate.paper is not None and certificate.paper.pdf.startswith(b"%PDF"),
    }


def _receiver(filing: Filing, mobile: str) -> str:
    """Whose number it is, as people call them; the number itself where it is nobody's."""
    known = {filing.enterprise.contact.get("mobile"): ENTERPRISE}
    if filing.agency is not None:
        known[filing.agency.duty_mobile] = AUTHORITY
    return known.get(mobile, mobile)


def _reader(filing: Filing, group: str) -> str:
    return ENTERPRISE if group == enterprise_group(filing.enterprise_id) else group
