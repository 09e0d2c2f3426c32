"""线下盖章登记册: the papers that an agency stamps by hand, one with its form, all as a table, and 线下领取登记单."""

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, redirect, render_template, request, url_for

from engine import verbs
from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.tables import Instance
from records.agencies import Agency
from records.calendar import local_date
from records.formats import ID_TYPES
from records.roles import OVERSEEING
from records.seals import LONGEST_NAME, LONGEST_REMARK, OfflineSeal, SealState
from records.users import UserKind
from tasks import seals as sealing
from tasks.adapters import adapters
from tasks.papers.collection_slip import CollectionSlip, render_slip
from web.api.seals import register, view, visible_entry
from web.api.views import standing_of
from web.database import db
from web.identity import me, require
from web.pages import addresses, commands, lists, people, wording
from web.pages.enterprise import blueprint
from web.pages.prints import pdf
from web.reach import Reach
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

_MOST_ROWS = 10_000
"""Of the table to keep: more is narrowed by days."""
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("/seals")
@require(UserKind.AUTHORITY, *OVERSEEING)
def seals() -> str:
    """线下盖章登记册."""
    query = _asked()
    found = lists.part(db.session(), register(me(), query))
    states = {"": _("全部"), **_states()}
    return render_template(
        "enterprise/seals.html",
        query=query["q"],
        days=[
            {"name": name, "label": label, "value": wording.day(query[name])}
            for name, label in (("issued_from", _("签发日期从")), ("issued_until", _("至")))
        ],
        state=query["state"],
        filtered=any(query.values()),
        states=[
            {
                "label": label,
                "count": None,
                "url": lists.same_page(state=state or None, page=None),
                "active": state == query["state"],
            }
            for state, label in states.items()
        ],
        csv_url=url_for("enterprise.seals_table") + "?" + urlencode({k: v for k, v in query.items() if v}),
        page=found.foot,
        rows=[_row(entry) for (entry,) in found.rows],
    )


