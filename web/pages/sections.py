"""A project as a document to be read: in the order and with the titles and units of its own form.

People are masked (R95). With the version before, every field says whether and how it was changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from flask import url_for

from engine.deployments import newest
from engine.forms import Form
from records.agencies import Agency
from records.attachments import attachments_of
from records.certificates import Seal
from records.documents import Document, DocumentStatus, DocumentVersion, differences
from records.enterprises import Enterprise
from records.filings import FILING
from records.formats import parse_amount
from records.industry import IndustryClass
from records.masking import mask_person
from records.papers import GRANTING, NAMES, Paper, PaperKind, papers_of
from records.projects import Project, at
from records.regions import full_name
from tasks.wording import percent
from web.database import db
from web.form_words import in_words
from web.pages import wording
from web.runtime import runtime
from web.texts import gettext as _
from web.texts import told

_LONG = 24  # characters that no longer fit half a row


@dataclass(frozen=True)
class ProjectForm:
    """The form of a kind of project as it is deployed: where its fields stand and what they are called."""

    schema: Mapping[str, Any]
    ui: Mapping[str, Any]

    @property
    def sections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ui.get("ui:options", {}).get("sections", [])
        return found

    def field(self, path: str) -> Mapping[str, Any]:
        """The schema of the field at `money.total`."""
        schema = self.schema
        for name in path.split("."):
            schema = schema.get("properties", {}).get(name, {})
        return schema

    def look(self, path: str) -> Mapping[str, Any]:
        """Its `ui:options`."""
        found: Mapping[str, Any] = self._ui_of(path).get("ui:options", {})
        return found

    def _ui_of(self, path: str) -> Mapping[str, Any]:
        ui: Mapping[str, Any] = self.ui
        for name in path.split("."):
            ui = ui.get(name, {})
        return ui

    def widget(self, path: str) -> str:
        """Its `ui:widget`."""
        return str(self._ui_of(path).get("ui:widget", ""))

    def shown_apart(self, path: str) -> bool:
        """Whether it is no value that could stand in a line, but a field of its own kind such as a list of rows."""
        return "ui:field" in self._ui_of(path) or self.widget(path) == "tenderAnswer"

    def required(self, path: str) -> bool:
        parent, _dot, name = path.rpartition(".")
        return name in (self.field(parent) if parent else self.schema).get("required", ())


def project_form(kind: str = FILING) -> ProjectForm:
    """The form of the newest deployment, which has the kind's name; one without it gives an empty form."""
    definition = newest(db.session(), kind)
    forms: Mapping[str, Form] = {}
    if definition is not None:
        forms = runtime().engine.deployments.deployment(db.session(), definition.deployment_id).forms
    return ProjectForm(
        *(in_words(forms[name].document, told) if name in forms else {} for name in (f"{kind}.json", f"{kind}.ui.json"))
    )


@dataclass(frozen=True)
class Shown:
    """What is shown: a form with its personal contact, and the enterprise as it was then. People are masked, unless the
    `whole` is for its owner to print."""

    form: Mapping[str, Any]
    enterprise: Mapping[str, Any]
    whole: bool = False
    kind: str = FILING

    def person(self, value: Any) -> Any:
        """A person's particulars as they are shown."""
        return (value or {}) if self.whole else mask_person(value)


def as_saved(project: Project, *, whole: bool = False) -> Shown:
    """The project as it stands now."""
    return Shown(project.full_form, enterprise_fields(project.enterprise), whole, project.kind)


def as_submitted(version: DocumentVersion, *, whole: bool = False, kind: str = FILING) -> Shown:
    """The project as it was submitted."""
    personal = version.personal
    return Shown(
        {**version.form, "project_contact": personal["project_contact"]},
        {**version.enterprise, **personal["enterprise"]},
        whole,
        kind,
    )


