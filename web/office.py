"""The stage of the product's scenarios: the sample's enterprises and officials, at work with the installed services.

A scenario's `start` names the user (`by`) and a project of `data/sample.json` (`sample`), and what differs: fields of
the form (`document`) and of the enterprise (`enterprise`); of an application for approval `materials` names the files
that are attached. What is about a certificate or a reply presupposes a filing, or (`project: approval`) an application
for approval, that was granted: `later` says how long ago, `filed_by` by whom where that is not who begins, and `form`
is what is applied for.
"""

import tempfile
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from engine.clock import MovableClock
from engine.commands import Command
from engine.scenario_files import DURATIONS, Block, plain
from engine.scenarios import Misused, Verb
from engine.services import Registry
from engine.tables import Instance, Task
from engine.testing import Case, ProcessTest
from engine.work import CHINA
from records import documents
from records.announcements import Announcement, AnnouncementKind
from records.approvals import APPROVAL, Approval
from records.assignment import ENTERPRISE_ROLE, RecordsAssignment, agency_group, enterprise_group
from records.attachments import AttachmentStore
from records.calendar import Calendar, local_date
from records.certificates import Certificate, Clearance
from records.changes import change_about
from records.clocks import clock_of, read
from records.documents import Document, DocumentStatus
from records.enterprises import Enterprise
from records.extensions import extension_about
from records.filings import FILING, Filing
from records.inquiries import Inquiry, inquiries_of
from records.notices import Notice
from records.papers import Paper
from records.progress import Progress
from records.projects import Project
from records.sample import application_of, attach_materials, load_sample
from records.seals import OfflineSeal, entry_of
from records.simulation import OUTAGES, SimulatedOutage, SimulatedProject
from records.sms import OutgoingSms
from records.users import User, UserKind, UserRole, user_by_username
from tasks import procedure, progress, seals
from tasks.approvals.schema import ApprovalForm
from tasks.documents import KINDS
from tasks.filings.schema import FilingForm
from tasks.progress_form import ProgressForm
from web.demo import PASSWORD, sample

OPENING = time(9)  # of the day the sample was made
ENTERPRISE, AUTHORITY = "企业", "备案机关"  # who gets messages and notices
VERBS = (
    "submit",
    "withdraw",
    "file",
    "platform",
    "report",
    "register",
    "hire",
    "outage",
    *(name for name, kind in KINDS.items() if not issubclass(kind, Project) and kind.PROCESS is None),
)
_PROJECTS: Mapping[str, type[Schema]] = {FILING: FilingForm, APPROVAL: ApprovalForm}
"""What tells of a whole project, and the form it is told with."""
_FILE = b"%PDF-1.7\n%%EOF\n"
"""What stands for a file that is attached: nobody opens it."""
_MOST_STEPS = 20
"""Of a review, so that one without end is told."""
_FILED = ("by", "sample", "document", "enterprise")
_LATER = (*_FILED, "project", "filed_by", "later", "form")


