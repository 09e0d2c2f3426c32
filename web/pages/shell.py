"""What every page is given: who is logged in, the counts of the menu, the languages, addresses of bundled files."""

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, g, request, url_for

from engine import inbox
from records import listings
from records.calendar import local_date
from records.notices import unread_count
from records.selection import Selection
from records.users import User, UserKind
from web.api.views import standing_of
from web.database import db
from web.identity import user_or_none
from web.pages import lists, people, wording
from web.pages.addresses import home_of
from web.runtime import runtime
from web.texts import LANGUAGES, babel, language

MANIFEST = Path(__file__).resolve().parent.parent / "static" / "dist" / "manifest.json"
_HTML_NAMES = {"zh": "zh-CN"}


def register(app: Flask) -> None:
    """Give templates their globals, filters and context."""
    app.jinja_env.filters.update(wording.FILTERS)
    app.jinja_env.globals.update(asset=asset, statuses=wording.STATUSES, url_for=address)
    app.context_processor(context)


def address(endpoint: str, **values: Any) -> str:
    """`url_for` of templates: what stands on every page, a menu's entry or an icon, is worked out once."""
    if values and endpoint != "static":
        return url_for(endpoint, **values)
    return _fixed_address(request.script_root, endpoint, **values)


@lru_cache(maxsize=1_000)
def _fixed_address(_root: str, endpoint: str, **values: Any) -> str:
    return url_for(endpoint, **values)


def asset(name: str) -> str:
    """The address of a bundled file; its hash makes a new one of every change, so that browsers may keep it."""
    version = _manifest(MANIFEST.stat().st_mtime_ns).get(name) if MANIFEST.exists() else None
    return address("static", filename=f"dist/{name}", v=version)


@cache
def _manifest(changed_at: int) -> dict[str, str]:
    read: dict[str, str] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return read


def context() -> dict[str, Any]:
    """The context of every template."""
    shown = language()
    return {"shell": shell(), "lang": _HTML_NAMES.get(shown, shown), "language": _other_language(shown)}


def know_todo(count: int | None) -> None:
    """Tell the menu how many tasks wait, where a page has counted them itself."""
    g.todo = count


def shell() -> dict[str, Any] | None:
    """Who is logged in, as `workspace.html` shows it; once a request."""
    if "shell" not in g:
        user = user_or_none()
        g.shell = _shell_of(user) if user is not None else None
    found: dict[str, Any] | None = g.shell
    return found


def _shell_of(user: User) -> dict[str, Any]:
    session, standing = db.session(), standing_of(user)
    looks_on = people.looks_on(user)
    return {
        "kind": "enterprise" if user.kind == UserKind.ENTERPRISE else "official",
        "is_admin": user.kind == UserKind.ADMIN,
        "admin_role": user.admin_role,
        "home": home_of(user),
        "looks_on": looks_on,
        "name": user.name,
        "role": people.roles_of(user),
        "initial": user.name[:1],
        "counts": {
            "todo": lists.told(g.todo if "todo" in g else inbox.count(session, "todo", standing)),
            "notices": unread_count(session, standing.groups),
            "overdue": lists.count(session, _overdue(user)) if looks_on else 0,
        },
        "demo": runtime().settings.demo,
    }


def _overdue(user: User) -> listings.Rows:
    today = local_date(runtime().engine.clock.now())
    return listings.overdue(db.session(), user, Selection(submitted_to=today))


@cache
def _catalogues() -> frozenset[str]:
    """The languages that the interface can be shown in."""
    return frozenset(("zh", *(locale.language for locale in babel.list_translations())))


def _other_language(shown: str) -> dict[str, str] | None:
    """The next language that there is a catalogue of, or none."""
    for code, label in LANGUAGES.items():
        if code != shown and code in _catalogues():
            url = url_for("public.language", code=code, next=request.full_path.rstrip("?"))
            return {"label": label, "url": url, "lang": _HTML_NAMES.get(code, code)}
    return None