def of_project(project: Project, version: DocumentVersion | None) -> list[dict[str, Any]]:
    """The project for whoever reads it: as it was submitted; while it is edited, as it is saved; once it is issued as
    it is on file now, with what granted changes have changed in it."""
    if version is None or project.editable:
        return sections(as_saved(project))
    submitted = as_submitted(version, kind=project.kind)
    return sections(as_saved(project), submitted) if project.status == DocumentStatus.ISSUED else sections(submitted)


def enterprise_fields(enterprise: Enterprise) -> dict[str, Any]:
    names = ("name", "uscc", "region", "economic_type", "address")
    return {name: getattr(enterprise, name) for name in names} | enterprise.personal


def sections(shown: Shown, before: Shown | None = None) -> list[dict[str, Any]]:
    """The document's sections for `macros/case.html`; `before` is the version to compare with."""
    layout = project_form(shown.kind)
    changed = {path: old for path, old, _new in differences(before.form, shown.form)} if before else {}
    found = []
    for section in layout.sections:
        if section.get("kind") == "enterprise":
            items = enterprise_items(shown)
        else:
            items = list(_items(layout, section.get("fields", ()), shown, changed))
        if items:
            found.append({"title": section["title"], "unit": "", "kind": section.get("kind", ""), "items": items})
    return found


def item(label: str, text: str, old: str | None = None) -> dict[str, Any]:
    """A value by itself; `old` is what it was in the version to compare with, if there is one."""
    shown: dict[str, Any] = {"label": label, "value": text, "wide": len(text) > _LONG}
    return shown | _change(old, text) if old is not None and old != text else shown


def changed_count(document: list[dict[str, Any]]) -> int:
    return sum(1 for section in document for item in section["items"] if item.get("changed"))


def enterprise_items(shown: Shown) -> list[dict[str, Any]]:
    """企业基本情况 (R94)."""
    enterprise = shown.enterprise
    legal, contact = shown.person(enterprise.get("legal_rep")), shown.person(enterprise.get("contact"))
    return [
        {"label": label, "value": value, "wide": len(str(value or "")) > _LONG}
        for label, value in (
            (_("法人名称"), enterprise["name"]),
            (_("统一社会信用代码"), enterprise["uscc"]),
            (_("法定代表人姓名"), legal.get("name")),
            (_("法定代表人证件类型"), legal.get("id_type")),
            (_("法定代表人证件号码"), legal.get("id_no")),
            (_("法定代表人联系方式"), legal.get("phone")),
            (_("经济类型"), enterprise["economic_type"]),
            (_("联系人"), contact.get("name")),
            (_("联系人身份证号码"), contact.get("id_no")),
            (_("联系人手机号"), contact.get("mobile")),
            (_("企业所在地区"), full_name(db.session(), enterprise["region"])),
            (_("地址"), enterprise["address"]),
        )
    ]


def files(document: Document) -> list[dict[str, Any]]:
    """What is attached to a document, for `macros/case.html`."""
    return [
        {
            "id": file.id,
            "name": file.name,
            "url": url_for("enterprise.attachment", document_id=document.id, attachment_id=file.id),
            "kind": file.name.rsplit(".", 1)[-1].upper()[:4],
            "note": _("%(size)s，%(at)s", size=wording.file_size(file.size), at=wording.short_moment(file.uploaded_at)),
        }
        for file in attachments_of(db.session(), document.id)
    ]


def papers(document: Document, *, but: PaperKind | None = None) -> list[dict[str, Any]]:
    """What was issued about a document, for `macros/case.html`; `but` is a kind that the page shows elsewhere."""
    return [
        {
            "name": told(NAMES[paper.kind]),
            "url": url_for("enterprise.issued_paper", paper_id=paper.id),
            "kind": "PDF",
            "note": _("，").join(_particulars(paper)),
        }
        for paper in papers_of(db.session(), document.id)
        if paper.kind != but
    ]


def _particulars(paper: Paper) -> Iterator[str]:
    """Number and day, and how far the stamp is that goes through the register."""
    yield paper.number
    yield wording.day(paper.issue_date)
    if paper.kind in GRANTING and paper.seal in (Seal.OFFLINE_PENDING, Seal.OFFLINE_DONE):
        yield wording.status(paper.seal)


