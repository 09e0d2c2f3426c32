"""How pages speak of what a project holds: a certificate 备案证, or a reply 核准批复."""

from typing import Any

from records.approvals import Reply
from records.certificates import Clearance
from web.database import db
from web.pages import addresses, wording
from web.texts import gettext as _


def noun(held: Clearance) -> str:
    return _("核准批复") if isinstance(held, Reply) else _("备案证")


def number_name(held: Clearance) -> str:
    return _("批复文号") if isinstance(held, Reply) else _("备案证号")


def authority(held: Clearance) -> str:
    """What the agency is to it."""
    return _("核准机关") if isinstance(held, Reply) else _("备案机关")


def spoken(number: str | None) -> dict[str, Any]:
    """What the templates say of it: `approved` asks which of the two it is."""
    held = db.session.get_one(Clearance, number)
    return {
        "approved": isinstance(held, Reply),
        "noun": noun(held),
        "number_name": number_name(held),
        "authority": authority(held),
        "number": held.number,
        "url": addresses.of_clearance(held),
        "until": wording.day(held.valid_until) or _("长期有效"),
    }
