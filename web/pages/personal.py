"""查看完整信息: the people of a document in full, for who handles it; each look is recorded."""

from flask import Response, render_template, url_for

from records.documents import Document
from records.projects import Project
from records.users import User, UserKind
from web.api.access import visible
from web.identity import me, require
from web.pages import addresses, sections
from web.pages.enterprise import blueprint
from web.personal import look, may_look
from web.runtime import command
from web.texts import gettext as _


@blueprint.post("/documents/<document_id>/people")
@require(UserKind.AUTHORITY)
def people(document_id: str) -> Response:
    """企业基本情况 and 项目联系人, nothing masked."""
    user = me()
    with command(user.username) as given:
        project = visible(Project, document_id, user)
        version = look(given, project, user)
        shown = sections.as_submitted(version, whole=True, kind=project.kind)
        contact = shown.form.get("project_contact") or {}
        page = render_template(
            "enterprise/people.html",
            name=project.project_name,
            number=project.number,
            back_url=addresses.of_document(project),
            sections=[
                {"title": _("企业基本情况"), "unit": "", "items": sections.enterprise_items(shown)},
                {
                    "title": _("项目联系人"),
                    "unit": "",
                    "items": [
                        sections.item(_("项目联系人"), str(contact.get("name") or "")),
                        sections.item(_("项目联系人手机"), str(contact.get("mobile") or "")),
                    ],
                },
            ],
        )
    return Response(page, headers={"Cache-Control": "no-store"})


def address(document: Document, user: User) -> str | None:
    """Where a document's people are shown in full, for whom they may be shown to."""
    if not isinstance(document, Project) or not may_look(document, user):
        return None
    return url_for("enterprise.people", document_id=document.id)
