"""Changes 备案变更: what an enterprise asks to be different in what is on file (R125 to R138)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from records.documents import Document


class Change(Document):
    """A change of a filing. `form` has the keys `items` (the ticked ones), `values` (what is to be different, by field
    of the filing; `project_contact` is kept apart) and `reason`; once submitted also `before`, the same fields as they
    were on file, people masked."""

    __mapper_args__ = {"polymorphic_identity": "change"}  # noqa: RUF012 - SQLAlchemy's own
    TITLE = "备案变更"
    SERIES = "BG"

    @property
    def items(self) -> list[str]:
        """The keys of what is ticked."""
        return [key for key in self.form.get("items", ()) if isinstance(key, str)]

    @property
    def values(self) -> dict[str, Any]:
        """What is to be different, with the personal contact: for its owner, the handling authority and the rules."""
        values = dict(self.form.get("values", {}))
        if self.project_contact is not None:
            values["project_contact"] = dict(self.project_contact)
        return values

    @property
    def full_form(self) -> dict[str, Any]:
        return {**self.form, "values": self.values}

    def fill(self, session: Session, form: Mapping[str, Any]) -> None:
        values = form.get("values")
        values = dict(values) if isinstance(values, Mapping) else {}
        contact = values.pop("project_contact", None)
        self.project_contact = dict(contact) if isinstance(contact, Mapping) else None
        self.form = {"items": list(form.get("items") or ()), "values": values, "reason": form.get("reason") or ""}
