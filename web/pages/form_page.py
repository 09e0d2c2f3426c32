"""The page on which an enterprise fills in a project's form: a filing's, or an application's for approval."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import render_template, url_for

from engine.inbox import open_tasks
from engine.tables import Instance
from records.documents import DocumentStatus
from records.filings import FILING
from records.projects import Project
from tasks import procedure
from web.database import db
from web.form_words import all_words
from web.pages import addresses, sections, suspension
from web.pages.course import Course
from web.texts import told

TEXTS = Path(__file__).resolve().parent.parent / "templates" / "enterprise" / "form_texts.json"
"""What the form's script says by itself."""


def render(
    project: Project,
    words: Mapping[str, str],
    *,
    list_url: str,
    drafts_url: str,
    returned: dict[str, str] | None,
) -> str:
    """The form of a project that may be edited. `words` are `title`, `list` (the menu's entry), `act`, `submit` and
    `returned`."""
    filled = sections.filled(project.full_form, project.kind)
    instance = procedure.case_of(db.session(), project)
    return render_template(
        "enterprise/filing_form.html",
        form={
            **words,
            "kind": project.kind,
            "list_url": list_url,
            "status": project.status,
            "suspended": instance is not None and instance.suspended,
            "may_submit": "submit" in procedure.allowed(db.session(), project),
            "applicant": project.enterprise.name,
            "project_name": project.project_name or "",
            "back_url": addresses.of_document(project) if project.submission else drafts_url,
            "done": sum(section["done"] for section in filled),
            "total": sum(section["total"] for section in filled),
            "sections": filled,
        },
        mount=_mount(project, instance),
        suspension=suspension.to_enterprise(Course(instance), project) if instance is not None else None,
        returned=returned,
    )


def _mount(project: Project, instance: Instance | None) -> dict[str, str]:
    """What the form's script is told. A returned form is submitted again by completing the enterprise's task."""
    mount = {
        "collection": f"{project.kind}s",
        "document-id": project.id,
        "form-url": f"/api/v1/forms/{project.kind}/{project.kind}",
        "company-url": url_for("enterprise.company"),
        "return-url": addresses.of_document(project),
        "texts": json.dumps(all_words(_texts(), told), ensure_ascii=False),
        "mode": "draft",
    }
    if project.kind == FILING:
        mount["print-url"] = url_for("enterprise.application", filing_id=project.id)
    if project.status == DocumentStatus.RETURNED and instance is not None:
        tasks = open_tasks(db.session(), instance.id)
        if tasks:
            mount |= {"mode": "correct", "task-id": tasks[0].id}
    if procedure.held(db.session(), project):
        mount["held"] = "true"
    return mount


@cache
def _texts() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(TEXTS.read_text(encoding="utf-8"))
    return read
