"""Changes 备案变更: what an enterprise asks to be different in what is on file (R125 to R138)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from records.documents import Document
from records.masking import mask_person


class Change(Document):
    """A change of a filing. `form` has the keys `items` (the ticked ones), `values` (what is to be different, by field
    of the filing; `project_contact` is kept apart) and `reason`."""

    __mapper_args__ = {"polymorphic_identity": "change"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案变更"
    SERIES = "BG"

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        values = form.get("values")
        values = dict(values) if isinstance(values, Mapping) else {}
        contact = values.pop("project_contact", None)
        self.project_contact = dict(contact) if isinstance(contact, Mapping) else None
        self.form = {"items": list(form.get("items") or ()), "values": values, "reason": form.get("reason") or ""}

    @property
    def full_form(self) -> dict[str, Any]:
        return self._with(self.project_contact)

    @property
    def masked_form(self) -> dict[str, Any]:
        return self._with(mask_person(self.project_contact) if self.project_contact is not None else None)

    def _with(self, contact: dict[str, Any] | None) -> dict[str, Any]:
        values = self.form.get("values", {})
        return {**self.form, "values": values if contact is None else {**values, "project_contact": dict(contact)}}
