"""Masks for names, identity numbers and phones of people (R95).

The full value is for its owner on the edit form and for the handling authority only.
"""

from collections.abc import Mapping
from typing import Any

from records.formats import mobile_valid
from records.users import User, UserKind


def mask_name(name: str) -> str:
    """黄例甲 → ****甲. A name of one character is hidden altogether."""
    return "****" + (name[-1] if len(name) > 1 else "")


def name_for(user: User, reader: User | None) -> str:
    """A user's name as `reader` is told it: whoever acts for an enterprise is named to its own people alone, to nobody
    in particular (None) masked; officials and administrators stand with their names in what they do."""
    if user.kind != UserKind.ENTERPRISE or (reader is not None and _belong_together(user, reader)):
        return user.name
    return mask_name(user.name)


def _belong_together(user: User, reader: User) -> bool:
    return user.id == reader.id or (user.enterprise_id is not None and user.enterprise_id == reader.enterprise_id)


def mask_id(number: str) -> str:
    """44990119880120T216 → *****T216. Up to four characters are hidden altogether."""
    return "*****" + _tail(number)


def mask_phone(number: str) -> str:
    """A mobile number keeps its first three and last four digits, another its last four."""
    if mobile_valid(number):
        return f"{number[:3]}****{number[-4:]}"
    return "***" + _tail(number)


_MASKS = {"name": mask_name, "id_no": mask_id, "phone": mask_phone, "mobile": mask_phone}


def mask_person(person: Mapping[str, Any] | None) -> dict[str, Any]:
    """A person as a view page shows them: `name`, `id_no`, `phone` and `mobile` masked, the rest (such as
    `id_type`) as it is."""
    return {
        key: _MASKS[key](value) if key in _MASKS and isinstance(value, str) and value else value
        for key, value in (person or {}).items()
    }


def _tail(number: str) -> str:
    return number[-4:] if len(number) > 4 else ""
