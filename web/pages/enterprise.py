"""The enterprise's lists: workbench, filings and drafts, certificates, its own data."""

from typing import Any

from flask import Blueprint, render_template, url_for
from sqlalchemy import Select, func, select

from engine import inbox
from engine.tables import Instance, Task
from records.certificates import Certificate
from records.documents import EDITABLE, IN_PROGRESS, Document, DocumentStatus
from records.enterprises import Enterprise
from records.filings import Filing
from records.notices import notices
from records.users import User, UserKind
from tasks import procedure
from web.api.views import standing_of
from web.database import db
from web.identity import me, require
from web.pages import choosing, lists, sections, wording
from web.pages.course import Course, procedure_name, progress
from web.pages.inbox import status_of
from web.pages.public import invalid_reasons
from web.texts import gettext as _
from web.texts import told

blueprint = Blueprint("enterprise", __name__)

APPLY_CODE_URL = "https://www.gdtz.gov.cn/tybm/index.action"
"""Where the province gives out project codes (R99)."""

_ON_WORKBENCH = 6


@blueprint.get("/workbench")
@require(UserKind.ENTERPRISE)
def workbench() -> str:
    """业务办理: the entries, what is to do and what is to read."""
    user, session = me(), db.session()
    standing = standing_of(user)
    todo = [task_row(task) for task in inbox.page(session, "todo", standing, limit=_ON_WORKBENCH).items]
    unread = notices(session, standing.groups, read=False, limit=_ON_WORKBENCH)
    counts = {
        "filings": _count(_filed(user)),
        "drafts": _count(_drafts(user)),
        "certificates": _count(_certificates(user)),
    }
    return render_template(
        "enterprise/workbench.html",
        enterprise=_enterprise(user).name,
        counts=counts,
        todo=todo,
        notices=[
            {
                "url": url_for("inbox.open_notice", notice_id=notice.id),
                "title": notice.title,
                "project": notice.body,
                "date": wording.month_day(notice.created_at),
            }
            for notice in unread
        ],
        new_url=url_for("enterprise.new_filing"),
        first_use=not any(counts.values()),
        apply_code_url=APPLY_CODE_URL,
    )


@blueprint.get("/filings", defaults={"tab": "filings"})
@blueprint.get("/filings/<any(drafts):tab>")
@require(UserKind.ENTERPRISE)
def filings(tab: str) -> str:
    """项目备案 with 申报进度, and 草稿箱."""
    user = me()
    queries = {"filings": _filed(user), "drafts": _drafts(user)}
    query = queries[tab]
    if text := lists.searched():
        query = query.where(lists.containing(text, Filing.project_name, Filing.project_code, Filing.number))
    order = Filing.updated_at.desc() if tab == "drafts" else Filing.submitted_at.desc()
    found = lists.part(db.session(), query.order_by(order, Filing.id))
    row = _draft_row if tab == "drafts" else _filing_row
    labels = {"filings": _("项目备案"), "drafts": _("草稿箱")}
    return render_template(
        "enterprise/filings.html",
        tab=tab,
        tab_items=[
            {
                "label": labels[name],
                "count": _count(queries[name]),
                "url": url_for("enterprise.filings", tab=name),
                "active": name == tab,
            }
            for name in queries
        ],
        query=text,
        hidden={},
        new_url=url_for("enterprise.new_filing"),
        apply_code_url=APPLY_CODE_URL,
        page=found.foot,
        rows=[row(filing) for (filing,) in found.rows],
    )