def filled(form: Mapping[str, Any], kind: str = FILING) -> list[dict[str, Any]]:
    """How far each section of a form is filled: its required fields, those with something in them."""
    layout = project_form(kind)
    found = []
    for section in layout.sections:
        needed = [path for path in section.get("fields", ()) if layout.required(path)]
        done = sum(1 for path in needed if _is_filled(layout, path, at(form, path)))
        found.append({"id": section["id"], "title": section["title"], "done": done, "total": len(needed)})
    return found


def _is_filled(layout: ProjectForm, path: str, value: Any) -> bool:
    """A statement counts once it is agreed to; a question once it is answered, with no, too."""
    if value is False:
        return layout.widget(path) != "statement"
    return value not in (None, "", [], {})


def _items(layout: ProjectForm, paths: list[str], shown: Shown, changed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    form = shown.form
    for path in paths:
        value = at(form, path)
        if layout.shown_apart(path):
            continue
        if value in (None, "") and path not in changed and not layout.required(path):
            continue
        text = _text(layout, path, value, shown)
        item: dict[str, Any] = {
            "id": path,
            "label": layout.field(path).get("title", path),
            "value": text,
            "note": _note(layout, path, form),
            "wide": bool(layout.look(path).get("wide")) or len(text) > _LONG,
        }
        if path == "project_code":
            item["verified"] = bool(form.get("region"))
        if path in changed:
            item |= _change(_text(layout, path, changed[path], shown), text)
        yield item


def _text(layout: ProjectForm, path: str, value: Any, shown: Shown) -> str:
    """A value in words."""
    if value is None or value == "":
        return ""
    look, schema = layout.look(path), layout.field(path)
    if path == "agency":
        agency = db.session.get(Agency, value)
        return agency.name if agency is not None else str(value)
    if path == "class_code":
        industry = db.session.get(IndustryClass, value)
        return f"{value} {industry.name}" if industry is not None else str(value)
    if path.startswith("project_contact."):
        name = path.rpartition(".")[2]
        return str(shown.person({name: value})[name])
    if path == "commitment":
        return _("已同意") if value else _("未同意")
    choices = schema.get("enum") or ([True, False] if isinstance(value, bool) else [])
    names = look.get("enumNames") or []
    if value in choices and len(names) == len(choices):
        return str(names[choices.index(value)])
    if value in schema.get("enum", ()):
        return told(str(value))
    if isinstance(value, bool):
        return _("是") if value else _("否")
    unit = look.get("unit", "")
    text = wording.amount(value) if unit else str(value)
    return f"{text} {unit}" if unit else text


def _note(layout: ProjectForm, path: str, form: Mapping[str, Any]) -> str:
    """What stands beside a value: a sum's parts, a share, the edition of a list."""
    parts = layout.look(path).get("sumOf")
    if parts:
        return "= " + " + ".join(wording.amount(at(form, part)) for part in parts)
    editions = {"catalogue": "catalogue_edition", "negative_list": "negative_list_edition"}
    if path in editions and form.get(editions[path]):
        return _("（%(edition)s）", edition=form[editions[path]])
    total, capital = parse_amount(at(form, "money.total")), parse_amount(at(form, "money.capital"))
    if path == "money.capital" and total and capital is not None:
        return _("占总投资 %(share)s", share=percent(round(capital / total, 3)))
    return ""


def _change(old: str, new: str) -> dict[str, Any]:
    """How a value was changed: of a long text only the new words are marked."""
    if min(len(old), len(new)) <= _LONG:
        return {"changed": True, "old": old}
    parts = []
    for kind, _i, _j, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if end > start:
            parts.append({"text": new[start:end], "changed": kind != "equal"})
    if not any(part["changed"] for part in parts):
        return {"changed": True, "old": old}
    return {"changed": True, "parts": parts}
