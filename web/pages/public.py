"""Pages for everybody: the portal, announcements, and the check of a certificate."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import format_date
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound

from engine.errors import CommandRefused
from records.announcements import Announcement, AnnouncementKind
from records.certificates import Certificate, CertificateStatus
from records.papers import Paper
from web.api.certificates import verification_view, verified
from web.database import db
from web.identity import user_or_none
from web.limits import VERIFY, limiter
from web.pages import lists, wording
from web.pages.accounts import accounts, panel
from web.pages.addresses import safe
from web.runtime import runtime
from web.texts import LANGUAGES, told
from web.texts import gettext as _

blueprint = Blueprint("public", __name__)

ON_HOME = 6

# In addresses, English words.
KINDS = {
    "information": AnnouncementKind.INFORMATION,
    "filed": AnnouncementKind.FILED,
    "approved": AnnouncementKind.APPROVED,
    "changed": AnnouncementKind.CHANGED,
    "cancelled": AnnouncementKind.CANCELLED,
    "revoked": AnnouncementKind.REVOKED,
    "extended": AnnouncementKind.EXTENDED,
}


@blueprint.get("/")
def home() -> str:
    filed = select(Announcement).where(Announcement.kind == AnnouncementKind.FILED, Announcement.public)
    news = select(Announcement).where(Announcement.kind == AnnouncementKind.INFORMATION, Announcement.public)
    newest = (Announcement.published_at.desc(), Announcement.id.desc())
    return render_template(
        "public/home.html",
        login=panel() if user_or_none() is None else None,
        public_lists=_tabs("filed", information=False),
        rows=[_row(item) for item in db.session.scalars(filed.order_by(*newest).limit(ON_HOME))],
        more_url=url_for("public.announcements", kind="filed"),
        announcements=[_news(item) for item in db.session.scalars(news.order_by(*newest).limit(ON_HOME))],
        demo_accounts=accounts() if user_or_none() is None else None,
    )


@blueprint.get("/announcements", defaults={"kind": "information"})
@blueprint.get("/announcements/<kind>")
def announcements(kind: str) -> str:
    """One public list, searched by project, number, enterprise or agency."""
    if kind not in KINDS:
        raise NotFound
    query = select(Announcement).where(Announcement.kind == KINDS[kind], Announcement.public)
    if text := lists.searched():
        columns = ("title", "project_name", "certificate_number", "enterprise_name", "agency_name")
        query = query.where(lists.containing(text, *(getattr(Announcement, name) for name in columns)))
    found = lists.part(db.session(), query.order_by(Announcement.published_at.desc(), Announcement.id.desc()))
    items = [item for (item,) in found.rows]
    return render_template(
        "public/announcements.html",
        public_lists=_tabs(kind),
        kind="news" if kind == "information" else "filings",
        authority=_authority(KINDS[kind]),
        dated=_("签发日期") if kind == "filed" else _("公告日期"),
        items=[_news(item) for item in items],
        rows=[_row(item) for item in items],
        query=text,
        hidden={},
        page=found.foot if items else None,
    )


@blueprint.get("/announcements/item/<int:item_id>")
def announcement(item_id: int) -> str:
    item = db.session.get(Announcement, item_id)
    if item is None or not item.public:
        raise NotFound
    certificate = db.session.get(Certificate, item.certificate_number) if item.certificate_number else None
    facts = _certified(certificate) if certificate is not None else []
    if item.project_name:
        facts += [
            {"label": _("项目名称"), "value": item.project_name, "wide": True},
            {"label": _("申报企业名称"), "value": item.enterprise_name, "wide": True},
            {"label": _authority(AnnouncementKind(item.kind)), "value": item.agency_name, "wide": True},
        ]
    return render_template(
        "public/announcement.html",
        item={
            "title": item.title,
            "date": wording.day(item.published_at),
            "publisher": item.agency_name,
            "paragraphs": item.body.splitlines(),
        },
        sections=[{"title": "", "items": facts}] if facts else [],
        verify_url=url_for("public.verify", number=certificate.number) if certificate else None,
    )


def _certified(certificate: Certificate) -> list[dict[str, Any]]:
    facts = [
        {"label": _("备案证号"), "value": certificate.number},
        {"label": _("签发日期"), "value": wording.day(certificate.issue_date)},
    ]
    if certificate.status == CertificateStatus.INVALID:
        reason = _reason(certificate.invalid_reason)
        facts.append({"label": _("状态"), "value": _("已失效（%(reason)s）", reason=reason)})
    return facts


def _authority(kind: AnnouncementKind) -> str:
    """What the authority is called that a list is about."""
    return _("核准机关") if kind == AnnouncementKind.APPROVED else _("备案机关")


@blueprint.get("/contact")
def contact() -> str:
    return render_template("public/contact.html")


@blueprint.get("/verify")
@limiter.limit(VERIFY)
def verify() -> Any:
    """The check by number, or by what a QR code leads to."""
    typed = request.args.get("number", "").strip()
    number = "".join(typed.split())
    if not number:
        return _verification("search")
    certificate = db.session.get(Certificate, number)
    if certificate is not None:
        return _verification("found", number, certificate)
    try:
        return _verification("found", "", verified(number.rpartition("/")[2]))
    except CommandRefused:
        return _verification("not_found", typed), 404


@blueprint.get("/verify/<token>")
@limiter.limit(VERIFY)
def verify_token(token: str) -> Any:
    """What the QR code of a certificate or of a paper leads to."""
    try:
        return _verification("found", "", verified(token))
    except CommandRefused:
        return _verification("not_found"), 404


@blueprint.route("/language/<code>", methods=["GET", "POST"])
def language(code: str) -> Any:
    """Show the pages in another language from now on."""
    if code not in LANGUAGES:
        raise NotFound
    session["language"] = code
    return redirect(safe(request.values.get("next")) or url_for("public.home"))


def _verification(state: str, number: str = "", found: Certificate | Paper | None = None) -> str:
    return render_template(
        "public/verify.html",
        state=state,
        number=number,
        certificate=_facts(found) if found is not None else None,
        checked_at=wording.moment(runtime().engine.clock.now()),
    )


def _facts(found: Certificate | Paper) -> dict[str, Any]:
    told = verification_view(found)
    for sealed in (told, told.get("paper"), told.get("letter")):
        if sealed and sealed.get("electronic_seal"):
            seal = sealed["electronic_seal"]
            sealed["electronic_seal"] = seal | {"sealed_at": wording.moment(seal["sealed_at"])}
    if "paper" in told:
        paper = told["paper"]
        return {"paper": paper | {"reason": _reason(paper["invalid_reason"])}}
    days = {name: wording.day(told[name]) for name in ("issue_date", "valid_until")}
    return told | days | {"reason": _reason(told["invalid_reason"])}


def _reason(code: str | None) -> str:
    return invalid_reasons().get(code or "", code or "")


def invalid_reasons() -> dict[str, str]:
    """Why a certificate is invalid, in words."""
    return {"CANCELLED": _("企业注销"), "REVOKED": _("工信撤销"), "EXPIRED": _("到期自动失效")}


def _tabs(active: str, *, information: bool = True) -> list[dict[str, Any]]:
    counted = select(Announcement.kind, func.count()).group_by(Announcement.kind)
    counts = {row.kind: row[1] for row in db.session.execute(counted)}
    shown = [key for key in KINDS if information or key != "information"]
    return [
        {
            "label": told(KINDS[key]),
            "count": counts.get(KINDS[key]) if key != "information" else None,
            "url": url_for("public.announcements", kind=key),
            "active": key == active,
        }
        for key in shown
    ]


def _row(item: Announcement) -> dict[str, Any]:
    return {
        "name": item.project_name or item.title,
        "url": url_for("public.announcement", item_id=item.id),
        "enterprise": item.enterprise_name,
        "agency": item.agency_name,
        "number": item.certificate_number or "",
        "date": wording.day(item.published_at),
    }


def _news(item: Announcement) -> dict[str, Any]:
    published = wording.local(item.published_at)
    return {
        "title": item.title,
        "url": url_for("public.announcement", item_id=item.id),
        "date": wording.day(item.published_at),
        "day": f"{published:%d}",
        "month": format_date(published.date(), "MMM"),
    }