class Office:
    """Where scenarios of documents and certificates play."""

    facts_known = frozenset(
        (
            *(
                "status",
                "opinion",
                "warnings",
                "submissions",
                "papers",
                "letters",
                "certificate",
                "project",
                "progress",
                "clock",
                "inquiries",
                "done",
                "seals",
            ),
            *("messages", "notices", "announcements"),
        )
    )

    def __init__(self) -> None:
        self.registry = Registry.installed()
        self.policy = RecordsAssignment()
        opening = datetime.combine(date.fromisoformat(sample()["as_of"]), OPENING, CHINA)
        self.clock = MovableClock(opening)
        self.verbs: Mapping[str, Verb] = {name: getattr(self, f"_{name}", self._another(name)) for name in VERBS}
        self._project_id = ""
        """What was filed or applied for, where the case is about that."""
        self._heard = 0
        """The last message that was sent before the scenario's case began."""

    def furnish(self, command: Command) -> None:
        load_sample(command.session, sample(), PASSWORD)

    def presupposes(self, process: str, start: Block) -> str | None:
        """What makes the project that the case is about, and how long ago that was; nothing for a project itself."""
        _only(start, _FILED if process in _PROJECTS else _LATER, "start")
        if process in _PROJECTS:
            return None
        return repr([_filer(start), *(plain(start.get(key)) for key in (*_FILED[1:], "project", "later"))])

    def prepare(self, test: ProcessTest, process: str, start: Block) -> None:
        """Let a project be filed or approved, and time go by, where the case is about one."""
        if process in _PROJECTS:
            return
        later = _group(start, "later")
        if not DURATIONS.issuperset(later):
            raise Misused("later", f"later 应为时长，单位：{'、'.join(sorted(DURATIONS))}")
        kind = start.get("project") or FILING
        if kind not in _PROJECTS:
            raise Misused("project", f"project 应为 {'、'.join(_PROJECTS)} 之一")
        with test.engine.command(test.session, actor=_filer(start)) as command:
            project_id = self._draft_project(command, kind, start)
            procedure.submit(command, _document(command.session, project_id))
        test.advance()
        [case] = [found for found in test.cases(kind) if found.business_key == project_id]
        self._let_issue(test, case)
        test.advance(**later)

    def draft(self, command: Command, process: str, start: Block) -> str:
        self._heard = command.session.scalar(select(func.max(OutgoingSms.id))) or 0
        if process in _PROJECTS:
            self._project_id = self._draft_project(command, process, start)
            return self._project_id
        self._project_id = command.session.scalars(select(Project.id)).one()
        if process in KINDS:
            return self._draft_about(command, process, _group(start, "form")).id
        return self._project_id

    def begin(self, command: Command, process: str, business_key: str | None, start: Block) -> None:
        if process in KINDS:
            procedure.submit(command, _document(command.session, business_key))
        elif process == progress.PROCESS:
            self._report(command, business_key, start.get("form"))

    def facts(self, session: Session, process: str, business_key: str | None) -> Mapping[str, Any]:
        document = _document(session, business_key)
        project = document if isinstance(document, Project) else session.get_one(Project, self._project_id)
        held = session.scalar(select(Clearance).where(Clearance.project_id == project.id))
        messages = select(OutgoingSms).where(OutgoingSms.id > self._heard).order_by(OutgoingSms.id)
        notices = select(Notice).where(Notice.document_id == document.id).order_by(Notice.id)
        letters = select(Paper).join(Document, Document.id == Paper.document_id).order_by(Paper.number)
        # What the sample announces is about no certificate.
        of_cases = or_(
            Announcement.certificate_number.is_not(None), Announcement.kind != AnnouncementKind.INFORMATION.value
        )
        published = select(Announcement).where(of_cases)
        return {
            "status": document.status,
            "opinion": document.opinion,
            "warnings": [finding["code"] for finding in document.versions[-1].findings] if document.versions else [],
            "submissions": document.submission,
            "papers": [_paper(held)] if isinstance(held, Certificate) else [],
            "letters": [_letter(paper) for paper in session.scalars(letters)],
            "certificate": _standing(held) if held is not None else None,
            "project": project.form,
            "progress": _told(session, held) if held is not None else None,
            "done": _done(session, business_key),
            "clock": _clock(session, document, local_date(self.clock.now())),
            "inquiries": [_inquiry(inquiry) for inquiry in inquiries_of(session, document.id)],
            "seals": [
                _sealing(entry) for entry in session.scalars(select(OfflineSeal).order_by(OfflineSeal.paper_number))
            ],
            "messages": [
                {"template": m.template, "to": _receiver(project, m.mobile), "text": m.text, "state": m.state}
                for m in session.scalars(messages)
            ],
            "notices": [
                {"to": _reader(project, notice.recipient_group), "title": notice.title, "body": notice.body}
                for notice in session.scalars(notices)
            ],
            "announcements": [
                {"column": a.kind, "project": a.project_name, "certificate": a.certificate_number}
                for a in session.scalars(published.order_by(Announcement.id))
            ],
        }

    # The steps of the trade

    def _submit(self, command: Command, business_key: str | None, changes: Any) -> None:
        """修改后重新提交: save what changed in the form, and submit."""
        document = _document(command.session, business_key)
        if changes is not None:
            given = _group({"submit": changes}, "submit")
            is_project = isinstance(document, Project)
            form = _form(document.kind, document.full_form, given, "submit") if is_project else plain(given)
            documents.save_draft(command.session, document, form, actor=command.actor or "", now=command.now)
            self._attach(command, document)
        procedure.submit(command, document)

    def _withdraw(self, command: Command, business_key: str | None, nothing: Any) -> None:
        """撤回."""
        procedure.withdraw(command, _document(command.session, business_key))

    def _file(self, command: Command, business_key: str | None, block: Any) -> None:
        """另报一份: submit another filing, of the user of the step."""
        another = _group({"file": block}, "file")
        _only(another, ("sample", "document"), "file", "file.")
        enterprise = _enterprise(command, "file")
        form = _form(FILING, _project(FILING, another.get("sample")), _group(another, "document"), "file.document")
        filing = Filing(enterprise_id=enterprise.id)
        documents.create_draft(command.session, filing, form, actor=command.actor or "", now=command.now)
        procedure.submit(command, filing)

    def _platform(self, command: Command, business_key: str | None, block: Any) -> None:
        """在投资项目在线平台上修改: change the project's name and place where the province keeps them."""
        changes = _group({"platform": block}, "platform")
        _only(changes, ("project_name", "location"), "platform", "platform.")
        form = command.session.get_one(Project, self._project_id).form
        name, place = (str(changes.get(key, form[key])) for key in ("project_name", "location"))
        command.session.merge(SimulatedProject(code=form["project_code"], name=name, place=place))

    def _report(self, command: Command, business_key: str | None, block: Any) -> None:
        """填报项目进展: tell everything, as the form of the page does."""
        project = command.session.get_one(Project, self._project_id)
        held = command.session.get_one(Clearance, project.certificate_number)
        told = _loaded(ProgressForm(), plain(_group({"report": block}, "report")), "report")
        progress.tell(command, held, told)

    def _register(self, command: Command, business_key: str | None, block: Any) -> None:
        """线下盖章登记: tell when the paper that answers the document was stamped, and who collected it."""
        entry = entry_of(command.session, business_key or "")
        if entry is None:
            raise Misused("register", "这件文书没有列入线下盖章登记册")
        told = _group({"register": block}, "register")
        _only(told, ("stamped_on", "collected_on", "collector", "remark"), "register", "register.")
        seals.register(command, entry, plain(told))

    def _hire(self, command: Command, business_key: str | None, block: Any) -> None:
        """增加一名工作人员: one more official at the agency of the document."""
        person = _group({"hire": block}, "hire")
        _only(person, ("username", "name", "roles"), "hire", "hire.")
        agency_id = _document(command.session, business_key).agency_id
        user = User(id=person["username"], username=person["username"], name=person["name"], agency_id=agency_id)
        user.kind = UserKind.AUTHORITY.value
        user.roles = [UserRole(role=role) for role in person["roles"]]
        command.session.add(user)

    def _outage(self, command: Command, business_key: str | None, block: Any) -> None:
        """外部系统故障: which simulated systems fail from now on, and how; with nothing written all work again."""
        failing = _group({"outage": block}, "outage")
        _only(failing, OUTAGES, "outage", "outage.")
        command.session.execute(delete(SimulatedOutage))
        for system, kind in failing.items():
            if kind not in OUTAGES[system]:
                raise Misused(f"outage.{system}", f"{system} 可写：{'、'.join(OUTAGES[system])}")
            command.session.add(SimulatedOutage(system=system, kind=kind))

    def _another(self, kind: str) -> Verb:
        """Submitting a document of another kind about the scenario's project, such as an extension."""

        def submit(command: Command, business_key: str | None, block: Any) -> None:
            procedure.submit(command, self._draft_about(command, kind, _group({kind: block}, kind)))

        return submit

    def _draft_project(self, command: Command, kind: str, start: Block) -> str:
        enterprise = _enterprise(command, "by")
        _amend_enterprise(enterprise, _group(start, "enterprise"))
        form = _form(kind, _project(kind, start.get("sample")), _group(start, "document"), "document")
        drafted = KINDS[kind](enterprise_id=enterprise.id)
        documents.create_draft(command.session, drafted, form, actor=command.actor or "", now=command.now)
        self._attach(command, drafted)
        return drafted.id

    def _attach(self, command: Command, document: Document) -> None:
        """The files that an application names."""
        if isinstance(document, Approval):
            with tempfile.TemporaryDirectory() as folder:
                store = AttachmentStore(Path(folder))
                attach_materials(command.session, store, document, _FILE, actor=command.actor or "", now=command.now)

    def _draft_about(self, command: Command, kind: str, form: Mapping[str, Any]) -> Document:
        session, actor = command.session, command.actor or ""
        document = _about(kind, session.get_one(Project, self._project_id))
        user = user_by_username(session, actor)
        if user is not None and user.agency_id is not None:
            document.agency_id = user.agency_id
        return documents.create_draft(session, document, plain(form), actor=actor, now=command.now)

    def _let_issue(self, test: ProcessTest, case: Case) -> None:
        """Let every official who has the filing choose the first outcome that the form offers, which goes on."""
        for _ in range(_MOST_STEPS):
            if test.read(lambda session: _document(session, case.business_key).status) == DocumentStatus.ISSUED:
                return
            [element] = case.waiting
            test.complete(element, self._going_on(test, case), case, actor=self._official(test, case))
        raise Misused("sample", f"这份申报经过 {_MOST_STEPS} 个环节仍未办结")

    def _going_on(self, test: ProcessTest, case: Case) -> dict[str, Any]:
        def look(session: Session) -> dict[str, Any]:
            query = select(Task).where(Task.instance_id == case.id, Task.state == "open")
            task = session.scalars(query).one()
            spec = test.engine.deployments.compiled(session, task.definition_id)
            form = spec.deployment.forms.get(spec.process.element(task.element_id).node.form)
            outcomes = form.document.get("properties", {}).get("decision", {}).get("oneOf", []) if form else []
            return {"decision": outcomes[0]["const"]} if outcomes else {}

        return test.read(look)

    def _official(self, test: ProcessTest, case: Case) -> str:
        """Somebody who may do the open task of a case."""

        def look(session: Session) -> str | None:
            group = session.scalar(
                select(Task.candidate_group).where(Task.instance_id == case.id, Task.state == "open")
            )
            people = select(User.username, User.agency_id, UserRole.role).join(UserRole, UserRole.user_id == User.id)
            for username, agency_id, role in session.execute(people.order_by(User.username)):
                if agency_id and agency_group(agency_id, role) == group:
                    return str(username)
            return None

        found = test.read(look)
        if found is None:
            raise Misused("by", "样例数据中没有能办理这份申报的工作人员")
        return found