@blueprint.get("/seals.csv")
@require(UserKind.AUTHORITY, *OVERSEEING)
def seals_table() -> Response:
    """The same entries as a table, people masked."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(_headings())
    for entry in db.session.scalars(register(me(), _asked()).limit(_MOST_ROWS)):
        table.writerow([_harmless(text) for text in _line(entry)])
    name = f"seals-{_today():%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    # Spreadsheets take a file without the mark for one in the system's old encoding.
    return Response("\ufeff" + file.getvalue(), mimetype="text/csv", headers=headers)


@blueprint.get("/seals/<entry_id>")
@require(UserKind.AUTHORITY, *OVERSEEING, reach=Reach.OWN)
def seal(entry_id: str) -> str:
    """One paper: what is registered, and the form of the next step for whoever may take it."""
    return _page(visible_entry(entry_id, me()), {})


@blueprint.post("/seals/<entry_id>")
@require(UserKind.AUTHORITY, reach=Reach.OWN)
def register_seal(entry_id: str) -> Any:
    """线下盖章登记 or 领取登记. What is refused is shown again as it was typed, each complaint beside its field."""
    typed = {name: text.strip() for name, text in request.form.items()}
    collector = {name: typed.get(name, "") for name in ("name", "id_type", "id_no")}
    if not (collector["name"] or collector["id_no"]):
        collector = {}  # the type of document alone, which the form proposes, tells of nobody
    particulars = {name: typed.get(name, "") for name in ("stamped_on", "collected_on", "remark")}

    def give(given: Command) -> dict[str, Any]:
        entry = visible_entry(entry_id, me())
        sealing.register(given, entry, {**particulars, "collector": collector})
        state = _states()[entry.state]
        return {"message": _("已登记：%(paper)s %(state)s。", paper=told(entry.document.PAPER), state=state)}

    try:
        flash(commands.give(give)["message"], "success")
    except BusinessRefusal as refusal:
        errors = {name.removeprefix("collector."): text for name, text in commands.beside_fields(refusal).items()}
        return _page(visible_entry(entry_id, me()), typed, errors), 422
    except CommandRefused as refusal:
        if refusal.status not in (403, 409):
            raise
        page = _page(visible_entry(entry_id, me()), typed, {"page": commands.refused(refusal)})
        return page, refusal.status
    return redirect(url_for("enterprise.seal", entry_id=entry_id), 303)


@blueprint.get("/seals/<entry_id>/slip.pdf")
@require(UserKind.AUTHORITY, *OVERSEEING, reach=Reach.OWN)
def seal_slip(entry_id: str) -> Response:
    """线下领取登记单: what is not registered yet is left to be filled in by hand."""
    entry = visible_entry(entry_id, me())
    document, person = entry.document, entry.masked_collector
    slip = CollectionSlip(
        paper=told(document.PAPER),
        paper_number=entry.paper_number,
        holding=(document.HOLDS.NUMBER, entry.certificate_number),
        project_name=document.project_name or "",
        project_code=document.project_code or "",
        enterprise_name=document.enterprise.name,
        uscc=document.enterprise.uscc,
        agency_name=db.session.get_one(Agency, entry.agency_id).name,
        issue_date=entry.issue_date,
        stamped_on=entry.stamped_on,
        collected_on=entry.collected_on,
        collector=person | {"id_type": _id_type(person)},
        remark=entry.remark,
        printed_on=_today(),
        specimen=adapters().specimen,
    )
    return pdf(lambda: render_slip(slip))


def _asked() -> dict[str, Any]:
    """What the list is narrowed to; what makes no sense narrows nothing."""
    state = request.args.get("state", "")
    days = {name: request.args.get(name, type=date.fromisoformat) for name in ("issued_from", "issued_until")}
    return {"state": state if state in _states() else "", "q": lists.searched(), **days}


def _page(entry: OfflineSeal, typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    shown, person = view(entry), entry.masked_collector
    document, today = entry.document, wording.day(_today())
    return render_template(
        "enterprise/seal.html",
        seal=shown,
        state=_states()[entry.state],
        to_stamp=entry.state == SealState.PENDING,
        items=[
            {"label": _("文书"), "value": f"{told(document.PAPER)} {entry.paper_number}"},
            {"label": told(document.HOLDS.NUMBER), "value": entry.certificate_number},
            {"label": _("项目名称"), "value": document.project_name, "wide": True},
            {"label": _("企业名称"), "value": document.enterprise.name},
            {"label": _("签发日期"), "value": wording.day(entry.issue_date)},
        ],
        registered=[
            {"label": _("盖章日期"), "value": wording.day(entry.stamped_on), "note": _by(entry.stamped_by)},
            {"label": _("领取日期"), "value": wording.day(entry.collected_on), "note": _by(entry.handed_over_by)},
            {"label": _("领取人姓名"), "value": person.get("name")},
            {"label": _("领取人身份证件"), "value": f"{_id_type(person)} {person.get('id_no', '')}".strip()},
            {"label": _("备注"), "value": entry.remark, "wide": True},
        ],
        held=told(document.HOLDS.NOUN),
        ceased=wording.day(entry.ceased_on),
        step=_step(entry),
        typed={"stamped_on": today, "id_type": "111", **typed},
        today=today,
        id_types=[{"value": kind.code, "label": kind.name} for kind in ID_TYPES.values()],
        longest_name=LONGEST_NAME,
        longest_remark=LONGEST_REMARK,
        errors=errors or {},
        document_url=addresses.of_document(document),
        slip_url=url_for("enterprise.seal_slip", entry_id=entry.id),
        command_id=commands.fresh(),
    )


def _step(entry: OfflineSeal) -> dict[str, Any] | None:
    """The next step: what it is called, who has it, and where whoever may take it registers it or puts it back."""
    task = sealing.open_task(db.session(), entry)
    if task is None:
        return None
    instance = db.session.get_one(Instance, task.instance_id)
    allowed = verbs.allowed(task, instance, standing_of(me()))
    return {
        "name": told(task.name),
        "holder": people.holder(db.session(), task),
        "post_url": url_for("enterprise.register_seal", entry_id=entry.id) if "complete" in allowed else None,
        "release_url": url_for("task.act", task_id=task.id, verb="release") if "release" in allowed else None,
    }


def _row(entry: OfflineSeal) -> dict[str, Any]:
    person = entry.masked_collector
    return {
        "url": url_for("enterprise.seal", entry_id=entry.id),
        "name": entry.document.project_name,
        "enterprise": entry.document.enterprise.name,
        "paper": told(entry.document.PAPER),
        "number": entry.paper_number,
        "issued": wording.day(entry.issue_date),
        "state": _states()[entry.state],
        "tone": {SealState.PENDING: "amber", SealState.STAMPED: "blue", SealState.COLLECTED: "green"}.get(
            SealState(entry.state), "grey"
        ),
        "stamped": wording.day(entry.stamped_on),
        "collected": wording.day(entry.collected_on),
        "collector": person.get("name", ""),
        "open": entry.state in (SealState.PENDING, SealState.STAMPED),
    }


def _headings() -> list[str]:
    return [
        *(_("文书"), _("文书编号"), _("备案证号或批复文号"), _("项目名称"), _("企业名称"), _("签发日期"), _("状态")),
        *(
            _("盖章日期"),
            _("盖章登记人"),
            _("领取日期"),
            _("领取人姓名"),
            _("证件类型"),
            _("证件号码"),
            _("交付登记人"),
        ),
        _("备注"),
    ]


def _line(entry: OfflineSeal) -> list[str]:
    document, person = entry.document, entry.masked_collector
    return [
        *(document.PAPER, entry.paper_number, entry.certificate_number, document.project_name or ""),
        *(document.enterprise.name, wording.day(entry.issue_date), _states()[entry.state]),
        *(wording.day(entry.stamped_on), _by(entry.stamped_by), wording.day(entry.collected_on)),
        *(person.get("name", ""), _id_type(person), person.get("id_no", ""), _by(entry.handed_over_by)),
        entry.remark,
    ]


def _harmless(text: str) -> str:
    """The text so that a spreadsheet does not reckon with it."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text


def _states() -> dict[str, str]:
    """The states in words."""
    return {
        SealState.PENDING.value: _("待盖章"),
        SealState.STAMPED.value: _("待领取"),
        SealState.COLLECTED.value: _("已领取"),
        SealState.CEASED.value: _("不再办理"),
    }


def _id_type(person: Mapping[str, Any]) -> str:
    kind = ID_TYPES.get(str(person.get("id_type") or "").partition(" ")[0])
    return kind.name if kind is not None else ""


def _by(username: str | None) -> str:
    return people.name_of(db.session(), username) if username else ""


def _today() -> date:
    return local_date(runtime().engine.clock.now())