@blueprint.get("/certificates")
@require(UserKind.ENTERPRISE)
def certificates() -> str:
    """我的备案证."""
    query = _certificates(me()).join(Filing, Filing.id == Certificate.project_id).add_columns(Filing)
    if text := lists.searched():
        query = query.where(lists.containing(text, Filing.project_name, Certificate.number))
    found = lists.part(db.session(), query.order_by(Certificate.issue_date.desc(), Certificate.number.desc()))
    return render_template(
        "enterprise/certificates.html",
        query=text,
        page=found.foot,
        rows=[
            {
                "url": url_for("enterprise.certificate", number=certificate.number),
                "name": certificate.snapshot["project_name"],
                "number": certificate.number,
                "agency": filing.agency.name if filing.agency else "",
                "status": certificate.status,
                "reason": invalid_reasons().get(certificate.invalid_reason or "", ""),
                "tags": choosing.tags(certificate),
                "issue_date": wording.day(certificate.issue_date),
                "valid_until": wording.day(certificate.valid_until) or None,
                "seal": certificate.seal,
                "licence": certificate.licence,
                "pdf_url": url_for("enterprise.paper", number=certificate.number),
            }
            for certificate, filing in found.rows
        ],
    )


@blueprint.get("/company")
@require(UserKind.ENTERPRISE)
def company() -> str:
    """企业信息."""
    enterprise = _enterprise(me())
    items = sections.enterprise_items(sections.Shown({}, sections.enterprise_fields(enterprise)))
    return render_template(
        "enterprise/company.html",
        name=enterprise.name,
        uscc=enterprise.uscc,
        sections=[{"title": "", "items": items}],
        reveal="",
    )


def _filed(user: User) -> Select[Filing]:
    """What was submitted and not taken back."""
    return select(Filing).where(
        Filing.enterprise_id == user.enterprise_id,
        Filing.submission > 0,
        Filing.status.not_in((DocumentStatus.DRAFT, DocumentStatus.WITHDRAWN)),
    )


def _drafts(user: User) -> Select[Filing]:
    """What may be edited and submitted: drafts, and what was returned or withdrawn."""
    return select(Filing).where(Filing.enterprise_id == user.enterprise_id, Filing.status.in_(EDITABLE))


def _certificates(user: User) -> Select[Certificate]:
    return select(Certificate).where(Certificate.enterprise_id == user.enterprise_id)


def _count(query: Select[*tuple[Any, ...]]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _enterprise(user: User) -> Enterprise:
    return db.session.get_one(Enterprise, user.enterprise_id)


def _filing_row(filing: Filing) -> dict[str, Any]:
    finished = filing.status not in IN_PROGRESS
    instance = procedure.case_of(db.session(), filing)
    return {
        "url": url_for("enterprise.filing", filing_id=filing.id),
        "name": filing.project_name,
        "code": filing.project_code,
        "agency": filing.agency.name if filing.agency else "",
        "submitted": wording.day(filing.submitted_at),
        "finished": finished,
        "step": progress(Course(instance)) if instance is not None else "",
        "status": filing.status,
        "suspended": instance is not None and instance.suspended,
        "certificate": filing.certificate_number,
        "certificate_url": url_for("enterprise.certificate", number=filing.certificate_number)
        if filing.certificate_number
        else None,
    }


def _draft_row(filing: Filing) -> dict[str, Any]:
    instance = procedure.case_of(db.session(), filing)
    return {
        "edit_url": url_for("enterprise.edit", filing_id=filing.id),
        "delete_url": url_for("enterprise.delete", filing_id=filing.id) if filing.deletable else None,
        "name": filing.project_name or "",
        "code": filing.project_code,
        "saved": wording.moment(filing.updated_at),
        "problems": None,
        "origin": filing.status,
        "suspended": instance is not None and instance.suspended,
    }


def task_row(task: Task) -> dict[str, Any]:
    instance = db.session.get_one(Instance, task.instance_id)
    document = db.session.get(Document, instance.business_key) if instance.business_key else None
    # A certificate's case is about what was filed long ago: that is not what is to do.
    is_own = document is not None and document.instance_id == instance.id
    return {
        "url": url_for("task.page", task_id=task.id),
        "name": (document.project_name if document else None) or told(task.name),
        "kind": procedure_name(Course(instance).definition, document),
        "text": told(task.name),
        "status": status_of(document) if document is not None and is_own else None,
        "suspended": instance.suspended,
        "date": wording.month_day(task.created_at),
        "day": wording.day(task.created_at),
    }
