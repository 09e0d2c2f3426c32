"""One of every thing that an address can name, for tests of who may ask for it: ent01's, handled by gx16 at Nanhai."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.tables import Job, Task
from records.account_merges import AccountMerge
from records.agencies import Agency
from records.announcements import Announcement
from records.articles import Article
from records.assignment import enterprise_group
from records.attachments import Attachment
from records.certificates import Certificate, CertificateStatus
from records.documents import Document, DocumentStatus
from records.exports import Export
from records.filings import Filing
from records.grants import Grant
from records.login_sessions import LoginMethod, LoginSession, begin_session
from records.notices import Notice
from records.papers import Paper
from records.seals import OfflineSeal, SealState
from records.sms import OutgoingSms
from records.substitutions import Substitution
from records.tokens import ApiToken, issue_token
from records.users import User, user_by_username
from tasks import accounts
from tests.web import applications
from tests.web.portal import MONDAY, Portal
from web import demo
from web.database import db
from web.runtime import runtime

OWNER, HANDLER, SIGNER, SUPERIOR = "ent01", "gx16", "gx16b", "fs01"
AGENCY = "A08"
"""Without an electronic seal, so that what it issues is stamped by hand."""
STAFF, SPARE = "gx30", "spare"
OTHER_PROJECT = demo.sample()["projects"][9]["filing"]["project_code"]
TODAY = MONDAY.date().isoformat()


def load_things(url: str) -> None:
    """A database with all of them."""
    with tempfile.TemporaryDirectory() as folder:
        portal = Portal(url, Path(folder))
        portal.load()
        with portal.app.app_context(), runtime().engine.command(db.session()) as command:
            agency = command.session.get_one(Agency, AGENCY)
            agency.level, agency.can_approve, agency.letters = 2, True, "南工信"  # of a zone, entrusted with approvals
        portal.hire(SUPERIOR, "何上级", agency="A04", role="handler")
        portal.hire(SIGNER, "钱签发", agency=AGENCY, role="signer")
        _apply(portal)
        _post(portal, HANDLER, "/substitutions", substitute=SIGNER, first_day=TODAY, last_day=TODAY)
        _post(portal, "admin", "/bulletins", title="停机", body="周六", publisher="省厅")
        _post(portal, "admin", "/staff", username=STAFF, name="新经办", mobile="", agency=AGENCY, roles=["handler"])
        with portal.app.app_context(), runtime().engine.command(db.session()) as command:
            _keep_accounts(command)
        portal.close()


def things(session: Session) -> dict[str, str]:
    """Their keys, by the names that addresses have for them; of documents by kind, of their files `file of` it."""

    def one(query: Select[Any]) -> str:
        return str(session.scalars(query.limit(1)).one())

    documents = select(Document.kind, Document.id).where(Document.enterprise_id == "E01", Document.agency_id == AGENCY)
    granted = session.execute(documents.where(Document.status == DocumentStatus.ISSUED))
    of_kind = {row.kind: row.id for row in granted}
    kept = select(Certificate).join(Filing, Filing.id == Certificate.project_id)
    certificate = session.scalars(kept.where(Certificate.status == CertificateStatus.VALID)).one()
    of_kind["filing"] = certificate.project_id
    files = select(Document.kind, Attachment.id).join(Document, Document.id == Attachment.document_id)
    waiting = one(documents.with_only_columns(Document.instance_id).where(Document.status == DocumentStatus.SUBMITTED))
    owner = select(User.id).where(User.username == OWNER).scalar_subquery()
    return {
        **{f"{kind}_id": id for kind, id in of_kind.items()},
        **{f"file of {kind}": id for kind, id in session.execute(files.where(Document.id.in_(of_kind.values())))},
        "agency_id": AGENCY,
        "article_id": one(select(Article.id)),
        "bulletin_id": one(select(Announcement.id).where(Announcement.public.is_(False))),
        "enterprise_id": "E01",
        "entry_id": one(select(OfflineSeal.id).where(OfflineSeal.state == SealState.PENDING)),
        "export_id": one(select(Export.id)),
        "grant_id": one(select(Grant.id)),
        "instance_id": waiting,
        "item_id": one(select(Announcement.id).where(Announcement.public)),
        "job_id": one(select(Job.id).where(Job.instance_id == waiting)),
        "notice_id": one(select(Notice.id).where(Notice.recipient_group == enterprise_group("E01"))),
        "number": certificate.number,
        "paper_id": one(select(Paper.id).where(Paper.document_id == of_kind["change"])),
        "request_id": one(select(AccountMerge.id)),
        "session_id": one(select(LoginSession.id).where(LoginSession.user_id == owner)),
        "sms_id": one(select(OutgoingSms.id).where(OutgoingSms.document_id == of_kind["filing"])),
        "substitution_id": one(select(Substitution.id)),
        "task_id": one(select(Task.id).where(Task.instance_id == waiting, Task.state == "open")),
        "token_id": one(select(ApiToken.id).where(ApiToken.user_id == owner, ApiToken.name == SPARE)),
        "username": STAFF,
        "verification": certificate.verify_token,
    }


def _apply(portal: Portal) -> None:
    """Documents of every kind, each granted, and one that waits for 受理."""
    number = _certified(portal)
    _granted(portal, "cancellations", {"certificate": number, "reason": "不再实施"}, decisions=())
    number = _certified(portal)
    _post(portal, HANDLER, f"/certificates/{number}/revoke", reason="不实", ground="条例")
    number = _certified(portal)
    change = {"certificate": number, "items": ["building_area_m2"], "reason": "设备选型调整"}
    _granted(portal, "changes", change | {"values": {"building_area_m2": "1200"}})
    _granted(portal, "extensions", {"certificate": number, "reason": "厂房消防验收延后"})
    texts = {"location": "佛山市南海区示例路3号"}
    correction = _post(portal, HANDLER, f"/certificates/{number}/correct", texts=texts, reason="门牌号有误")
    assert portal.decide(SIGNER, correction["id"], "issue").status_code == 200
    form = applications.form(portal, agency=AGENCY, project_code=OTHER_PROJECT)
    _granted(
        portal,
        "approvals",
        form,
        decisions=({"decision": "accept"}, {}, {"decision": "approve"}, {"decision": "issue"}),
    )
    _granted(portal, "changes", change | {"values": {"building_area_m2": "1300"}}, decisions=())


def _certified(portal: Portal) -> str:
    filing_id = _granted(portal, "filings", portal.form(agency=AGENCY))
    return str(portal.filing(filing_id)["certificate"])


_DECISIONS = ({"decision": "accept"}, {"decision": "approve"}, {"decision": "issue"})


def _granted(
    portal: Portal, kinds: str, form: dict[str, Any], decisions: tuple[dict[str, str], ...] = _DECISIONS
) -> str:
    """The id of a document with a file, submitted and decided."""
    document_id = str(_post(portal, OWNER, f"/{kinds}", **form)["id"])
    file = {"file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "清单.pdf")}
    attached = portal.call(OWNER, "POST", f"/{kinds}/{document_id}/attachments", data=file)
    assert attached.status_code == 201, attached.text
    if kinds == "approvals":
        materials = {"materials": {"application_report": attached.get_json()["id"]}}
        assert portal.call(OWNER, "PUT", f"/approvals/{document_id}", json=form | materials).status_code == 200
    _post(portal, OWNER, f"/{kinds}/{document_id}/submit")
    for data in decisions:
        task = portal.task(HANDLER, document_id)
        _post(portal, HANDLER, f"/tasks/{task['id']}/complete", data=data, opinion="同意")
    return document_id


def _keep_accounts(command: Command) -> None:
    session, now = command.session, command.now
    owner = user_by_username(session, OWNER)
    assert owner is not None
    begin_session(session, owner, LoginMethod.PASSWORD, agent="", address="", now=now)
    issue_token(session, owner, now, name=SPARE)
    accounts.request(command, "佛山市南澜家电制造有限公司", "19400000023")
    session.add(
        Export(
            listing="projects",
            form="csv",
            language="zh",
            asked={},
            asked_by=HANDLER,
            asked_at=now,
            total=1,
            written=1,
            finished_at=now,
        )
    )


def _post(portal: Portal, user: str, path: str, **body: Any) -> dict[str, Any]:
    answer = portal.call(user, "POST", path, **({"json": body} if body else {}))
    assert answer.status_code in (200, 201), f"{path}: {answer.text}"
    told: dict[str, Any] = answer.get_json()
    return told
