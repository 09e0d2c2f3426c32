"""Changes 备案变更, 核准变更: what is to be different in what is on file (R125 to R138, domain §2.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from records.approvals import Approval, Reply
from records.documents import Document, DocumentVersion, about
from records.masking import mask_person
from records.papers import NAMES, PaperKind

_CONTACT, _BEFORE = "project_contact", "before"


@dataclass(frozen=True)
class Proposed:
    """What a change proposes, people in it plain: `items` are the keys of what is ticked, `values` what is to be
    different, by field of the filing. `before`: the same fields as they were on file when it was submitted; None
    until then."""

    items: list[str]
    values: dict[str, Any]
    before: dict[str, Any] | None
    reason: str

    @classmethod
    def of(cls, form: Mapping[str, Any], contact: Mapping[str, Any] | None) -> Proposed:
        """What a form says with its contact, which is kept apart from it."""
        after = {name: value for name, value in (contact or {}).items() if name != _BEFORE}
        values = {**form.get("values", {}), _CONTACT: after} if after else dict(form.get("values", {}))
        before = form.get(_BEFORE)
        if before is not None and contact and _BEFORE in contact:
            before = {**before, _CONTACT: contact[_BEFORE]}
        items = [key for key in form.get("items", ()) if isinstance(key, str)]
        return cls(items, values, before, form.get("reason", ""))

    @classmethod
    def in_version(cls, version: DocumentVersion) -> Proposed:
        """What was submitted."""
        return cls.of(version.form, version.personal[_CONTACT])


class Change(Document):
    """A change of a project on file. `form` has the keys `items`, `values` and `reason`, once submitted also `before`;
    the contacts of `values` and `before` are kept apart, encrypted."""

    __mapper_args__ = {"polymorphic_identity": "change"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案变更"
    LETTER: ClassVar = PaperKind.CHANGE_LETTER
    PAPER = NAMES[LETTER]
    SERIES = "BG"

    @property
    def proposed(self) -> Proposed:
        return Proposed.of(self.form, self.project_contact)

    @property
    def full_form(self) -> dict[str, Any]:
        return {**self.form, "values": self.proposed.values}

    @property
    def masked_form(self) -> dict[str, Any]:
        values = self.proposed.values
        if _CONTACT in values:
            values[_CONTACT] = mask_person(values[_CONTACT])
        return {**self.form, "values": values}

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        values = form.get("values")
        values = dict(values) if isinstance(values, Mapping) else {}
        contact = values.pop(_CONTACT, None)
        self.project_contact = dict(contact) if isinstance(contact, Mapping) else None
        self.form = {"items": list(form.get("items") or ()), "values": values, "reason": form.get("reason") or ""}

    def settle(self, computed: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Keep with what is submitted the fields that follow from it, and those that it changes as they are on file."""
        before = dict(before)
        contact = before.pop(_CONTACT, None)
        self.form = {**self.form, "values": {**self.form["values"], **computed}, _BEFORE: before}
        if contact is not None:
            self.project_contact = {**(self.project_contact or {}), _BEFORE: contact}


class ApprovalChange(Change):
    """A change of what was approved, which needs written consent (国家发展改革委令2017年第2号 第三十七条)."""

    __mapper_args__ = {"polymorphic_identity": "approval_change"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "核准变更"
    LETTER = PaperKind.CHANGE_CONSENT
    PAPER = NAMES[LETTER]
    HOLDS = Reply
    PROCESS = "change"


def change_about(project: Document) -> Change:
    """A new change of a project on file."""
    return about(ApprovalChange if isinstance(project, Approval) else Change, project)
