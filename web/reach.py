"""Who may ask for what: every route with whom it lets in and how far it reaches, read from the routes themselves.

docs/reference/access.md is made from this (`jigai access`), and a test asks every route as every party.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from records.roles import AdminRole
from records.users import UserKind

_READING = frozenset(("GET", "HEAD"))
_NO_OBJECT = frozenset(
    (
        *(
            "box",
            "code",
            "day",
            "definition",
            "edition",
            "ending",
            "filename",
            "form",
            "key",
            "kind",
            "listing",
            "name",
        ),
        *("shelf", "tab", "template", "verb", "version", "year"),
    )
)
"""Parts of an address that name nobody's matter."""


class Reach(StrEnum):
    """Which things a route is about, for those whom it lets in (`records/jurisdiction.py`)."""

    ALL = "all"
    """Nobody's matter in particular, or a list that leaves out what is not in sight."""
    SIGHT = "sight"
    """What lies in sight; anything else is as if it did not exist."""
    HAND = "hand"
    """What is theirs to act on; what is only in sight is refused."""
    GROUP = "group"
    """A task of their group; another's in sight is refused."""
    SELF = "self"
    """Their own account's; anybody else's is as if it did not exist."""


class Party(StrEnum):
    """Who asks, seen from the thing that is asked about."""

    VISITOR = "未登录"
    OWNER = "本企业"
    ENTERPRISE = "其他企业"
    HANDLER = "办理机关"
    SUPERIOR = "上级机关"
    AGENCY = "其他机关"
    PROVINCE = "省级"
    SYSTEM = "系统管理员"
    SECURITY = "安全管理员"
    AUDIT = "审计管理员"


class Answer(StrEnum):
    """What a party is told."""

    GIVEN = "✓"
    LOG_IN = "401"
    REFUSED = "403"
    HIDDEN = "404"


_CALLED: dict[Party, frozenset[str]] = {
    Party.OWNER: frozenset((UserKind.ENTERPRISE,)),
    Party.ENTERPRISE: frozenset((UserKind.ENTERPRISE,)),
    Party.HANDLER: frozenset((UserKind.AUTHORITY,)),
    Party.SUPERIOR: frozenset((UserKind.AUTHORITY,)),
    Party.AGENCY: frozenset((UserKind.AUTHORITY,)),
    Party.PROVINCE: frozenset((UserKind.AUTHORITY,)),
    Party.SYSTEM: frozenset((UserKind.ADMIN, AdminRole.SYSTEM)),
    Party.SECURITY: frozenset((UserKind.ADMIN, AdminRole.SECURITY)),
    Party.AUDIT: frozenset((UserKind.ADMIN, AdminRole.AUDIT)),
}
"""By which of the names that routes let in a party is called."""
_SEES = frozenset((Party.OWNER, Party.HANDLER, Party.SUPERIOR, Party.PROVINCE, Party.SYSTEM, Party.AUDIT))
_ACTS = frozenset((Party.OWNER, Party.HANDLER))


@dataclass(frozen=True)
class Access:
    """What a route declares. `who` is empty where everybody is let in who has logged in; `reach` None where it follows
    from the route: reading reaches as far as sight, changing no farther than the hand."""

    who: frozenset[str] = frozenset()
    reach: Reach | None = None


@dataclass(frozen=True)
class Entry:
    """One route. `who` is None where nobody has to log in."""

    method: str
    path: str
    endpoint: str
    who: frozenset[str] | None
    reach: Reach

    def answer(self, party: Party) -> Answer:
        """What a party is told who asks for it about a thing of the owner's that the handler handles."""
        if self.who is None:
            return Answer.GIVEN
        if party == Party.VISITOR:
            return Answer.LOG_IN
        named = _CALLED[party] & self.who
        if self.who and not named:
            return Answer.REFUSED
        if self.reach == Reach.ALL or named & set(AdminRole):
            return Answer.GIVEN
        if self.reach == Reach.SELF:
            return Answer.GIVEN if party == Party.OWNER else Answer.HIDDEN
        if party not in _SEES:
            return Answer.HIDDEN
        acts = _ACTS if self.reach == Reach.HAND else {Party.HANDLER}
        return Answer.GIVEN if self.reach == Reach.SIGHT or party in acts else Answer.REFUSED


def entries(app: Flask) -> list[Entry]:
    """Every route of the application, by path and method."""
    found = [entry for rule in app.url_map.iter_rules() for entry in _of_rule(app, rule)]
    return sorted(found, key=lambda entry: (entry.path, entry.method))


def document(app: Flask) -> str:
    """The table as docs/reference/access.md has it."""
    parties = list(Party)
    lines = [
        "# Who may ask for what",
        "",
        "Made from the routes by `jigai access`; a test asks every route as every party and compares.",
        "Seen from a thing that belongs to 本企业 and that 办理机关 handles: ✓ it is answered, 401 one has to log in,",
        "403 it is refused, 404 it is as if it did not exist. Lists, whose address names no thing, are answered with",
        "what lies in sight.",
        "",
        f"| | address | {' | '.join(parties)} |",
        f"|---|---|{'---|' * len(parties)}",
    ]
    for entry in entries(app):
        told = " | ".join(entry.answer(party) for party in parties)
        lines.append(f"| {entry.method} | `{entry.path.replace('|', chr(92) + '|')}` | {told} |")
    return "\n".join(lines) + "\n"


def _of_rule(app: Flask, rule: Rule) -> Iterator[Entry]:
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        access = _declared(app.view_functions[rule.endpoint], method)
        if access is None:
            yield Entry(method, rule.rule, rule.endpoint, None, Reach.ALL)
        else:
            reach = access.reach or _usual(method, rule.arguments - _NO_OBJECT)
            yield Entry(method, rule.rule, rule.endpoint, access.who, reach)


def _declared(view: Callable[..., Any], method: str) -> Access | None:
    of_class = getattr(view, "view_class", None)
    found: Access | None = getattr(getattr(of_class, method.lower()) if of_class else view, "access", None)
    return found


def _usual(method: str, things: Collection[str]) -> Reach:
    if not things:
        return Reach.ALL
    return Reach.SIGHT if method in _READING else Reach.HAND
