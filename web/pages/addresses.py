"""Where to go next: only to pages of this site."""

from urllib.parse import urlsplit

from flask import url_for

from records.users import User, UserKind


def safe(address: str | None) -> str | None:
    """The address if it leads to a page of this site, else None."""
    if not address or not address.startswith("/") or "\\" in address or any(c < " " for c in address):
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc or address.startswith("//") else address


def home_of(user: User) -> str:
    """Where a user begins."""
    return url_for("enterprise.workbench" if user.kind == UserKind.ENTERPRISE else "inbox.todo")
