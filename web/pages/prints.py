"""What is printed of a filing when somebody asks for it: 备案申报表 and 备案承诺声明 (R124, R186, R187)."""

from collections.abc import Callable
from typing import Any

from flask import Response

from engine.errors import CommandRefused
from engine.tables import Instance
from records.attachments import attachments_of
from records.calendar import local_date
from records.filings import Filing
from records.users import User, UserKind
from tasks.adapters import adapters
from tasks.papers.application import (
    PROMISES,
    ApplicationPaper,
    CommitmentPaper,
    Item,
    Section,
    render_application,
    render_commitment,
)
from tasks.papers.press import PaperError
from web.api.access import own, visible
from web.database import db
from web.identity import me, require
from web.pages import sections, wording
from web.pages.course import Course, submitted_version, timeline
from web.pages.enterprise import blueprint
from web.runtime import runtime
from web.texts import gettext as _


@blueprint.get("/filings/<filing_id>/application.pdf")
@require()
def application(filing_id: str) -> Response:
    """备案申报表: people in full only as long as its owner may edit them, as on the form itself (domain §4.5)."""
    return pdf(lambda: render_application(_application(visible(Filing, filing_id, me()), me())))


@blueprint.get("/filings/<filing_id>/commitment.pdf")
@require(UserKind.ENTERPRISE)
def commitment(filing_id: str) -> Response:
    """备案承诺声明, to be signed and sealed."""
    filing = own(Filing, filing_id, me())
    paper = CommitmentPaper(
        enterprise=filing.enterprise.name,
        uscc=filing.enterprise.uscc,
        project_name=filing.project_name or _("未命名项目"),
        project_code=filing.project_code or "",
        given_on=local_date(filing.submitted_at) if filing.submitted_at else None,
        printed_on=_today(),
        watermark=_watermark(),
    )
    return pdf(lambda: render_commitment(paper))


def _application(filing: Filing, reader: User) -> ApplicationPaper:
    whole = reader.kind == UserKind.ENTERPRISE and filing.editable
    version = submitted_version(filing) if filing.submission and not whole else None
    shown = sections.as_submitted(version, whole=whole) if version else sections.as_saved(filing, whole=whole)
    parts = [Section(part["title"], [_item(item) for item in part["items"]]) for part in sections.sections(shown)]
    files = [file.name for file in attachments_of(db.session(), filing.id)]
    parts.append(Section(_("附件清单"), lines=files or [_("无")]))
    if not filing.imported:
        parts.append(Section(_("备案承诺"), lines=[f"{number}. {text}" for number, text in enumerate(PROMISES, 1)]))
    unknown = _("由旧系统办理") if filing.imported else _("未提交")
    parts.append(Section(_("办理记录"), lines=_record(filing, reader) or [unknown]))
    return ApplicationPaper(
        title=_("广东省技术改造投资项目备案申报表"),
        number=filing.number,
        applicant=filing.enterprise.name,
        agency=filing.agency.name if filing.agency else "",
        submitted=wording.day(filing.submitted_at) or _("未提交"),
        sections=parts,
        printed_on=_today(),
        watermark=_watermark(),
    )


def _item(item: dict[str, Any]) -> Item:
    note = f"　{item['note']}" if item.get("note") else ""
    return Item(str(item["label"]), f"{item['value'] or ''}{note}", bool(item["wide"]))


def _record(filing: Filing, reader: User) -> list[str]:
    """Who did what, the oldest first."""
    if filing.instance_id is None:
        return []
    entries = timeline(Course(db.session.get_one(Instance, filing.instance_id)), filing, reader)
    if reader.kind != UserKind.ENTERPRISE:
        entries = entries[::-1]
    return ["　".join(entry[key] for key in ("time", "act", "who", "opinion") if entry.get(key)) for entry in entries]


def _watermark() -> str | None:
    return _("样张") if adapters().specimen else None


def _today() -> Any:
    return local_date(runtime().engine.clock.now())


def pdf(render: Callable[[], bytes]) -> Response:
    """A paper that is printed when it is asked for. Raises CommandRefused 422 for what cannot be printed."""
    try:
        printed = render()
    except PaperError as error:
        raise CommandRefused("paper_unprintable", str(error), status=422, remedy=_("请更正后再打印。")) from error
    return Response(printed, mimetype="application/pdf", headers={"Cache-Control": "no-store"})
