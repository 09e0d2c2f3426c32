"""The demo's past: the sample's projects brought to their states by running the procedures with a clock that is moved.

Every date is shifted by whole days so that the day the sample was made falls on the day of loading. Nothing is written
into a table here: enterprises submit, officials decide, timers fire, numbers are allocated anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from engine.clock import MovableClock
from engine.commands import Command
from engine.testing import ProcessTest
from engine.work import CHINA
from records import documents
from records.approvals import APPROVAL, Approval
from records.assignment import RecordsAssignment
from records.calendar import local_date
from records.certificates import Certificate
from records.documents import Document
from records.filings import FILING, Filing
from records.projects import at, put
from records.sample import application_of, attach_materials, load_sample
from records.seals import SealState, entry_of
from records.users import User, UserRole
from tasks import procedure, progress, seals
from tasks.changes.items import ticked
from tasks.documents import KINDS
from tasks.papers.press import press
from web.database import db
from web.demo import PASSWORD, sample
from web.procedures import FOLDER, sources
from web.runtime import runtime

_DATES = ("planned_start", "planned_completion")
_SET_BY_SERVER = ("fictional", "enterprise", "catalogue_edition", "negative_list_edition", "attachments")
_REVIEW = (("accept", "accept", "handler"), ("review_content", "approve", "reviewer"), ("sign", "issue", "signer"))
_STEPS_DONE = {"SUBMITTED": 0, "ACCEPTED": 1, "REVIEWED": 2}
"""How many of the steps of the review a filing in progress has behind it."""
_OPENING = time(9, 30)
_STAMPED_AFTER, _COLLECTED_AFTER = timedelta(days=14), timedelta(days=30)
"""How long after its issue a paper is stamped by hand, and collected."""
_COLLECTOR = {"name": "黄例取", "id_type": "414", "id_no": "E12345678"}
_SPECIMEN = """#set page(width: 210mm, height: 297mm)
#set text(font: ("Noto Serif SC", "Noto Sans SC"), lang: "zh", size: 14pt)
#align(center + horizon)[#text(40pt)[样　例] #v(1em) 演示用的材料，内容均为虚构。]
""".encode()
"""What is uploaded where the procedure asks for a file."""


@dataclass(frozen=True, order=True)
class Event:
    """Something that somebody did at a moment; of two at one moment the one of the lower project comes first."""

    at: datetime
    project: int
    turn: int
    act: Callable[[], None]


def has_happened(app: Flask) -> bool:
    """Whether there is something already: then it is left as it is."""
    with app.app_context():
        return db.session.scalar(select(Document.id).limit(1)) is not None


def load(app: Flask, tell: Callable[[str], None] = lambda line: None) -> None:
    """Let the sample's projects live up to now, in a database without documents. `tell` hears how far it has come."""
    with app.app_context():
        parts = runtime()
        now, url = parts.engine.clock.now(), parts.settings.database_url
        db.session.rollback()
        shift = local_date(now) - date.fromisoformat(sample()["as_of"])
        first = min(date.fromisoformat(project["submitted_at"]) for project in _projects() if project["submitted_at"])
        clock = MovableClock(_moment(first + shift, time(0)))
        with ProcessTest(
            database_url=url, registry=parts.engine.services, policy=RecordsAssignment(), clock=clock
        ) as world:
            with world.engine.command(world.session) as command:
                load_sample(command.session, sample(), PASSWORD)
                command.deploy(sources(FOLDER))
            past = _Past(world, shift, now)
            events = sorted(past.events())
            for number, event in enumerate(events, 1):
                past.wait_until(event.at)
                event.act()
                if number % 20 == 0 or number == len(events):
                    tell(f"{number}/{len(events)}")
            past.wait_until(now)


def _projects() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sample()["projects"]
    return found


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, CHINA)