def _filer(start: Block) -> str:
    """Who files what the case is about."""
    return _username(start.get("filed_by") or start.get("by"))


def _username(written: Any) -> str:
    """The user of `黄例甲(ent01)` or `ent01`."""
    text = str(written or "").replace("（", "(").replace("）", ")")
    return text.partition("(")[2].rstrip(") ") or text


def _enterprise(command: Command, place: str) -> Enterprise:
    user = user_by_username(command.session, command.actor or "")
    enterprise = command.session.get(Enterprise, user.enterprise_id) if user and user.enterprise_id else None
    if enterprise is None:
        raise Misused(place, "请用 by 写明由哪个企业用户申报，如 黄例甲(ent01)")
    return enterprise


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


def _project(kind: str, number: Any) -> dict[str, Any]:
    """The form of a project of the sample."""
    for project in sample()["projects"]:
        if project["no"] == number:
            return application_of(project) if kind == APPROVAL else deepcopy(project["filing"])
    raise Misused("sample", f"样例数据中没有第 {number} 号项目")


def _form(kind: str, base: Mapping[str, Any], changes: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The form `base` with changed fields, in the shape that the REST interface takes."""
    return _loaded(_PROJECTS[kind](), _changed(base, plain(changes)), place)


def _loaded(schema: Schema, form: Mapping[str, Any], place: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(form)
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


def _document(session: Session, business_key: str | None) -> Document:
    return session.get_one(Document, business_key)


_ABOUT: Mapping[str, Callable[[Document], Document]] = {"extension": extension_about, "change": change_about}
"""What is of another kind about what was approved than about what was filed."""


def _about(kind: str, project: Project) -> Document:
    """A new document of a kind about a project."""
    return _ABOUT[kind](project) if kind in _ABOUT else documents.about(KINDS[kind], project)


def _paper(certificate: Certificate) -> dict[str, Any]:
    """What is printed, and whether the PDF is made."""
    return certificate.snapshot | {
        "status": certificate.status,
        "pdf": certificate.paper is not None and certificate.paper.pdf.startswith(b"%PDF"),
    }


def _letter(paper: Paper) -> dict[str, Any]:
    """What a paper beside the certificate prints, and whether it is made."""
    made = paper.pdf is not None and paper.pdf.startswith(b"%PDF")
    return paper.snapshot | {"kind": paper.kind, "number": paper.number, "seal": paper.seal, "pdf": made}


def _standing(held: Clearance) -> dict[str, Any]:
    """How a certificate or reply stands now."""
    names = ("number", "status", "invalid_reason", "issue_date", "valid_until", "extended", "changes")
    seal = held.seal if isinstance(held, Certificate) else None
    return {name: getattr(held, name) for name in names} | {"seal": seal}


def _sealing(entry: OfflineSeal) -> dict[str, Any]:
    """How a paper of the register stands; who collected it as everybody may see it."""
    names = (
        "paper_number",
        "state",
        "stamped_on",
        "stamped_by",
        "collected_on",
        "handed_over_by",
        "ceased_on",
        "remark",
    )
    return {name: getattr(entry, name) for name in names} | {"collector": entry.masked_collector}


def _told(session: Session, held: Clearance) -> dict[str, Any] | None:
    """What the enterprise told of the project."""
    found = session.get(Progress, held.number)
    return found.content | {"revision": found.revision} if found is not None else None


def _done(session: Session, business_key: str | None) -> list[str]:
    """已办 of the enterprise, whatever case it was in, in the order of doing."""
    query = (
        select(Task.element_id)
        .join(Instance, Instance.id == Task.instance_id)
        .where(Instance.business_key == business_key, Task.state == "done", Task.role == ENTERPRISE_ROLE)
    )
    return list(session.scalars(query.order_by(Task.ended_at, Task.created_at, Task.token)))


def _clock(session: Session, document: Document, today: date) -> dict[str, Any] | None:
    """How the document's time limit stands."""
    clock = clock_of(session, document.id)
    if clock is None:
        return None
    reading = read(Calendar(session), clock, today)
    return {
        "purpose": clock.purpose,
        "limit": reading.limit,
        "used": reading.used,
        "due_on": None if reading.paused else reading.due_on,
        "pauses": [f"{reason} {days}" for reason, days in reading.pauses],
    }


def _inquiry(inquiry: Inquiry) -> dict[str, Any]:
    """Who was asked, and what came back."""
    names = ("kind", "party", "due_on", "answered_on", "answer", "opinion")
    return {name: getattr(inquiry, name) for name in names}


def _receiver(filing: Project, mobile: str) -> str:
    """Whose number it is, as people call them; the number itself where it is nobody's."""
    known = {filing.enterprise.contact.get("mobile"): ENTERPRISE}
    if filing.agency is not None:
        known[filing.agency.duty_mobile] = AUTHORITY
    return known.get(mobile, mobile)


def _reader(filing: Project, group: str) -> str:
    return ENTERPRISE if group == enterprise_group(filing.enterprise_id) else group