class _Past:
    """The sample's projects in a world whose clock is moved."""

    def __init__(self, world: ProcessTest, shift: timedelta, now: datetime) -> None:
        self._world = world
        self._shift = shift
        self._now = now
        users = [item for item in sample()["users"] if "enterprise" in item]
        self._users = {item["enterprise"]: item["username"] for item in reversed(users)}
        self._ids: dict[tuple[int, str], str] = {}
        """Of a project's documents, by kind."""

    def events(self) -> Iterator[Event]:
        """What happened to every project, in any order."""
        for project in _projects():
            for turn, (day, hour, act) in enumerate(self._life(project)):
                # What the sample puts on the day of loading has happened a minute ago, not later today.
                moment = min(_moment(day + self._shift, hour), self._now - timedelta(minutes=1))
                yield Event(moment, project["no"], turn, act)

    def wait_until(self, moment: datetime) -> None:
        """Let time pass, and what falls due meanwhile happen."""
        left = moment - self._world.clock.now()
        if left > timedelta(0):
            self._world.advance(seconds=left.total_seconds())

    def _life(self, project: dict[str, Any]) -> Iterator[tuple[date, time, Callable[[], None]]]:
        number = project["no"]
        if project["submitted_at"] is None:
            yield date.fromisoformat(sample()["as_of"]), _OPENING, lambda: self._draft(project)
            return
        day = date.fromisoformat(project["submitted_at"])
        if project.get("process") == APPROVAL:
            yield from self._applied(project, day)
            return
        yield day, _OPENING, lambda: self._submit_filing(project)
        state, issued = project["state"], project.get("certificate")
        if issued is not None:
            day = date.fromisoformat(issued["issue_date"])
            yield from self._reviewed(number, FILING, day)
            yield from self._stamped(number, FILING, day)
        elif state in ("RETURNED", "NOT_ACCEPTED"):
            decision = "return" if state == "RETURNED" else "refuse"
            opinion = project["opinion"]
            yield day, time(15), lambda: self._decide(number, FILING, "accept", decision, "handler", opinion)
        for element, decision, role in _REVIEW[: _STEPS_DONE.get(state, 0)]:
            yield day, time(15), _later(self._decide, number, FILING, element, decision, role)
        yield from self._afterwards(project)

    def _applied(self, project: dict[str, Any], day: date) -> Iterator[tuple[date, time, Callable[[], None]]]:
        """An application for approval, taken up and being examined."""
        number, accepted = project["no"], date.fromisoformat(project["accepted_at"])
        yield day, _OPENING, lambda: self._submit_application(project)
        yield accepted, time(10), _later(self._decide, number, APPROVAL, "examine_application", "accept", "handler")

    def _afterwards(self, project: Mapping[str, Any]) -> Iterator[tuple[date, time, Callable[[], None]]]:
        """What became of a certificate."""
        number, told = project["no"], project.get("progress") or {}
        days = {date.fromisoformat(told[name]) for name in ("start_date", "completion_date") if told.get(name)}
        for day in sorted(days):
            yield day, time(17), _later(self._tell, number, told, day)
        if "extension" in project:
            day = date.fromisoformat(project["extension"])
            form = {"reason": "设备到货推迟，暂不能开工"}
            yield day - timedelta(days=1), _OPENING, _later(self._submit_about, number, "extension", form)
            yield from self._reviewed(number, "extension", day)
        if "change" in project:
            day = date.fromisoformat(project["change"]["date"])
            yield day - timedelta(days=1), _OPENING, _later(self._submit_change, number, project["change"])
            yield from self._reviewed(number, "change", day)
            yield from self._stamped(number, "change", day)
        if "cancelled" in project:
            form = {"reason": project["cancel_reason"]}
            day = date.fromisoformat(project["cancelled"])
            yield day, _OPENING, _later(self._submit_about, number, "cancellation", form)
        if "revoked" in project:
            form = {"reason": project["revoke_reason"], "ground": "企业投资项目核准和备案管理办法"}
            day = date.fromisoformat(project["revoked"])
            yield day, _OPENING, _later(self._submit_about, number, "revocation", form, "handler")

    def _reviewed(self, number: int, kind: str, day: date) -> Iterator[tuple[date, time, Callable[[], None]]]:
        for hour, (element, decision, role) in zip((10, 14, 16), _REVIEW, strict=True):
            yield day, time(hour), _later(self._decide, number, kind, element, decision, role)

    def _stamped(self, number: int, kind: str, day: date) -> Iterator[tuple[date, time, Callable[[], None]]]:
        """What becomes of a paper that its agency stamps by hand, as far as that was before the sample was made."""
        until = date.fromisoformat(sample()["as_of"])
        for after, name in ((_STAMPED_AFTER, "stamped_on"), (_COLLECTED_AFTER, "collected_on")):
            if day + after < until:
                yield day + after, time(11), _later(self._register, number, kind, name)

    # Acts

    def _draft(self, project: Mapping[str, Any]) -> None:
        self._give(self._users[project["filing"]["enterprise"]], lambda command: self._new_filing(command, project))

    def _submit_filing(self, project: Mapping[str, Any]) -> None:
        def submit(command: Command) -> None:
            procedure.submit(command, self._new_filing(command, project))

        self._give(self._users[project["filing"]["enterprise"]], submit)

    def _submit_application(self, project: Mapping[str, Any]) -> None:
        def submit(command: Command) -> None:
            form = self._dated(application_of(project))
            approval = Approval(enterprise_id=project["filing"]["enterprise"])
            documents.create_draft(command.session, approval, form, actor=command.actor or "", now=command.now)
            specimen = press().print(_SPECIMEN, {}, local_date(command.now))
            store = runtime().attachments
            attach_materials(command.session, store, approval, specimen, actor=command.actor or "", now=command.now)
            self._ids[project["no"], APPROVAL] = approval.id
            procedure.submit(command, approval)

        self._give(self._users[project["filing"]["enterprise"]], submit)

    def _dated(self, project: Mapping[str, Any]) -> dict[str, Any]:
        """A form of the sample as it is sent, its dates moved on."""
        form = {name: deepcopy(value) for name, value in project.items() if name not in _SET_BY_SERVER}
        for name in _DATES:
            form[name] = (date.fromisoformat(form[name]) + self._shift).isoformat()
        return form

    def _new_filing(self, command: Command, project: Mapping[str, Any]) -> Filing:
        form = self._dated(project["filing"])
        filing = Filing(enterprise_id=project["filing"]["enterprise"])
        documents.create_draft(command.session, filing, form, actor=command.actor or "", now=command.now)
        self._ids[project["no"], FILING] = filing.id
        return filing

    def _submit_change(self, number: int, change: Mapping[str, Any]) -> None:
        filing_id = self._ids[number, FILING]
        filed = self._world.read(lambda session: dict(session.get_one(Filing, filing_id).full_form))
        self._submit_about(number, "change", self._changed(change, filed))

    def _submit_about(self, number: int, kind: str, form: Mapping[str, Any], role: str | None = None) -> None:
        """Submit a document about a project's certificate, by its enterprise or by an official of its agency."""

        def submit(command: Command) -> None:
            filing = command.session.get_one(Filing, self._ids[number, FILING])
            document = documents.about(KINDS[kind], filing)
            documents.create_draft(command.session, document, form, actor=command.actor or "", now=command.now)
            self._ids[number, kind] = document.id
            procedure.submit(command, document)

        self._give(self._official(number, role) if role else self._user(number), submit)

    def _decide(
        self, number: int, kind: str, element: str, decision: str, role: str, opinion: str | None = None
    ) -> None:
        document_id = self._ids[number, kind]
        [case] = [case for case in self._world.cases(kind) if case.business_key == document_id]
        actor = self._official(number, role)
        self._world.complete(element, {"decision": decision}, case, actor=actor, opinion=opinion)

    def _register(self, number: int, kind: str, name: str) -> None:
        """线下盖章登记 and 领取登记 on their days; nothing, where the agency seals electronically or all is over."""

        def register(command: Command) -> None:
            entry = entry_of(command.session, self._ids[number, kind])
            if entry is not None and entry.state in (SealState.PENDING, SealState.STAMPED):
                told: dict[str, Any] = {name: local_date(command.now).isoformat()}
                if name == "collected_on":
                    told["collector"] = _COLLECTOR
                seals.register(command, entry, told)

        self._give(self._official(number, "handler"), register)

    def _tell(self, number: int, told: Mapping[str, Any], day: date) -> None:
        """项目进展, with what was known on a day."""
        days = {name: date.fromisoformat(told[name]) for name in ("start_date", "completion_date") if told.get(name)}
        known = {name: value for name, value in days.items() if value <= day}
        completed = "completion_date" in known
        report = {name: value + self._shift for name, value in known.items()} | {
            "completion_note": (told.get("completion_note") or "") if completed else "",
            "annual_reports": [
                {
                    "year": (date(row["year"], 12, 1) + self._shift).year,
                    "invested": row["invested"],
                    "stage": row["progress"],
                }
                for row in told.get("annual_reports") or ()
                if completed
            ],
        }

        def tell(command: Command) -> None:
            filing = command.session.get_one(Filing, self._ids[number, FILING])
            progress.tell(command, command.session.get_one(Certificate, filing.certificate_number), report)

        self._give(self._user(number), tell)

    def _changed(self, change: Mapping[str, Any], filed: Mapping[str, Any]) -> dict[str, Any]:
        """A change of the sample in the shape of a change's form. What changes with it stays as it is on file."""
        news = {_PATHS.get(name, f"money.{name}"): new for name, (_old, new) in change["items"].items()}
        values: dict[str, Any] = {}
        for item in ticked(news):
            for path in item.carried:
                put(values, path, at(filed, path))
        for path, new in news.items():
            put(values, path, (date.fromisoformat(new) + self._shift).isoformat() if path in _DATES else new)
        return {"items": list(news), "values": values, "reason": change["reason"]}

    def _give(self, actor: str, act: Callable[[Command], Any]) -> None:
        with self._world.engine.command(self._world.session, actor=actor) as command:
            act(command)

    def _user(self, number: int) -> str:
        return self._users[next(p["filing"]["enterprise"] for p in _projects() if p["no"] == number)]

    def _official(self, number: int, role: str) -> str:
        """Who has a role at a project's agency."""
        agency = next(project["filing"]["agency"] for project in _projects() if project["no"] == number)
        query = select(User.username).join(UserRole).where(User.agency_id == agency, UserRole.role == role)
        return self._world.read(lambda session: session.scalars(query.order_by(User.username)).first()) or ""


_PATHS = {name: name for name in _DATES} | {"project_contact": "project_contact.name"}


def _later(act: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    return lambda: act(*arguments)
